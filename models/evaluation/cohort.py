"""The applicants on whom a model is judged: decision, PDs, outcome, and truth where known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError


@dataclass(frozen=True)
class KnownOutcomes:
    """Outcomes by which a PD is judged; arrays of shape (k,).

    rows: positions in the cohort. y: 1 bad, 0 good. weight: of each row.
    """

    rows: NDArray[np.intp]
    y: Floats
    weight: Floats


@dataclass(frozen=True)
class Cohort:
    """One row per out-of-time application; all frames and arrays are in the same order.

    pd, ridge_pd: PD of the model and of the ridge.
    audit: policy and audit columns of the matrix.
    truth: None on real data.
    level_sd: relative standard deviation of the level of the PD, as forecast.
    max_weight: clip of 1 / propensity.
    count: how often each row counts in means and shares; None = once.
    """

    rows: Dataset
    pd: Floats
    ridge_pd: Floats
    decisions: DataFrame
    audit: DataFrame
    truth: DataFrame | None
    level_sd: float
    max_weight: float
    count: Floats | None = None

    @property
    def observed(self) -> KnownOutcomes:
        """Return the loans with a complete window; indeterminates count as good.

        With the weights 1 / propensity, clipped, they represent everyone who applied.
        """
        rows = np.flatnonzero(~np.isnan(self.rows.outcome))
        return KnownOutcomes(
            rows=rows,
            y=self.rows.outcome[rows],
            weight=np.minimum(self.rows.weight[rows], self.max_weight),
        )

    @property
    def door(self) -> KnownOutcomes:
        """Return outcomes of everyone who applied, from the truth; without a truth `observed`."""
        if self.truth is None:
            return self.observed
        y = self.truth["defaulted"].to_numpy(np.float64)
        return KnownOutcomes(rows=np.arange(len(y)), y=y, weight=np.ones(len(y)))


def aligned_rows(frame: DataFrame, application_id: NDArray[np.int64], what: str) -> DataFrame:
    """Return the rows of `frame` in the order of the ids.

    Raise ModelError when one is missing.
    """
    rows = frame.set_index("application_id").reindex(application_id)
    absent = len(set(application_id.tolist()) - set(frame["application_id"].tolist()))
    if absent:
        raise ModelError(
            f"{what}: {absent} of {len(application_id)} out-of-time applications are missing; "
            "run the stage that writes it again."
        )
    return rows.reset_index()


def pd_of(frame: DataFrame, name: str) -> Floats:
    """Return a numeric column as float64, null as NaN."""
    return frame[name].to_numpy(np.float64, na_value=np.nan)
