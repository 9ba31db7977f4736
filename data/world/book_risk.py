"""Who stops paying and who catches up (domain 7.5).

Monthly hazard of 90 days past due in month k: h_k = 1 - (1 - PD)^(s_k m_k), with m_k = 3 in the six months after a life shock. A default
begins three months before, with a payment missed that is never made up; what raises the hazard raises the missing of payments in its own
month. Beside those, spells begin that are paid up, so often and so deep that a book of average risk rolls as domain 7.5 says:
current to M1 1.2 %, M1 to M2 18 %, M2 to M3 52 %, M3 to 90 days 80 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.world.book_state import ONSET_TO_BAD, Book
from data.world.default import exposure_exponent
from data.world.numbers import Hazard
from data.world.step_numbers import BookNature, Roll
from data.world.traits import sigmoid


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
    return CuredSpells(roll.current_to_m1 - bad, (m2 - bad) / (roll.current_to_m1 - bad), (m3 - bad) / (m2 - bad))


def pace(hazard: Hazard, late_weight: float, month: int, rushes: np.ndarray) -> np.ndarray:
    """s_k of the default that a payment missed in `month` leads to; who rushes (a fraud) has all of it in the first month."""
    k = month + ONSET_TO_BAD
    weight = hazard.timing[k - 1] if k <= len(hazard.timing) else late_weight
    at_once = exposure_exponent(hazard) if month == 0 else 0.0
    return np.where(rushes & (k <= len(hazard.timing)), at_once, weight)


def onset(hazard: Hazard, late_weight: float, book: Book, log_odds: np.ndarray, month: int) -> np.ndarray:
    """Chance that a payment missed in `month` is the first of a default."""
    weight = pace(hazard, late_weight, month, book.rushes)
    shocked = np.where(book.is_shocked(month) & ~(book.rushes & (month == 0)), hazard.life_shock_factor, 1.0)
    return -np.expm1(np.log1p(-sigmoid(log_odds)) * weight * shocked)


def spells(
    hazard: Hazard, numbers: BookNature, book: Book, log_odds: np.ndarray, month: int, luck: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(missed, spell) at the end of `month`; `luck` is accounts x 3 of uniform draws: default, spell, its depth.

    A spell begins only where something falls due; one that has reached its length is paid up. A default that begins during a spell that
    would have been paid up begins anew: the earlier payments are made up, this month's is not.
    """
    cured, owes = cured_spells(numbers.roll), _owes(book, month)
    lost = book.spell > ONSET_TO_BAD
    starts_bad = ~lost & owes & (luck[:, 0] < onset(hazard, numbers.risk.late_weight, book, log_odds, month))
    chance = cured.enter * (sigmoid(log_odds) / numbers.risk.reference_pd) ** numbers.risk.slip_elasticity
    chance = chance * np.where(book.is_shocked(month), hazard.life_shock_factor, 1.0)
    starts = (book.missed == 0) & owes & (month > 0) & (luck[:, 1] < np.minimum(chance, 0.5))
    depth = 1 + (luck[:, 2] < cured.reach_m2) + (luck[:, 2] < cured.reach_m2 * cured.reach_m3)
    pays_up = ~lost & (book.missed > 0) & (book.missed >= book.spell)
    missed = np.where(pays_up, 0, book.missed + (starts | (book.missed > 0)))
    spell = np.where(pays_up, 0, np.where(starts, depth, book.spell))
    return np.where(starts_bad, 1, missed), np.where(starts_bad, ONSET_TO_BAD + 1, spell)


def _owes(book: Book, month: int) -> np.ndarray:
    """Where an instalment falls due: nothing does in the month of booking, but the first may already be meant to be missed."""
    return np.ones(book.size, bool) if month == 0 else book.schedule.principal_fen[:, 0] + book.schedule.interest_fen[:, 0] > 0
