"""Which features a booster uses: gain over several seeds, each on its own part of the labelled training loans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import booster
from .booster import BoosterParams
from .dataset import Dataset

if TYPE_CHECKING:
    import lightgbm

Floats = NDArray[np.float64]
PART = 0.8  # of the loans that each seed sees


@dataclass(frozen=True)
class Gains:
    """Per feature: share of all gain (mean over the seeds), and in how many seeds a tree used it."""

    share: Floats
    seeds_used: NDArray[np.int64]

    @property
    def rank(self) -> NDArray[np.int64]:
        """1 is the strongest; equals keep their order."""
        rank = np.empty(len(self.share), np.int64)
        rank[np.argsort(-self.share, kind="stable")] = np.arange(1, len(self.share) + 1)
        return rank


def gains(loans: Dataset, signs: Sequence[int], params: BoosterParams, seeds: int) -> Gains:
    """Gain of every feature of `loans` (labelled training rows) in boosters of `params.max_trees` trees, one per seed.

    The rows are binned once; a seed draws its part of them once, for all of its trees.
    """
    binned = booster.train_set(loans, params)
    settings = {**booster.settings(signs, params), "bagging_fraction": PART, "bagging_freq": params.max_trees + 1}
    shares = np.stack([_one(binned, {**settings, "seed": params.seed + i}, params.max_trees) for i in range(seeds)])
    return Gains(shares.mean(axis=0), (shares > 0).sum(axis=0))


def _one(binned: lightgbm.Dataset, settings: Mapping[str, Any], trees: int) -> Floats:
    import lightgbm as lgb

    gain = np.asarray(lgb.train(dict(settings), binned, trees).feature_importance("gain"), float)
    return gain / max(gain.sum(), np.finfo(float).tiny)
