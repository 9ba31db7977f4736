"""Figures of held-out PDs with their intervals: rows, or borrowers, are drawn again and again.

The models stay as they are. So an interval tells the luck of the rows that are judged, and not that
of the rows that were learnt from; the spread over the folds tells some of that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from creditloom.models.calibration.calibration_tests import slope_intercept
from creditloom.models.calibration.level import effective
from creditloom.models.evaluation.figures import METRICS, JudgedSample, Metric
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import PROBABILITY_MARGIN, logit

# table: figure -> its name
LABELS = {metric.keys["fit"]: metric.name for metric in METRICS if "fit" in metric.keys}
FIGURES = tuple(LABELS)
# Draws of an interval: its ends are then known to a tenth of its width. Of many rows the interval
# is narrow, and a draw takes long.
DRAWS = 300
FEWER_DRAWS = 120
MANY_ROWS = 20_000
# The interval leaves out so much at each end: it is one of 95 %.
TAIL = 0.025
# Share of the draws that must have a figure: in the others all bads, or all goods, were missed.
LEAST_DRAWN = 0.95
# With fewer bads or goods the drawn samples say nothing of samples that could have been.
LEAST_OUTCOMES = 5
# With fewer bads or goods an AUC is known to about .05 only.
FEW_OUTCOMES = 100
# Bins of the expected calibration error, as of `metrics.ece`.
BINS = 10
# A maximum of distances, and a sum of them, grow by any noise. A draw has the noise of the sample
# and its own, so its figure lies above that of the sample: the interval is moved back by that.
GROWING = ("ks", "ece")
# Newton's steps for the slope of a draw: it begins at the slope of all rows, which is near, and
# a step shorter than this leaves an error of its square.
SHORT_STEP = 0.03
MAX_STEPS = 8
# Decimals of a figure that is told.
MAX_DECIMALS = 4
NO_INTERVAL = "too few bads or goods"


@dataclass(frozen=True)
class Figure:
    """A figure of a sample, and the 95 % interval of its luck.

    value: null where it is not defined, as a slope of PDs that separate. low, high: null where the
    sample holds too few bads or goods.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def decimals(self) -> int:
        """Return how many decimals the figure bears: the last one is a tenth of the half width.

        >>> Figure(0.75, 0.65, 0.85).decimals, Figure(0.75, 0.748, 0.752).decimals
        (2, 4)
        """
        if self.low is None or self.high is None:
            return 2
        half = (self.high - self.low) / 2
        wanted = 1 - math.floor(math.log10(half)) if half > 0 else MAX_DECIMALS
        return min(max(wanted, 1), MAX_DECIMALS)

    @property
    def told(self) -> str:
        """Return the value with the decimals that it bears; "" for null."""
        return "" if self.value is None else f"{self.value:.{self.decimals}f}"

    @property
    def interval_told(self) -> str:
        """Return the interval in words.

        >>> Figure(0.75, 0.65, 0.85).interval_told
        '0.65 to 0.85'
        """
        if self.low is None or self.high is None:
            return NO_INTERVAL if self.value is not None else ""
        return f"{self.low:.{self.decimals}f} to {self.high:.{self.decimals}f}"


@dataclass(frozen=True)
class Evidence:
    """How much the figures of a sample rest on.

    effective_bads: bads of equal weight and of borrowers of their own that would tell as much.
    is_few: so few bads, or goods, that every figure is uncertain.
    """

    rows: int
    bads: int
    effective_bads: float
    is_few: bool

    @property
    def told(self) -> str:
        """Return the bads behind the figures in words.

        >>> Evidence(500, 40, 31.6, True).told
        '40 bads of 500 rows, which tell as much as 32 of equal weight and own borrowers'
        """
        words = f"{self.bads:,} bads of {self.rows:,} rows"
        if round(self.effective_bads) == self.bads:
            return words
        return (
            f"{words}, which tell as much as {self.effective_bads:,.0f} of equal weight and own "
            "borrowers"
        )


