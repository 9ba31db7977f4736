"""The level of the PD: the bad rate through the door of the months ahead, with an interval.

The log-odds of the bad rate of a vintage follow an AR(1) process around a long-run mean. How far
and how lastingly they move is estimated from the vintages themselves. They are few, so the
estimate starts from a prior that published charge-off rates give. The bads of a month are binomial,
of as many loans as their weights and exposures are worth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, ndtri

from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.errors import ModelError

# Standard deviation of the prior of the long-run log-odds: so wide that it says nothing.
DIFFUSE_SD = 3.0
# Standard deviations around its prior at which each of the two parameters is tried.
TRIED = (-2.0, -1.0, 0.0, 1.0, 2.0)
# Newton converges within ten steps from the mean; each costs little.
NEWTON_STEPS = 25
CONVERGED_STEP = 1e-9
# Months that have a place of their own: an older one tells hardly anything of the months ahead, and
# the time grows with the cube of their number.
MOST_MONTHS = 120
# Quantiles of each normal forecast by which the mixture of all is summed up.
MIXED_QUANTILES = 199
# Added to the bads of all months together, so that no bads have log-odds too.
ADDED_BADS = 0.5


@dataclass(frozen=True)
class LevelParams:
    """How the level moves: the prior, and what is forecast.

    sd: standard deviation of the log-odds between vintages. sd_spread: that of log(sd).
    rho: correlation from one month to the next. rho_spread: standard deviation of atanh(rho).
    ahead_months: number of coming months whose mean is forecast. interval: probability that it lies
    inside the interval.
    The defaults are those of published charge-off rates (docs/decisions/42-known-by.md).
    """

    sd: float = 0.27
    sd_spread: float = 0.35
    rho: float = 0.96
    rho_spread: float = 0.3
    ahead_months: int = 6
    interval: float = 0.9


@dataclass(frozen=True)
class Level:
    """The forecast bad rate of the months ahead, and how many bads it was estimated from.

    rate: its expectation. low, high: of its interval. long_run: the rate around which it moves.
    sd, rho: of the process, as estimated. n_bads: number of bads. effective_bads: number of bads of
    equal weight that would give the same precision.
    """

    rate: float
    long_run: float
    n_bads: int
    effective_bads: float
    low: float = np.nan
    high: float = np.nan
    sd: float = np.nan
    rho: float = np.nan


def relative_sd(low: float, high: float, interval: float) -> float:
    """Return the relative standard deviation of a rate by its interval, taken as lognormal.

    interval: probability that the rate lies between low and high.

    >>> round(relative_sd(0.02, 0.04, 0.9), 4)
    0.2107
    """
    return float(np.log(high / low) / (2 * ndtri((1.0 + interval) / 2)))


def binomial_sd(bads: float) -> float:
    """Return the relative standard deviation of a rate of which only the number of bads is known.

    It has no economy in it: of a level that was estimated and not forecast.
    """
    return float(1.0 / np.sqrt(bads))


@dataclass(frozen=True)
class _Vintages:
    """Effective bads and loans by month, shape (months,); months ahead hold none of either."""

    bads: Floats
    loans: Floats
    ahead: int

    @property
    def rate(self) -> float:
        """Return the bad rate of all months together, above 0 and below 1."""
        return float((self.bads.sum() + ADDED_BADS) / (self.loans.sum() + 2 * ADDED_BADS))


@dataclass(frozen=True)
class _Forecast:
    """Of one process: log of its probability, mean and SD of the log-odds ahead, long-run rate."""

    log_probability: float
    mean: float
    sd: float
    long_run: float
    process: tuple[float, float]


def expected(
    is_bad: ArrayLike,
    weight: ArrayLike,
    month: ArrayLike,
    params: LevelParams,
    exposure: ArrayLike | None = None,
) -> Level:
    """Return the level, estimated from loans with an outcome; at least one must be bad.

    weight: 1 / propensity, clipped by the caller. month: calendar months, counted from any month;
    the forecast is for those after the last. exposure: share of its defaults that a loan has seen,
    1 by default.
    """
    y = np.asarray(is_bad, float)
    w = np.asarray(weight, float)
    seen = np.ones(len(y)) if exposure is None else np.asarray(exposure, float)
    if not y.sum() > 0:
        raise ModelError(
            f"The level of the PD needs bads: got none among {len(y)} loans. "
            "Use more applicants, or a later split.known_by."
        )
    vintages = _vintages(y, w, np.asarray(month, np.int64), seen, params.ahead_months)
    forecasts = list(_forecasts(vintages, params))
    share = _shares(forecasts)
    rates, mass = _mixture(forecasts, share)
    tail = (1.0 - params.interval) / 2
    low, high = np.searchsorted(np.cumsum(mass), [tail, 1.0 - tail])
    interval = (float(rates[low]), float(rates[high]))
    long_run, sd, rho = share @ np.array([(one.long_run, *one.process) for one in forecasts])
    bads = int(y.sum())
    worth = effective(w[y == 1])
    rate = float(rates @ mass)
    return Level(rate, float(long_run), bads, worth, *interval, sd=float(sd), rho=float(rho))


def effective(weight: Floats) -> float:
    """Return the effective number of rows, (sum w)^2 / sum w^2.

    So many rows of equal weight would give the same precision. It is 0 for no rows.

    >>> effective(np.array([1.0, 1.0, 1.0])), effective(np.array([3.0, 1.0]))
    (3.0, 1.6)
    """
    return float(weight.sum() ** 2 / (weight**2).sum()) if len(weight) else 0.0


def _vintages(y: Floats, w: Floats, month: np.ndarray, seen: Floats, ahead: int) -> _Vintages:
    """Return the months from the first to the last with a loan, and the months ahead, empty."""
    first = max(int(month.min()), int(month.max()) - MOST_MONTHS + 1)
    # Older vintages count as the oldest month that has a place of its own.
    place = np.maximum(month - first, 0)
    months = int(place.max()) + 1 + ahead
    # One factor for all months: the precision of a month must not hang on the weights of its own
    # few bads, or months with light ones would count for more.
    per_weight = w[y == 1].sum() / (w[y == 1] ** 2).sum()
    return _Vintages(
        bads=per_weight * np.bincount(place, w * y, months),
        loans=per_weight * np.bincount(place, w * seen, months),
        ahead=ahead,
    )


def _forecasts(vintages: _Vintages, params: LevelParams) -> Iterator[_Forecast]:
    """Yield the forecast of each process that is tried, with its probability given the months."""
    for sd_step in TRIED:
        for rho_step in TRIED:
            sd = params.sd * np.exp(sd_step * params.sd_spread)
            rho = np.tanh(np.arctanh(params.rho) + rho_step * params.rho_spread)
            prior = -(sd_step**2 + rho_step**2) / 2
            yield _forecast(vintages, float(sd), float(rho), prior)


def _forecast(vintages: _Vintages, sd: float, rho: float, prior: float) -> _Forecast:
    """Return the forecast of one process by Laplace's approximation of its months' log-odds."""
    months = np.arange(len(vintages.bads))
    start = np.log(vintages.rate / (1.0 - vintages.rate))
    # The last entry is the long-run log-odds, which every month shares.
    n = len(months)
    cov = np.full((n + 1, n + 1), DIFFUSE_SD**2)
    cov[:n, :n] += sd**2 * rho ** np.abs(months[:, None] - months[None, :])
    bads = np.append(vintages.bads, 0.0)
    # A month cannot have more bads than loans, which few bads of much weight may look like.
    loans = np.maximum(np.append(vintages.loans, 0.0), bads)
    moved, dual, root, inverse = _mode(cov, start, bads, loans)
    log_odds = start + moved
    posterior = cov - cov @ (root[:, None] * inverse * root[None, :]) @ cov
    fit = bads @ log_odds - loans @ np.logaddexp(0.0, log_odds) - moved @ dual / 2
    fit += np.linalg.slogdet(inverse)[1] / 2
    ahead = np.zeros(n + 1)
    ahead[n - vintages.ahead : n] = 1.0 / vintages.ahead
    # Rounding may leave a variance of nearly nothing below 0.
    variance = max(float(ahead @ posterior @ ahead), 0.0)
    return _Forecast(
        log_probability=float(fit + prior),
        mean=float(ahead @ log_odds),
        sd=float(np.sqrt(variance)),
        long_run=float(expit(log_odds[n])),
        process=(sd, rho),
    )


def _mode(
    cov: Floats, start: float, bads: Floats, loans: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the most probable log-odds less `start`, as cov @ dual, and the curvature there.

    The last two are the root of the binomial weights and inverse(1 + root cov root).
    """
    moved = np.zeros(len(bads))
    dual = np.zeros(len(bads))
    for _ in range(NEWTON_STEPS):
        p = expit(start + moved)
        curvature = loans * p * (1.0 - p)
        root = np.sqrt(curvature)
        inverse = np.linalg.inv(np.eye(len(bads)) + root[:, None] * cov * root[None, :])
        target = curvature * moved + bads - loans * p
        dual = target - root * (inverse @ (root * (cov @ target)))
        before = moved
        moved = cov @ dual
        if np.abs(moved - before).max() < CONVERGED_STEP:
            break
    return moved, dual, root, inverse


def _shares(forecasts: list[_Forecast]) -> Floats:
    """Return the probability of each forecast given the months; they sum to 1."""
    log_probability = np.array([one.log_probability for one in forecasts])
    share = np.exp(log_probability - log_probability.max())
    return np.asarray(share / share.sum())


def _mixture(forecasts: list[_Forecast], share: Floats) -> tuple[Floats, Floats]:
    """Return rates, ascending, and the probability of each, of all forecasts together."""
    normal = ndtri((np.arange(MIXED_QUANTILES) + 0.5) / MIXED_QUANTILES)
    rates = np.concatenate([expit(one.mean + one.sd * normal) for one in forecasts])
    mass = np.repeat(share / MIXED_QUANTILES, MIXED_QUANTILES)
    # Stable: the order of equal rates must be the same on every machine.
    order = np.argsort(rates, kind="stable")
    return rates[order], mass[order]
