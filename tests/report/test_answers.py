"""Example decisions.

Which are chosen, how a waterfall is laid out, and that nothing is lost between stages.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from creditloom.decision.base.catalogue import Concept
from creditloom.report.page.sections.answers import SHOWN, waterfall
from creditloom.report.parts.data import Text
from creditloom.report.parts.examples import choose, examples, from_json, to_json
from tests.report.sample import example


def decisions() -> pd.DataFrame:
    outcomes = ["approve"] * 5 + ["decline"] * 3 + ["refer"]
    score = [700.0, 650, 640, 630, 600, 520, 500, 490, 580]
    return pd.DataFrame(
        {"application_id": [f"a{i}" for i in range(9)], "decision": outcomes, "score_raw": score}
    )


def test_one_typical_decision_per_outcome_then_the_next() -> None:
    assert choose(decisions(), 3) == [2, 8, 6]  # medians 640, 580, 500
    assert choose(decisions(), 5) == [2, 8, 6, 1, 7]


def test_order_of_rows_does_not_choose() -> None:
    frame = decisions().iloc[::-1].reset_index(drop=True)
    assert (
        frame["application_id"].iloc[choose(frame, 5)].tolist()
        == decisions()["application_id"].iloc[choose(decisions(), 5)].tolist()
    )


def test_fewer_decisions_than_asked_for() -> None:
    assert sorted(choose(decisions(), 99)) == list(range(9))
    assert choose(decisions().iloc[:0], 3) == []


def test_an_example_carries_texts_points_and_reasons_in_both_languages() -> None:
    frame = pd.DataFrame(
        {
            "application_id": ["a1"],
            "decision": "decline",
            "tier": "G8",
            "pd": 0.05,
            "score_raw": 571.5,
            "score": 572,
        }
    )
    frame["limit_cny"] = np.nan
    frame["reasons"] = [[{"concept": "enquiries", "points": -9.0, "text": "enquiries: 7"}]]
    chinese = frame.assign(
        reasons=[[{"concept": "enquiries", "points": -9.0, "text": "查询次数：7"}]]
    )
    points = pd.DataFrame({"enquiries": [-20.0], "cash": [1.5]})
    concepts = (
        Concept("enquiries", "bureau", "credit enquiries", "征信查询"),
        Concept("cash", "assets", "cash balance", "现金余额"),
    )
    (found,) = examples(frame, chinese, points, 590.0, concepts)
    assert found.steps == (
        (Text("credit enquiries", "征信查询"), -20.0),
        (Text("cash balance", "现金余额"), 1.5),
    )
    assert found.reasons == (Text("enquiries: 7", "查询次数：7"),)
    assert found.limit_cny is None
    assert found.gap == 0.0


def test_json_keeps_every_digit() -> None:
    one = example("decline", 4)
    assert from_json(json.loads(json.dumps(to_json(one)))) == one


def test_the_ladder_ends_where_the_score_is_and_keeps_every_point() -> None:
    one = example("decline", 3, concepts=SHOWN + 8)
    drawn = waterfall(one)
    assert len(drawn.bridges) == SHOWN + 3  # base, the largest, the rest in one line, total
    assert drawn.bridges[SHOWN + 1].label.en == "8 smaller concepts"
    inner = drawn.bridges[1:-1]
    signed = sum(bridge.width * (1 if bridge.sign == "up" else -1) for bridge in inner)
    assert drawn.bridges[0].width + signed == pytest.approx(drawn.bridges[-1].width)
    assert all(
        bridge.left >= 0 and bridge.left + bridge.width <= 100.0001 for bridge in drawn.bridges
    )


def test_the_line_below_shows_the_sum_and_the_rounding() -> None:
    one = example("approve", 1)
    line = waterfall(one).sum_line
    assert f"together {one.score_raw:.6f}" in line
    assert f"give {one.score}" in line
