"""Bureau record: enquiries, repayment of earlier loans at any lender, and how much of the credit lines is used.

S1-R72, S2-R18, S5-R20. What is settled early is on time (S1-R35).
"""

from __future__ import annotations

from ..contract.tables import BUREAU_SNAPSHOTS, ENQUIRIES, REPAYMENTS
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

CONCEPTS = (
    FeatureConcept(
        "credit_enquiries",
        "credit enquiries",
        "征信查询",
        "apply to fewer lenders at a time",
        "避免短期内多处申请贷款",
    ),
    FeatureConcept(
        "repayment_record",
        "repayment of earlier loans",
        "历史还款记录",
        "repay instalments by the due date",
        "按期偿还各笔借款",
    ),
    FeatureConcept(
        "credit_utilisation",
        "use of credit lines",
        "授信使用率",
        "bring down the used share of card lines",
        "降低信用卡已用额度比例",
    ),
)

_SPAN = ("1m", "3m", "6m", "12m")
_YEAR = ("3m", "6m", "12m")
_LONG = ("3m", "12m")

_ENQUIRIES = Stream(
    ENQUIRIES,
    (
        Slice("enquiry", "enquiries", "征信查询"),
        Slice("enquiry_hard", "hard enquiries", "贷款审批查询", (is_("kind", "hard"),)),
        Slice("enquiry_soft", "soft enquiries", "贷后管理查询", (is_("kind", "soft"),)),
    ),
    (Measure("lender", "count", "lenders", "机构", ("lender_id",), "id"),),
)
_ENQUIRY_BLOCKS = (
    AggregateBlock("credit_enquiries", "count", ("enquiry_hard",), _SPAN, direction=1),
    AggregateBlock("credit_enquiries", "count", ("enquiry_soft",), _SPAN),
    AggregateBlock("credit_enquiries", "distinct", ("enquiry",), _YEAR, "lender", direction=1),
    AggregateBlock(
        "credit_enquiries", "new", ("enquiry_hard",), ("3m", "6m"), "lender", direction=1
    ),
    AggregateBlock("credit_enquiries", "main_share", ("enquiry_hard",), ("12m",), "lender"),
    AggregateBlock("credit_enquiries", "recency", ("enquiry_hard",), ("12m",), direction=-1),
    AggregateBlock("credit_enquiries", "recency", ("enquiry_soft",), ("12m",)),
    AggregateBlock("credit_enquiries", "active_weeks", ("enquiry_hard",), _LONG, direction=1),
    AggregateBlock("credit_enquiries", "active_months", ("enquiry_hard",), ("12m",), direction=1),
    AggregateBlock("credit_enquiries", "vs12", ("enquiry_hard",), ("1m", "3m")),
    AggregateBlock("credit_enquiries", "slope", ("enquiry_hard",), ("6m", "12m")),
    AggregateBlock("credit_enquiries", "share", ("enquiry_hard",), _LONG, over="enquiry"),
    AggregateBlock("credit_enquiries", "interval_cv", ("enquiry_hard",), ("12m",)),
    AggregateBlock(
        "credit_enquiries", "count", ("enquiry_hard", "enquiry_soft"), ("7d",), source="S1-R53"
    ),
    AggregateBlock(
        "credit_enquiries",
        "distinct",
        ("enquiry_hard",),
        _YEAR,
        "lender",
        direction=1,
        source="S1-R53",
    ),
    AggregateBlock(
        "credit_enquiries", "distinct", ("enquiry_soft",), _YEAR, "lender", source="S1-R53"
    ),
    AggregateBlock(
        "credit_enquiries",
        "new",
        ("enquiry_hard",),
        ("1m",),
        "lender",
        direction=1,
        source="S1-R53",
    ),
    AggregateBlock(
        "credit_enquiries", "new_share", ("enquiry_hard", "enquiry_soft"), ("3m", "6m"), "lender"
    ),
    AggregateBlock(
        "credit_enquiries", "per_one", ("enquiry_hard", "enquiry_soft"), ("6m", "12m"), "lender"
    ),
    AggregateBlock(
        "credit_enquiries",
        "entropy",
        ("enquiry_hard", "enquiry_soft"),
        ("6m", "12m"),
        "lender",
        source="S1-R53",
    ),
    AggregateBlock("credit_enquiries", "main_share", ("enquiry_soft",), ("12m",), "lender"),
    AggregateBlock(
        "credit_enquiries", "busiest_day", ("enquiry_hard", "enquiry"), _LONG, source="S1-R72"
    ),
    AggregateBlock("credit_enquiries", "interval_mean", ("enquiry_hard", "enquiry_soft"), ("12m",)),
    AggregateBlock("credit_enquiries", "interval_max", ("enquiry_hard", "enquiry_soft"), ("12m",)),
    AggregateBlock("credit_enquiries", "interval_cv", ("enquiry_soft",), ("12m",)),
    AggregateBlock(
        "credit_enquiries", "shift", ("enquiry_hard", "enquiry_soft"), ("1m", "3m", "6m")
    ),
    AggregateBlock("credit_enquiries", "slope", ("enquiry_soft",), ("12m",)),
    AggregateBlock("credit_enquiries", "active_months", ("enquiry_soft",), ("6m", "12m")),
    AggregateBlock("credit_enquiries", "active_weeks", ("enquiry_soft",), ("12m",)),
    AggregateBlock("credit_enquiries", "monthly_cv", ("enquiry_hard", "enquiry_soft"), ("12m",)),
    AggregateBlock("credit_enquiries", "top_month", ("enquiry_hard", "enquiry_soft"), ("12m",)),
    AggregateBlock("credit_enquiries", "share", ("enquiry_hard",), ("1m", "6m"), over="enquiry"),
    AggregateBlock("credit_enquiries", "run", ("enquiry_hard",), ("12m",), direction=1),
    AggregateBlock("credit_enquiries", "tenure", ("enquiry_hard", "enquiry_soft"), ("12m",)),
)

