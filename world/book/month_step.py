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

from creditloom.world.book.book_config import BookConfig
from creditloom.world.book.panel import Column, rows
from creditloom.world.book.state import (
    Book,
    DueMonths,
    Grant,
    drawn_schedule,
    effect_of,
    empty,
    luck,
)
from creditloom.world.book.switched import drawn_to_wish, prepays
from creditloom.world.risk.arrears import (
    N_LUCK,
    PERFORMING,
    RESTRUCTURED,
    Arrears,
    deep_chance,
    month_later,
    spell_chance,
)
from creditloom.world.risk.default import exposure, onset_weights
from creditloom.world.world import World

# Who stops paying and who catches up (domain 7.5).


def onset(world: World, book: Book, log_odds: np.ndarray, month: int) -> np.ndarray:
    """Return the chance that a payment missed in `month` is the first of a default.

    A fraud who rushes has the whole hazard of twelve months in the first month.
    """
    nature = world.setting.nature
    weights = onset_weights(nature.hazard)
    is_first_year = 1 <= month <= weights.size
    weight = weights[month - 1] if is_first_year else nature.arrears.late_weight
    stretch = weight * _shock_factor(world, book, month) * _economy(world, book, month)
    if is_first_year:
        at_once = _whole_year(world, book) if month == 1 else 0.0
        stretch = np.where(book.rushes, at_once, stretch)
    # 1 - (1 - p)^(s_k m_j g_j), by log1p and expm1 so that small chances keep their digits.
    return -np.expm1(np.log1p(-expit(log_odds)) * stretch)


def _whole_year(world: World, book: Book) -> np.ndarray:
    """Return the sum of s_k m_j g_j over the first year, one value per account."""
    hazard = world.setting.nature.hazard
    months = np.arange(1, onset_weights(hazard).size + 1)
    economy = world.setting.economy.hazard(book.vintage[:, None] + months[None, :])
    return exposure(hazard, book.shock_month[:, 0], economy)


def _shock_factor(world: World, book: Book, month: int) -> np.ndarray:
    factor = world.setting.nature.hazard.life_shock_factor
    return np.where(book.is_shocked(month), factor, 1.0)


def _economy(world: World, book: Book, month: int) -> np.ndarray:
    return world.setting.economy.hazard(book.vintage + month)


def arrears_later(
    world: World, book: Book, log_odds: np.ndarray, month: int, uniform: np.ndarray
) -> Arrears:
    """Return the arrears at the end of `month`; `uniform` is accounts x N_LUCK of draws."""
    numbers = world.setting.nature.arrears
    pd = expit(log_odds)
    shock_factor = _shock_factor(world, book, month)
    spell = spell_chance(numbers, pd, shock_factor, _economy(world, book, month))
    return month_later(
        numbers,
        book.arrears,
        month,
        owes=_owes(book, month),
        onset=onset(world, book, log_odds, month),
        spell=spell,
        deep=deep_chance(numbers, pd),
        luck=uniform,
    )


def _owes(book: Book, month: int) -> np.ndarray:
    """Return where an instalment falls due; nothing does in the month of booking."""
    if month == 0:
        return np.zeros(book.size, bool)
    return book.schedule.principal_fen[:, 0] + book.schedule.interest_fen[:, 0] > 0


# Draws of a month are keyed by month + 1: the key 0 opened the book (`state.open_book`).
MONTH_LUCK = 1
# Uniform draws per person and month: those of the arrears, and 3 for the days late of a slip.
N_UNIFORM = N_LUCK + 3


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
    arrears = arrears_later(world, book, log_odds, month, uniform[:, :N_LUCK])
    late_days = _days_late(numbers, world, book, uniform[:, N_LUCK:])
    payments = _pay(book, month, arrears)
    after = _advanced(numbers, book, month, drawn_fen, payments, arrears)
    after, prepaid_fen = _prepaid(world, numbers, book, after)
    # Who was in arrears pays late by what stood open, anybody else by the slip.
    days_late = np.where(book.missed > 0, book.dpd_days, late_days).astype(np.int16)
    is_unpaid = (arrears.missed > 0) | (payments.due_fen == 0)
    flows: dict[str, Column] = {
        "drawn_fen": drawn_fen,
        "due_fen": payments.due_fen,
        "interest_due_fen": payments.interest_due_fen,
        "paid_fen": payments.owed_fen - payments.left_fen - payments.deferred_fen + prepaid_fen,
        "days_late": (days_late, is_unpaid),
    }
    return after, rows(world, numbers, after, flows, month)


