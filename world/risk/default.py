"""Who defaults and when (domain 7.5).

eta = alpha + sum of contributions + u + 3.0 fraud + delta_L (limit/income - 0.5)+ +
delta_r (APR - 0.144). The first payment of a default is missed in month j after booking with chance
h_j = 1 - (1 - p)^(s_k m_j g_j), where p = expit(eta) and k = j + 3 is the month of 90 days past
due. m_j is 3 in the six months after a life shock, be it before or after booking; g_j is the factor
of the economy in that calendar month. u is luck that nobody can observe; friends share part of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from creditloom.world.calendar import Days
from creditloom.world.config.config_types import Hazard
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.loans.incumbent_policy import LoanTerms
from creditloom.world.people.people import People
from creditloom.world.risk.arrears import (
    N_LUCK,
    ONSET_TO_BAD,
    Arrears,
    deep_chance,
    due_days,
    month_later,
    spell_chance,
)
from creditloom.world.risk.economy import Economy

# Steps of the bisection for alpha (domain 7.6): 30 log-odds halved so often are less than 1e-16.
N_BISECTIONS = 60
# Interval of that bisection, log-odds: no base rate asks for an alpha outside it.
LOWEST_ALPHA = -20.0
HIGHEST_ALPHA = 10.0
# Secants come this near to alpha, in the logit of the mean PD, before the last one; at most so
# many (choice).
SECANT_TOLERANCE = 1e-10
MAX_SECANTS = 12
# Farther from there than this, log-odds, the side of the root is known: ten times the error of
# the secants, and a thousand times that of a mean PD.
NEAR_ALPHA = 1e-12
# Nodes of the Gauss-Hermite rule that integrates u out (choice).
HERMITE_NODES = 20


@dataclass(frozen=True)
class TrueOutcome:
    """The truth of each applicant, on the terms of the incumbent, booked or not.

    - `log_odds_systematic` has neither u, fraud nor economy; `shock` is u; `macro` is what the
      economy adds over the months that the vintage meets, as one value of its path.
    - `pd_neutral` has u and fraud but a neutral economy; `pd_true` has all.
    - `default_month` is the month (1-12) of default, 0 where none comes.
    - `missed` and `status` are people x months 1-12: unpaid instalments at the month's end, and the
      codes of `arrears`. `due_day` is the day of the month on which instalments fall due.
    """

    log_odds_systematic: np.ndarray
    pd_neutral: np.ndarray
    pd_true: np.ndarray
    macro: np.ndarray
    default_month: np.ndarray
    shock: np.ndarray
    missed: np.ndarray
    status: np.ndarray
    due_day: np.ndarray


def onset_weights(hazard: Hazard) -> np.ndarray:
    """Return s_k by the month j = k - 3 in which the first payment of a default is missed.

    Raises no error for weights before month 4: they belong to payments that never fell due.
    """
    return np.array(hazard.timing[ONSET_TO_BAD:])


def exposure_exponent(hazard: Hazard) -> float:
    """Return the sum of s_k E[m_j]: by how much life shocks stretch the twelve months."""
    weights = onset_weights(hazard)
    months = np.arange(1, weights.size + 1)
    # A month is shocked if a shock came in one of the last `life_shock_months`.
    open_months = np.minimum(months, hazard.life_shock_months)
    shocked = 1.0 - (1.0 - hazard.life_shock_rate) ** open_months
    mean_factor = 1.0 + (hazard.life_shock_factor - 1.0) * shocked
    return float(np.sum(weights * mean_factor))


def shock_factors(hazard: Hazard, shock_month: np.ndarray, n_months: int) -> np.ndarray:
    """Return m_j, people x months 1 to `n_months`.

    The life shock strikes in `shock_month`: 1 is the first month after booking, 0 and less lie
    before it.
    """
    months = np.arange(1, n_months + 1)
    first = shock_month[:, None]
    is_active = (months >= first) & (months < first + hazard.life_shock_months)
    return np.where(is_active, hazard.life_shock_factor, 1.0)


def pace(hazard: Hazard, shock_month: np.ndarray) -> np.ndarray:
    """Return s_k m_j, people x months j in which the first payment of a default is missed."""
    weights = onset_weights(hazard)
    return weights * shock_factors(hazard, shock_month, weights.size)


def exposure(
    hazard: Hazard, shock_month: np.ndarray, economy: np.ndarray | float = 1.0
) -> np.ndarray:
    """Return the sum of s_k m_j g_j as it stands at booking, one value per person.

    A shock that has struck counts as it is, one to come by its chance. `economy` is g_j, people x
    months or 1.
    """
    weights = onset_weights(hazard)
    months = np.arange(1, weights.size + 1)
    open_months = np.minimum(months, hazard.life_shock_months)
    shocked = 1.0 - (1.0 - hazard.life_shock_rate) ** open_months
    by_chance = 1.0 + (hazard.life_shock_factor - 1.0) * shocked
    has_struck = (shock_month <= 0)[:, None]
    factors = np.where(has_struck, shock_factors(hazard, shock_month, weights.size), by_chance)
    return np.asarray((weights * factors * economy).sum(axis=1))


def pd_of(
    hazard: Hazard, log_odds: np.ndarray, exponent: np.ndarray | float | None = None
) -> np.ndarray:
    """Return the twelve-month PD of given log-odds.

    Life shocks are averaged out unless their `exposure` is given as `exponent`.
    """
    power = exposure_exponent(hazard) if exponent is None else exponent
    # In one array: this is computed a thousand times for the probe population, and new memory for
    # each step would take a fifth of the time.
    pd = np.asarray(expit(log_odds))
    np.subtract(1.0, pd, out=pd)
    pd = np.asarray(np.power(pd, power))
    np.subtract(1.0, pd, out=pd)
    return pd


def oracle_pd(
    nature: WorldConfig, log_odds: np.ndarray, exponent: np.ndarray | float | None = None
) -> np.ndarray:
    """Return E[PD | states, month]: u is integrated out by Gauss-Hermite; no fraud.

    `exponent` is the sum of s_k m_j g_j; None is that of a neutral economy.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(HERMITE_NODES)
    shocks = nature.effects.shock_sigma * nodes
    # Terms are added in the order of the nodes: another order would change the last bit.
    return sum(
        weight * pd_of(nature.hazard, log_odds + shock, exponent)
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

    def is_too_low(alpha: float) -> bool:
        return float(pd_of(nature.hazard, log_odds + alpha).mean()) < base_rate

    near = _near_alpha(nature, log_odds, base_rate)
    for _ in range(N_BISECTIONS):
        middle = (low + high) / 2.0
        # Halving between two neighbouring numbers changes nothing any more.
        if middle in (low, high):
            break
        # The mean PD rises with alpha: only near the root must it be computed to know its side.
        is_clear = abs(middle - near) > NEAR_ALPHA
        if middle < near if is_clear else is_too_low(middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def _near_alpha(nature: WorldConfig, log_odds: np.ndarray, base_rate: float) -> float:
    """Return alpha to some thirteen digits, by secants in the logit of the mean PD.

    NaN where they do not get there: every step of the bisection is then computed.
    """
    goal = float(logit(base_rate))
    alpha = goal - float(log_odds.mean())
    # A first slope: the mean PD moves with alpha almost as one PD would.
    slope = 1.0
    last = (np.nan, np.nan)
    for _ in range(MAX_SECANTS):
        miss = goal - float(logit(pd_of(nature.hazard, log_odds + alpha).mean()))
        if abs(miss) < SECANT_TOLERANCE:
            # The last step: what it misses is a product of two small errors.
            return alpha + miss / slope
        if last[1] != miss and not np.isnan(last[1]):
            slope = (last[1] - miss) / (alpha - last[0])
        last = (alpha, miss)
        alpha += miss / slope
    return float("nan")


@dataclass(frozen=True)
class Exposed:
    """What acts on each person's hazard beside the log-odds, for months 1-12 on book.

    `shock_month` is the month of the life shock, `economy` the factor g_j (people x 12), `rushes`
    a fraud whose first payment fails, `due_day` the day on which instalments fall due.
    """

    shock_month: np.ndarray
    economy: np.ndarray
    rushes: np.ndarray
    due_day: np.ndarray


def exposed(
    nature: WorldConfig,
    people: People,
    shock_month: np.ndarray,
    economy: Economy,
    rng: np.random.Generator,
) -> Exposed:
    """Return what acts on everyone's hazard; only `rushes` is drawn."""
    months = np.arange(1, len(nature.hazard.timing) + 1)
    calendar_month = people.vintage.astype(np.int64)[:, None] + months[None, :]
    draws = rng.random(people.size) < nature.hazard.fraud_first_payment_share
    return Exposed(
        shock_month=shock_month,
        economy=economy.hazard(calendar_month),
        rushes=people.is_fraud & draws,
        due_day=due_days(Days.day_of_month(people.as_of)),
    )


def outcomes(
    nature: WorldConfig,
    people: People,
    around: Exposed,
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
    n_onset = onset_weights(hazard).size
    now = exposure(hazard, around.shock_month, around.economy[:, :n_onset])
    path = _arrears(nature, expit(neutral), around, rng)
    # table: the columns of the outcome
    return TrueOutcome(
        log_odds_systematic=log_odds,
        pd_neutral=pd_of(hazard, neutral, exposure(hazard, around.shock_month)),
        pd_true=pd_of(hazard, neutral, now),
        macro=macro_by_vintage[people.vintage],
        default_month=path[-1].defaulted.astype(np.int8),
        shock=shock,
        missed=np.column_stack([month.missed for month in path]).astype(np.int8),
        status=np.column_stack([month.status for month in path]).astype(np.int8),
        due_day=around.due_day.astype(np.int8),
    )


def _arrears(
    nature: WorldConfig, pd: np.ndarray, around: Exposed, rng: np.random.Generator
) -> list[Arrears]:
    """Return the arrears of everyone at the ends of months 1-12.

    `pd` is expit(eta). The first payment of a fraud who rushes has the whole hazard of the year.
    """
    hazard = nature.hazard
    n_months = len(hazard.timing)
    factors = shock_factors(hazard, around.shock_month, n_months)
    # What begins in the last months is a default after the year: it shows as arrears only.
    weights = np.full(n_months, nature.arrears.late_weight)
    n_onset = onset_weights(hazard).size
    weights[:n_onset] = onset_weights(hazard)
    stretch = weights * factors * around.economy
    at_once = np.zeros_like(stretch)
    at_once[:, 0] = stretch[:, :n_onset].sum(axis=1)
    stretch = np.where(around.rushes[:, None], at_once, stretch)
    # 1 - (1 - p)^(s m g), by log1p and expm1 so that small chances keep their digits.
    onset = -np.expm1(np.log1p(-pd)[:, None] * stretch)
    owes = np.ones(pd.size, dtype=bool)
    deep = deep_chance(nature.arrears, pd)
    state = Arrears.none(pd.size)
    path = []
    for month in range(1, n_months + 1):
        column = month - 1
        chance = spell_chance(nature.arrears, pd, factors[:, column], around.economy[:, column])
        luck = rng.random((pd.size, N_LUCK))
        state = month_later(
            nature.arrears, state, month, owes, onset[:, column], chance, deep, luck
        )
        path.append(state)
    return path