@dataclass(frozen=True)
class Outcomes:
    """What held-out PDs are judged by, one entry per row each.

    weight: how often a row counts; None = once. group: the number of its borrower; None = each row
    is one of its own.
    """

    label: NDArray[np.int8]
    weight: Floats | None = None
    group: NDArray[np.int64] | None = None

    @property
    def weights(self) -> Floats:
        """Return one weight per row."""
        return np.ones(len(self.label)) if self.weight is None else self.weight

    def where(self, mask: Mask) -> Outcomes:
        """Return the rows of `mask`."""
        weight = None if self.weight is None else self.weight[mask]
        group = None if self.group is None else self.group[mask]
        return Outcomes(self.label[mask], weight, group)

    @property
    def effective_rows(self) -> float:
        """Return how many rows of equal weight and of borrowers of their own tell as much."""
        return effective(np.bincount(self.borrower, self.weights).astype(np.float64))

    def effective(self, outcome: int) -> float:
        """Return how many bads (1) or goods (0) of equal weight and own borrowers there are.

        >>> Outcomes(np.array([1, 1, 1, 0], np.int8), group=np.array([1, 1, 2, 3])).effective(1)
        1.8
        """
        weight = np.bincount(self.borrower, self.weights * (self.label == outcome))
        return effective(weight[weight > 0].astype(np.float64))

    @property
    def evidence(self) -> Evidence:
        """Return how much the figures rest on."""
        effective_bads = self.effective(1)
        return Evidence(
            rows=len(self.label),
            bads=int(self.label.sum()),
            effective_bads=effective_bads,
            is_few=min(effective_bads, self.effective(0)) < FEW_OUTCOMES,
        )

    @cached_property
    def borrower(self) -> NDArray[np.intp]:
        """Return the number of each row's borrower, from 0 on without a gap."""
        if self.group is None:
            return np.arange(len(self.label))
        return np.unique(self.group, return_inverse=True)[1]

    def draws(self, seed: int) -> Iterator[Floats]:
        """Yield the weights of the rows in each draw of borrowers, all rows of one together."""
        rng = np.random.default_rng(seed)
        size = int(self.borrower.max()) + 1
        for _ in range(DRAWS if len(self.label) < MANY_ROWS else FEWER_DRAWS):
            count = np.bincount(rng.integers(0, size, size), minlength=size)
            yield self.weights * count[self.borrower]


def plain_figures(
    label: NDArray[np.int8], pd: Floats, weight: Floats | None = None
) -> dict[str, float | None]:
    """Return the figures of one sample; null where one is not defined.

    >>> plain_figures(np.array([0, 1], np.int8), np.array([0.25, 0.75]))["brier"]
    0.0625
    """
    # A row of weight 0 is no row.
    there = slice(None) if weight is None else np.asarray(weight) > 0
    y = np.asarray(label, float)[there]
    known = None if weight is None else weight[there]
    sample = JudgedSample(y=y, pd=pd[there], weight=known, bins=BINS)
    metrics = [metric for metric in METRICS if "fit" in metric.keys]
    return {metric.keys["fit"]: _defined(metric, sample) for metric in metrics}


def _defined(metric: Metric, sample: JudgedSample) -> float | None:
    try:
        return metric.value(sample)
    except ModelError:
        # One class only, or PDs that separate the classes: a fold of few bads may be so.
        return None


def figures_of_models(
    outcomes: Outcomes, pds: Mapping[str, Floats], seed: int
) -> dict[str, dict[str, Figure]]:
    """Return the figures of each model by name, and of `difference`: the first less the second.

    pds: by name of the model, held-out PDs of shape (repeats, n); a figure is the mean over the
    repeats, each with PDs of models of its own. All models are judged on the same draws, so that a
    difference is paired.
    """
    values = {name: _values(outcomes, of_model) for name, of_model in pds.items()}
    drawn = _drawn(outcomes, pds, seed)
    first, second = pds
    values["difference"] = values[first] - values[second]
    if drawn:
        drawn["difference"] = drawn[first] - drawn[second]
    return {
        name: {
            figure: _figure(figure, values[name][k], drawn[name][:, k] if drawn else np.empty(0))
            for k, figure in enumerate(FIGURES)
        }
        for name in values
    }


def _values(outcomes: Outcomes, pds: Floats) -> Floats:
    """Return the mean over the repeats of each figure, NaN where one is not defined."""
    rows = [plain_figures(outcomes.label, pd, outcomes.weight) for pd in pds]
    table = [[np.nan if row[name] is None else row[name] for name in FIGURES] for row in rows]
    return np.array(table, float).mean(axis=0)


def _drawn(outcomes: Outcomes, pds: Mapping[str, Floats], seed: int) -> dict[str, Floats]:
    """Return by model the figures of each draw, shape (draws, figures); {} with too few rows."""
    bads = int(outcomes.label.sum())
    if min(bads, len(outcomes.label) - bads) < LEAST_OUTCOMES:
        return {}
    in_order = {
        name: [SortedPds.of(outcomes, pd) for pd in of_model] for name, of_model in pds.items()
    }
    out: dict[str, list[Floats]] = {name: [] for name in pds}
    for weight in outcomes.draws(seed):
        for name, samples in in_order.items():
            out[name].append(np.mean([sample.figures(weight) for sample in samples], axis=0))
    return {name: np.array(rows) for name, rows in out.items()}


def _figure(name: str, value: float, drawn: Floats) -> Figure:
    known = drawn[np.isfinite(drawn)]
    point = float(value) if np.isfinite(value) else None
    if point is None or not len(drawn) or len(known) < LEAST_DRAWN * len(drawn):
        return Figure(point)
    low, middle, high = np.quantile(known, [TAIL, 0.5, 1 - TAIL])
    if name in GROWING:
        low = max(0.0, low - middle + point)
        high += point - middle
    return Figure(point, float(low), float(high))


def _log_losses(y: Floats, pd: Floats) -> Floats:
    """Return the log-loss of each row."""
    # A PD of 0 or 1 has no logarithm on the other side.
    inside = np.clip(pd, PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN)
    return -(y * np.log(inside) + (1 - y) * np.log1p(-inside))


