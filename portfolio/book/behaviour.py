"""Define what the behaviour score reads of an account's last months.

These are few columns, each with its sign and its name in words. +1 means a higher value is riskier.
Null: too short a history, no consent, no file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from creditloom.models.sample.metrics import logit
from creditloom.portfolio.book.account_history import Floats, History, known_mean
from creditloom.portfolio.book.limits import debt_to_income
from creditloom.portfolio.book.review_rules import FEN_PER_CNY

# Months of an account that are held.
WINDOW = 12


@dataclass(frozen=True)
class Signal:
    """One column of the behaviour score.

    `name` carries unit and window; `direction` is +1 where a higher value is riskier, else -1. `en`
    and `zh` are its words in a reason; `of` computes it, one value per account.
    """

    name: str
    direction: int
    en: str
    zh: str
    of: Callable[[History], Floats]


def _now(name: str) -> Callable[[History], Floats]:
    return lambda accounts: accounts.now(name)


def _max(name: str, months: int) -> Callable[[History], Floats]:
    """Return the largest known value of the last months; null where none is known."""

    def of(accounts: History) -> Floats:
        values = accounts.of(name, months)
        is_known = np.isfinite(values)
        largest = np.where(is_known, values, -np.inf).max(axis=1)
        return np.where(is_known.any(axis=1), largest, np.nan)

    return of


def _sum(name: str, months: int | None) -> Callable[[History], Floats]:
    """Return the sum of the known values of the last months; null where none is known."""

    def of(accounts: History) -> Floats:
        values = accounts.of(name, months)
        is_known = np.isfinite(values)
        total = np.where(is_known, values, 0.0).sum(axis=1)
        return np.where(is_known.any(axis=1), total, np.nan)

    return of


def _mean(name: str, months: int) -> Callable[[History], Floats]:
    return lambda accounts: accounts.mean(name, months)


def _change(name: str, months: int = 3) -> Callable[[History], Floats]:
    """Return the mean of the last months over that of as many months before, less one."""

    def of(accounts: History) -> Floats:
        latest = accounts.mean(name, months)
        earlier = known_mean(accounts.of(name, 2 * months)[:, months:])
        return _ratio(latest, earlier) - 1.0

    return of


def _share_of_limit(name: str, months: int) -> Callable[[History], Floats]:
    """Return the mean of a column over the mean limit."""
    return lambda accounts: _ratio(accounts.mean(name, months), accounts.mean("limit_fen", months))


def _log_cny(name: str, months: int) -> Callable[[History], Floats]:
    """Return the logarithm of a mean in yuan: one step up counts the same for rich and poor."""
    return lambda accounts: np.log1p(accounts.mean(name, months) / FEN_PER_CNY)


def _log_payments(accounts: History) -> Floats:
    return np.log1p(accounts.mean("n_payments", 3))


def _late_months(accounts: History) -> Floats:
    """Return how many of the last six months were known and not on time."""
    is_known = np.isfinite(accounts.of("dpd_days", 6))
    return (is_known & ~accounts.on_time[:, :6]).sum(axis=1).astype(float)


def _debt_to_income(accounts: History) -> Floats:
    return debt_to_income(accounts, 3)


def _ratio(above: Floats, below: Floats) -> Floats:
    """Return above / below; null unless `below` is above 0."""
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)


# table: the columns of the behaviour score: name, direction, words, computation
SIGNALS = (
    Signal("dpd_days_now", 1, "days overdue", "逾期天数", _now("dpd_days")),
    Signal(
        "dpd_days_max_6m",
        1,
        "the longest delay of six months",
        "近6个月最长逾期",
        _max("dpd_days", 6),
    ),
    Signal("late_months_6m", 1, "months with a late payment", "延迟还款月数", _late_months),
    Signal(
        "days_late_max_3m", 1, "the delay of recent payments", "近期还款延迟", _max("days_late", 3)
    ),
    Signal(
        "utilisation_share_3m",
        1,
        "use of the line",
        "额度使用率",
        _share_of_limit("balance_fen", 3),
    ),
    Signal("drawn_share_3m", 1, "recent drawdowns", "近期提款", _share_of_limit("drawn_fen", 3)),
    Signal("inflow_change_3m", -1, "the fall of the inflow", "收入流入下降", _change("inflow_fen")),
    Signal("inflow_log_cny_3m", -1, "a low inflow", "收入流入偏低", _log_cny("inflow_fen", 3)),
    Signal(
        "payments_change_3m",
        -1,
        "the fall of the number of payments",
        "支付笔数下降",
        _change("n_payments"),
    ),
    Signal("payments_log_3m", -1, "few payments", "支付笔数偏少", _log_payments),
    Signal(
        "retained_share_6m",
        -1,
        "a low share of the inflow kept",
        "资金留存偏低",
        _mean("retained_share", 6),
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
    Signal("proofs_count", -1, "few asset proofs", "资产证明偏少", _now("n_asset_proofs")),
    Signal(
        "enquiries_sum_3m",
        1,
        "credit enquiries in 90 days",
        "近90天征信查询",
        _sum("n_hard_enquiries", 3),
    ),
    Signal(
        "enquiries_sum_12m",
        1,
        "credit enquiries in a year",
        "近一年征信查询",
        _sum("n_hard_enquiries", None),
    ),
    Signal("pay_score_now", -1, "a low payment score", "支付分偏低", _now("pay_score")),
    Signal(
        "debt_to_income_share_3m",
        1,
        "debt service against the inflow",
        "负债收入比",
        _debt_to_income,
    ),
)
# The application score, from which the behaviour score starts.
BOOKED = "log_odds_booked"
NAMES = (BOOKED, *(signal.name for signal in SIGNALS))
DIRECTIONS = (1, *(signal.direction for signal in SIGNALS))


def columns(accounts: History, pd_booked: Floats) -> Floats:
    """Return the matrix of accounts x NAMES; the first column is logit of the PD at booking."""
    return np.column_stack([logit(pd_booked), *(signal.of(accounts) for signal in SIGNALS)])


def words(column: int, language: str) -> str:
    """Return the words of a column in a reason; `language` is en or zh.

    >>> words(1, "en")
    'days overdue'
    """
    if column == 0:
        return {"en": "the application score", "zh": "申请评分"}[language]
    return str(getattr(SIGNALS[column - 1], language))
