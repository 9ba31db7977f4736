"""Assets: balances of the cash and wealth accounts, proofs of property, and contributions to social insurance and housing fund.

S2-R19, S3-R25, S5-R06, S5-R18.
"""

from __future__ import annotations

from ..contract.tables import ASSET_BALANCES, ASSET_PROOFS, CONTRIBUTIONS
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
        "cash_balance",
        "cash balance",
        "零钱通余额",
        "keep a steady balance in the cash account",
        "保持零钱通余额稳定",
    ),
    FeatureConcept(
        "wealth_and_proofs",
        "wealth and proofs of assets",
        "理财与资产证明",
        "file a proof of property, car or deposit",
        "补充房产、车辆或存款证明",
    ),
    FeatureConcept(
        "contribution_record",
        "contributions to insurance and housing fund",
        "社保公积金缴存",
        "keep monthly contributions without a gap",
        "保持社保公积金连续缴存",
    ),
)

_SPAN = ("1m", "3m", "6m", "12m")
_YEAR = ("3m", "6m", "12m")
_LONG = ("3m", "12m")
_ACCOUNTS = ("lqt", "lct")

_FIVE_THOUSAND = between("balance_fen", 500_000)

_BALANCES = Stream(
    ASSET_BALANCES,
    (
        Slice("lqt", "the cash account", "零钱通", (is_("account", "lqt"),)),
        Slice("lct", "the wealth account", "理财通", (is_("account", "lct"),)),
        Slice(
            "lqt_held",
            "statements with cash",
            "零钱通有余额",
            (is_("account", "lqt"), between("balance_fen", 100)),
        ),
        Slice(
            "lct_held",
            "statements with wealth products",
            "理财通有余额",
            (is_("account", "lct"), between("balance_fen", 100)),
        ),
        Slice(
            "lqt_5000",
            "statements with 5,000 yuan or more of cash",
            "零钱通五千元以上",
            (is_("account", "lqt"), _FIVE_THOUSAND),
        ),
        Slice(
            "lct_5000",
            "statements with 5,000 yuan or more of wealth products",
            "理财通五千元以上",
            (is_("account", "lct"), _FIVE_THOUSAND),
        ),
    ),
    (Measure("balance", "CNY", "balance", "余额", ("balance_fen",), per=100.0),),
)


def _balance_blocks(account: str, concept: str) -> tuple[AggregateBlock, ...]:
    """What is asked of one account; more money never counts against the applicant."""
    return (
        AggregateBlock(
            concept, "mean", (account,), _SPAN, "balance", direction=-1, source="S3-R09"
        ),
        AggregateBlock(
            concept,
            "typical",
            (f"{account}_held",),
            _YEAR,
            "balance",
            direction=-1,
            source="S3-R09",
        ),
        AggregateBlock(
            concept, "last", (account,), ("3m",), "balance", direction=-1, source="S3-R09"
        ),
        AggregateBlock(concept, "min", (account,), _YEAR, "balance", direction=-1),
        AggregateBlock(concept, "max", (account,), _YEAR, "balance", direction=-1),
        AggregateBlock(concept, "cv", (account,), _YEAR, "balance"),
        AggregateBlock(concept, "log_std", (account, f"{account}_held"), _LONG, "balance"),
        AggregateBlock(concept, "growth", (account,), _YEAR, "balance"),
        AggregateBlock(concept, "mean_vs12", (account,), ("1m", "3m"), "balance"),
        AggregateBlock(concept, "count", (account,), ("12m",)),
        AggregateBlock(concept, "share", (f"{account}_held",), _YEAR, over=account, direction=-1),
        AggregateBlock(
            concept, "run", (f"{account}_held",), ("12m",), direction=-1, source="S3-R09"
        ),
        AggregateBlock(concept, "std", (account,), _YEAR, "balance"),
        AggregateBlock(concept, "min", (account,), ("1m",), "balance", direction=-1),
        AggregateBlock(concept, "max", (account,), ("1m",), "balance", direction=-1),
        AggregateBlock(concept, "min", (f"{account}_held",), ("12m",), "balance", direction=-1),
        AggregateBlock(concept, "cv", (f"{account}_held",), _YEAR, "balance"),
        AggregateBlock(concept, "trend", (account,), _YEAR, "balance"),
        AggregateBlock(concept, "growth", (f"{account}_held",), ("6m", "12m"), "balance"),
        AggregateBlock(concept, "mean_vs12", (account,), ("6m",), "balance"),
        AggregateBlock(concept, "mean_shift", (account,), ("1m", "3m", "6m"), "balance"),
        AggregateBlock(concept, "mean_shift", (f"{account}_held",), ("3m", "6m"), "balance"),
        AggregateBlock(concept, "move", (account,), _SPAN[1:], "balance"),
        AggregateBlock(concept, "move", (f"{account}_held",), _LONG, "balance"),
        AggregateBlock(concept, "drawdown", (account,), _YEAR, "balance", direction=1),
        AggregateBlock(concept, "last_vs_mean", (account,), _YEAR, "balance"),
        AggregateBlock(concept, "recency", (f"{account}_held",), ("12m",), direction=1),
        AggregateBlock(concept, "active_months", (f"{account}_held",), ("12m",), direction=-1),
        AggregateBlock(concept, "interval_cv", (account,), ("12m",)),
    )


