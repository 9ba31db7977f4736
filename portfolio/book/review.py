"""One review of a book: history and standing in, new standing and a list of changes with their reasons out.

An account has one state of drawing (frozen before suspended before open) and at most one change of its line per review: a cut before an
increase, a standing increase before a temporary one. A change of price stands beside either.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from creditloom.portfolio.book import limits
from creditloom.portfolio.book.account_history import Floats, History
from creditloom.portfolio.book.limits import Flags, Whole
from creditloom.portfolio.book.review_rules import BookError, ReviewRules
from creditloom.portfolio.book.servicing import is_due_for_repricing, repriced

NEVER = -1_000  # a month before every review
STATES = ("open", "frozen", "suspended")


@dataclass(frozen=True)
class Standing:
    """What the lender remembers of each account between reviews, in order of account; money in fen, months on book, rates a day.

    `limit_fen` is without the temporary part, which ends at `temporary_until`; `tier` is that of the last change of the line; `state`
    indexes STATES.
    """

    account: Whole
    limit_fen: Whole
    temporary_fen: Whole
    temporary_until: Whole
    changed_month: Whole
    repriced_month: Whole
    daily_rate: Floats
    tier: Whole
    pd_booked: Floats
    state: Whole

    @property
    def granted_fen(self) -> Whole:
        """The line in force, temporary part included."""
        return self.limit_fen + self.temporary_fen


@dataclass(frozen=True)
class Scores:
    """The month's refreshed score: PD, tier (0 the best), the highest line of that tier, and the lowest rate it may come to."""

    pd: Floats
    tier: Whole
    ceiling_fen: Whole
    floor_rate: float


@dataclass(frozen=True)
class ReviewResult:
    """A review: the new standing, and per code whose account it concerns; codes index `reasons.REASONS`."""

    standing: Standing
    fired: dict[str, Flags]


def first_standing(seen: History, pd_booked: Floats, tier: Whole) -> Standing:
    """The standing of accounts that have never been reviewed: line and rate as granted, PD and tier of the booking."""
    none = np.zeros(seen.size, np.int64)
    never = np.full(seen.size, NEVER)
    return Standing(
        seen.account,
        seen.now("limit_fen").astype(np.int64),
        none,
        none,
        never,
        never,
        seen.now("daily_rate"),
        tier,
        pd_booked,
        none,
    )


def joined(first: Standing, standing: Standing | None) -> Standing:
    """`first` with what an earlier review left of the same accounts."""
    if standing is None or not len(standing.account):
        return first
    order = np.argsort(standing.account)
    place = np.minimum(np.searchsorted(standing.account[order], first.account), len(order) - 1)
    known = standing.account[order][place] == first.account
    kept = {
        f.name: np.where(known, getattr(standing, f.name)[order][place], getattr(first, f.name))
        for f in fields(Standing)
    }
    return Standing(**kept)


def review(seen: History, standing: Standing, scores: Scores, rules: ReviewRules) -> ReviewResult:
    """Apply every rule once. Raises BookError where the accounts of history and standing differ."""
    if not np.array_equal(seen.account, standing.account):
        raise BookError(
            f"review: history has {seen.size} accounts, standing {len(standing.account)}, not the same ones; expected the same "
            "in order of id. Give both for one book."
        )
    drawing, state = _drawing(seen, standing, rules)
    cuts, lower = _cuts(seen, standing, scores, rules)
    is_cut = np.any(list(cuts.values()), axis=0)
    is_open = (state == 0) & ~is_cut
    rises, higher = _increases(seen, standing, scores, rules, is_open)
    rises_any = np.any(list(rises.values()), axis=0)
    limit = np.where(is_cut, lower, np.where(rises_any, higher, standing.limit_fen))
    part, until, fired = _temporary(seen, standing, rules, limit, is_open & ~rises_any, is_cut)
    cheaper = is_due_for_repricing(seen, standing.repriced_month, rules.repricing)
    rate = np.where(
        cheaper,
        repriced(standing.daily_rate, scores.floor_rate, rules.repricing),
        standing.daily_rate,
    )
    changed = is_cut | rises_any
    after = replace(
        standing,
        limit_fen=limit,
        temporary_fen=part,
        temporary_until=until,
        daily_rate=rate,
        changed_month=np.where(changed, seen.month_on_book, standing.changed_month),
        repriced_month=np.where(
            rate < standing.daily_rate, seen.month_on_book, standing.repriced_month
        ),
        tier=np.where(changed, scores.tier, standing.tier),
        state=state,
    )
    return ReviewResult(
        after, {**drawing, **cuts, **rises, **fired, "REPRICED": rate < standing.daily_rate}
    )


