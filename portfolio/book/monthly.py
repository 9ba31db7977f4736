"""The monthly job as one call: panel and standing in; standing, changes with sentences, stages and expected loss out.

S1-R27, S2-R25, S3-R14, S4-R27; scores move each month, limits by band, rates by quarter (C21).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import chain

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.portfolio.book import servicing
from creditloom.portfolio.book.account_history import Floats, History, history
from creditloom.portfolio.book.bcard import BCard
from creditloom.portfolio.book.behaviour import WINDOW, columns
from creditloom.portfolio.book.limits import FEN, debt_to_income, has_assets, has_proofs
from creditloom.portfolio.book.review import (
    STATES,
    ReviewResult,
    Scores,
    Standing,
    first_standing,
    joined,
    review,
)
from creditloom.portfolio.book.review_reasons import REASONS, sentence
from creditloom.portfolio.book.review_rules import BookError, ReviewRules

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

BRIEF = ("TEMPORARY", "EXPIRED")  # codes whose notice names the line with its temporary part


@dataclass(frozen=True)
class Month:
    """What one review leaves: the standing for the next, one row per change, one row per account."""

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

    `booked` holds the PD at booking by application_id. Accounts without a standing begin with what they were granted; those that left the
    panel leave the standing. Raises BookError where a PD at booking is missing.
    """
    seen = history(panel, WINDOW)
    pd_booked = _booked(seen, booked)
    read = columns(seen, pd_booked)
    scores = scored(card.pd(read), tier_edges, rules)
    before = joined(first_standing(seen, pd_booked, _tier(pd_booked, tier_edges)), standing)
    done = review(seen, before, scores, rules)
    return Month(
        done.standing,
        _changes(seen, before, done, read, card),
        _accounts(seen, done.standing, scores, rules),
    )


def scored(pd: Floats, tier_edges: tuple[float, ...], rules: ReviewRules) -> Scores:
    """Tier and ceiling of refreshed PDs."""
    tier = _tier(pd, tier_edges)
    return Scores(
        pd, tier, rules.ceiling_fen(tier), rules.repricing.floor.value / servicing.PERCENT
    )


def to_frame(standing: Standing) -> pd.DataFrame:
    """A standing as a table, one row per account."""
    return pd.DataFrame({field.name: getattr(standing, field.name) for field in fields(Standing)})


def from_frame(frame: pd.DataFrame) -> Standing:
    """The standing that `to_frame` made. Raises BookError for missing columns."""
    missing = [field.name for field in fields(Standing) if field.name not in frame]
    if missing:
        raise BookError(
            f"standing: columns {', '.join(missing)} are missing; expected the file that the last review wrote."
        )
    return Standing(**{field.name: frame[field.name].to_numpy() for field in fields(Standing)})


def _tier(pd: Floats, tier_edges: tuple[float, ...]) -> np.ndarray:
    return np.searchsorted(tier_edges, pd, side="right").astype(np.int64)


def _booked(seen: History, booked: pd.Series) -> Floats:
    found = booked.reindex(seen.account).to_numpy(np.float64)
    absent = int(np.isnan(found).sum())
    if absent:
        raise BookError(
            f"review: {absent} of {seen.size} accounts have no PD at booking; expected one each. Add them to the decisions given."
        )
    return found


def _accounts(seen: History, after: Standing, scores: Scores, rules: ReviewRules) -> pd.DataFrame:
    """Score, state, collections, IFRS 9 and asset class of every account."""
    provision, dpd = rules.provision, seen.now("dpd_days")
    ladder = servicing.collection_stage(dpd, rules.collections)
    stages = servicing.stage(seen, scores.pd, after.pd_booked, provision)
    balance = seen.now("balance_fen")
    undrawn = np.maximum(after.granted_fen - balance, 0.0) * (after.state == 0)
    return pd.DataFrame(
        {
            "application_id": seen.account,
            "month_on_book": seen.month_on_book,
            "pd": scores.pd,
            "tier": scores.tier,
            "has_assets": has_assets(seen, rules.increase),
            "has_proofs": has_proofs(seen, rules.increase),
            "state": np.array(STATES)[after.state],
            "limit_fen": after.granted_fen,
            "daily_rate": after.daily_rate,
            "balance_fen": balance,
            "dpd_days": dpd,
            "collection": np.array(servicing.LADDER)[ladder],
            "remind_days_before": np.where(
                (ladder == 0) & (balance > 0), int(rules.collections.remind_before.value), 0
            ),
            "contact_hours": np.where(ladder > 0, servicing.contact_hours(rules.collections), ""),
            "stage": stages,
            "ecl_fen": np.where(
                seen.is_written_off,
                0.0,
                servicing.expected_loss(stages, scores.pd, balance, undrawn, provision),
            ),
            "asset_class": np.array(servicing.CLASSES)[servicing.asset_class(dpd, provision)],
        }
    )


def _changes(
    seen: History, before: Standing, done: ReviewResult, read: Floats, card: BCard
) -> pd.DataFrame:
    """One row per account and change: what, why, and the notice in both languages."""
    rows = [(code, np.flatnonzero(flags)) for code, flags in done.fired.items() if flags.any()]
    weakest = _weakest(dict(rows).get("TIER_FALL", np.empty(0, np.int64)), read, card)
    records = chain.from_iterable(
        _records(code, at, seen, before, done.standing, weakest) for code, at in rows
    )
    return pd.DataFrame(records, columns=CHANGES)


def _weakest(at: np.ndarray, read: Floats, card: BCard) -> dict[int, tuple[str, str]]:
    return dict(zip(at.tolist(), card.weakest(read[at]), strict=True)) if len(at) else {}


def _records(
    code: str,
    at: np.ndarray,
    seen: History,
    before: Standing,
    after: Standing,
    weakest: dict[int, tuple[str, str]],
) -> list[tuple[object, ...]]:
    """The rows of one code; `at` are its accounts."""
    reason = REASONS[code]
    line = "granted_fen" if code in BRIEF else "limit_fen"
    numbers = {
        "before": getattr(before, line)[at] / FEN,
        "after": getattr(after, line)[at] / FEN,
        "rate_before": before.daily_rate[at] * servicing.PERCENT,
        "rate_after": after.daily_rate[at] * servicing.PERCENT,
        "dpd": seen.now("dpd_days")[at],
        "late": np.nan_to_num(seen.of("days_late", 3)[at]).max(axis=1),
        "payments": seen.now("n_payments")[at],
        "score": seen.now("pay_score")[at],
        "enquiries": np.nansum(seen.of("n_hard_enquiries", 3)[at], axis=1),
        "dti": debt_to_income(seen, 3)[at],
    }
    out = []
    for k, account in enumerate(at.tolist()):
        own: dict[str, float | str] = {name: float(values[k]) for name, values in numbers.items()}
        own["weakest_en"], own["weakest_zh"] = weakest.get(account, ("", ""))
        texts = [sentence(code, language, own) for language in ("en", "zh")]
        limits = (int(before.granted_fen[account]), int(after.granted_fen[account]))
        rates = (float(before.daily_rate[account]), float(after.daily_rate[account]))
        key = (int(seen.account[account]), int(seen.month_on_book[account]))
        out.append((*key, code, reason.rule, reason.is_adverse, *limits, *rates, *texts))
    return out
