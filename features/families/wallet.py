"""The rest of payment flow: how much of an inflow is kept for a week, and punctual bills."""

from __future__ import annotations

from functools import partial

from ..contract.tables import BILLS, WALLET_SNAPSHOTS
from ..declare.declarations import (
    AT_3M_12M,
    FROM_1M,
    FROM_3M,
    AggregateBlock,
    Measure,
    Slice,
    Stream,
    between,
    is_,
)
from .wordings.payment_words import BILL_WORDS, WALLET_WORDS

# Blocks of one concept each.
_fund_retention = partial(AggregateBlock, "fund_retention")
_bill_punctuality = partial(AggregateBlock, "bill_punctuality")

# table: slices and measures of wallet snapshots
_WALLET = Stream(
    table=WALLET_SNAPSHOTS,
    wordings=WALLET_WORDS,
    slices=(
        Slice("wallet", "weeks of the wallet", "零钱快照"),
        Slice(
            "wallet_kept",
            "weeks of the wallet with 500 CNY or more kept",
            "留存五百元以上的零钱快照",
            (between("retained_fen", 50_000),),
        ),
    ),
    measures=(
        Measure(
            "retained",
            "share",
            "share of money paid into the wallet that was still there a week later",
            "转入零钱一周后留存比例",
            ("retained_fen", "inflow_fen"),
            "ratio",
        ),
        Measure(
            "inflow",
            "CNY",
            "amount paid into the wallet in one week",
            "每周转入零钱的金额",
            ("inflow_fen",),
            per=100.0,
            source="S1-R13",
            you="amount paid into your wallet in one week",
        ),
        Measure(
            "kept",
            "CNY",
            "amount still in the wallet a week after it was paid in",
            "转入零钱一周后留存金额",
            ("retained_fen",),
            per=100.0,
        ),
    ),
)
# Nothing kept of the newest inflow moves these to one side only, so their sign is that of the
# promise `emptied_wallet` (contract/raw_changes.yaml). Spreads and moves go to either side: they
# have no sign, and `select.without_features` of params.yaml keeps them out of the model.
# table: blocks of wallet snapshots
_WALLET_BLOCKS = (
    _fund_retention("mean", ("wallet",), FROM_1M, "retained", direction=-1),
    _fund_retention("min", ("wallet",), FROM_3M, "retained", direction=-1),
    _fund_retention("max", ("wallet",), FROM_3M, "retained", direction=-1),
    _fund_retention("std", ("wallet",), FROM_3M, "retained"),
    _fund_retention("last", ("wallet",), ("3m",), "retained", direction=-1),
    _fund_retention("trend", ("wallet",), ("6m", "12m"), "retained", direction=-1),
    _fund_retention("mean", ("wallet",), AT_3M_12M, "inflow"),
    _fund_retention("cv", ("wallet",), ("6m", "12m"), "inflow"),
    _fund_retention("mean", ("wallet",), AT_3M_12M, "kept", direction=-1),
    _fund_retention("last", ("wallet",), ("3m",), "kept", direction=-1),
    _fund_retention("mean", ("wallet",), ("1m", "6m"), "inflow"),
    _fund_retention("mean", ("wallet",), ("1m", "6m"), "kept", direction=-1),
    _fund_retention("typical", ("wallet",), FROM_3M, "inflow"),
    _fund_retention("typical", ("wallet",), FROM_3M, "kept", direction=-1),
    _fund_retention("min", ("wallet",), FROM_3M, "kept", direction=-1),
    _fund_retention("max", ("wallet",), AT_3M_12M, "kept", direction=-1),
    _fund_retention("min", ("wallet",), AT_3M_12M, "inflow"),
    _fund_retention("max", ("wallet",), AT_3M_12M, "inflow"),
    _fund_retention("cv", ("wallet",), FROM_3M, "kept"),
    _fund_retention("log_std", ("wallet",), AT_3M_12M, "inflow"),
    _fund_retention("mean_shift", ("wallet",), ("1m", "3m", "6m"), "retained", direction=-1),
    _fund_retention("mean_shift", ("wallet",), ("1m", "3m", "6m"), "inflow"),
    _fund_retention("mean_shift", ("wallet",), ("3m", "6m"), "kept", direction=-1),
    _fund_retention("move", ("wallet",), FROM_3M, "retained"),
    _fund_retention("move", ("wallet",), ("12m",), "inflow"),
    _fund_retention("drawdown", ("wallet",), FROM_3M, "retained", direction=1),
    _fund_retention("drawdown", ("wallet",), FROM_3M, "kept", direction=1),
    _fund_retention("last_vs_mean", ("wallet",), ("6m", "12m"), "retained", direction=-1),
    _fund_retention("last_vs_mean", ("wallet",), ("6m", "12m"), "inflow"),
    _fund_retention("growth", ("wallet",), ("6m", "12m"), "inflow"),
    _fund_retention("growth", ("wallet",), ("6m", "12m"), "kept", direction=-1),
    _fund_retention("trend", ("wallet",), ("3m",), "retained", direction=-1),
    _fund_retention("share", ("wallet_kept",), FROM_3M, over="wallet", direction=-1),
)

