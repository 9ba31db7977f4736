"""Who defaults and when (domain 7.5).

eta = alpha + sum of contributions + u + 3.0 fraud + gamma M_vintage + delta_L (limit/income - 0.5)+
+ delta_r (APR - 0.144). The hazard of month k is h_k = 1 - (1 - PD)^(s_k m_k), with m_k = 3 in the
six months after a life shock, be it before or after booking. u is luck that nobody can observe;
friends share part of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from creditloom.world.config.config_types import Hazard
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.loans.incumbent_policy import LoanTerms
from creditloom.world.people.people import People

# Steps of the bisection for alpha (domain 7.6): 30 log-odds halved so often are less than 1e-16.
N_BISECTIONS = 60
# Interval of that bisection, log-odds: no base rate asks for an alpha outside it.
LOWEST_ALPHA = -20.0
HIGHEST_ALPHA = 10.0
# Nodes of the Gauss-Hermite rule that integrates u out (choice).
HERMITE_NODES = 20


@dataclass(frozen=True)
class TrueOutcome:
    """The truth of each applicant.

    - `log_odds_systematic` has neither u, fraud nor macro; `shock` is u; `macro` is M of the
      vintage.
    - `pd_neutral` has u and fraud but no macro; `pd_true` has all.
    - `default_month` is the month (1-12) of default, 0 where none comes.
    """

    log_odds_systematic: np.ndarray
    pd_neutral: np.ndarray
    pd_true: np.ndarray
    macro: np.ndarray
    default_month: np.ndarray
    shock: np.ndarray


def macro_path(
    nature: WorldConfig, n_vintages: int, rng: np.random.Generator, *, on: bool
) -> np.ndarray:
    """Return the macro path by vintage: AR(1) with unit variance and one bad half-year.

    Its mean is taken off, so that `base_rate` is the rate over all vintages. It is 0 unless `on`.
    """
    effects = nature.effects
    rho = effects.macro_rho
    path = np.empty(n_vintages)
    steps = rng.standard_normal(n_vintages)
    # The first month is drawn from the stationary law, so that no month is special.
    path[0] = steps[0]
    for month in range(1, n_vintages):
        path[month] = rho * path[month - 1] + np.sqrt(1.0 - rho**2) * steps[month]
    end = effects.bad_half_year + effects.bad_half_year_months
    path[effects.bad_half_year : end] += effects.bad_half_year_size
    return (path - path.mean()) * on


def exposure_exponent(hazard: Hazard) -> float:
    """Return the sum of s_k E[m_k]: by how much life shocks stretch the twelve months."""
    months = np.arange(1, len(hazard.timing) + 1)
    # A month is shocked if a shock came in one of the last `life_shock_months`.
    open_months = np.minimum(months, hazard.life_shock_months)
    shocked = 1.0 - (1.0 - hazard.life_shock_rate) ** open_months
    mean_factor = 1.0 + (hazard.life_shock_factor - 1.0) * shocked
    return float(np.sum(np.array(hazard.timing) * mean_factor))


def pace(hazard: Hazard, shock_month: np.ndarray) -> np.ndarray:
    """Return s_k m_k, people x months 1-12.

    The life shock strikes in `shock_month`: 1 is the first month after booking, 0 and less lie
    before it.
    """
    months = np.arange(1, len(hazard.timing) + 1)
    first = shock_month[:, None]
    is_active = (months >= first) & (months < first + hazard.life_shock_months)
    return np.array(hazard.timing) * np.where(is_active, hazard.life_shock_factor, 1.0)


def exposure(hazard: Hazard, shock_month: np.ndarray) -> np.ndarray:
    """Return the sum of s_k m_k as it stands at booking.

    A shock that has struck counts as it is, one to come by its chance.
    """
    after_shock = pace(hazard, shock_month).sum(axis=1)
    return np.where(shock_month <= 0, after_shock, exposure_exponent(hazard))


def pd_of(
    hazard: Hazard, log_odds: np.ndarray, exponent: np.ndarray | float | None = None
) -> np.ndarray:
    """Return the twelve-month PD of given log-odds.

    Life shocks are averaged out unless their `exposure` is given as `exponent`.
    """
    power = exposure_exponent(hazard) if exponent is None else exponent
    return 1.0 - (1.0 - expit(log_odds)) ** power


def oracle_pd(nature: WorldConfig, log_odds: np.ndarray) -> np.ndarray:
    """Return E[PD | states, month]: u is integrated out by Gauss-Hermite; no fraud."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(HERMITE_NODES)
    shocks = nature.effects.shock_sigma * nodes
    # Terms are added in the order of the nodes: another order would change the last bit.
    return sum(
        weight * pd_of(nature.hazard, log_odds + shock)
        for shock, weight in zip(shocks, weights / weights.sum(), strict=True)
    )


