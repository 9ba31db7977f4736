"""What the behaviour score reads of an account's last months: few columns, each with its sign and its name in words.

+1 means a higher value is riskier. Null: too short a history, no consent, no file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from creditloom.models.sample.metrics import logit
from creditloom.portfolio.book.account_history import Floats, History
from creditloom.portfolio.book.limits import debt_to_income

WINDOW = 12  # months held


@dataclass(frozen=True)
class Signal:
    """One column of the behaviour score: name with unit and window, direction, words for a reason, and how it is computed."""

    name: str
    direction: int
    en: str
    zh: str
    of: Callable[[History], Floats]


def _change(name: str, months: int = 3) -> Callable[[History], Floats]:
    """Mean of the last three months over that of the three before, less one."""

    def of(seen: History) -> Floats:
        earlier, total = seen.of(name, 2 * months)[:, months:], seen.mean(name, months)
        known = np.isfinite(earlier)
        before = np.divide(
            np.where(known, earlier, 0.0).sum(axis=1),
            known.sum(axis=1),
            out=np.full(seen.size, np.nan),
            where=known.any(axis=1),
        )
        return np.divide(total, before, out=np.full(seen.size, np.nan), where=before > 0) - 1.0

    return of


def _used(seen: History, months: int) -> Floats:
    limit = seen.mean("limit_fen", months)
    return np.divide(
        seen.mean("balance_fen", months), limit, out=np.full(seen.size, np.nan), where=limit > 0
    )


def _log_cny(name: str, months: int) -> Callable[[History], Floats]:
    return lambda seen: np.log1p(seen.mean(name, months) / 100.0)


def _late_months(seen: History, months: int) -> Floats:
    known = np.isfinite(seen.of("dpd_days", months))
    return (known & ~seen.on_time[:, :months]).sum(axis=1).astype(float)


SIGNALS = (
    Signal("dpd_days_now", 1, "days overdue", "逾期天数", lambda seen: seen.now("dpd_days")),
    Signal(
        "dpd_days_max_6m",
        1,
        "the longest delay of six months",
        "近6个月最长逾期",
        lambda seen: _most(seen.of("dpd_days", 6)),
    ),
    Signal(
        "late_months_6m",
        1,
        "months with a late payment",
        "延迟还款月数",
        lambda seen: _late_months(seen, 6),
    ),
    Signal(
        "days_late_max_3m",
        1,
        "the delay of recent payments",
        "近期还款延迟",
        lambda seen: _most(seen.of("days_late", 3)),
    ),
    Signal("utilisation_share_3m", 1, "use of the line", "额度使用率", lambda seen: _used(seen, 3)),
    Signal(
        "drawn_share_3m",
        1,
        "recent drawdowns",
        "近期提款",
        lambda seen: _ratio(seen.mean("drawn_fen", 3), seen.mean("limit_fen", 3)),
    ),
    Signal("inflow_change_3m", -1, "the fall of the inflow", "收入流入下降", _change("inflow_fen")),
    Signal("inflow_log_cny_3m", -1, "a low inflow", "收入流入偏低", _log_cny("inflow_fen", 3)),
    Signal(
        "payments_change_3m",
        -1,
        "the fall of the number of payments",
        "支付笔数下降",
        _change("n_payments"),
    ),
    Signal(
        "payments_log_3m",
        -1,
        "few payments",
        "支付笔数偏少",
        lambda seen: np.log1p(seen.mean("n_payments", 3)),
    ),
    Signal(
        "retained_share_6m",
        -1,
        "a low share of the inflow kept",
        "资金留存偏低",
        lambda seen: seen.mean("retained_share", 6),
    ),
    Signal(
        "lqt_log_cny_6m",
        -1,
        "a low money-market balance",
        "零钱通余额偏低",
        _log_cny("lqt_balance_fen", 6),
    ),
    Signal(
        "lqt_change_3m",
        -1,
        "the fall of the money-market balance",
        "零钱通余额下降",
        _change("lqt_balance_fen"),
    ),
    Signal(
        "lct_log_cny_6m", -1, "low wealth products", "理财持有偏低", _log_cny("lct_balance_fen", 6)
    ),
    Signal(
        "proofs_count",
        -1,
        "few asset proofs",
        "资产证明偏少",
        lambda seen: seen.now("n_asset_proofs"),
    ),
    Signal(
        "enquiries_sum_3m",
        1,
        "credit enquiries in 90 days",
        "近90天征信查询",
        lambda seen: _total(seen.of("n_hard_enquiries", 3)),
    ),
    Signal(
        "enquiries_sum_12m",
        1,
        "credit enquiries in a year",
        "近一年征信查询",
        lambda seen: _total(seen.of("n_hard_enquiries")),
    ),
    Signal(
        "pay_score_now", -1, "a low payment score", "支付分偏低", lambda seen: seen.now("pay_score")
    ),
    Signal(
        "debt_to_income_share_3m",
        1,
        "debt service against the inflow",
        "负债收入比",
        lambda seen: debt_to_income(seen, 3),
    ),
)
BOOKED = "log_odds_booked"  # the application score, which the behaviour score starts from
NAMES = (BOOKED, *(signal.name for signal in SIGNALS))
DIRECTIONS = (1, *(signal.direction for signal in SIGNALS))


def columns(seen: History, pd_booked: Floats) -> Floats:
    """Matrix of accounts x NAMES; the first column is logit of the PD at booking."""
    return np.column_stack([logit(pd_booked), *(signal.of(seen) for signal in SIGNALS)])


def words(column: int, language: str) -> str:
    """What a column is called in a reason."""
    if column == 0:
        return {"en": "the application score", "zh": "申请评分"}[language]
    return str(getattr(SIGNALS[column - 1], language))


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)


def _most(values: Floats) -> Floats:
    known = np.isfinite(values)
    return np.where(known.any(axis=1), np.where(known, values, -np.inf).max(axis=1), np.nan)


def _total(values: Floats) -> Floats:
    known = np.isfinite(values)
    return np.where(known.any(axis=1), np.where(known, values, 0.0).sum(axis=1), np.nan)
