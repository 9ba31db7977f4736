"""One month of life after booking: `step` takes a book to the next month's end.

It returns the new state and what a lender sees of it. Limit and rate act back on default (delta_L,
delta_r). A life shock raises the hazard for six months and changes behaviour from its month on.
Arrears roll as domain 7.5 says. Over the months, the default rate is that of `default.outcomes` for
the same terms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from scipy.special import expit

from creditloom.world.book.book_config import BookConfig, Roll
from creditloom.world.book.panel import Column, rows
from creditloom.world.book.state import (
    ONSET_TO_BAD,
    Book,
    DueMonths,
    Grant,
    drawn_schedule,
    effect_of,
    luck,
)
from creditloom.world.config.config_types import Hazard
from creditloom.world.risk.default import exposure_exponent
from creditloom.world.world import World

# Who stops paying and who catches up (domain 7.5).


@dataclass(frozen=True)
class CuredSpells:
    """Spells of arrears that will be paid up.

    `enter` is the chance a month that one begins, `reach_m2` the share of these that reach M2, and
    `reach_m3` the share of the latter that reach M3.
    """

    enter: float
    reach_m2: float
    reach_m3: float


def cured_spells(roll: Roll) -> CuredSpells:
    """Return what is left of the roll rates when spells that end in default are taken out."""
    m1 = roll.current_to_m1
    m2 = m1 * roll.m1_to_m2
    m3 = m2 * roll.m2_to_m3
    bad = m3 * roll.m3_to_bad
    return CuredSpells(
        enter=m1 - bad,
        reach_m2=(m2 - bad) / (m1 - bad),
        reach_m3=(m3 - bad) / (m2 - bad),
    )


def pace(hazard: Hazard, late_weight: float, month: int, rushes: np.ndarray) -> np.ndarray:
    """Return s_k of the default that a payment missed in `month` leads to, one per account.

    A fraud who rushes has the whole hazard of twelve months in the first month.
    """
    k = month + ONSET_TO_BAD
    is_first_year = k <= len(hazard.timing)
    weight = hazard.timing[k - 1] if is_first_year else late_weight
    at_once = exposure_exponent(hazard) if month == 0 else 0.0
    return np.where(rushes & is_first_year, at_once, weight)


def onset(
    hazard: Hazard, late_weight: float, book: Book, log_odds: np.ndarray, month: int
) -> np.ndarray:
    """Return the chance that a payment missed in `month` is the first of a default."""
    weight = pace(hazard, late_weight, month, book.rushes)
    # The exponent of a fraud who rushes has the average shock inside already.
    feels_shock = book.is_shocked(month) & ~(book.rushes & (month == 0))
    shock_factor = np.where(feels_shock, hazard.life_shock_factor, 1.0)
    # 1 - (1 - PD)^(s_k m_k), by log1p and expm1 so that small chances keep their digits.
    return -np.expm1(np.log1p(-expit(log_odds)) * weight * shock_factor)


def spells(
    hazard: Hazard,
    numbers: BookConfig,
    book: Book,
    log_odds: np.ndarray,
    month: int,
    luck: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return (missed, spell) at the end of `month`.

    `luck` is accounts x 3 of uniform draws: default, spell, depth of the spell. A spell begins only
    where something falls due; one that has reached its length is paid up. A default that begins
    during a spell that would have been paid up begins anew: the earlier payments are made up, this
    month's is not.
    """
    cured = cured_spells(numbers.roll)
    owes = _owes(book, month)
    is_lost = book.spell > ONSET_TO_BAD
    onset_chance = onset(hazard, numbers.risk.late_weight, book, log_odds, month)
    starts_bad = ~is_lost & owes & (luck[:, 0] < onset_chance)
    spell_chance = _spell_chance(hazard, numbers, cured, book.is_shocked(month), log_odds)
    draws_spell = luck[:, 1] < np.minimum(spell_chance, numbers.risk.max_spell_chance)
    starts = (book.missed == 0) & owes & (month > 0) & draws_spell
    # One draw decides both steps: who passes the narrow threshold has passed the wide one.
    depth = 1 + (luck[:, 2] < cured.reach_m2) + (luck[:, 2] < cured.reach_m2 * cured.reach_m3)
    pays_up = ~is_lost & (book.missed > 0) & (book.missed >= book.spell)
    missed = np.where(pays_up, 0, book.missed + (starts | (book.missed > 0)))
    spell = np.where(pays_up, 0, np.where(starts, depth, book.spell))
    return np.where(starts_bad, 1, missed), np.where(starts_bad, ONSET_TO_BAD + 1, spell)


