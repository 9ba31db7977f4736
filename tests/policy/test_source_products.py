"""What each source says of its products, figure by figure, in our own numbers.

The id of the rule stands beside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from creditloom.decision.rulebook.condition import SourcedValue
from creditloom.decision.rulebook.product import Product
from tests.policy.test_situations import products


@dataclass(frozen=True)
class Fact:
    """One figure of one product.

    `at` is a path of keys; tiers, criteria and charges are reached by name.
    """

    rules: str
    product: str
    at: str
    value: object


# table: one figure of one product a line
FACTS = (
    # S1
    Fact("S1-R01 S1-R68", "shanyin@S1", "lender", "micro_loan_company"),
    Fact("S1-R06 C07", "shanyin@S1", "admission.zhima.than", 550),
    Fact("S1-R16 C06", "shanyin@S1", "limit.minimum", 500),
    Fact("S1-R16 C06", "shanyin@S1", "tiers.STANDARD.initial_limit", 5_000),
    Fact("S1-R17", "shanyin@S1", "repayment.tenor", 14),
    Fact("S1-R17", "shanyin@S1", "repayment.other_tenors", [7]),
    Fact("S1-R24", "shanyin@S1", "tiers.NEW.initial_limit", 1_500),
    Fact("S1-R24", "shanyin@S1", "tiers.NEW.limit", 3_000),
    Fact("S1-R24", "shanyin@S1", "tiers.NEW.daily_rate", 0.05),
    Fact("S1-R24", "shanyin@S1", "tiers.NEW.daily_high", 0.1),
    Fact("S1-R25", "shanyin@S1", "tiers.STANDARD.limit", 8_000),
    Fact("S1-R25", "shanyin@S1", "tiers.STANDARD.daily_rate", 0.03),
    Fact("S1-R25", "shanyin@S1", "tiers.STANDARD.daily_high", 0.08),
    Fact("S1-R26 C06", "shanyin@S1", "tiers.PRIME.initial_limit", 10_000),
    Fact("S1-R26", "shanyin@S1", "tiers.PRIME.limit", 30_000),
    Fact("S1-R26", "shanyin@S1", "tiers.PRIME.daily_rate", 0.02),
    Fact("S1-R26", "shanyin@S1", "tiers.PRIME.daily_high", 0.05),
    Fact("S1-R29", "shanyin@S1", "price.all_in_cap", 0.36),
    Fact("S1-R31 S1-R64 C22", "shanyin@S1", "repayment.method", "bullet"),
    Fact("S1-R31 S1-R34 C22 C25", "shanyin@S1", "charges.early_settlement.rate", 0.01),
    Fact("S1-R31 S1-R36 C22", "shanyin@S1", "charges.extension.rate", 0.05),
    Fact("S1-R33 C13", "shanyin@S1", "repayment.penalty.kind", "once"),
    Fact("S1-R33 C13", "shanyin@S1", "repayment.penalty.rate", 0.01),
    Fact("S1-R40 C26", "shanyin@S1", "repayment.report_dpd", 8),
    Fact("C09", "shanyin@S1", "repayment.grace", 0),
    Fact("S1-R63 S1-R68", "shanyin@S1", "limit.maximum", 30_000),
    Fact("S1-R68", "shanyin@S1", "price.daily_low", 0.02),
    Fact("S1-R69", "weilidai@S1", "limit.maximum", 200_000),
    Fact("S1-R69 C02", "weilidai@S1", "price.daily_low", 0.02),
    # S2
    Fact("S2-R13 S2-R40 C01", "weilidai@S2", "limit.business_maximum", 300_000),
    Fact("S2-R13", "weilidai@S2", "price.daily_low", 0.02),
    Fact("S2-R13", "weilidai@S2", "price.daily_high", 0.05),
    Fact("S2-R48", "weilidai@S2", "lender", "bank"),
    Fact("S2-R14", "fenfu@S2", "lender", "micro_loan_company"),
    Fact("S2-R14 C04", "fenfu@S2", "limit.maximum", 50_000),
    Fact("S2-R14 C03", "fenfu@S2", "price.daily_low", 0.04),
    Fact("S2-R14 C03", "fenfu@S2", "price.daily_high", 0.0666),
    Fact("S2-R15 S4-R11", "third_party@S2", "lender", "licensed_institution"),
    Fact("S2-R15", "third_party@S2", "limit.minimum", 500),
    Fact("S2-R15", "third_party@S2", "limit.maximum", 200_000),
    Fact("S2-R15", "third_party@S2", "price.daily_low", 0.02),
    Fact("S2-R15", "third_party@S2", "price.daily_high", 0.1),
    Fact("S2-R21 C10", "weilidai@S2", "repayment.method", "equal_principal"),
    Fact("S2-R21 C10", "weilidai@S2", "repayment.other_methods", ["interest_first"]),
    Fact("S2-R22 S2-R39", "fenfu@S2", "repayment.method", "revolving_daily"),
    Fact("S2-R22", "fenfu@S2", "repayment.other_methods", ["equal_instalment"]),
    Fact("S2-R23", "third_party@S2", "repayment.method", "equal_instalment"),
    Fact("S2-R23", "third_party@S2", "repayment.other_methods", ["bullet"]),
    Fact("S2-R34 C09", "weilidai@S2", "repayment.grace", 7),
    Fact("S2-R34", "fenfu@S2", "repayment.grace", 7),
    Fact("S2-R35 C13", "weilidai@S2", "repayment.penalty.rate", 0.05),
    Fact("S2-R35", "third_party@S2", "repayment.penalty.rate", 0.05),
    Fact("S2-R36 C26", "weilidai@S2", "repayment.report_dpd", 8),
    Fact("S2-R44", "weilidai@S2", "repayment.cooling_off", 24),
    # S3
    Fact("S3-R07", "weilidai@S3", "admission.spend.than", 3_000),
    Fact("S3-R08", "weilidai@S3", "admission.friends.than", 200),
    Fact("S3-R09", "weilidai@S3", "admission.balance.than", 5_000),
    Fact("S3-R10", "weilidai@S3", "admission.past_overdue.than", 1),
    Fact("S3-R11", "weilidai@S3", "admission.stability.than", 0.15),
    Fact("S3-R12 C08", "weilidai@S3", "admission.bureau_score.than", 650),
    Fact("S3-R16", "weilidai@S3", "limit.maximum", 200_000),
    Fact("S3-R17", "xiaoe@S3", "repayment.method", "equal_instalment"),
    Fact("S3-R18", "fenfu@S3", "repayment.method", "revolving_daily"),
    Fact("S3-R30", "weilidai@S3", "tiers.A.limit_low", 500),
    Fact("S3-R30", "weilidai@S3", "tiers.A.limit", 5_000),
    Fact("S3-R31", "weilidai@S3", "tiers.B.limit_low", 5_000),
    Fact("S3-R31", "weilidai@S3", "tiers.B.limit", 50_000),
    Fact("S3-R32", "weilidai@S3", "tiers.C.limit_low", 50_000),
    Fact("S3-R32", "weilidai@S3", "tiers.C.limit", 200_000),
    Fact("S3-R33", "weilidai@S3", "tiers.C.volume_credit", 1_000),
    Fact("S3-R33", "weilidai@S3", "tiers.A.volume_credit", 500),
    Fact("S3-R34", "weilidai@S3", "limit.wealth_from", 10_000),
    Fact("S3-R34", "weilidai@S3", "limit.wealth_factor", 1.1),
    Fact("S3-R35", "weilidai@S3", "limit.card_share", 0.3),
    Fact("S3-R40 C13", "weilidai@S3", "repayment.penalty.rate", 0.05),
    Fact("S3-R48 C26", "weilidai@S3", "repayment.report_dpd", 91),
    # S4
    Fact("S4-R05", "weilidai@S4", "limit.maximum", 200_000),
    Fact("S4-R05", "weilidai@S4", "lender", "bank"),
    Fact("S4-R06 S4-R09", "we2000@S4", "limit.maximum", 2_000),
    Fact("S4-R06 S4-R09", "we2000@S4", "limit.minimum", 2_000),
    Fact("S4-R07 S4-R10", "xiaoe@S4", "limit.maximum", 50_000),
    Fact("S4-R08", "fenfu@S4", "lender", "micro_loan_company"),
    Fact("S4-R08 C04", "fenfu@S4", "limit.maximum", 50_000),
    Fact("S4-R18", "weilidai@S4", "limit.minimum", 500),
    Fact("S4-R18 C02", "weilidai@S4", "price.daily_low", 0.02),
    Fact("S4-R18", "weilidai@S4", "price.daily_high", 0.05),
    Fact("S4-R19", "we2000@S4", "price.daily_low", 0.05),
    Fact("S4-R19", "we2000@S4", "price.daily_high", 0.05),
    Fact("S4-R20", "xiaoe@S4", "limit.minimum", 1_000),
    Fact("S4-R20", "xiaoe@S4", "price.daily_low", 0.05),
    Fact("S4-R20 C11", "xiaoe@S4", "price.daily_high", 0.098),
    Fact("C11", "xiaoe@S4", "price.seed_basis", 365),
    Fact("C11", "weilidai@S4", "price.seed_basis", 360),
    Fact("S4-R21 C03", "fenfu@S4", "price.daily_low", 0.04),
    Fact("S4-R21 C03", "fenfu@S4", "price.daily_high", 0.04),
    Fact("S4-R30 C10", "weilidai@S4", "repayment.method", "equal_instalment"),
    Fact("S4-R30 C10", "weilidai@S4", "repayment.other_methods", ["interest_first"]),
    Fact("S4-R30 C09", "weilidai@S4", "repayment.grace", 0),
    Fact("S4-R30", "weilidai@S4", "repayment.penalty.rate", 0.05),
    Fact("S4-R31", "we2000@S4", "repayment.method", "revolving_daily"),
    Fact("S4-R31 C09", "we2000@S4", "repayment.grace", 3),
    Fact("S4-R32 C09", "xiaoe@S4", "repayment.grace", 0),
    Fact("S4-R32 C13", "xiaoe@S4", "repayment.penalty.rate", 0.098),
    Fact("S4-R35 C26", "weilidai@S4", "repayment.report_dpd", 91),
    # S5
    Fact("S5-R02 C08", "weilidai@S5", "admission.pay_score.than", 600),
    Fact("S5-R04", "weilidai@S5", "admission.activity.than", 3),
    Fact("S5-R09", "weilidai@S5", "admission.documents.than", 6),
    Fact("S5-R25 C06", "weilidai@S5", "tiers.NEW.limit", 8_000),
    Fact("S5-R25", "weilidai@S5", "tiers.NEW.daily_rate", 0.03),
    Fact("S5-R25", "weilidai@S5", "tiers.NEW.daily_high", 0.05),
    Fact("S5-R26", "weilidai@S5", "tiers.QUALITY.limit_low", 8_000),
    Fact("S5-R26", "weilidai@S5", "tiers.QUALITY.limit", 40_000),
    Fact("S5-R26", "weilidai@S5", "tiers.QUALITY.daily_rate", 0.02),
    Fact("S5-R26", "weilidai@S5", "tiers.QUALITY.daily_high", 0.035),
    Fact("S5-R27", "weilidai@S5", "tiers.VIP.limit_low", 40_000),
    Fact("S5-R27", "weilidai@S5", "tiers.VIP.limit", 200_000),
    Fact("S5-R27 C02", "weilidai@S5", "tiers.VIP.daily_rate", 0.015),
    Fact("S5-R27", "weilidai@S5", "tiers.VIP.daily_high", 0.025),
    Fact("S5-R28 C13", "weilidai@S5", "repayment.penalty.kind", "uplift"),
    Fact("S5-R28 C13", "weilidai@S5", "repayment.penalty.rate", 0.5),
    Fact("S5-R28 C13", "weilidai@S5", "tiers.NEW.penalty", 0.5),
    Fact("S5-R28 C13", "weilidai@S5", "tiers.QUALITY.penalty", 0.3),
    Fact("S5-R28 C13", "weilidai@S5", "tiers.VIP.penalty", 0.2),
    Fact("S5-R46 C25", "weilidai@S5", "charges.early_settlement.rate", 0.01),
    Fact("S5-R49", "weilidai@S5", "repayment.tenor", 12),
    Fact("S5-R49 C10", "weilidai@S5", "repayment.other_tenors", [3, 6]),
    Fact("S5-R53 C24", "weilidai@S5", "limit.student", 1_000),
    # the house takes the careful side
    Fact("C01", "house@v1", "limit.maximum", 200_000),
    Fact("C02", "house@v1", "price.daily_low", 0.02),
    Fact("C03", "house@v1", "price.daily_high", 0.0657),
    Fact("C06", "house@v1", "tiers.G6.new_user_limit", 5_000),
    Fact("C09", "house@v1", "repayment.grace", 0),
    Fact("C26", "house@v1", "repayment.report_dpd", 8),
)


def found_at(product: Product, path: str) -> object:
    """The plain value at a path of keys."""
    place: Any = product
    for key in path.split("."):
        if isinstance(place, tuple):
            place = next(
                one
                for one in place
                if key in (getattr(one, name, None) for name in ("tier", "id", "taken"))
            )
        else:
            place = getattr(place, key)
    return [_plain(one) for one in place] if isinstance(place, tuple) else _plain(place)


def _plain(found: object) -> object:
    return found.value if isinstance(found, SourcedValue) else found


@pytest.mark.parametrize("fact", FACTS, ids=lambda f: f"{f.rules} {f.product} {f.at}")
def test_a_product_says_what_its_source_says(fact: Fact) -> None:
    assert found_at(products()[fact.product], fact.at) == fact.value


def test_nothing_is_charged_for_paying_on_time() -> None:
    """S1-R32: early settlement and extension cost, a payment on its day does not.

    The service fee is due at the end with the interest: it is the price itself (S1-R28).
    """
    taken = {charge.name: charge.taken for charge in products()["shanyin@S1"].charges}
    assert taken.pop("service fee") == "at_end"
    assert set(taken.values()) == {"early_settlement", "extension"}


def test_no_product_asks_for_a_paid_membership() -> None:
    """S1-R08: it would be a hidden fee."""
    asked = {criterion.fact for product in products().values() for criterion in product.admission}
    assert not any("member" in fact for fact in asked)
    assert (
        next(c for c in products()["shanyin@S1"].choices if c.key == "membership").chosen
        == "not asked for"
    )


def test_at_most_36_instalments() -> None:
    """S3-R39."""
    repayment = products()["weilidai@S3"].repayment
    assert max(tenor.value for tenor in (repayment.tenor, *repayment.other_tenors)) == 36


def test_three_ways_to_borrow_of_s2() -> None:
    """S2-R01, C10: each a product of its own, each version of Weilidai with its own method."""
    assert {name for name in products() if name.endswith("@S2")} == {
        "weilidai@S2",
        "fenfu@S2",
        "third_party@S2",
    }
    assert len([name for name in products() if name.startswith("weilidai@")]) == 5


def test_where_a_product_is_lent_by_a_bank_students_get_a_cap_and_elsewhere_none_is_needed() -> (
    None
):
    """S5-R53, C24: 1,000 at a bank; the law refuses a micro-loan company."""
    capped = {
        p.id: None if p.limit.student is None else p.limit.student.value
        for p in products().values()
    }
    assert {p.id for p in products().values() if p.lender == "micro_loan_company"} & {
        name for name, cap in capped.items() if cap
    } == set()
    assert {capped[p.id] for p in products().values() if p.lender == "bank"} == {1_000}


def test_every_product_names_its_licence() -> None:
    """S2-R11, S2-R48, S4-R37."""
    assert all(licence.number for p in products().values() for licence in p.licences)
    assert all(p.licences for p in products().values())
    assert {licence.kind for licence in products()["third_party@S2"].licences} == {
        "lending",
        "guarantee",
    }


def test_idle_money_is_said_to_raise_the_cost_of_we2000() -> None:
    """S4-R17 states no amount.

    The choice and its effect on the yearly cost stand in the file.
    """
    choice = next(c for c in products()["we2000@S4"].choices if c.key == "top-up before cash-out")
    assert choice.chosen == "0 CNY" and "18 % x 2000 / (2000 - x)" in choice.reason


def test_xiaoe_is_open_to_anyone_who_applies() -> None:
    """S3-R20, S4-R10: no invitation is asked for, as Weilidai's is (S2-R06, S3-R19, S5-R01)."""
    invited = {
        p.id for p in products().values() if any(c.fact == "is_invited" for c in p.admission)
    }
    assert invited == {"weilidai@S2", "weilidai@S3", "weilidai@S5"}
