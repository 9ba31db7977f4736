"""How arrears begin, grow, are made up, and become a default: one mechanism for loan and book.

One instalment falls due each month. An account that misses one is 1-29 days past due at the end of
that month. A spell of arrears is either paid up after one, two or three instalments, or it leads to
default: 90 days past due in the fourth month end, or a restructuring in its place. A defaulted
account may pay all that is open; it is cured after months without arrears (probation), and may
relapse before. Days past due never rise by more than the days that passed, because they are
counted from the due date of the oldest unpaid instalment. Sources: domain 6, 7.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from creditloom.world.config.config_types import ArrearsNumbers

# Months from the month end of the first missed payment to that of the default.
ONSET_TO_BAD = 3
# `spell` of an account whose arrears lead to default. Larger than any length that is paid up.
LOST = ONSET_TO_BAD + 1
# Codes of `status`.
PERFORMING, IN_DEFAULT, RESTRUCTURED = range(3)
# Uniform draws per account and month: onset, spell, depth, and what happens to arrears.
N_LUCK = 4
# Earliest and latest day of a month on which an instalment falls due. Within them one, two and
# three missed instalments are 1-29, 30-59 and 60-89 days past due at any month's end.
DUE_DAYS = (3, 27)


@dataclass(frozen=True)
class Arrears:
    """The arrears of accounts at a month's end, one value per account.

    - `missed`: instalments unpaid, the oldest first; 0 is current, 1 is 1-29 days past due.
    - `spell`: number of missed instalments after which the running spell is paid up; 0 outside a
      spell, LOST where it leads to default.
    - `status`: PERFORMING, IN_DEFAULT by days past due, or RESTRUCTURED (in default as unlikely to
      pay). Both of the latter last until the end of probation.
    - `clean`: months in a row without arrears since the default.
    - `defaulted`: month on book of the first default, 0 before it.
    """

    missed: np.ndarray
    spell: np.ndarray
    status: np.ndarray
    clean: np.ndarray
    defaulted: np.ndarray

    @classmethod
    def none(cls, n: int) -> Arrears:
        """Return accounts that owe nothing yet."""
        zeros = np.zeros(n, np.int64)
        return cls(missed=zeros, spell=zeros, status=zeros, clean=zeros, defaulted=zeros)


@dataclass(frozen=True)
class PaidUpSpells:
    """Spells of arrears that will be paid up.

    `enter` is the chance a month that one begins, `reach_m2` the share of these that reach 30 days,
    and `reach_m3` the share of the latter that reach 60 days.
    """

    enter: float
    reach_m2: float
    reach_m3: float


def paid_up_spells(numbers: ArrearsNumbers) -> PaidUpSpells:
    """Return what is left of the roll rates when spells that end in default are taken out."""
    roll = numbers.roll
    m1 = roll.current_to_m1
    m2 = m1 * roll.m1_to_m2
    m3 = m2 * roll.m2_to_m3
    bad = m3 * roll.m3_to_bad
    return PaidUpSpells(
        enter=m1 - bad,
        reach_m2=(m2 - bad) / (m1 - bad),
        reach_m3=(m3 - bad) / (m2 - bad),
    )


def spell_chance(
    numbers: ArrearsNumbers, pd: np.ndarray, shock_factor: np.ndarray, economy: np.ndarray | float
) -> np.ndarray:
    """Return the chance a month that a spell begins which will be paid up: it goes with the PD.

    `shock_factor` and `economy` are the factors of a life shock and of the month on the hazard.
    """
    relative_risk = pd / numbers.reference_pd
    chance = paid_up_spells(numbers).enter * relative_risk**numbers.slip_elasticity
    return np.minimum(chance * shock_factor * economy, numbers.max_spell_chance)


def deep_chance(numbers: ArrearsNumbers, pd: np.ndarray) -> np.ndarray:
    """Return the chance that a spell which will be paid up reaches 30 days: it goes with the PD.

    So whoever was 30 days late and has paid up stays far riskier than who never was, although no
    payment of his own made him so.
    """
    relative_risk = pd / numbers.depth_reference_pd
    chance = paid_up_spells(numbers).reach_m2 * relative_risk**numbers.depth_elasticity
    return np.minimum(chance, numbers.max_depth_chance)


def month_later(
    numbers: ArrearsNumbers,
    before: Arrears,
    month: int,
    owes: np.ndarray,
    onset: np.ndarray,
    spell: np.ndarray,
    deep: np.ndarray,
    luck: np.ndarray,
) -> Arrears:
    """Return the arrears at the end of `month`.

    `owes`: an instalment falls due. `onset`: chance that a missed payment leads to default;
    `spell`: chance that one begins a spell that is paid up; `deep`: chance that such a spell
    reaches 30 days. `luck` is accounts x N_LUCK of uniform draws. A default that begins during a
    spell begins anew: the earlier instalments are made up, this month's is not.
    """
    is_performing = before.status == PERFORMING
    is_lost = before.spell == LOST
    free = is_performing & ~is_lost
    # One draw decides both steps: who passes the narrow threshold has passed the wide one.
    deeper = (luck[:, 2] < deep).astype(np.int64)
    deepest = (luck[:, 2] < deep * paid_up_spells(numbers).reach_m3).astype(np.int64)
    begins = free & (before.missed == 0) & owes & (luck[:, 1] < spell)
    in_spell = free & (before.missed > 0)
    # Who pays just one instalment stays as many behind as before.
    stays = in_spell & (luck[:, 3] < numbers.stay_share)
    pays_up = in_spell & ~stays & (before.missed >= before.spell)
    missed = before.missed + ((in_spell & ~stays) | begins)
    missed = np.where(pays_up, 0, missed)
    length = np.where(pays_up, 0, np.where(begins, 1 + deeper + deepest, before.spell))
    is_struck = free & owes & (luck[:, 0] < onset)
    running = Arrears(
        missed=np.where(is_struck, 1, missed),
        spell=np.where(is_struck, LOST, length),
        status=before.status,
        clean=before.clean,
        defaulted=before.defaulted,
    )
    return _in_default(numbers, _lost(numbers, running, before, month, luck), before, luck)


def _lost(
    numbers: ArrearsNumbers, running: Arrears, before: Arrears, month: int, luck: np.ndarray
) -> Arrears:
    """Return the arrears after those that lead to default have grown by one instalment.

    In the fourth month the account is 90 days past due, or it is restructured instead: what was
    open is due anew.
    """
    grows = (before.status == PERFORMING) & (before.spell == LOST)
    is_due = grows & (before.missed == ONSET_TO_BAD)
    is_restructured = is_due & (luck[:, 3] < numbers.restructured_share)
    missed = np.where(grows, before.missed + 1, running.missed)
    is_first = is_due & (before.defaulted == 0)
    status = np.where(is_due, IN_DEFAULT, running.status)
    # table: the columns of arrears
    return Arrears(
        missed=np.where(is_restructured, 0, missed),
        spell=np.where(is_restructured, 0, running.spell),
        status=np.where(is_restructured, RESTRUCTURED, status),
        clean=np.where(is_due, 0, running.clean),
        defaulted=np.where(is_first, month, running.defaulted),
    )


def _in_default(
    numbers: ArrearsNumbers, running: Arrears, before: Arrears, luck: np.ndarray
) -> Arrears:
    """Return the arrears after a month in default: pay all, stay behind, relapse or be cured."""
    was_bad = before.status != PERFORMING
    is_behind = was_bad & (before.missed > 0)
    pays_all = is_behind & (luck[:, 3] < numbers.pays_all_share)
    is_clean = was_bad & (before.missed == 0)
    relapses = is_clean & (luck[:, 0] < numbers.relapse_share)
    clean = np.where(is_clean & ~relapses, before.clean + 1, running.clean)
    is_cured = is_clean & ~relapses & (clean >= numbers.probation_months)
    missed = np.where(is_behind & ~pays_all, before.missed + 1, running.missed)
    missed = np.where(pays_all, 0, np.where(relapses, 1, missed))
    spell = np.where(relapses, LOST, np.where(pays_all | is_cured, 0, running.spell))
    return Arrears(
        missed=missed,
        spell=spell,
        status=np.where(is_cured, PERFORMING, running.status),
        clean=np.where(pays_all | relapses | is_cured, 0, clean),
        defaulted=running.defaulted,
    )


def due_days(as_of_day: np.ndarray) -> np.ndarray:
    """Return the day of the month on which each account's instalments fall due.

    It is the day of the application, moved into DUE_DAYS. `as_of_day` counts from 1.

    >>> due_days(np.array([1, 15, 31])).tolist()
    [3, 15, 27]
    """
    # The bounds keep the buckets of days past due and of missed instalments the same.
    return np.clip(as_of_day, *DUE_DAYS)


def days_past_due(
    month_starts: np.ndarray, month: np.ndarray, missed: np.ndarray, due_day: np.ndarray
) -> np.ndarray:
    """Return days past due at the last day of `month`, from the oldest unpaid instalment on.

    `month_starts` are day numbers of the starts of calendar months; `month` counts in them. Nobody
    has missed an instalment of the month of booking, so `month - missed + 1` lies after it.

    >>> days_past_due(np.array([0, 31, 59, 90]), np.array([2]), np.array([2]), np.array([10]))
    array([49])
    """
    oldest = month_starts[np.maximum(month - missed + 1, 0)] + due_day - 1
    last_day = month_starts[month + 1] - 1
    return np.where(missed > 0, last_day - oldest, 0)