def _spell_chance(
    hazard: Hazard,
    numbers: BookConfig,
    cured: CuredSpells,
    is_shocked: np.ndarray,
    log_odds: np.ndarray,
) -> np.ndarray:
    """Return the chance that a spell begins which will be paid up: it goes with the PD."""
    relative_risk = expit(log_odds) / numbers.risk.reference_pd
    chance = cured.enter * relative_risk**numbers.risk.slip_elasticity
    return chance * np.where(is_shocked, hazard.life_shock_factor, 1.0)


def _owes(book: Book, month: int) -> np.ndarray:
    """Return where an instalment falls due.

    Nothing does in the month of booking, but the default of a fraud may begin there: the first
    instalment is then the one that is missed.
    """
    if month == 0:
        return np.ones(book.size, bool)
    return book.schedule.principal_fen[:, 0] + book.schedule.interest_fen[:, 0] > 0


# Draws of a month are keyed by month + 1: the key 0 opened the book (`state.open_book`).
MONTH_LUCK = 1
# Uniform draws per person and month: 3 for `spells`, 3 for the days late of a slip.
N_UNIFORM = 6


@dataclass(frozen=True)
class Changes:
    """What a review changes before the next month, one value per account.

    It is the line, the rate of new drawdowns (a fraction a day), and who may not draw.
    """

    limit_fen: np.ndarray
    daily_rate: np.ndarray
    is_frozen: np.ndarray


def step(
    world: World, numbers: BookConfig, book: Book, changes: Changes | None = None
) -> tuple[Book, pa.Table]:
    """Return the book a month on, and its rows of the panel, one per account.

    The first call is the month of booking (0): money is drawn, nothing is due yet. The same world,
    book and changes give the same bytes.
    """
    month = book.month + 1
    if changes is not None:
        grant = replace(book.grant, limit_fen=changes.limit_fen, daily_rate=changes.daily_rate)
        book = replace(book, grant=grant, frozen=changes.is_frozen)
    # Draws are made for everyone in the world and then cut to the accounts, so that the luck of a
    # person does not depend on who else is booked. Draw order: uniforms, then the drawdown's noise.
    rng = luck(world, book.seed, month + MONTH_LUCK)
    uniform = rng.random((world.people.size, N_UNIFORM), dtype=np.float64)[book.rows]
    drawn_fen = _draw(world, numbers, book, month, rng)
    log_odds = book.base + effect_of(world, book)
    hazard = world.setting.nature.hazard
    missed, spell = spells(hazard, numbers, book, log_odds, month, uniform[:, :3])
    late_days = _days_late(world, numbers, book, uniform[:, 3:])
    payments = _pay(book, month, missed)
    after = _advanced(numbers, book, month, drawn_fen, payments, missed, spell)
    # Who was in arrears pays late by what stood open, anybody else by the slip.
    days_late = np.where(book.missed > 0, book.dpd_days, late_days).astype(np.int16)
    is_unpaid = (missed > 0) | (payments.due_fen == 0)
    flows: dict[str, Column] = {
        "drawn_fen": drawn_fen,
        "due_fen": payments.due_fen,
        "interest_due_fen": payments.interest_due_fen,
        "paid_fen": payments.owed_fen - payments.left_fen,
        "days_late": (days_late, is_unpaid),
    }
    return after, rows(world, numbers, after, flows, month)


@dataclass(frozen=True)
class _Payments:
    """What fell due in a month, what was owed with arrears, and what was left unpaid, fen."""

    due_fen: np.ndarray
    interest_due_fen: np.ndarray
    owed_fen: np.ndarray
    left_fen: np.ndarray


