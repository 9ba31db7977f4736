"""Which features a model may use: drops the constant, the empty, the doubled and the drifting, seen in the training months only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .metrics import psi_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SelectionParams:
    """Limits: share of nulls, |correlation| of a double, PSI of the last against the first third of the training months.

    `rows` bounds the sample on which correlations are computed (rows are taken at even steps).
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    max_null_share: float = 0.95
    max_correlation: float = 0.999
    max_psi: float = 0.25
    rows: int = 20_000


@dataclass(frozen=True)
class Fallen:
    """A feature that fell: why (constant, empty, double, drift), the figure that failed, and the feature it doubles ("" otherwise)."""

    name: str
    reason: str
    figure: float
    of: str = ""


def select(
    features: Floats, names: tuple[str, ...], month: NDArray[np.int64], params: SelectionParams
) -> tuple[tuple[str, ...], tuple[Fallen, ...]]:
    """(kept names in the order given, what fell and why). Of a pair of doubles the earlier feature stays."""
    fallen = _empty_or_constant(features, names, params)
    fallen += _drifting(features, _left(names, fallen), names, month, params)
    left = _left(names, fallen)
    fallen += _doubles(features[:, left], [names[i] for i in left], params)
    return tuple(names[i] for i in _left(names, fallen)), tuple(fallen)


def _left(names: tuple[str, ...], fallen: list[Fallen]) -> list[int]:
    gone = {f.name for f in fallen}
    return [i for i, name in enumerate(names) if name not in gone]


def _empty_or_constant(features: Floats, names: tuple[str, ...], params: SelectionParams) -> list[Fallen]:
    fallen = []
    for i, name in enumerate(names):
        known = features[~np.isnan(features[:, i]), i]
        null_share = 1 - len(known) / len(features)
        if null_share > params.max_null_share:
            fallen.append(Fallen(name, "empty", null_share))
        elif known.min() == known.max():
            fallen.append(Fallen(name, "constant", float(known[0])))
    return fallen


def _drifting(
    features: Floats, columns: list[int], names: tuple[str, ...], month: NDArray[np.int64], params: SelectionParams
) -> list[Fallen]:
    early, late = (month <= np.quantile(month, 1 / 3)), (month > np.quantile(month, 2 / 3))
    if not early.any() or not late.any():
        return []
    drift = ((names[i], psi_of(features[early, i], features[late, i])) for i in columns)
    return [Fallen(name, "drift", value) for name, value in drift if value > params.max_psi]


def _doubles(features: Floats, names: list[str], params: SelectionParams) -> list[Fallen]:
    """Doubles agree in their values and in where they are null: a null is set to the mean, then both must correlate."""
    if not names:
        return []
    sample = features[:: max(1, len(features) // params.rows)]
    null, unit = np.isnan(sample), _unit(sample)
    close = np.abs(unit.T @ unit) > params.max_correlation
    same_null = np.abs(null.mean(axis=0)[:, None] - null.mean(axis=0)[None, :]) < 0.001
    fallen, gone = [], np.zeros(len(names), bool)
    for j in range(1, len(names)):
        earlier = np.flatnonzero(close[j, :j] & same_null[j, :j] & ~gone[:j])
        if len(earlier):
            gone[j] = True
            fallen.append(Fallen(names[j], "double", float(np.abs(unit[:, earlier[0]] @ unit[:, j])), names[earlier[0]]))
    return fallen


def _unit(sample: Floats) -> NDArray[np.float32]:
    """Columns centred and of length 1, null at 0; column by column, so that a wide sample is held once."""
    unit = np.zeros(sample.shape, np.float32, order="F")
    for i, column in enumerate(sample.T):
        known = ~np.isnan(column)
        centred = np.where(known, column - column[known].mean(dtype=np.float64), 0.0) if known.any() else np.zeros(len(column))
        unit[:, i] = centred / max(float(np.sqrt((centred**2).sum())), np.finfo(float).tiny)
    return unit
