"""A learner that learns from more than the label (`models/sample/second_tasks.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.second_tasks import SecondTasks
from creditloom.models.stacking.learner import Learner, Member


@dataclass(frozen=True)
class TaughtLearner:
    """A learner whose rows get the second tasks; complexities as of `learner`.

    What is held out stays as it is, so complexities and stack are chosen on whole loans alone.
    """

    learner: Learner
    tasks: SecondTasks

    @property
    def steps(self) -> int:
        """Return the number of complexities."""
        return self.learner.steps

    def path(self, rows: Dataset, signs: Sequence[int], held_out: Floats) -> Floats:
        """Return the margins of `held_out` at each complexity, shape (n, steps)."""
        return self.learner.path(self.tasks.taught(rows), signs, held_out)

    def fit(self, rows: Dataset, signs: Sequence[int], step: int) -> Member:
        """Return the member at the complexity `step`."""
        return self.learner.fit(self.tasks.taught(rows), signs, step)