_STATEMENTS = Stream(
    BUREAU_SNAPSHOTS,
    (
        Slice("statement", "the bureau statements", "征信报告"),
        Slice("statement_maxed", "statements with 80 % or more used", "使用率超八成的征信报告", (between("utilisation", 0.8),)),
        Slice("statement_low", "statements with 30 % or less used", "使用率不超三成的征信报告", (between("utilisation", None, 0.3),)),
        Slice("statement_multi", "statements with three or more lenders", "三家以上机构授信的征信报告", (between("active_lenders", 3),)),
        Slice("statement_650", "statements with a score of 650 or more", "评分不低于650的征信报告", (between("bureau_score", 650),)),
    ),
    (
        Measure("lenders", "count", "open lenders", "授信机构数", ("active_lenders",)),
        Measure("utilisation", "share", "used share of card lines", "额度使用率", ("utilisation",)),
        Measure("debt", "CNY", "debt", "负债", ("debt_fen",), per=100.0),
        Measure("score", "points", "bureau score", "征信评分", ("bureau_score",)),
    ),
)  # fmt: skip
_STATEMENT_BLOCKS = (
    AggregateBlock("credit_utilisation", "mean", ("statement",), _YEAR, "utilisation", direction=1),
    AggregateBlock("credit_utilisation", "max", ("statement",), _YEAR, "utilisation", direction=1),
    AggregateBlock(
        "credit_utilisation", "min", ("statement",), ("12m",), "utilisation", direction=1
    ),
    AggregateBlock(
        "credit_utilisation", "last", ("statement",), ("3m",), "utilisation", direction=1
    ),
    AggregateBlock("credit_utilisation", "std", ("statement",), ("6m", "12m"), "utilisation"),
    AggregateBlock("credit_utilisation", "trend", ("statement",), ("6m", "12m"), "utilisation"),
    AggregateBlock(
        "credit_utilisation",
        "share",
        ("statement_maxed",),
        ("6m", "12m"),
        over="statement",
        direction=1,
    ),
    AggregateBlock("credit_utilisation", "mean", ("statement",), _LONG, "lenders", direction=1),
    AggregateBlock("credit_utilisation", "max", ("statement",), ("12m",), "lenders", direction=1),
    AggregateBlock("credit_utilisation", "last", ("statement",), ("3m",), "lenders", direction=1),
    AggregateBlock("credit_utilisation", "trend", ("statement",), ("12m",), "lenders"),
    AggregateBlock("credit_utilisation", "mean", ("statement",), _LONG, "debt"),
    AggregateBlock("credit_utilisation", "typical", ("statement",), ("12m",), "debt"),
    AggregateBlock("credit_utilisation", "last", ("statement",), ("3m",), "debt"),
    AggregateBlock("credit_utilisation", "growth", ("statement",), ("6m", "12m"), "debt"),
    AggregateBlock("credit_utilisation", "mean_vs12", ("statement",), ("3m",), "debt"),
    AggregateBlock("credit_utilisation", "count", ("statement",), ("12m",)),
    AggregateBlock(
        "repayment_record", "mean", ("statement",), _YEAR, "score", direction=-1, source="S3-R12"
    ),
    AggregateBlock(
        "repayment_record", "last", ("statement",), ("3m",), "score", direction=-1, source="S3-R12"
    ),
    AggregateBlock(
        "repayment_record",
        "min",
        ("statement",),
        ("6m", "12m"),
        "score",
        direction=-1,
        source="S3-R12",
    ),
    AggregateBlock(
        "repayment_record", "max", ("statement",), ("12m",), "score", direction=-1, source="S3-R12"
    ),
    AggregateBlock("repayment_record", "std", ("statement",), ("12m",), "score"),
    AggregateBlock("repayment_record", "trend", ("statement",), ("6m", "12m"), "score"),
    AggregateBlock(
        "repayment_record", "max", ("statement",), ("6m",), "score", direction=-1, source="S3-R12"
    ),
    AggregateBlock(
        "repayment_record", "min", ("statement",), ("3m",), "score", direction=-1, source="S3-R12"
    ),
    AggregateBlock("repayment_record", "std", ("statement",), ("6m",), "score"),
    AggregateBlock("repayment_record", "move", ("statement",), ("6m", "12m"), "score"),
    AggregateBlock("repayment_record", "mean_shift", ("statement",), ("3m", "6m"), "score"),
    AggregateBlock(
        "repayment_record", "drawdown", ("statement",), ("6m", "12m"), "score", direction=1
    ),
    AggregateBlock("repayment_record", "last_vs_mean", ("statement",), ("6m", "12m"), "score"),
    AggregateBlock(
        "repayment_record",
        "share",
        ("statement_650",),
        _YEAR,
        over="statement",
        direction=-1,
        source="S3-R12",
    ),
    AggregateBlock(
        "repayment_record", "run", ("statement_650",), ("12m",), direction=-1, source="S3-R12"
    ),
    AggregateBlock("credit_utilisation", "std", ("statement",), ("3m",), "utilisation"),
    AggregateBlock(
        "credit_utilisation", "min", ("statement",), ("3m", "6m"), "utilisation", direction=1
    ),
    AggregateBlock("credit_utilisation", "move", ("statement",), _YEAR, "utilisation"),
    AggregateBlock("credit_utilisation", "mean_shift", ("statement",), ("3m", "6m"), "utilisation"),
    AggregateBlock("credit_utilisation", "drawdown", ("statement",), ("6m", "12m"), "utilisation"),
    AggregateBlock(
        "credit_utilisation", "last_vs_mean", ("statement",), ("6m", "12m"), "utilisation"
    ),
    AggregateBlock("credit_utilisation", "cv", ("statement",), _YEAR, "utilisation"),
    AggregateBlock(
        "credit_utilisation", "share", ("statement_maxed",), ("3m",), over="statement", direction=1
    ),
    AggregateBlock("credit_utilisation", "recency", ("statement_maxed",), ("12m",), direction=-1),
    AggregateBlock("credit_utilisation", "run", ("statement_maxed",), ("12m",), direction=1),
    AggregateBlock(
        "credit_utilisation", "share", ("statement_low",), _YEAR, over="statement", direction=-1
    ),
    AggregateBlock(
        "credit_utilisation",
        "share",
        ("statement_multi",),
        _YEAR,
        over="statement",
        direction=1,
        source="S1-R53",
    ),
    AggregateBlock(
        "credit_utilisation", "run", ("statement_multi",), ("12m",), direction=1, source="S1-R72"
    ),
    AggregateBlock("credit_utilisation", "mean", ("statement",), ("6m",), "lenders", direction=1),
    AggregateBlock(
        "credit_utilisation",
        "max",
        ("statement",),
        ("3m", "6m"),
        "lenders",
        direction=1,
        source="S1-R53",
    ),
    AggregateBlock(
        "credit_utilisation", "min", ("statement",), ("6m", "12m"), "lenders", direction=1
    ),
    AggregateBlock("credit_utilisation", "std", ("statement",), ("6m", "12m"), "lenders"),
    AggregateBlock("credit_utilisation", "move", ("statement",), ("12m",), "lenders"),
    AggregateBlock("credit_utilisation", "mean_shift", ("statement",), ("3m", "6m"), "lenders"),
    AggregateBlock("credit_utilisation", "trend", ("statement",), ("6m",), "lenders"),
    AggregateBlock("credit_utilisation", "mean", ("statement",), ("6m",), "debt"),
    AggregateBlock("credit_utilisation", "typical", ("statement",), ("3m", "6m"), "debt"),
    AggregateBlock("credit_utilisation", "min", ("statement",), _LONG, "debt"),
    AggregateBlock("credit_utilisation", "max", ("statement",), _LONG, "debt"),
    AggregateBlock("credit_utilisation", "cv", ("statement",), _YEAR, "debt"),
    AggregateBlock("credit_utilisation", "log_std", ("statement",), ("12m",), "debt"),
    AggregateBlock("credit_utilisation", "move", ("statement",), ("6m", "12m"), "debt"),
    AggregateBlock("credit_utilisation", "mean_shift", ("statement",), ("3m", "6m"), "debt"),
    AggregateBlock("credit_utilisation", "drawdown", ("statement",), ("6m", "12m"), "debt"),
    AggregateBlock("credit_utilisation", "last_vs_mean", ("statement",), ("6m", "12m"), "debt"),
    AggregateBlock("credit_utilisation", "growth", ("statement",), ("3m",), "debt"),
)