_BALANCE_BLOCKS = (
    *_balance_blocks("lqt", "cash_balance"),
    *_balance_blocks("lct", "wealth_and_proofs"),
    AggregateBlock(
        "cash_balance", "share", ("lqt_5000",), _YEAR, over="lqt", direction=-1, source="S3-R09"
    ),
    AggregateBlock("cash_balance", "run", ("lqt_5000",), ("12m",), direction=-1, source="S3-R09"),
    AggregateBlock(
        "cash_balance", "active_months", ("lqt_5000",), ("12m",), direction=-1, source="S3-R09"
    ),
    AggregateBlock(
        "cash_balance", "recency", ("lqt_5000",), ("12m",), direction=1, source="S3-R09"
    ),
)

_PAID = Stream(
    CONTRIBUTIONS,
    (
        Slice("paid", "contributions", "缴存"),
        Slice(
            "paid_insurance",
            "social-insurance contributions",
            "社保缴存",
            (is_("kind", "social_insurance"),),
        ),
        Slice(
            "paid_fund", "housing-fund contributions", "公积金缴存", (is_("kind", "housing_fund"),)
        ),
    ),
    (
        Measure("amount", "CNY", "amount", "金额", ("amount_fen",), per=100.0),
        Measure("kind", "count", "schemes", "险种", ("kind",), "id"),
    ),
    has_memory=True,
)
_SCHEMES = ("paid_insurance", "paid_fund")
_PAID_BLOCKS = (
    AggregateBlock(
        "contribution_record", "count", ("paid", *_SCHEMES), (*_YEAR, "ever"), direction=-1
    ),
    AggregateBlock("contribution_record", "run", ("paid", *_SCHEMES), ("12m",), direction=-1),
    AggregateBlock("contribution_record", "active_months", ("paid",), ("6m", "12m"), direction=-1),
    AggregateBlock("contribution_record", "recency", ("paid", *_SCHEMES), ("ever",), direction=1),
    AggregateBlock("contribution_record", "tenure", ("paid", *_SCHEMES), ("ever",), direction=-1),
    AggregateBlock("contribution_record", "sum", ("paid",), _LONG, "amount"),
    AggregateBlock("contribution_record", "mean", _SCHEMES, ("12m",), "amount"),
    AggregateBlock("contribution_record", "cv", _SCHEMES, ("12m",), "amount"),
    AggregateBlock("contribution_record", "growth", _SCHEMES, ("12m",), "amount"),
    AggregateBlock("contribution_record", "interval_cv", _SCHEMES, ("12m",), direction=1),
    AggregateBlock("contribution_record", "monthly_cv", ("paid",), _YEAR, direction=1),
    AggregateBlock(
        "contribution_record", "count", _SCHEMES, ("1m",), direction=-1, source="S3-R25"
    ),
    AggregateBlock(
        "contribution_record", "sum", _SCHEMES, ("3m", "6m", "12m"), "amount", source="S3-R25"
    ),
    AggregateBlock(
        "contribution_record", "mean", _SCHEMES, ("3m", "6m"), "amount", source="S3-R25"
    ),
    AggregateBlock("contribution_record", "last", _SCHEMES, ("3m",), "amount", source="S3-R25"),
    AggregateBlock("contribution_record", "mean_shift", _SCHEMES, ("3m", "6m"), "amount"),
    AggregateBlock("contribution_record", "shift", ("paid", *_SCHEMES), ("3m", "6m")),
    AggregateBlock("contribution_record", "move", _SCHEMES, ("12m",), "amount"),
    AggregateBlock("contribution_record", "last_vs_mean", _SCHEMES, ("12m",), "amount"),
    AggregateBlock("contribution_record", "drawdown", _SCHEMES, ("12m",), "amount"),
    AggregateBlock("contribution_record", "growth", _SCHEMES, ("6m", "ever"), "amount"),
    AggregateBlock("contribution_record", "interval_max", _SCHEMES, ("12m",), direction=1),
    AggregateBlock("contribution_record", "slope", _SCHEMES, ("6m", "12m")),
    AggregateBlock(
        "contribution_record", "sum_share", ("paid_fund",), ("12m", "ever"), "amount", "paid"
    ),
    AggregateBlock("contribution_record", "share", ("paid_fund",), ("12m", "ever"), over="paid"),
    AggregateBlock(
        "contribution_record", "distinct", ("paid",), ("3m", "12m", "ever"), "kind", direction=-1
    ),
)

