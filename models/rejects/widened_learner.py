"""A learner that learns from what a way of reject inference makes of its rows.

It stands where the learner stood. Whoever fits it hands over labelled loans, as before; the rows
that it holds out are never among them. So no label that judges reaches a teacher, in no procedure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from creditloom.models.learners.booster import BoosterParams
from creditloom.models.rejects.known_applicants import KnownApplicants, RefusedApplicants
from creditloom.models.rejects.reject_params import RejectParams
from creditloom.models.rejects.teacher import Teacher
from creditloom.models.rejects.ways import InferredRows, inferred_rows
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset
from creditloom.models.stacking.learner import Learner, Member, NamedLearner


@dataclass
class RejectInference:
    """One way with its refused applicants; remembers what it made of the last loans.

    Several learners are fitted on the same loans one after the other: the teacher is asked once.
    """

    applicants: RefusedApplicants
    teacher: Teacher
    _last: tuple[bytes, InferredRows] | None = field(default=None, init=False, repr=False)

    @classmethod
    def of(
        cls, applicants: RefusedApplicants, booster: BoosterParams, params: RejectParams
    ) -> RejectInference:
        """Return the way that the parameters name, with a teacher of the booster's settings."""
        return cls(applicants, Teacher(booster, params))

    def widened(self, loans: Dataset, signs: Sequence[int]) -> InferredRows:
        """Return the rows to be fitted on. Raise ModelError like `KnownApplicants.of`."""
        key = loans.application_id.tobytes() + "\n".join(loans.names).encode()
        if self._last is None or self._last[0] != key:
            known = KnownApplicants.of(loans, signs, self.applicants)
            self._last = (key, inferred_rows(known, self.teacher))
        return self._last[1]

    def record(self) -> dict[str, Any]:
        """Return way, factor (null without one) and rows of the last fit, for training.json."""
        way = self.teacher.params.way
        if self._last is None:
            return {"way": way, "factor": None, "rows": 0, "inferred_rows": 0}
        inferred = self._last[1]
        n_rows = len(inferred.rows.label)
        return {
            "way": way,
            "factor": inferred.factor,
            "rows": n_rows,
            "inferred_rows": n_rows - inferred.loans,
        }

    def learner(self, named: NamedLearner) -> NamedLearner:
        """Return the learner under the same name, fitted on what this way makes of its rows."""
        return NamedLearner(named.name, WidenedLearner(named.learner, self))


@dataclass(frozen=True)
class WidenedLearner:
    """A learner that is fitted on widened rows; its complexities are those of `learner`."""

    learner: Learner
    inference: RejectInference

    @property
    def steps(self) -> int:
        """Return the number of complexities."""
        return self.learner.steps

    def path(self, rows: Dataset, signs: Sequence[int], held_out: Floats) -> Floats:
        """Return the margins of `held_out` at each complexity, shape (n, steps)."""
        return self.learner.path(self.inference.widened(rows, signs).rows, signs, held_out)

    def fit(self, rows: Dataset, signs: Sequence[int], step: int) -> Member:
        """Return the member at the complexity `step`."""
        return self.learner.fit(self.inference.widened(rows, signs).rows, signs, step)
