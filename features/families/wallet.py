"""Payment flow, beside the payments: what of an inflow is still in the wallet a week later, and whether bills are paid on time."""

from __future__ import annotations

from ..contract.tables import BILLS, WALLET_SNAPSHOTS
from ..declare.declarations import AggregateBlock, Measure, Slice, Stream, between, is_

_SPAN = ("1m", "3m", "6m", "12m")
_YEAR = ("3m", "6m", "12m")
_LONG = ("3m", "12m")

_WALLET = Stream(
    WALLET_SNAPSHOTS,
    (
        Slice("wallet", "wallet snapshots", "零钱快照"),
        Slice("wallet_kept", "wallet snapshots with 500 yuan or more kept", "留存五百元以上的零钱快照", (between("retained_fen", 50_000),)),
    ),
    (
        Measure("retained", "share", "kept share of inflow", "流入留存率", ("retained_fen", "inflow_fen"), "ratio"),
        Measure("inflow", "CNY", "inflow", "流入", ("inflow_fen",), per=100.0),
        Measure("kept", "CNY", "kept amount", "留存金额", ("retained_fen",), per=100.0),
    ),
)  # fmt: skip
_WALLET_BLOCKS = (
    AggregateBlock("fund_retention", "mean", ("wallet",), _SPAN, "retained", direction=-1),
    AggregateBlock("fund_retention", "min", ("wallet",), _YEAR, "retained", direction=-1),
    AggregateBlock("fund_retention", "max", ("wallet",), _YEAR, "retained"),
    AggregateBlock("fund_retention", "std", ("wallet",), _YEAR, "retained"),
    AggregateBlock("fund_retention", "last", ("wallet",), ("3m",), "retained", direction=-1),
    AggregateBlock("fund_retention", "trend", ("wallet",), ("6m", "12m"), "retained"),
    AggregateBlock("fund_retention", "mean", ("wallet",), _LONG, "inflow"),
    AggregateBlock("fund_retention", "cv", ("wallet",), ("6m", "12m"), "inflow"),
    AggregateBlock("fund_retention", "mean", ("wallet",), _LONG, "kept"),
    AggregateBlock("fund_retention", "last", ("wallet",), ("3m",), "kept"),
    AggregateBlock("fund_retention", "mean", ("wallet",), ("1m", "6m"), "inflow"),
    AggregateBlock("fund_retention", "mean", ("wallet",), ("1m", "6m"), "kept"),
    AggregateBlock("fund_retention", "typical", ("wallet",), _YEAR, "inflow"),
    AggregateBlock("fund_retention", "typical", ("wallet",), _YEAR, "kept"),
    AggregateBlock("fund_retention", "min", ("wallet",), _YEAR, "kept", direction=-1),
    AggregateBlock("fund_retention", "max", ("wallet",), _LONG, "kept"),
    AggregateBlock("fund_retention", "min", ("wallet",), _LONG, "inflow"),
    AggregateBlock("fund_retention", "max", ("wallet",), _LONG, "inflow"),
    AggregateBlock("fund_retention", "cv", ("wallet",), _YEAR, "kept"),
    AggregateBlock("fund_retention", "log_std", ("wallet",), _LONG, "inflow"),
    AggregateBlock("fund_retention", "mean_shift", ("wallet",), ("1m", "3m", "6m"), "retained"),
    AggregateBlock("fund_retention", "mean_shift", ("wallet",), ("1m", "3m", "6m"), "inflow"),
    AggregateBlock("fund_retention", "mean_shift", ("wallet",), ("3m", "6m"), "kept"),
    AggregateBlock("fund_retention", "move", ("wallet",), _YEAR, "retained"),
    AggregateBlock("fund_retention", "move", ("wallet",), ("12m",), "inflow"),
    AggregateBlock("fund_retention", "drawdown", ("wallet",), _YEAR, "retained"),
    AggregateBlock("fund_retention", "drawdown", ("wallet",), _YEAR, "kept"),
    AggregateBlock("fund_retention", "last_vs_mean", ("wallet",), ("6m", "12m"), "retained"),
    AggregateBlock("fund_retention", "last_vs_mean", ("wallet",), ("6m", "12m"), "inflow"),
    AggregateBlock("fund_retention", "growth", ("wallet",), ("6m", "12m"), "inflow"),
    AggregateBlock("fund_retention", "growth", ("wallet",), ("6m", "12m"), "kept"),
    AggregateBlock("fund_retention", "trend", ("wallet",), ("3m",), "retained"),
    AggregateBlock("fund_retention", "share", ("wallet_kept",), _YEAR, over="wallet"),
)

