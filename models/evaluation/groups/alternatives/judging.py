"""Judge an alternative on training folds, by what a lender can observe.

Every loan is judged by a model that has not learnt from it. AUC and gap are of booked loans with
weights 1 / propensity, so that they stand for everyone who applied.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from creditloom.models.evaluation.groups.alternatives.change import Features, ModelChange
from creditloom.models.evaluation.groups.alternatives.penalised import (
    AlternativeLearner,
    TaughtRows,
)
from creditloom.models.evaluation.rivals.paired import delong
from creditloom.models.sample.arrays import Floats, Mask

# Half width of a 95 % interval, in standard errors.
NORMAL_95 = 1.96


@dataclass(frozen=True)
class SearchRows:
    """Labelled loans of the training months; arrays of shape (n,), features of shape (n, p).

    taught_weight: of the AUC, clipped low. learnt_weight: of the loss; 0 for goods that are left
    out, as the others stand for them. door_weight: of pass rates, clipped high, so that the rows
    stand for the door. fold: by which model a row is judged.
    """

    features: Features
    label: Floats
    taught_weight: Floats
    learnt_weight: Floats
    door_weight: Floats
    is_group: Mask
    is_reference: Mask
    is_thin: Mask
    fold: NDArray[np.int64]

    def taught(self, where: Mask) -> TaughtRows:
        """Return the rows of `where` that are learnt from, as a learner takes them."""
        learnt = where & (self.learnt_weight > 0.0)
        return TaughtRows(
            features=self.features[learnt],
            label=self.label[learnt],
            weight=self.learnt_weight[learnt],
            is_group=self.is_group[learnt],
            is_reference=self.is_reference[learnt],
        )


def thinned(label: Floats, weight: Floats, goods_per_bad: float, seed: int) -> Floats:
    """Return the weights with so many goods kept for each bad; those kept stand for the others.

    Bads are rare and tell most: a quarter of the goods tells nearly what all of them do, in a
    quarter of the time. 0 = a row that is left out.
    """
    is_good = label == 0
    share = min(1.0, goods_per_bad * float((~is_good).sum()) / max(int(is_good.sum()), 1))
    # A seed of its own: which goods are kept hangs on nothing else that is drawn.
    is_kept = np.random.default_rng([seed, len(label)]).random(len(label)) < share
    return np.where(is_good, weight * is_kept / share, weight)


@dataclass(frozen=True)
class TrialFigures:
    """What the folds say of one alternative, beside the given model on the same loans.

    gap: pass rate of the reference's goods less that of the group's goods. _se: standard errors.
    delta: of this alternative less the given model, paired.
    """

    auc: float
    auc_se: float
    auc_delta: float
    auc_delta_se: float
    gap: float
    gap_se: float
    gap_delta: float
    gap_delta_se: float
    columns: int

    def to_json(self) -> dict[str, Any]:
        """Return the figures as they stand in a journal."""
        return asdict(self)

    @property
    def is_within(self) -> bool:
        """Return whether the AUC is not significantly below that of the given model."""
        return self.auc_delta + NORMAL_95 * self.auc_delta_se >= 0.0


@dataclass(frozen=True)
class AlternativeJudge:
    """Judges alternatives on the folds. passed: share of applicants that passes, in [0, 1]."""

    rows: SearchRows
    learner: AlternativeLearner
    passed: float

    def margins(self, change: ModelChange) -> Floats:
        """Return the margin of each row by the model of the other folds, shape (n,)."""
        rows = self.rows
        out = np.full(len(rows.label), np.nan)
        for fold in np.unique(rows.fold):
            held = rows.fold == fold
            margin = self.learner.fit(change, rows.taught(~held))
            out[held] = margin(rows.features[held], rows.is_thin[held])
        return out

    def figures(self, change: ModelChange, margin: Floats, given: Floats) -> TrialFigures:
        """Return what the folds say of a margin; given: the margin of the given model."""
        rows = self.rows
        passes = self._passes(margin)
        auc, auc_se, delta, delta_se = self._aucs(margin, given)
        gap, gap_se = self._gap(passes)
        moved, moved_se = self._gap(passes - self._passes(given))
        columns = rows.features.shape[1] - len(change.dropped)
        return TrialFigures(
            auc=auc,
            auc_se=auc_se,
            auc_delta=delta,
            auc_delta_se=delta_se,
            gap=gap,
            gap_se=gap_se,
            gap_delta=moved,
            gap_delta_se=moved_se,
            columns=columns,
        )

    def _passes(self, margin: Floats) -> Floats:
        """Return 1 for who passes: the safest `passed` of each fold, by weight."""
        passes = np.zeros(len(margin))
        for fold in np.unique(self.rows.fold):
            held = self.rows.fold == fold
            cut = weighted_quantile(margin[held], self.rows.door_weight[held], self.passed)
            passes[held] = margin[held] <= cut
        return passes

    def _aucs(self, margin: Floats, given: Floats) -> tuple[float, float, float, float]:
        """Return AUC with its standard error, and its difference from the given with that."""
        rows = self.rows
        found = []
        for fold in np.unique(rows.fold):
            held = rows.fold == fold
            y = rows.label[held]
            weight = rows.taught_weight[held]
            # Against a score that tells nothing the test gives the AUC's own standard error.
            alone = delong(y, (margin[held],), (np.zeros(int(held.sum())),), weight)
            both = delong(y, (margin[held],), (given[held],), weight)
            found.append((alone.auc, alone.se**2, both.delta, both.se**2))
        means = np.mean(found, axis=0)
        n = len(found)
        return (
            float(means[0]),
            float(np.sqrt(means[1] / n)),
            float(means[2]),
            float(np.sqrt(means[3] / n)),
        )

    def _gap(self, values: Floats) -> tuple[float, float]:
        """Return the mean of the reference's goods less that of the group's, and its error."""
        rows = self.rows
        is_good = rows.label == 0
        return gap_of(
            values, rows.door_weight, is_good & rows.is_group, is_good & rows.is_reference
        )


def gap_of(values: Floats, weight: Floats, group: Mask, reference: Mask) -> tuple[float, float]:
    """Return the weighted mean of `reference` less that of `group`, and its standard error.

    >>> gap_of(np.array([1.0, 0.0]), np.ones(2), np.array([0, 1], bool), np.array([1, 0], bool))
    (1.0, 0.0)
    """
    mean, variance = _mean(values[reference], weight[reference])
    own, own_variance = _mean(values[group], weight[group])
    return mean - own, float(np.sqrt(variance + own_variance))


def _mean(values: Floats, weight: Floats) -> tuple[float, float]:
    """Return a weighted mean and its variance."""
    total = weight.sum()
    mean = float(weight @ values / total)
    return mean, float((weight**2) @ (values - mean) ** 2 / total**2)


def weighted_quantile(values: Floats, weight: Floats, share: float) -> float:
    """Return the value at or below which `share` of the weight lies.

    >>> weighted_quantile(np.array([3.0, 1.0, 2.0]), np.ones(3), 0.5)
    2.0
    """
    # A stable sort: of equal values the earlier row comes first, on every machine.
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    place = int(np.searchsorted(reached, share * reached[-1]))
    return float(values[order[min(place, len(order) - 1)]])
