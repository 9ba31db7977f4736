"""What a validator asks of each feature: information value, missing values, drift, typical values.

Each figure is of one feature by itself, on a sample of the training applicants and on the
out-of-time ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from creditloom.decision.base.stability import psi
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset

# Bins of equal rows for the information value and PSI; null is a bin of its own.
BINS = 10
# Added to the goods and bads of a bin, so that one without bads does not make the value infinite.
IV_PRIOR = 0.5
TYPICAL_QUANTILES = (0.1, 0.9)


def feature_figures(
    training: Dataset, late: Dataset, typical_approved: Mapping[str, float | None]
) -> pd.DataFrame:
    """Return one row per feature, in model order.

    training, late: the same features. typical_approved: of the approved, as the bundle has it.
    Columns: feature, iv (of training loans with a label), missing_training, missing (shares), psi
    (late against training), typical_all (median of the late rows), typical_approved, p10, p90;
    null where nothing is known.
    """
    rows = []
    is_labelled = ~np.isnan(training.label)
    label = training.label[is_labelled]
    for k, name in enumerate(training.names):
        before = training.features[:, k]
        after = late.features[:, k]
        edges = _edges(before)
        codes = _codes(before, edges)
        iv = information_value(codes[is_labelled], label, len(edges) + 2)
        row = {"feature": name, "iv": iv, "missing_training": float(np.isnan(before).mean())}
        row["missing"] = float(np.isnan(after).mean())
        row["psi"] = psi(_shares(codes, edges), _shares(_codes(after, edges), edges))
        low, high = (_quantile(after, q) for q in TYPICAL_QUANTILES)
        typical = {"typical_all": _quantile(after, 0.5), "p10": low, "p90": high}
        typical["typical_approved"] = typical_approved.get(name)
        rows.append({**row, **typical})
    return pd.DataFrame(rows)


def feature_psi(training: Dataset, late: Dataset, months: Sequence[str]) -> pd.DataFrame:
    """Return feature and one column per out-of-time month: PSI against the training sample.

    months: name of each calendar month since the start of the split, by position.
    """
    present = np.unique(late.month)
    table: dict[str, object] = {"feature": list(training.names)}
    edges = [_edges(training.features[:, k]) for k in range(len(training.names))]
    before = [_shares(_codes(training.features[:, k], edge), edge) for k, edge in enumerate(edges)]
    for month in present:
        rows = late.features[late.month == month]
        table[months[int(month)]] = [
            psi(before[k], _shares(_codes(rows[:, k], edge), edge)) for k, edge in enumerate(edges)
        ]
    return pd.DataFrame(table)


def information_value(codes: np.ndarray, label: Floats, bins: int) -> float:
    """Return sum (goods% - bads%) ln(goods% / bads%) over bins that hold a row.

    >>> information_value(np.array([0, 0, 1, 1]), np.array([0.0, 0.0, 0.0, 0.0]), 2)
    0.0
    """
    bads = np.bincount(codes, label, bins)
    n = np.bincount(codes, minlength=bins)
    filled = n > 0
    bad = bads[filled] + IV_PRIOR
    good = n[filled] - bads[filled] + IV_PRIOR
    bad_share = bad / bad.sum()
    good_share = good / good.sum()
    return float(np.sum((good_share - bad_share) * np.log(good_share / bad_share)))


def _edges(values: Floats) -> Floats:
    known = values[~np.isnan(values)]
    # Equal quantiles count once: a feature with few values has fewer bins.
    quantiles = np.arange(1, BINS) / BINS
    return np.unique(np.quantile(known, quantiles)) if len(known) else np.empty(0)


def _codes(values: Floats, edges: Floats) -> np.ndarray:
    """Return the bin of each value, that of null last."""
    codes = np.searchsorted(edges, values, side="left")
    return np.asarray(np.where(np.isnan(values), len(edges) + 1, codes))


def _shares(codes: np.ndarray, edges: Floats) -> Floats:
    return np.bincount(codes, minlength=len(edges) + 2) / max(len(codes), 1)


def _quantile(values: Floats, share: float) -> float | None:
    known = values[~np.isnan(values)]
    return float(np.quantile(known, share)) if len(known) else None
