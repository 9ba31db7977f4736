"""Run one training: fit booster and ridge logit, check the signs, record what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.learners import booster, ridge
from creditloom.models.learners.booster import BoosterParams
from creditloom.models.learners.ridge import Ridge, RidgeParams
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.split import SplitParams

if TYPE_CHECKING:
    import lightgbm


# --- The check of the signs ---
# Checks by brute force whether a booster keeps the signs of the catalogue: between values, and
# between null and values.

# In log-odds. A smaller difference of two margins comes only from another order of addition.
MARGIN_TOLERANCE = 1e-12


@dataclass(frozen=True)
class SignViolation:
    """A signed feature and how far the booster breaks its sign, in log-odds.

    wrong_step: the largest step against the sign between two values.
    null_gain: how far the margin of null lies below that of the safest value.
    """

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
    """Return the features whose sign the booster breaks; () when all hold.

    Each signed feature that the booster uses is set to `values` of its own values and to null, with
    all other features unchanged. This is done on `rows` rows at even steps. A step against the sign
    breaks the sign, and so does a null that is safer than every value.
    """
    sample = features[:: max(1, len(features) // rows)][:rows]
    is_used = booster.feature_importance("split") > 0
    violations = []
    for i, sign in enumerate(signs):
        if not is_used[i] or not sign:
            continue
        known = features[~np.isnan(features[:, i]), i]
        grid = np.append(np.unique(np.quantile(known, np.linspace(0, 1, values))), np.nan)
        wrong_step, null_gain = _sweep(booster, sample, i, grid, sign)
        if wrong_step > MARGIN_TOLERANCE or null_gain > MARGIN_TOLERANCE:
            violations.append(SignViolation(names[i], sign, wrong_step, null_gain))
    return tuple(violations)


def _sweep(
    booster: lightgbm.Booster, sample: Floats, column: int, grid: Floats, sign: int
) -> tuple[float, float]:
    """Return wrong_step and null_gain of one feature; the last value of `grid` is null."""
    swept = np.repeat(sample, len(grid), axis=0)
    swept[:, column] = np.tile(grid, len(sample))
    # One thread: the sample is too small to share.
    raw = booster.predict(swept, raw_score=True, num_threads=1)
    margin = np.asarray(raw).reshape(len(sample), len(grid))
    steps = -sign * np.diff(margin[:, :-1], axis=1)
    safest = margin[:, :-1].min(axis=1)
    # A feature with a single value has no step.
    wrong_step = float(steps.max()) if steps.size else 0.0
    null_gain = float((safest - margin[:, -1]).max())
    return max(0.0, wrong_step), max(0.0, null_gain)


# --- The training ---


@dataclass(frozen=True)
class TrainParams:
    """The `train` block: how the booster grows on the selected features."""

    booster: BoosterParams


@dataclass(frozen=True)
class TrainingResult:
    """The result of one training.

    names: features in model order. ridge: the challenger. record: the content of training.json.
    """

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
) -> TrainingResult:
    """Fit both models on labelled training rows of the selected features.

    Raise ModelError when a class is missing, or when the booster breaks a sign.
    """
    signs = signs_of(catalogue, rows.names)
    grown, growth = booster.fit(rows, signs, split, params.booster)
    challenger = ridge.fit(rows, split, ridge_params)
    violations = check(grown, rows.features, rows.names, signs)
    # LightGBM keeps the sign between values, but not for null. A broken step is refused; a null
    # that is safer than all values is only recorded.
    wrong = [violation.name for violation in violations if violation.wrong_step > MARGIN_TOLERANCE]
    if wrong:
        raise ModelError(
            f"The booster breaks the sign of {len(wrong)} features, first `{wrong[0]}`; "
            "expected none. Report this LightGBM version."
        )
    null_gains = {violation.name: round(violation.null_gain, 6) for violation in violations}
    growth["params"] = asdict(params.booster)
    record = {
        "n_rows": len(rows.label),
        "n_bads": int(rows.label.sum()),
        "n_features": len(rows.names),
        "n_signed": sum(sign != 0 for sign in signs),
        "booster": growth,
        "ridge_penalty": challenger.penalty,
        "null_safer_than_any_value": null_gains,
    }
    return TrainingResult(booster=grown, names=rows.names, ridge=challenger, record=record)


def signs_of(catalogue: Catalogue, names: tuple[str, ...]) -> tuple[int, ...]:
    """Return the sign of each named feature: +1 more is riskier, -1 more is safer, 0 free."""
    direction = {feature.name: feature.direction for feature in catalogue.features}
    return tuple(direction[name] for name in names)


def subset(catalogue: Catalogue, names: tuple[str, ...]) -> Catalogue:
    """Return the catalogue of the model: its own features in model order, and all concepts."""
    by_name = {feature.name: feature for feature in catalogue.features}
    return replace(catalogue, features=tuple(by_name[name] for name in names))