def _drawing(
    seen: History, standing: Standing, rules: ReviewRules
) -> tuple[dict[str, Flags], Whole]:
    """Who may not draw and why; a reason is given when the state begins or its cause changes it, and when it ends."""
    overdue = limits.is_overdue(seen, rules.freeze)
    waiting = limits.is_not_yet_cured(seen, rules.freeze) & ~overdue
    inactive = limits.is_inactive(seen, rules.suspend) & ~overdue & ~waiting
    poor = limits.has_low_pay_score(seen, rules.suspend) & ~overdue & ~waiting & ~inactive
    state = np.select([overdue | waiting, inactive | poor], [1, 2], 0)
    begins = state != standing.state
    fired = {
        "OVERDUE": overdue,
        "NOT_CURED": waiting,
        "INACTIVE": inactive,
        "PAY_SCORE": poor,
        "REOPENED": state == 0,
    }
    return {code: flags & begins for code, flags in fired.items()}, state


def _cuts(
    seen: History, standing: Standing, scores: Scores, rules: ReviewRules
) -> tuple[dict[str, Flags], Whole]:
    """The cuts of the month, the hardest first; none within the cool-down of the last change, none that changes nothing."""
    cooled = limits.is_cooled(seen.month_on_book, standing.changed_month, rules.increase) & (
        standing.limit_fen > 0
    )
    least, out, taken = rules.decrease, dict[str, Flags](), np.zeros(seen.size, bool)
    lower = standing.limit_fen.copy()
    for code, fires, factor in (
        ("ENQUIRIES", limits.asks_everywhere(seen, least), least.enquiry_factor),
        ("TIER_FALL", limits.has_fallen(scores.tier, standing.tier, least), least.tier_factor),
        ("DEBT", limits.is_over_indebted(seen, least), least.dti_factor),
    ):
        out[code] = fires & cooled & ~taken
        taken = taken | out[code]
        lower = np.where(
            out[code], limits.cut(standing.limit_fen, factor.value, rules.increase, least), lower
        )
    return out, lower


def _increases(
    seen: History, standing: Standing, scores: Scores, rules: ReviewRules, is_open: Flags
) -> tuple[dict[str, Flags], Whole]:
    """The standing increases: on evidence at any time, else when the band comes up and the line is used."""
    grow = rules.increase
    higher = limits.increased(standing.limit_fen, scores.ceiling_fen, grow)
    fits = ~limits.is_over_indebted(
        seen, rules.decrease, (higher - standing.limit_fen).astype(float)
    )  # S2-R12: not into too much debt
    able = (
        is_open
        & fits
        & limits.is_cooled(seen.month_on_book, standing.changed_month, grow)
        & (higher > standing.limit_fen)
    )
    able = able & (scores.tier <= standing.tier)
    on_time = limits.is_on_time(seen, grow.on_time_months.value)
    assets = able & on_time & limits.has_assets(seen, grow)
    proofs = able & on_time & limits.has_proofs(seen, grow) & ~assets
    usual = (
        able
        & on_time
        & limits.comes_up(seen.month_on_book, standing.limit_fen, rules.bands)
        & limits.is_used(seen, grow)
    )
    return {"ASSETS": assets, "PROOFS": proofs, "ON_TIME": usual & ~assets & ~proofs}, higher


def _temporary(
    seen: History,
    standing: Standing,
    rules: ReviewRules,
    limit: Whole,
    is_open: Flags,
    is_cut: Flags,
) -> tuple[Whole, Whole, dict[str, Flags]]:
    """Temporary parts that end, and new ones for active users who have none (S2-R26); a cut ends one at once."""
    ends = (standing.temporary_fen > 0) & (
        (seen.month_on_book >= standing.temporary_until) | is_cut
    )
    starts = (
        is_open
        & (standing.temporary_fen == 0)
        & (limit > 0)
        & limits.is_active(seen, rules.temporary)
    )
    starts = (
        starts
        & limits.is_used(seen, rules.increase)
        & limits.is_on_time(seen, rules.increase.on_time_months.value)
    )
    step = int(rules.increase.step_to.value * limits.FEN)
    part = np.floor(limit * rules.temporary.share.value / step).astype(np.int64) * step
    amount = np.where(starts, part, np.where(ends, 0, standing.temporary_fen))
    until = np.where(
        starts, seen.month_on_book + int(rules.temporary.valid.value), standing.temporary_until
    )
    return amount, until, {"TEMPORARY": starts & (part > 0), "EXPIRED": ends}
