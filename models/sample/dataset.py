"""The type `Dataset`: features, labels and weights together, one row per application.

Every fit and every evaluation starts from a `Dataset`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.split import (
    CALIBRATION,
    OOT,
    OPTIMISTIC,
    TRAIN,
    SplitParams,
    known_loan_months,
    known_short_labels,
    learnt_outcomes,
    month_index,
    roles,
)

# A good loan that has seen less of its defaults tells nothing, and would still count as a row of a
# leaf.
LEAST_EXPOSURE = 0.02
# Columns of `loan_months`.
IN_ARREARS = 0
PAID = 1
# Fields of a row that a dataset may lack.
OPTIONAL = ("exposure", "short_label", "loan_months", "share")


@dataclass(frozen=True)
class Dataset:
    """One row per application, in matrix order.

    features: shape (n, p), float64, or float32 where they are only used to select or judge. Null
    (NaN) means not known.
    label: 1 bad, 0 good so far, as known by the day of `split.known_by`. NaN if not booked, if
    nothing is known, or if indeterminate.
    outcome: like `label`, but an indeterminate is 0.
    weight: 1 / booking propensity, not clipped; 0 without an outcome.
    month: calendar months since `split.start`.
    exposure: share of the defaults that come by the age known, in [0, 1]; None = complete windows.
    known_by: the day, as `split.known_by` says it.
    short_label: 1 bad, 0 good by the short loan of the same application, as known by the day; NaN
    where there is none. None = nobody has one.
    loan_months: shape (n, 2), months on book within the window that ended in arrears, and that were
    paid, as known by the day; 0 and 0 without a loan. None = of nobody.
    share: how much of a whole outcome each row tells; None = see `learning_share`.
    """

    application_id: NDArray[np.int64]
    features: Floats
    names: tuple[str, ...]
    label: Floats
    outcome: Floats
    weight: Floats
    month: NDArray[np.int64]
    role: NDArray[np.str_]
    exposure: Floats | None = None
    known_by: str = OPTIMISTIC
    short_label: Floats | None = None
    loan_months: Floats | None = None
    share: Floats | None = None

    @property
    def exposures(self) -> Floats:
        """Return the exposure of each row; 1 where all windows are complete."""
        return np.ones(len(self.label)) if self.exposure is None else self.exposure

    @property
    def short_labels(self) -> Floats:
        """Return the label of each row's short loan, NaN where there is none."""
        return np.full(len(self.label), np.nan) if self.short_label is None else self.short_label

    @property
    def month_counts(self) -> Floats:
        """Return the months in arrears and the paid ones of each row, shape (n, 2)."""
        return np.zeros((len(self.label), 2)) if self.loan_months is None else self.loan_months

    @property
    def learning_share(self) -> Floats:
        """Return how much of a whole outcome each row tells: 1 of a bad, the exposure of a good."""
        if self.share is not None:
            return self.share
        return np.where(self.label == 1, 1.0, self.exposures)

    def where(self, mask: Mask | NDArray[np.intp]) -> Dataset:
        """Return the rows of `mask`, or at these positions, as often as each is named."""
        given = {name: getattr(self, name) for name in OPTIONAL}
        optional: dict[str, Any] = {
            name: None if own is None else own[mask] for name, own in given.items()
        }
        features = self.features[mask]
        label = self.label[mask]
        outcome = self.outcome[mask]
        return replace(
            self,
            application_id=self.application_id[mask],
            features=features,
            label=label,
            outcome=outcome,
            weight=self.weight[mask],
            month=self.month[mask],
            role=self.role[mask],
            **optional,
        )

    def with_features(self, names: Sequence[str]) -> Dataset:
        """Return the same rows with only the features `names`, in that order."""
        # A matrix of 2,500 columns takes gigabytes. Do not copy it when nothing is left out.
        if tuple(names) == self.names:
            return self
        position = {name: i for i, name in enumerate(self.names)}
        columns = self.features[:, [position[name] for name in names]]
        return replace(self, features=columns, names=tuple(names))

    def of(self, *roles: str) -> Dataset:
        """Return every application of these roles, booked or not."""
        return self.where(np.isin(self.role, roles))

    def at_most(self, rows: int) -> Dataset:
        """Return about `rows` rows, taken at even steps; it may be a few more."""
        step = max(1, len(self.role) // rows)
        return self.where(np.arange(len(self.role)) % step == 0)

    def training(self, indeterminate_weight: float = 0.0) -> Dataset:
        """Return the labelled rows of all months before out-of-time.

        indeterminate_weight: indeterminates are good ones of this weight; 0 leaves them out.
        Rows too young to tell anything are left out. Raise ModelError without bads or goods.
        """
        rows = self.where(np.isin(self.role, (TRAIN, CALIBRATION)) & ~np.isnan(self.outcome))
        is_grey = np.isnan(rows.label)
        if indeterminate_weight:
            share = np.where(is_grey, indeterminate_weight * rows.exposures, rows.exposures)
            rows = replace(rows, label=rows.outcome, exposure=share)
            is_grey = np.zeros(len(is_grey), bool)
        told = rows.where(~is_grey & (rows.learning_share > LEAST_EXPOSURE))
        return _with_both_classes(told, "the months before out-of-time")

    def before_out_of_time(self) -> Dataset:
        """Return the rows of the training and calibration months with an outcome.

        Indeterminates count as good. Raise ModelError where they hold no bads or no goods.
        """
        is_early = np.isin(self.role, (TRAIN, CALIBRATION))
        rows = self.where(is_early & ~np.isnan(self.outcome))
        return _with_both_classes(rows, "the months before out-of-time")

    def out_of_time(self) -> Dataset:
        """Return every application of the out-of-time months, booked or not."""
        return self.of(OOT)


def stacked(parts: Sequence[Dataset]) -> Dataset:
    """Return the rows of all parts, one below the other; all have the same features."""
    own = ("names", "known_by", *OPTIONAL)
    columns: dict[str, Any] = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Dataset)
        if field.name not in own
    }
    # A part that lacks one of these holds what its lack stands for.
    columns["exposure"] = np.concatenate([part.exposures for part in parts])
    columns["short_label"] = np.concatenate([part.short_labels for part in parts])
    columns["loan_months"] = np.concatenate([part.month_counts for part in parts])
    columns["share"] = np.concatenate([part.learning_share for part in parts])
    return replace(parts[0], **columns)


