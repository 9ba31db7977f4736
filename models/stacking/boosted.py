"""Boosters of one capacity as a learner: its complexities are numbers of trees."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from creditloom.models.learners.booster import BoosterParams, boost
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset
from creditloom.models.stacking.tree_text import ModelTree, trees_of

if TYPE_CHECKING:
    import lightgbm


@dataclass(frozen=True)
class Capacity:
    """One size of booster. rounds: numbers of trees to choose from, ascending."""

    rounds: tuple[int, ...]
    booster: BoosterParams


@dataclass(frozen=True)
class BoostedMember:
    """A booster whose features are called f0, f1 ...

    A null of a feature without nulls in training goes the way of `stand_in` (NaN: as trained).
    """

    booster: lightgbm.Booster
    stand_in: Floats

    def margin(self, features: Floats) -> Floats:
        """Return the log-odds of default, shape (n,)."""
        known = with_stand_in(features, self.stand_in)
        return np.asarray(self.booster.predict(known, raw_score=True, num_threads=1))

    def contributions(self, features: Floats) -> tuple[float, Floats]:
        """Return (base, phi) of LightGBM's own SHAP values."""
        known = with_stand_in(features, self.stand_in)
        phi = np.asarray(self.booster.predict(known, pred_contrib=True, num_threads=1))
        return float(phi[0, -1]), phi[:, :-1]

    def trees(self) -> Sequence[ModelTree]:
        """Return the trees of the booster."""
        trees = trees_of(self.booster.model_to_string())
        return [tree.with_nulls_of(self.stand_in) for tree in trees]


@dataclass(frozen=True)
class BoostedLearner:
    """Grow boosters with these settings.

    rounds: numbers of trees, ascending. least_columns: of the columns a tree may look at so many at
    least, however small the share. deadline: on the clock of `time.monotonic`; from then on no tree
    is grown.
    """

    params: BoosterParams
    rounds: tuple[int, ...]
    least_columns: int
    deadline: float = np.inf

    @property
    def steps(self) -> int:
        """Return how many numbers of trees there are."""
        return len(self.rounds)

    def path(self, rows: Dataset, signs: Sequence[int], held_out: Floats) -> Floats:
        """Return the margins of `held_out` after each number of trees, shape (n, steps)."""
        booster = self._grown(rows, signs, self.rounds[-1])
        known = with_stand_in(held_out, stand_ins(rows.features))
        out = np.zeros((len(known), self.steps))
        total = np.zeros(len(known))
        start = 0
        for k, stop in enumerate(self.rounds):
            # Trees that LightGBM could not grow are not there: the margin stays as it is.
            count = min(stop, booster.num_trees()) - start
            if count > 0:
                total = total + np.asarray(
                    booster.predict(
                        known,
                        raw_score=True,
                        start_iteration=start,
                        num_iteration=count,
                        num_threads=1,
                    )
                )
                start += count
            out[:, k] = total
        return out

    def fit(self, rows: Dataset, signs: Sequence[int], step: int) -> BoostedMember:
        """Return the booster of `rounds[step]` trees."""
        booster = self._grown(rows, signs, self.rounds[step])
        return BoostedMember(booster, stand_ins(rows.features))

    def _grown(self, rows: Dataset, signs: Sequence[int], trees: int) -> lightgbm.Booster:
        """Return a booster of `trees` trees on the rows."""
        p = max(1, len(rows.names))
        share = min(1.0, max(self.params.feature_fraction, self.least_columns / p))
        # LightGBM must not see the names of a user's columns: it refuses some and changes others.
        plain = replace(rows, names=tuple(f"f{k}" for k in range(len(rows.names))))
        params = replace(self.params, feature_fraction=share)
        late = () if np.isinf(self.deadline) else (stop_at(self.deadline),)
        return boost(plain, signs, params, trees, late)


def stop_at(deadline: float) -> Callable[[lightgbm.callback.CallbackEnv], None]:
    """Return the callback that ends the growth of a booster at the deadline."""
    import lightgbm as lgb

    def stop_when_late(env: lgb.callback.CallbackEnv) -> None:
        if time.monotonic() > deadline:
            raise lgb.callback.EarlyStopException(env.iteration, [])

    return stop_when_late


def stand_ins(features: Floats) -> Floats:
    """Return the median of each column without nulls; NaN for a column with nulls, or empty."""
    out = np.full(features.shape[1], np.nan)
    for k, column in enumerate(features.T):
        if len(column) and not np.isnan(column).any():
            # A value of the column itself: a middle between two would be new to the model.
            out[k] = np.quantile(column, 0.5, method="lower")
    return out


def with_stand_in(features: Floats, stand_in: Floats) -> Floats:
    """Return the features with each unknown null replaced; the same array where there is none."""
    is_unknown = np.isnan(features) & ~np.isnan(stand_in)
    return np.where(is_unknown, stand_in, features) if is_unknown.any() else features
