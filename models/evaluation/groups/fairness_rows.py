"""How groups fare at each thing that a decision gives, plain and given risk, with intervals.

A row is one field, group, outcome and basis. It is held against the best group of its field. Rates
have Wilson's interval, means that of the normal law; both count the weights of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.models.evaluation.groups.fairness_rules import (
    BASES,
    OUTCOMES,
    Basis,
    Edge,
    FairnessRules,
    Outcome,
)
from creditloom.models.evaluation.groups.fairness_tests import JurisdictionTests
from creditloom.models.sample.arrays import Floats, Mask

# Half width of a 95 % interval, in standard errors.
NORMAL_95 = 1.96
# A band of the PD with fewer rows of a group tells nothing of the group there.
MIN_CELL = 5
# Outcomes of which less is better for the person.
BURDENS = ("price", "referral", "refusal")
# Outcomes that are amounts of the approved; the others are rates of everyone.
AMOUNTS = ("limit", "price")
# table: columns of the rows
COLUMNS = (
    "field",
    "group",
    "outcome",
    "basis",
    "n",
    "value",
    "low",
    "high",
    "best",
    "measure",
    "against",
    "against_low",
    "against_high",
    "edge",
    "state",
)


@dataclass(frozen=True)
class FairnessSample:
    """The judged applications; arrays of shape (n,).

    groups: one column per field. outcomes: value of each outcome, NaN where the application has
    none (limit and price of who is not approved). pd_band: which band the PD lies in, from 0.
    is_good: who is truly good; None without a truth. seen_good: 1 / propensity of loans that were
    seen to be good, else 0. law: the law profile of each decision.
    """

    groups: pd.DataFrame
    outcomes: dict[Outcome, Floats]
    pd_band: NDArray[np.int64]
    is_good: Mask | None
    seen_good: Floats
    law: NDArray[np.str_]

    def weight(self, basis: Basis) -> Floats | None:
        """Return how much each row counts; None where the basis is not known."""
        if basis == "truly_good":
            return None if self.is_good is None else self.is_good.astype(np.float64)
        return self.seen_good if basis == "seen_good" else np.ones(len(self.pd_band))


@dataclass(frozen=True)
class GroupMeans:
    """Mean of an outcome by group; arrays of shape (groups,). variance: of the mean."""

    n: NDArray[np.int64]
    mean: Floats
    variance: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class FairnessTest:
    """One test: an outcome by the groups of a field, on a basis."""

    field: str
    outcome: Outcome
    basis: Basis

    @property
    def is_rate(self) -> bool:
        """Return whether the outcome is a rate of everyone, not an amount of the approved."""
        return self.outcome not in AMOUNTS

    @property
    def is_burden(self) -> bool:
        """Return whether less of the outcome is better for the person."""
        return self.outcome in BURDENS


def fairness_rows(
    sample: FairnessSample, rules: FairnessRules, tests: JurisdictionTests, min_group: int
) -> pd.DataFrame:
    """Return one row per field, group, outcome and basis with COLUMNS.

    Groups of fewer than `min_group` rows are left out: their rates are noise. Applications under a
    law that forbids a test are left out of it.
    """
    rows: list[tuple[object, ...]] = []
    for field, outcome, basis in product(map(str, sample.groups), OUTCOMES, BASES):
        test = FairnessTest(field, outcome, basis)
        found = _means_of(sample, test, tests)
        if found is not None:
            rows += _rows_of(test, *found, rules.edge(outcome), min_group)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _means_of(
    sample: FairnessSample, test: FairnessTest, tests: JurisdictionTests
) -> tuple[list[str], GroupMeans] | None:
    """Return the groups and their means; None where nobody may or can be tested."""
    weight = sample.weight(test.basis)
    if weight is None:
        return None
    value = sample.outcomes[test.outcome]
    may_be_tested = tests.allows(sample.law, test.field, test.outcome)
    is_tested = may_be_tested & ~np.isnan(value) & (weight > 0)
    codes, names = pd.factorize(sample.groups[test.field].where(is_tested), sort=True)
    if not len(names):
        return None
    band = sample.pd_band if test.basis == "given_pd" else None
    means = group_means(value, codes, weight, len(names), band, is_rate=test.is_rate)
    return [str(name) for name in names], means


def _rows_of(
    test: FairnessTest, names: list[str], means: GroupMeans, edge: Edge, min_group: int
) -> Iterator[tuple[object, ...]]:
    """Yield the row of each group that is large enough, in the order of COLUMNS."""
    is_shown = (means.n >= min_group) & ~np.isnan(means.mean)
    if not is_shown.any():
        return
    order = np.where(is_shown, means.mean if test.is_burden else -means.mean, np.inf)
    best = int(np.argmin(order))
    for k in np.flatnonzero(is_shown):
        held, low, high = _against(means, int(k), best, edge, is_burden=test.is_burden)
        who = (test.field, names[k], test.outcome, test.basis, int(means.n[k]))
        own = (float(means.mean[k]), float(means.low[k]), float(means.high[k]))
        against = (names[best], edge.measure, held, low, high)
        yield (*who, *own, *against, edge.value, state_of(edge, held, low, high))


def group_means(
    value: Floats,
    codes: NDArray[np.int64],
    weight: Floats,
    groups: int,
    band: NDArray[np.int64] | None = None,
    *,
    is_rate: bool,
) -> GroupMeans:
    """Return the weighted mean of each group, with its interval.

    codes: the group of each row, -1 for a row that does not count. band: of the PD; with it the
    means of all groups are brought to the same mix of bands (direct standardisation).
    """
    inside = codes >= 0
    codes = codes[inside]
    value = value[inside]
    weight = weight[inside]
    n = np.bincount(codes, minlength=groups)
    if band is not None:
        return _standardised(value, codes, n, band[inside], is_rate=is_rate)
    total = np.bincount(codes, weight, groups)
    squares = np.bincount(codes, weight**2, groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(codes, weight * value, groups) / total
        effective = total**2 / squares
        spread = np.bincount(codes, weight**2 * (value - mean[codes]) ** 2, groups) / total**2
    if is_rate:
        return GroupMeans(n, mean, spread, *wilson(mean, effective))
    return _with_normal(n, mean, spread)


def _standardised(
    value: Floats,
    codes: NDArray[np.int64],
    n: NDArray[np.int64],
    band: NDArray[np.int64],
    *,
    is_rate: bool,
) -> GroupMeans:
    bands = int(band.max()) + 1
    groups = len(n)
    cell = codes * bands + band
    shape = (groups, bands)
    count = np.bincount(cell, minlength=groups * bands).reshape(shape)
    total = np.bincount(cell, value, groups * bands).reshape(shape)
    square = np.bincount(cell, value**2, groups * bands).reshape(shape)
    share = np.bincount(band, minlength=bands) / len(band)
    is_told = count >= MIN_CELL
    mix = np.where(is_told, share, 0.0)
    safe = np.maximum(count, 1)
    mean = total / safe
    if is_rate:
        # Half a row of each kind: a band where all are approved is not known without error.
        rate = (total + 0.5) / (safe + 1.0)
        variance = rate * (1.0 - rate) / safe
    else:
        variance = np.maximum(square / safe - mean**2, 0.0) / safe
    with np.errstate(invalid="ignore", divide="ignore"):
        mix = mix / mix.sum(axis=1, keepdims=True)
    found = _with_normal(n, (mix * mean).sum(axis=1), (mix**2 * variance).sum(axis=1))
    if not is_rate:
        return found
    # A rate lies in [0, 1]; the normal interval of one near an end would not.
    return GroupMeans(
        n, found.mean, found.variance, np.clip(found.low, 0, 1), np.clip(found.high, 0, 1)
    )


def _with_normal(n: NDArray[np.int64], mean: Floats, variance: Floats) -> GroupMeans:
    half = NORMAL_95 * np.sqrt(variance)
    return GroupMeans(n, mean, variance, mean - half, mean + half)


def wilson(rate: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Return the ends of Wilson's 95 % interval of rates of n rows.

    >>> low, high = wilson(np.array([0.5]), np.array([100.0]))
    >>> low.round(3).item(), high.round(3).item()
    (0.404, 0.596)
    """
    square = NORMAL_95**2
    middle = (rate + square / (2 * n)) / (1 + square / n)
    half = NORMAL_95 * np.sqrt(rate * (1 - rate) / n + square / (4 * n**2)) / (1 + square / n)
    return middle - half, middle + half


