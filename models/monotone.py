"""Brute-force check that a booster keeps the signs of the catalogue, among values and against null.

LightGBM's constraints bind values only. A null takes the branch the split says, so it may come out safer than the safest value, and
then withholding a datum would pay. That cannot be constrained, so it is counted and reported (design 8, domain 0.9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import lightgbm

Floats = NDArray[np.float64]
EPSILON = 1e-12  # log-odds; below it two margins are the same sum in another order


@dataclass(frozen=True)
class Broken:
    """A signed feature: the largest step the wrong way among its values, and how far null lies below the safest value, in log-odds."""

    name: str
    sign: int
    wrong_step: float
    null_gain: float


def check(
    booster: lightgbm.Booster, features: Floats, names: Sequence[str], signs: Sequence[int], rows: int = 20, values: int = 12
) -> tuple[Broken, ...]:
    """Every signed feature the booster uses, swept over a grid of its values and null on `rows` rows at even steps, all else equal.

    Returns the features whose sweep steps the wrong way or whose null is safer than every value; () when all hold.
    """
    sample = features[:: max(1, len(features) // rows)][:rows]
    used = booster.feature_importance("split") > 0
    at = [i for i, (is_used, sign) in enumerate(zip(used, signs, strict=True)) if is_used and sign]
    found = (_sweep(booster, sample, features[:, i], i, names[i], signs[i], values) for i in at)
    return tuple(broken for broken in found if broken.wrong_step > EPSILON or broken.null_gain > EPSILON)


def _sweep(booster: lightgbm.Booster, sample: Floats, column: Floats, at: int, name: str, sign: int, values: int) -> Broken:
    known = column[~np.isnan(column)]
    grid = np.append(np.unique(np.quantile(known, np.linspace(0, 1, values))), np.nan)
    swept = np.repeat(sample, len(grid), axis=0)
    swept[:, at] = np.tile(grid, len(sample))
    margin = np.asarray(booster.predict(swept, raw_score=True, num_threads=1)).reshape(len(sample), len(grid))
    steps = -sign * np.diff(margin[:, :-1], axis=1)
    safest = margin[:, :-1].min(axis=1)
    wrong = float(steps.max()) if steps.size else 0.0
    return Broken(name, sign, max(0.0, wrong), max(0.0, float((safest - margin[:, -1]).max())))
