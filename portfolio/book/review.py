"""Review a book once: history and standing in, new standing and changes with their reasons out.

An account has one state of drawing (frozen before suspended before open) and at most one change of
its line per review: a cut before an increase, a standing increase before a temporary one. A change
of price stands beside either.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from creditloom.portfolio.book import limits
from creditloom.portfolio.book.account_history import Floats, History
from creditloom.portfolio.book.limits import Flags, Whole
from creditloom.portfolio.book.review_rules import FEN_PER_CNY, BookError, ReviewRules
from creditloom.portfolio.book.servicing import is_due_for_repricing, lowered_rates

# A month before every review: whatever a rule waits for has passed.
NEVER = -1_000
STATES = ("open", "frozen", "suspended")
# Indices into STATES.
OPEN, FROZEN, SUSPENDED = range(3)


@dataclass(frozen=True)
class Standing:
    """What the lender remembers of each account between reviews, in order of account.

    Money in fen, months on book, rates a day. `limit_fen` is without the temporary part, which ends
    at `temporary_until`; `tier` is that of the last change of the line; `state` indexes STATES.
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
    """The month's refreshed score.

    PD, tier (0 the best), the highest line of that tier, and the lowest rate it may come to.
    """

    pd: Floats
    tier: Whole
    ceiling_fen: Whole
    floor_rate: float


@dataclass(frozen=True)
class ReviewResult:
    """A review: the new standing, and per code the accounts that it concerns.

    Codes are those of `review_reasons.REASONS`.
    """

    standing: Standing
    fired: dict[str, Flags]


def first_standing(accounts: History, pd_booked: Floats, tier: Whole) -> Standing:
    """Return the standing of accounts that have never been reviewed.

    Line and rate are as granted, PD and tier those of the booking.
    """
    none = np.zeros(accounts.size, np.int64)
    never = np.full(accounts.size, NEVER)
    return Standing(
        account=accounts.account,
        limit_fen=accounts.now("limit_fen").astype(np.int64),
        temporary_fen=none,
        temporary_until=none,
        changed_month=never,
        repriced_month=never,
        daily_rate=accounts.now("daily_rate"),
        tier=tier,
        pd_booked=pd_booked,
        state=none,
    )


def joined_standing(first: Standing, standing: Standing | None) -> Standing:
    """Return `first` with what an earlier review left of the same accounts."""
    if standing is None or not len(standing.account):
        return first
    order = np.argsort(standing.account)
    # An account behind the last one would have no place: it gets the last, and is not equal to it.
    place = np.minimum(np.searchsorted(standing.account[order], first.account), len(order) - 1)
    is_known = standing.account[order][place] == first.account
    columns = {}
    for field in fields(Standing):
        earlier = getattr(standing, field.name)[order][place]
        columns[field.name] = np.where(is_known, earlier, getattr(first, field.name))
    return Standing(**columns)


class _LineChanges(NamedTuple):
    """Changes of lines of one kind: per code the accounts, and the new line of all, fen."""

    by_code: dict[str, Flags]
    limit_fen: Whole

    @property
    def any_code(self) -> Flags:
        return np.asarray(np.any(list(self.by_code.values()), axis=0))


def review(
    accounts: History, standing: Standing, scores: Scores, rules: ReviewRules
) -> ReviewResult:
    """Apply every rule once.

    Raises BookError where the accounts of history and standing differ.
    """
    if not np.array_equal(accounts.account, standing.account):
        raise BookError(
            f"review: history has {accounts.size} accounts, standing {len(standing.account)}, "
            "not the same ones; expected the same in order of id. Give both for one book."
        )
    drawing, state = _drawing(accounts, standing, rules)
    cuts = _cuts(accounts, standing, scores, rules)
    is_cut = cuts.any_code
    # Who may not draw, or was just cut, gets no increase.
    is_open = (state == OPEN) & ~is_cut
    rises = _increases(accounts, standing, scores, rules, is_open)
    is_raised = rises.any_code
    limit = np.where(is_raised, rises.limit_fen, standing.limit_fen)
    limit = np.where(is_cut, cuts.limit_fen, limit)
    after = replace(standing, limit_fen=limit, state=state)
    after, temporary = _temporary(accounts, after, rules, is_open & ~is_raised, is_cut)
    after, is_repriced = _repriced(accounts, after, scores, rules)
    is_changed = is_cut | is_raised
    after = replace(
        after,
        changed_month=np.where(is_changed, accounts.month_on_book, standing.changed_month),
        tier=np.where(is_changed, scores.tier, standing.tier),
    )
    _, is_told = limits.is_reported(accounts, rules.collections)
    beside = {"REPRICED": is_repriced, "REPORTED": is_told}
    changes = {**drawing, **cuts.by_code, **rises.by_code, **temporary, **beside}
    return ReviewResult(standing=after, fired=changes)


def _drawing(
    accounts: History, standing: Standing, rules: ReviewRules
) -> tuple[dict[str, Flags], Whole]:
    """Return who may not draw and why, and the state of all.

    A reason is given when the state begins and when it ends.
    """
    # Each account has one cause, the hardest first.
    overdue = limits.is_overdue(accounts, rules.freeze)
    not_cured = limits.is_not_yet_cured(accounts, rules.freeze) & ~overdue
    is_frozen = overdue | not_cured
    inactive = limits.is_inactive(accounts, rules.suspend) & ~is_frozen
    low_score = limits.has_low_pay_score(accounts, rules.suspend) & ~is_frozen & ~inactive
    state = np.select([is_frozen, inactive | low_score], [FROZEN, SUSPENDED], OPEN)
    begins = state != standing.state
    causes = {
        "OVERDUE": overdue,
        "NOT_CURED": not_cured,
        "INACTIVE": inactive,
        "PAY_SCORE": low_score,
        "REOPENED": state == OPEN,
    }
    return {code: flags & begins for code, flags in causes.items()}, state


