"""One training: select features, fit the booster, fit the ridge beside it, check the signs, record what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from . import booster, monotone, ridge, selection
from .booster import BoosterParams
from .dataset import Dataset
from .decision.catalogue import Catalogue
from .errors import ModelError
from .ridge import Ridge, RidgeParams
from .selection import SelectionParams
from .split import SplitParams

if TYPE_CHECKING:
    import lightgbm


@dataclass(frozen=True)
class TrainParams:
    """The `train` block: which features may enter and how the booster grows."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    selection: SelectionParams
    booster: BoosterParams


@dataclass(frozen=True)
class Trained:
    """The booster, its features in model order, the challenger, and the content of training.json."""

    booster: lightgbm.Booster
    names: tuple[str, ...]
    ridge: Ridge
    record: Mapping[str, Any]


def train(rows: Dataset, catalogue: Catalogue, split: SplitParams, params: TrainParams, ridge_params: RidgeParams) -> Trained:
    """Fits both models on labelled training rows. Raises ModelError when no feature is left or a class is missing."""
    chosen, fallen = chosen_features(rows, catalogue, params.selection)
    signs = signs_of(catalogue, chosen.names)
    grown, growth = booster.fit(chosen, signs, split, params.booster)
    challenger = ridge.fit(chosen, split, ridge_params)
    broken = monotone.check(grown, chosen.features, chosen.names, signs)
    wrong = [b.name for b in broken if b.wrong_step > monotone.EPSILON]
    if wrong:
        raise ModelError(
            f"The booster breaks the sign of {len(wrong)} features, first `{wrong[0]}`; expected none. Report this LightGBM version."
        )
    record = {
        "n_rows": len(rows.label), "n_bads": int(rows.label.sum()), "n_features_offered": len(rows.names), "n_features": len(chosen.names),
        "n_signed": sum(s != 0 for s in signs), "fallen": [asdict(f) for f in fallen],
        "fallen_by_reason": dict(Counter(f.reason for f in fallen)),
        "booster": {**growth, "params": asdict(params.booster)}, "ridge_penalty": challenger.penalty,
        "null_safer_than_any_value": {b.name: round(b.null_gain, 6) for b in broken},
    }  # fmt: skip
    return Trained(grown, chosen.names, challenger, record)


def chosen_features(rows: Dataset, catalogue: Catalogue, params: SelectionParams) -> tuple[Dataset, tuple[selection.Fallen, ...]]:
    """The rows with the features that stay, and those that fell. Raises ModelError when none stays."""
    kept, fallen = selection.select(rows.features, rows.names, rows.month, params)
    if not kept:
        raise ModelError(f"No feature is left of the {len(catalogue.features)} of the catalogue: all are constant, empty or drifting.")
    return rows.with_features(kept), fallen


def signs_of(catalogue: Catalogue, names: tuple[str, ...]) -> tuple[int, ...]:
    """Sign of each named feature: +1 more is riskier, -1 more is safer, 0 free."""
    direction = {f.name: f.direction for f in catalogue.features}
    return tuple(direction[name] for name in names)


def subset(catalogue: Catalogue, names: tuple[str, ...]) -> Catalogue:
    """The catalogue of the model: its own features in model order, and the concepts."""
    by_name = {f.name: f for f in catalogue.features}
    return replace(catalogue, features=tuple(by_name[name] for name in names))
