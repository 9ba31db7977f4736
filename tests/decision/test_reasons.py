"""Claims about reasons.

An adverse decision always has some. They are specific, ranked and in two languages, and name no
protected attribute.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from creditloom.decision.base.catalogue import Feature
from creditloom.decision.decide import Decider
from creditloom.decision.reasons.reasons import EXPLAINS, TOP, score_reasons
from creditloom.decision.reasons.text import LANGUAGES, Language, behaviours
from creditloom.decision.rules.limit import CAP_TEXTS
from creditloom.decision.rules.rules import RULES
from creditloom.decision.score.scorer import Reference
from creditloom.decision.score.tree_model import by_concept
from tests.decision import small

PROTECTED = re.compile(
    r"\b(age|gender|sex|race|region|province|occupation|student|married|religion)\b"
    r"|年龄|性别|民族|地区|职业|学生|婚姻|宗教",
    re.I,
)

# What a person did, with its number; or that the records do not show it.
BEHAVIOUR = (
    r"(behaviour \d in the last 3 months: .+"
    r"|Your records hold nothing that shows behaviour \d in the last 3 months)"
)


def behaviour(feature: Feature, value: float, language: Language) -> str:
    """One value in words."""
    (words,) = behaviours([feature], np.array([0]), np.array([value]), language).to_pylist()
    return words


def told_of(
    decider: Decider, points: np.ndarray, reference: Reference
) -> tuple[np.ndarray, np.ndarray]:
    """Points of features as (points, lead) of their concepts."""
    catalogue = decider.bundle.scorer.catalogue
    return by_concept(
        points,
        catalogue.concept_of,
        reference.features(catalogue),
        np.arange(len(catalogue.features)),
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("explain", ["adverse", "all"])
def test_every_adverse_decision_and_every_cut_has_a_reason(
    decider: Decider, applications: pd.DataFrame, explain: Any, language: Any
) -> None:
    found = decider.decide(applications, explain=explain, language=language)
    adverse = found["decision"] != "approve"
    cut = ~found["limiting_cap"].isin(["product_max", "tier_max"]) & found["limiting_cap"].notna()
    assert adverse.any() and (cut & ~adverse).any()
    assert (found.loc[adverse | cut, "reasons"].map(len) > 0).all()
    assert all(r["text"] and r["concept"] for reasons in found["reasons"] for r in reasons)


def test_a_decline_by_score_names_one_to_four_behaviours_with_their_numbers(
    decisions: pd.DataFrame,
) -> None:
    declined = decisions[
        (decisions["decision"] == "decline") & decisions["tier"].isin(["G8", "G9", "G10"])
    ]
    assert len(declined) > 50
    for reasons in declined["reasons"]:
        told = [r for r in reasons if r["points"] is not None]
        assert 1 <= len(told) <= TOP
        assert [r["points"] for r in told] == sorted(r["points"] for r in told)
        assert all(r["points"] < 0 and re.fullmatch(BEHAVIOUR, r["text"]) for r in told)


def test_points_of_a_reason_are_the_concepts_points_against_the_reference(
    decider: Decider, decisions: pd.DataFrame
) -> None:
    mean = decider.bundle.reference.concept_points
    for _, row in decisions[decisions["tier"] == "G9"].iterrows():
        for reason in row["reasons"]:
            if reason["points"] is not None:
                assert reason["points"] == pytest.approx(
                    row[f"points_{reason['concept']}"] - mean[reason["concept"]], abs=1e-6
                )


def test_the_reference_is_the_mean_of_the_approved_never_of_the_batch(
    decider: Decider, applications: pd.DataFrame
) -> None:
    worst = applications.assign(f1=9.0)
    part = decider.decide(worst.iloc[:50])
    whole = decider.decide(worst)
    assert part["reasons"].tolist() == whole["reasons"].iloc[:50].tolist()


def test_a_refusal_rests_on_its_rule_alone(
    decisions: pd.DataFrame, decider: Decider, applications: pd.DataFrame
) -> None:
    found = decider.decide(applications)
    refused = found[found["decision"] == "refuse"]
    assert len(refused) > 20
    assert (refused["refusal_codes"].map(len) > 0).all()
    assert all(r["points"] is None for reasons in refused["reasons"] for r in reasons)
    assert (found.loc[found["decision"] != "refuse", "refusal_codes"].map(len) == 0).all()


def test_equal_losses_rank_by_the_order_of_concepts(decider: Decider) -> None:
    scorer = decider.bundle.scorer
    reference = Reference(dict.fromkeys(scorer.catalogue.concept_ids, 0.0), 1)
    features = np.full((1, 10), -1.0)
    features[0, 3] -= 4e-8  # below the rounding of 1e-6: not a difference
    told = score_reasons(
        scorer.catalogue, reference, np.zeros((1, 10)), told_of(decider, features, reference), "en"
    )
    assert told.concept.to_pylist() == list(scorer.catalogue.concept_ids[:4])
    assert told.text.to_pylist()[3] == "behaviour 3 in the last 3 months: 0 days"


def test_a_concept_speaks_through_its_feature_with_the_largest_loss(decider: Decider) -> None:
    scorer = decider.bundle.scorer
    reference = Reference(dict.fromkeys(scorer.catalogue.concept_ids, 0.0), 1, {"f0": -7.0})
    features = np.zeros((1, 10))
    features[0, [0, 5]] = -8.0, -3.0  # f0 usually costs 7, so f5 lost more
    told = score_reasons(
        scorer.catalogue, reference, np.zeros((1, 10)), told_of(decider, features, reference), "en"
    )
    assert (told.concept.to_pylist(), told.text.to_pylist()) == (
        ["fund_retention"],
        ["behaviour 5 in the last 3 months: 0 CNY"],
    )


def test_an_adverse_decision_has_a_reason_even_where_nothing_lies_below_the_reference(
    decider: Decider,
) -> None:
    scorer = decider.bundle.scorer
    reference = Reference(dict.fromkeys(scorer.catalogue.concept_ids, 0.0), 1)
    features = np.ones((2, 10))
    told = score_reasons(
        scorer.catalogue, reference, np.zeros((2, 10)), told_of(decider, features, reference), "en"
    )
    assert told.row.tolist() == [0, 1]


def test_without_explanation_rules_still_speak(
    decider: Decider, applications: pd.DataFrame
) -> None:
    assert set(EXPLAINS) == {"adverse", "all", "none"}
    found = decider.decide(applications, explain="none")
    assert (found.loc[found["decision"] == "refuse", "reasons"].map(len) > 0).all()
    assert all(r["points"] is None for reasons in found["reasons"] for r in reasons)


def test_no_sentence_names_a_protected_attribute() -> None:
    sentences = [t for rule in RULES for t in (rule.text_en, rule.text_zh)] + [
        t for pair in CAP_TEXTS.values() for t in pair
    ]
    assert [s for s in sentences if PROTECTED.search(s)] == []
    assert all(s.strip() for s in sentences)


# table: a case a row
@pytest.mark.parametrize(
    ("unit", "value", "en", "zh"),
    [
        ("share", 0.125, "late bills: 12.5 %", "逾期账单：12.5%"),
        ("CNY", 1234.4, "late bills: 1,234 CNY", "逾期账单：1,234元"),
        ("CNY", -0.3, "late bills: 0 CNY", "逾期账单：0元"),
        ("count", 5.0, "late bills: 5", "逾期账单：5"),
        ("days", 2.5, "late bills: 2.50 days", "逾期账单：2.50天"),
        ("ratio", 0.318, "late bills: 0.32", "逾期账单：0.32"),
        ("count", float("nan"), "late bills: no record", "逾期账单：无记录"),
    ],
)
def test_values_in_words(unit: str, value: float, en: str, zh: str) -> None:
    feature = Feature("f", "payment_flow", "c", unit=unit, text_en="late bills", text_zh="逾期账单")
    assert (behaviour(feature, value, "en"), behaviour(feature, value, "zh")) == (en, zh)


def test_a_column_of_values_is_told_as_each_of_them_alone() -> None:
    """Out of order, with repeats, halves and huge amounts."""
    rng = np.random.default_rng(4)
    units = ("share", "CNY", "count", "days", "log CNY")
    features = [
        Feature(f"f{k}", "own", "c", unit=unit, aggregate="mean", text_en=f"text {k}", text_zh="")
        for k, unit in enumerate(units)
    ]
    which = rng.integers(0, len(features), 300)
    values = rng.choice(
        [np.nan, -0.0, 0.5, 1.5, 2.5, 0.005, 0.015, -0.004, 12.3456, 1e6 + 0.5, 40.0, -3.0], 300
    )
    for language in LANGUAGES:
        alone = [behaviour(features[k], v, language) for k, v in zip(which, values, strict=True)]
        assert behaviours(features, which, values, language).to_pylist() == alone
    assert behaviours(features, which[:0], values[:0], "en").to_pylist() == []


def test_a_logarithm_is_also_told_in_yuan_but_not_its_spread() -> None:
    level = Feature(
        "f",
        "assets",
        "c",
        unit="log CNY",
        aggregate="mean",
        text_en="log balance in fen",
        text_zh="对数余额",
    )
    assert behaviour(level, math.log(80_300), "en") == "log balance in fen: 11.29 (about 803 CNY)"
    assert behaviour(level, 0.0, "zh") == "对数余额：0（约0元）"
    assert behaviour(replace(level, aggregate="std"), 1.4, "en") == "log balance in fen: 1.40"


def test_a_category_is_told_by_its_name() -> None:
    feature = Feature(
        "f", "own", "c", text_en="housing", text_zh="住房", categories=("rent", "own")
    )
    assert behaviour(feature, 1.0, "zh") == "住房：own"


def test_chinese_reasons_say_the_same_as_english_ones(
    decider: Decider, applications: pd.DataFrame
) -> None:
    en, zh = (decider.decide(applications, language=language) for language in LANGUAGES)
    for one, two in zip(en["reasons"], zh["reasons"], strict=True):
        assert [(r["concept"], r["points"]) for r in one] == [
            (r["concept"], r["points"]) for r in two
        ]
        assert all(re.search(r"[\u4e00-\u9fff]", r["text"]) for r in two)
    assert (en["decision_id"] == zh["decision_id"]).all()


def test_reasons_are_plain_json(decisions: pd.DataFrame) -> None:
    assert json.loads(json.dumps(decisions["reasons"].tolist())) == decisions["reasons"].tolist()
    assert small.CONCEPTS[0].id in json.dumps(decisions["reasons"].tolist())