def _cuts(
    accounts: History, standing: Standing, scores: Scores, rules: ReviewRules
) -> _LineChanges:
    """Return the cuts of the month.

    There is none within the cool-down of the last change, and none of a closed line.
    """
    decrease = rules.decrease
    month = accounts.month_on_book
    is_cooled = limits.is_cooled(month, standing.changed_month, rules.increase)
    may_be_cut = is_cooled & (standing.limit_fen > 0)
    # The hardest first: an account is cut once, by the first rule that it breaks.
    enquiries = limits.asks_everywhere(accounts, decrease)
    tier_fall = limits.has_fallen(scores.tier, standing.tier, decrease)
    debt = limits.is_over_indebted(accounts, decrease)
    steps = (
        ("ENQUIRIES", enquiries, decrease.enquiry_factor),
        ("TIER_FALL", tier_fall, decrease.tier_factor),
        ("DEBT", debt, decrease.dti_factor),
    )
    by_code: dict[str, Flags] = {}
    is_taken = np.zeros(accounts.size, bool)
    limit = standing.limit_fen.copy()
    for code, breaks, factor in steps:
        is_cut = breaks & may_be_cut & ~is_taken
        is_taken = is_taken | is_cut
        lower = limits.cut(standing.limit_fen, factor.value, rules.increase, decrease)
        limit = np.where(is_cut, lower, limit)
        by_code[code] = is_cut
    return _LineChanges(by_code, limit)


def _increases(
    accounts: History, standing: Standing, scores: Scores, rules: ReviewRules, is_open: Flags
) -> _LineChanges:
    """Return the standing increases.

    They come on evidence at any time, else when the band comes up and the line is used.
    """
    increase = rules.increase
    month = accounts.month_on_book
    higher = limits.increased_limits(standing.limit_fen, scores.ceiling_fen, increase)
    extra = (higher - standing.limit_fen).astype(float)
    # S2-R12: not into too much debt.
    fits = ~limits.is_over_indebted(accounts, rules.decrease, extra)
    is_cooled = limits.is_cooled(month, standing.changed_month, increase)
    able = is_open & fits & is_cooled & (higher > standing.limit_fen)
    # Whose risk has risen since the last change waits.
    able = able & (scores.tier <= standing.tier)
    able = able & limits.is_on_time(accounts, increase.on_time_months.value)
    # One reason each: evidence is named before use, assets before proofs.
    assets = able & limits.has_assets(accounts, increase)
    proofs = able & limits.has_proofs(accounts, increase) & ~assets
    is_due = limits.comes_up(month, standing.limit_fen, rules.bands)
    on_time = able & is_due & limits.is_used(accounts, increase) & ~assets & ~proofs
    return _LineChanges({"ASSETS": assets, "PROOFS": proofs, "ON_TIME": on_time}, higher)


def _temporary(
    accounts: History, standing: Standing, rules: ReviewRules, is_open: Flags, is_cut: Flags
) -> tuple[Standing, dict[str, Flags]]:
    """Return the standing with its temporary parts, and whose start or end (S2-R26).

    Active users who have none get one; a cut ends one at once. `standing` has the month's new line.
    """
    month = accounts.month_on_book
    has_part = standing.temporary_fen > 0
    ends = has_part & ((month >= standing.temporary_until) | is_cut)
    starts = is_open & (standing.temporary_fen == 0) & (standing.limit_fen > 0)
    starts = starts & limits.is_active(accounts, rules.temporary)
    starts = starts & limits.is_used(accounts, rules.increase)
    starts = starts & limits.is_on_time(accounts, rules.increase.on_time_months.value)
    step = int(rules.increase.step_to.value * FEN_PER_CNY)
    share = rules.temporary.share.value
    part = np.floor(standing.limit_fen * share / step).astype(np.int64) * step
    amount = np.where(starts, part, np.where(ends, 0, standing.temporary_fen))
    until = month + int(rules.temporary.valid.value)
    after = replace(
        standing,
        temporary_fen=amount,
        temporary_until=np.where(starts, until, standing.temporary_until),
    )
    # A line of which the part rounds to 0 gets no notice.
    return after, {"TEMPORARY": starts & (part > 0), "EXPIRED": ends}


def _repriced(
    accounts: History, standing: Standing, scores: Scores, rules: ReviewRules
) -> tuple[Standing, Flags]:
    """Return the standing with its new rates, and whose rate fell."""
    is_due = is_due_for_repricing(accounts, standing.repriced_month, rules.repricing)
    lower = lowered_rates(standing.daily_rate, scores.floor_rate, rules.repricing)
    rate = np.where(is_due, lower, standing.daily_rate)
    # At the floor nothing falls: the next step may come as soon as there is room.
    falls = rate < standing.daily_rate
    month = np.where(falls, accounts.month_on_book, standing.repriced_month)
    return replace(standing, daily_rate=rate, repriced_month=month), falls
