"""One training: fit the booster, fit the ridge beside it, check the signs, record what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.learners import booster, ridge
from creditloom.models.learners.booster import BoosterParams
from creditloom.models.learners.ridge import Ridge, RidgeParams
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.split import SplitParams

if TYPE_CHECKING:
    import lightgbm


# Brute-force check that a booster keeps the signs of the catalogue, among values and against null.

Floats = NDArray[np.float64]
EPSILON = 1e-12  # log-odds; below it two margins are the same sum in another order


@dataclass(frozen=True)
class SignViolation:
    """A signed feature: the largest step the wrong way among its values, and how far null lies below the safest value, in log-odds."""

    name: str
    sign: int
    wrong_step: float
    null_gain: float


def check(
    booster: lightgbm.Booster,
    features: Floats,
    names: Sequence[str],
    signs: Sequence[int],
    rows: int = 20,
    values: int = 12,
) -> tuple[SignViolation, ...]:
    """Every signed feature the booster uses, swept over a grid of its values and null on `rows` rows at even steps, all else equal.

    Returns the features whose sweep steps the wrong way or whose null is safer than every value; () when all hold.
    """
    sample = features[:: max(1, len(features) // rows)][:rows]
    used = booster.feature_importance("split") > 0
    at = [i for i, (is_used, sign) in enumerate(zip(used, signs, strict=True)) if is_used and sign]
    found = (_sweep(booster, sample, features[:, i], i, names[i], signs[i], values) for i in at)
    return tuple(
        broken for broken in found if broken.wrong_step > EPSILON or broken.null_gain > EPSILON
    )


def _sweep(
    booster: lightgbm.Booster,
    sample: Floats,
    column: Floats,
    at: int,
    name: str,
    sign: int,
    values: int,
) -> SignViolation:
    known = column[~np.isnan(column)]
    grid = np.append(np.unique(np.quantile(known, np.linspace(0, 1, values))), np.nan)
    swept = np.repeat(sample, len(grid), axis=0)
    swept[:, at] = np.tile(grid, len(sample))
    margin = np.asarray(booster.predict(swept, raw_score=True, num_threads=1)).reshape(
        len(sample), len(grid)
    )
    steps = -sign * np.diff(margin[:, :-1], axis=1)
    safest = margin[:, :-1].min(axis=1)
    wrong = float(steps.max()) if steps.size else 0.0
    return SignViolation(
        name, sign, max(0.0, wrong), max(0.0, float((safest - margin[:, -1]).max()))
    )


@dataclass(frozen=True)
class TrainParams:
    """The `train` block: how the booster grows on the selected features."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    booster: BoosterParams


@dataclass(frozen=True)
class Trained:
    """The booster, its features in model order, the challenger, and the content of training.json."""

    booster: lightgbm.Booster
    names: tuple[str, ...]
    ridge: Ridge
    record: Mapping[str, Any]


def train(
    rows: Dataset,
    catalogue: Catalogue,
    split: SplitParams,
    params: TrainParams,
    ridge_params: RidgeParams,
) -> Trained:
    """Fits both models on labelled training rows of the selected features. Raises ModelError when a class is missing."""
    signs = signs_of(catalogue, rows.names)
    grown, growth = booster.fit(rows, signs, split, params.booster)
    challenger = ridge.fit(rows, split, ridge_params)
    broken = check(grown, rows.features, rows.names, signs)
    wrong = [b.name for b in broken if b.wrong_step > EPSILON]
    if wrong:
        raise ModelError(
            f"The booster breaks the sign of {len(wrong)} features, first `{wrong[0]}`; expected none. Report this LightGBM version."
        )
    record = {
        "n_rows": len(rows.label), "n_bads": int(rows.label.sum()), "n_features": len(rows.names),
        "n_signed": sum(s != 0 for s in signs),
        "booster": {**growth, "params": asdict(params.booster)}, "ridge_penalty": challenger.penalty,
        "null_safer_than_any_value": {b.name: round(b.null_gain, 6) for b in broken},
    }  # fmt: skip
    return Trained(grown, rows.names, challenger, record)


def signs_of(catalogue: Catalogue, names: tuple[str, ...]) -> tuple[int, ...]:
    """Sign of each named feature: +1 more is riskier, -1 more is safer, 0 free."""
    direction = {f.name: f.direction for f in catalogue.features}
    return tuple(direction[name] for name in names)


def subset(catalogue: Catalogue, names: tuple[str, ...]) -> Catalogue:
    """The catalogue of the model: its own features in model order, and the concepts."""
    by_name = {f.name: f for f in catalogue.features}
    return replace(catalogue, features=tuple(by_name[name] for name in names))
