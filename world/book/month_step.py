"""One month of life after booking: `step` takes the state of a book to the next month's end and says what a lender sees of it.

Limit and rate act back on default (delta_L, delta_r), a life shock raises the hazard for six months and changes behaviour from its month
on, arrears roll as domain 7.5 says. The months' default rate is that of `default.outcomes` for the same terms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from creditloom.world.book.book_config import BookConfig, Roll
from creditloom.world.book.panel import rows
from creditloom.world.book.state import ONSET_TO_BAD, Book, DueMonths, drawn, effect_of, luck
from creditloom.world.config.config_types import Hazard
from creditloom.world.people.people import sigmoid
from creditloom.world.risk.default import exposure_exponent
from creditloom.world.world import World

# Who stops paying and who catches up (domain 7.5).


@dataclass(frozen=True)
class CuredSpells:
    """Chance a month that a spell begins which will be paid up, and of those the share that reach M2, and M3."""

    enter: float
    reach_m2: float
    reach_m3: float


def cured_spells(roll: Roll) -> CuredSpells:
    """What is left of the roll rates when the spells that end in default are taken out."""
    m2 = roll.current_to_m1 * roll.m1_to_m2
    m3 = m2 * roll.m2_to_m3
    bad = m3 * roll.m3_to_bad
    return CuredSpells(
        roll.current_to_m1 - bad, (m2 - bad) / (roll.current_to_m1 - bad), (m3 - bad) / (m2 - bad)
    )


def pace(hazard: Hazard, late_weight: float, month: int, rushes: np.ndarray) -> np.ndarray:
    """s_k of the default that a payment missed in `month` leads to; who rushes (a fraud) has all of it in the first month."""
    k = month + ONSET_TO_BAD
    weight = hazard.timing[k - 1] if k <= len(hazard.timing) else late_weight
    at_once = exposure_exponent(hazard) if month == 0 else 0.0
    return np.where(rushes & (k <= len(hazard.timing)), at_once, weight)


def onset(
    hazard: Hazard, late_weight: float, book: Book, log_odds: np.ndarray, month: int
) -> np.ndarray:
    """Chance that a payment missed in `month` is the first of a default."""
    weight = pace(hazard, late_weight, month, book.rushes)
    shocked = np.where(
        book.is_shocked(month) & ~(book.rushes & (month == 0)), hazard.life_shock_factor, 1.0
    )
    return -np.expm1(np.log1p(-sigmoid(log_odds)) * weight * shocked)


def spells(
    hazard: Hazard,
    numbers: BookConfig,
    book: Book,
    log_odds: np.ndarray,
    month: int,
    luck: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """(missed, spell) at the end of `month`; `luck` is accounts x 3 of uniform draws: default, spell, its depth.

    A spell begins only where something falls due; one that has reached its length is paid up. A default that begins during a spell that
    would have been paid up begins anew: the earlier payments are made up, this month's is not.
    """
    cured, owes = cured_spells(numbers.roll), _owes(book, month)
    lost = book.spell > ONSET_TO_BAD
    starts_bad = (
        ~lost & owes & (luck[:, 0] < onset(hazard, numbers.risk.late_weight, book, log_odds, month))
    )
    chance = (
        cured.enter
        * (sigmoid(log_odds) / numbers.risk.reference_pd) ** numbers.risk.slip_elasticity
    )
    chance = chance * np.where(book.is_shocked(month), hazard.life_shock_factor, 1.0)
    starts = (book.missed == 0) & owes & (month > 0) & (luck[:, 1] < np.minimum(chance, 0.5))
    depth = 1 + (luck[:, 2] < cured.reach_m2) + (luck[:, 2] < cured.reach_m2 * cured.reach_m3)
    pays_up = ~lost & (book.missed > 0) & (book.missed >= book.spell)
    missed = np.where(pays_up, 0, book.missed + (starts | (book.missed > 0)))
    spell = np.where(pays_up, 0, np.where(starts, depth, book.spell))
    return np.where(starts_bad, 1, missed), np.where(starts_bad, ONSET_TO_BAD + 1, spell)


def _owes(book: Book, month: int) -> np.ndarray:
    """Where an instalment falls due: nothing does in the month of booking, but the first may already be meant to be missed."""
    return (
        np.ones(book.size, bool)
        if month == 0
        else book.schedule.principal_fen[:, 0] + book.schedule.interest_fen[:, 0] > 0
    )


MONTH_LUCK = 1  # draws of a month lie at month + 1: those at 0 opened the book


@dataclass(frozen=True)
class Changes:
    """What a review changes before the next month, per account: the line, the rate of new drawdowns, and who may not draw."""

    limit_fen: np.ndarray
    daily_rate: np.ndarray
    is_frozen: np.ndarray


def step(
    world: World, numbers: BookConfig, book: Book, changes: Changes | None = None
) -> tuple[Book, pa.Table]:
    """The book a month on, and its rows of the panel (one per account; units in the column names).

    The first call is the month of booking (0): money is drawn, nothing is due yet. Same world, book and changes give the same bytes.
    """
    month = book.month + 1
    if changes is not None:
        grant = replace(book.grant, limit_fen=changes.limit_fen, daily_rate=changes.daily_rate)
        book = replace(book, grant=grant, frozen=changes.is_frozen)
    rng = luck(world, book.seed, month + MONTH_LUCK)
    uniform = rng.random((world.people.size, 6), dtype=np.float64)[book.rows]
    taken = _draw(world, numbers, book, month, rng)
    log_odds = book.base + effect_of(world, book)
    missed, spell = spells(
        world.setting.nature.hazard, numbers, book, log_odds, month, uniform[:, :3]
    )
    return _settle(world, numbers, book, month, taken, missed, spell, uniform[:, 3:])


def _settle(
    world: World,
    numbers: BookConfig,
    book: Book,
    month: int,
    taken: np.ndarray,
    missed: np.ndarray,
    spell: np.ndarray,
    luck_: np.ndarray,
) -> tuple[Book, pa.Table]:
    """Payments of the month against what falls due, then the new drawdown, then the state at the month's end."""
    due = _column(book.schedule, 0) if month > 0 else np.zeros((2, book.size), np.int64)
    this_month = due.sum(axis=0)
    owed = this_month + book.arrears_fen
    left = np.where(missed == 0, 0, np.where(missed == 1, this_month, owed))
    late = _days_late(world, numbers, book, luck_)
    grant = book.grant
    new = drawn(
        taken, grant.daily_rate, grant.tenor_months, grant.method, numbers.money.days_a_month
    )
    after = replace(
        book,
        month=month,
        schedule=(book.schedule.passed() if month > 0 else book.schedule).plus(new),
        arrears_fen=left,
        missed=missed,
        spell=spell,
        defaulted=np.where((book.defaulted == 0) & (missed > ONSET_TO_BAD), month, book.defaulted),
    )
    after = replace(
        after, written_off=book.written_off | (after.dpd_days > numbers.money.write_off_dpd)
    )
    flows = {
        "drawn_fen": taken,
        "due_fen": this_month,
        "interest_due_fen": due[1],
        "paid_fen": owed - left,
        "days_late": (
            np.where(book.missed > 0, book.dpd_days, late).astype(np.int16),
            (missed > 0) | (this_month == 0),
        ),
    }
    return after, rows(world, numbers, after, flows, month)


