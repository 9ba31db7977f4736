"""Claims about the sentences of features: both sides, both languages, and what is never said."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest

from creditloom.features.aggregates.aggregates import AGGREGATES
from creditloom.features.contract.tables import TABLES
from creditloom.features.declare.registry import catalogue

SIDES = ("high_en", "low_en", "high_zh", "low_zh")
UNSAYABLE = re.compile(r"\b(spread|variety|centrality|irregularity|variation|slope|core)\b", re.I)


@cache
def features() -> tuple[dict[str, Any], ...]:
    return tuple(catalogue(TABLES)["features"])


@pytest.mark.parametrize("side", SIDES)
def test_every_feature_has_a_sentence(side: str) -> None:
    is_zh = side.endswith("zh")
    for feature in features():
        text = feature[side]
        assert text and bool(re.search(r"[\u4e00-\u9fff]", text)) is is_zh, feature["name"]
        # The value comes before what is typical; a mark has neither.
        if feature["aggregate"] == "mark":
            assert "{" not in text
            continue
        assert re.fullmatch(r"[^{}]*\{value\}[^{}]*\{typical\}[^{}]*", text), text


def test_high_and_low_say_different_things() -> None:
    for feature in features():
        assert feature["high_en"] != feature["low_en"] and feature["high_zh"] != feature["low_zh"]


def test_what_a_person_cannot_understand_is_not_said() -> None:
    said = [feature for feature in features() if feature["is_sayable"]]
    assert 1_500 < len(said) < len(features())
    wrong = [f["name"] for f in said if UNSAYABLE.search(f["high_en"])]
    assert wrong == []
    spoken = {feature["aggregate"] for feature in said}
    silent = {name for name, aggregate in AGGREGATES.items() if not aggregate.is_sayable}
    assert silent and not spoken & silent
    assert {"ratio", "entropy", "cv", "slope"}.isdisjoint(spoken)


def test_nobody_is_told_to_change_friends_or_the_past() -> None:
    actionable = [feature for feature in features() if feature["is_actionable"]]
    assert all(feature["is_sayable"] for feature in actionable)
    assert not {f["aggregate"] for f in actionable} & {"tenure", "recency"}
    assert not {f["family"] for f in actionable} & {"social_graph"}


def test_other_peoples_loans_are_not_said() -> None:
    assert not any(f["is_sayable"] for f in features() if f["concept"] == "circle_repayment")


def test_no_plural_follows_a_bare_number() -> None:
    """A count may be 1: "1 lenders" is nothing to say to a person."""
    counted = [f for f in features() if f["is_sayable"] and f["unit"] in ("count", "ratio")]
    plural = re.compile(r"\{value\} (\w+ ){0,2}\w+s\b")
    assert plural.search("we count {value} different lenders among")
    assert [f["name"] for f in counted if plural.search(f["high_en"])] == []


def test_an_amount_has_its_unit() -> None:
    levels = [f for f in features() if f["aggregate"] == "months_over"]
    assert levels and all(" CNY or more" in f["high_en"] for f in levels)