@dataclass(frozen=True)
class SortedPds:
    """PDs of one model in ascending order, so that the figures of each draw are sums only.

    The figures of many draws then need neither a sort nor a logarithm. What each figure is, is said
    by `models.sample.metrics`; a test compares the two.

    order: of the rows. starts: the first place of each distinct PD. square, loss: the row's part in
    Brier and log-loss. line: None where bads and goods are separable.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    y: Floats
    pd: Floats
    square: Floats
    loss: Floats
    line: CalibrationFit | None

    @classmethod
    def of(cls, outcomes: Outcomes, pd: Floats) -> SortedPds:
        """Return the PDs in order, with the calibration line of all rows."""
        # Equal PDs keep the order of the rows; they share one rank whatever their order.
        order = np.argsort(pd, kind="stable")
        p = pd[order]
        y = outcomes.label[order].astype(float)
        starts = np.flatnonzero(np.diff(p, prepend=-np.inf))
        line = CalibrationFit.of(y, p, outcomes.weights[order])
        return cls(order, starts, y, p, square=(y - p) ** 2, loss=_log_losses(y, p), line=line)

    def figures(self, weight: Floats) -> Floats:
        """Return the figures in the order of FIGURES; weight: of the rows as they were given."""
        w = weight[self.order]
        total = w.sum()
        bads = float(w @ self.y)
        if not 0 < bads < total:
            return np.full(len(FIGURES), np.nan)
        bad = np.add.reduceat(w * self.y, self.starts)
        of_level = np.add.reduceat(w, self.starts)
        auc, ks = _ranking(bad, of_level - bad)
        mean_pd = float(w @ self.pd) / total
        # table: figure -> value
        found = {
            "auc": auc,
            "gini": 2 * auc - 1,
            "ks": ks,
            "brier": float(w @ self.square) / total,
            "logloss": float(w @ self.loss) / total,
            "ece": _ece(of_level, bad - of_level * self.pd[self.starts]),
            "slope": np.nan if self.line is None else self.line.slope(w),
            "level_ratio": mean_pd * total / bads,
            "mean_pd": mean_pd,
            "bad_rate": bads / total,
        }
        return np.array([found[name] for name in FIGURES])


def _ranking(bad: Floats, good: Floats) -> tuple[float, float]:
    """Return AUC and KS from the weight of bads and goods at each PD."""
    up_to = np.cumsum(good)
    bads = np.cumsum(bad)
    auc = bad @ (up_to - good / 2) / (bads[-1] * up_to[-1])
    ks = np.abs(bads / bads[-1] - up_to / up_to[-1]).max()
    return float(auc), float(ks)


def _ece(of_level: Floats, gap: Floats) -> float:
    """Return the calibration error; gap: of each PD, the bads less the sum of the PDs."""
    up_to = np.cumsum(of_level)
    middle = (up_to - of_level / 2) / up_to[-1]
    # The first place of each bin: middles rise, so bins follow one another.
    edges = np.searchsorted(middle * BINS, np.arange(1, BINS), side="left")
    sums = np.append(0.0, np.cumsum(gap))
    of_bin = np.diff(sums[np.concatenate(([0], edges, [len(gap)]))])
    return float(np.abs(of_bin).sum() / up_to[-1])


@dataclass(frozen=True)
class CalibrationFit:
    """The line of outcomes on logit(PD), and what a first step of Newton from it needs.

    margin: logit(PD). miss: outcome less the line's PD. curve: PD (1 - PD) of the line.
    """

    y: Floats
    margin: Floats
    a: float
    b: float
    miss: Floats
    curve: Floats

    @classmethod
    def of(cls, y: Floats, pd: Floats, weight: Floats) -> CalibrationFit | None:
        """Return the line of all rows; None where bads and goods are separable."""
        there = weight > 0
        try:
            a, b = slope_intercept(y[there], pd[there], weight[there])
        except ModelError:
            return None
        margin = logit(pd)
        p = expit(a * margin + b)
        return cls(y=y, margin=margin, a=a, b=b, miss=y - p, curve=p * (1 - p))

    def slope(self, w: Floats) -> float:
        """Return the slope with these weights; NaN where it is not found in few steps."""
        a = self.a
        b = self.b
        miss = self.miss
        curve = self.curve
        for _ in range(MAX_STEPS):
            bent = w * curve
            gradient = np.array([(w * miss) @ self.margin, w @ miss])
            cross = bent @ self.margin
            square = (bent * self.margin) @ self.margin
            hessian = np.array([[square, cross], [cross, bent.sum()]])
            if not np.linalg.det(hessian) > 0:
                return np.nan
            step = np.linalg.solve(hessian, gradient)
            a += float(step[0])
            b += float(step[1])
            if np.abs(step).max() < SHORT_STEP:
                return a
            p = expit(a * self.margin + b)
            miss = self.y - p
            curve = p * (1 - p)
        return np.nan
