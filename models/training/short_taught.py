"""A learner that learns from short loans too (`models/training/short_task.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset
from creditloom.models.stacking.learner import Learner, Member
from creditloom.models.training.short_task import with_short_loans


@dataclass(frozen=True)
class ShortTaughtLearner:
    """A learner whose rows get their short loans as a second task; complexities as of `learner`.

    weight: of a short loan; a long one has 1. What is held out stays as it is, so complexities and
    stack are chosen on long loans alone.
    """

    learner: Learner
    weight: float

    @property
    def steps(self) -> int:
        """Return the number of complexities."""
        return self.learner.steps

    def path(self, rows: Dataset, signs: Sequence[int], held_out: Floats) -> Floats:
        """Return the margins of `held_out` at each complexity, shape (n, steps)."""
        return self.learner.path(with_short_loans(rows, self.weight), signs, held_out)

    def fit(self, rows: Dataset, signs: Sequence[int], step: int) -> Member:
        """Return the member at the complexity `step`."""
        return self.learner.fit(with_short_loans(rows, self.weight), signs, step)
