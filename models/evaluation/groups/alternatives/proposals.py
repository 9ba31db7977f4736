"""Which alternatives are tried, and in which order: the same list however often a search stops.

First what can be told in one step: penalties, other paths for thin files, no signs, a family,
concept or column less, a concept as one column. Then mixtures of the best so far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from creditloom.models.evaluation.groups.alternatives.change import (
    CandidateColumns,
    ModelChange,
    ThinPath,
)
from creditloom.models.evaluation.groups.alternatives.judging import TrialFigures

# Columns that are left out one by one: those whose contributions differ most between the groups.
SINGLE_COLUMNS = 40
# How many of the widest columns are left out together.
TOGETHER = (2, 3, 5, 8, 12, 20, 30, 50)
# Penalties of the first pass; at 0.01 the penalty weighs as much as the loss of a good [choice].
PENALTIES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
# A mixture changes the penalty by a factor between these two.
PENALTY_FACTOR = (0.5, 2.0)
# Mixtures begin at one of so many points of the front.
PARENTS = 12


@dataclass(frozen=True)
class JudgedChange:
    """One alternative with what the folds say of it. ordinal: from 0, the model as given."""

    ordinal: int
    change: ModelChange
    figures: TrialFigures


@dataclass(frozen=True)
class Proposals:
    """The alternatives of one search.

    widest: columns, those that tell the groups apart most first. joined: columns that are no
    features; each is left out by itself before all others.
    """

    columns: CandidateColumns
    widest: tuple[str, ...]
    joined: tuple[str, ...]
    seed: int

    def simple(self) -> list[ModelChange]:
        """Return the alternatives of one step, the model as given first, each once.

        What closes most of a gap comes first, so that a search that is stopped has seen it.
        """
        found = [ModelChange(), *self._columns_joined(), *_penalties()]
        found += self._sets_dropped()
        found += self._concepts_changed()
        singles = islice(self.widest, SINGLE_COLUMNS)
        found += [ModelChange(dropped=(name,)) for name in singles]
        every = len(self.columns.names)
        kept = [one for one in found if len(one.dropped) < every]
        return list(dict.fromkeys(kept))

    def _columns_joined(self) -> list[ModelChange]:
        return [ModelChange(dropped=(name,)) for name in self.joined]

    def _sets_dropped(self) -> list[ModelChange]:
        """Return the widest columns together, and each family."""
        # More columns than there are would leave none.
        together = [n for n in TOGETHER if n < len(self.widest)]
        families = [f for f in dict.fromkeys(self.columns.families) if f not in self.joined]
        found = [ModelChange(dropped=self.widest[:n]) for n in together]
        found += [ModelChange(dropped=self.columns.of_family(one)) for one in families]
        return found

    def _concepts_changed(self) -> list[ModelChange]:
        """Return each concept left out and each as one column, and all as one column each."""
        concepts = [c for c in dict.fromkeys(self.columns.concepts) if c not in self.joined]
        found = [ModelChange(dropped=self.columns.of_concept(one)) for one in concepts]
        found += [ModelChange(merged=(one,)) for one in concepts]
        return [*found, ModelChange(merged=tuple(concepts))]

    def proposal(self, ordinal: int, judged: Mapping[int, JudgedChange]) -> ModelChange:
        """Return the alternative of this number; it depends on those before it alone."""
        simple = self.simple()
        if ordinal < len(simple):
            return simple[ordinal]
        earlier = [judged[k] for k in range(ordinal)]
        tried = {one.change for one in earlier}
        # Each number has a seed of its own, so that it does not hang on the draws of the others.
        rng = np.random.default_rng([self.seed, ordinal])
        parents = front(earlier)[-PARENTS:]
        change = self._mixture(parents, simple, rng)
        while change in tried:
            change = self._mixture(parents, [*simple, change], rng)
        return change

    def _mixture(
        self,
        parents: Sequence[JudgedChange],
        steps: Sequence[ModelChange],
        rng: np.random.Generator,
    ) -> ModelChange:
        """Return a point of the front with one more step, and with another penalty."""
        one = parents[int(rng.integers(len(parents)))].change
        other = steps[int(rng.integers(len(steps)))]
        dropped = tuple(sorted({*one.dropped, *other.dropped}))
        if len(dropped) >= len(self.columns.names):
            dropped = one.dropped
        low, high = PENALTY_FACTOR
        base = max(one.penalty, other.penalty)
        if not base and rng.random() < 0.5:
            base = float(rng.choice(PENALTIES))
        # Three digits: a journal reads back what was tried, to the bit.
        penalty = float(f"{base * rng.uniform(low, high):.3g}")
        thin: ThinPath = other.thin if other.thin != "as_is" else one.thin
        return replace(
            one,
            dropped=dropped,
            merged=tuple(sorted({*one.merged, *other.merged})),
            penalty=penalty,
            thin=thin,
            is_signed=one.is_signed and other.is_signed,
        )


def _penalties() -> list[ModelChange]:
    """Return penalties, paths of thin files and models without signs, and pairs of them."""
    found = [ModelChange(penalty=one) for one in PENALTIES]
    found += [
        ModelChange(thin="filled"),
        ModelChange(thin="own"),
        ModelChange(is_signed=False),
    ]
    found += [ModelChange(penalty=one, thin="filled") for one in PENALTIES[1::2]]
    found += [ModelChange(penalty=one, is_signed=False) for one in PENALTIES[1::2]]
    return found


def front(judged: Sequence[JudgedChange]) -> list[JudgedChange]:
    """Return the points that no other beats in both AUC and gap, the smallest gap last."""
    # By number where AUCs are equal, so that the front has one order.
    best = sorted(judged, key=lambda one: (-one.figures.auc, one.ordinal))
    kept: list[JudgedChange] = []
    least = np.inf
    for one in best:
        gap = abs(one.figures.gap)
        if gap < least:
            kept.append(one)
            least = gap
    return kept


def choose(judged: Sequence[JudgedChange], target: float) -> JudgedChange:
    """Return the alternative to take, by observable figures alone.

    Of those whose AUC is not significantly below the given one and whose gap is at most `target`
    times the given one: the highest AUC. Those without a penalty come first, as they need nobody's
    group to be trained. Where none is, the smallest gap at such an AUC.
    """
    given = abs(judged[0].figures.gap)
    within = [one for one in judged if one.figures.is_within]
    reached = [one for one in within if abs(one.figures.gap) <= target * given]
    without = [one for one in reached if not one.change.penalty]
    reached = without or reached
    if reached:
        # Of equal AUCs the first model: the order of trying is no reason.
        return max(reached, key=lambda one: (one.figures.auc, -one.ordinal))
    # Of equal gaps the first model, for the same reason.
    return min(within, key=lambda one: (abs(one.figures.gap), one.ordinal))
