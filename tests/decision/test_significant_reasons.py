"""Claims about reasons from format 5 on.

A concept is cited where it lost more than its error: none is forced, none fills up. A decline that
nothing explains goes to a person, and a referral says first why a person is needed. What cannot be
said gives way to its concept.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditloom.decision.base.errors import DecisionError
from creditloom.decision.bundle import Bundle, write_manifest
from creditloom.decision.decide import Decider
from creditloom.decision.reasons.sentences import OF_CONCEPT, Cited, SentenceBook, sentences
from creditloom.decision.reasons.significance import BY_GRADE, UNEXPLAINED, significant
from creditloom.decision.score.scorer import Reference
from tests.decision import small

WORDS = {
    "high_en": "You have {value}; people we approve have {typical}",
    "low_en": "You have only {value}; people we approve have {typical}",
    "high_zh": "您为{value}，获批客户为{typical}",
    "low_zh": "您仅为{value}，获批客户为{typical}",
}


def changed(folder: Path, name: str, change: Any) -> Path:
    """Change one document of a bundle, and sign it anew."""
    file = folder / name
    file.write_text(json.dumps(change(json.loads(file.read_text()))))
    write_manifest(folder)
    return folder


def with_errors(folder: Path, points: float) -> Path:
    """Give every concept the same error."""
    errors = dict.fromkeys((c.id for c in small.CONCEPTS), points)
    return changed(folder, "reference.json", lambda r: {**r, "concept_errors": errors})


# Gains of five concepts, one list a person.
FIVE = st.lists(st.integers(-9, 9), min_size=5, max_size=5)


@given(st.lists(FIVE, min_size=1, max_size=20), st.integers(0, 6), st.integers(1, 5))
def test_what_is_cited_is_what_a_plain_search_finds(
    gains: list[list[int]], error: int, most: int
) -> None:
    order, is_cited = significant(np.array(gains, float), np.full(5, float(error)), most)
    for row, gain in enumerate(gains):
        lost = sorted((value, place) for place, value in enumerate(gain) if value < -error)
        assert order[row][is_cited[row]].tolist() == [place for _, place in lost[:most]]


@pytest.fixture(scope="module")
def unexplained(
    tmp_path_factory: pytest.TempPathFactory, applications: pd.DataFrame
) -> pd.DataFrame:
    """The decisions of a bundle whose errors no concept exceeds."""
    folder = with_errors(small.write_bundle(tmp_path_factory.mktemp("unexplained")), 900.0)
    return Decider.load(folder, 1).decide(applications)


def test_a_decline_that_nothing_explains_goes_to_a_person_and_says_so(
    unexplained: pd.DataFrame, decisions: pd.DataFrame
) -> None:
    was_declined = (decisions["decision"] == "decline") & decisions["tier"].isin(["G8", "G9"])
    assert was_declined.sum() > 20
    now = unexplained[was_declined.to_numpy()]
    assert set(now["decision"]) == {"refer"}
    assert {reasons[0]["concept"] for reasons in now["reasons"]} == {UNEXPLAINED}
    # Nothing is offered before a person has looked.
    assert now["limit_cny"].isna().all() and now["daily_rate"].isna().all()


def test_the_decision_does_not_hang_on_what_is_explained(tmp_path: Path) -> None:
    decider = Decider.load(with_errors(small.write_bundle(tmp_path), 6.0), 1)
    outcomes = [
        decider.decide(small.frame(), explain=explain)["decision"].tolist()
        for explain in ("none", "adverse", "all")
    ]
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_a_referral_says_first_why_a_person_is_needed(decisions: pd.DataFrame) -> None:
    referred = decisions[decisions["decision"] == "refer"]
    first = {reasons[0]["concept"] for reasons in referred["reasons"]}
    assert BY_GRADE in first and not any(code.startswith("limit_") for code in first)
    assert all(reasons[0]["points"] is None for reasons in referred["reasons"])


def said(value: float, language: Any = "en", **feature: Any) -> str:
    """The sentence of one cited concept whose leading feature has this value; typical is 2."""
    catalogue = small.catalogue(5)
    one = {**json.loads(json.dumps(vars(catalogue.features[2]))), **WORDS, **feature}
    features = [vars(f) if f.name != "f2" else one for f in catalogue.features]
    made = type(catalogue).from_json(
        json.dumps(
            {
                "version": 3,
                "concepts": [vars(c) for c in catalogue.concepts],
                "features": [dict(f) for f in features],
            }
        )
    )
    reference = Reference(dict.fromkeys(made.concept_ids, 0.0), 1, typical={"f2": 2.0})
    cited = Cited(*(np.array([k]) for k in (2, 2)), np.array([value]), np.array([0]))
    return str(sentences(SentenceBook(made, reference, language), cited)[0])


def test_a_sentence_sets_the_number_beside_that_of_the_approved() -> None:
    assert said(7.0) == "You have 7; people we approve have 2"
    assert said(1.0) == "You have only 1; people we approve have 2"
    assert said(7.0, "zh") == "您为7，获批客户为2"


def test_what_cannot_be_said_or_would_say_the_opposite_gives_way_to_its_concept() -> None:
    of_concept = OF_CONCEPT["en"].format("cash")
    assert said(7.0, is_sayable=False) == of_concept
    # A safe value lost to a mean, not to the typical one: "too many" would be wrong.
    assert said(7.0, direction=-1) == of_concept
    assert said(2.001) == of_concept
    assert said(1.0, direction=-1) == "You have only 1; people we approve have 2"


def test_what_has_no_number_is_said_as_it_was_given() -> None:
    nothing = "Your records hold nothing that shows behaviour 2 in the last 3 months"
    assert said(float("nan")) == nothing
    assert said(float("nan"), "zh").startswith("您的记录中没有可以得出“")
    assert said(7.0, high_en="") == "behaviour 2 in the last 3 months: 7"


def test_a_negative_error_is_refused(tmp_path: Path) -> None:
    folder = with_errors(small.write_bundle(tmp_path), -1.0)
    with pytest.raises(DecisionError, match="an error of a concept is negative"):
        Bundle.load(folder, 1)


def test_a_bundle_of_an_earlier_format_still_forces_a_first_reason(tmp_path: Path) -> None:
    """So that old decisions replay to the bit."""
    folder = with_errors(small.write_bundle(tmp_path), 900.0)
    changed(folder, "catalogue.json", lambda c: {**c, "version": 2})
    changed(folder, "reference.json", lambda r: {**r, "concept_errors": {}})
    decider = Decider.load(folder, 1)
    assert decider.bundle.format == 4
    found = decider.decide(small.frame(200))
    by_score = found["tier"].isin(["G8", "G9", "G10"])
    declined = found[(found["decision"] == "decline") & by_score]
    assert len(declined) > 10 and all(
        any(r["points"] is not None for r in one) for one in declined["reasons"]
    )
