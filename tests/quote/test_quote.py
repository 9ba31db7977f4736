"""A quotation to the cent, and what the law refuses (domain 4.2 negative tests).

With code and reason; a price is never clipped to a legal one.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner

from creditloom.decision.base.errors import DecisionError
from creditloom.decision.pricing.table import annual_table
from creditloom.decision.quote.lawful import refusals
from creditloom.decision.quote.quote import quote
from creditloom.decision.quote.request import Extra, Request
from creditloom.decision.rulebook.law import Law
from creditloom.decision.rulebook.price import loan_of
from creditloom.decision.rulebook.product import Product
from creditloom.decision.score.tiers import Tiers
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.pipeline.cli import build
from tests.decision.small import EDGES

DAY = dt.date(2024, 1, 31)


def quoted(product: str, amount: float, law: str = "off", **asked: Any) -> dict[str, Any]:
    files = paths.PRODUCTS / f"{product}.yaml", paths.LAW / f"{law}.yaml"
    request = Request(product=product, amount=amount, start=asked.pop("start", DAY), **asked)
    return quote(
        document(Product, files[0]), document(Law, files[1]), Tiers.from_edges(EDGES), request
    )


def codes(found: dict[str, Any]) -> list[str]:
    return [refusal["code"] for refusal in found["refusals"]]


def fee(taken: Any, rate: float, receiver: str = "platform") -> dict[str, Any]:
    return {"charges": (Extra("service fee", taken, rate, receiver),)}


def test_house_10000_at_005_is_n01() -> None:
    found = quoted("house_v1", 10_000, "cn_2025q4", daily_rate=0.05, start=dt.date(2026, 1, 31))
    rows = found["schedule"]
    assert (rows[0]["total_cny"], rows[0]["principal_cny"], rows[-1]["total_cny"]) == (
        "916.80",
        "766.80",
        "916.81",
    )
    assert (found["interest_cny"], found["total_cost_cny"], found["received_cny"]) == (
        "1001.61",
        "1001.61",
        "10000.00",
    )
    assert (rows[0]["due"], rows[1]["due"]) == ("2026-02-28", "2026-03-31")
    assert found["annual"]["irr12"] == pytest.approx(0.18) and found["annual"][
        "simple365"
    ] == pytest.approx(0.1825)


@pytest.mark.parametrize(
    ("shown", "is_right"), [(18.0, True), (18.5, True), (18.51, False), (17.4, False)]
)
def test_an_advertised_rate_may_be_half_a_point_off(shown: float, is_right: bool) -> None:
    """S2-R43: 10,000 at 0.05 % a day costs 18 % a year. Nothing is said where none is shown."""
    found = quoted("house_v1", 10_000, "cn_2025q4", daily_rate=0.05, shown_rate=shown)
    assert found["shown_rate"]["is_within"] is is_right
    plain = quoted("house_v1", 10_000, "cn_2025q4", daily_rate=0.05)
    assert plain == {name: value for name, value in found.items() if name != "shown_rate"}


def test_the_three_elements_and_every_receiver_are_told() -> None:
    """S1-R65, S4-R40: no charge without amount and receiver."""
    found = quoted("shanyin_S1", 1000, daily_rate=0.05)
    assert None not in (found["annualised_rate"], found["repayment_method"], found["overdue_cost"])
    assert all(charge["receiver"] for charge in found["charges"])
    assert {c["item"]: c["amount_cny"] for c in found["charges"]} == {
        "interest": "7.00",
        "service fee": "1.00",
        "early settlement fee": "10.00",
        "extension fee": "50.00",
    }


@pytest.mark.parametrize(("asked", "total"), [("VIP", 1.2), ("QUALITY", 1.3), (None, 1.5)])
def test_a_tier_is_late_at_its_own_penalty(asked: str | None, total: float) -> None:
    """S5-R28: 20 % more in VIP, 30 % in QUALITY; without a tier the highest, 50 %."""
    rate: dict[str, Any] = {"tier": asked} if asked else {"daily_rate": 0.02}
    late = quoted("weilidai_S5", 10_000, **rate)["overdue"]
    charged = Decimal(late["total_cny"]) / Decimal(late["interest_cny"])
    assert float(charged) == pytest.approx(total, abs=0.01)


def test_t14_the_penalty_of_shanyin_is_due_once() -> None:
    late = quoted("shanyin_S1", 3000, daily_rate=0.05, overdue_days=1)["overdue"]
    assert (late["principal_cny"], late["penalty_cny"]) == ("3000.00", "30.00")


def test_t25_cooling_off_costs_a_day_of_interest() -> None:
    """S2-R44."""
    found = quoted("weilidai_S2", 10_000, daily_rate=0.05)
    assert found["cooling_off"]["total_cny"] == "10005.00"


def test_n16_settled_together_with_the_sixth_payment() -> None:
    """31 July is the sixth due day: the balance and 1 % of it, no day of interest (S5-R46, C25)."""
    end = quoted("weilidai_S5", 10_000, daily_rate=0.05, tenor=12, settle_on=dt.date(2024, 7, 31))[
        "early_settlement"
    ]
    assert (end["after_payment"], end["balance_cny"], end["accrued_cny"], end["fee_cny"]) == (
        6,
        "5223.18",
        "0.00",
        "52.23",
    )


def test_settling_between_two_payments_owes_the_days_since_the_last() -> None:
    end = quoted("weilidai_S5", 10_000, daily_rate=0.05, tenor=12, settle_on=dt.date(2024, 8, 10))[
        "early_settlement"
    ]
    assert (end["after_payment"], end["accrued_cny"]) == (
        6,
        str((Decimal("5223.18") * 10 * Decimal("0.0005")).quantize(Decimal("0.01"))),
    )


# table: a case a row
@pytest.mark.parametrize(
    ("saved", "fees", "total"),
    [
        (0.005, "720.00", "3720.00"),  # reading A of T19: 2.0 % still due for each of six periods
        (0.0, "900.00", "3900.00"),
        (0.025, "0.00", "3000.00"),  # reading B, as where nothing is said
        (None, "0.00", "3000.00"),
    ],
)
def test_t19_a_fee_instalment_paid_early_saves_what_is_agreed(
    saved: float | None, fees: str, total: str
) -> None:
    """S5-R50."""
    charges = (Extra("instalment fee", "per_period", 0.025, "platform", saved),)
    loan: dict[str, Any] = {"daily_rate": 0.02, "method": "equal_principal", "tenor": 12}
    end = quoted("weilidai_S2", 6000, **loan, settle_on=dt.date(2024, 7, 31), charges=charges)[
        "early_settlement"
    ]
    assert (end["after_payment"], end["instalment_fees_cny"], end["total_cny"]) == (6, fees, total)


@pytest.mark.parametrize(
    ("taken", "saved"), [("per_period", 0.03), ("per_period", -0.001), ("at_end", 0.01)]
)
def test_nobody_saves_more_than_the_charge_of_a_period(taken: Any, saved: float) -> None:
    charges = (Extra("instalment fee", taken, 0.025, "platform", saved),)
    with pytest.raises(DecisionError, match="instalment fee"):
        quoted("house_v1", 6000, daily_rate=0.06, charges=charges)


def test_t12_an_extension_above_the_cap_is_refused_and_the_loan_is_not() -> None:
    """S1-R36: 5 % for 14 days is 130.36 % a year; 36 % of 1,000 for 14 days are 13.80 (F2)."""
    answer = quoted("shanyin_S1", 1000, "cn_2023", daily_rate=0.05)
    extended = answer["extension"]
    assert (answer["decision"], extended["decision"]) == ("offered", "refused")
    assert (extended["days"], extended["fee_cny"]) == (14, "50.00")
    assert (extended["largest_fee_cny"], round(extended["simple365"], 4)) == ("13.80", 1.3036)
    assert extended["effective"] == pytest.approx(1.05 ** (365 / 14) - 1)
    assert "130.36 % a year" in extended["en"] and "不提供展期" in extended["zh"]


def test_an_extension_under_the_cap_says_that_it_is_assessed_anew() -> None:
    """S1-R37; 1 % for 14 days is 26.07 % a year."""
    answer = quoted("weilidai_S2", 1000, "cn_2023", daily_rate=0.05, **fee("extension", 0.01))
    assert answer["extension"]["decision"] == "offered"
    assert "assessed anew" in answer["extension"]["en"] and "重新审核" in answer["extension"]["zh"]
    assert answer["extension"]["largest_fee_cny"] is None
    assert quoted("weilidai_S2", 1000, daily_rate=0.05)["extension"] is None


# table: a case a row
@pytest.mark.parametrize(
    ("settle_on", "days_used", "interest", "balance"),
    [
        (None, 30, "120.00", "10000.00"),
        (dt.date(2024, 2, 10), 10, "40.00", "0.00"),
        (DAY, 0, "0.00", "0.00"),
        (dt.date(2024, 3, 1), 30, "120.00", "0.00"),  # 30 days on: the day of repayment is free
        (dt.date(2024, 3, 2), 30, "120.00", "10000.00"),  # after the month
    ],
)
def test_a_month_of_a_revolving_line_costs_the_days_of_use(
    settle_on: dt.date | None, days_used: int, interest: str, balance: str
) -> None:
    """S3-R42, F9: 10,000 at 0.04 % a day."""
    answer = quoted("fenfu_S4", 10_000, daily_rate=0.04, settle_on=settle_on)
    month = answer["month_of_use"]
    figures = (month["days_used"], month["interest_cny"], month["balance_cny"])
    assert figures == (days_used, interest, balance)
    assert f"{days_used} days cost {interest} CNY" in month["en"]
    assert f"{days_used}天，利息{interest}元" in month["zh"]
    if balance == "0.00":
        assert answer["early_settlement"]["accrued_cny"] == interest


def test_only_a_revolving_line_has_a_month_of_use() -> None:
    assert quoted("house_v1", 10_000, daily_rate=0.05)["month_of_use"] is None


def test_a_tier_is_quoted_at_its_listed_rate() -> None:
    assert quoted("house_v1", 10_000, tier="G3")["daily_rate_percent"] == 0.03


# table: a case a row
@pytest.mark.parametrize(
    ("what", "found", "code"),
    [
        ("T03: 0.098 % a day from October 2025",
         lambda: quoted("xiaoe_S4", 5000, "cn_2025q4", daily_rate=0.098), "R1"),
        ("T06: 0.1 % a day is 36.5 % on 365 days",
         lambda: quoted("shanyin_S1", 1000, "cn_2023", daily_rate=0.1), "R1"),
        ("T09: 60 on 1,000, 7 days (S1-R30, C12)",
         lambda: quoted("shanyin_S1", 1000, "cn_2023", daily_rate=0.02, tenor=7,
                        **fee("at_end", 0.06)),
         "R1"),
        ("T11: 60 kept back",
         lambda: quoted("shanyin_S1", 1000, "cn_2023", daily_rate=0.02, tenor=7,
                        **fee("upfront", 0.06)),
         "R1"),
        ("T12: 5 % for 14 days",
         lambda: quoted("shanyin_S1", 1000, "cn_2023", daily_rate=0.02, **fee("at_end", 0.05)),
         "R1"),
        ("T16: 2.5 % a period (C17)",
         lambda: quoted("house_v1", 6000, "cn_2023", daily_rate=0.02, **fee("per_period", 0.025)),
         "R1"),
        ("T24: 0.05 % a day and a fee: 45 % a year (S4-R24)",
         lambda: quoted("house_v1", 6000, "cn_2023", daily_rate=0.05, **fee("upfront", 0.127)),
         "R1"),
        ("S5-R45: the fee of S5's instalments",
         lambda: quoted("weilidai_S5", 6000, "cn_2023", daily_rate=0.02,
                        **fee("per_period", 0.025)),
         "R1"),
        ("a fee that nobody is named for",
         lambda: quoted("house_v1", 6000, "cn_2023", daily_rate=0.02, **fee("at_end", 0.001, "")),
         "R10"),
        ("S1's penalty of 1 % at once",
         lambda: quoted("shanyin_S1", 1000, "cn_2025q4", daily_rate=0.05), "R15"),
    ],
)  # fmt: skip
def test_refused_with_code_and_reason_and_without_a_schedule(
    what: str, found: Any, code: str
) -> None:
    answer = found()
    assert code in codes(answer), what
    assert answer["decision"] == "refused" and "schedule" not in answer
    assert all(refusal["reason"] for refusal in answer["refusals"])


def test_a_licence_without_its_number_refuses() -> None:
    third = document(Product, paths.PRODUCTS / "third_party_S2.yaml")
    law = document(Law, paths.LAW / "cn_2025q4.yaml")
    secret = replace(
        third, licences=tuple(replace(licence, number=None) for licence in third.licences)
    )
    assert "L1" in [
        refusal.code
        for refusal in refusals(secret, law, annual_table(loan_of(third), [0.0002])[0], 5000.0)
    ]


def test_the_same_loan_is_lawful_a_step_below_the_cap() -> None:
    """0.065 % a day is 23.725 % on 365 days, which the cap of 24 % allows.

    A fee that passes the cap is refused (S4-R03, C28).
    """
    assert codes(quoted("house_v1", 10_000, "cn_2025q4", daily_rate=0.065)) == []
    assert codes(
        quoted("house_v1", 10_000, "cn_2025q4", daily_rate=0.065, **fee("upfront", 0.01))
    ) == ["R1"]


def test_a_rate_over_the_cap_is_told_the_highest_that_is_allowed() -> None:
    """N19: 24 % on 365 days is 0.0657 % a day, on the grid of 0.001 % it is 0.065 %."""
    allowed = quoted("xiaoe_S4", 5000, "cn_2025q4", daily_rate=0.098)["most_allowed"]
    assert (allowed["cap"], allowed["daily_rate_percent"]) == (0.24, 0.065)
    # The rate alone is over the cap: no charge may come on top.
    assert (allowed["upfront_percent"], allowed["per_period_percent"]) == (None, None)
    assert "at most 0.065 % a day" in allowed["en"] and "日利率最高0.065%" in allowed["zh"]
    again = quoted("xiaoe_S4", 5000, "cn_2025q4", daily_rate=allowed["daily_rate_percent"])
    above = quoted("xiaoe_S4", 5000, "cn_2025q4", daily_rate=0.066)
    assert "R1" not in codes(again) and "R1" in codes(above)


def test_a_rate_over_the_cap_on_365_days_alone_leaves_no_charge() -> None:
    """0.066 % a day is 23.76 % as IRR x 12 and 24.09 % as simple365, over 24 %."""
    allowed = quoted("xiaoe_S4", 5000, "cn_2025q4", daily_rate=0.066)["most_allowed"]
    assert (allowed["upfront_percent"], allowed["per_period_percent"]) == (None, None)


def test_a_product_that_is_too_dear_at_its_lowest_rate_has_none_that_is_allowed() -> None:
    """T04 against 12 %: 0.04 % a day is the only rate of Fenfu."""
    allowed = quoted("fenfu_S4", 5000, "cn_2027", daily_rate=0.04)["most_allowed"]
    assert (allowed["daily_rate_percent"], allowed["cap"]) == (None, 0.12)
    assert "no rate of the product" in allowed["en"] and "没有合规的利率" in allowed["zh"]


@pytest.mark.parametrize(
    ("product", "method"), [("house_v1", "equal_instalment"), ("weilidai_S2", "interest_first")]
)
@pytest.mark.parametrize("taken", ["upfront", "per_period"])
def test_the_largest_charge_under_the_cap_is_allowed_and_a_step_more_is_not(
    product: str, method: Any, taken: str
) -> None:
    """S4-R24: what stands in the advertisement is 0.05 % a day; the cap bounds the fee."""
    loan: dict[str, Any] = {"daily_rate": 0.05, "method": method}
    allowed = quoted(product, 6000, "cn_2023", **loan, **fee(taken, 0.3))["most_allowed"]
    percent = allowed[f"{taken}_percent"]
    assert f"{percent:g} %" in allowed["en"] and f"{percent:g}%" in allowed["zh"]
    share = round(percent / 100, 6)
    again = quoted(product, 6000, "cn_2023", **loan, **fee(taken, share))
    above = quoted(product, 6000, "cn_2023", **loan, **fee(taken, share + 0.000001))
    assert (codes(again), codes(above)) == ([], ["R1"])
    assert again["most_allowed"] is None


def test_t10_the_largest_cost_of_seven_days() -> None:
    """S1-R30: of 1,000 for 7 days under 36 % are 6.90: 1.40 interest, 1.00 of the service fee."""
    loan: dict[str, Any] = {"daily_rate": 0.02, "tenor": 7}
    allowed = quoted("shanyin_S1", 1000, "cn_2023", **loan, **fee("at_end", 0.06))["most_allowed"]
    assert (allowed["cost_cny"], allowed["upfront_percent"]) == ("6.90", None)
    assert "6.90 CNY" in allowed["en"] and "6.90元" in allowed["zh"]
    assert codes(quoted("shanyin_S1", 1000, "cn_2023", **loan, **fee("at_end", 0.0045))) == []
    assert codes(quoted("shanyin_S1", 1000, "cn_2023", **loan, **fee("at_end", 0.00451))) == ["R1"]


def test_a_refusal_for_another_reason_names_no_allowed_price() -> None:
    refused = quoted("house_v1", 6000, "cn_2023", daily_rate=0.02, **fee("at_end", 0.001, ""))
    assert codes(refused) == ["R10"] and refused["most_allowed"] is None


# table: a case a row
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"daily_rate": 0.0655}, "in steps of 0.001"),
        ({"daily_rate": 0.05, "tenor": 7}, "12 months"),
        ({"daily_rate": 0.05, "method": "bullet"}, "equal_instalment"),
        ({}, "either a daily rate or a tier"),
        ({"tier": "G9"}, "G7"),
    ],
)
def test_what_the_product_does_not_offer_is_refused_in_words(
    asked: dict[str, Any], expected: str
) -> None:
    with pytest.raises(DecisionError, match=expected):
        quoted("house_v1", 10_000, **asked)


def test_an_amount_over_the_product_is_refused_in_words() -> None:
    with pytest.raises(DecisionError, match=r"500\.00 to 200,000\.00 CNY"):
        quoted("house_v1", 200_000.01, daily_rate=0.05)


def test_json_in_json_out_and_the_exit_code_of_a_refusal() -> None:
    """Flags stand over what the JSON says."""
    text = json.dumps(
        {
            "product": "house_v1",
            "amount": 3000,
            "daily_rate": 0.04,
            "law": "cn_2025q4",
            "start": "2026-03-01",
        }
    )
    run = CliRunner().invoke(
        build(["quote", "params"]),
        ["quote", "--input", "-", "--amount", "6000", "--json"],
        input=text,
    )
    assert (run.exit_code, json.loads(run.stdout)["amount_cny"]) == (0, "6000.00")
    refused = [
        "quote",
        "--product",
        "xiaoe@S4",
        "--amount",
        "5000",
        "--rate",
        "0.098",
        "--law",
        "cn_2025q4",
        "--json",
    ]
    run = CliRunner().invoke(build(["quote", "params"]), refused)
    assert run.exit_code == 2 and "R1" in codes(json.loads(run.stdout))
