"""Ask of each group whether its PD is right: observed against expected bads, with intervals.

A PD that is right for everyone together may be wrong for thin files or for one tier. Each group is
tested twice: as it stands (level and shape), and with the level of all groups aligned (shape
alone). The level moves with the economy; the shape should not. Several tests at once are adjusted
by Holm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.models.calibration.calibration import (
    CalibrationParams,
    anchored,
    fit_held_out,
    level_of,
)
from creditloom.models.calibration.calibration_tests import holm
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import logit

# The intervals hold 95 %.
INTERVAL = (0.025, 0.975)
# Fields whose groups differ by the economy, not by the shape of the PD: only their level is tested.
TIMES = ("vintage",)
# Level of the test that an offset by file type is needed. It is stated here, before any run.
OFFSET_LEVEL = 0.01
GROUP_COLUMNS = (
    "field",
    "group",
    "n",
    "bads",
    "observed",
    "expected",
    "o_e",
    "low",
    "high",
    "p",
    "p_holm",
    "shape_o_e",
    "shape_p",
    "shape_p_holm",
    "mean_pd",
    "mean_pd_low",
    "mean_pd_high",
)


@dataclass(frozen=True)
class JudgedLoans:
    """Loans with an outcome and their PD; arrays of shape (n,).

    level_sd: relative standard deviation of the level of the PD, as forecast. min_expected: a group
    with fewer expected bads is shown and not tested.
    """

    y: Floats
    pd: Floats
    weight: Floats
    level_sd: float
    min_expected: float


def group_table(
    loans: JudgedLoans,
    groups: pd.DataFrame,
    draws: int,
    seed: int,
    drawn_pd: Floats | None = None,
) -> pd.DataFrame:
    """Return one row per field and group with GROUP_COLUMNS.

    groups: one column per field, the name of the group of each loan, null where it has none.
    o_e: weighted observed / expected bads, with the 95 % interval over drawn loans (low, high).
    p: two-sided, of O = E, with the error of the level. shape_*: the same with the level aligned.
    p is null under `min_expected` expected bads. mean_pd_low, mean_pd_high: 95 % interval of the
    mean PD of the group by `drawn_pd` (k, n), PDs of k calibrations on drawn labels; else null.
    """
    parts = [
        _of_field(loans, str(field), groups[field], draws, seed, drawn_pd)
        for field in groups.columns
    ]
    rows = [row for part in parts for row in part]
    table = pd.DataFrame(rows, columns=[c for c in GROUP_COLUMNS if not c.endswith("holm")])
    for name in ("p", "shape_p"):
        tested = table[name].notna().to_numpy()
        table[f"{name}_holm"] = np.nan
        if tested.any():
            table.loc[tested, f"{name}_holm"] = holm(table[name].to_numpy(float)[tested].tolist())
    return table[list(GROUP_COLUMNS)]


def worst_group(table: pd.DataFrame, name: str) -> dict[str, Any]:
    """Return p, field and group of the least adjusted p-value in column `name`; null without one.

    >>> worst_group(pd.DataFrame({"p_holm": [np.nan]}), "p_holm")
    {'p': None, 'field': None, 'group': None}
    """
    if not len(table) or table[name].isna().all():
        return {"p": None, "field": None, "group": None}
    worst = table.iloc[int(np.nanargmin(table[name].to_numpy(float)))]
    return {"p": float(worst[name]), "field": str(worst["field"]), "group": str(worst["group"])}


def _of_field(
    loans: JudgedLoans,
    field: str,
    names: pd.Series,
    draws: int,
    seed: int,
    drawn_pd: Floats | None,
) -> list[dict[str, Any]]:
    """Return the rows of one field."""
    codes, levels = pd.factorize(names, sort=True)
    known = codes >= 0
    if not known.any():
        return []
    k = len(levels)
    part = _part(loans, known)
    code = codes[known]
    sums = _Sums.of(part, code, k)
    low, high = _ratio_interval(part, code, k, draws, seed)
    means = np.full((2, k), np.nan)
    if drawn_pd is not None and len(drawn_pd):
        means = _mean_interval(drawn_pd[:, known], part.weight, code, k)
    rows = []
    for i in range(k):
        row: dict[str, Any] = {"field": field, "group": str(levels[i])}
        row |= {"n": int((code == i).sum()), "bads": int(part.y[code == i].sum())}
        row |= sums.tests(i, loans, is_time=field in TIMES)
        row |= {"low": low[i], "high": high[i]}
        rows.append(row | {"mean_pd_low": means[0, i], "mean_pd_high": means[1, i]})
    return rows


def _part(loans: JudgedLoans, mask: Mask) -> JudgedLoans:
    return JudgedLoans(
        y=loans.y[mask],
        pd=loans.pd[mask],
        weight=loans.weight[mask],
        level_sd=loans.level_sd,
        min_expected=loans.min_expected,
    )


@dataclass(frozen=True)
class _Sums:
    """Weighted sums per group, shape (k,): loans, observed and expected bads, variance of O."""

    weight: Floats
    observed: Floats
    expected: Floats
    variance: Floats

    @classmethod
    def of(cls, loans: JudgedLoans, code: NDArray[np.intp], k: int) -> _Sums:
        w = loans.weight
        per_row = (w, w * loans.y, w * loans.pd, w**2 * loans.pd * (1 - loans.pd))
        return cls(*(np.bincount(code, values, k).astype(np.float64) for values in per_row))

    def tests(self, i: int, loans: JudgedLoans, *, is_time: bool) -> dict[str, float]:
        """Return the figures and p-values of group i; is_time: the groups are months."""
        observed = float(self.observed[i])
        expected = float(self.expected[i])
        level = float(self.observed.sum() / self.expected.sum())
        share = expected / float(self.expected.sum())
        rest = float(self.variance.sum() - self.variance[i])
        # With the level aligned the group is compared with all others, whose luck counts too.
        shape_variance = ((1 - share) ** 2 * float(self.variance[i]) + share**2 * rest) * level
        variance = float(self.variance[i]) + (loans.level_sd * expected) ** 2
        # Few bads have no normal sum. A group that is everyone has nothing to be compared with.
        is_tested = expected >= loans.min_expected
        has_shape = is_tested and rest > 0 and not is_time
        shape_p = _two_sided(observed - level * expected, shape_variance)
        # table: figure -> value
        return {
            "observed": observed,
            "expected": expected,
            "o_e": observed / expected,
            "p": _two_sided(observed - expected, variance) if is_tested else np.nan,
            "shape_o_e": observed / expected / level if level > 0 else np.nan,
            "shape_p": shape_p if has_shape else np.nan,
            "mean_pd": expected / float(self.weight[i]),
        }


def _two_sided(miss: float, variance: float) -> float:
    """Return the two-sided p-value of a normal miss; 1 where nothing can vary."""
    from scipy.stats import norm

    return float(2 * norm.sf(abs(miss) / np.sqrt(variance))) if variance > 0 else 1.0


def drawn_counts(n: int, draws: int, seed: int) -> Iterator[Floats]:
    """Yield how often each of `n` rows is drawn, once per draw with replacement."""
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        yield np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64)


def _ratio_interval(
    loans: JudgedLoans, code: NDArray[np.intp], k: int, draws: int, seed: int
) -> tuple[Floats, Floats]:
    """Return the 95 % interval of observed / expected per group, over drawn loans."""
    observed = loans.weight * loans.y
    expected = loans.weight * loans.pd
    ratios = np.empty((draws, k))
    for i, counts in enumerate(drawn_counts(len(code), draws, seed)):
        sums = np.bincount(code, counts * expected, k)
        # A tiny group may not be drawn at all: such a draw is left out.
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios[i] = np.bincount(code, counts * observed, k) / sums
    low, high = np.nanquantile(ratios, INTERVAL, axis=0)
    return low, high


def _mean_interval(drawn_pd: Floats, weight: Floats, code: NDArray[np.intp], k: int) -> Floats:
    """Return low and high of the mean PD per group, shape (2, k)."""
    total = np.bincount(code, weight, k)
    means = np.stack([np.bincount(code, weight * row, k) / total for row in drawn_pd])
    return np.asarray(np.quantile(means, INTERVAL, axis=0))


# --- ECE with an interval ---


@dataclass(frozen=True)
class EceInterval:
    """ECE with its 95 % interval over drawn loans, and what a right PD would show.

    expected: mean ECE if the PD is exactly right, which is above 0 by luck. p_value: chance of so
    large an ECE then.
    """

    ece: float
    low: float
    high: float
    expected: float
    p_value: float


def ece_interval(
    y: Floats, p: Floats, weight: Floats, bins: int, draws: int, seed: int
) -> EceInterval:
    """Return the ECE over `bins` bins of equal weight with its interval and its test."""
    # A stable sort, so that rows of one PD keep their bins.
    order = np.argsort(p, kind="stable")
    code = np.empty(len(p), np.intp)
    middle = (np.cumsum(weight[order]) - weight[order] / 2) / weight.sum()
    code[order] = np.minimum((middle * bins).astype(np.intp), bins - 1)

    def ece(w: Floats, outcome: Floats) -> float:
        gaps = np.bincount(code, w * (outcome - p), bins)
        return float(np.abs(gaps).sum() / w.sum())

    drawn = [ece(weight * counts, y) for counts in drawn_counts(len(y), draws, seed)]
    rng = np.random.default_rng(seed)
    right = np.array(
        [ece(weight, (rng.random(len(p)) < p).astype(np.float64)) for _ in range(draws)]
    )
    low, high = np.quantile(drawn, INTERVAL)
    found = ece(weight, y)
    # One is added above and below: no number of draws shows a chance of 0.
    p_value = float((1 + (right >= found).sum()) / (1 + draws))
    return EceInterval(found, float(low), float(high), float(right.mean()), p_value)


# --- An interval for the PD itself ---


@dataclass(frozen=True)
class AskedMargins:
    """Margins whose PDs are asked: of the model, shape (n,), and of its refits, shape (k, n).

    A refit is the same procedure on drawn loans. by_refit: empty where none was made.
    """

    margin: Floats
    by_refit: Floats

    def draws(self, draws: int, seed: int) -> Iterator[Floats]:
        """Yield margins that move as the refits move, all people of a draw together.

        A draw is the margin + t sum_k z_k (refit_k - mean refit) / sqrt(k - 1), z normal: its
        covariance between people is that of the refits. t widens it as few refits do not know
        their own deviation well: it gives Student's t with k - 1 degrees of freedom.
        """
        rng = np.random.default_rng(seed)
        k = len(self.by_refit)
        if k < 2:
            yield from (self.margin for _ in range(draws))
            return
        moves = (self.by_refit - self.by_refit.mean(axis=0)) / np.sqrt(k - 1)
        for _ in range(draws):
            t = np.sqrt((k - 1) / rng.chisquare(k - 1))
            yield self.margin + t * (rng.normal(size=k) @ moves)


def pd_draws(
    margin: Floats,
    judged: Dataset,
    before: Dataset,
    door: Floats,
    asked: AskedMargins,
    params: CalibrationParams,
    draws: int,
    seed: int,
) -> Floats:
    """Return the PDs asked by calibrations on drawn loans, shape (up to draws, n).

    judged, margin: the loans held out and their margins. before: the loans that tell the level.
    Both are drawn with replacement. door: margins of everyone in the last months, as in
    `fit_held_out`. The margins asked move as the refits do, and the slope as far as these loans
    leave it open. So it is the error of the training and of the calibration: the economy of the
    months ahead is not in it, nor what no refit learns.
    A draw that cannot be calibrated is left out; with few bads there may be none left.
    """
    # The stack took its slope from these same loans, without a prior (`StackParams`). The line's
    # prior would hold the draws at that slope, as if it were known.
    few = replace(params, min_bads=1, slope_sd=None)
    at = asked.draws(draws, seed + 2)
    own = drawn_counts(len(margin), draws, seed)
    behind_level = drawn_counts(len(before.outcome), draws, seed + 1)
    out = []
    for counts, level_counts, moved in zip(own, behind_level, at, strict=True):
        rows = np.repeat(np.arange(len(counts)), counts.astype(np.intp))
        of_level = np.repeat(np.arange(len(level_counts)), level_counts.astype(np.intp))
        try:
            level = level_of(before.where(of_level), params)
            line = fit_held_out(judged.where(rows), margin[rows], door, level, few)
        except ModelError:
            continue
        out.append(line.pd(moved))
    return np.stack(out) if out else np.empty((0, len(asked.margin)))


# --- Offsets by file type ---


@dataclass(frozen=True)
class OffsetTest:
    """Whether thin files need a level of their own: offset in log-odds, likelihood ratio, p.

    is_asked: whether p lies below OFFSET_LEVEL.
    """

    offset: float
    likelihood_ratio: float
    p_value: float

    @property
    def is_asked(self) -> bool:
        """Return whether the evidence asks for the offset."""
        return self.p_value < OFFSET_LEVEL


def offset_test(y: Floats, pd_: Floats, weight: Floats, is_thin: Mask) -> OffsetTest | None:
    """Return the likelihood-ratio test of an own level of thin files, on held-out loans.

    Weights are scaled to the effective number of rows. None where one type has no bads or goods.
    """
    from scipy.stats import chi2

    types = (is_thin, ~is_thin)
    if any(len(np.unique(y[mask])) < 2 for mask in types):
        return None
    base = logit(pd_)
    w = weight * weight.sum() / (weight**2).sum()
    apart = [_own_level(base[mask], y[mask], w[mask]) for mask in types]
    common = _own_level(base, y, w)
    free = sum(
        _likelihood(base[mask] + shift, y[mask], w[mask])
        for mask, shift in zip(types, apart, strict=True)
    )
    # Rounding may leave a ratio just below 0.
    ratio = max(2 * (free - _likelihood(base + common, y, w)), 0.0)
    return OffsetTest(float(apart[0] - apart[1]), ratio, float(chi2.sf(ratio, 1)))


def _own_level(base: Floats, y: Floats, w: Floats) -> float:
    """Return the shift of the log-odds at which expected and observed bads agree."""
    return float(anchored(base, 0.0, w, float(np.average(y, weights=w))))


def _likelihood(margin: Floats, y: Floats, w: Floats) -> float:
    return float(w @ (y * margin - np.logaddexp(0.0, margin)))
