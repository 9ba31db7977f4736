"""Price, collect and provide for running accounts: pure functions of the history.

Sources: S5-R30, R31; S4-R33..R35; IFRS 9; domain 5.1. All arrays hold one value per account; money
in fen, rates a day as fractions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from creditloom.portfolio.book.account_history import Floats, History
from creditloom.portfolio.book.limits import Flags, Whole, is_on_time
from creditloom.portfolio.book.review_rules import FEN_PER_CNY, Collections, Provision, Repricing

# Rates of the review rules are in per cent.
PERCENT = 100.0
# Hours of contact are written to the minute.
HOUR_MINUTES = 60
# A whole day, of which the hours of contact are a part.
DAY_MINUTES = 24 * HOUR_MINUTES
# Asset classification of 2023, from the best.
CLASSES = ("normal", "special_mention", "substandard", "doubtful", "loss")
# Steps of collection, from the mildest.
LADDER = ("none", "sms", "robot_call", "agency")
# Decimals of a daily rate. The step is 0.005 % a day: its multiples must equal those of the grid.
RATE_DECIMALS = 8


def is_due_for_repricing(accounts: History, repriced_month: Whole, rules: Repricing) -> Flags:
    """Return whose price may step down (S5-R30, S5-R31).

    That is each quarter, after six months on time, not earlier than six months after the last step.
    """
    month = accounts.month_on_book
    is_quarter = (month > 0) & (month % int(rules.every.value) == 0)
    has_waited = month - repriced_month >= rules.on_time_months.value
    return is_quarter & has_waited & is_on_time(accounts, rules.on_time_months.value)


def lowered_rates(daily_rate: Floats, floor_rate: Floats | float, rules: Repricing) -> Floats:
    """Return the rate one grid step down, never under the floor, never up."""
    floor = np.maximum(floor_rate, rules.floor.value / PERCENT)
    lower = np.maximum(daily_rate - rules.step.value / PERCENT, floor)
    # A rate that lies under the floor already keeps what it has.
    return np.minimum(daily_rate, np.round(lower, RATE_DECIMALS))


def collection_stage(dpd_days: Floats, rules: Collections) -> NDArray[np.int64]:
    """Return an index into LADDER (S4-R33..R35).

    A message from day 1, a robot call from day 31, agency and bureau report from day 91.
    """
    first_days = [rules.sms_from.value, rules.robot_from.value, rules.agency_from.value]
    # "From" includes the day itself, so the search is from the right.
    return np.searchsorted(first_days, dpd_days, side="right")


def contact_hours(rules: Collections) -> str:
    """Return the hours in which a debtor may be contacted, as `08:00-22:00`; empty for none."""
    allowed = np.flatnonzero(may_contact(np.arange(DAY_MINUTES) / HOUR_MINUTES, rules))
    if not len(allowed):
        return ""
    # The last minute that is allowed ends a minute later.
    return f"{_clock(allowed[0])}-{_clock(allowed[-1] + 1)}"


def may_contact(hour: Floats, rules: Collections) -> Flags:
    """Return whether a debtor may be contacted in an hour of the day (0-24).

    Never from 22 to 8 (domain 5.1).
    """
    return (hour >= rules.opens.value) & (hour < rules.closes.value)


def _clock(minute: int) -> str:
    hours, minutes = divmod(int(minute), HOUR_MINUTES)
    return f"{hours:02d}:{minutes:02d}"


def is_material(arrears_fen: Floats, balance_fen: Floats, rules: Provision) -> Flags:
    """Return which arrears are over 100 yuan and over 1 % of the balance (EBA/GL/2016/07)."""
    is_large = arrears_fen > rules.material_amount.value * FEN_PER_CNY
    return is_large & (arrears_fen > rules.material_share.value * balance_fen)


def is_in_default(accounts: History, rules: Provision) -> Flags:
    """Return who was 90 days past due with a material sum, until three months on time follow."""
    columns = accounts.columns
    is_sum_material = is_material(columns["arrears_fen"], columns["balance_fen"], rules)
    is_bad = (columns["dpd_days"] >= rules.default_from.value) & is_sum_material
    return is_bad.any(axis=1) & ~is_on_time(accounts, rules.probation.value)


def stage(accounts: History, pd: Floats, pd_booked: Floats, rules: Provision) -> NDArray[np.int64]:
    """Return the IFRS 9 stage: 1, 2 or 3.

    3: in default or written off. 2: over 30 days past due within the last probation months,
    extended (S1-R37), or PD risen threefold since booking and above 3 %.
    """
    dpd = accounts.of("dpd_days", int(rules.probation.value))
    was_past_due = (dpd > rules.sicr_over.value).any(axis=1)
    # Both: a PD that has risen from almost nothing is still a good risk.
    has_pd_risen = (pd >= rules.pd_rise.value * pd_booked) & (pd > rules.pd_low.value)
    performing = np.where(was_past_due | has_pd_risen | accounts.is_extended, 2, 1)
    return np.where(is_in_default(accounts, rules) | accounts.is_written_off, 3, performing)


def expected_loss(
    stages: NDArray[np.int64],
    pd: Floats,
    balance_fen: Floats,
    undrawn_fen: Floats,
    rules: Provision,
) -> Floats:
    """Return the ECL in fen: PD x LGD x (balance + conversion x undrawn).

    The PD is that of twelve months in stage 1, of the lifetime in stage 2, and 1 in stage 3.
    """
    # The factor is a multiple of the twelve months' PD: no chance is above 1.
    lifetime = np.minimum(pd * rules.lifetime_factor.value, 1.0)
    chance = np.select([stages == 1, stages == 2], [pd, lifetime], 1.0)
    # In default nothing more can be drawn.
    exposure = balance_fen + np.where(stages == 3, 0.0, rules.conversion.value * undrawn_fen)
    return np.asarray(chance * rules.lgd.value * exposure)


def asset_class(dpd_days: Floats, rules: Provision) -> NDArray[np.int64]:
    """Return an index into CLASSES by days past due (2023 measures).

    The classes begin with any day, over 90, over 270, over 360.
    """
    # "Over" excludes the edge, so the search is from the left.
    edges = [0.0, rules.substandard_over.value, rules.doubtful_over.value, rules.loss_over.value]
    return np.searchsorted(edges, dpd_days, side="left")