_BILLS = Stream(
    BILLS,
    (
        Slice("bill", "bills", "账单"),
        Slice(
            "bill_on_time", "bills paid on time", "按时缴纳的账单", (between("days_late", None, 0),)
        ),
        Slice("bill_late", "late bills", "逾期账单", (between("days_late", 1),)),
        Slice(
            "bill_late7", "bills more than 7 days late", "逾期超7天账单", (between("days_late", 8),)
        ),
        Slice("bill_electricity", "electricity bills", "电费账单", (is_("kind", "electricity"),)),
        Slice("bill_water", "water bills", "水费账单", (is_("kind", "water"),)),
        Slice("bill_gas", "gas bills", "燃气账单", (is_("kind", "gas"),)),
        Slice("bill_phone", "phone bills", "话费账单", (is_("kind", "phone"),)),
        Slice(
            "bill_late_electricity",
            "late electricity bills",
            "逾期电费账单",
            (is_("kind", "electricity"), between("days_late", 1)),
        ),
        Slice(
            "bill_late_water",
            "late water bills",
            "逾期水费账单",
            (is_("kind", "water"), between("days_late", 1)),
        ),
        Slice(
            "bill_late_gas",
            "late gas bills",
            "逾期燃气账单",
            (is_("kind", "gas"), between("days_late", 1)),
        ),
        Slice(
            "bill_late_phone",
            "late phone bills",
            "逾期话费账单",
            (is_("kind", "phone"), between("days_late", 1)),
        ),
    ),
    (
        Measure("late", "days", "delay", "逾期天数", ("days_late",)),
        Measure("amount", "CNY", "amount", "金额", ("amount_fen",), per=100.0),
    ),
)
_KINDS = ("bill_electricity", "bill_water", "bill_gas", "bill_phone")
_LATE_KINDS = ("bill_late_electricity", "bill_late_water", "bill_late_gas", "bill_late_phone")
_BILL_BLOCKS = (
    AggregateBlock("bill_punctuality", "mean", ("bill",), _SPAN, "late", direction=1),
    AggregateBlock("bill_punctuality", "mean", _KINDS, ("12m",), "late", direction=1),
    AggregateBlock("bill_punctuality", "typical", ("bill",), _LONG, "late", direction=1),
    AggregateBlock("bill_punctuality", "max", ("bill",), _YEAR, "late", direction=1),
    AggregateBlock("bill_punctuality", "last", ("bill",), ("3m",), "late", direction=1),
    AggregateBlock("bill_punctuality", "std", ("bill",), ("6m", "12m"), "late"),
    AggregateBlock("bill_punctuality", "trend", ("bill",), ("12m",), "late"),
    AggregateBlock("bill_punctuality", "count", ("bill",), _LONG),
    AggregateBlock(
        "bill_punctuality", "share", ("bill_on_time",), _YEAR, over="bill", direction=-1
    ),
    AggregateBlock("bill_punctuality", "count", ("bill_late",), _SPAN, direction=1),
    AggregateBlock("bill_punctuality", "share", ("bill_late7",), _YEAR, over="bill", direction=1),
    AggregateBlock("bill_punctuality", "recency", ("bill_late",), ("12m",), direction=-1),
    AggregateBlock("bill_punctuality", "mean", ("bill",), ("12m",), "amount"),
    AggregateBlock("bill_punctuality", "cv", _KINDS, ("12m",), "amount"),
    AggregateBlock(
        "bill_punctuality", "mean", _KINDS, ("3m", "6m"), "late", direction=1, source="S2-R28"
    ),
    AggregateBlock(
        "bill_punctuality", "max", _KINDS, ("12m",), "late", direction=1, source="S2-R28"
    ),
    AggregateBlock(
        "bill_punctuality", "last", _KINDS, ("3m",), "late", direction=1, source="S2-R28"
    ),
    AggregateBlock("bill_punctuality", "mean", _KINDS, _LONG, "amount"),
    AggregateBlock("bill_punctuality", "mean_shift", ("bill", *_KINDS), ("6m",), "amount"),
    AggregateBlock("bill_punctuality", "growth", ("bill", *_KINDS), ("12m",), "amount"),
    AggregateBlock("bill_punctuality", "interval_cv", ("bill", *_KINDS), ("12m",)),
    AggregateBlock("bill_punctuality", "interval_max", ("bill", *_KINDS), ("12m",)),
    AggregateBlock("bill_punctuality", "count", _KINDS, ("12m",)),
    AggregateBlock(
        "bill_punctuality", "share", _LATE_KINDS, ("12m",), over="bill_late", source="S2-R28"
    ),
    AggregateBlock("bill_punctuality", "count", _LATE_KINDS, _LONG, direction=1, source="S2-R28"),
    AggregateBlock(
        "bill_punctuality", "recency", _LATE_KINDS, ("12m",), direction=-1, source="S2-R28"
    ),
    AggregateBlock("bill_punctuality", "count", ("bill_late7",), _SPAN, direction=1),
    AggregateBlock("bill_punctuality", "share", ("bill_late7",), ("1m",), over="bill", direction=1),
    AggregateBlock(
        "bill_punctuality", "share", ("bill_on_time",), ("1m",), over="bill", direction=-1
    ),
    AggregateBlock("bill_punctuality", "mean_shift", ("bill",), ("3m", "6m"), "late"),
    AggregateBlock("bill_punctuality", "move", ("bill",), ("12m",), "late"),
    AggregateBlock("bill_punctuality", "trend", ("bill",), ("6m",), "late"),
    AggregateBlock("bill_punctuality", "active_months", ("bill_late",), ("6m", "12m"), direction=1),
    AggregateBlock("bill_punctuality", "run", ("bill_on_time", "bill_late"), ("12m",)),
    AggregateBlock("bill_punctuality", "sum", ("bill", "bill_late"), _LONG, "amount"),
    AggregateBlock(
        "bill_punctuality", "sum_share", ("bill_late",), _YEAR, "amount", "bill", direction=1
    ),
    AggregateBlock("bill_punctuality", "shift", ("bill_late",), ("3m", "6m")),
)

WALLET_AND_BILLS = ((_WALLET, _WALLET_BLOCKS), (_BILLS, _BILL_BLOCKS))
