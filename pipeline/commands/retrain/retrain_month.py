"""What a month means: the day on which a retrain stands, its months, and its parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from creditloom.models.sample.split import SplitParams
from creditloom.storage.files.errors import StatedError

MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class RetrainError(StatedError):
    """A retrain cannot be done as it was asked for."""


@dataclass(frozen=True)
class RetrainParams:
    """The `retrain` block of params.yaml.

    judged_months: the newest months before the day, which judge both models; fewer where the
    champion has learnt from one of them. min_bads: fewer known bads among them propose nothing.
    """

    judged_months: int
    min_bads: int


def month_of(text: str, option: str) -> np.datetime64:
    """Return a month written as 2026-01; RetrainError for anything else."""
    if not MONTH.fullmatch(text):
        raise RetrainError.of(
            "No such month",
            where=option,
            expected="a month as 2026-01",
            got=text,
            next_step="write the year first, then the month in two digits",
        )
    return np.datetime64(text, "M")


@dataclass(frozen=True)
class RetrainMonth:
    """A retrain as of the first day of `month`: what is learnt from, and what judges.

    The last judged month is the one before `month`. All training months lie before the judged
    ones; their outcomes count as they are known on the day.
    """

    month: np.datetime64
    split: SplitParams

    @classmethod
    def of(
        cls,
        month: np.datetime64,
        split: SplitParams,
        params: RetrainParams,
        learnt_until: np.datetime64 | None,
    ) -> RetrainMonth:
        """Return the months. learnt_until: the champion's, None without a champion.

        Raises RetrainError where the champion has learnt from every month before, or where no
        month is left to learn from.
        """
        whole = int((month - np.datetime64(split.start, "M")).astype(int))
        judged = params.judged_months
        if learnt_until is not None:
            # Who has learnt from a loan ranks it better than a loan of tomorrow.
            judged = min(judged, int((month - learnt_until).astype(int)))
        training = whole - judged - split.calibration_months
        if judged < 1 or training < split.origins * split.origin_months + 1:
            raise cls._refused(month, split, judged, training)
        return cls(
            month=month,
            split=replace(
                split,
                train_months=training,
                oot_months=judged,
                known_by=f"{month.astype('datetime64[D]')}",
            ),
        )

    @staticmethod
    def _refused(
        month: np.datetime64, split: SplitParams, judged: int, training: int
    ) -> RetrainError:
        least = split.origins * split.origin_months + 1
        if judged < 1:
            return RetrainError.of(
                "No month is left to judge the champion and a new model on",
                where=f"creditloom retrain --as-of {month}",
                expected="at least one month of which the champion has learnt nothing",
                got="a champion that has learnt from every month before",
                next_step="retrain as of a later month; or say with --champion-until from which "
                "month on it has learnt nothing",
            )
        return RetrainError.of(
            "Too few months to learn from",
            where=f"creditloom retrain --as-of {month}",
            expected=f"{least} training months from split.start {split.start} on, before "
            f"{split.calibration_months} months of calibration and {judged} judged ones",
            got=f"{training}",
            next_step="give a later month, an earlier split.start, or fewer retrain.judged_months",
        )

    @property
    def day(self) -> np.datetime64:
        """Return the day: what was not known before it does not count."""
        return self.month.astype("datetime64[D]")

    @property
    def judged_from(self) -> np.datetime64:
        """Return the first judged month."""
        return self.month - self.split.oot_months

    def changes(self, kind: str) -> Mapping[str, Any]:
        """Return the parameters of the run, by dotted path. kind: that of the source."""
        return {
            "source.kind": kind,
            "source.path": "data/raw",
            "split.train_months": self.split.train_months,
            "split.oot_months": self.split.oot_months,
            "split.known_by": self.split.known_by,
        }
