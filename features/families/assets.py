"""Assets: balances of the cash and wealth accounts, proofs of property, social contributions.

Contributions are those to social insurance and the housing fund.
S2-R19, S3-R25, S5-R06, S5-R18.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ..contract.tables import ASSET_BALANCES, ASSET_PROOFS, CONTRIBUTIONS
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
from .wordings.asset_words import BALANCE_WORDS, PAID_WORDS, PROOF_WORDS

CONCEPTS = (
    FeatureConcept(
        "cash_balance",
        "cash balance",
        "零钱通余额",
        "keep a steady balance in the Lingqiantong account",
        "保持零钱通余额稳定",
    ),
    FeatureConcept(
        "wealth_and_proofs",
        "investments and proofs of assets",
        "理财与资产证明",
        "file a proof of property, car or deposit",
        "补充房产、车辆或存款证明",
    ),
    FeatureConcept(
        "contribution_record",
        "payments into social insurance and the housing fund",
        "社保公积金缴存",
        "keep paying in every month without a gap",
        "保持社保公积金连续缴存",
        source="S3-R25",
    ),
)

# Blocks of one concept each.
_cash_balance = partial(AggregateBlock, "cash_balance")
_contribution_record = partial(AggregateBlock, "contribution_record")
_wealth_and_proofs = partial(AggregateBlock, "wealth_and_proofs")


# S3-R09: 5,000 yuan on average.
_FIVE_THOUSAND = between("balance_fen", 500_000)
# Less than one yuan is an empty account.
_HELD = between("balance_fen", 100)

# table: slices and measures of balances
_BALANCES = Stream(
    table=ASSET_BALANCES,
    counter="条",
    wordings=BALANCE_WORDS,
    slices=(
        Slice(
            "lqt",
            "the Lingqiantong account",
            "零钱通",
            (is_("account", "lqt"),),
            you="your Lingqiantong (money-market) account",
        ),
        Slice(
            "lct",
            "the Licaitong account",
            "理财通",
            (is_("account", "lct"),),
            you="your Licaitong (investment) account",
        ),
        Slice(
            "lqt_held",
            "money in the Lingqiantong account",
            "零钱通有余额",
            (is_("account", "lqt"), _HELD),
            you="money in your Lingqiantong (money-market) account",
        ),
        Slice(
            "lct_held",
            "money in the Licaitong account",
            "理财通有余额",
            (is_("account", "lct"), _HELD),
            you="money in your Licaitong (investment) account",
        ),
        Slice(
            "lqt_5000",
            "5,000 CNY or more in the Lingqiantong account",
            "零钱通余额五千元以上",
            (is_("account", "lqt"), _FIVE_THOUSAND),
            you="5,000 CNY or more in your Lingqiantong (money-market) account",
        ),
        Slice(
            "lct_5000",
            "5,000 CNY or more in the Licaitong account",
            "理财通余额五千元以上",
            (is_("account", "lct"), _FIVE_THOUSAND),
            you="5,000 CNY or more in your Licaitong (investment) account",
        ),
    ),
    measures=(Measure("balance", "CNY", "balance", "余额", ("balance_fen",), per=100.0),),
)


# A block of one account. `account` stands for its slice; the concept follows below.
_of_account = partial(AggregateBlock, "")

# table: blocks of either account; more money never counts against the applicant
_ACCOUNT_BLOCKS = (
    _of_account("mean", ("account",), FROM_1M, "balance", direction=-1, source="S3-R09"),
    _of_account("typical", ("account_held",), FROM_3M, "balance", direction=-1, source="S3-R09"),
    _of_account("last", ("account",), ("3m",), "balance", direction=-1, source="S3-R09"),
    _of_account("min", ("account",), FROM_3M, "balance", direction=-1),
    _of_account("max", ("account",), FROM_3M, "balance", direction=-1),
    _of_account("cv", ("account",), FROM_3M, "balance"),
    _of_account("log_std", ("account", "account_held"), AT_3M_12M, "balance"),
    _of_account("growth", ("account",), FROM_3M, "balance"),
    _of_account("mean_vs12", ("account",), ("1m", "3m"), "balance"),
    _of_account("count", ("account",), ("12m",)),
    _of_account("share", ("account_held",), FROM_3M, over="account", direction=-1),
    _of_account("run", ("account_held",), ("12m",), direction=-1, source="S3-R09"),
    _of_account("std", ("account",), FROM_3M, "balance"),
    _of_account("min", ("account",), ("1m",), "balance", direction=-1),
    _of_account("max", ("account",), ("1m",), "balance", direction=-1),
    _of_account("min", ("account_held",), ("12m",), "balance", direction=-1),
    _of_account("cv", ("account_held",), FROM_3M, "balance"),
    _of_account("trend", ("account",), FROM_3M, "balance"),
    _of_account("growth", ("account_held",), ("6m", "12m"), "balance"),
    _of_account("mean_vs12", ("account",), ("6m",), "balance"),
    _of_account("mean_shift", ("account",), ("1m", "3m", "6m"), "balance"),
    _of_account("mean_shift", ("account_held",), ("3m", "6m"), "balance"),
    _of_account("move", ("account",), FROM_3M, "balance"),
    _of_account("move", ("account_held",), AT_3M_12M, "balance"),
    _of_account("drawdown", ("account",), FROM_3M, "balance", direction=1),
    _of_account("last_vs_mean", ("account",), FROM_3M, "balance"),
    _of_account("recency", ("account_held",), ("12m",), direction=1),
    _of_account("active_months", ("account_held",), ("12m",), direction=-1),
    _of_account("interval_cv", ("account",), ("12m",)),
)


def _balance_blocks(account: str, concept: str) -> tuple[AggregateBlock, ...]:
    """Return the blocks of one account under its concept."""
    return tuple(
        replace(
            block,
            concept=concept,
            slices=tuple(name.replace("account", account) for name in block.slices),
            over=block.over.replace("account", account),
        )
        for block in _ACCOUNT_BLOCKS
    )


# table: blocks of balances
_BALANCE_BLOCKS = (
    *_balance_blocks("lqt", "cash_balance"),
    *_balance_blocks("lct", "wealth_and_proofs"),
    _cash_balance("share", ("lqt_5000",), FROM_3M, over="lqt", direction=-1, source="S3-R09"),
    _cash_balance("run", ("lqt_5000",), ("12m",), direction=-1, source="S3-R09"),
    _cash_balance("active_months", ("lqt_5000",), ("12m",), direction=-1, source="S3-R09"),
    _cash_balance("recency", ("lqt_5000",), ("12m",), direction=1, source="S3-R09"),
)

# table: slices and measures of contributions
_PAID = Stream(
    table=CONTRIBUTIONS,
    counter="笔",
    wordings=PAID_WORDS,
    slices=(
        Slice("paid", "payments into social insurance or the housing fund", "社保公积金缴存"),
        Slice(
            "paid_insurance",
            "payments into social insurance",
            "社保缴存",
            (is_("kind", "social_insurance"),),
            were="went into social insurance",
        ),
        Slice(
            "paid_fund",
            "payments into the housing fund",
            "公积金缴存",
            (is_("kind", "housing_fund"),),
            "S5-R06",
            were="went into the housing fund",
        ),
    ),
    measures=(
        Measure("amount", "CNY", "amount", "金额", ("amount_fen",), per=100.0),
        Measure("kind", "count", "kinds of scheme", "缴存种类", ("kind",), "id"),
    ),
    has_memory=True,
)
_SCHEMES = ("paid_insurance", "paid_fund")
# table: blocks of contributions
_PAID_BLOCKS = (
    _contribution_record("count", ("paid", *_SCHEMES), (*FROM_3M, "ever"), direction=-1),
    _contribution_record("run", ("paid", *_SCHEMES), ("12m",), direction=-1),
    _contribution_record("active_months", ("paid",), ("6m", "12m"), direction=-1),
    _contribution_record("recency", ("paid", *_SCHEMES), ("ever",), direction=1),
    _contribution_record("tenure", ("paid", *_SCHEMES), ("ever",), direction=-1),
    _contribution_record("sum", ("paid",), AT_3M_12M, "amount"),
    _contribution_record("mean", _SCHEMES, ("12m",), "amount"),
    _contribution_record("cv", _SCHEMES, ("12m",), "amount"),
    _contribution_record("growth", _SCHEMES, ("12m",), "amount"),
    _contribution_record("interval_cv", _SCHEMES, ("12m",), direction=1),
    _contribution_record("monthly_cv", ("paid",), FROM_3M, direction=1),
    _contribution_record("count", _SCHEMES, ("1m",), direction=-1),
    _contribution_record("sum", _SCHEMES, FROM_3M, "amount"),
    _contribution_record("mean", _SCHEMES, ("3m", "6m"), "amount"),
    _contribution_record("last", _SCHEMES, ("3m",), "amount"),
    _contribution_record("mean_shift", _SCHEMES, ("3m", "6m"), "amount"),
    _contribution_record("shift", ("paid", *_SCHEMES), ("3m", "6m")),
    _contribution_record("move", _SCHEMES, ("12m",), "amount"),
    _contribution_record("last_vs_mean", _SCHEMES, ("12m",), "amount"),
    _contribution_record("drawdown", _SCHEMES, ("12m",), "amount"),
    _contribution_record("growth", _SCHEMES, ("6m", "ever"), "amount"),
    _contribution_record("interval_max", _SCHEMES, ("12m",), direction=1),
    _contribution_record("slope", _SCHEMES, ("6m", "12m")),
    _contribution_record("sum_share", ("paid_fund",), ("12m", "ever"), "amount", over="paid"),
    _contribution_record("share", ("paid_fund",), ("12m", "ever"), over="paid"),
    _contribution_record("distinct", ("paid",), ("3m", "12m", "ever"), "kind", direction=-1),
)

_KIND_WORDS = {
    "property": ("proofs of owning property", "房产证明"),
    "car": ("proofs of owning a car", "车辆证明"),
    "deposit": ("proofs of a bank deposit", "存款证明"),
    "pay_slip": ("pay slips", "工资单"),
}
# A deed is named by one rule, proofs of assets and of income by others; a car by the section on
# assets alone.
_SOURCE_OF_PROOF = {
    "property": "S3-R25",
    "car": "domain 7.4",
    "deposit": "S3-R36",
    "pay_slip": "S3-R27",
}
# table: slices and measures of asset proofs
_PROOFS = Stream(
    table=ASSET_PROOFS,
    counter="份",
    wordings=PROOF_WORDS,
    slices=(
        Slice("proof", "proofs of assets", "资产证明", source="S3-R36"),
        *(
            Slice(f"proof_{kind}", *_KIND_WORDS[kind], (is_("kind", kind),), source)
            for kind, source in _SOURCE_OF_PROOF.items()
        ),
    ),
    measures=(
        Measure("value", "CNY", "stated value", "申报价值", ("value_fen",), per=100.0),
        Measure("kind", "count", "kinds", "种类", ("kind",), "id"),
    ),
    has_memory=True,
)
# table: blocks of asset proofs
_PROOF_BLOCKS = (
    _wealth_and_proofs("count", ("proof",), ("3m", "12m", "ever"), direction=-1),
    _wealth_and_proofs("count", tuple(f"proof_{k}" for k in _KIND_WORDS), ("ever",), direction=-1),
    _wealth_and_proofs("distinct", ("proof",), ("12m", "ever"), "kind", direction=-1),
    _wealth_and_proofs("sum", ("proof",), ("12m", "ever"), "value", direction=-1),
    _wealth_and_proofs(
        "sum", ("proof_property", "proof_deposit"), ("ever",), "value", direction=-1
    ),
    _wealth_and_proofs("max", ("proof",), ("ever",), "value", direction=-1),
    _wealth_and_proofs("recency", ("proof",), ("ever",)),
    _wealth_and_proofs("tenure", ("proof",), ("ever",)),
    _wealth_and_proofs("count", ("proof",), ("6m",), direction=-1),
    _wealth_and_proofs("mean", ("proof",), ("12m", "ever"), "value"),
    _wealth_and_proofs("min", ("proof",), ("ever",), "value"),
    _wealth_and_proofs("last", ("proof",), ("ever",), "value"),
    _wealth_and_proofs("sum", ("proof_car",), ("ever",), "value", direction=-1),
    _wealth_and_proofs("last", ("proof_deposit",), ("ever",), "value"),
    _wealth_and_proofs(
        "recency", ("proof_property", "proof_car", "proof_deposit", "proof_pay_slip"), ("ever",)
    ),
    _wealth_and_proofs("interval_max", ("proof",), ("ever",)),
    _wealth_and_proofs("entropy", ("proof",), ("ever",), "kind"),
    _wealth_and_proofs(
        "sum_share",
        ("proof_property", "proof_car", "proof_deposit"),
        ("ever",),
        "value",
        over="proof",
    ),
)

FAMILY = Family(
    name="assets",
    prefix="ast",
    concepts=CONCEPTS,
    streams=((_BALANCES, _BALANCE_BLOCKS), (_PAID, _PAID_BLOCKS), (_PROOFS, _PROOF_BLOCKS)),
)