_ON_TIME = between("days_late", None, 0)

_REPAYMENTS = Stream(
    REPAYMENTS,
    (
        Slice("instalment", "instalments", "分期还款"),
        Slice("instalment_on_time", "instalments paid on time", "按期还款", (_ON_TIME,)),
        Slice("instalment_late", "late instalments", "逾期还款", (between("days_late", 1),)),
        Slice(
            "instalment_late7",
            "instalments more than 7 days late",
            "逾期超7天还款",
            (between("days_late", 8),),
        ),
        Slice(
            "instalment_late30",
            "instalments 30 or more days late",
            "逾期30天以上还款",
            (between("days_late", 30),),
        ),
        Slice(
            "instalment_own",
            "instalments to our own house",
            "本机构分期还款",
            (is_("lender_id", 0),),
        ),
        Slice(
            "instalment_own_on_time",
            "instalments to our own house paid on time",
            "按期偿还的本机构分期",
            (is_("lender_id", 0), _ON_TIME),
        ),
    ),
    (
        Measure("late", "days", "delay", "逾期天数", ("days_late",)),
        Measure("amount", "CNY", "amount", "金额", ("amount_fen",), per=100.0),
        Measure("lender", "count", "lenders", "机构", ("lender_id",), "id"),
    ),
)
_REPAYMENT_BLOCKS = (
    AggregateBlock(
        "repayment_record", "mean", ("instalment",), _YEAR, "late", direction=1, source="S3-R10"
    ),
    AggregateBlock(
        "repayment_record", "typical", ("instalment",), _LONG, "late", direction=1, source="S3-R10"
    ),
    AggregateBlock(
        "repayment_record", "max", ("instalment",), _YEAR, "late", direction=1, source="S3-R10"
    ),
    AggregateBlock(
        "repayment_record", "last", ("instalment",), ("3m",), "late", direction=1, source="S3-R10"
    ),
    AggregateBlock("repayment_record", "std", ("instalment",), ("12m",), "late"),
    AggregateBlock("repayment_record", "trend", ("instalment",), ("12m",), "late"),
    AggregateBlock(
        "repayment_record",
        "share",
        ("instalment_on_time",),
        _YEAR,
        over="instalment",
        direction=-1,
        source="S3-R10",
    ),
    AggregateBlock(
        "repayment_record", "count", ("instalment_late",), _YEAR, direction=1, source="S3-R10"
    ),
    AggregateBlock(
        "repayment_record", "count", ("instalment_late7",), ("12m",), direction=1, source="S3-R10"
    ),
    AggregateBlock(
        "repayment_record",
        "share",
        ("instalment_late7",),
        ("12m",),
        over="instalment",
        direction=1,
        source="S3-R10",
    ),
    AggregateBlock(
        "repayment_record",
        "count",
        ("instalment_late30",),
        ("6m", "12m"),
        direction=1,
        source="S3-R10",
    ),
    AggregateBlock(
        "repayment_record", "recency", ("instalment_late",), ("12m",), direction=-1, source="S3-R10"
    ),
    AggregateBlock(
        "repayment_record",
        "mean",
        ("instalment_own",),
        ("12m",),
        "late",
        direction=1,
        source="S3-R10",
    ),
    AggregateBlock("repayment_record", "count", ("instalment", "instalment_own"), _LONG),
    AggregateBlock("repayment_record", "distinct", ("instalment",), _LONG, "lender"),
    AggregateBlock("repayment_record", "sum", ("instalment",), _YEAR, "amount"),
    AggregateBlock("repayment_record", "mean", ("instalment",), ("12m",), "amount"),
    AggregateBlock("repayment_record", "cv", ("instalment",), ("12m",), "amount"),
    AggregateBlock(
        "repayment_record",
        "mean",
        ("instalment_late",),
        ("6m", "12m"),
        "late",
        direction=1,
        source="S3-R10",
    ),
    AggregateBlock(
        "repayment_record",
        "typical",
        ("instalment",),
        ("6m",),
        "late",
        direction=1,
        source="S3-R10",
    ),
    AggregateBlock("repayment_record", "std", ("instalment",), ("3m", "6m"), "late"),
    AggregateBlock("repayment_record", "move", ("instalment",), _YEAR, "late"),
    AggregateBlock("repayment_record", "trend", ("instalment",), ("6m",), "late"),
    AggregateBlock("repayment_record", "mean_shift", ("instalment",), ("3m", "6m"), "late"),
    AggregateBlock(
        "repayment_record",
        "share",
        ("instalment_late30",),
        _YEAR,
        over="instalment",
        direction=1,
        source="S3-R10",
    ),
    AggregateBlock(
        "repayment_record",
        "share",
        ("instalment_late7",),
        ("3m", "6m"),
        over="instalment",
        direction=1,
        source="S3-R10",
    ),
    AggregateBlock(
        "repayment_record",
        "share",
        ("instalment_own_on_time",),
        ("12m",),
        over="instalment_own",
        direction=-1,
        source="S1-R07",
    ),
    AggregateBlock("repayment_record", "share", ("instalment_own",), _LONG, over="instalment"),
    AggregateBlock(
        "repayment_record",
        "count",
        ("instalment_late7",),
        ("3m", "6m"),
        direction=1,
        source="S3-R10",
    ),
    AggregateBlock(
        "repayment_record", "count", ("instalment_late30",), ("3m",), direction=1, source="S3-R10"
    ),
    AggregateBlock(
        "repayment_record",
        "recency",
        ("instalment_late7", "instalment_late30"),
        ("12m",),
        direction=-1,
        source="S3-R10",
    ),
    AggregateBlock(
        "repayment_record",
        "run",
        ("instalment_on_time", "instalment_late"),
        ("12m",),
        source="S1-R07",
    ),
    AggregateBlock(
        "repayment_record",
        "active_months",
        ("instalment_late",),
        ("6m", "12m"),
        direction=1,
        source="S3-R10",
    ),
    AggregateBlock(
        "repayment_record",
        "distinct",
        ("instalment_late",),
        ("6m", "12m"),
        "lender",
        direction=1,
        source="S1-R74",
    ),
    AggregateBlock(
        "repayment_record", "new", ("instalment",), ("3m", "6m"), "lender", source="S1-R74"
    ),
    AggregateBlock(
        "repayment_record", "main_share", ("instalment",), _LONG, "lender", source="S1-R53"
    ),
    AggregateBlock(
        "repayment_record", "entropy", ("instalment",), _LONG, "lender", source="S1-R53"
    ),
    AggregateBlock("repayment_record", "shift", ("instalment_late",), ("3m", "6m")),
    AggregateBlock(
        "repayment_record", "sum_shift", ("instalment",), ("3m", "6m"), "amount", source="S1-R74"
    ),
    AggregateBlock("repayment_record", "sum_slope", ("instalment",), ("6m", "12m"), "amount"),
    AggregateBlock(
        "repayment_record",
        "sum_share",
        ("instalment_late",),
        _YEAR,
        "amount",
        "instalment",
        direction=1,
        source="S3-R10",
    ),
    AggregateBlock("repayment_record", "max", ("instalment",), ("12m",), "amount"),
    AggregateBlock("repayment_record", "typical", ("instalment",), ("3m",), "amount"),
    AggregateBlock("repayment_record", "interval_cv", ("instalment",), ("12m",)),
    AggregateBlock("repayment_record", "interval_max", ("instalment",), ("6m", "12m")),
    AggregateBlock("repayment_record", "monthly_sum_cv", ("instalment",), ("6m", "12m"), "amount"),
)


FAMILY = Family(
    "bureau", "bur", CONCEPTS,
    ((_ENQUIRIES, _ENQUIRY_BLOCKS), (_STATEMENTS, _STATEMENT_BLOCKS), (_REPAYMENTS, _REPAYMENT_BLOCKS)),
)  # fmt: skip