# table: slices and measures of bills
_BILLS = Stream(
    table=BILLS,
    counter="笔",
    wordings=BILL_WORDS,
    slices=(
        Slice("bill", "utility and phone bills", "水电燃气及话费账单", one="utility or phone bill"),
        Slice(
            "bill_on_time",
            "bills paid on time",
            "按时缴纳的账单",
            (between("days_late", None, 0),),
            were="were paid on time",
        ),
        Slice(
            "bill_late",
            "bills paid late",
            "逾期账单",
            (between("days_late", 1),),
            were="were paid late",
        ),
        Slice(
            "bill_late7",
            "bills paid more than 7 days late",
            "逾期超7天账单",
            (between("days_late", 8),),
            were="were paid more than 7 days late",
        ),
        Slice("bill_electricity", "electricity bills", "电费账单", (is_("kind", "electricity"),)),
        Slice("bill_water", "water bills", "水费账单", (is_("kind", "water"),)),
        Slice("bill_gas", "gas bills", "燃气账单", (is_("kind", "gas"),)),
        Slice("bill_phone", "phone bills", "话费账单", (is_("kind", "phone"),)),
        Slice(
            "bill_late_electricity",
            "electricity bills paid late",
            "逾期电费账单",
            (is_("kind", "electricity"), between("days_late", 1)),
            were="were electricity bills",
        ),
        Slice(
            "bill_late_water",
            "water bills paid late",
            "逾期水费账单",
            (is_("kind", "water"), between("days_late", 1)),
            were="were water bills",
        ),
        Slice(
            "bill_late_gas",
            "gas bills paid late",
            "逾期燃气账单",
            (is_("kind", "gas"), between("days_late", 1)),
            were="were gas bills",
        ),
        Slice(
            "bill_late_phone",
            "phone bills paid late",
            "逾期话费账单",
            (is_("kind", "phone"), between("days_late", 1)),
            were="were phone bills",
        ),
    ),
    measures=(
        Measure("late", "days", "delay", "逾期天数", ("days_late",)),
        Measure("amount", "CNY", "amount", "金额", ("amount_fen",), per=100.0, source="S1-R13"),
    ),
)
_KINDS = ("bill_electricity", "bill_water", "bill_gas", "bill_phone")
_LATE_KINDS = ("bill_late_electricity", "bill_late_water", "bill_late_gas", "bill_late_phone")
# table: blocks of bills
_BILL_BLOCKS = (
    _bill_punctuality("mean", ("bill",), FROM_1M, "late", direction=1),
    _bill_punctuality("mean", _KINDS, ("12m",), "late", direction=1),
    _bill_punctuality("typical", ("bill",), AT_3M_12M, "late", direction=1),
    _bill_punctuality("max", ("bill",), FROM_3M, "late", direction=1),
    _bill_punctuality("last", ("bill",), ("3m",), "late", direction=1),
    _bill_punctuality("std", ("bill",), ("6m", "12m"), "late"),
    _bill_punctuality("trend", ("bill",), ("12m",), "late"),
    _bill_punctuality("count", ("bill",), AT_3M_12M),
    _bill_punctuality("share", ("bill_on_time",), FROM_3M, over="bill", direction=-1),
    _bill_punctuality("count", ("bill_late",), FROM_1M, direction=1),
    _bill_punctuality("share", ("bill_late7",), FROM_3M, over="bill", direction=1),
    _bill_punctuality("recency", ("bill_late",), ("12m",), direction=-1),
    _bill_punctuality("mean", ("bill",), ("12m",), "amount"),
    _bill_punctuality("cv", _KINDS, ("12m",), "amount"),
    _bill_punctuality("mean", _KINDS, ("3m", "6m"), "late", direction=1, source="S2-R28"),
    _bill_punctuality("max", _KINDS, ("12m",), "late", direction=1, source="S2-R28"),
    _bill_punctuality("last", _KINDS, ("3m",), "late", direction=1, source="S2-R28"),
    _bill_punctuality("mean", _KINDS, AT_3M_12M, "amount"),
    _bill_punctuality("mean_shift", ("bill", *_KINDS), ("6m",), "amount"),
    _bill_punctuality("growth", ("bill", *_KINDS), ("12m",), "amount"),
    _bill_punctuality("interval_cv", ("bill", *_KINDS), ("12m",), source="domain 7.4"),
    _bill_punctuality("interval_max", ("bill", *_KINDS), ("12m",), source="domain 7.4"),
    _bill_punctuality("count", _KINDS, ("12m",)),
    _bill_punctuality("share", _LATE_KINDS, ("12m",), over="bill_late", source="S2-R28"),
    _bill_punctuality("count", _LATE_KINDS, AT_3M_12M, direction=1, source="S2-R28"),
    _bill_punctuality("recency", _LATE_KINDS, ("12m",), direction=-1, source="S2-R28"),
    _bill_punctuality("count", ("bill_late7",), FROM_1M, direction=1),
    _bill_punctuality("share", ("bill_late7",), ("1m",), over="bill", direction=1),
    _bill_punctuality("share", ("bill_on_time",), ("1m",), over="bill", direction=-1),
    _bill_punctuality("mean_shift", ("bill",), ("3m", "6m"), "late", direction=1),
    _bill_punctuality("move", ("bill",), ("12m",), "late"),
    _bill_punctuality("trend", ("bill",), ("6m",), "late"),
    _bill_punctuality("active_months", ("bill_late",), ("6m", "12m"), direction=1),
    _bill_punctuality("run", ("bill_on_time", "bill_late"), ("12m",)),
    _bill_punctuality("sum", ("bill",), AT_3M_12M, "amount"),
    _bill_punctuality("sum", ("bill_late",), AT_3M_12M, "amount", direction=1),
    _bill_punctuality("sum_share", ("bill_late",), FROM_3M, "amount", over="bill", direction=1),
    _bill_punctuality("shift", ("bill_late",), ("3m", "6m"), direction=1),
)

WALLET_AND_BILLS = ((_WALLET, _WALLET_BLOCKS), (_BILLS, _BILL_BLOCKS))
