"""How many features a model should keep, judged on rolling origins inside the training months: select.keep before it is committed.

At each origin the features are ranked on the loans before it and a booster of the first so many is judged on the months after it, so
that neither ranking nor booster has seen what they are judged on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.learners import booster
from creditloom.models.learners.booster import BoosterParams
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.metrics import auc, expit
from creditloom.models.sample.split import SplitParams, rolling_origins
from creditloom.models.selection.feature_choice import SelectParams, chosen, rank
from creditloom.models.training.training import signs_of
from creditloom.models.training.tuning import STEP, staged

Floats = NDArray[np.float64]
TINY = 1e-12


@dataclass(frozen=True)
class Size:
    """One number of features: weighted log-loss and AUC over all judging months at `trees`, the number that is best for it.

    `behind` is the log-loss it loses against the best size, with the standard error of that difference (paired, row by row).
    """

    keep: int
    features: int
    trees: int
    logloss: float
    auc: float
    behind: float
    behind_se: float


@dataclass(frozen=True)
class _Judged:
    """Rows of all judging months: outcome, weight, and margins after each 25 trees, steps x rows; features kept at the last origin."""

    y: Floats
    w: Floats
    margins: Floats
    features: int

    @property
    def losses(self) -> Floats:
        p = np.clip(expit(self.margins), TINY, 1.0 - TINY)
        return np.asarray(-(self.y * np.log(p) + (1.0 - self.y) * np.log1p(-p)))

    @property
    def step(self) -> int:
        return int(np.argmin(self.losses @ self.w))


def sizes(
    loans: Dataset,
    catalogue: Catalogue,
    split: SplitParams,
    select: SelectParams,
    params: BoosterParams,
    asked: Sequence[int],
    tell: Callable[[str], None],
) -> list[Size]:
    """One row per size asked for, in their order, of labelled training loans with the features that stay at sight.

    The least number of each concept grows and shrinks with the size, from `select.per_concept` at `select.keep`.
    """
    folds = rolling_origins(loans.month, split)
    ranked = []
    for fit, _ in folds:
        ranked.append(rank(loans.where(fit), catalogue, select)[0].rank)
        tell(f"ranked origin {len(ranked)} of {len(folds)}")
    judged = {}
    for keep in asked:
        judged[keep] = _judge(loans, catalogue, folds, ranked, _sized(select, keep), params)
        tell(f"judged {keep} features")
    best = min(judged.values(), key=lambda one: float(one.losses[one.step] @ one.w))
    return [_told(keep, one, best) for keep, one in judged.items()]


def _sized(select: SelectParams, keep: int) -> SelectParams:
    return replace(
        select, keep=keep, per_concept=max(1, round(select.per_concept * keep / select.keep))
    )


def _judge(
    loans: Dataset,
    catalogue: Catalogue,
    folds: Sequence[tuple[NDArray[np.bool_], NDArray[np.bool_]]],
    ranked: Sequence[NDArray[np.int64]],
    select: SelectParams,
    params: BoosterParams,
) -> _Judged:
    concept = {f.name: f.concept for f in catalogue.features}
    parts = []
    for (fit, later), ranks in zip(folds, ranked, strict=True):
        stay = chosen([concept[name] for name in loans.names], ranks, select)
        names = tuple(name for name, stays in zip(loans.names, stay, strict=True) if stays)
        rows, judge = loans.where(fit).with_features(names), loans.where(later).with_features(names)
        grown = booster.boost(rows, signs_of(catalogue, names), params, params.max_trees)
        margins = np.stack(list(staged(grown, judge, params.max_trees)))
        parts.append((judge.label, booster.weights(judge, params.max_weight), margins, len(names)))
    y, w, margins = (np.concatenate(part, axis=-1) for part in list(zip(*parts, strict=True))[:3])
    return _Judged(y, w / w.sum(), margins, parts[-1][3])


def _told(keep: int, one: _Judged, best: _Judged) -> Size:
    mine, theirs = one.losses[one.step], best.losses[best.step]
    behind = float((mine - theirs) @ one.w)
    error = float(np.sqrt((one.w**2) @ (mine - theirs - behind) ** 2))
    found = auc(one.y, one.margins[one.step], one.w)
    return Size(
        keep, one.features, (one.step + 1) * STEP, float(mine @ one.w), found, behind, error
    )
