"""What a learner is: the seam between the one procedure of `models/fit` and each way of learning.

A learner grows members. A member states its margins and its additive contributions, and writes
itself as trees: scaled leaves, linear terms as one table per column. A member that cannot be
written may be compared, but no bundle is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Protocol

from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.stacking.tree_text import ModelTree

# Entry points of this group are learners of other packages: each names a `Learner`.
ENTRY_POINTS = "creditloom.learners"


class Member(Protocol):
    """One fitted learner."""

    def margin(self, features: Floats) -> Floats:
        """Return the log-odds of default, shape (n,). features: (n, p), null = NaN."""

    def contributions(self, features: Floats) -> tuple[float, Floats]:
        """Return (base, phi): margin = base + sum of phi; phi has the shape (n, p)."""

    def trees(self) -> Sequence[ModelTree]:
        """Return trees whose leaves add up to the margin. Raise ModelError where there are none."""


class Learner(Protocol):
    """A way of learning, at several complexities (rounds of boosting, penalties).

    steps: number of complexities, the simplest first.
    """

    @property
    def steps(self) -> int:
        """Return the number of complexities."""

    def path(self, rows: Dataset, signs: Sequence[int], held_out: Floats) -> Floats:
        """Return the margins of `held_out` at each complexity, shape (n, steps).

        It learns from `rows` alone. signs: +1, -1 or 0 per feature.
        """

    def fit(self, rows: Dataset, signs: Sequence[int], step: int) -> Member:
        """Return the member that has learnt from `rows` at the complexity `step`."""


@dataclass(frozen=True)
class NamedLearner:
    """A learner and the name under which figures show it."""

    name: str
    learner: Learner


def named_learners(names: Sequence[str], own: Mapping[str, Learner]) -> tuple[NamedLearner, ...]:
    """Return the learners of these names: our own, or those of installed packages.

    Raise ModelError for a name that nobody offers.
    """
    return tuple(NamedLearner(name, own.get(name) or _plugged_in(name, own)) for name in names)


def _plugged_in(name: str, own: Mapping[str, Learner]) -> Learner:
    """Return the learner that an installed package offers under `name`."""
    offered = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if name not in offered:
        raise ModelError(
            f"No learner is called `{name}`; expected one of "
            f"{', '.join(sorted({*own, *offered}))}. "
            f"A package offers one as an entry point of the group {ENTRY_POINTS}."
        )
    factory = offered[name].load()
    learner: Learner = factory()
    return learner
