"""Compare numbers of features to keep, so that one can be committed as `select.keep`.

The numbers are compared on rolling origins inside the training months. At each origin the features
are ranked on the loans before it. A booster with the first of these features is judged on the
months after it. So neither the ranking nor the booster has used the months that judge them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.learners import booster
from creditloom.models.learners.booster import BoosterParams, signs_of
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.metrics import auc
from creditloom.models.sample.split import SplitParams, rolling_origins
from creditloom.models.selection.feature_choice import SelectParams, choice_mask, rank

if TYPE_CHECKING:
    import lightgbm

# Smallest distance of a PD from 0 and 1, so that its logarithm is finite.
PD_MARGIN = 1e-12
# Number of trees between two measurements on the judging months.
STEP = 25


@dataclass(frozen=True)
class Size:
    """One number of features, judged on all judging months.

    trees: number of trees that is best for this size.
    logloss, auc: weighted, at that number of trees.
    behind: log-loss minus that of the best size; 0 for the best size.
    behind_se: standard error of that difference, paired row by row.
    """

    keep: int
    features: int
    trees: int
    logloss: float
    auc: float
    behind: float
    behind_se: float


@dataclass(frozen=True)
class _JudgedRows:
    """Rows of all judging months, of one size.

    y, w: outcome, and weight that sums to 1, shape (n,).
    margins: after each 25 trees, shape (steps, n).
    features: number of features kept at the last origin.
    """

    y: Floats
    w: Floats
    margins: Floats
    features: int

    @property
    def losses(self) -> Floats:
        """Return the log-loss of each row after each step, shape (steps, n)."""
        # Without the clip a wrong PD of 0 or 1 would have an infinite loss.
        p = np.clip(expit(self.margins), PD_MARGIN, 1.0 - PD_MARGIN)
        return np.asarray(-(self.y * np.log(p) + (1.0 - self.y) * np.log1p(-p)))

    @property
    def step(self) -> int:
        """Return the step with the least weighted loss; the first of equals."""
        return int(np.argmin(self.losses @ self.w))

    @property
    def best_losses(self) -> Floats:
        """Return the log-loss of each row at the best step, shape (n,)."""
        return np.asarray(self.losses[self.step])


def sizes(
    loans: Dataset,
    catalogue: Catalogue,
    split: SplitParams,
    select: SelectParams,
    params: BoosterParams,
    counts: Sequence[int],
    show_progress: Callable[[str], None],
) -> list[Size]:
    """Return one Size per number of features in `counts`, in their order.

    loans: labelled training loans with the features that pass the screening.
    show_progress: is called with a line of text.
    The smallest number per concept is scaled with the size. At `select.keep` it is
    `select.per_concept`.
    """
    folds = rolling_origins(loans.month, split)
    ranks = []
    for fit, _ in folds:
        feature_gains, _ = rank(loans.where(fit), catalogue, select)
        ranks.append(feature_gains.rank)
        show_progress(f"ranked origin {len(ranks)} of {len(folds)}")
    judged = {}
    for keep in counts:
        judged[keep] = _judge(loans, catalogue, folds, ranks, _resized(select, keep), params)
        show_progress(f"judged {keep} features")
    best = min(judged.values(), key=lambda rows: float(rows.best_losses @ rows.w))
    return [_size(keep, rows, best) for keep, rows in judged.items()]


def _resized(select: SelectParams, keep: int) -> SelectParams:
    """Return the params for another number of features, with `per_concept` scaled with it."""
    per_concept = max(1, round(select.per_concept * keep / select.keep))
    return replace(select, keep=keep, per_concept=per_concept)


def _judge(
    loans: Dataset,
    catalogue: Catalogue,
    folds: Sequence[tuple[Mask, Mask]],
    ranks: Sequence[NDArray[np.int64]],
    select: SelectParams,
    params: BoosterParams,
) -> _JudgedRows:
    """Return the rows of all judging months with the margins of boosters of one size."""
    concept = {feature.name: feature.concept for feature in catalogue.features}
    concepts = [concept[name] for name in loans.names]
    names: tuple[str, ...] = ()
    labels = []
    weights = []
    margins = []
    for (fit, later), fold_ranks in zip(folds, ranks, strict=True):
        stay = choice_mask(concepts, fold_ranks, select)
        names = tuple(name for name, stays in zip(loans.names, stay, strict=True) if stays)
        fit_rows = loans.where(fit).with_features(names)
        judge_rows = loans.where(later).with_features(names)
        grown = booster.boost(fit_rows, signs_of(catalogue, names), params, params.max_trees)
        labels.append(judge_rows.label)
        weights.append(booster.weights(judge_rows, params.max_weight))
        margins.append(np.stack(list(staged_margins(grown, judge_rows, params.max_trees))))
    w = np.concatenate(weights, axis=-1)
    return _JudgedRows(
        y=np.concatenate(labels, axis=-1),
        w=w / w.sum(),
        margins=np.concatenate(margins, axis=-1),
        features=len(names),
    )


def _size(keep: int, rows: _JudgedRows, best: _JudgedRows) -> Size:
    """Return the figures of one size against the best."""
    losses = rows.best_losses
    difference = losses - best.best_losses
    behind = float(difference @ rows.w)
    # Take differences row by row. Both sizes judge the same loans, so the luck of the loans
    # cancels.
    behind_se = float(np.sqrt((rows.w**2) @ (difference - behind) ** 2))
    step = rows.step
    return Size(
        keep=keep,
        features=rows.features,
        trees=(step + 1) * STEP,
        logloss=float(losses @ rows.w),
        auc=auc(rows.y, rows.margins[step], rows.w),
        behind=behind,
        behind_se=behind_se,
    )


def staged_margins(grown: lightgbm.Booster, judge: Dataset, max_trees: int) -> Iterator[Floats]:
    """Yield the margins of the rows, shape (n,), after each 25 trees up to `max_trees`.

    Beyond the last tree of the booster the margins stay the same.
    """
    margin = np.zeros(len(judge.label))
    # Predict each block of trees once and add it to the blocks before.
    for start in range(0, max_trees - STEP + 1, STEP):
        margin = margin + _part(grown, judge, start)
        yield margin


def _part(grown: lightgbm.Booster, judge: Dataset, start: int) -> Floats:
    """Return what 25 trees from `start` on add to the margins; 0 after the last tree."""
    if start >= grown.num_trees():
        return np.zeros(len(judge.label))
    part = grown.predict(judge.features, raw_score=True, start_iteration=start, num_iteration=STEP)
    return np.asarray(part)
