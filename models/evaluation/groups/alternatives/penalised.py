"""Train one alternative: a booster whose loss may hold a penalty on the gap of two groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, logit

from creditloom.models.evaluation.groups.alternatives.change import (
    THIN_FAMILIES,
    CandidateColumns,
    ColumnScale,
    Features,
    ModelChange,
    design,
)
from creditloom.models.learners.booster import BoosterParams, settings, train_booster
from creditloom.models.sample.arrays import Floats, Mask

# Rows that LightGBM looks at to find the edges of its bins: a search needs no finer ones, and to
# find them is half of the time of a small model.
BINNING_ROWS = 4_000
# Least hessian of a row: a row whose PD is 0 or 1 would else have none.
LEAST_HESSIAN = 1e-9


@dataclass(frozen=True)
class TaughtRows:
    """Labelled loans that a model learns from; arrays of shape (n,), features of shape (n, p).

    label: 1 bad, 0 good. weight: of the loss. is_group, is_reference: whose gap is penalised.
    """

    features: Features
    label: Floats
    weight: Floats
    is_group: Mask
    is_reference: Mask

    @property
    def gap_weight(self) -> Floats:
        """Return what each row adds to the mean margin of the group's goods less the others'."""
        is_good = self.label == 0
        return _share(self.weight, is_good & self.is_group) - _share(
            self.weight, is_good & self.is_reference
        )


def _share(weight: Floats, mask: Mask) -> Floats:
    inside = weight * mask
    total = inside.sum()
    return inside / total if total > 0 else inside


@dataclass(frozen=True)
class AlternativeLearner:
    """How every alternative is trained. trees: of each booster."""

    columns: CandidateColumns
    scale: ColumnScale
    params: BoosterParams
    trees: int

    def fit(self, change: ModelChange, rows: TaughtRows) -> Callable[[Features, Mask], Floats]:
        """Return the margin as a function of features (n, p) and of who has a thin file.

        Raise ModelError where the change leaves no column.
        """
        main = self._booster(change, rows)
        if change.thin != "own":
            return lambda features, _: main(features)
        lacking = self.columns.of_family(*THIN_FAMILIES)
        rest = tuple(name for name in lacking if name not in change.dropped)
        of_thin = self._booster(_without(change, rest), rows)

        def margin(features: Features, is_thin: Mask) -> Floats:
            # Both boosters start from the same log-odds, so that their margins compare.
            return np.where(is_thin, of_thin(features), main(features))

        return margin

    def _booster(self, change: ModelChange, rows: TaughtRows) -> Callable[[Features], Floats]:
        import lightgbm as lgb

        built, signs = design(change, self.columns, self.scale, rows.features)
        chosen = settings(signs, self.params)
        chosen["bin_construct_sample_cnt"] = BINNING_ROWS
        chosen["objective"] = _objective(rows, change.penalty)
        start = float(logit(np.average(rows.label, weights=rows.weight)))
        taught = lgb.Dataset(built, rows.label, init_score=np.full(len(rows.label), start))
        booster = train_booster(chosen, taught, self.trees)
        threads = self.params.threads

        def margin(features: Features) -> Floats:
            seen, _ = design(change, self.columns, self.scale, features)
            return np.asarray(booster.predict(seen, raw_score=True, num_threads=threads))

        return margin


def _without(change: ModelChange, more: tuple[str, ...]) -> ModelChange:
    return ModelChange(
        dropped=change.dropped + more,
        merged=change.merged,
        penalty=change.penalty,
        is_signed=change.is_signed,
    )


def _objective(rows: TaughtRows, penalty: float) -> Callable[[Floats, Any], tuple[Floats, Floats]]:
    """Return gradient and hessian of log-loss plus penalty / 2 x sum of weights x gap squared."""
    label = rows.label
    weight = rows.weight
    share = rows.gap_weight

    def objective(margin: Floats, _: Any) -> tuple[Floats, Floats]:
        chance = expit(margin)
        slope = weight * (chance - label)
        if penalty:
            # The second derivative of the penalty is of the order of 1 / n and is left out.
            slope = slope + penalty * weight.sum() * (share @ margin) * share
        return slope, np.maximum(weight * chance * (1.0 - chance), LEAST_HESSIAN)

    return objective
