"""The one place where this room trains LightGBM, with the settings that every booster shares."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import lightgbm

# LightGBM's threads spin while they wait, which is 1.5 times slower on shared cores (design 8).
# OpenMP reads this when LightGBM loads, so it is set before any import of it.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# Column-wise histograms and `deterministic` add in one fixed order: the same rows, settings and
# number of threads give the same trees to the bit. `force_col_wise` also spares a timing test,
# whose result would choose the order anew on each run.
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

    settings: those of `shared_settings` with what the caller adds.
    judge: rows by name whose loss LightGBM records after each round.
    callbacks: what may record or end the growth.
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
