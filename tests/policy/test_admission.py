"""Who is admitted: every refusal and every referral on both sides of its threshold.

See domain 5.3, 0.9-0.11.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from creditloom.decision.rulebook.condition import SourcedValue
from creditloom.decision.rulebook.product import Charge, PenaltyTerms, Product
from tests.decision.small import house
from tests.policy.officer import decided

MICRO = replace(house(), lender="micro_loan_company")


@pytest.mark.parametrize(
    ("tier", "decision"),
    [("G1", "approve"), ("G6", "approve"), ("G7", "refer"), ("G8", "decline"), ("G10", "decline")],
)
def test_the_tier_alone_decides_an_ordinary_application(tier: str, decision: str) -> None:
    assert decided(tier).decision == decision


# table: a case a row
@pytest.mark.parametrize(
    ("situation", "changes", "decision", "codes"),
    [
        ("the day of the eighteenth birthday", {"age_years": 18}, "approve", ()),
        ("the day before", {"age_years": 17}, "refuse", ("R4",)),
        ("age not known: a person looks at it", {"age_years": None}, "refer", ()),
        (
            "a student with a second source",
            {"is_student": True, "has_second_source": True},
            "approve",
            (),
        ),
        (
            "a student without one",
            {"is_student": True, "has_second_source": False},
            "refuse",
            ("R5",),
        ),
        (
            "a student whose second source nobody checked",
            {"is_student": True, "has_second_source": None},
            "refuse",
            ("R5",),
        ),
        ("student or not is not declared", {"is_student": None}, "refer", ()),
        ("no bureau consent", {"consent_bureau": False}, "refuse", ("R6",)),
        ("bureau consent not recorded is no consent", {"consent_bureau": None}, "refuse", ("R6",)),
        (
            "no social consent: the family is simply not used",
            {"consent_social": False},
            "approve",
            (),
        ),
        ("no asset consent", {"consent_assets": False}, "approve", ()),
        ("no location consent", {"consent_location": False}, "approve", ()),
        ("data sent without consent", {"unconsented": True}, "refuse", ("R6",)),
        ("money for securities", {"purpose": "securities"}, "refuse", ("R13",)),
        (
            "money for wealth products: the product's own ban",
            {"purpose": "wealth_products"},
            "refuse",
            ("R13",),
        ),
        ("money to repay another loan", {"purpose": "other_loan_repayment"}, "refuse", ("R13",)),
        ("purpose not declared", {"purpose": None}, "refer", ()),
        ("income not verified (S3-R27)", {"verified_income": None}, "refer", ()),
        ("debt service not known", {"debt_service": None}, "refer", ()),
        ("exposure not known", {"exposure": None}, "refer", ()),
        (
            "two refusals are both named",
            {"age_years": 16, "consent_bureau": False},
            "refuse",
            ("R4", "R6"),
        ),
        (
            "a refusal outranks a missing input",
            {"age_years": 16, "verified_income": None},
            "refuse",
            ("R4",),
        ),
        ("no law profile covers the day", {"as_of": "2022-12-31T15:59:59"}, "refuse", ("R0", "P0")),
        ("the first second of 2023 in China", {"as_of": "2022-12-31T16:00:00"}, "approve", ()),
    ],
)
def test_admission(
    situation: str, changes: dict[str, object], decision: str, codes: tuple[str, ...]
) -> None:
    found = decided("G3", **changes)  # type: ignore[arg-type]
    assert (found.decision, found.codes) == (decision, codes), situation
    if decision != "approve":
        assert found.reasons, "an adverse decision names its rule"


def test_a_worse_tier_is_never_improved_by_a_referral() -> None:
    assert decided("G8", verified_income=None).decision == "decline"


def test_a_micro_loan_company_may_not_lend_to_students_even_with_a_second_source() -> None:
    found = decided(product=MICRO, is_student=True, has_second_source=True)
    assert (found.decision, found.codes) == ("refuse", ("R5",))


def test_the_same_lender_may_lend_to_others() -> None:
    assert decided(product=MICRO).decision == "approve"


@pytest.mark.parametrize(
    ("last_day", "decision"),
    [("2025-09-30T15:59:59", "approve"), ("2025-09-30T16:00:00", "refuse")],
)
def test_a_price_over_24_per_cent_is_refused_from_october_2025(
    last_day: str, decision: str
) -> None:
    found = decided("G6", product=_priced(0.066), as_of=last_day)
    assert (found.decision, found.codes) == (decision, ("R1",) if decision == "refuse" else ())


@pytest.mark.parametrize(("daily", "decision"), [(0.065, "approve"), (0.066, "refuse")])
def test_the_cap_looks_at_365_days(daily: float, decision: str) -> None:
    """0.066 % a day is 23.76 % on 360 days and 24.09 % on 365: refused, not clipped."""
    assert decided("G6", product=_priced(daily)).decision == decision


def test_the_products_own_cap_counts_fees_under_the_older_law_too() -> None:
    """0.05 % a day and 2 % upfront are 22 % as IRR x 12.

    That is under the law's 36 % and over the product's 20 % (S1-R28: fee and interest count).
    """
    fee = Charge("arrangement", "upfront", SourcedValue(0.02, "share", "test"), "lender")
    price = replace(
        house().price,
        daily_high=SourcedValue(0.05, "percent_per_day", "test"),
        all_in_cap=SourcedValue(0.2, "share_per_year", "test"),
    )
    costly = replace(house(), price=price, charges=(fee,))
    assert decided("G7", product=costly, as_of="2024-05-01").codes == ("R1",)
    assert decided("G7", product=replace(costly, charges=()), as_of="2024-05-01").codes == ()


def test_a_price_that_does_not_cover_the_risk_within_the_band_is_declined() -> None:
    price = replace(
        house().price,
        daily_high=SourcedValue(0.05, "percent_per_day", "test"),
        lgd=SourcedValue(6.0, "share", "test"),
    )
    found = decided("G7", product=replace(house(), price=price))
    assert (found.decision, found.codes, "F18" in found.reasons) == ("decline", (), True)


# table: a case a row
@pytest.mark.parametrize(
    ("code", "limits", "repayment"),
    [
        ("R2", {"maximum": SourcedValue(300_000, "CNY", "C01")}, {}),
        ("R3", {}, {"method": "bullet", "tenor": SourcedValue(13, "months", "test")}),
        (
            "R15",
            {},
            {"penalty": PenaltyTerms("uplift", SourcedValue(0.51, "share", "test"), replaces=True)},
        ),
    ],
)
def test_a_product_that_breaks_the_law_is_refused_as_a_whole(
    code: str, limits: dict[str, object], repayment: dict[str, object]
) -> None:
    product = replace(
        house(),
        limit=replace(house().limit, **limits),
        repayment=replace(house().repayment, **repayment),
    )
    assert decided(product=product).codes == (code,)
    assert decided(product=product, law=("off",)).codes == ()


def test_penalties_of_the_sources_are_exempt_before_october_2025() -> None:
    penalty = PenaltyTerms("uplift", SourcedValue(2.0, "share", "S5"), replaces=True)
    product = replace(house(), repayment=replace(house().repayment, penalty=penalty))
    assert decided(product=product, as_of="2025-09-30").codes == ()


def _priced(daily: float) -> Product:
    """The house with one rate for G6 and a wide band, so that only the cap can speak."""
    tiers = tuple(
        replace(t, daily_rate=SourcedValue(daily, "percent_per_day", "test"))
        if t.tier in ("G6", "G7")
        else t
        for t in house().tiers
    )
    price = replace(
        house().price, daily_high=SourcedValue(0.1, "percent_per_day", "test"), all_in_cap=None
    )
    return replace(house(), price=price, tiers=tiers)
