"""Bureau record: enquiries, repayment of earlier loans at any lender, and use of credit lines.

S1-R72, S2-R18, S5-R20. What is settled early is on time (S1-R35).
"""

from __future__ import annotations

from functools import partial

from ..contract.tables import BUREAU_SNAPSHOTS, ENQUIRIES, REPAYMENTS
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
from .wordings.bureau_words import ENQUIRY_WORDS, INSTALMENT_WORDS, STATEMENT_WORDS

CONCEPTS = (
    FeatureConcept(
        "credit_enquiries",
        "credit checks by lenders",
        "征信查询",
        "apply to fewer lenders at a time",
        "避免短期内多处申请贷款",
        source="S1-R53",
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
        "use of credit",
        "信用卡额度与负债情况",
        "use a smaller share of your credit-card limits",
        "降低信用卡额度使用率",
    ),
)

# Blocks of one concept each.
_credit_enquiries = partial(AggregateBlock, "credit_enquiries")
_credit_utilisation = partial(AggregateBlock, "credit_utilisation")
_repayment_record = partial(AggregateBlock, "repayment_record")

# table: slices and measures of enquiries
_ENQUIRIES = Stream(
    table=ENQUIRIES,
    wordings=ENQUIRY_WORDS,
    slices=(
        Slice(
            "enquiry",
            "credit checks by lenders",
            "征信查询",
            one="credit check by a lender",
        ),
        Slice(
            "enquiry_hard",
            "credit checks by lenders for a loan application",
            "贷款审批查询",
            (is_("kind", "hard"),),
            one="credit check by a lender for a loan application",
            were="were for a loan application",
        ),
        Slice(
            "enquiry_soft",
            "checks of existing loans by lenders",
            "对已有贷款的征信查询",
            (is_("kind", "soft"),),
            one="check of an existing loan by a lender",
            you="checks of your existing loans by lenders",
        ),
    ),
    measures=(Measure("lender", "count", "lenders", "机构", ("lender_id",), "id"),),
)
# A hard enquiry at one more lender moves these to one side only, so their sign is that of the
# promise `hard_enquiry` (contract/raw_changes.yaml): counts, and what is measured against an
# earlier or longer time, rise; the share of the main lender falls. Pauses, months and enquiries
# for each lender move to either side: they have no sign, and `select.without_features` of
# params.yaml keeps those of hard enquiries out of the model.
# table: blocks of enquiries
_ENQUIRY_BLOCKS = (
    _credit_enquiries("count", ("enquiry_hard",), FROM_1M, direction=1),
    _credit_enquiries("count", ("enquiry_soft",), FROM_1M),
    _credit_enquiries("distinct", ("enquiry",), FROM_3M, "lender", direction=1),
    _credit_enquiries("new", ("enquiry_hard",), ("3m", "6m"), "lender", direction=1),
    _credit_enquiries("main_share", ("enquiry_hard",), ("12m",), "lender", direction=-1),
    _credit_enquiries("recency", ("enquiry_hard",), ("12m",), direction=-1),
    _credit_enquiries("recency", ("enquiry_soft",), ("12m",)),
    _credit_enquiries("active_weeks", ("enquiry_hard",), AT_3M_12M, direction=1),
    _credit_enquiries("active_months", ("enquiry_hard",), ("12m",), direction=1),
    _credit_enquiries("vs12", ("enquiry_hard",), ("1m", "3m"), direction=1),
    _credit_enquiries("slope", ("enquiry_hard",), ("6m", "12m"), direction=1),
    _credit_enquiries("share", ("enquiry_hard",), AT_3M_12M, over="enquiry", direction=1),
    _credit_enquiries("interval_cv", ("enquiry_hard",), ("12m",)),
    _credit_enquiries("count", ("enquiry_hard",), ("7d",), direction=1, source="S1-R53"),
    _credit_enquiries("count", ("enquiry_soft",), ("7d",), source="S1-R53"),
    _credit_enquiries(
        "distinct", ("enquiry_hard",), FROM_3M, "lender", direction=1, source="S1-R53"
    ),
    _credit_enquiries("distinct", ("enquiry_soft",), FROM_3M, "lender", source="S1-R53"),
    _credit_enquiries("new", ("enquiry_hard",), ("1m",), "lender", direction=1, source="S1-R53"),
    _credit_enquiries("new_share", ("enquiry_hard",), ("3m", "6m"), "lender", direction=1),
    _credit_enquiries("new_share", ("enquiry_soft",), ("3m", "6m"), "lender"),
    _credit_enquiries("per_one", ("enquiry_hard", "enquiry_soft"), ("6m", "12m"), "lender"),
    _credit_enquiries(
        "entropy", ("enquiry_hard",), ("6m", "12m"), "lender", direction=1, source="S1-R53"
    ),
    _credit_enquiries("entropy", ("enquiry_soft",), ("6m", "12m"), "lender", source="S1-R53"),
    _credit_enquiries("main_share", ("enquiry_soft",), ("12m",), "lender"),
    _credit_enquiries(
        "busiest_day", ("enquiry_hard", "enquiry"), AT_3M_12M, direction=1, source="S1-R72"
    ),
    _credit_enquiries("interval_mean", ("enquiry_hard", "enquiry_soft"), ("12m",)),
    _credit_enquiries("interval_max", ("enquiry_hard", "enquiry_soft"), ("12m",)),
    _credit_enquiries("interval_cv", ("enquiry_soft",), ("12m",)),
    _credit_enquiries("shift", ("enquiry_hard",), ("1m", "3m", "6m"), direction=1),
    _credit_enquiries("shift", ("enquiry_soft",), ("1m", "3m", "6m")),
    _credit_enquiries("slope", ("enquiry_soft",), ("12m",)),
    _credit_enquiries("active_months", ("enquiry_soft",), ("6m", "12m")),
    _credit_enquiries("active_weeks", ("enquiry_soft",), ("12m",)),
    _credit_enquiries("monthly_cv", ("enquiry_hard", "enquiry_soft"), ("12m",)),
    _credit_enquiries("top_month", ("enquiry_hard", "enquiry_soft"), ("12m",)),
    _credit_enquiries("share", ("enquiry_hard",), ("1m", "6m"), over="enquiry", direction=1),
    _credit_enquiries("run", ("enquiry_hard",), ("12m",), direction=1),
    _credit_enquiries("tenure", ("enquiry_hard", "enquiry_soft"), ("12m",)),
)

