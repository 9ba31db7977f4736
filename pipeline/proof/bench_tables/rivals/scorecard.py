"""A textbook scorecard: bins of each column, their weight of evidence (WOE), logistic regression.

WOE of a bin = ln(share of goods in it / share of bads in it), half a row added to both counts.
Null, each special code and each frequent level are bins of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.models.fit.training_table import Labels
from creditloom.models.sample.arrays import Floats
from creditloom.pipeline.proof.bench_tables.rivals.boosting import bad_share

# What textbooks of scorecards use: up to ten bins of equal size, none below 5 % of the rows, and
# columns with an information value of at least .02.
BINS = 10
MIN_BIN_SHARE = 0.05
MIN_INFORMATION = 0.02
# Rows added to the goods and the bads of a bin, so that a bin without one of them has a WOE.
ADDED_ROWS = 0.5
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Bins:
    """The bins of one column: of its size (edges), special codes, levels, and null.

    Bins 0 to len(edges) are of size or, for a category, of rare levels; then one per code or level;
    the last is null.
    """

    edges: Floats
    singles: tuple[float | str, ...]

    @property
    def count(self) -> int:
        """Return how many bins there are."""
        return len(self.edges) + len(self.singles) + 2

    def codes(self, values: pd.Series) -> Codes:
        """Return the number of the bin of each value."""
        if values.dtype == object:
            codes = np.zeros(len(values), np.int64)
        else:
            codes = np.searchsorted(self.edges, values.to_numpy(), side="left").astype(np.int64)
        for k, single in enumerate(self.singles):
            codes[(values == single).to_numpy()] = len(self.edges) + 1 + k
        codes[values.isna().to_numpy()] = self.count - 1
        return codes


def scorecard_pd(
    train: pd.DataFrame, label: Labels, test: pd.DataFrame, special_codes: Sequence[float]
) -> Floats:
    """Return the PDs of the rows of `test` by a scorecard that learnt from `train`."""
    from sklearn.linear_model import LogisticRegression

    learnt = []
    judged = []
    information = []
    for name in train.columns:
        bins = _bins(train[name], special_codes)
        codes = bins.codes(train[name])
        woe, value = _evidence(codes, label, bins.count)
        learnt.append(woe[codes])
        judged.append(woe[bins.codes(test[name])])
        information.append(value)
    # With no column above the bound the strongest one is kept: a scorecard needs one.
    least = min(MIN_INFORMATION, max(information))
    kept = [k for k, value in enumerate(information) if value >= least]
    model = LogisticRegression(max_iter=1_000)
    model.fit(np.column_stack(learnt)[:, kept], label)
    return bad_share(model.predict_proba(np.column_stack(judged)[:, kept]))


def _bins(values: pd.Series, special_codes: Sequence[float]) -> Bins:
    known = values.dropna()
    if values.dtype == object:
        counts = known.value_counts()
        frequent = counts[counts >= MIN_BIN_SHARE * len(values)]
        return Bins(edges=np.empty(0), singles=tuple(frequent.index))
    present = tuple(code for code in special_codes if (known == code).any())
    sizes = known[~known.isin(present)].to_numpy()
    shares = np.arange(1, BINS) / BINS
    edges = np.unique(np.quantile(sizes, shares)) if len(sizes) else np.empty(0)
    return Bins(edges=edges, singles=present)


def _evidence(codes: Codes, label: Labels, count: int) -> tuple[Floats, float]:
    """Return the WOE of each bin and the information value of the column.

    An empty bin has a WOE of 0.
    """
    bads = np.bincount(codes, label, count)
    goods = np.bincount(codes, 1 - label, count)
    bad_shares = (bads + ADDED_ROWS) / (bads.sum() + ADDED_ROWS)
    good_shares = (goods + ADDED_ROWS) / (goods.sum() + ADDED_ROWS)
    woe = np.where(bads + goods > 0, np.log(good_shares / bad_shares), 0.0)
    return woe, float(np.sum((good_shares - bad_shares) * woe))
