"""One training: fit the booster, fit the ridge beside it, check the signs, record what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from . import booster, monotone, ridge
from .booster import BoosterParams
from .dataset import Dataset
from .decision.catalogue import Catalogue
from .errors import ModelError
from .ridge import Ridge, RidgeParams
from .split import SplitParams

if TYPE_CHECKING:
    import lightgbm


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


def train(rows: Dataset, catalogue: Catalogue, split: SplitParams, params: TrainParams, ridge_params: RidgeParams) -> Trained:
    """Fits both models on labelled training rows of the selected features. Raises ModelError when a class is missing."""
    signs = signs_of(catalogue, rows.names)
    grown, growth = booster.fit(rows, signs, split, params.booster)
    challenger = ridge.fit(rows, split, ridge_params)
    broken = monotone.check(grown, rows.features, rows.names, signs)
    wrong = [b.name for b in broken if b.wrong_step > monotone.EPSILON]
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
