"""Which features a model may use: drops the constant, the empty, the doubled and the drifting, seen in the training months only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.learners import booster
from creditloom.models.learners.booster import BoosterParams
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import psi_of
from creditloom.models.training.training import signs_of

if TYPE_CHECKING:
    import lightgbm

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


def _empty_or_constant(
    features: Floats, names: tuple[str, ...], params: SelectionParams
) -> list[Fallen]:
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
    features: Floats,
    columns: list[int],
    names: tuple[str, ...],
    month: NDArray[np.int64],
    params: SelectionParams,
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
            fallen.append(
                Fallen(
                    names[j],
                    "double",
                    float(np.abs(unit[:, earlier[0]] @ unit[:, j])),
                    names[earlier[0]],
                )
            )
    return fallen


def _unit(sample: Floats) -> NDArray[np.float32]:
    """Columns centred and of length 1, null at 0; column by column, so that a wide sample is held once."""
    unit = np.zeros(sample.shape, np.float32, order="F")
    for i, column in enumerate(sample.T):
        known = ~np.isnan(column)
        centred = (
            np.where(known, column - column[known].mean(dtype=np.float64), 0.0)
            if known.any()
            else np.zeros(len(column))
        )
        unit[:, i] = centred / max(float(np.sqrt((centred**2).sum())), np.finfo(float).tiny)
    return unit


# Which features a booster uses: gain over several seeds, each on its own part of the labelled training loans.

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
    settings = {
        **booster.settings(signs, params),
        "bagging_fraction": PART,
        "bagging_freq": params.max_trees + 1,
    }
    shares = np.stack(
        [
            _one(binned, {**settings, "seed": params.seed + i}, params.max_trees)
            for i in range(seeds)
        ]
    )
    return Gains(shares.mean(axis=0), (shares > 0).sum(axis=0))


def _one(binned: lightgbm.Dataset, settings: Mapping[str, Any], trees: int) -> Floats:
    import lightgbm as lgb

    gain = np.asarray(lgb.train(dict(settings), binned, trees).feature_importance("gain"), float)
    return gain / max(gain.sum(), np.finfo(float).tiny)


# The choice of the model's features, inside the training months: what falls at sight, then the strongest by gain, some of each concept.

KEPT, LEFT_OUT, WEAK = "kept", "left out", "weak"


@dataclass(frozen=True)
class SelectParams:
    """The `select` block: about `keep` features stay, at least `per_concept` of each reason concept that has so many.

    limits: what falls at sight, on a sample of the training applicants; without_families: families that a law keeps out of the model;
    seeds and booster: of the gains, on the labelled loans of the training months.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    keep: int
    per_concept: int
    seeds: int
    limits: SelectionParams
    booster: BoosterParams
    without_families: tuple[str, ...] = field(default=())


def offered(
    catalogue: Catalogue, params: SelectParams
) -> tuple[tuple[str, ...], tuple[Fallen, ...]]:
    """(features that may enter, those of families left out). Raises ModelError for a family that no feature has."""
    unknown = set(params.without_families) - {f.family for f in catalogue.features}
    if unknown:
        raise ModelError(
            f"select.without_families: no feature is of family {sorted(unknown)}; use the names in catalogue.json."
        )
    out = [f.name for f in catalogue.features if f.family in params.without_families]
    names = tuple(name for name in catalogue.names if name not in set(out))
    return names, tuple(Fallen(name, LEFT_OUT, 0.0) for name in out)


def screen(sample: Dataset, params: SelectParams) -> tuple[tuple[str, ...], tuple[Fallen, ...]]:
    """(names that stay at sight, what fell and why), from a sample of training applicants. Raises ModelError when none stays."""
    left, fallen = select(sample.features, sample.names, sample.month, params.limits)
    if not left:
        raise ModelError(
            f"No feature is left of {len(sample.names)}: all are constant, empty or drifting. See the limits in block select."
        )
    return left, fallen


def rank(
    loans: Dataset, catalogue: Catalogue, params: SelectParams
) -> tuple[Gains, tuple[str, ...]]:
    """The gains of the features of `loans`, and the names that stay, in the order given."""
    found = gains(loans, signs_of(catalogue, loans.names), params.booster, params.seeds)
    concept = {f.name: f.concept for f in catalogue.features}
    stay = chosen([concept[name] for name in loans.names], found.rank, params)
    return found, tuple(name for name, stays in zip(loans.names, stay, strict=True) if stays)


def chosen(concepts: Sequence[str], ranks: np.ndarray, params: SelectParams) -> list[bool]:
    """Which features stay: the first `per_concept` of each concept, then by rank until `keep` stay."""
    taken: Counter[str] = Counter()
    stay = [False] * len(ranks)
    order = np.argsort(ranks, kind="stable")
    for i in order:
        stay[i] = taken[concepts[i]] < params.per_concept
        taken[concepts[i]] += 1
    for i in order:
        stay[i] = stay[i] or sum(stay) < params.keep
    return stay


def table(
    catalogue: Catalogue,
    fallen: Sequence[Fallen],
    loans: Dataset,
    found: Gains,
    kept: Sequence[str],
) -> pd.DataFrame:
    """One row per feature of the catalogue, in its order.

    outcome is `kept` or why it fell (left out, empty, constant, drift, double, weak); figure and of are those of `Fallen`, figure is the
    share of gain where it reached the gains; gain_rank, gain_share and seeds_used are null where it fell before.
    """
    early, stays = {f.name: f for f in fallen}, set(kept)
    gain = dict(zip(loans.names, found.share.tolist(), strict=True))
    rows = [
        {
            "feature": f.name, "family": f.family, "concept": f.concept,
            "outcome": early[f.name].reason if f.name in early else KEPT if f.name in stays else WEAK,
            "figure": early[f.name].figure if f.name in early else gain[f.name],
            "of": early[f.name].of if f.name in early else "",
        }
        for f in catalogue.features
    ]  # fmt: skip
    ranked = pd.DataFrame(
        {"gain_rank": found.rank, "gain_share": found.share, "seeds_used": found.seeds_used},
        index=list(loans.names),
    )
    return pd.DataFrame(rows).join(
        ranked.astype({"gain_rank": "Int64", "seeds_used": "Int64"}), on="feature"
    )
