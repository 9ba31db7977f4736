"""Claims about the twelve filters FR01-FR12, from what they asked for on every application."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from creditloom.models.evaluation.world_claims.claim_sample import ClaimFigure, ClaimSample

FILTERS = tuple(f"FR{number:02d}" for number in range(1, 13))


def _fired(decisions: pd.DataFrame) -> dict[str, pd.Series]:
    """Return, by filter, the `is_fraud` of the applications on which it fires."""
    actions = decisions["actions"].fillna("")
    return {code: decisions["is_fraud"][actions.str.contains(code)] for code in FILTERS}


def _least(world: ClaimSample, of_filter: Callable[[pd.Series], float]) -> ClaimFigure | None:
    """Return the least figure of the twelve filters; None where nothing was decided."""
    if world.decisions is None:
        return None
    figures = [of_filter(frauds) for frauds in _fired(world.decisions).values()]
    return ClaimFigure(float(min(figures)), len(world.decisions))


def filters_fire(world: ClaimSample) -> ClaimFigure | None:
    """Return the share of applications on which the rarest filter fires."""
    n = 0 if world.decisions is None else len(world.decisions)
    return _least(world, lambda frauds: len(frauds) / n)


def filters_precise(world: ClaimSample) -> ClaimFigure | None:
    """Return the share of frauds where a filter fires over that of all, the least of twelve.

    A filter that never fires counts as 0.
    """
    base = np.nan if world.decisions is None else float(world.decisions["is_fraud"].mean())
    return _least(world, lambda frauds: float(frauds.mean()) / base if len(frauds) else 0.0)


def filters_honest(world: ClaimSample) -> ClaimFigure | None:
    """Return the number of honest applications on which a filter fires, the least of twelve."""
    return _least(world, lambda frauds: float((~frauds).sum()))


def fr10_precision(world: ClaimSample) -> ClaimFigure | None:
    """Return the share of frauds among those on whom FR10 fires; 0 where it never does."""
    if world.decisions is None:
        return None
    frauds = _fired(world.decisions)["FR10"]
    return ClaimFigure(float(frauds.mean()) if len(frauds) else 0.0, len(frauds))
