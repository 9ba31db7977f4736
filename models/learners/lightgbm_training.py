"""Trains LightGBM for this room, with the settings that every booster shares."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import lightgbm

# By default LightGBM's threads spin while they wait. On shared cores that is 1.5 times slower
# (design 8). OpenMP reads the setting when LightGBM is loaded, so it is set before any import of
# LightGBM.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# Column-wise histograms and `deterministic` add in one fixed order. The same rows, settings and
# number of threads then give the same trees to the bit. Without `force_col_wise` LightGBM would
# time both orders on each run and take the faster one.
REPRODUCIBLE = {"deterministic": True, "force_col_wise": True, "verbosity": -1}


def shared_settings(threads: int, seed: int) -> dict[str, Any]:
    """Return the settings of every booster: threads, seed, and what makes a run repeatable."""
    return {"num_threads": threads, "seed": seed, **REPRODUCIBLE}


def train_booster(
    settings: Mapping[str, Any],
    rows: lightgbm.Dataset,
    trees: int,
    *,
    judge: Mapping[str, lightgbm.Dataset] | None = None,
    callbacks: Sequence[Callable[..., Any]] = (),
) -> lightgbm.Booster:
    """Return a booster of at most `trees` rounds on `rows`.

    settings: those of `shared_settings` and the caller's own.
    judge: data sets by name; LightGBM records the loss on them after each round.
    callbacks: LightGBM callbacks, which may record or stop the training.
    """
    import lightgbm as lgb

    # A copy, because LightGBM writes into the settings that it gets.
    return lgb.train(
        dict(settings),
        rows,
        num_boost_round=trees,
        valid_sets=list(judge.values()) if judge else None,
        valid_names=list(judge) if judge else None,
        callbacks=list(callbacks) or None,
    )
