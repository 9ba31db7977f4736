"""Judges a contest: figures of each contestant, paired differences, and the bars.

A paired difference is the mean over the judged rows of (log-loss of ours - log-loss of the rival).
A negative one is a win of ours. Its standard error comes from the same differences of the rows, and
rows of one person count as one. Within two standard errors it is a tie.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from creditloom.models.calibration.calibration_tests import slope_intercept
from creditloom.models.fit.training_table import Labels
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.metrics import (
    PROBABILITY_MARGIN,
    auc,
    brier,
    ece,
    ks,
    logit,
    logloss,
)
from creditloom.pipeline.proof.bench_tables.bench_table import BenchTable
from creditloom.pipeline.proof.bench_tables.contest import Contest
from creditloom.pipeline.proof.bench_tables.contestants import EARLIER, OURS

# Standard errors within which a difference is a tie, and a slope is that of a calibrated PD.
TIE_ERRORS = 2.0
# The bars: share of tables with a win or a tie beside each rival, and beside our earlier learner;
# the largest mean difference that is no tie (log-loss); how far our mean calibration error may lie
# above the lowest one (a probability).
LEAST_SHARE = 0.8
LEAST_SHARE_BESIDE_EARLIER = 1.0
WORST_DIFFERENCE = 0.003
CALIBRATION_MARGIN = 0.002
# With so many bads the slope itself must lie in this interval, whatever its standard error.
MANY_BADS = 1_000
SLOPE_INTERVAL = (0.93, 1.07)

Outcome = Literal["win", "tie", "loss"]


@dataclass(frozen=True)
class Figures:
    """Held-out figures of one contestant on one table.

    auc, ks: means over the folds. level_error: |mean PD / bad rate - 1|. ece: ten bins of equal
    size. slope, slope_error: of the outcome on the log-odds of the PD. cpu_seconds: of all folds.
    """

    log_loss: float
    auc: float
    ks: float
    brier: float
    ece: float
    level_error: float
    slope: float
    slope_error: float
    cpu_seconds: float


@dataclass(frozen=True)
class Pairing:
    """Ours beside one rival on one table."""

    table: str
    rival: str
    difference: float
    error: float
    ratio: float

    @property
    def outcome(self) -> Outcome:
        """Return what the difference means for ours."""
        if abs(self.difference) <= TIE_ERRORS * self.error:
            return "tie"
        return "win" if self.difference < 0 else "loss"


@dataclass(frozen=True)
class TableVerdict:
    """All figures of one table.

    reachable: log-loss of the true PD on the judged rows; None for real people.
    """

    table: str
    rows: int
    bads: int
    columns: int
    reachable: float | None
    figures: Mapping[str, Figures]
    pairings: tuple[Pairing, ...]


@dataclass(frozen=True)
class BarVerdict:
    """One bar: what it asks for, what was found, and whether it is met.

    is_met: None for what is only told.
    """

    bar: str
    found: str
    is_met: bool | None


# --- One table ---


def judged(contest: Contest) -> TableVerdict:
    """Return figures and pairings of one table."""
    losses = {name: row_losses(contest, name) for name in contest.told}
    is_judged = ~np.isnan(losses[OURS])
    table = contest.table
    group = np.arange(len(table.label)) if table.group is None else table.group
    rivals = [name for name in contest.told if name != OURS]
    kept = {name: losses[name][is_judged] for name in contest.told}
    persons = group[is_judged]
    pairings = [paired((table.name, name), kept[OURS], kept[name], persons) for name in rivals]
    label = table.label[is_judged]
    figures = {name: _figures(contest, name) for name in contest.told}
    return TableVerdict(
        table=table.name,
        rows=len(label),
        bads=int(label.sum()),
        columns=table.frame.shape[1],
        reachable=_reachable(table, is_judged),
        figures=figures,
        pairings=tuple(pairings),
    )


def row_losses(contest: Contest, name: str) -> Floats:
    """Return the mean log-loss of each row over the repeats; NaN for a row that is never judged."""
    total = np.zeros(len(contest.table.label))
    times = np.zeros(len(total))
    for fold, told in zip(contest.folds, contest.told[name], strict=True):
        total[fold.test] += _losses(contest.table.label[fold.test], told.pd)
        times[fold.test] += 1
    return np.divide(total, times, out=np.full(len(total), np.nan), where=times > 0)


def paired(
    names: tuple[str, str], ours: Floats, theirs: Floats, group: NDArray[np.int64]
) -> Pairing:
    """Return the paired difference of the log-losses of rows; names: of table and rival.

    The standard error is sqrt(sum over persons of (sum of centred differences)^2) / rows. With one
    row per person this is sqrt(variance / rows).
    """
    difference = ours - theirs
    centred = difference - difference.mean()
    _, person = np.unique(group, return_inverse=True)
    by_person = np.bincount(person, centred)
    error = np.sqrt(np.sum(by_person**2)) / len(difference)
    return Pairing(
        table=names[0],
        rival=names[1],
        difference=float(difference.mean()),
        error=float(error),
        ratio=float(ours.mean() / theirs.mean()),
    )


def _losses(label: Labels, pd: Floats) -> Floats:
    # Without the clip one wrong PD of 0 or 1 would make all sums infinite.
    p = np.clip(pd, PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN)
    return np.asarray(-np.where(label == 1, np.log(p), np.log1p(-p)))


def _reachable(table: BenchTable, is_judged: Mask) -> float | None:
    if table.true_pd is None:
        return None
    return logloss(table.label[is_judged], table.true_pd[is_judged])


def _figures(contest: Contest, name: str) -> Figures:
    repeats = [_pooled_figures(y, p) for y, p in _repeats(contest, name)]
    pooled = {key: float(np.mean([one[key] for one in repeats])) for key in repeats[0]}
    folds = [
        (contest.table.label[fold.test], told.pd)
        for fold, told in zip(contest.folds, contest.told[name], strict=True)
    ]
    mean_auc = np.mean([auc(y, p) for y, p in folds])
    mean_ks = np.mean([ks(y, p) for y, p in folds])
    return Figures(
        auc=float(mean_auc),
        ks=float(mean_ks),
        cpu_seconds=contest.cpu_seconds(name),
        **pooled,
    )


def _repeats(contest: Contest, name: str) -> Iterable[tuple[Floats, Floats]]:
    """Yield labels and PDs of all judged rows, for each repeat."""
    size = contest.folds_of_repeat
    for start in range(0, len(contest.folds), size):
        folds = contest.folds[start : start + size]
        labels = [contest.table.label[fold.test].astype(float) for fold in folds]
        told = contest.told[name][start : start + size]
        yield np.concatenate(labels), np.concatenate([one.pd for one in told])


def _pooled_figures(y: Floats, p: Floats) -> dict[str, float]:
    slope, error = slope_with_error(y, p)
    return {
        "log_loss": logloss(y, p),
        "brier": brier(y, p),
        "ece": ece(y, p),
        "level_error": float(abs(p.mean() / y.mean() - 1)),
        "slope": slope,
        "slope_error": error,
    }


def slope_with_error(y: Floats, p: Floats) -> tuple[float, float]:
    """Return the slope of y on logit(p), and its standard error by the information matrix."""
    slope, intercept = slope_intercept(y, p)
    margin = logit(p)
    fitted = expit(slope * margin + intercept)
    x = np.column_stack([margin, np.ones(len(margin))])
    information = (x * (fitted * (1 - fitted))[:, None]).T @ x
    return slope, float(np.sqrt(np.linalg.inv(information)[0, 0]))


# --- All tables ---


def bars(verdicts: Sequence[TableVerdict]) -> tuple[BarVerdict, ...]:
    """Return the bars, each with what was found."""
    pairings = [pairing for one in verdicts for pairing in one.pairings]
    rivals = list(dict.fromkeys(pairing.rival for pairing in pairings))
    shares = [_share_bar([one for one in pairings if one.rival == rival]) for rival in rivals]
    ratios = [_ratio_bar([one for one in pairings if one.rival == rival]) for rival in rivals]
    worst = [_worst_bar(pairings)] if pairings else []
    # Stratified folds have one bad rate: every learner meets it, and better than the true PD does.
    # So the error of the level is told, and that of the bins is judged.
    level = replace(_calibration_bar(verdicts, "level_error"), is_met=None)
    errors = [_calibration_bar(verdicts, "ece"), level]
    return (*shares, *ratios, *worst, *errors, _slope_bar(verdicts))


def _share_bar(pairings: Sequence[Pairing]) -> BarVerdict:
    counts = {name: sum(one.outcome == name for one in pairings) for name in ("win", "tie", "loss")}
    share = 1 - counts["loss"] / len(pairings)
    rival = pairings[0].rival
    least = LEAST_SHARE_BESIDE_EARLIER if rival == EARLIER else LEAST_SHARE
    lost = ", ".join(one.table for one in pairings if one.outcome == "loss")
    found = f"{share:.0%}: {counts['win']} wins, {counts['tie']} ties, {counts['loss']} losses"
    return BarVerdict(
        bar=f"wins or ties beside {rival} on {least:.0%} of the tables",
        found=f"{found} ({lost})" if lost else found,
        is_met=share >= least,
    )


def _ratio_bar(pairings: Sequence[Pairing]) -> BarVerdict:
    """Judge the mean ratio beside our earlier learner; beside others it is told."""
    rival = pairings[0].rival
    ratio = float(np.mean([one.ratio for one in pairings]))
    return BarVerdict(
        bar=f"mean ratio of log-loss to {rival} below 1",
        found=f"{ratio:.4f}",
        is_met=ratio < 1 if rival == EARLIER else None,
    )


def _worst_bar(pairings: Sequence[Pairing]) -> BarVerdict:
    """Judge the largest loss that is no tie; where there is none, show the largest difference."""
    losses = [one for one in pairings if one.outcome == "loss"] or pairings
    worst = max(losses, key=lambda one: one.difference)
    is_met = worst.outcome != "loss" or worst.difference <= WORST_DIFFERENCE
    figures = f"{worst.difference:+.4f} (error {worst.error:.4f})"
    return BarVerdict(
        bar=f"worst paired difference at most {WORST_DIFFERENCE:g} or {TIE_ERRORS:g} errors",
        found=f"{figures}, {worst.table}, {worst.rival}",
        is_met=is_met,
    )


def _calibration_bar(verdicts: Sequence[TableVerdict], key: str) -> BarVerdict:
    means = {
        name: float(np.mean([getattr(one.figures[name], key) for one in verdicts]))
        for name in verdicts[0].figures
    }
    best = min(means, key=lambda name: means[name])
    own = means[OURS]
    return BarVerdict(
        bar=f"mean {key} lowest or within {CALIBRATION_MARGIN:g}",
        found=f"{own:.4f}, lowest {means[best]:.4f} ({best})",
        is_met=own <= means[best] + CALIBRATION_MARGIN,
    )


def _slope_bar(verdicts: Sequence[TableVerdict]) -> BarVerdict:
    off = []
    for verdict in verdicts:
        own = verdict.figures[OURS]
        if not is_slope_near_1(own, verdict.bads):
            off.append(f"{verdict.table} {own.slope:.3f} (error {own.slope_error:.3f})")
    low, high = SLOPE_INTERVAL
    everywhere = f"on all {len(verdicts)} tables"
    return BarVerdict(
        bar=f"slope within {TIE_ERRORS:g} errors of 1; {low:g}-{high:g} from {MANY_BADS:,} bads",
        found=", ".join(off) or everywhere,
        is_met=not off,
    )


def is_slope_near_1(figures: Figures, bads: int) -> bool:
    """Return whether the calibration slope is that of a calibrated PD."""
    low, high = SLOPE_INTERVAL
    is_near = abs(figures.slope - 1) <= TIE_ERRORS * figures.slope_error
    return is_near and (bads < MANY_BADS or low <= figures.slope <= high)
