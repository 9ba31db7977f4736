"""What training never saw: a null where it had none, a level that it did not hold.

Neither is read as the safest value, the row is treated as the rule book says, and every door gives
the same PD to the bit.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from creditloom.decision.base.catalogue import Catalogue, Concept, Feature
from creditloom.decision.base.errors import DecisionError
from creditloom.decision.decide import Decider
from creditloom.decision.frames.input_frame import InputReader
from creditloom.decision.loader import DecisionModel
from creditloom.decision.rulebook.policy import BeyondPolicy
from creditloom.decision.score.drift import Drift, PopulationCounts, RollingCounts
from creditloom.decision.score.tree_model import Margin
from tests.decision import own


@pytest.fixture(scope="module")
def decider(tmp_path_factory: pytest.TempPathFactory) -> Decider:
    return own.decider(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return own.renamed(own.table(120))


def test_the_model_reads_what_the_catalogue_says(decider: Decider, rows: pd.DataFrame) -> None:
    odd = rows.astype({"home": object})
    odd.loc[3:9, "home"] = "houseboat"
    odd.loc[5:20, "use"] = np.nan
    odd.loc[8, "home"] = None
    odd.loc[30:33, "tenure"] = np.nan
    expected = own.matrix(odd)
    np.testing.assert_array_equal(decider.read(odd).x, expected)
    np.testing.assert_array_equal(decider.read(pa.Table.from_pandas(odd)).x, expected)


def test_what_training_saw_is_treated_as_ever(decider: Decider, rows: pd.DataFrame) -> None:
    frame = decider.read(rows)
    assert frame.features is not None and not frame.features.beyond
    assert not [r for rs in decider.decide(rows).reasons for r in rs if r["concept"] == "B1"]


@pytest.mark.parametrize("change", [{"use": np.nan}, {"home": "houseboat"}, {"home": None}])
def test_a_row_beyond_training_is_referred_and_told_why(
    decider: Decider, rows: pd.DataFrame, change: dict[str, object]
) -> None:
    before = decider.decide(rows)
    after = decider.decide(rows.assign(**change))
    assert "approve" in set(before.decision)
    assert set(after.decision) == set(before.decision) - {"approve"} | {"refer"}
    texts = [{r["text"] for r in rs if r["concept"] == "B1"} for rs in after.reasons]
    name = {"use": "share of limit used", "home": "home"}[next(iter(change))]
    assert all(len(said) == 1 and next(iter(said)).startswith(f"{name}: ") for said in texts)
    chinese = decider.decide(rows.assign(**change), language="zh")
    said = {r["text"] for rs in chinese.reasons for r in rs if r["concept"] == "B1"}
    assert all("训练" in text for text in said) and said


def test_a_reason_says_what_was_given(decider: Decider, rows: pd.DataFrame) -> None:
    """An approved person who says `houseboat` has a record: the model does not know it."""

    def texts(concept: str, **change: object) -> set[str]:
        found = decider.decide(rows.assign(**change), explain="all").reasons
        return {r["text"] for rs in found for r in rs if r["concept"] == concept}

    assert texts("home", home="houseboat") == {"home: houseboat (not known to the model)"}
    assert texts("home", home="lodger") == {"home: lodger"}
    assert texts("home", home=None) == {"home: no record, where training always had one"}
    assert texts("use", use=np.nan) == {
        "share of limit used: no record, where training always had one"
    }
    assert texts("use", use=0.99) == {"share of limit used: 99.0 %"}
    assert texts("tenure", tenure=-9.0) <= {
        "months as a customer: no record (code -9)",
        "customer record: code -9",
    }


def test_refuse_sets_the_row_aside_with_its_reason(tmp_path: Path, rows: pd.DataFrame) -> None:
    refusing = own.decider(tmp_path, BeyondPolicy("refuse", 0.05))
    odd = rows.astype({"home": object})
    odd.loc[2, "home"] = "houseboat"
    odd.loc[7, "use"] = np.nan
    answers = DecisionModel(refusing).predict(odd)
    assert answers.refused_rule.dropna().to_dict() == {2: "beyond_level", 7: "beyond_null"}
    assert answers.refused_column.dropna().to_dict() == {2: "home", 7: "use"}
    assert "houseboat" in answers.refused_reason[2] and "training" in answers.refused_reason[7]
    with pytest.raises(DecisionError, match=r"column home, row 2"):
        refusing.decide(odd)


def test_typical_decides_by_the_typical_number_alone(tmp_path: Path, rows: pd.DataFrame) -> None:
    typical = own.decider(tmp_path, BeyondPolicy("typical", 0.05))
    pd.testing.assert_frame_equal(
        typical.decide(rows.assign(use=np.nan))[["pd", "decision", "score"]],
        typical.decide(rows.assign(use=0.6))[["pd", "decision", "score"]],
    )


def test_an_input_that_differs_is_another_decision(decider: Decider, rows: pd.DataFrame) -> None:
    """Although the model reads one number: the typical one, or that of every unseen level."""
    ids = [
        set(decider.decide(rows.assign(**change)).decision_id)
        for change in ({"use": 0.6}, {"use": np.nan}, {"home": "boat"}, {"home": "tent"})
    ]
    assert len(set.union(*ids)) == sum(map(len, ids))


def test_a_bundle_without_the_rule_counts_and_refers_nothing(
    tmp_path: Path, rows: pd.DataFrame
) -> None:
    plain = own.decider(tmp_path, None)
    odd = rows.assign(home="houseboat")
    assert "approve" in set(plain.decide(odd).decision)
    assert not plain.population()[1].shares


@st.composite
def catalogues(draw: Any) -> tuple[Feature, ...]:
    """Features of any kind, as training that is cautious declares them."""
    features = []
    for k in range(draw(st.integers(1, 4))):
        share = draw(st.sampled_from([0.0, 0.2]))
        size = draw(st.sampled_from([0, 2, 5]))
        codes = tuple(sorted(draw(st.lists(CODE, min_size=size, max_size=size))))
        average = float(np.mean(codes)) if codes else draw(CODE)
        # table: the fields of a feature
        features.append(
            Feature(
                f"x{k}",
                "own",
                f"x{k}",
                categories=tuple(f"level {n}" for n in range(size)),
                codes=codes,
                unseen=average + draw(st.sampled_from([0.0, 0.5])) if codes else None,
                null_share=share,
                typical=average if share == 0 else None,
            )
        )
    return tuple(features)


# Below the margin of a tree that rises with every feature nothing is safer than a lower number.
CODE = st.floats(-2, 2, allow_nan=False).map(lambda value: round(value, 3))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(features=catalogues(), seed=st.integers(11, 15))
def test_what_training_never_saw_is_never_the_safer(
    features: tuple[Feature, ...], seed: int
) -> None:
    """PD of a null beyond training is that of the median; of a level, not below the average's."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(400, len(features)))
    names = [feature.name for feature in features]
    y = rng.random(400) < 1 / (1 + np.exp(-x.sum(axis=1)))
    rises = {"objective": "binary", "monotone_constraints": [1] * len(names), "verbosity": -1}
    data = lgb.Dataset(x, y, feature_name=names)
    margin = Margin(lgb.train(rises, data, 10).model_to_string(), tuple(names), 1)
    concepts = tuple(Concept(name, "own", name, name) for name in names)
    reader = InputReader(Catalogue(concepts, features), (), {})
    rows = {f.name: f.categories[:1] * 8 or rng.normal(size=8).round(2) for f in features}
    frame = pd.DataFrame({"application_id": range(8), **rows})
    for k, feature in enumerate(features):
        typical = reader.decidable(frame).x.copy()
        typical[:, k] = np.nan if feature.typical is None else feature.typical
        null = reader.decidable(frame.assign(**{feature.name: None})).x
        np.testing.assert_array_equal(margin.raw(null), margin.raw(typical))
        if feature.categories:
            typical[:, k] = np.mean(feature.codes)
            unseen = reader.decidable(frame.assign(**{feature.name: "another"})).x
            assert (margin.raw(unseen) >= margin.raw(typical)).all()


