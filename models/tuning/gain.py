"""What a search has gained against the given parameters, row by row, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.training.held_out import auc_or_nan
from creditloom.models.tuning.journal import TrialJournal, TrialRecord
from creditloom.models.tuning.judging import TrialJudge
from creditloom.models.tuning.search import best_of

# Draws of the rows: the ends of an interval are then known to a tenth of its width.
DRAWS = 300
# The interval leaves out so much at each end: it is one of 95 %.
TAIL = 0.025
# Smallest distance of a PD from 0 and 1, so that its logarithm is finite.
PD_MARGIN = 1e-12
# A parabola goes through three points whatever they are; fewer than twice that tell nothing.
LEAST_TRIALS = 6


@dataclass(frozen=True)
class GainInterval:
    """A gain and the ends of its 95 % interval; NaN where the rows hold one class only."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class PairedGain:
    """How much better one set of margins is than another on the same rows.

    n_rows, n_bads: rows judged. logloss: given less new. auc: new less given. Positive = better.
    """

    n_rows: int
    n_bads: int
    logloss: GainInterval
    auc: GainInterval

    @property
    def is_told(self) -> bool:
        """Return whether the gain in log-loss lies above what luck would show."""
        return self.logloss.low > 0


def gain_of_best(journal: TrialJournal, judge: TrialJudge, weight: Floats) -> PairedGain:
    """Return the gain of the best trial on the origins that chose it: it flatters the search."""
    best = best_of(journal.records)
    seen = np.logical_or.reduce(judge.origins)
    return paired_gain(journal.margins(0), journal.margins(best.ordinal), judge, weight, seen)


def gain_of_searching(
    journal: TrialJournal, judge: TrialJudge, weight: Floats
) -> PairedGain | None:
    """Return what the search gains on months that did not choose; None with one origin only.

    On each origin but the first the trial counts that was best on the origins before it. Which
    points were tried at all was guided by all origins: what is left of flattery comes from there.
    """
    origins = judge.origins
    given = journal.margins(0)
    margin = np.full(len(given), np.nan)
    for k in range(1, len(origins)):
        # Those given up early have no margins of this origin.
        judged_here = [record for record in journal.records if not record.is_given_up]
        # Of equal losses the first trial: the order in which they ended is no reason.
        before = min(judged_here, key=lambda record: (record.losses[k - 1], record.ordinal))
        margin[origins[k]] = journal.margins(before.ordinal)[origins[k]]
    if len(origins) < 2:
        return None
    return paired_gain(given, margin, judge, weight, np.logical_or.reduce(origins[1:]))


def paired_gain(
    given: Floats, new: Floats, judge: TrialJudge, weight: Floats, where: Mask
) -> PairedGain:
    """Return the gain of `new` on the rows `where`; margins and weights have the shape (n,)."""
    y = judge.rows.label[where]
    w = weight[where]
    one = given[where]
    other = new[where]
    difference = _row_losses(y, one) - _row_losses(y, other)
    # A seed of its own: the interval of the same margins is always the same.
    rng = np.random.default_rng(len(y))
    drawn = [_drawn(rng, y, w, (one, other), difference) for _ in range(DRAWS)]
    # A draw without a bad has no AUC.
    loss_ends, auc_ends = np.nanquantile(np.array(drawn), (TAIL, 1 - TAIL), axis=0).T.tolist()
    loss_gain = float(np.average(difference, weights=w))
    auc_gain = auc_or_nan(y, other, w) - auc_or_nan(y, one, w)
    return PairedGain(
        n_rows=len(y),
        n_bads=int(y.sum()),
        logloss=GainInterval(loss_gain, *loss_ends),
        auc=GainInterval(auc_gain, *auc_ends),
    )


def importances(records: Sequence[TrialRecord]) -> dict[str, float]:
    """Return by setting the share of the losses' spread that a curve of it alone explains.

    The share is in [0, 1]: R2 of the ranks of the losses on a parabola of the value's logarithm, so
    that a best value in the middle counts. Only trials to the end are taken. {} with few of them.
    """
    full = [record for record in records if not record.is_given_up]
    if len(full) < LEAST_TRIALS:
        return {}
    # Ranks: a few trials far off would decide everything else.
    order = np.argsort([record.loss for record in full], kind="stable")
    ranks = np.empty(len(full))
    ranks[order] = np.arange(len(full))
    out = {}
    for path in full[0].point:
        value = np.log([record.point[path] for record in full])
        design = np.stack([np.ones(len(full)), value, value**2], axis=1)
        fitted = design @ np.linalg.lstsq(design, ranks, rcond=None)[0]
        out[path] = round(float(1 - np.var(ranks - fitted) / np.var(ranks)), 3)
    return dict(sorted(out.items(), key=lambda item: -item[1]))


def _row_losses(y: Floats, margin: Floats) -> Floats:
    # Without the clip a wrong PD of 0 or 1 would have an infinite loss.
    p = np.clip(expit(margin), PD_MARGIN, 1.0 - PD_MARGIN)
    return np.asarray(-(y * np.log(p) + (1.0 - y) * np.log1p(-p)))


def _drawn(
    rng: np.random.Generator,
    y: Floats,
    w: Floats,
    margins: tuple[Floats, Floats],
    difference: Floats,
) -> tuple[float, float]:
    """Return the gains in log-loss and AUC of one draw of the rows, the same for both margins."""
    rows = rng.integers(0, len(y), len(y))
    loss = float(np.average(difference[rows], weights=w[rows]))
    given, new = (auc_or_nan(y[rows], margin[rows], w[rows]) for margin in margins)
    return loss, new - given
