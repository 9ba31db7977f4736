"""Run the monthly review of a book as one call.

Panel and standing go in; standing, changes with sentences, stages and expected loss come out.
Sources: S1-R27, S2-R25, S3-R14, S4-R27; scores move each month, limits by band, rates by quarter
(C21).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.portfolio.book import servicing
from creditloom.portfolio.book.account_history import Floats, History, history
from creditloom.portfolio.book.bcard import BCard
from creditloom.portfolio.book.behaviour import WINDOW, columns
from creditloom.portfolio.book.limits import (
    debt_to_income,
    has_assets,
    has_proofs,
    is_reported,
)
from creditloom.portfolio.book.review import (
    OPEN,
    STATES,
    ReviewResult,
    Scores,
    Standing,
    first_standing,
    joined_standing,
    review,
)
from creditloom.portfolio.book.review_reasons import REASONS, sentence
from creditloom.portfolio.book.review_rules import FEN_PER_CNY, BookError, ReviewRules

CHANGES = [
    "application_id",
    "month_on_book",
    "code",
    "rule",
    "is_adverse",
    "limit_before_fen",
    "limit_after_fen",
    "rate_before",
    "rate_after",
    "notice_en",
    "notice_zh",
]

# Codes whose notice names the line with its temporary part; all others name the lasting line.
TEMPORARY_CODES = ("TEMPORARY", "EXPIRED")
# Months whose figures a notice names: those that the rules looked at.
NOTICE_MONTHS = 3


@dataclass(frozen=True)
class Month:
    """What one review leaves.

    The standing for the next review, one row per change, one row per account.
    """

    standing: Standing
    changes: pd.DataFrame
    accounts: pd.DataFrame


def month(
    panel: pa.Table,
    standing: Standing | None,
    booked: pd.Series,
    card: BCard,
    tier_edges: tuple[float, ...],
    rules: ReviewRules,
) -> Month:
    """Review every account of `panel` (its last WINDOW months count).

    `booked` holds the PD at booking by application_id. Accounts without a standing begin with what
    they were granted; those that left the panel leave the standing. Raises BookError where a PD at
    booking is missing.
    """
    accounts = history(panel, WINDOW)
    pd_booked = _booked(accounts, booked)
    signals = columns(accounts, pd_booked)
    scores = review_scores(card.pd(signals), tier_edges, rules)
    first = first_standing(accounts, pd_booked, _tier(pd_booked, tier_edges))
    before = joined_standing(first, standing)
    result = review(accounts, before, scores, rules)
    return Month(
        standing=result.standing,
        changes=_changes(accounts, before, result, signals, card),
        accounts=_accounts(accounts, result.standing, scores, rules),
    )


def review_scores(pd: Floats, tier_edges: tuple[float, ...], rules: ReviewRules) -> Scores:
    """Return tier, ceiling and lowest rate of refreshed PDs."""
    tier = _tier(pd, tier_edges)
    return Scores(
        pd=pd,
        tier=tier,
        ceiling_fen=rules.ceiling_fen(tier),
        floor_rate=rules.repricing.floor.value / servicing.PERCENT,
    )


def to_frame(standing: Standing) -> pd.DataFrame:
    """Return a standing as a table, one row per account."""
    return pd.DataFrame({field.name: getattr(standing, field.name) for field in fields(Standing)})


def from_frame(frame: pd.DataFrame) -> Standing:
    """Return the standing that `to_frame` made; BookError for missing columns."""
    names = [field.name for field in fields(Standing)]
    missing = [name for name in names if name not in frame]
    if missing:
        raise BookError(
            f"standing: columns {', '.join(missing)} are missing; "
            "expected the file that the last review wrote."
        )
    return Standing(**{name: frame[name].to_numpy() for name in names})


def _tier(pd: Floats, tier_edges: tuple[float, ...]) -> np.ndarray:
    return np.searchsorted(tier_edges, pd, side="right").astype(np.int64)


def _booked(accounts: History, booked: pd.Series) -> Floats:
    """Return the PD at booking in the order of the accounts."""
    pd_booked = booked.reindex(accounts.account).to_numpy(np.float64)
    absent = int(np.isnan(pd_booked).sum())
    if absent:
        raise BookError(
            f"review: {absent} of {accounts.size} accounts have no PD at booking; "
            "expected one each. Add them to the decisions given."
        )
    return pd_booked


def _accounts(
    accounts: History, after: Standing, scores: Scores, rules: ReviewRules
) -> pd.DataFrame:
    """Return score, state, collections, IFRS 9 and asset class of every account."""
    score = {
        "application_id": accounts.account,
        "month_on_book": accounts.month_on_book,
        "pd": scores.pd,
        "tier": scores.tier,
        "has_assets": has_assets(accounts, rules.increase),
        "has_proofs": has_proofs(accounts, rules.increase),
    }
    line = {
        "state": np.array(STATES)[after.state],
        "limit_fen": after.granted_fen,
        "daily_rate": after.daily_rate,
        "balance_fen": accounts.now("balance_fen"),
        "dpd_days": accounts.now("dpd_days"),
    }
    collections = _collections(accounts, rules)
    provision = _provision(accounts, after, scores, rules)
    return pd.DataFrame({**score, **line, **collections, **provision})


def _collections(accounts: History, rules: ReviewRules) -> dict[str, np.ndarray]:
    """Return the step of collection, the days of a reminder and the hours of contact."""
    step = servicing.collection_stage(accounts.now("dpd_days"), rules.collections)
    # Who is not overdue and owes something is reminded before the day.
    is_reminded = (step == 0) & (accounts.now("balance_fen") > 0)
    hours = servicing.contact_hours(rules.collections)
    is_told, _ = is_reported(accounts, rules.collections)
    return {
        "is_reported": is_told,
        "collection": np.array(servicing.LADDER)[step],
        "remind_days_before": np.where(is_reminded, int(rules.collections.remind_before.value), 0),
        "contact_hours": np.where(step > 0, hours, ""),
    }


def _provision(
    accounts: History, after: Standing, scores: Scores, rules: ReviewRules
) -> dict[str, np.ndarray]:
    """Return IFRS 9 stage, expected loss (fen) and asset class."""
    provision = rules.provision
    stage = servicing.stage(accounts, scores.pd, after.pd_booked, provision)
    balance = accounts.now("balance_fen")
    # What may not be drawn is no exposure.
    undrawn = np.maximum(after.granted_fen - balance, 0.0) * (after.state == OPEN)
    loss = servicing.expected_loss(stage, scores.pd, balance, undrawn, provision)
    asset_class = servicing.asset_class(accounts.now("dpd_days"), provision)
    return {
        "stage": stage,
        # What was written off is lost already: nothing more is expected.
        "ecl_fen": np.where(accounts.is_written_off, 0.0, loss),
        "asset_class": np.array(servicing.CLASSES)[asset_class],
    }


def _changes(
    accounts: History, before: Standing, result: ReviewResult, signals: Floats, card: BCard
) -> pd.DataFrame:
    """Return one row per account and change: what, why, and the notice in both languages."""
    by_code = {code: np.flatnonzero(flags) for code, flags in result.fired.items() if flags.any()}
    # Only a fall of the tier is explained by the score: its SHAP values are not free.
    fallen = by_code.get("TIER_FALL", np.empty(0, np.int64))
    weakest = _weakest(fallen, signals, card)
    records: list[tuple[object, ...]] = []
    for code, rows in by_code.items():
        records.extend(_records(code, rows, accounts, before, result.standing, weakest))
    return pd.DataFrame(records, columns=CHANGES)


def _weakest(rows: np.ndarray, signals: Floats, card: BCard) -> dict[int, tuple[str, str]]:
    """Return the words of the weakest behaviour by row."""
    if not len(rows):
        return {}
    return dict(zip(rows.tolist(), card.weakest(signals[rows]), strict=True))


def _records(
    code: str,
    rows: np.ndarray,
    accounts: History,
    before: Standing,
    after: Standing,
    weakest: dict[int, tuple[str, str]],
) -> list[tuple[object, ...]]:
    """Return the changes of one code, in the columns CHANGES; `rows` are its accounts."""
    reason = REASONS[code]
    numbers = _numbers(code, rows, accounts, before, after)
    records = []
    for place, row in enumerate(rows.tolist()):
        own: dict[str, float | str] = {}
        own |= {name: float(values[place]) for name, values in numbers.items()}
        weakest_en, weakest_zh = weakest.get(row, ("", ""))
        own |= {"weakest_en": weakest_en, "weakest_zh": weakest_zh}
        texts = [sentence(code, language, own) for language in ("en", "zh")]
        key = (int(accounts.account[row]), int(accounts.month_on_book[row]))
        lines = (int(before.granted_fen[row]), int(after.granted_fen[row]))
        rates = (float(before.daily_rate[row]), float(after.daily_rate[row]))
        records.append((*key, code, reason.rule, reason.is_adverse, *lines, *rates, *texts))
    return records


def _numbers(
    code: str, rows: np.ndarray, accounts: History, before: Standing, after: Standing
) -> dict[str, np.ndarray]:
    """Return the numbers that a notice may name, one value per row."""
    line = "granted_fen" if code in TEMPORARY_CODES else "limit_fen"
    days_late = np.nan_to_num(accounts.of("days_late", NOTICE_MONTHS)[rows])
    enquiries = accounts.of("n_hard_enquiries", NOTICE_MONTHS)[rows]
    lines = {
        "before": getattr(before, line)[rows] / FEN_PER_CNY,
        "after": getattr(after, line)[rows] / FEN_PER_CNY,
    }
    rates = {
        "rate_before": before.daily_rate[rows] * servicing.PERCENT,
        "rate_after": after.daily_rate[rows] * servicing.PERCENT,
    }
    payment = {
        "dpd": accounts.now("dpd_days")[rows],
        "late": days_late.max(axis=1),
        "payments": accounts.now("n_payments")[rows],
        "score": accounts.now("pay_score")[rows],
    }
    debt = {
        "enquiries": np.nansum(enquiries, axis=1),
        "dti": debt_to_income(accounts, NOTICE_MONTHS)[rows],
    }
    return {**lines, **rates, **payment, **debt}
