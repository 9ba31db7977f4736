"""Payment flow: what is spent, on what, how steadily, what of the income stays, and whether bills are paid on time."""

from __future__ import annotations

from .grid import Block, Concept, Family, Measure, Slice, Stream, between, is_
from .tables import BILLS, PAYMENTS, SPEND_CATEGORIES, WALLET_SNAPSHOTS

CONCEPTS = (
    Concept("payment_activity", "payment activity", "支付活跃度", "keep using the account for everyday payments", "保持账户日常活跃"),
    Concept("spending_stability", "stability of spending", "消费稳定性", "keep weekly spending even", "保持消费平稳"),
    Concept("fund_retention", "share of income kept", "资金留存", "leave part of each inflow in the account", "收入到账后适当留存余额"),
    Concept(
        "bill_punctuality", "punctual payment of bills", "缴费准时性", "pay utility and phone bills by the due date", "按时缴纳水电话费"
    ),
    Concept("spending_pattern", "pattern of spending", "消费结构", "spread spending over everyday categories", "消费类型多元化"),
)

_CATEGORY_WORDS = {
    "food": ("food payments", "餐饮支付"), "shopping": ("shopping payments", "购物支付"), "transport": ("transport payments", "交通支付"),
    "utilities": ("utility payments", "生活缴费"), "rent": ("rent payments", "房租支付"), "health": ("health payments", "医疗支付"),
    "education": ("education payments", "教育支付"), "entertainment": ("entertainment payments", "娱乐支付"),
    "games": ("game payments", "游戏支付"), "gambling_like": ("gambling-like payments", "类博彩支付"),
    "transfer": ("outgoing transfers", "转账支出"), "withdrawal": ("withdrawals", "提现"),
}  # fmt: skip
_OUT, _IN = is_("direction", "out"), is_("direction", "in")
_BY_CATEGORY = tuple(Slice(f"out_{c}", *_CATEGORY_WORDS[c], (_OUT, is_("category", c))) for c in SPEND_CATEGORIES)
_PURCHASES = tuple(c for c in SPEND_CATEGORIES if c not in ("transfer", "withdrawal"))
_EVERYDAY = ("food", "transport", "utilities", "rent", "health", "education")

_PAYMENTS = Stream(
    PAYMENTS,
    (
        Slice("out", "outgoing payments", "支出", (_OUT,)),
        Slice("in", "incoming payments", "收入", (_IN,)),
        *_BY_CATEGORY,
        Slice("out_shop", "purchases", "消费", (_OUT, is_("category", *_PURCHASES))),
        Slice("out_everyday", "everyday payments", "日常必需支出", (_OUT, is_("category", *_EVERYDAY))),
        Slice("out_leisure", "leisure payments", "休闲支出", (_OUT, is_("category", "entertainment", "games", "gambling_like"))),
        Slice("out_night", "payments at night", "夜间支出", (_OUT, is_("hour", 23, 0, 1, 2, 3, 4))),
        Slice("out_weekend", "payments at weekends", "周末支出", (_OUT, is_("weekday", 5, 6))),
        Slice("out_offline", "payments at a counter", "线下支出", (_OUT, is_("is_offline", True))),
        Slice("out_large", "payments of 1,000 yuan or more", "千元以上支出", (_OUT, between("amount_fen", 100_000))),
        Slice("out_small", "payments below 10 yuan", "十元以下支出", (_OUT, between("amount_fen", None, 999))),
        Slice("in_salary", "salary inflows", "工资收入", (_IN, is_("category", "salary"))),
        Slice("in_merchant", "merchant receipts", "商户收款", (_IN, is_("category", "merchant_receipt"))),
        Slice("in_transfer", "incoming transfers", "转账收入", (_IN, is_("category", "transfer"))),
        Slice("in_refund", "refunds", "退款", (_IN, is_("category", "refund"))),
    ),
    (
        Measure("amount", "CNY", "amount", "金额", ("amount_fen",), per=100.0),
        Measure("category", "count", "categories", "类别", ("category",), "id"),
    ),
)
_CATEGORIES = tuple(s.name for s in _BY_CATEGORY)
_LONG = ("3m", "12m")
_SPAN = ("1m", "3m", "6m", "12m")
_YEAR = ("3m", "6m", "12m")
_FLOWS = ("out", "in")