# table: slices and measures of bureau statements
_STATEMENTS = Stream(
    table=BUREAU_SNAPSHOTS,
    counter="份",
    wordings=STATEMENT_WORDS,
    slices=(
        Slice("statement", "credit reports", "征信报告"),
        Slice(
            "statement_maxed",
            "credit reports showing 80 % or more of credit-card limits used",
            "信用卡额度使用率不低于八成的征信报告",
            (between("utilisation", 0.8),),
        ),
        Slice(
            "statement_low",
            "credit reports showing 30 % or less of credit-card limits used",
            "信用卡额度使用率不超三成的征信报告",
            (between("utilisation", None, 0.3),),
        ),
        Slice(
            "statement_multi",
            "credit reports showing unpaid loans with three or more lenders",
            "显示三家以上机构的征信报告",
            (between("active_lenders", 3),),
        ),
        Slice(
            "statement_650",
            "credit reports showing a score of 650 or more",
            "评分不低于650的征信报告",
            (between("bureau_score", 650),),
        ),
    ),
    measures=(
        Measure(
            "lenders",
            "count",
            "number of lenders with unpaid loans",
            "有未结清贷款的机构数",
            ("active_lenders",),
            source="S1-R53",
        ),
        Measure(
            "utilisation",
            "share",
            "share of credit-card limits used",
            "信用卡额度使用率",
            ("utilisation",),
            you="share of your credit-card limits used",
        ),
        Measure(
            "debt",
            "CNY",
            "debt in credit reports",
            "征信负债",
            ("debt_fen",),
            per=100.0,
            source="S3-R45",
            you="debt in your credit reports",
        ),
        Measure(
            "score",
            "points",
            "score in credit reports",
            "征信评分",
            ("bureau_score",),
            source="S3-R12",
            you="score in your credit reports",
        ),
    ),
)
# table: blocks of bureau statements
_STATEMENT_BLOCKS = (
    _credit_utilisation("mean", ("statement",), FROM_3M, "utilisation", direction=1),
    _credit_utilisation("max", ("statement",), FROM_3M, "utilisation", direction=1),
    _credit_utilisation("min", ("statement",), ("12m",), "utilisation", direction=1),
    _credit_utilisation("last", ("statement",), ("3m",), "utilisation", direction=1),
    _credit_utilisation("std", ("statement",), ("6m", "12m"), "utilisation"),
    _credit_utilisation("trend", ("statement",), ("6m", "12m"), "utilisation", direction=1),
    _credit_utilisation(
        "share", ("statement_maxed",), ("6m", "12m"), over="statement", direction=1
    ),
    _credit_utilisation("mean", ("statement",), AT_3M_12M, "lenders", direction=1),
    _credit_utilisation("max", ("statement",), ("12m",), "lenders", direction=1),
    _credit_utilisation("last", ("statement",), ("3m",), "lenders", direction=1),
    _credit_utilisation("trend", ("statement",), ("12m",), "lenders"),
    _credit_utilisation("mean", ("statement",), AT_3M_12M, "debt"),
    _credit_utilisation("typical", ("statement",), ("12m",), "debt"),
    _credit_utilisation("last", ("statement",), ("3m",), "debt"),
    _credit_utilisation("growth", ("statement",), ("6m", "12m"), "debt"),
    _credit_utilisation("mean_vs12", ("statement",), ("3m",), "debt"),
    _credit_utilisation("count", ("statement",), ("12m",)),
    _repayment_record("mean", ("statement",), FROM_3M, "score", direction=-1, source="S3-R12"),
    _repayment_record("last", ("statement",), ("3m",), "score", direction=-1, source="S3-R12"),
    _repayment_record("min", ("statement",), ("6m", "12m"), "score", direction=-1, source="S3-R12"),
    _repayment_record("max", ("statement",), ("12m",), "score", direction=-1, source="S3-R12"),
    _repayment_record("std", ("statement",), ("12m",), "score"),
    _repayment_record("trend", ("statement",), ("6m", "12m"), "score", direction=-1),
    _repayment_record("max", ("statement",), ("6m",), "score", direction=-1, source="S3-R12"),
    _repayment_record("min", ("statement",), ("3m",), "score", direction=-1, source="S3-R12"),
    _repayment_record("std", ("statement",), ("6m",), "score"),
    _repayment_record("move", ("statement",), ("6m", "12m"), "score"),
    _repayment_record("mean_shift", ("statement",), ("3m", "6m"), "score", direction=-1),
    _repayment_record("drawdown", ("statement",), ("6m", "12m"), "score", direction=1),
    _repayment_record("last_vs_mean", ("statement",), ("6m", "12m"), "score"),
    _repayment_record(
        "share", ("statement_650",), FROM_3M, over="statement", direction=-1, source="S3-R12"
    ),
    _repayment_record("run", ("statement_650",), ("12m",), direction=-1, source="S3-R12"),
    _credit_utilisation("std", ("statement",), ("3m",), "utilisation"),
    _credit_utilisation("min", ("statement",), ("3m", "6m"), "utilisation", direction=1),
    _credit_utilisation("move", ("statement",), FROM_3M, "utilisation"),
    _credit_utilisation("mean_shift", ("statement",), ("3m", "6m"), "utilisation", direction=1),
    _credit_utilisation("drawdown", ("statement",), ("6m", "12m"), "utilisation", direction=-1),
    _credit_utilisation("last_vs_mean", ("statement",), ("6m", "12m"), "utilisation"),
    _credit_utilisation("cv", ("statement",), FROM_3M, "utilisation"),
    _credit_utilisation("share", ("statement_maxed",), ("3m",), over="statement", direction=1),
    _credit_utilisation("recency", ("statement_maxed",), ("12m",), direction=-1),
    _credit_utilisation("run", ("statement_maxed",), ("12m",), direction=1),
    _credit_utilisation("share", ("statement_low",), FROM_3M, over="statement", direction=-1),
    _credit_utilisation(
        "share", ("statement_multi",), FROM_3M, over="statement", direction=1, source="S1-R53"
    ),
    _credit_utilisation("run", ("statement_multi",), ("12m",), direction=1, source="S1-R72"),
    _credit_utilisation("mean", ("statement",), ("6m",), "lenders", direction=1),
    _credit_utilisation(
        "max", ("statement",), ("3m", "6m"), "lenders", direction=1, source="S1-R53"
    ),
    _credit_utilisation("min", ("statement",), ("6m", "12m"), "lenders", direction=1),
    _credit_utilisation("std", ("statement",), ("6m", "12m"), "lenders"),
    _credit_utilisation("move", ("statement",), ("12m",), "lenders"),
    _credit_utilisation("mean_shift", ("statement",), ("3m", "6m"), "lenders"),
    _credit_utilisation("trend", ("statement",), ("6m",), "lenders"),
    _credit_utilisation("mean", ("statement",), ("6m",), "debt"),
    _credit_utilisation("typical", ("statement",), ("3m", "6m"), "debt"),
    _credit_utilisation("min", ("statement",), AT_3M_12M, "debt"),
    _credit_utilisation("max", ("statement",), AT_3M_12M, "debt"),
    _credit_utilisation("cv", ("statement",), FROM_3M, "debt"),
    _credit_utilisation("log_std", ("statement",), ("12m",), "debt"),
    _credit_utilisation("move", ("statement",), ("6m", "12m"), "debt"),
    _credit_utilisation("mean_shift", ("statement",), ("3m", "6m"), "debt"),
    _credit_utilisation("drawdown", ("statement",), ("6m", "12m"), "debt"),
    _credit_utilisation("last_vs_mean", ("statement",), ("6m", "12m"), "debt"),
    _credit_utilisation("growth", ("statement",), ("3m",), "debt"),
)

