"""Fit the rivals of the model: a well-tuned ridge, the plain booster of 613f9fa, LightGBM's own.

Each chooses its columns again inside each of its folds, on months before those that judge. So no
label that judges a choice has helped to make it. Everything that a rival is made with lies in
rivals.yaml. None of them uses reject inference, a stack or the truth.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import expit

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.learners import booster, ridge
from creditloom.models.learners.booster import BoosterParams, shared_settings, train_booster
from creditloom.models.learners.ridge import Ridge, RidgeParams
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import logloss
from creditloom.models.sample.signs import signs_of
from creditloom.models.sample.split import SplitParams, rolling_origins, stopping
from creditloom.models.selection.feature_choice import SelectParams, choice_mask, screen

# Names of the rivals, as they stand in metrics.json.
RIDGE = "ridge"
PLAIN = "plain"
DEFAULTS = "lightgbm_defaults"
INCUMBENT = "incumbent"

Columns = tuple[str, ...]


@dataclass(frozen=True)
class PlainParams:
    """The plain booster: its shape, early stopping, and the seeds over which it is averaged."""

    seeds: tuple[int, ...]
    patience: int
    booster: BoosterParams


@dataclass(frozen=True)
class DefaultsParams:
    """LightGBM with its own defaults. max_weight: clip of 1 / propensity."""

    trees: int
    max_weight: float
    threads: int
    seed: int


@dataclass(frozen=True)
class RivalParams:
    """The whole of rivals.yaml. screening: how columns are chosen, inside each fold."""

    screening: SelectParams
    plain: PlainParams
    defaults: DefaultsParams
    ridge: RidgeParams


@dataclass(frozen=True)
class Rival:
    """A fitted rival.

    columns: the features that it reads. margins: one score per training seed, from a matrix of
    these columns. record: what was chosen (trees, penalty).
    """

    name: str
    columns: Columns
    margins: Callable[[Floats], tuple[Floats, ...]]
    record: Mapping[str, Any]

    def scores(self, rows: Dataset) -> tuple[Floats, ...]:
        """Return the scores of the rows, which must hold the columns; they rise with risk."""
        return self.margins(rows.with_features(self.columns).features)


def fit_rivals(
    loans: Dataset, catalogue: Catalogue, split: SplitParams, params: RivalParams
) -> tuple[Rival, ...]:
    """Fit the rivals on labelled training loans that hold every feature of the catalogue.

    Raise ModelError where a fold has no bads or no goods.
    """
    # Filters that see no label (empty, constant, double, drifting) cannot teach a fold what its
    # judges know, so they are applied once; so are the edges of the bins.
    left, _ = screen(loans.at_most(params.screening.limits.rows), params.screening)
    loans = loans.with_features(left)
    ranking = Screening(loans, catalogue, params.screening)
    folds = _folds(loans, split)
    chosen = [ranking.columns(fit) for fit, _ in folds]
    # Once more on all training months: the columns of the final fits.
    final = loans.with_features(ranking.columns(np.ones(len(loans.label), np.bool_)))
    late_fit: Mask = ~stopping(loans.month, split)
    of_late = _of_fold(late_fit, folds, chosen) or ranking.columns(late_fit)
    trees = _trees(loans.with_features(of_late), late_fit, catalogue, params.plain)
    return (
        _ridge(loans, final, list(zip(folds, chosen, strict=True)), params.ridge),
        _plain(final, catalogue, trees, params.plain),
        _defaults(final, params.defaults),
    )


class Screening:
    """The columns that the labels of some of the loans choose, by the gain of boosters.

    The loans are binned once; each choice sees the labels of its own rows alone.
    """

    def __init__(self, loans: Dataset, catalogue: Catalogue, params: SelectParams) -> None:
        concept = {feature.name: feature.concept for feature in catalogue.features}
        self._names = loans.names
        self._concepts = [concept[name] for name in loans.names]
        self._signs = signs_of(catalogue, loans.names)
        self._params = params
        self._binned = booster.train_set(loans, params.booster)

    def columns(self, mask: Mask) -> Columns:
        """Return the names that the rows of `mask` choose, in the order of the catalogue."""
        params = self._params
        rows = self._binned.subset(np.flatnonzero(mask).tolist())
        share = np.zeros(len(self._names))
        for i in range(params.seeds):
            shape = replace(params.booster, seed=params.booster.seed + i)
            settings = booster.settings(self._signs, shape)
            with warnings.catch_warnings():
                # LightGBM says that the settings of the trees join those of the bins: as meant.
                warnings.filterwarnings("ignore", "Overriding the parameters from Reference")
                grown = train_booster(settings, rows, shape.max_trees)
            gain = np.asarray(grown.feature_importance("gain"), float)
            # A booster without a split has no gain at all, and 0 / 1 is 0.
            share += gain / (gain.sum() or 1.0)
        ranks = np.empty(len(share), np.int64)
        # A stable sort: many features have no gain, and their order must always be the same.
        ranks[np.argsort(-share, kind="stable")] = np.arange(1, len(share) + 1)
        stay = choice_mask(self._concepts, ranks, params)
        return tuple(name for name, stays in zip(self._names, stay, strict=True) if stays)


def _folds(loans: Dataset, split: SplitParams) -> list[tuple[Mask, Mask]]:
    """Return (fit, judge) of each forward fold inside the training months that can be judged.

    Raise ModelError where no fold has bads and goods on both sides.
    """
    folds = [
        (fit, judge)
        for fit, judge in rolling_origins(loans.month, split)
        if all(len(np.unique(loans.label[part])) == 2 for part in (fit, judge))
    ]
    if not folds:
        raise ModelError(
            "The rivals need a forward fold with bads and goods; "
            f"got {int(loans.label.sum())} bads in {len(loans.label)} training loans, "
            f"and {split.origins} folds with one class only. "
            "Use more applicants or more training months."
        )
    return folds


def _of_fold(fit: Mask, folds: list[tuple[Mask, Mask]], chosen: list[Columns]) -> Columns | None:
    """Return the columns of the fold with the same training rows; None where there is none."""
    for (mask, _), columns in zip(folds, chosen, strict=True):
        if np.array_equal(mask, fit):
            return columns
    return None


def _trees(loans: Dataset, fit: Mask, catalogue: Catalogue, params: PlainParams) -> int:
    """Return the number of trees that early stopping on the held-out months chooses."""
    import lightgbm as lgb

    shape = params.booster
    signs = signs_of(catalogue, loans.names)
    early = booster.train_set(loans.where(fit), shape)
    late = loans.where(~fit)
    weight = booster.weights(late, shape.max_weight)
    judge = lgb.Dataset(late.features, late.label, weight=weight, reference=early)
    history: dict[str, dict[str, list[float]]] = {}
    callbacks: list[Callable[..., Any]] = [
        lgb.early_stopping(params.patience, verbose=False),
        lgb.record_evaluation(history),
    ]
    train_booster(
        booster.settings(signs, shape),
        early,
        shape.max_trees,
        judge={"late": judge},
        callbacks=callbacks,
    )
    losses = np.array(history["late"][booster.LOSS])
    # Of equal losses the smallest forest, as in 613f9fa; it never has fewer than `min_trees`.
    return max(shape.min_trees, int(losses.argmin()) + 1)


def _plain(loans: Dataset, catalogue: Catalogue, trees: int, params: PlainParams) -> Rival:
    """Return the plain booster, refitted on all training months once per seed."""
    signs = signs_of(catalogue, loans.names)
    texts = [
        booster.boost(loans, signs, replace(params.booster, seed=seed), trees).model_to_string()
        for seed in params.seeds
    ]

    def margins(features: Floats) -> tuple[Floats, ...]:
        return tuple(booster.margins(text, features, params.booster.threads) for text in texts)

    record = {"trees": trees, "seeds": list(params.seeds), "columns": len(loans.names)}
    return Rival(PLAIN, loans.names, margins, record)


def _defaults(loans: Dataset, params: DefaultsParams) -> Rival:
    """Return LightGBM with its default shape: no signs, no tuning."""
    import lightgbm as lgb

    settings = {"objective": "binary", **shared_settings(params.threads, params.seed)}
    rows = lgb.Dataset(
        loans.features, loans.label, weight=booster.weights(loans, params.max_weight)
    )
    text = train_booster(settings, rows, params.trees).model_to_string()

    def margins(features: Floats) -> tuple[Floats, ...]:
        return (booster.margins(text, features, params.threads),)

    return Rival(
        DEFAULTS, loans.names, margins, {"trees": params.trees, "columns": len(loans.names)}
    )


def _ridge(
    loans: Dataset,
    final: Dataset,
    folds: list[tuple[tuple[Mask, Mask], Columns]],
    params: RidgeParams,
) -> Rival:
    """Return the ridge with the penalty of the least log-loss over the forward folds."""
    losses = dict.fromkeys(params.penalties, 0.0)
    for (fit, judge), columns in folds:
        rows = loans.with_features(columns)
        for penalty, loss in ridge_losses(rows.where(fit), rows.where(judge), params).items():
            losses[penalty] += loss / len(folds)
    fitted = refit_ridge(final, ridge.best_penalty(losses), params)
    record = {
        "penalty": fitted.penalty,
        "logloss_by_penalty": [[penalty, losses[penalty]] for penalty in sorted(losses)],
        "columns": len(final.names),
    }
    return Rival(RIDGE, final.names, lambda features: (fitted.margin(features),), record)


def ridge_losses(fit: Dataset, judge: Dataset, params: RidgeParams) -> dict[float, float]:
    """Return the log-loss on the judging rows by penalty; the design is that of the fitted rows."""
    design = ridge.design_of(fit, params)
    x = design.columns(fit.features)
    weight = booster.weights(fit, params.max_weight)
    x_judge = design.columns(judge.features)
    judge_weight = booster.weights(judge, params.max_weight)
    losses = {}
    for penalty, theta in ridge.penalty_path(x, fit.label, weight, params.penalties):
        p = expit(x_judge @ theta[:-1] + theta[-1])
        losses[penalty] = logloss(judge.label, p, judge_weight)
    return losses


def refit_ridge(loans: Dataset, penalty: float, params: RidgeParams) -> Ridge:
    """Return the ridge of one penalty on all these loans."""
    design = ridge.design_of(loans, params)
    x = design.columns(loans.features)
    theta = ridge.solve(x, loans.label, booster.weights(loans, params.max_weight), penalty)
    return Ridge(design=design, coef=theta[:-1], intercept=float(theta[-1]), penalty=penalty)