_PAYMENT_BLOCKS = (
    Block("payment_activity", "count", ("out",), ("7d", *_SPAN), direction=-1, source="S5-R16"),
    Block("payment_activity", "count", ("in",), ("7d", *_SPAN), source="S5-R16"),
    Block("payment_activity", "sum", _FLOWS, ("7d", *_SPAN), "amount", source="S5-R16"),
    Block("payment_activity", "active_days", ("out",), _SPAN, direction=-1, source="S3-R15"),
    Block("payment_activity", "active_days", ("in",), ("3m",), source="S3-R15"),
    Block("payment_activity", "active_weeks", ("out",), _YEAR, direction=-1),
    Block("payment_activity", "sum", ("out_shop",), _SPAN, "amount", source="S3-R07"),
    Block("payment_activity", "recency", ("out", "in", "in_salary", "in_merchant"), ("12m",)),
    Block("payment_activity", "mean", _FLOWS, ("1m", "3m", "12m"), "amount"),
    Block("payment_activity", "typical", ("out", "in", "out_shop"), _LONG, "amount"),
    Block("payment_activity", "max", _FLOWS, _LONG, "amount"),
    Block("payment_activity", "count", ("in_merchant", "in_transfer", "in_refund"), _LONG),
    Block("payment_activity", "sum", ("in_salary", "in_transfer", "in_refund"), _LONG, "amount"),
    Block("payment_activity", "active_months", ("in_salary",), ("3m", "12m")),
    Block("payment_activity", "sum_share", ("in_salary", "in_merchant", "in_transfer"), _LONG, "amount", "in"),
    Block("payment_activity", "slope", _FLOWS, _YEAR),
    Block("payment_activity", "vs12", _FLOWS, ("7d", "1m", "3m")),
    Block("spending_stability", "weekly_cv", ("out", "out_everyday"), _YEAR, direction=1, source="S3-R11"),
    Block("spending_stability", "weekly_sum_cv", ("out", "out_shop", "out_everyday"), _YEAR, "amount", direction=1, source="S3-R11"),
    Block("spending_stability", "monthly_cv", ("out", "out_everyday"), _YEAR, direction=1, source="S3-R11"),
    Block("spending_stability", "monthly_sum_cv", ("out", "out_shop", "out_everyday"), _YEAR, "amount", direction=1, source="S3-R11"),
    Block("spending_stability", "cv", ("out", "out_shop", "in"), _LONG, "amount"),
    Block("spending_stability", "log_std", ("out", "out_shop", "out_everyday", "in"), _LONG, "amount"),
    Block("spending_stability", "interval_cv", ("out",), _YEAR),
    Block("spending_stability", "interval_cv", ("in_salary",), ("12m",)),
    Block("spending_stability", "cv", ("in_salary",), ("6m", "12m"), "amount"),
    Block("spending_stability", "monthly_sum_cv", ("in", "in_salary"), ("6m", "12m"), "amount"),
    Block("spending_stability", "sum_slope", _FLOWS, _YEAR, "amount"),
    Block("spending_stability", "sum_vs12", _FLOWS, ("7d", "1m", "3m"), "amount"),
    Block("spending_stability", "top_share", ("out", "out_shop"), _LONG, "amount"),
    Block("fund_retention", "gap", ("in",), _SPAN, "amount", "out"),
    Block("spending_pattern", "share", _CATEGORIES, _LONG, over="out"),
    Block("spending_pattern", "sum_share", _CATEGORIES, _LONG, "amount", "out"),
    Block("spending_pattern", "count", _CATEGORIES, ("12m",)),
    Block("spending_pattern", "entropy", ("out", "out_shop"), _YEAR, "category", source="S1-R48"),
    Block("spending_pattern", "distinct", ("out",), ("1m", "3m"), "category", source="S1-R48"),
    Block("spending_pattern", "share", ("out_night",), _SPAN, over="out", direction=1),
    Block("spending_pattern", "sum_share", ("out_night",), _LONG, "amount", "out", direction=1),
    Block("spending_pattern", "count", ("out_night",), ("7d", "1m", "12m")),
    Block("spending_pattern", "share", ("out_leisure",), _SPAN, over="out", direction=1),
    Block("spending_pattern", "sum_share", ("out_leisure",), _LONG, "amount", "out", direction=1),
    Block("spending_pattern", "share", ("out_everyday",), _LONG, over="out"),
    Block("spending_pattern", "share", ("out_weekend", "out_offline", "out_large", "out_small"), _LONG, over="out"),
    Block("spending_pattern", "recency", ("out_gambling_like", "out_games", "out_withdrawal"), ("12m",)),
)

