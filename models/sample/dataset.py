"""Matrix and labels side by side, row by row: what every fit and every figure starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.split import CALIBRATION, OOT, TRAIN, SplitParams, month_index, roles


@dataclass(frozen=True)
class Dataset:
    """One row per application, in matrix order.

    features: of shape (n, p), float64 (float32 where they are only selected or judged), null = not known.
    label: 1 bad, 0 good, NaN without a label (not booked, window not complete, or indeterminate).
    outcome: the same with indeterminates counted as good.
    weight: 1 / booking propensity, not clipped, 0 without an outcome.
    """

    application_id: NDArray[np.int64]
    features: NDArray[np.float64]
    names: tuple[str, ...]
    label: NDArray[np.float64]
    outcome: NDArray[np.float64]
    weight: NDArray[np.float64]
    month: NDArray[np.int64]
    role: NDArray[np.str_]

    def where(self, mask: NDArray[np.bool_]) -> Dataset:
        """The rows of `mask`."""
        rows = (
            self.label[mask],
            self.outcome[mask],
            self.weight[mask],
            self.month[mask],
            self.role[mask],
        )
        return Dataset(self.application_id[mask], self.features[mask], self.names, *rows)

    def with_features(self, names: Sequence[str]) -> Dataset:
        """The same rows with only the features `names`, in that order."""
        if tuple(names) == self.names:
            return self
        at = {name: i for i, name in enumerate(self.names)}
        columns = self.features[:, [at[name] for name in names]]
        return Dataset(
            self.application_id,
            columns,
            tuple(names),
            self.label,
            self.outcome,
            self.weight,
            self.month,
            self.role,
        )

    def of(self, *roles: str) -> Dataset:
        """Every application of these roles, booked or not."""
        return self.where(np.isin(self.role, roles))

    def at_most(self, rows: int) -> Dataset:
        """Not many more than `rows` rows, taken at even steps."""
        return self.where(np.arange(len(self.role)) % max(1, len(self.role) // rows) == 0)

    def training(self) -> Dataset:
        """Labelled rows of the training months; indeterminates are left out (design 3)."""
        return _not_empty(
            self.where((self.role == TRAIN) & ~np.isnan(self.label)), "the training months"
        )

    def calibrating(self) -> Dataset:
        """Rows of the calibration months with an outcome; indeterminates count as good."""
        return _not_empty(
            self.where((self.role == CALIBRATION) & ~np.isnan(self.outcome)),
            "the calibration months",
        )

    def before_out_of_time(self) -> Dataset:
        """Rows of the training and calibration months with an outcome; indeterminates count as good."""
        return _not_empty(
            self.where(np.isin(self.role, (TRAIN, CALIBRATION)) & ~np.isnan(self.outcome)),
            "the months before out-of-time",
        )

    def out_of_time(self) -> Dataset:
        """Every application of the out-of-time months, booked or not."""
        return self.of(OOT)


def join(
    matrix: pd.DataFrame, labels: pd.DataFrame, names: Sequence[str], split: SplitParams
) -> Dataset:
    """Rows of a frame with application_id, as_of and the features `names`, and their labels (application_id, is_booked, label,
    is_indeterminate, weight) as one dataset.

    Raises ModelError when a feature is absent or an application has no row of labels.
    """
    missing = [name for name in names if name not in matrix.columns]
    if missing:
        raise ModelError(
            f"matrix: {len(missing)} features of the catalogue are absent, first `{missing[0]}`. Run featurize again."
        )
    application_id, as_of = matrix["application_id"].to_numpy(), matrix["as_of"].to_numpy()
    found = _of_each(application_id, labels)
    label = found["label"].to_numpy(np.float64, na_value=np.nan)
    unclear = found["is_booked"] & found["is_indeterminate"]
    outcome = np.where(unclear.to_numpy(dtype=bool), 0.0, label)
    weight = np.where(np.isnan(outcome), 0.0, found["weight"].to_numpy(np.float64, na_value=0.0))
    features = matrix[list(names)].to_numpy(np.float64, na_value=np.nan)
    return Dataset(
        application_id,
        features,
        tuple(names),
        label,
        outcome,
        weight,
        month_index(as_of, split),
        roles(as_of, split),
    )


def _of_each(application_id: NDArray[np.int64], labels: pd.DataFrame) -> pd.DataFrame:
    found = labels.set_index("application_id").reindex(application_id)
    absent = int(found["is_indeterminate"].isna().sum())
    if absent:
        raise ModelError(
            f"labels: {absent} of {len(found)} applications of the matrix have no row; expected one each. Run featurize again."
        )
    return found


def _not_empty(rows: Dataset, where: str) -> Dataset:
    bads = int(np.nansum(rows.outcome))
    if not bads or bads == len(rows.outcome):
        raise ModelError(
            f"Labels of {where}: expected bads and goods, got {bads} bads among {len(rows.outcome)} labelled loans. "
            "Set split.start to the first month of your applications, and check that outcomes run long enough to be complete."
        )
    return rows
