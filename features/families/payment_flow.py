"""Payment flow: what is spent, on what, how steadily, what of the income stays, and whether bills are paid on time.

Hints after S1-R46 and S1-R48. S1-R13, S2-R05, S2-R17, S2-R28, S3-R15, S5-R16.
"""

from __future__ import annotations

from ..contract.tables import PAYMENTS, SPEND_CATEGORIES
from ..declare.declarations import (
    AggregateBlock,
    Family,
    FeatureConcept,
    Measure,
    Slice,
    Stream,
    between,
    is_,
)
from ..network.network_features import TRANSFERS
from .wallet import WALLET_AND_BILLS

CONCEPTS = (
    FeatureConcept(
        "payment_activity",
        "payment activity",
        "支付活跃度",
        "keep using the account for everyday payments",
        "保持账户日常活跃",
    ),
    FeatureConcept(
        "spending_stability",
        "stability of spending",
        "消费稳定性",
        "keep weekly spending even",
        "保持消费平稳",
    ),
    FeatureConcept(
        "fund_retention",
        "share of income kept",
        "资金留存",
        "leave part of each inflow in the account",
        "收入到账后适当留存余额",
    ),
    FeatureConcept(
        "bill_punctuality",
        "punctual payment of bills",
        "缴费准时性",
        "pay utility and phone bills by the due date",
        "按时缴纳水电话费",
    ),
    FeatureConcept(
        "spending_pattern",
        "pattern of spending",
        "消费结构",
        "spread spending over everyday categories",
        "消费类型多元化",
    ),
    FeatureConcept("peer_transfers", "transfers with other applicants", "与其他用户的转账往来"),
)

_CATEGORY_WORDS = {
    "food": ("food payments", "餐饮支付"), "shopping": ("shopping payments", "购物支付"), "transport": ("transport payments", "交通支付"),
    "utilities": ("utility payments", "生活缴费"), "rent": ("rent payments", "房租支付"), "health": ("health payments", "医疗支付"),
    "education": ("education payments", "教育支付"), "entertainment": ("entertainment payments", "娱乐支付"),
    "games": ("game payments", "游戏支付"), "gambling_like": ("gambling-like payments", "类博彩支付"),
    "transfer": ("outgoing transfers", "转账支出"), "withdrawal": ("withdrawals", "提现"),
}  # fmt: skip
_OUT, _IN = is_("direction", "out"), is_("direction", "in")
_AT_NIGHT = is_("hour", 23, 0, 1, 2, 3, 4)
_CASH, _LEISURE = (
    is_("category", "transfer", "withdrawal"),
    is_("category", "entertainment", "games", "gambling_like"),
)
_BY_CATEGORY = tuple(
    Slice(f"out_{c}", *_CATEGORY_WORDS[c], (_OUT, is_("category", c))) for c in SPEND_CATEGORIES
)
_PURCHASES = tuple(c for c in SPEND_CATEGORIES if c not in ("transfer", "withdrawal"))
_EVERYDAY = ("food", "transport", "utilities", "rent", "health", "education")