# What is settled early is stored as 0 days late (S1-R35).
_ON_TIME = between("days_late", None, 0)

# table: slices and measures of instalments
_REPAYMENTS = Stream(
    table=REPAYMENTS,
    counter="笔",
    wordings=INSTALMENT_WORDS,
    slices=(
        Slice("instalment", "loan instalments", "分期还款"),
        Slice(
            "instalment_on_time",
            "loan instalments paid on time",
            "按期还款",
            (_ON_TIME,),
            were="were paid on time",
        ),
        Slice(
            "instalment_late",
            "loan instalments paid late",
            "逾期还款",
            (between("days_late", 1),),
            "S2-R18",
            were="were paid late",
        ),
        Slice(
            "instalment_late7",
            "loan instalments paid more than 7 days late",
            "逾期超7天还款",
            (between("days_late", 8),),
            were="were paid more than 7 days late",
        ),
        Slice(
            "instalment_late30",
            "loan instalments paid 30 or more days late",
            "逾期30天以上还款",
            (between("days_late", 30),),
            were="were paid 30 or more days late",
        ),
        Slice(
            "instalment_own",
            "loan instalments to us",
            "本机构分期还款",
            (is_("lender_id", 0),),
            were="were to us",
        ),
        Slice(
            "instalment_own_on_time",
            "loan instalments to us paid on time",
            "按期偿还的本机构分期",
            (is_("lender_id", 0), _ON_TIME),
            were="were paid on time",
        ),
    ),
    measures=(
        Measure("late", "days", "delay", "逾期天数", ("days_late",), source="S2-R18"),
        Measure("amount", "CNY", "amount", "金额", ("amount_fen",), per=100.0, source="S3-R45"),
        Measure("lender", "count", "lenders", "机构", ("lender_id",), "id", source="S1-R53"),
    ),
)
# table: blocks of instalments
_REPAYMENT_BLOCKS = (
    _repayment_record("mean", ("instalment",), FROM_3M, "late", direction=1),
    _repayment_record("typical", ("instalment",), AT_3M_12M, "late", direction=1),
    _repayment_record("max", ("instalment",), FROM_3M, "late", direction=1),
    _repayment_record("last", ("instalment",), ("3m",), "late", direction=1),
    _repayment_record("std", ("instalment",), ("12m",), "late"),
    _repayment_record("trend", ("instalment",), ("12m",), "late"),
    _repayment_record(
        "share", ("instalment_on_time",), FROM_3M, over="instalment", direction=-1, source="S3-R10"
    ),
    _repayment_record("count", ("instalment_late",), FROM_3M, direction=1, source="S3-R10"),
    _repayment_record("count", ("instalment_late7",), ("12m",), direction=1, source="S3-R10"),
    _repayment_record(
        "share", ("instalment_late7",), ("12m",), over="instalment", direction=1, source="S3-R10"
    ),
    _repayment_record("count", ("instalment_late30",), ("6m", "12m"), direction=1, source="S3-R10"),
    _repayment_record("recency", ("instalment_late",), ("12m",), direction=-1, source="S3-R10"),
    _repayment_record("mean", ("instalment_own",), ("12m",), "late", direction=1),
    _repayment_record("count", ("instalment", "instalment_own"), AT_3M_12M),
    _repayment_record("distinct", ("instalment",), AT_3M_12M, "lender"),
    _repayment_record("sum", ("instalment",), FROM_3M, "amount"),
    _repayment_record("mean", ("instalment",), ("12m",), "amount"),
    _repayment_record("cv", ("instalment",), ("12m",), "amount"),
    _repayment_record("mean", ("instalment_late",), ("6m", "12m"), "late", direction=1),
    _repayment_record("typical", ("instalment",), ("6m",), "late", direction=1),
    _repayment_record("std", ("instalment",), ("3m", "6m"), "late"),
    _repayment_record("move", ("instalment",), FROM_3M, "late"),
    _repayment_record("trend", ("instalment",), ("6m",), "late"),
    _repayment_record("mean_shift", ("instalment",), ("3m", "6m"), "late", direction=1),
    _repayment_record(
        "share", ("instalment_late30",), FROM_3M, over="instalment", direction=1, source="S3-R10"
    ),
    _repayment_record(
        "share",
        ("instalment_late7",),
        ("3m", "6m"),
        over="instalment",
        direction=1,
        source="S3-R10",
    ),
    _repayment_record(
        "share",
        ("instalment_own_on_time",),
        ("12m",),
        over="instalment_own",
        direction=-1,
        source="S1-R07",
    ),
    _repayment_record("share", ("instalment_own",), AT_3M_12M, over="instalment"),
    _repayment_record("count", ("instalment_late7",), ("3m", "6m"), direction=1, source="S3-R10"),
    _repayment_record("count", ("instalment_late30",), ("3m",), direction=1, source="S3-R10"),
    _repayment_record(
        "recency",
        ("instalment_late7", "instalment_late30"),
        ("12m",),
        direction=-1,
        source="S3-R10",
    ),
    _repayment_record("run", ("instalment_on_time", "instalment_late"), ("12m",), source="S1-R07"),
    _repayment_record(
        "active_months", ("instalment_late",), ("6m", "12m"), direction=1, source="S3-R10"
    ),
    _repayment_record(
        "distinct", ("instalment_late",), ("6m", "12m"), "lender", direction=1, source="S3-R10"
    ),
    _repayment_record("new", ("instalment",), ("3m", "6m"), "lender", source="S1-R74"),
    _repayment_record("main_share", ("instalment",), AT_3M_12M, "lender", source="S1-R53"),
    _repayment_record("entropy", ("instalment",), AT_3M_12M, "lender", source="S1-R53"),
    _repayment_record("shift", ("instalment_late",), ("3m", "6m"), direction=1),
    _repayment_record("sum_shift", ("instalment",), ("3m", "6m"), "amount", source="S1-R74"),
    _repayment_record("sum_slope", ("instalment",), ("6m", "12m"), "amount"),
    _repayment_record(
        "sum_share",
        ("instalment_late",),
        FROM_3M,
        "amount",
        over="instalment",
        direction=1,
        source="S3-R10",
    ),
    _repayment_record("max", ("instalment",), ("12m",), "amount"),
    _repayment_record("typical", ("instalment",), ("3m",), "amount"),
    _repayment_record("interval_cv", ("instalment",), ("12m",)),
    _repayment_record("interval_max", ("instalment",), ("6m", "12m")),
    _repayment_record("monthly_sum_cv", ("instalment",), ("6m", "12m"), "amount"),
)


FAMILY = Family(
    name="bureau",
    prefix="bur",
    concepts=CONCEPTS,
    streams=(
        (_ENQUIRIES, _ENQUIRY_BLOCKS),
        (_STATEMENTS, _STATEMENT_BLOCKS),
        (_REPAYMENTS, _REPAYMENT_BLOCKS),
    ),
)
