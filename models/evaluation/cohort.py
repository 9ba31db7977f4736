"""The out-of-time applicants side by side: decision, both models' PD, what was observed, and the truth where there is one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class KnownOutcomes:
    """Outcomes to judge a PD by: rows of the cohort they are known for, outcome 1 bad 0 good, weight of each row."""

    rows: NDArray[np.intp]
    y: Floats
    weight: Floats


@dataclass(frozen=True)
class Cohort:
    """One row per out-of-time application, all aligned.

    `truth` is None on real data; `audit` holds the policy and audit columns of the matrix; `calibration_bads` are those behind the PD.
    """

    rows: Dataset
    pd: Floats
    ridge_pd: Floats
    decisions: DataFrame
    audit: DataFrame
    truth: DataFrame | None
    calibration_bads: int
    max_weight: float

    @property
    def observed(self) -> KnownOutcomes:
        """Loans with a complete window, indeterminates good, weighted by 1 / propensity clipped: the door as one can see it."""
        known = np.flatnonzero(~np.isnan(self.rows.outcome))
        return KnownOutcomes(
            known, self.rows.outcome[known], np.minimum(self.rows.weight[known], self.max_weight)
        )

    @property
    def door(self) -> KnownOutcomes:
        """Everyone who applied: by the truth where there is one, else as `observed`."""
        if self.truth is None:
            return self.observed
        y = self.truth["defaulted"].to_numpy(np.float64)
        return KnownOutcomes(np.arange(len(y)), y, np.ones(len(y)))


def aligned(frame: DataFrame, application_id: NDArray[np.int64], what: str) -> DataFrame:
    """Rows of `frame` in the order of the ids. Raises ModelError when one is missing."""
    found = frame.set_index("application_id").reindex(application_id)
    absent = len(set(application_id.tolist()) - set(frame["application_id"].tolist()))
    if absent:
        raise ModelError(
            f"{what}: {absent} of {len(application_id)} out-of-time applications are missing; run the stage that writes it again."
        )
    return found.reset_index()


def pd_of(frame: DataFrame, name: str) -> Floats:
    """A numeric column as float64, null as NaN."""
    return frame[name].to_numpy(np.float64, na_value=np.nan)