_PAYMENTS = Stream(
    PAYMENTS,
    (
        Slice("out", "outgoing payments", "支出", (_OUT,)),
        Slice("in", "incoming payments", "收入", (_IN,)),
        *_BY_CATEGORY,
        Slice("out_shop", "purchases", "消费", (_OUT, is_("category", *_PURCHASES))),
        Slice(
            "out_everyday", "everyday payments", "日常必需支出", (_OUT, is_("category", *_EVERYDAY))
        ),
        Slice("out_leisure", "leisure payments", "休闲支出", (_OUT, _LEISURE)),
        Slice("out_night", "payments at night", "夜间支出", (_OUT, _AT_NIGHT)),
        Slice("out_weekend", "payments at weekends", "周末支出", (_OUT, is_("weekday", 5, 6))),
        Slice("out_offline", "payments at a counter", "线下支出", (_OUT, is_("is_offline", True))),
        Slice(
            "out_large",
            "payments of 1,000 yuan or more",
            "千元以上支出",
            (_OUT, between("amount_fen", 100_000)),
        ),
        Slice(
            "out_small",
            "payments below 10 yuan",
            "十元以下支出",
            (_OUT, between("amount_fen", None, 999)),
        ),
        Slice(
            "out_alert",
            "payments over 5,000 yuan",
            "五千元以上支出",
            (_OUT, between("amount_fen", 500_001)),
        ),
        Slice(
            "out_morning",
            "payments in the morning",
            "早间支出",
            (_OUT, is_("hour", 5, 6, 7, 8, 9, 10)),
        ),
        Slice("out_midday", "payments at midday", "午间支出", (_OUT, is_("hour", 11, 12, 13, 14))),
        Slice(
            "out_evening",
            "payments in the evening",
            "晚间支出",
            (_OUT, is_("hour", 18, 19, 20, 21, 22)),
        ),
        Slice("out_cash", "transfers and withdrawals", "转账提现", (_OUT, _CASH)),
        Slice(
            "out_night_cash",
            "night transfers and withdrawals",
            "夜间转账提现",
            (_OUT, _CASH, _AT_NIGHT),
        ),
        Slice(
            "out_night_leisure",
            "leisure payments at night",
            "夜间休闲支出",
            (_OUT, _LEISURE, _AT_NIGHT),
        ),
        Slice(
            "in_large",
            "inflows of 1,000 yuan or more",
            "千元以上收入",
            (_IN, between("amount_fen", 100_000)),
        ),
        Slice("in_salary", "salary inflows", "工资收入", (_IN, is_("category", "salary"))),
        Slice(
            "in_merchant",
            "merchant receipts",
            "商户收款",
            (_IN, is_("category", "merchant_receipt")),
        ),
        Slice("in_transfer", "incoming transfers", "转账收入", (_IN, is_("category", "transfer"))),
        Slice("in_refund", "refunds", "退款", (_IN, is_("category", "refund"))),
    ),
    (
        Measure("amount", "CNY", "amount", "金额", ("amount_fen",), per=100.0),
        Measure("category", "count", "categories", "类别", ("category",), "id"),
        Measure("hour", "count", "hours of the day", "时点", ("hour",), "id"),
        Measure("weekday", "count", "days of the week", "星期", ("weekday",), "id"),
    ),
)
_CATEGORIES = tuple(s.name for s in _BY_CATEGORY)
_VARIED = tuple(c for c in _CATEGORIES if c != "out_rent")  # rent is the same every month
_LONG = ("3m", "12m")
_SPAN = ("1m", "3m", "6m", "12m")
_YEAR = ("3m", "6m", "12m")
_FLOWS = ("out", "in")
_INFLOWS = ("in_salary", "in_merchant", "in_transfer", "in_refund")
_HABITS = (
    "out_shop", "out_everyday", "out_leisure", "out_night", "out_weekend", "out_offline", "out_large", "out_small", "out_morning",
    "out_midday", "out_evening", "out_cash",
)  # fmt: skip
_RARE = ("out_alert", "out_night_cash", "out_night_leisure")

