"""Hold the model against its rivals on the out-of-time months: who ranks better, by how much.

It makes the block `duels` of metrics.json. Every comparison is paired: both rank the same people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from creditloom.models.evaluation.cohort import Cohort, KnownOutcomes, pd_of
from creditloom.models.evaluation.rivals.paired import (
    DeLong,
    Scores,
    delong,
    interval,
    paired_draws,
)
from creditloom.models.evaluation.rivals.reachable_gini import ReachableLimits
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.metrics import auc

# On whom two rankings are compared: everyone who applied, or booked loans alone.
DOOR = "door"
BOOKED = "booked"
# What an interval of a difference says.
AHEAD = "ahead"
LEVEL = "level"
BEHIND = "behind"


@dataclass(frozen=True)
class Luck:
    """How the luck of the applicants is drawn: number of draws, and the seed."""

    draws: int
    seed: int


@dataclass(frozen=True)
class ShareDelta:
    """Difference of two shares of the reachable Gini on the true PD, with its 95 % interval."""

    delta: float
    low: float
    high: float


def duels(
    cohort: Cohort,
    rivals: Mapping[str, Scores],
    limits: ReachableLimits | None,
    luck: Luck,
) -> list[dict[str, Any]]:
    """Return one entry per rival and sample (door, booked): AUC of both, difference, interval, p.

    rivals: scores of each, one per training seed and row of the cohort; a row without a score is
    left out of its duel. The door is weighted to everyone who applied; booked loans count once.
    share_delta is null without truth, and on booked loans.
    """
    plain = cohort.observed
    booked = KnownOutcomes(rows=plain.rows, y=plain.y, weight=np.ones(len(plain.y)))
    entries = []
    for name, scores in rivals.items():
        has_score = _has_score(scores)
        share = _share_delta(cohort, scores, has_score, limits, luck)
        door = _with(cohort.door, has_score)
        entries.append(_duel(name, DOOR, cohort, scores, door, share, luck))
        entries.append(_duel(name, BOOKED, cohort, scores, _with(booked, has_score), None, luck))
    return entries


def _has_score(scores: Scores) -> Mask:
    """Return which rows every score of a ranking knows."""
    known: Mask = np.ones(len(scores[0]), np.bool_)
    for score in scores:
        known &= ~np.isnan(score)
    return known


def leak(cohort: Cohort, luck: Luck) -> dict[str, float] | None:
    """Return how far the AUC lies above that of the true PD, with its 95 % interval; None without.

    On drawn outcomes nobody ranks better than the true PD but by luck. A model that does has seen
    the outcome: a column leaks.
    """
    if cohort.truth is None:
        return None
    outcomes = cohort.door
    pd_true = pd_of(cohort.truth, "pd_true")[outcomes.rows]
    rankings = {"model": (cohort.pd[outcomes.rows],), "true": (pd_true,)}
    drawn = paired_draws(outcomes.y, outcomes.weight, rankings, luck.draws, luck.seed)
    low, high = interval(drawn["model"] - drawn["true"])
    delta = auc(outcomes.y, cohort.pd[outcomes.rows]) - auc(outcomes.y, pd_true)
    return {"auc_delta": delta, "low": low, "high": high}


def _with(outcomes: KnownOutcomes, has_score: Mask) -> KnownOutcomes:
    """Return the outcomes of the rows that the rival ranks."""
    kept = has_score[outcomes.rows]
    return KnownOutcomes(outcomes.rows[kept], outcomes.y[kept], outcomes.weight[kept])


def _duel(
    name: str,
    sample: str,
    cohort: Cohort,
    scores: Scores,
    outcomes: KnownOutcomes,
    share: ShareDelta | None,
    luck: Luck,
) -> dict[str, Any]:
    """Return the entry of one rival on one sample."""
    ours = (cohort.pd[outcomes.rows],)
    theirs = tuple(score[outcomes.rows] for score in scores)
    test = delong(outcomes.y, ours, theirs, outcomes.weight)
    rankings = {"model": ours, "rival": theirs}
    drawn = paired_draws(outcomes.y, outcomes.weight, rankings, luck.draws, luck.seed)
    low, high = interval(drawn["model"] - drawn["rival"])
    edges = (low, high) if share is None else (share.low, share.high)
    # table: key -> what metrics.json shows
    return {
        "id": f"{name}_{sample}",
        "rival": name,
        "sample": sample,
        "n": len(outcomes.y),
        "bads": int(outcomes.y.sum()),
        **_auc_figures(test, low, high),
        "share_delta": None if share is None else share.delta,
        "share_low": None if share is None else share.low,
        "share_high": None if share is None else share.high,
        "verdict": verdict(*edges),
    }


def _auc_figures(test: DeLong, low: float, high: float) -> dict[str, float]:
    """Return the figures of the AUC by key. auc_delta: model less rival."""
    return {
        "auc": test.auc,
        "rival_auc": test.rival_auc,
        "auc_delta": test.delta,
        "low": low,
        "high": high,
        "se_delong": test.se,
        "p_delong": test.p_value,
    }


def verdict(low: float, high: float) -> str:
    """Return who wins by the interval of model less rival.

    >>> verdict(0.01, 0.02), verdict(-0.01, 0.02), verdict(-0.02, -0.01)
    ('ahead', 'level', 'behind')
    """
    if low > 0:
        return AHEAD
    return BEHIND if high < 0 else LEVEL


def _share_delta(
    cohort: Cohort,
    scores: Scores,
    has_score: Mask,
    limits: ReachableLimits | None,
    luck: Luck,
) -> ShareDelta | None:
    """Return the difference in shares of the reachable Gini; None without truth.

    The Gini counts each applicant as pd bad and 1 - pd good, so only who applied is luck.
    """
    if limits is None or cohort.truth is None:
        return None
    pd_true: Floats = pd_of(cohort.truth, "pd_true")[has_score]
    ones = np.ones(len(pd_true))
    rankings = {
        "model": (cohort.pd[has_score],),
        "rival": tuple(score[has_score] for score in scores),
    }
    # A Gini is 2 AUC - 1, so the difference of two is twice that of the AUCs.
    scale = 2 / limits.gini_reachable
    drawn = paired_draws(pd_true, ones, rankings, luck.draws, luck.seed)
    low, high = interval(scale * (drawn["model"] - drawn["rival"]))
    whole = {name: _mean_auc(pd_true, one) for name, one in rankings.items()}
    return ShareDelta(scale * (whole["model"] - whole["rival"]), low, high)


def _mean_auc(y: Floats, scores: Scores) -> float:
    return float(np.mean([auc(y, score) for score in scores]))
