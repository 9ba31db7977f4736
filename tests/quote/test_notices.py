"""Warnings and rights beside an offer."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from creditloom.decision.quote.notices import NOTICES, PARTNER
from tests.quote.test_quote import quoted


def told(product: str, **asked: Any) -> dict[str, str]:
    return {
        notice["id"]: notice["en"]
        for notice in quoted(product, 3000, daily_rate=0.05, **asked)["notices"]
    }


# table: a case a row
@pytest.mark.parametrize(
    ("rules", "id_", "says"),
    [
        ("S1-R22", "risk", "Borrowing has risks"),
        ("S1-R67 S3-R55 S5-R58", "emergency", "not for lasting ones"),
        ("S4-R49", "purpose", "medicine or schooling"),
        ("S2-R04 S5-R44", "review", "a person to look at it"),
        ("S3-R53", "dispute", "may be disputed"),
        ("S2-R52", "bureau_record", "your own bureau report"),
    ],
)
def test_every_offer_carries_its_warnings_and_rights(rules: str, id_: str, says: str) -> None:
    assert says in told("house_v1", start=dt.date(2026, 3, 1))[id_]
    assert {
        rule.strip(",") for notice in NOTICES if notice.id == id_ for rule in notice.source.split()
    } == set(rules.split())


def test_a_partners_offer_says_to_check_the_licence() -> None:
    """S2-R53."""
    assert PARTNER.id in told("third_party_S2") and PARTNER.id not in told("house_v1")


def test_both_languages_say_something_and_no_id_twice() -> None:
    assert all(notice.en and notice.zh for notice in (*NOTICES, PARTNER))
    assert len({notice.id for notice in (*NOTICES, PARTNER)}) == len(NOTICES) + 1