_PAYMENT_BLOCKS = (
    AggregateBlock(
        "payment_activity", "count", ("out",), ("7d", *_SPAN), direction=-1, source="S5-R16"
    ),
    AggregateBlock("payment_activity", "count", ("in",), ("7d", *_SPAN), source="S5-R16"),
    AggregateBlock("payment_activity", "sum", _FLOWS, ("7d", *_SPAN), "amount", source="S5-R16"),
    AggregateBlock(
        "payment_activity", "active_days", ("out",), _SPAN, direction=-1, source="S3-R15"
    ),
    AggregateBlock("payment_activity", "active_days", ("in",), ("3m",), source="S3-R15"),
    AggregateBlock("payment_activity", "active_weeks", ("out",), _YEAR, direction=-1),
    AggregateBlock("payment_activity", "sum", ("out_shop",), _SPAN, "amount", source="S3-R07"),
    AggregateBlock(
        "payment_activity", "recency", ("out", "in", "in_salary", "in_merchant"), ("12m",)
    ),
    AggregateBlock("payment_activity", "mean", _FLOWS, ("1m", "3m", "12m"), "amount"),
    AggregateBlock("payment_activity", "typical", ("out", "in", "out_shop"), _LONG, "amount"),
    AggregateBlock("payment_activity", "max", _FLOWS, _LONG, "amount"),
    AggregateBlock("payment_activity", "count", _INFLOWS, _SPAN),
    AggregateBlock("payment_activity", "sum", _INFLOWS, _SPAN, "amount"),
    AggregateBlock(
        "payment_activity", "active_months", ("in_merchant", "in_transfer", "in_refund"), ("12m",)
    ),
    AggregateBlock(
        "payment_activity", "sum_share", _INFLOWS, _SPAN, "amount", "in", source="S4-R52"
    ),
    AggregateBlock("payment_activity", "mean", ("in_salary",), ("3m",), "amount"),
    AggregateBlock("payment_activity", "mean", _INFLOWS[1:], _LONG, "amount"),
    AggregateBlock("payment_activity", "typical", _INFLOWS[1:], ("12m",), "amount"),
    AggregateBlock("payment_activity", "max", (*_INFLOWS[1:], "in_large"), ("12m",), "amount"),
    AggregateBlock("payment_activity", "count", ("in_large",), _SPAN),
    AggregateBlock("payment_activity", "sum_share", ("in_large",), _LONG, "amount", "in"),
    AggregateBlock(
        "payment_activity", "recency", ("in_transfer", "in_refund", "in_large"), ("12m",)
    ),
    AggregateBlock(
        "payment_activity", "shift", (*_FLOWS, *_INFLOWS, "in_large"), ("1m", "3m", "6m")
    ),
    AggregateBlock("payment_activity", "busiest_day", _FLOWS, ("1m", "3m", "12m"), source="S5-R42"),
    AggregateBlock("payment_activity", "interval_max", ("out", "in"), ("1m", "3m", "12m")),
    AggregateBlock(
        "payment_activity", "interval_mean", ("in", "in_merchant", "in_transfer"), ("3m", "12m")
    ),
    AggregateBlock("payment_activity", "low_month", ("out",), _YEAR, direction=-1, source="S3-R46"),
    AggregateBlock("payment_activity", "per_day", ("out", "in"), _LONG, over="out"),
    AggregateBlock("payment_activity", "active_weeks", ("in",), _YEAR),
    AggregateBlock(
        "payment_activity", "months_over", ("out",), _YEAR, "amount", source="S3-R21", level=2000.0
    ),
    AggregateBlock(
        "payment_activity",
        "months_over",
        ("out_shop",),
        _YEAR,
        "amount",
        source="S3-R07",
        level=3000.0,
    ),
    AggregateBlock(
        "payment_activity",
        "months_over",
        ("in",),
        _YEAR,
        "amount",
        source="domain 7.2",
        level=5200.0,
    ),
    AggregateBlock(
        "payment_activity", "low_month_sum", ("out", "out_shop"), _YEAR, "amount", source="S3-R21"
    ),
    AggregateBlock("payment_activity", "slope", _FLOWS, _YEAR),
    AggregateBlock("payment_activity", "vs12", _FLOWS, ("7d", "1m", "3m")),
    AggregateBlock(
        "spending_stability",
        "weekly_cv",
        ("out", "out_everyday"),
        _YEAR,
        direction=1,
        source="S3-R11",
    ),
    AggregateBlock(
        "spending_stability",
        "weekly_sum_cv",
        ("out", "out_shop", "out_everyday"),
        _YEAR,
        "amount",
        direction=1,
        source="S3-R11",
    ),
    AggregateBlock(
        "spending_stability",
        "monthly_cv",
        ("out", "out_everyday"),
        _YEAR,
        direction=1,
        source="S3-R11",
    ),
    AggregateBlock(
        "spending_stability",
        "monthly_sum_cv",
        ("out", "out_shop", "out_everyday"),
        _YEAR,
        "amount",
        direction=1,
        source="S3-R11",
    ),
    AggregateBlock("spending_stability", "cv", ("out", "out_shop", "in"), _LONG, "amount"),
    AggregateBlock(
        "spending_stability", "log_std", ("out", "out_shop", "out_everyday", "in"), _LONG, "amount"
    ),
    AggregateBlock("spending_stability", "interval_cv", ("out",), _YEAR),
    AggregateBlock("spending_stability", "interval_cv", ("in_salary",), ("12m",)),
    AggregateBlock("spending_stability", "cv", ("in_salary",), ("6m", "12m"), "amount"),
    AggregateBlock(
        "spending_stability", "monthly_sum_cv", ("in", "in_salary"), ("6m", "12m"), "amount"
    ),
    AggregateBlock("spending_stability", "sum_slope", _FLOWS, _YEAR, "amount"),
    AggregateBlock("spending_stability", "sum_vs12", _FLOWS, ("7d", "1m", "3m"), "amount"),
    AggregateBlock("spending_stability", "top_share", ("out", "out_shop"), _LONG, "amount"),
    AggregateBlock(
        "spending_stability", "sum_shift", (*_FLOWS, *_INFLOWS), ("1m", "3m", "6m"), "amount"
    ),
    AggregateBlock(
        "spending_stability",
        "monthly_sum_cv",
        ("in_merchant", "in_transfer"),
        ("6m", "12m"),
        "amount",
    ),
    AggregateBlock(
        "spending_stability",
        "top_month_sum",
        (*_FLOWS, *_INFLOWS),
        _YEAR,
        "amount",
        source="S3-R11",
    ),
    AggregateBlock("spending_stability", "low_month_sum", ("in", "in_salary"), _YEAR, "amount"),
    AggregateBlock("spending_stability", "sum_slope", _INFLOWS, ("6m", "12m"), "amount"),
    AggregateBlock("spending_stability", "interval_max", ("in_merchant", "in_transfer"), ("12m",)),
    AggregateBlock(
        "spending_stability", "interval_cv", ("in", "in_merchant", "in_transfer"), _LONG
    ),
    AggregateBlock("spending_stability", "cv", ("in_merchant", "in_transfer"), ("12m",), "amount"),
    AggregateBlock("spending_stability", "sum_busiest_day", _FLOWS, ("1m", "3m", "12m"), "amount"),
    AggregateBlock("spending_stability", "move", _FLOWS, _LONG, "amount"),
    AggregateBlock("spending_stability", "weekly_cv", ("in", *_HABITS[3:7]), ("3m", "12m")),
    AggregateBlock("spending_stability", "monthly_cv", ("in", *_HABITS[2:]), ("12m",)),
    AggregateBlock("spending_stability", "monthly_sum_cv", _HABITS[2:7], ("12m",), "amount"),
    AggregateBlock("spending_stability", "cv", _HABITS[1:], ("12m",), "amount"),
    AggregateBlock("spending_stability", "monthly_cv", _CATEGORIES, ("12m",)),
    AggregateBlock("spending_stability", "cv", _VARIED, ("12m",), "amount"),
    AggregateBlock("spending_stability", "sum_shift", _VARIED, ("3m",), "amount"),
    AggregateBlock("spending_stability", "interval_cv", _CATEGORIES, ("12m",)),
    AggregateBlock("fund_retention", "gap", ("in",), _SPAN, "amount", "out"),
    AggregateBlock("fund_retention", "gap", ("in_salary", "in_merchant"), _YEAR, "amount", "out"),
    AggregateBlock(
        "fund_retention", "gap", ("in_transfer",), _YEAR, "amount", "out_transfer", source="S3-R03"
    ),
    AggregateBlock("fund_retention", "gap", ("in",), _SPAN, "amount", "out_cash", source="S3-R03"),
    AggregateBlock("spending_pattern", "share", _CATEGORIES, _YEAR, over="out"),
    AggregateBlock("spending_pattern", "sum_share", _CATEGORIES, _YEAR, "amount", "out"),
    AggregateBlock("spending_pattern", "count", _VARIED, _SPAN),
    AggregateBlock("spending_pattern", "count", ("out_rent",), _LONG),
    AggregateBlock("spending_pattern", "sum", _CATEGORIES, ("1m", "3m"), "amount"),
    AggregateBlock("spending_pattern", "sum", _VARIED, ("12m",), "amount"),
    AggregateBlock("spending_pattern", "mean", _CATEGORIES, ("3m",), "amount"),
    AggregateBlock("spending_pattern", "mean", _VARIED, ("12m",), "amount"),
    AggregateBlock("spending_pattern", "max", _VARIED, ("12m",), "amount"),
    AggregateBlock("spending_pattern", "shift", _VARIED, ("1m", "3m", "6m")),
    AggregateBlock("spending_pattern", "active_months", _VARIED, ("12m",)),
    AggregateBlock("spending_pattern", "recency", _CATEGORIES, ("12m",)),
    AggregateBlock(
        "spending_pattern", "entropy", ("out", "out_shop"), _YEAR, "category", source="S1-R48"
    ),
    AggregateBlock(
        "spending_pattern", "distinct", ("out",), ("1m", "3m"), "category", source="S1-R48"
    ),
    AggregateBlock(
        "spending_pattern", "main_share", ("out", "out_shop"), _LONG, "category", source="S1-R48"
    ),
    AggregateBlock(
        "spending_pattern", "change_share", ("out",), _LONG, "category", source="S1-R48"
    ),
    AggregateBlock("spending_pattern", "entropy", ("out", "in", "out_cash"), _LONG, "hour"),
    AggregateBlock("spending_pattern", "entropy", ("out", "in", "out_cash"), _LONG, "weekday"),
    AggregateBlock("spending_pattern", "main_share", ("out", "in"), _LONG, "hour"),
    AggregateBlock("spending_pattern", "main_share", ("out",), _LONG, "weekday"),
    AggregateBlock(
        "spending_pattern", "share", ("out_night", "out_leisure"), _SPAN, over="out", direction=1
    ),
    AggregateBlock(
        "spending_pattern",
        "sum_share",
        ("out_night", "out_leisure"),
        _SPAN,
        "amount",
        "out",
        direction=1,
    ),
    AggregateBlock("spending_pattern", "count", ("out_night",), ("7d", *_SPAN)),
    AggregateBlock("spending_pattern", "share", ("out_everyday", *_HABITS[4:]), _SPAN, over="out"),
    AggregateBlock(
        "spending_pattern",
        "sum_share",
        ("out_shop", "out_everyday", *_HABITS[4:11]),
        _LONG,
        "amount",
        "out",
    ),
    AggregateBlock("spending_pattern", "count", (_HABITS[2], *_HABITS[4:]), _SPAN),
    AggregateBlock("spending_pattern", "sum", _HABITS[1:], _LONG, "amount"),
    AggregateBlock("spending_pattern", "mean", _HABITS, ("12m",), "amount"),
    AggregateBlock("spending_pattern", "shift", _HABITS[2:], ("3m", "6m")),
    AggregateBlock("spending_pattern", "sum_shift", _HABITS, ("3m",), "amount"),
    AggregateBlock("spending_pattern", "active_days", _HABITS[2:], ("12m",)),
    AggregateBlock("spending_pattern", "recency", _HABITS, ("12m",)),
    AggregateBlock("spending_pattern", "count", _RARE, ("7d", *_SPAN), source="S1-R58"),
    AggregateBlock("spending_pattern", "sum", _RARE, _LONG, "amount", source="S1-R58"),
    AggregateBlock("spending_pattern", "share", _RARE, ("12m",), over="out", source="S1-R58"),
    AggregateBlock(
        "spending_pattern", "max", ("out_night_cash",), ("12m",), "amount", source="S1-R58"
    ),
    AggregateBlock("spending_pattern", "recency", _RARE, ("12m",), source="S1-R58"),
)

FAMILY = Family(
    "payment_flow", "pay", CONCEPTS, ((_PAYMENTS, _PAYMENT_BLOCKS), *WALLET_AND_BILLS), snapshot=TRANSFERS,
)  # fmt: skip