@dataclass(frozen=True)
class _Payments:
    """What fell due in a month, what was owed with arrears, and what was left unpaid, fen.

    `deferred_fen` was open when the account was restructured, and falls due anew.
    """

    due_fen: np.ndarray
    interest_due_fen: np.ndarray
    owed_fen: np.ndarray
    left_fen: np.ndarray
    deferred_fen: np.ndarray


def _pay(book: Book, month: int, after: Arrears) -> _Payments:
    """Return the payments of the month against what falls due."""
    zeros = np.zeros(book.size, np.int64)
    interest_due = book.schedule.interest_fen[:, 0] if month > 0 else zeros
    due = book.schedule.principal_fen[:, 0] + interest_due if month > 0 else zeros
    owed = due + book.arrears_fen
    # Who misses one payment has made up all earlier ones; who stays as far behind has paid one;
    # who falls further behind pays nothing.
    is_same = after.missed == book.missed
    left = np.where(after.missed == 1, due, np.where(is_same, book.arrears_fen, owed))
    left = np.where(after.missed == 0, 0, left)
    is_new = (after.status == RESTRUCTURED) & (book.arrears.status == PERFORMING)
    return _Payments(
        due_fen=due,
        interest_due_fen=interest_due,
        owed_fen=owed,
        left_fen=left,
        deferred_fen=np.where(is_new, owed, 0),
    )


def _advanced(
    numbers: BookConfig,
    book: Book,
    month: int,
    drawn_fen: np.ndarray,
    payments: _Payments,
    arrears: Arrears,
) -> Book:
    """Return the state at the month's end: payments first, then what is owed anew."""
    grant = book.grant
    schedule = book.schedule.passed() if month > 0 else book.schedule
    new = _schedule(grant, drawn_fen + payments.deferred_fen, numbers.money.days_a_month)
    after = replace(
        book,
        month=month,
        schedule=schedule.plus(new),
        arrears_fen=payments.left_fen,
        arrears=arrears,
    )
    # The days past due are those of the new state.
    is_written_off = after.dpd_days > numbers.money.write_off_dpd
    return replace(after, written_off=book.written_off | is_written_off)


def _prepaid(
    world: World, numbers: BookConfig, before: Book, after: Book
) -> tuple[Book, np.ndarray]:
    """Return the book after loans have been repaid in full, and the fen repaid on top.

    The instalment of the month is paid like any other; the principal that is left follows it, and
    bears no more interest. No fee is taken for it.
    """
    nothing = np.zeros(after.size, np.int64)
    if not world.setting.params.switches.prepayment:
        return after, nothing
    # Who has paid this month's instalment and was not behind before it.
    is_prepaid = prepays(world, numbers, before, after.month) & (after.missed == 0)
    left = after.schedule
    none = empty(after.size, left.principal_fen.shape[1])
    schedule = DueMonths(
        principal_fen=np.where(is_prepaid[:, None], none.principal_fen, left.principal_fen),
        interest_fen=np.where(is_prepaid[:, None], none.interest_fen, left.interest_fen),
    )
    return replace(after, schedule=schedule), np.where(is_prepaid, left.balance_fen, nothing)


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
    # A cut line may lie below what is used: then nothing is free.
    free = np.maximum(limit - used, 0)
    if world.setting.params.switches.drawdown:
        due = book.schedule.principal_fen[:, 0] if month > 0 else np.zeros(book.size, np.int64)
        gap = drawn_to_wish(world, numbers, book, month, due)
    else:
        wished = _wished_share(world, numbers, book, month, rng) * limit
        gap = (1.0 if month == 0 else numbers.money.draw_pace) * (wished - used)
    # Nobody draws less than nothing, nor more than what is free of the line.
    amount = np.floor(np.clip(gap, 0, free)).astype(np.int64)
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


def _days_late(numbers: BookConfig, world: World, book: Book, uniform: np.ndarray) -> np.ndarray:
    """Return the days late of an instalment paid within its month, mostly 0.

    Slips are more frequent with a weak repayment record. `uniform` is accounts x 3: whether there
    is a slip, whether it is short, and its length.
    """
    risk = numbers.risk
    record = world.concept("repayment_record")[book.rows]
    is_slip = uniform[:, 0] < risk.slip_share * np.exp(risk.slip_record * record)
    is_short = uniform[:, 1] < risk.slip_pay_within_share
    max_days = np.where(is_short, risk.slip_pay_within, risk.slip_days_max)
    return np.where(is_slip, 1 + np.floor(uniform[:, 2] * max_days), 0).astype(np.int16)
