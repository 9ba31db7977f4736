"""Price, collections and provisions of a running account: pure functions of the history (S5-R30, R31; S4-R33..R35; IFRS 9; domain 5.1).

All arrays hold one value per account; money in fen, rates a day as fractions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from creditloom.portfolio.book.account_history import Floats, History
from creditloom.portfolio.book.limits import FEN, Flags, Whole, is_on_time
from creditloom.portfolio.book.review_rules import Collections, Provision, Repricing

PERCENT = 100.0
CLASSES = (
    "normal",
    "special_mention",
    "substandard",
    "doubtful",
    "loss",
)  # asset classification 2023
LADDER = ("none", "sms", "robot_call", "agency")


def is_due_for_repricing(seen: History, repriced_month: Whole, rules: Repricing) -> Flags:
    """Each quarter, after six months on time, not earlier than six months after the last step down (S5-R30, S5-R31)."""
    quarter = (seen.month_on_book > 0) & (seen.month_on_book % int(rules.every.value) == 0)
    waited = seen.month_on_book - repriced_month >= rules.on_time_months.value
    return quarter & waited & is_on_time(seen, rules.on_time_months.value)


def repriced(daily_rate: Floats, floor_rate: Floats | float, rules: Repricing) -> Floats:
    """One grid step down, never under the floor, never up."""
    floor = np.maximum(floor_rate, rules.floor.value / PERCENT)
    return np.minimum(
        daily_rate, np.round(np.maximum(daily_rate - rules.step.value / PERCENT, floor), 8)
    )


def collection_stage(dpd_days: Floats, rules: Collections) -> NDArray[np.int64]:
    """Index into LADDER: message from day 1, robot call from day 31, agency and bureau report from day 91 (S4-R33..R35)."""
    return np.searchsorted(
        [rules.sms_from.value, rules.robot_from.value, rules.agency_from.value],
        dpd_days,
        side="right",
    )


def contact_hours(rules: Collections) -> str:
    """The hours in which a debtor may be contacted, as `08:00-22:00`."""
    return f"{int(rules.opens.value):02d}:00-{int(rules.closes.value):02d}:00"


def may_contact(hour: Floats, rules: Collections) -> Flags:
    """Whether the hour of the day (0-24) lies in the time in which a debtor may be contacted: never from 22 to 8 (domain 5.1)."""
    return (hour >= rules.opens.value) & (hour < rules.closes.value)


def is_material(arrears_fen: Floats, balance_fen: Floats, rules: Provision) -> Flags:
    """Arrears over 100 yuan and over 1 % of the balance (EBA/GL/2016/07)."""
    return (arrears_fen > rules.material_amount.value * FEN) & (
        arrears_fen > rules.material_share.value * balance_fen
    )


def is_in_default(seen: History, rules: Provision) -> Flags:
    """90 days past due with a material sum, until three months on time have followed."""
    material = is_material(seen.columns["arrears_fen"], seen.columns["balance_fen"], rules)
    bad = (seen.columns["dpd_days"] >= rules.default_from.value) & material
    return bad.any(axis=1) & ~is_on_time(seen, rules.probation.value)


def stage(seen: History, pd: Floats, pd_booked: Floats, rules: Provision) -> NDArray[np.int64]:
    """IFRS 9 stage 1, 2 or 3.

    3: in default or written off. 2: over 30 days past due within the last probation months, extended (S1-R37), or PD risen threefold since
    booking and above 3 %.
    """
    past_due = (seen.of("dpd_days", int(rules.probation.value)) > rules.sicr_over.value).any(axis=1)
    risen = (pd >= rules.pd_rise.value * pd_booked) & (pd > rules.pd_low.value)
    out = np.where(past_due | risen | seen.is_extended, 2, 1)
    return np.where(is_in_default(seen, rules) | seen.is_written_off, 3, out)


def expected_loss(
    stages: NDArray[np.int64],
    pd: Floats,
    balance_fen: Floats,
    undrawn_fen: Floats,
    rules: Provision,
) -> Floats:
    """ECL in fen: PD x LGD x (balance + conversion x undrawn), PD of twelve months, of the lifetime, or 1 by stage."""
    lifetime = np.minimum(pd * rules.lifetime_factor.value, 1.0)
    chance = np.select([stages == 1, stages == 2], [pd, lifetime], 1.0)
    exposure = balance_fen + np.where(stages == 3, 0.0, rules.conversion.value * undrawn_fen)
    return np.asarray(chance * rules.lgd.value * exposure)


def asset_class(dpd_days: Floats, rules: Provision) -> NDArray[np.int64]:
    """Index into CLASSES by days past due: any, over 90, over 270, over 360 (2023 measures)."""
    edges = [0.0, rules.substandard_over.value, rules.doubtful_over.value, rules.loss_over.value]
    return np.searchsorted(edges, dpd_days, side="left")
