"""Fit the rivals of the model that nothing else fits: the plain booster of 613f9fa, LightGBM's own.

Each chooses its columns again inside each of its folds, on months before those that judge. So no
label that judges a choice has helped to make it. Everything that a rival is made with lies in
rivals.yaml. None of them uses reject inference, a stack or the truth. The ridge is the challenger
that `train` fits: it learns from all that the model learns from, by the same nested folds.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.learners import booster
from creditloom.models.learners.booster import (
    BoosterParams,
    shared_settings,
    signs_of,
    train_booster,
)
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.split import (
    SplitParams,
    inner_split,
    known_day,
    month_index,
    rolling_origins,
)
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


def complete_windows(loans: Dataset, split: SplitParams) -> tuple[Dataset, SplitParams]:
    """Return the loans of vintages that were complete on the day of the split, and a split of them.

    A textbook model learns from whole windows alone. Without a day all of the file is known, and
    the calibration months are left out, as at 613f9fa.
    """
    day = known_day(split)
    months = split.train_months
    if day is not None:
        months = int(month_index(day, split)) - split.performance_months
    return loans.where(loans.month < months), inner_split(split, months)


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
    # The months of the last origin stop the trees.
    late_fit = rolling_origins(loans.month, split)[-1][0]
    of_late = _of_fold(late_fit, folds, chosen) or ranking.columns(late_fit)
    trees = _trees(loans.with_features(of_late), late_fit, catalogue, params.plain)
    return (
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
        self._binned = booster.train_set(loans, params.booster, {})

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
    settings = booster.settings(signs, shape)
    early = booster.train_set(loans.where(fit), shape, settings)
    late = loans.where(~fit)
    weight = booster.weights(late, shape.max_weight)
    judge = lgb.Dataset(late.features, late.label, weight=weight, reference=early)
    history: dict[str, dict[str, list[float]]] = {}
    callbacks: list[Callable[..., Any]] = [
        lgb.early_stopping(params.patience, verbose=False),
        lgb.record_evaluation(history),
    ]
    train_booster(
        settings,
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