def _against(
    means: GroupMeans, k: int, best: int, edge: Edge, *, is_burden: bool
) -> tuple[float, float, float]:
    """Return a group against the best one with the 95 % interval; the best against itself is even.

    A ratio is turned so that less than 1 is worse for the group; NaN where a mean is 0.
    """
    own = float(means.mean[k])
    other = float(means.mean[best])
    if edge.measure == "points":
        half = NORMAL_95 * float(np.sqrt(means.variance[k] + means.variance[best])) * (k != best)
        return own - other, own - other - half, own - other + half
    if own <= 0.0 or other <= 0.0:
        # Nobody of the group has any: as far from the best as can be, or nothing to compare.
        return (0.0, 0.0, 0.0) if other > 0.0 and not is_burden else (np.nan, np.nan, np.nan)
    ratio = other / own if is_burden else own / other
    error = means.variance[k] / own**2 + means.variance[best] / other**2
    factor = float(np.exp(NORMAL_95 * np.sqrt(error))) if k != best else 1.0
    return ratio, ratio / factor, ratio * factor


def state_of(edge: Edge, held: float, low: float, high: float) -> str:
    """Return red, amber or green, or "" where nothing can be compared.

    red: beyond the edge, and the interval leaves out that the groups are even. amber: beyond the
    edge, but it may be luck.

    >>> state_of(Edge("decision", "ratio", 0.8, ""), 0.7, 0.6, 0.8)
    'red'
    """
    if np.isnan(held):
        return ""
    is_ratio = edge.measure == "ratio"
    is_beyond = held < edge.value if is_ratio else held > edge.value
    is_sure = high < 1.0 if is_ratio else low > 0.0
    if not is_beyond:
        return "green"
    return "red" if is_sure else "amber"