_WALLET = Stream(
    WALLET_SNAPSHOTS,
    (Slice("wallet", "wallet snapshots", "零钱快照"),),
    (
        Measure("retained", "share", "kept share of inflow", "流入留存率", ("retained_fen", "inflow_fen"), "ratio"),
        Measure("inflow", "CNY", "inflow", "流入", ("inflow_fen",), per=100.0),
        Measure("kept", "CNY", "kept amount", "留存金额", ("retained_fen",), per=100.0),
    ),
)  # fmt: skip
_WALLET_BLOCKS = (
    Block("fund_retention", "mean", ("wallet",), _SPAN, "retained", direction=-1),
    Block("fund_retention", "min", ("wallet",), _YEAR, "retained", direction=-1),
    Block("fund_retention", "max", ("wallet",), _YEAR, "retained"),
    Block("fund_retention", "std", ("wallet",), _YEAR, "retained"),
    Block("fund_retention", "last", ("wallet",), ("3m",), "retained", direction=-1),
    Block("fund_retention", "trend", ("wallet",), ("6m", "12m"), "retained"),
    Block("fund_retention", "mean", ("wallet",), _LONG, "inflow"),
    Block("fund_retention", "cv", ("wallet",), ("6m", "12m"), "inflow"),
    Block("fund_retention", "mean", ("wallet",), _LONG, "kept"),
    Block("fund_retention", "last", ("wallet",), ("3m",), "kept"),
)

_BILLS = Stream(
    BILLS,
    (
        Slice("bill", "bills", "账单"),
        Slice("bill_on_time", "bills paid on time", "按时缴纳的账单", (between("days_late", None, 0),)),
        Slice("bill_late", "late bills", "逾期账单", (between("days_late", 1),)),
        Slice("bill_late7", "bills more than 7 days late", "逾期超7天账单", (between("days_late", 8),)),
        Slice("bill_electricity", "electricity bills", "电费账单", (is_("kind", "electricity"),)),
        Slice("bill_water", "water bills", "水费账单", (is_("kind", "water"),)),
        Slice("bill_gas", "gas bills", "燃气账单", (is_("kind", "gas"),)),
        Slice("bill_phone", "phone bills", "话费账单", (is_("kind", "phone"),)),
    ),
    (
        Measure("late", "days", "delay", "逾期天数", ("days_late",)),
        Measure("amount", "CNY", "amount", "金额", ("amount_fen",), per=100.0),
    ),
)
_KINDS = ("bill_electricity", "bill_water", "bill_gas", "bill_phone")
_BILL_BLOCKS = (
    Block("bill_punctuality", "mean", ("bill",), _SPAN, "late", direction=1),
    Block("bill_punctuality", "mean", _KINDS, ("12m",), "late", direction=1),
    Block("bill_punctuality", "typical", ("bill",), _LONG, "late", direction=1),
    Block("bill_punctuality", "max", ("bill",), _YEAR, "late", direction=1),
    Block("bill_punctuality", "last", ("bill",), ("3m",), "late", direction=1),
    Block("bill_punctuality", "std", ("bill",), ("6m", "12m"), "late"),
    Block("bill_punctuality", "trend", ("bill",), ("12m",), "late"),
    Block("bill_punctuality", "count", ("bill",), _LONG),
    Block("bill_punctuality", "share", ("bill_on_time",), _YEAR, over="bill", direction=-1),
    Block("bill_punctuality", "count", ("bill_late",), _SPAN, direction=1),
    Block("bill_punctuality", "share", ("bill_late7",), _YEAR, over="bill", direction=1),
    Block("bill_punctuality", "recency", ("bill_late",), ("12m",), direction=-1),
    Block("bill_punctuality", "mean", ("bill",), ("12m",), "amount"),
    Block("bill_punctuality", "cv", _KINDS, ("12m",), "amount"),
)

FAMILY = Family(
    "payment_flow", "pay", CONCEPTS, ((_PAYMENTS, _PAYMENT_BLOCKS), (_WALLET, _WALLET_BLOCKS), (_BILLS, _BILL_BLOCKS)),
)  # fmt: skip
