"""Fairness rows: intervals, red rows and their decisions, forbidden tests, groups and proxies."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditloom.models.evaluation.groups.audit_groups import audit_groups, same_partition
from creditloom.models.evaluation.groups.fairness_rows import (
    FairnessSample,
    fairness_rows,
    group_means,
)
from creditloom.models.evaluation.groups.fairness_rules import (
    BASES,
    FIELDS,
    OUTCOMES,
    FairnessRules,
)
from creditloom.models.evaluation.groups.fairness_tests import (
    Jurisdiction,
    LawTest,
    LawTests,
)
from creditloom.models.evaluation.groups.proxy_audit import ProxySample, proxies
from creditloom.models.evaluation.groups.row_decisions import OPEN, RowDecision, RowDecisions
from creditloom.models.sample.errors import ModelError
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.pipeline.products.product_folder import ProductFolder
from creditloom.world.config.world_config import WorldConfig

RULES = document(FairnessRules, paths.FAIRNESS)
TESTS = ProductFolder.of().only("fairness_tests", LawTests)
RECORDED = ProductFolder.of().only("fairness_decisions", RowDecisions)
DAY = dt.date(2026, 12, 1)
NO_TESTS = LawTests(()).on(DAY)


def sample_of(n: int = 2000, worse: float = 0.3, seed: int = 11) -> FairnessSample:
    """Two groups, b of which passes `worse` less often; nothing else differs."""
    rng = np.random.default_rng(seed)
    group = np.where(rng.random(n) < 0.4, "b", "a")
    passes = (rng.random(n) < np.where(group == "b", 0.8 - worse, 0.8)).astype(float)
    amount = np.where(passes == 1, 1000.0 + rng.standard_normal(n), np.nan)
    outcomes = {
        "decision": passes,
        "tier": passes,
        "limit": amount,
        "price": amount,
        "referral": np.zeros(n),
        "refusal": 1.0 - passes,
    }
    sex = np.where(rng.random(n) < 0.5, "f", "m")
    seen_good = np.where(rng.random(n) < 0.5, 2.0, 0.0)
    law = np.where(np.arange(n) % 2 == 0, "one", "two")
    return FairnessSample(
        groups=pd.DataFrame({"occupation": group, "sex": sex}),
        outcomes=outcomes,
        pd_band=rng.integers(0, 5, n),
        is_good=rng.random(n) < 0.97,
        seen_good=seen_good,
        law=law,
    )


def of(rows: pd.DataFrame, field: str, group: str, outcome: str, basis: str) -> pd.Series:
    names = ["field", "group", "outcome", "basis"]
    return rows.set_index(names).loc[(field, group, outcome, basis)]


def test_a_group_that_fares_worse_is_red_at_each_outcome_that_shows_it() -> None:
    rows = fairness_rows(sample_of(), RULES, NO_TESTS, 100)
    assert set(rows["outcome"]) == set(OUTCOMES) and set(rows["basis"]) == set(BASES)
    for outcome, basis in itertools.product(("decision", "tier", "refusal"), BASES):
        assert of(rows, "occupation", "b", outcome, basis)["state"] == "red"
        assert of(rows, "occupation", "a", outcome, basis)["state"] == "green"
    # Neither group of a field that changes nothing, nor the same limits of those who pass.
    assert set(rows.loc[rows["field"] == "sex", "state"]) == {"green"}
    assert of(rows, "occupation", "b", "limit", "plain")["state"] == "green"


def test_a_group_that_is_even_is_green_and_a_small_one_is_no_row() -> None:
    even = fairness_rows(sample_of(worse=0.0), RULES, NO_TESTS, 100)
    assert not (even["state"] == "red").any()
    assert fairness_rows(sample_of(), RULES, NO_TESTS, 1500).query("group == 'b'").empty


def test_beyond_the_edge_by_luck_is_amber() -> None:
    few = sample_of(60, worse=0.3, seed=13)
    row = of(fairness_rows(few, RULES, NO_TESTS, 5), "occupation", "b", "decision", "plain")
    assert row["against"] < 0.8 and (row["state"] == "red") == (row["against_high"] < 1.0)


@given(st.integers(0, 2**32 - 1))
def test_intervals_hold_the_value_and_a_weight_of_two_is_a_row_twice(seed: int) -> None:
    rng = np.random.default_rng(seed)
    value = (rng.random(80) < 0.5).astype(float)
    codes = rng.integers(0, 2, 80)
    codes[:2] = (0, 1)
    means = group_means(value, codes, np.full(80, 2.0), 2, is_rate=True)
    twice = group_means(np.tile(value, 2), np.tile(codes, 2), np.ones(160), 2, is_rate=True)
    assert (means.low <= means.mean).all() and (means.mean <= means.high).all()
    assert means.mean == pytest.approx(twice.mean)
    # Given risk, with one band: the plain mean.
    banded = group_means(value, codes, np.ones(80), 2, np.zeros(80, int), is_rate=True)
    told = banded.n >= 5
    assert banded.mean[told] == pytest.approx(means.mean[told])


def test_like_risk_takes_away_what_risk_alone_explains() -> None:
    """Groups of another mix of risk and the same decision at each risk are even given the PD."""
    rng = np.random.default_rng(11)
    n = 8000
    codes = (rng.random(n) < 0.5).astype(int)
    band = (rng.random(n) < np.where(codes == 1, 0.7, 0.2)).astype(int)
    passes = (rng.random(n) < np.where(band == 1, 0.2, 0.9)).astype(float)
    plain = group_means(passes, codes, np.ones(n), 2, is_rate=True).mean
    like = group_means(passes, codes, np.ones(n), 2, band, is_rate=True).mean
    assert plain[0] - plain[1] > 0.3 and abs(like[0] - like[1]) < 0.03


def test_a_forbidden_test_is_not_computed_under_that_law() -> None:
    line = LawTest("field", "sex", "forbidden", dt.date(2020, 1, 1), None, "a law")
    one = LawTests((Jurisdiction("x", "x", "x", ("one",), (line,)),))
    sample = sample_of()
    rows = fairness_rows(sample, RULES, one.on(DAY), 100)
    half = rows.query("field == 'sex' and outcome == 'decision' and basis == 'plain'")["n"].sum()
    assert half == (sample.law == "two").sum()
    everywhere = fairness_rows(sample, RULES, one.on(DAY, "x"), 100)
    assert "sex" not in set(everywhere["field"]) and "occupation" in set(everywhere["field"])
    told = one.on(DAY, "x").lines(sample.law)
    assert [row["is_computed"] for row in told] == [False]
    # Before it is in force the test is computed.
    assert "sex" in set(fairness_rows(sample, RULES, one.on(dt.date(2019, 1, 1)), 100)["field"])
    with pytest.raises(ModelError, match="expected one of x or null, got `y`"):
        one.on(DAY, "y")


def test_each_law_profile_has_a_jurisdiction_and_the_known_dates_hold() -> None:
    of_law = [law for one in TESTS.jurisdictions for law in one.laws]
    assert sorted(of_law) == list(ProductFolder.of().ids("law"))
    before = TESTS.on(dt.date(2026, 7, 20), "us_reg_b").in_force["us_reg_b"]
    after = TESTS.on(dt.date(2026, 7, 21), "us_reg_b").in_force["us_reg_b"]
    standing = [
        {test.standing for test in lines if test.name == "decision"} for lines in (before, after)
    ]
    assert standing == [{"required"}, {"not_required"}]
    assert any(test.name == "reasons" for test in after)
    eu = TESTS.on(dt.date(2027, 12, 2), "eu").in_force["eu"]
    assert {test.name for test in eu if test.standing == "required"} >= {"decision", "proxies"}
    outcomes = {
        test.name for one in TESTS.jurisdictions for test in one.tests if test.of == "outcome"
    }
    assert outcomes <= set(OUTCOMES)


def known_groups() -> dict[str, set[str]]:
    """Return the groups that a run of the simulated world can have, by field."""
    world = document(WorldConfig, paths.WORLD)
    edges = RULES.age_edges
    bands = {f"{low}-{high - 1}" for low, high in itertools.pairwise(edges)}
    # table: field -> its groups
    return {
        "occupation": {segment.id for segment in world.segments} | {world.switches.drift_segment},
        "age_band": bands | {f"under {edges[0]}", f"{edges[-1]} and over"},
        "region_tier": {str(tier) for tier in range(1, 7)},
        "is_student": {"True", "False"},
        "is_repeat": {"True", "False"},
        "thin_file": {"thin", "thick"},
        "segment": {one.name for one in RULES.segments} | {RULES.other_segment},
        "sex": {"female", "male"},
    }


def rows_that_cannot_exist(recorded: RowDecisions) -> list[str]:
    """Return the recorded rows whose field or group no run can have."""
    known = known_groups()
    return [
        f"{one.field}/{one.group}"
        for one in recorded.fairness_decisions
        if one.group not in known.get(one.field, set())
    ]


def test_a_recorded_decision_is_about_a_row_that_can_exist_and_stands_once() -> None:
    assert rows_that_cannot_exist(RECORDED) == []
    rows = [row for one in RECORDED.fairness_decisions for row in one.rows]
    assert len(rows) == len(set(rows))
    assert all(one.decided_on < one.review_by for one in RECORDED.fairness_decisions)
    # The fault that this test is there for: a group that is spelt wrongly.
    wrong = replace(RECORDED.fairness_decisions[0], group="pupil")
    assert rows_that_cannot_exist(RowDecisions((wrong,))) == ["is_student/pupil"]


def test_red_rows_show_their_decision_or_are_open() -> None:
    rows = fairness_rows(sample_of(), RULES, NO_TESTS, 100)
    day = dt.date(2026, 1, 1)
    one = RowDecision(
        "occupation", "b", ("decision",), "accept", "why", "risk", day, DAY, ("plain",)
    )
    other = replace(one, group="c")
    recorded = RowDecisions((one, other))
    told = recorded.with_decisions(rows, DAY)
    assert of(told, "occupation", "b", "decision", "plain")["decided"] == "accept"
    assert of(told, "occupation", "b", "decision", "truly_good")["decided"] == OPEN
    assert told.loc[told["state"] != "red", "decided"].isna().all()
    assert recorded.about_no_row(rows) == ["occupation/c/decision/plain"]
    late = recorded.with_decisions(rows, dt.date(2027, 1, 1))
    assert of(late, "occupation", "b", "decision", "plain")["decided"] == "accept, review due"


def test_occupation_and_segment_are_two_things() -> None:
    """The segment comes from what is recorded: it is not the declared occupation again."""
    # table: column -> values of five people
    audit = pd.DataFrame(
        {
            "occupation": ["white_collar", "white_collar", "blue_collar", "student", None],
            "age_years": [40, 22, 50, 19, 60],
            "region_tier": [1, 1, 6, 2, 4],
            "declared_income_fen": [900_000, 500_000, 300_000, np.nan, 200_000],
            "annual_volume_fen": [1e6, 1e6, 3e7, 1e5, 1e5],
            "sex": ["f", "m", "f", "m", None],
        }
    )
    groups = audit_groups(audit, np.array([True, False, False, True, False]), RULES)
    assert list(groups) == [name for name in FIELDS if name in groups]
    assert groups["segment"].tolist() == [
        "urban_earner",
        "young",
        "small_business",
        "young",
        "other",
    ]
    assert not same_partition(groups["occupation"], groups["segment"])
    assert {"sex", "thin_file", "age_band"} <= set(groups)
    # A lender that has no such column has no such field, and nobody is guessed.
    assert "sex" not in audit_groups(audit.assign(sex=None), None, RULES)


def test_a_proxy_is_named_with_its_interval() -> None:
    rng = np.random.default_rng(11)
    n = 2000
    is_member = rng.random(n) < 0.3
    features = rng.standard_normal((n, 3))
    # Membership in the middle of the range: a rank alone would not tell it.
    features[:, 1] = np.where(is_member, 0.0, rng.choice([-2.0, 2.0], n)) + rng.normal(0, 0.5, n)
    sample = ProxySample(
        score=rng.random(n),
        concepts=features[:, [2]],
        concept_names=("calm",),
        features=features,
        feature_names=("a", "b", "c"),
        groups=pd.DataFrame({"sex": np.where(is_member, "m", "f")}),
    )
    found = proxies(sample, RULES, 100)
    best = found[found["by"] == "feature"].iloc[0]
    assert best["name"] == "b" and best["is_named"] and best["low"] < best["auc"] < best["high"]
    assert not found.loc[found["by"] == "score", "is_named"].any()