def undated_dataset(features: Floats, names: tuple[str, ...], label: Floats, role: str) -> Dataset:
    """Return rows without dates as a dataset. All have month 0, the same role and weight 1."""
    n = len(label)
    return Dataset(
        application_id=np.arange(n),
        features=features,
        names=names,
        label=label,
        outcome=label,
        weight=np.ones(n),
        month=np.zeros(n, np.int64),
        role=np.full(n, role),
    )


def join(
    matrix: pd.DataFrame,
    labels: pd.DataFrame,
    names: Sequence[str],
    split: SplitParams,
    loan_months: pd.DataFrame | None = None,
) -> Dataset:
    """Return the rows of the matrix with their labels, in matrix order.

    matrix: application_id, as_of and the features `names`.
    labels: application_id, is_booked, label, is_indeterminate, weight; and, for what was known by
    a day, is_complete and default_known_time.
    loan_months: application_id, known_time, is_late, a row a month on book; None = none on record.
    Raise ModelError when a feature is absent or an application has no row of labels.
    """
    _require_features(matrix, names)
    application_id = matrix["application_id"].to_numpy()
    as_of = matrix["as_of"].to_numpy()
    label_rows = _labels_in_order(application_id, labels)
    role = roles(as_of, split)
    is_early = np.isin(role, (TRAIN, CALIBRATION))
    known = learnt_outcomes(label_rows, as_of, is_early, split)
    short_label = known_short_labels(label_rows, is_early, split)
    months = known_loan_months(loan_months, application_id, is_early, split)
    beside = {"exposure": known.exposure, "short_label": short_label, "loan_months": months}
    weight = label_rows["weight"].to_numpy(np.float64, na_value=0.0)
    features = matrix[list(names)].to_numpy(np.float64, na_value=np.nan)
    has_outcome = ~np.isnan(known.outcome)
    return Dataset(
        application_id=application_id,
        features=features,
        names=tuple(names),
        label=known.label,
        outcome=known.outcome,
        weight=np.where(has_outcome, weight, 0.0),
        month=month_index(as_of, split),
        role=role,
        known_by=split.known_by,
        **beside,
    )


def _require_features(matrix: pd.DataFrame, names: Sequence[str]) -> None:
    missing = [name for name in names if name not in matrix.columns]
    if missing:
        raise ModelError(
            f"matrix: {len(missing)} features of the catalogue are absent, first `{missing[0]}`. "
            "Run featurize again."
        )


def _labels_in_order(application_id: NDArray[np.int64], labels: pd.DataFrame) -> pd.DataFrame:
    """Return one row of labels per application, in the order of the ids."""
    rows = labels.set_index("application_id").reindex(application_id)
    # is_indeterminate is never null in the labels. A null here means that the row is absent.
    absent = int(rows["is_indeterminate"].isna().sum())
    if absent:
        raise ModelError(
            f"labels: {absent} of {len(rows)} applications of the matrix have no row; "
            "expected one each. Run featurize again."
        )
    return rows


def _with_both_classes(rows: Dataset, where: str) -> Dataset:
    """Return `rows`; raise ModelError where they hold no bads or no goods."""
    bads = int(np.nansum(rows.outcome))
    if not bads or bads == len(rows.outcome):
        raise ModelError(
            f"Labels of {where}: expected bads and goods, "
            f"got {bads} bads among {len(rows.outcome)} labelled loans. "
            "Set split.start to the first month of your applications, "
            "and check that outcomes run long enough to be complete."
        )
    return rows


# --- Which features a model and its rolling origins may use, and what the origins said ---


@dataclass(frozen=True)
class ChosenFeatures:
    """final: chosen on all training months. origins: per origin, on the months before it alone."""

    final: tuple[str, ...]
    origins: tuple[tuple[str, ...], ...]

    @classmethod
    def the_same(cls, names: Sequence[str], split: SplitParams) -> ChosenFeatures:
        """Return one choice for all: right where no label has chosen, as with all columns."""
        return cls(tuple(names), (tuple(names),) * split.origins)

    @property
    def names(self) -> tuple[str, ...]:
        """Return every name that is used anywhere, those of the final model first."""
        later = (name for origin in self.origins for name in origin)
        return tuple(dict.fromkeys((*self.final, *later)))

    def final_rows(self, rows: Dataset) -> Dataset:
        """Return the rows with the features of the final model."""
        return rows.with_features(self.final)


@dataclass(frozen=True)
class HeldOutMargins:
    """Margins of training rows by members that have not learnt from them; arrays of shape (k,).

    margin: of the stack. ridge_margin: of the challenger.
    """

    application_id: NDArray[np.int64]
    margin: Floats
    ridge_margin: Floats