_KIND_WORDS = {
    "property": ("property proofs", "房产证明"), "car": ("car proofs", "车辆证明"), "deposit": ("deposit proofs", "存款证明"),
    "pay_slip": ("pay slips", "工资单"),
}  # fmt: skip
_PROOFS = Stream(
    ASSET_PROOFS,
    (
        Slice("proof", "asset proofs", "资产证明"),
        *(Slice(f"proof_{k}", *words, (is_("kind", k),)) for k, words in _KIND_WORDS.items()),
    ),
    (
        Measure("value", "CNY", "stated value", "申报价值", ("value_fen",), per=100.0),
        Measure("kind", "count", "kinds", "种类", ("kind",), "id"),
    ),
    has_memory=True,
)
_PROOF_BLOCKS = (
    AggregateBlock("wealth_and_proofs", "count", ("proof",), ("3m", "12m", "ever"), direction=-1),
    AggregateBlock(
        "wealth_and_proofs",
        "count",
        tuple(f"proof_{k}" for k in _KIND_WORDS),
        ("ever",),
        direction=-1,
    ),
    AggregateBlock(
        "wealth_and_proofs", "distinct", ("proof",), ("12m", "ever"), "kind", direction=-1
    ),
    AggregateBlock("wealth_and_proofs", "sum", ("proof",), ("12m", "ever"), "value", direction=-1),
    AggregateBlock(
        "wealth_and_proofs",
        "sum",
        ("proof_property", "proof_deposit"),
        ("ever",),
        "value",
        direction=-1,
    ),
    AggregateBlock("wealth_and_proofs", "max", ("proof",), ("ever",), "value", direction=-1),
    AggregateBlock("wealth_and_proofs", "recency", ("proof",), ("ever",)),
    AggregateBlock("wealth_and_proofs", "tenure", ("proof",), ("ever",)),
    AggregateBlock(
        "wealth_and_proofs", "count", ("proof",), ("6m",), direction=-1, source="S3-R25"
    ),
    AggregateBlock(
        "wealth_and_proofs", "mean", ("proof",), ("12m", "ever"), "value", source="S3-R25"
    ),
    AggregateBlock("wealth_and_proofs", "min", ("proof",), ("ever",), "value"),
    AggregateBlock("wealth_and_proofs", "last", ("proof",), ("ever",), "value", source="S3-R25"),
    AggregateBlock(
        "wealth_and_proofs",
        "sum",
        ("proof_car",),
        ("ever",),
        "value",
        direction=-1,
        source="S3-R25",
    ),
    AggregateBlock(
        "wealth_and_proofs", "last", ("proof_deposit",), ("ever",), "value", source="S3-R25"
    ),
    AggregateBlock(
        "wealth_and_proofs",
        "recency",
        ("proof_property", "proof_car", "proof_deposit", "proof_pay_slip"),
        ("ever",),
    ),
    AggregateBlock("wealth_and_proofs", "interval_max", ("proof",), ("ever",)),
    AggregateBlock("wealth_and_proofs", "entropy", ("proof",), ("ever",), "kind"),
    AggregateBlock(
        "wealth_and_proofs",
        "sum_share",
        ("proof_property", "proof_car", "proof_deposit"),
        ("ever",),
        "value",
        "proof",
    ),
)

FAMILY = Family(
    "assets", "ast", CONCEPTS, ((_BALANCES, _BALANCE_BLOCKS), (_PAID, _PAID_BLOCKS), (_PROOFS, _PROOF_BLOCKS)),
)  # fmt: skip
