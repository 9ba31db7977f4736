"""Payment flow: what is spent, on what and how steadily, what is kept, and punctual bills.

Hints after S1-R46 and S1-R48. S1-R13, S2-R05, S2-R17, S2-R28, S3-R15, S5-R16.
"""

from __future__ import annotations

from functools import partial

from ..contract.tables import PAYMENTS, SPEND_CATEGORIES
from ..declare.declarations import (
    AT_3M_12M,
    FROM_1M,
    FROM_3M,
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
from .wordings.payment_words import PAYMENT_WORDS

# table: concepts of payment flow
CONCEPTS = (
    FeatureConcept(
        "payment_activity",
        "payment activity",
        "支付活跃度",
        "keep using the account for everyday payments",
        "保持账户日常活跃",
        source="S2-R17",
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
        "money kept in the wallet",
        "资金留存",
        "leave part of the money you receive in the account",
        "收入到账后适当留存余额",
        source="S2-R17",
    ),
    FeatureConcept(
        "bill_punctuality",
        "punctual payment of bills",
        "缴费准时性",
        "pay utility and phone bills by the due date",
        "按时缴纳水电话费",
        source="S2-R28",
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

# Blocks of one concept each.
_payment_activity = partial(AggregateBlock, "payment_activity")
_spending_stability = partial(AggregateBlock, "spending_stability")
_fund_retention = partial(AggregateBlock, "fund_retention")
_spending_pattern = partial(AggregateBlock, "spending_pattern")

# table: words of the spending categories
_CATEGORY_WORDS = {
    "food": ("payments for food", "餐饮支付"),
    "shopping": ("payments for shopping", "购物支付"),
    "transport": ("payments for transport", "交通支付"),
    "utilities": ("payments for utilities", "生活缴费"),
    "rent": ("payments for rent", "房租支付"),
    "health": ("payments for health", "医疗支付"),
    "education": ("payments for education", "教育支付"),
    "entertainment": ("payments for entertainment", "娱乐支付"),
    "games": ("payments for games", "游戏支付"),
    "gambling_like": ("payments for what looks like gambling", "类博彩支付"),
    "transfer": ("transfers to other people", "转账支出"),
    "withdrawal": ("withdrawals to a bank card", "提现"),
}
_OUT = is_("direction", "out")
_IN = is_("direction", "in")
# Hours of the stored clock; the policy's night ends at 5:00 too (S1-R58).
_AT_NIGHT = is_("hour", 23, 0, 1, 2, 3, 4)
# Money that leaves the wallet without a purchase.
_CASH_CATEGORIES = ("transfer", "withdrawal")
_CASH = is_("category", *_CASH_CATEGORIES)
_LEISURE = is_("category", "entertainment", "games", "gambling_like")
# Categories that a rule names; the others are those of the section on payments.
_SOURCE_OF_CATEGORY = {"shopping": "S2-R28"}
_BY_CATEGORY = tuple(
    Slice(
        name=f"out_{category}",
        en=_CATEGORY_WORDS[category][0],
        zh=_CATEGORY_WORDS[category][1],
        where=(_OUT, is_("category", category)),
        source=_SOURCE_OF_CATEGORY.get(category, ""),
    )
    for category in SPEND_CATEGORIES
)
_PURCHASES = tuple(name for name in SPEND_CATEGORIES if name not in _CASH_CATEGORIES)
_EVERYDAY = ("food", "transport", "utilities", "rent", "health", "education")

# table: slices and measures of payments
_PAYMENTS = Stream(
    table=PAYMENTS,
    counter="笔",
    wordings=PAYMENT_WORDS,
    slices=(
        Slice("out", "outgoing payments", "支出", (_OUT,)),
        # What comes in is no spending: the section on payments describes it, no rule of an article.
        Slice("in", "incoming payments", "进账", (_IN,), "domain 7.4"),
        *_BY_CATEGORY,
        Slice("out_shop", "purchases", "消费", (_OUT, is_("category", *_PURCHASES))),
        Slice(
            "out_everyday",
            "payments for daily needs",
            "日常必需支出",
            (_OUT, is_("category", *_EVERYDAY)),
        ),
        Slice("out_leisure", "payments for leisure", "休闲支出", (_OUT, _LEISURE)),
        Slice("out_night", "payments at night", "夜间支出", (_OUT, _AT_NIGHT)),
        Slice("out_weekend", "payments at weekends", "周末支出", (_OUT, is_("weekday", 5, 6))),
        Slice(
            "out_offline",
            "payments made in person",
            "线下支出",
            (_OUT, is_("is_offline", True)),
            "S1-R50",
        ),
        Slice(
            "out_large",
            "payments of 1,000 CNY or more",
            "千元以上支出",
            (_OUT, between("amount_fen", 100_000)),
        ),
        Slice(
            "out_small",
            "payments below 10 CNY",
            "十元以下支出",
            (_OUT, between("amount_fen", None, 999)),
        ),
        Slice(
            "out_alert",
            "payments over 5,000 CNY",
            "五千元以上支出",
            (_OUT, between("amount_fen", 500_001)),
            "S2-R32",
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
        Slice(
            "out_cash",
            "transfers and withdrawals",
            "转账提现",
            (_OUT, _CASH),
            one="transfer or withdrawal",
        ),
        Slice(
            "out_night_cash",
            "transfers and withdrawals at night",
            "夜间转账提现",
            (_OUT, _CASH, _AT_NIGHT),
            "S1-R58",
            one="transfer or withdrawal at night",
        ),
        Slice(
            "out_night_leisure",
            "payments for leisure at night",
            "夜间休闲支出",
            (_OUT, _LEISURE, _AT_NIGHT),
        ),
        Slice(
            "in_large",
            "incoming payments of 1,000 CNY or more",
            "千元以上收入",
            (_IN, between("amount_fen", 100_000)),
        ),
        Slice(
            "in_salary",
            "salary payments received",
            "工资收入",
            (_IN, is_("category", "salary")),
            "domain 7.4",
        ),
        Slice(
            "in_merchant",
            "payments received as a merchant",
            "商户收款",
            (_IN, is_("category", "merchant_receipt")),
            "S4-R52",
        ),
        Slice(
            "in_transfer",
            "transfers received",
            "转账收入",
            (_IN, is_("category", "transfer")),
            "domain 7.4",
        ),
        Slice("in_refund", "refunds", "退款", (_IN, is_("category", "refund")), "domain 7.4"),
    ),
    measures=(
        Measure("amount", "CNY", "amount", "金额", ("amount_fen",), per=100.0),
        Measure("category", "count", "kinds of spending", "类别", ("category",), "id"),
        Measure("hour", "count", "hours of the day", "时点", ("hour",), "id"),
        Measure("weekday", "count", "days of the week", "星期", ("weekday",), "id"),
    ),
)
_CATEGORIES = tuple(s.name for s in _BY_CATEGORY)
# Rent is the same every month, so its changes say nothing.
_VARIED = tuple(name for name in _CATEGORIES if name != "out_rent")
_FLOWS = ("out", "in")
_OTHER_INFLOWS = ("in_merchant", "in_transfer", "in_refund")
_INFLOWS = ("in_salary", *_OTHER_INFLOWS)
# Habits: payments by when, where, how much and what for. Slices overlap, so each is a habit of its
# own and not a part of a whole.
_OCCASIONS = ("out_weekend", "out_offline", "out_large")
_HOURS_AND_SIZES = (*_OCCASIONS, "out_small", "out_morning", "out_midday", "out_evening")
_OUT_OF_ROUTINE = ("out_leisure", "out_night", *_HOURS_AND_SIZES, "out_cash")
_HABITS = ("out_shop", "out_everyday", *_OUT_OF_ROUTINE)
# Payments that few people make.
_RARE = ("out_alert", "out_night_cash", "out_night_leisure")

# table: blocks of payments
_PAYMENT_BLOCKS = (
    _payment_activity("count", ("out",), ("7d", *FROM_1M), direction=-1, source="S5-R16"),
    _payment_activity("count", ("in",), ("7d", *FROM_1M)),
    _payment_activity("sum", ("out",), ("7d", *FROM_1M), "amount", source="S5-R16"),
    _payment_activity("sum", ("in",), ("7d", *FROM_1M), "amount"),
    _payment_activity("active_days", ("out",), FROM_1M, direction=-1, source="S3-R15"),
    _payment_activity("active_days", ("in",), ("3m",)),
    _payment_activity("active_weeks", ("out",), FROM_3M, direction=-1),
    _payment_activity("sum", ("out_shop",), FROM_1M, "amount", source="S3-R07"),
    _payment_activity("recency", ("out", "in", "in_salary", "in_merchant"), ("12m",)),
    _payment_activity("mean", _FLOWS, ("1m", "3m", "12m"), "amount"),
    _payment_activity("typical", ("out", "in", "out_shop"), AT_3M_12M, "amount"),
    _payment_activity("max", _FLOWS, AT_3M_12M, "amount"),
    _payment_activity("count", _INFLOWS, FROM_1M),
    _payment_activity("sum", _INFLOWS, FROM_1M, "amount"),
    _payment_activity("active_months", ("in_merchant", "in_transfer", "in_refund"), ("12m",)),
    _payment_activity("sum_share", _INFLOWS, FROM_1M, "amount", over="in"),
    _payment_activity("mean", ("in_salary",), ("3m",), "amount"),
    _payment_activity("mean", _OTHER_INFLOWS, AT_3M_12M, "amount"),
    _payment_activity("typical", _OTHER_INFLOWS, ("12m",), "amount"),
    _payment_activity("max", (*_OTHER_INFLOWS, "in_large"), ("12m",), "amount"),
    _payment_activity("count", ("in_large",), FROM_1M),
    _payment_activity("sum_share", ("in_large",), AT_3M_12M, "amount", over="in"),
    _payment_activity("recency", ("in_transfer", "in_refund", "in_large"), ("12m",)),
    _payment_activity("shift", (*_FLOWS, *_INFLOWS, "in_large"), ("1m", "3m", "6m")),
    _payment_activity("busiest_day", _FLOWS, ("1m", "3m", "12m"), source="S5-R42"),
    _payment_activity("interval_max", ("out", "in"), ("1m", "3m", "12m")),
    _payment_activity("interval_mean", ("in", "in_merchant", "in_transfer"), AT_3M_12M),
    _payment_activity("low_month", ("out",), FROM_3M, direction=-1, source="S3-R46"),
    _payment_activity("per_day", ("out", "in"), AT_3M_12M, over="out"),
    _payment_activity("active_weeks", ("in",), FROM_3M),
    _payment_activity("months_over", ("out",), FROM_3M, "amount", source="S3-R21", level=2000.0),
    _payment_activity(
        "months_over", ("out_shop",), FROM_3M, "amount", source="S3-R07", level=3000.0
    ),
    _payment_activity("months_over", ("in",), FROM_3M, "amount", source="domain 7.2", level=5200.0),
    _payment_activity("low_month_sum", ("out",), FROM_3M, "amount", source="S3-R21"),
    _payment_activity("low_month_sum", ("out_shop",), FROM_3M, "amount", source="S3-R07"),
    _payment_activity("slope", _FLOWS, FROM_3M),
    _payment_activity("vs12", _FLOWS, ("7d", "1m", "3m")),
    _spending_stability("weekly_cv", ("out", "out_everyday"), FROM_3M, direction=1),
    _spending_stability(
        "weekly_sum_cv",
        ("out", "out_shop", "out_everyday"),
        FROM_3M,
        "amount",
        direction=1,
        source="S3-R11",
    ),
    _spending_stability("monthly_cv", ("out", "out_everyday"), FROM_3M, direction=1),
    _spending_stability(
        "monthly_sum_cv",
        ("out", "out_shop", "out_everyday"),
        FROM_3M,
        "amount",
        direction=1,
        source="S3-R11",
    ),
    _spending_stability("cv", ("out", "out_shop", "in"), AT_3M_12M, "amount"),
    _spending_stability("log_std", ("out", "out_shop", "out_everyday", "in"), AT_3M_12M, "amount"),
    _spending_stability("interval_cv", ("out",), FROM_3M),
    _spending_stability("interval_cv", ("in_salary",), ("12m",)),
    _spending_stability("cv", ("in_salary",), ("6m", "12m"), "amount"),
    _spending_stability("monthly_sum_cv", ("in", "in_salary"), ("6m", "12m"), "amount"),
    _spending_stability("sum_slope", _FLOWS, FROM_3M, "amount"),
    _spending_stability("sum_vs12", _FLOWS, ("7d", "1m", "3m"), "amount"),
    _spending_stability("top_share", ("out", "out_shop"), AT_3M_12M, "amount"),
    _spending_stability("sum_shift", (*_FLOWS, *_INFLOWS), ("1m", "3m", "6m"), "amount"),
    _spending_stability("monthly_sum_cv", ("in_merchant", "in_transfer"), ("6m", "12m"), "amount"),
    _spending_stability("top_month_sum", ("out",), FROM_3M, "amount", source="S3-R11"),
    _spending_stability("top_month_sum", ("in", *_INFLOWS), FROM_3M, "amount"),
    _spending_stability("low_month_sum", ("in", "in_salary"), FROM_3M, "amount"),
    _spending_stability("sum_slope", _INFLOWS, ("6m", "12m"), "amount"),
    _spending_stability("interval_max", ("in_merchant", "in_transfer"), ("12m",)),
    _spending_stability("interval_cv", ("in", "in_merchant", "in_transfer"), AT_3M_12M),
    _spending_stability("cv", ("in_merchant", "in_transfer"), ("12m",), "amount"),
    _spending_stability("sum_busiest_day", _FLOWS, ("1m", "3m", "12m"), "amount"),
    _spending_stability("move", _FLOWS, AT_3M_12M, "amount"),
    _spending_stability("weekly_cv", ("in", "out_night", *_OCCASIONS), AT_3M_12M),
    _spending_stability("monthly_cv", ("in", *_OUT_OF_ROUTINE), ("12m",)),
    _spending_stability(
        "monthly_sum_cv", ("out_leisure", "out_night", *_OCCASIONS), ("12m",), "amount"
    ),
    _spending_stability("cv", ("out_everyday", *_OUT_OF_ROUTINE), ("12m",), "amount"),
    _spending_stability("monthly_cv", _CATEGORIES, ("12m",)),
    _spending_stability("cv", _VARIED, ("12m",), "amount"),
    _spending_stability("sum_shift", _VARIED, ("3m",), "amount"),
    _spending_stability("interval_cv", _CATEGORIES, ("12m",)),
    _fund_retention("gap", ("in",), FROM_1M, "amount", over="out"),
    _fund_retention("gap", ("in_salary", "in_merchant"), FROM_3M, "amount", over="out"),
    _fund_retention(
        "gap", ("in_transfer",), FROM_3M, "amount", over="out_transfer", source="S2-R17"
    ),
    _fund_retention("gap", ("in",), FROM_1M, "amount", over="out_cash", source="S2-R17"),
    _spending_pattern("share", _CATEGORIES, FROM_3M, over="out"),
    _spending_pattern("sum_share", _CATEGORIES, FROM_3M, "amount", over="out"),
    _spending_pattern("count", _VARIED, FROM_1M),
    _spending_pattern("count", ("out_rent",), AT_3M_12M),
    _spending_pattern("sum", _CATEGORIES, ("1m", "3m"), "amount"),
    _spending_pattern("sum", _VARIED, ("12m",), "amount"),
    _spending_pattern("mean", _CATEGORIES, ("3m",), "amount"),
    _spending_pattern("mean", _VARIED, ("12m",), "amount"),
    _spending_pattern("max", _VARIED, ("12m",), "amount"),
    _spending_pattern("shift", _VARIED, ("1m", "3m", "6m")),
    _spending_pattern("active_months", _VARIED, ("12m",)),
    _spending_pattern("recency", _CATEGORIES, ("12m",)),
    _spending_pattern("entropy", ("out", "out_shop"), FROM_3M, "category", source="S1-R48"),
    _spending_pattern("distinct", ("out",), ("1m", "3m"), "category", source="S1-R48"),
    _spending_pattern("main_share", ("out", "out_shop"), AT_3M_12M, "category", source="S1-R48"),
    _spending_pattern("change_share", ("out",), AT_3M_12M, "category", source="S1-R48"),
    _spending_pattern("entropy", ("out", "in", "out_cash"), AT_3M_12M, "hour"),
    _spending_pattern("entropy", ("out", "in", "out_cash"), AT_3M_12M, "weekday"),
    _spending_pattern("main_share", ("out", "in"), AT_3M_12M, "hour"),
    _spending_pattern("main_share", ("out",), AT_3M_12M, "weekday"),
    _spending_pattern("share", ("out_night", "out_leisure"), FROM_1M, over="out", direction=1),
    _spending_pattern(
        "sum_share", ("out_night", "out_leisure"), FROM_1M, "amount", over="out", direction=1
    ),
    _spending_pattern("count", ("out_night",), ("7d", *FROM_1M)),
    _spending_pattern(
        "share", ("out_everyday", *_HOURS_AND_SIZES, "out_cash"), FROM_1M, over="out"
    ),
    _spending_pattern(
        "sum_share",
        ("out_shop", "out_everyday", *_HOURS_AND_SIZES),
        AT_3M_12M,
        "amount",
        over="out",
    ),
    _spending_pattern("count", ("out_leisure", *_HOURS_AND_SIZES, "out_cash"), FROM_1M),
    _spending_pattern("sum", ("out_everyday", *_OUT_OF_ROUTINE), AT_3M_12M, "amount"),
    _spending_pattern("mean", _HABITS, ("12m",), "amount"),
    _spending_pattern("shift", _OUT_OF_ROUTINE, ("3m", "6m")),
    _spending_pattern("sum_shift", _HABITS, ("3m",), "amount"),
    _spending_pattern("active_days", _OUT_OF_ROUTINE, ("12m",)),
    _spending_pattern("recency", _HABITS, ("12m",)),
    _spending_pattern("count", _RARE, ("7d", *FROM_1M)),
    _spending_pattern("sum", _RARE, AT_3M_12M, "amount"),
    _spending_pattern("share", _RARE, ("12m",), over="out"),
    _spending_pattern("max", ("out_night_cash",), ("12m",), "amount"),
    _spending_pattern("recency", _RARE, ("12m",)),
)

FAMILY = Family(
    name="payment_flow",
    prefix="pay",
    concepts=CONCEPTS,
    streams=((_PAYMENTS, _PAYMENT_BLOCKS), *WALLET_AND_BILLS),
    snapshot=TRANSFERS,
)
