"""Compare the ways of reject inference: by the truth of everyone, and by what a lender sees.

Each way fits the same plain booster on the same months. It is judged on applicants of later months.
A lender sees outcomes of the control band: booked at random though the incumbent refused them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from creditloom.models.learners.booster import BoosterParams, boost
from creditloom.models.rejects.control_band import BookedSample, thinned
from creditloom.models.rejects.known_applicants import KnownApplicants
from creditloom.models.rejects.ranking_draws import (
    GiniDifference,
    JudgedApplicants,
    differences,
)
from creditloom.models.rejects.reject_params import RejectParams, WayName
from creditloom.models.rejects.teacher import Teacher
from creditloom.models.rejects.ways import WAYS, inferred_rows
from creditloom.models.sample.arrays import Floats

REFERENCE: WayName = "none"


@dataclass(frozen=True)
class JudgedBy:
    """Later applicants who judge.

    features: of all of them, in the order of the model. by: groups of judges by name.
    """

    features: Floats
    by: Mapping[str, JudgedApplicants]


@dataclass(frozen=True)
class ComparisonParams:
    """How the ways are compared.

    shares: of the control band. seeds: of the training. draws: of the applicants. trees: of the
    judged booster, the same for every way.
    """

    shares: tuple[float, ...]
    seeds: int
    draws: int
    trees: int


@dataclass(frozen=True)
class WayFigures:
    """Figures of one way at one share of the control band.

    factor: mean over the seeds; null where the way has none. rows, bads: that were fitted on, by
    weight. ginis: by group of judges. pd_ratio: by group, mean PD of the model over mean outcome.
    """

    way: WayName
    factor: float | None
    rows: float
    bads: float
    ginis: Mapping[str, GiniDifference]
    pd_ratio: Mapping[str, float]


@dataclass(frozen=True)
class BandFigures:
    """All ways at one share of the control band; control_loans, control_bads: in the training."""

    share: float
    loans: int
    control_loans: int
    control_bads: int
    ways: tuple[WayFigures, ...]

    def best(self, group: str) -> WayName:
        """Return the way with the largest Gini among those above `none` beyond their interval."""
        above = [way for way in self.ways if way.ginis[group].is_above]
        if not above:
            return REFERENCE
        return max(above, key=lambda way: way.ginis[group].gini).way


def compare(
    sample: BookedSample,
    signs: tuple[int, ...],
    judges: JudgedBy,
    booster: BoosterParams,
    reject: RejectParams,
    params: ComparisonParams,
    show_progress: Callable[[str], None],
) -> list[BandFigures]:
    """Return the figures of all ways at each share of the control band, in the order of `shares`.

    Raise ModelError where a share is larger than the band that was booked.
    """
    task = _Task(booster, reject, params, show_progress)
    return [
        _of_band(thinned(sample, share, reject.seed), share, signs, judges, task)
        for share in params.shares
    ]


@dataclass(frozen=True)
class _Task:
    booster: BoosterParams
    reject: RejectParams
    params: ComparisonParams
    show_progress: Callable[[str], None]


@dataclass(frozen=True)
class _Fitted:
    """What one way has made: margins of shape (seeds, n), and of its rows the mean figures."""

    margins: Floats
    factor: float | None
    rows: float
    bads: float


def _of_band(
    sample: BookedSample, share: float, signs: tuple[int, ...], judges: JudgedBy, task: _Task
) -> BandFigures:
    known = KnownApplicants.of(sample.loans, signs, sample.applicants)
    fitted: dict[str, _Fitted] = {}
    for way in WAYS:
        fitted[way] = _fit(way, known, judges.features, task)
        task.show_progress(f"control band {share:.0%}: {way}")
    margins = {way: one.margins for way, one in fitted.items()}
    ginis = {
        group: differences(judged, margins, task.params.draws, task.reject.seed)
        for group, judged in judges.by.items()
    }
    labels = known.loans.label
    return BandFigures(
        share=share,
        loans=len(labels),
        control_loans=int(known.is_control.sum()),
        control_bads=int(labels[known.is_control].sum()),
        ways=tuple(_way_figures(way, fitted[way], ginis, judges) for way in WAYS),
    )


def _way_figures(
    way: WayName,
    fitted: _Fitted,
    ginis: Mapping[str, Mapping[str, GiniDifference]],
    judges: JudgedBy,
) -> WayFigures:
    """Return the figures of one way; ginis: by group of judges, of all ways."""
    pd_ratio = {group: _pd_ratio(fitted.margins, judged) for group, judged in judges.by.items()}
    return WayFigures(
        way=way,
        factor=fitted.factor,
        rows=fitted.rows,
        bads=fitted.bads,
        ginis={group: of_ways[way] for group, of_ways in ginis.items()},
        pd_ratio=pd_ratio,
    )


def _fit(way: WayName, known: KnownApplicants, features: Floats, task: _Task) -> _Fitted:
    """Return the margins of the judged rows by boosters on what this way makes of the loans."""
    margins = []
    factors = []
    for seed in range(1, task.params.seeds + 1):
        # The teacher and the drawn labels change with the seed, too: they are part of the luck.
        reject = replace(task.reject, way=way, seed=seed)
        settings = replace(task.booster, seed=seed)
        inferred = inferred_rows(known, Teacher(settings, reject))
        rows = replace(inferred.rows, names=tuple(f"f{k}" for k in range(len(known.signs))))
        # The way has clipped the weights. The booster must not clip them again.
        unclipped = replace(settings, max_weight=np.inf)
        grown = boost(rows, known.signs, unclipped, task.params.trees)
        margins.append(np.asarray(grown.predict(features, raw_score=True, num_threads=1)))
        factors.append(inferred.factor)
    known_factors = [factor for factor in factors if factor is not None]
    return _Fitted(
        margins=np.array(margins),
        factor=float(np.mean(known_factors)) if known_factors else None,
        rows=float(rows.weight.sum()),
        bads=float(rows.weight @ rows.label),
    )


def _pd_ratio(margins: Floats, judged: JudgedApplicants) -> float:
    """Return mean PD over mean outcome, before any calibration."""
    mean_pd = np.mean(
        [np.average(expit(one[judged.rows]), weights=judged.weight) for one in margins]
    )
    return float(mean_pd / np.average(judged.y, weights=judged.weight))
