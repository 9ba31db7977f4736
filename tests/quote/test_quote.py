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


def test_the_three_elements_and_every_receiver_are_told() -> None:
    """S1-R65, S4-R40: no charge without amount and receiver."""
    found = quoted("shanyin_S1", 1000, daily_rate=0.05)
    assert None not in (found["annualised_rate"], found["repayment_method"], found["overdue_cost"])
    assert all(charge["receiver"] for charge in found["charges"])
    assert {c["item"]: c["amount_cny"] for c in found["charges"]} == {
        "interest": "7.00",
        "early settlement fee": "10.00",
        "extension fee": "50.00",
    }


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
