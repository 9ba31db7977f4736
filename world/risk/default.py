"""Who defaults and when (domain 7.5).

eta = alpha + sum of contributions + u + 3.0 fraud + gamma M_vintage + delta_L (limit/income - 0.5)+ + delta_r (APR - 0.144),
h_k = 1 - (1 - PD)^(s_k m_k), with m_k = 3 in the six months after a life shock, be it before or after booking. u is never observable;
friends share part of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from creditloom.world.config.config_types import Hazard
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.loans.incumbent_policy import LoanTerms
from creditloom.world.people.people import People, sigmoid

BISECTIONS = 60
HERMITE = 20
HALF_YEAR = 6
REFERENCE_RATIO, REFERENCE_APR = 0.5, 0.144


@dataclass(frozen=True)
class TrueOutcome:
    """Truth per applicant: log-odds without u, fraud and macro; PDs; the month (1-12) of default, 0 where none comes; u."""

    log_odds_systematic: np.ndarray
    pd_neutral: np.ndarray
    pd_true: np.ndarray
    macro: np.ndarray
    default_month: np.ndarray
    shock: np.ndarray


def macro_path(
    nature: WorldConfig, n_vintages: int, rng: np.random.Generator, *, on: bool
) -> np.ndarray:
    """AR(1) with unit variance and one bad half-year, per vintage, less its own mean so that `base_rate` is the rate over all vintages."""
    effects, path = nature.effects, np.empty(n_vintages)
    steps = rng.standard_normal(n_vintages)
    path[0] = steps[0]
    for month in range(1, n_vintages):
        path[month] = (
            effects.macro_rho * path[month - 1] + np.sqrt(1.0 - effects.macro_rho**2) * steps[month]
        )
    path[effects.bad_half_year : effects.bad_half_year + HALF_YEAR] += effects.bad_half_year_size
    return (path - path.mean()) * on


def exposure_exponent(hazard: Hazard) -> float:
    """Sum of s_k E[m_k]: by how much life shocks stretch the twelve months."""
    months = np.arange(1, len(hazard.timing) + 1)
    shocked = 1.0 - (1.0 - hazard.life_shock_rate) ** np.minimum(months, hazard.life_shock_months)
    return float(
        np.sum(np.array(hazard.timing) * (1.0 + (hazard.life_shock_factor - 1.0) * shocked))
    )


def pace(hazard: Hazard, shock_month: np.ndarray) -> np.ndarray:
    """s_k m_k per person and month 1-12 when the life shock strikes in `shock_month` (1 the first after booking, 0 and less before)."""
    months, since = np.arange(1, len(hazard.timing) + 1), shock_month[:, None]
    active = (months >= since) & (months < since + hazard.life_shock_months)
    return np.array(hazard.timing) * np.where(active, hazard.life_shock_factor, 1.0)


def exposure(hazard: Hazard, shock_month: np.ndarray) -> np.ndarray:
    """Sum of s_k m_k as it stands at booking: a shock that has struck counts as it is, one to come by its chance."""
    return np.where(
        shock_month <= 0, pace(hazard, shock_month).sum(axis=1), exposure_exponent(hazard)
    )


def pd_of(
    hazard: Hazard, log_odds: np.ndarray, exponent: np.ndarray | float | None = None
) -> np.ndarray:
    """Twelve-month PD of given log-odds; life shocks averaged out unless their `exposure` is given."""
    return 1.0 - (1.0 - sigmoid(log_odds)) ** (
        exposure_exponent(hazard) if exponent is None else exponent
    )


def oracle_pd(nature: WorldConfig, log_odds: np.ndarray) -> np.ndarray:
    """E[PD | states, month]: u integrated out by Gauss-Hermite, no fraud."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(HERMITE)
    shocks = nature.effects.shock_sigma * nodes
    return sum(
        w * pd_of(nature.hazard, log_odds + u)
        for u, w in zip(shocks, weights / weights.sum(), strict=True)
    )


def terms_effect(nature: WorldConfig, income_cny: np.ndarray, terms: LoanTerms) -> np.ndarray:
    """What limit and price add to the log-odds: delta_L (limit/income - 0.5)+ + delta_r (APR - 0.144)."""
    ratio = terms.principal_fen / 100.0 / income_cny
    more = nature.effects.limit_effect * np.maximum(ratio - REFERENCE_RATIO, 0.0)
    return more + nature.effects.rate_effect * (terms.daily_rate * 360.0 - REFERENCE_APR)


def solve_alpha(nature: WorldConfig, log_odds: np.ndarray, base_rate: float) -> float:
    """alpha such that mean PD of the probe equals `base_rate`; `log_odds` holds all but alpha and the macro path."""
    low, high = -20.0, 10.0
    for _ in range(BISECTIONS):
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
    """Default of everyone, booked or not; `log_odds` is systematic, `shock` u, `moved` the centred effect of terms."""
    neutral = log_odds + shock + moved + nature.effects.fraud_log_odds * people.is_fraud
    macro = macro_by_vintage[people.vintage]
    log_odds_true = neutral + nature.effects.macro_gamma * macro
    exponent = exposure(nature.hazard, shock_month)
    return TrueOutcome(
        log_odds_systematic=log_odds,
        pd_neutral=pd_of(nature.hazard, neutral, exponent),
        pd_true=pd_of(nature.hazard, log_odds_true, exponent),
        macro=macro,
        default_month=_default_month(
            nature.hazard, sigmoid(log_odds_true), shock_month, people.is_fraud, rng
        ),
        shock=shock,
    )


def _default_month(
    hazard: Hazard,
    pd: np.ndarray,
    shock_month: np.ndarray,
    is_fraud: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """First month whose cumulative hazard passes an exponential threshold; a fraud's first payment mostly fails at once."""
    hazards = -np.log1p(-pd)[:, None] * pace(hazard, shock_month)
    reached = np.cumsum(hazards, axis=1) > rng.exponential(size=pd.size)[:, None]
    month = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, 0)
    first = int(np.flatnonzero(hazard.timing)[0]) + 1
    at_once = is_fraud & (month > 0) & (rng.random(pd.size) < hazard.fraud_first_payment_share)
    return np.where(at_once, first, month).astype(np.int8)