def _column(schedule: DueMonths, month: int) -> np.ndarray:
    return np.stack([schedule.principal_fen[:, month], schedule.interest_fen[:, month]])


def _draw(
    world: World, numbers: BookConfig, book: Book, month: int, rng: np.random.Generator
) -> np.ndarray:
    """Fen drawn this month: a loan whole at booking; of a line a part of the gap to the use that is wished for, more after a shock."""
    limit, used = book.grant.limit_fen, book.schedule.balance_fen + book.arrears_fen
    if not book.grant.is_revolving:
        return limit if month == 0 else np.zeros(book.size, np.int64)
    nature = world.setting.nature
    stream, wish = nature.stream("utilisation"), world.concept("credit_utilisation")[book.rows]
    noise = numbers.money.draw_noise * rng.standard_normal(world.people.size)[book.rows]
    shocked = numbers.shock.utilisation_logit * book.is_shocked(month)
    wished = sigmoid(stream.level + stream.slope * wish + noise + shocked) * limit
    pace = 1.0 if month == 0 else numbers.money.draw_pace
    amount = np.floor(np.clip(pace * (wished - used), 0, np.maximum(limit - used, 0))).astype(
        np.int64
    )
    may = (book.missed == 0) & ~book.frozen & (amount >= numbers.money.minimum_draw_cny * 100.0)
    return np.where(may, amount, 0)


def _days_late(world: World, numbers: BookConfig, book: Book, luck_: np.ndarray) -> np.ndarray:
    """Days late of an instalment paid within its month: mostly none; slips are commoner with a weak repayment record."""
    hazard, risk = world.setting.nature.hazard, numbers.risk
    slips = luck_[:, 0] < hazard.slip_share * np.exp(
        risk.slip_record * world.concept("repayment_record")[book.rows]
    )
    most = np.where(
        luck_[:, 1] < risk.slip_pay_within_share, risk.slip_pay_within, risk.slip_days_max
    )
    return np.where(slips, 1 + np.floor(luck_[:, 2] * most), 0).astype(np.int16)
