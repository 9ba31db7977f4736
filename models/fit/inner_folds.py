"""The folds inside a training table, on which everything is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from creditloom.models.fit.columns import dataset_of, prepared
from creditloom.models.fit.fit_params import FitParams
from creditloom.models.fit.training_table import TrainingTable, fold_masks
from creditloom.models.sample.errors import ModelError
from creditloom.models.stacking.procedure import Fold

# Folds without which nothing can be chosen on held-out rows.
MIN_FOLDS = 2


def folds_allowed(table: TrainingTable, params: FitParams) -> tuple[int, int]:
    """Return (folds inside a training table, how many are held out): one per bad or good at most.

    Raise ModelError where not even two folds can hold a bad and a good each.
    """
    bads = int(table.label.sum())
    folds, used = params.folds_inside(len(table.label), bads)
    rarer = min(bads, len(table.label) - bads)
    groups = len(table.label) if table.group is None else len(np.unique(table.group))
    most = min(folds, rarer, groups)
    if most < MIN_FOLDS:
        raise ModelError(
            f"Too few outcomes to fit a model: expected at least {MIN_FOLDS} bads, {MIN_FOLDS} "
            f"goods and {MIN_FOLDS} borrowers, got {bads} bads among {len(table.label)} rows of "
            f"{groups} borrowers. Give more labelled rows."
        )
    return most, min(used, most)


def inner_folds(table: TrainingTable, params: FitParams) -> Iterator[Fold]:
    """Yield the folds inside a training table, each encoded from its own rows alone."""
    folds, used = folds_allowed(table, params)
    for mask in islice(fold_masks(table.label, folds, params.seed, table.group), used):
        train = table.where(~mask)
        _refuse_one_class(train, table)
        encoded, _ = prepared(train, params)
        held_out = encoded.encoding.apply(table.frame[mask])
        yield Fold(dataset_of(encoded, train), encoded.signs, held_out, mask)


def _refuse_one_class(train: TrainingTable, table: TrainingTable) -> None:
    """Raise ModelError where a fold leaves one class to learn from: groups may do that."""
    bads = int(train.label.sum())
    if bads in (0, len(train.label)):
        raise ModelError(
            f"A fold leaves {bads} bads among {len(train.label)} rows to learn from, of "
            f"{int(table.label.sum())} bads in all: expected bads and goods. Rows of one group "
            "stay together; state groups that share the bads among more of them."
        )
