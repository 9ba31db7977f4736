"""Who defaults and when (domain 7.5).

eta = alpha + sum of contributions + u + 3.0 fraud + gamma M_vintage + delta_L (limit/income - 0.5)+ + delta_r (APR - 0.144),
h_k = 1 - (1 - PD)^(s_k m_k), with m_k = 3 in the six months after a life shock. u is never observable.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.world.nature import Nature
from data.world.numbers import Hazard
from data.world.people import People
from data.world.policy import Terms
from data.world.traits import sigmoid

BISECTIONS = 60
HERMITE = 20
REFERENCE_RATIO, REFERENCE_APR = 0.5, 0.144


@dataclass(frozen=True)
class Outcome:
    """Truth per applicant: log-odds without u, fraud and macro; PDs; the month (1-12) of default, 0 where none comes."""

    log_odds_systematic: np.ndarray
    pd_neutral: np.ndarray
    pd_true: np.ndarray
    macro: np.ndarray
    default_month: np.ndarray


def macro_path(nature: Nature, n_vintages: int, rng: np.random.Generator, *, on: bool) -> np.ndarray:
    """AR(1) with unit variance, one value per vintage, less its own mean so that `base_rate` is the rate over all vintages."""
    rho, path = nature.effects.macro_rho, np.empty(n_vintages)
    steps = rng.standard_normal(n_vintages)
    path[0] = steps[0]
    for month in range(1, n_vintages):
        path[month] = rho * path[month - 1] + np.sqrt(1.0 - rho**2) * steps[month]
    return (path - path.mean()) * on


def exposure_exponent(hazard: Hazard) -> float:
    """Sum of s_k E[m_k]: by how much life shocks stretch the twelve months."""
    months = np.arange(1, len(hazard.timing) + 1)
    shocked = 1.0 - (1.0 - hazard.life_shock_rate) ** np.minimum(months, hazard.life_shock_months)
    return float(np.sum(np.array(hazard.timing) * (1.0 + (hazard.life_shock_factor - 1.0) * shocked)))


def pd_of(hazard: Hazard, log_odds: np.ndarray) -> np.ndarray:
    """Twelve-month PD of given log-odds, life shocks averaged out."""
    return 1.0 - (1.0 - sigmoid(log_odds)) ** exposure_exponent(hazard)


def oracle_pd(nature: Nature, log_odds: np.ndarray) -> np.ndarray:
    """E[PD | states, month]: u integrated out by Gauss-Hermite, no fraud."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(HERMITE)
    shocks = nature.effects.shock_sigma * nodes
    return sum(w * pd_of(nature.hazard, log_odds + u) for u, w in zip(shocks, weights / weights.sum(), strict=True))


def terms_effect(nature: Nature, income_cny: np.ndarray, terms: Terms) -> np.ndarray:
    """What limit and price add to the log-odds: delta_L (limit/income - 0.5)+ + delta_r (APR - 0.144)."""
    ratio = terms.principal_fen / 100.0 / income_cny
    more = nature.effects.limit_effect * np.maximum(ratio - REFERENCE_RATIO, 0.0)
    return more + nature.effects.rate_effect * (terms.daily_rate * 360.0 - REFERENCE_APR)


def solve_alpha(nature: Nature, log_odds: np.ndarray, base_rate: float) -> float:
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
    nature: Nature, people: People, log_odds: np.ndarray, moved: np.ndarray, macro_by_vintage: np.ndarray, rng: np.random.Generator
) -> Outcome:
    """Default of everyone, booked or not; `log_odds` is the systematic part with alpha, `moved` the effect of the terms, centred."""
    shock = nature.effects.shock_sigma * rng.standard_normal(people.size)
    neutral = log_odds + shock + nature.effects.fraud_log_odds * people.is_fraud + moved
    macro = macro_by_vintage[people.vintage]
    moved = neutral + nature.effects.macro_gamma * macro
    return Outcome(
        log_odds_systematic=log_odds,
        pd_neutral=pd_of(nature.hazard, neutral),
        pd_true=pd_of(nature.hazard, moved),
        macro=macro,
        default_month=_default_month(nature.hazard, sigmoid(moved), people.is_fraud, rng),
    )


def _default_month(hazard: Hazard, pd: np.ndarray, is_fraud: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """First month whose cumulative hazard passes an exponential threshold; a fraud's first payment mostly fails at once."""
    months = np.arange(1, len(hazard.timing) + 1)
    shock = rng.geometric(hazard.life_shock_rate, pd.size)
    active = (months >= shock[:, None]) & (months < shock[:, None] + hazard.life_shock_months)
    pace = np.array(hazard.timing) * np.where(active, hazard.life_shock_factor, 1.0)
    reached = np.cumsum(-np.log1p(-pd)[:, None] * pace, axis=1) > rng.exponential(size=pd.size)[:, None]
    month = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, 0)
    first = int(np.flatnonzero(hazard.timing)[0]) + 1
    at_once = is_fraud & (month > 0) & (rng.random(pd.size) < hazard.fraud_first_payment_share)
    return np.where(at_once, first, month).astype(np.int8)