def terms_effect(nature: WorldConfig, income_cny: np.ndarray, terms: LoanTerms) -> np.ndarray:
    """Return what limit and price add to the log-odds.

    delta_L (limit/income - 0.5)+ + delta_r (APR - 0.144), with income a month and 360 days a year.
    """
    ratio = terms.principal_fen / 100.0 / income_cny
    effects = nature.effects
    of_limit = effects.limit_effect * np.maximum(ratio - effects.reference_ratio, 0.0)
    return of_limit + effects.rate_effect * (terms.daily_rate * 360.0 - effects.reference_apr)


def solve_alpha(nature: WorldConfig, log_odds: np.ndarray, base_rate: float) -> float:
    """Return the alpha at which the mean PD of the probe equals `base_rate`.

    `log_odds` holds all but alpha and the macro path.
    """
    low = LOWEST_ALPHA
    high = HIGHEST_ALPHA
    for _ in range(N_BISECTIONS):
        middle = (low + high) / 2.0
        if pd_of(nature.hazard, log_odds + middle).mean() < base_rate:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def outcomes(
    nature: WorldConfig,
    people: People,
    shock_month: np.ndarray,
    log_odds: np.ndarray,
    shock: np.ndarray,
    moved: np.ndarray,
    macro_by_vintage: np.ndarray,
    rng: np.random.Generator,
) -> TrueOutcome:
    """Return the outcome of everyone, booked or not.

    `log_odds` is systematic, `shock` is u, `moved` the centred effect of terms.
    """
    hazard = nature.hazard
    neutral = log_odds + shock + moved + nature.effects.fraud_log_odds * people.is_fraud
    macro = macro_by_vintage[people.vintage]
    log_odds_true = neutral + nature.effects.macro_gamma * macro
    exponent = exposure(hazard, shock_month)
    month = _default_month(hazard, expit(log_odds_true), shock_month, people.is_fraud, rng)
    return TrueOutcome(
        log_odds_systematic=log_odds,
        pd_neutral=pd_of(hazard, neutral, exponent),
        pd_true=pd_of(hazard, log_odds_true, exponent),
        macro=macro,
        default_month=month,
        shock=shock,
    )


def _default_month(
    hazard: Hazard,
    pd: np.ndarray,
    shock_month: np.ndarray,
    is_fraud: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the first month whose cumulative hazard passes an exponential threshold, else 0.

    The first payment of a fraud who defaults mostly fails at once.
    """
    hazards = -np.log1p(-pd)[:, None] * pace(hazard, shock_month)
    threshold = rng.exponential(size=pd.size)[:, None]
    is_reached = np.cumsum(hazards, axis=1) > threshold
    month = np.where(is_reached.any(axis=1), is_reached.argmax(axis=1) + 1, 0)
    # A payment missed at once is 90 days past due in the first month that has any hazard.
    first_month = int(np.flatnonzero(hazard.timing)[0]) + 1
    rushes = rng.random(pd.size) < hazard.fraud_first_payment_share
    return np.where(is_fraud & (month > 0) & rushes, first_month, month).astype(np.int8)