def _pay(book: Book, month: int, missed: np.ndarray) -> _Payments:
    """Return the payments of the month against what falls due."""
    zeros = np.zeros(book.size, np.int64)
    interest_due = book.schedule.interest_fen[:, 0] if month > 0 else zeros
    due = book.schedule.principal_fen[:, 0] + interest_due if month > 0 else zeros
    owed = due + book.arrears_fen
    # Who misses a first payment has made up all earlier ones; who misses more pays nothing.
    left = np.where(missed == 0, 0, np.where(missed == 1, due, owed))
    return _Payments(due_fen=due, interest_due_fen=interest_due, owed_fen=owed, left_fen=left)


def _advanced(
    numbers: BookConfig,
    book: Book,
    month: int,
    drawn_fen: np.ndarray,
    payments: _Payments,
    missed: np.ndarray,
    spell: np.ndarray,
) -> Book:
    """Return the state at the month's end: payments first, then the new drawdown."""
    grant = book.grant
    schedule = book.schedule.passed() if month > 0 else book.schedule
    new = _schedule(grant, drawn_fen, numbers.money.days_a_month)
    begins_default = (book.defaulted == 0) & (missed > ONSET_TO_BAD)
    after = replace(
        book,
        month=month,
        schedule=schedule.plus(new),
        arrears_fen=payments.left_fen,
        missed=missed,
        spell=spell,
        defaulted=np.where(begins_default, month, book.defaulted),
    )
    # The days past due are those of the new state.
    is_written_off = after.dpd_days > numbers.money.write_off_dpd
    return replace(after, written_off=book.written_off | is_written_off)


def _schedule(grant: Grant, drawn_fen: np.ndarray, days_a_month: float) -> DueMonths:
    return drawn_schedule(
        drawn_fen, grant.daily_rate, grant.tenor_months, grant.method, days_a_month
    )


def _draw(
    world: World, numbers: BookConfig, book: Book, month: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the fen drawn this month.

    A loan is drawn whole at booking. Of a line, a part of the gap between the wished and the used
    amount is drawn; a shock raises the wish.
    """
    limit = book.grant.limit_fen
    if not book.grant.is_revolving:
        return limit if month == 0 else np.zeros(book.size, np.int64)
    used = book.schedule.balance_fen + book.arrears_fen
    wished = _wished_share(world, numbers, book, month, rng) * limit
    pace = 1.0 if month == 0 else numbers.money.draw_pace
    # A cut line may lie below what is used: then nothing is free.
    free = np.maximum(limit - used, 0)
    # Nobody draws less than nothing, nor more than what is free of the line.
    amount = np.floor(np.clip(pace * (wished - used), 0, free)).astype(np.int64)
    is_enough = amount >= numbers.money.minimum_draw_cny * 100.0
    may_draw = (book.missed == 0) & ~book.frozen & is_enough
    return np.where(may_draw, amount, 0)


def _wished_share(
    world: World, numbers: BookConfig, book: Book, month: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the utilisation that each account's owner wishes for, between 0 and 1."""
    stream = world.setting.nature.stream("utilisation")
    state = world.concept("credit_utilisation")[book.rows]
    noise = numbers.money.draw_noise * rng.standard_normal(world.people.size)[book.rows]
    shocked = numbers.shock.utilisation_logit * book.is_shocked(month)
    return expit(stream.level + stream.slope * state + noise + shocked)


def _days_late(world: World, numbers: BookConfig, book: Book, uniform: np.ndarray) -> np.ndarray:
    """Return the days late of an instalment paid within its month, mostly 0.

    Slips are more frequent with a weak repayment record. `uniform` is accounts x 3: whether there
    is a slip, whether it is short, and its length.
    """
    hazard = world.setting.nature.hazard
    risk = numbers.risk
    record = world.concept("repayment_record")[book.rows]
    is_slip = uniform[:, 0] < hazard.slip_share * np.exp(risk.slip_record * record)
    is_short = uniform[:, 1] < risk.slip_pay_within_share
    max_days = np.where(is_short, risk.slip_pay_within, risk.slip_days_max)
    return np.where(is_slip, 1 + np.floor(uniform[:, 2] * max_days), 0).astype(np.int16)