# Counts.


def test_the_window_counts_the_last_rows_of_each_column(
    decider: Decider, rows: pd.DataFrame
) -> None:
    window = RollingCounts(size=100)
    fresh = replace(decider, window=window)
    for _ in range(3):
        fresh.decide(rows.head(40).assign(use=np.nan))
    counts, drift = fresh.population()
    assert (counts.rows, counts.beyond, counts.columns["use"].nulls) == (80, 80, 80)
    assert sum(counts.scores) == 80
    assert drift.shares == {"use": 1.0} and drift.is_breach
    for start in range(0, 120, 20):
        fresh.decide(rows.iloc[start : start + 20])
    assert not fresh.population()[1].shares, "what is out of the window counts no more"


def test_the_window_loses_no_call_of_several_threads() -> None:
    window = RollingCounts(size=10_000)
    threads = [
        threading.Thread(target=lambda: [window.add(PopulationCounts(1, 1)) for _ in range(500)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (window.total().rows, window.total().beyond) == (2000, 2000)


def test_one_stop_tells_columns_and_scores() -> None:
    drift = Drift({"score_raw": 0.3}, 0.25, {"home": 0.04, "use": 0.06}, 0.05)
    assert [breach.where for breach in drift.breaches()] == ["column use", "score_raw"]
