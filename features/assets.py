"""Assets: balances of the cash and wealth accounts, proofs of property, and contributions to social insurance and housing fund."""

from __future__ import annotations

from .grid import Block, Concept, Family, Measure, Slice, Stream, between, is_
from .tables import ASSET_BALANCES, ASSET_PROOFS, CONTRIBUTIONS

CONCEPTS = (
    Concept("cash_balance", "cash balance", "零钱通余额", "keep a steady balance in the cash account", "保持零钱通余额稳定"),
    Concept(
        "wealth_and_proofs",
        "wealth and proofs of assets",
        "理财与资产证明",
        "file a proof of property, car or deposit",
        "补充房产、车辆或存款证明",
    ),
    Concept(
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

_BALANCES = Stream(
    ASSET_BALANCES,
    (
        Slice("lqt", "the cash account", "零钱通", (is_("account", "lqt"),)),
        Slice("lct", "the wealth account", "理财通", (is_("account", "lct"),)),
        Slice("lqt_held", "statements with cash", "零钱通有余额", (is_("account", "lqt"), between("balance_fen", 100))),
        Slice("lct_held", "statements with wealth products", "理财通有余额", (is_("account", "lct"), between("balance_fen", 100))),
    ),
    (Measure("balance", "CNY", "balance", "余额", ("balance_fen",), per=100.0),),
)


def _balance_blocks(account: str, concept: str) -> tuple[Block, ...]:
    """What is asked of one account; more money never counts against the applicant."""
    return (
        Block(concept, "mean", (account,), _SPAN, "balance", direction=-1, source="S3-R09"),
        Block(concept, "typical", (f"{account}_held",), _YEAR, "balance", direction=-1, source="S3-R09"),
        Block(concept, "last", (account,), ("3m",), "balance", direction=-1, source="S3-R09"),
        Block(concept, "min", (account,), _YEAR, "balance", direction=-1),
        Block(concept, "max", (account,), _YEAR, "balance", direction=-1),
        Block(concept, "cv", (account,), _YEAR, "balance"),
        Block(concept, "log_std", (account, f"{account}_held"), _LONG, "balance"),
        Block(concept, "growth", (account,), _YEAR, "balance"),
        Block(concept, "mean_vs12", (account,), ("1m", "3m"), "balance"),
        Block(concept, "count", (account,), ("12m",)),
        Block(concept, "share", (f"{account}_held",), _YEAR, over=account, direction=-1),
    )


_BALANCE_BLOCKS = (*_balance_blocks("lqt", "cash_balance"), *_balance_blocks("lct", "wealth_and_proofs"))

_PAID = Stream(
    CONTRIBUTIONS,
    (
        Slice("paid", "contributions", "缴存"),
        Slice("paid_insurance", "social-insurance contributions", "社保缴存", (is_("kind", "social_insurance"),)),
        Slice("paid_fund", "housing-fund contributions", "公积金缴存", (is_("kind", "housing_fund"),)),
    ),
    (Measure("amount", "CNY", "amount", "金额", ("amount_fen",), per=100.0),),
    has_memory=True,
)
_SCHEMES = ("paid_insurance", "paid_fund")
_PAID_BLOCKS = (
    Block("contribution_record", "count", ("paid", *_SCHEMES), (*_YEAR, "ever"), direction=-1),
    Block("contribution_record", "run", ("paid", *_SCHEMES), ("12m",), direction=-1),
    Block("contribution_record", "active_months", ("paid",), ("6m", "12m"), direction=-1),
    Block("contribution_record", "recency", ("paid", *_SCHEMES), ("ever",), direction=1),
    Block("contribution_record", "tenure", ("paid", *_SCHEMES), ("ever",), direction=-1),
    Block("contribution_record", "sum", ("paid",), _LONG, "amount"),
    Block("contribution_record", "mean", _SCHEMES, ("12m",), "amount"),
    Block("contribution_record", "cv", _SCHEMES, ("12m",), "amount"),
    Block("contribution_record", "growth", _SCHEMES, ("12m",), "amount"),
    Block("contribution_record", "interval_cv", _SCHEMES, ("12m",), direction=1),
    Block("contribution_record", "monthly_cv", ("paid",), _YEAR, direction=1),
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
    Block("wealth_and_proofs", "count", ("proof",), ("3m", "12m", "ever"), direction=-1),
    Block("wealth_and_proofs", "count", tuple(f"proof_{k}" for k in _KIND_WORDS), ("ever",), direction=-1),
    Block("wealth_and_proofs", "distinct", ("proof",), ("12m", "ever"), "kind", direction=-1),
    Block("wealth_and_proofs", "sum", ("proof",), ("12m", "ever"), "value", direction=-1),
    Block("wealth_and_proofs", "sum", ("proof_property", "proof_deposit"), ("ever",), "value", direction=-1),
    Block("wealth_and_proofs", "max", ("proof",), ("ever",), "value", direction=-1),
    Block("wealth_and_proofs", "recency", ("proof",), ("ever",)),
    Block("wealth_and_proofs", "tenure", ("proof",), ("ever",)),
)

FAMILY = Family(
    "assets", "ast", CONCEPTS, ((_BALANCES, _BALANCE_BLOCKS), (_PAID, _PAID_BLOCKS), (_PROOFS, _PROOF_BLOCKS)),
)  # fmt: skip
