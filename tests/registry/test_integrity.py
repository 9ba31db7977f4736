"""Through MLflow's own door: the same answer or a clear refusal.

One row or many, in whatever types and order a consumer holds them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from creditloom.decision.decide import Decider
from creditloom.decision.frames.answer import REFUSED
from creditloom.serving.registry.load import load
from creditloom.serving.registry.signature import input_example
from tests.registry.conftest import House

# What all of them look at takes tens of seconds to make.
pytestmark = pytest.mark.slow

Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def model(house: House) -> Any:
    import mlflow

    mlflow.set_tracking_uri(house.ledger.store.uri)
    return mlflow.pyfunc.load_model("models:/credit-decision/1")


@pytest.fixture(scope="module")
def answer(house: House) -> pd.DataFrame:
    return Decider.load(house.bundle).decide(house.frame)


def answered(told: pd.DataFrame) -> pd.DataFrame:
    """The decisions of an answer that refuses no row."""
    assert told[list(REFUSED)].isna().all(axis=None)
    return told.drop(columns=list(REFUSED))


def test_mlflow_answers_as_the_bundle_does(model: Any, house: House, answer: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(answered(model.predict(house.frame)), answer)


def test_one_row_alone_gets_its_answer_of_the_batch(
    model: Any, house: House, answer: pd.DataFrame
) -> None:
    alone = pd.concat([model.predict(house.frame.iloc[[k]]) for k in range(20)])
    pd.testing.assert_frame_equal(answered(alone), answer.iloc[:20])


# table: a case a row
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("columns in another order", lambda f: f[list(f.columns)[::-1]]),
        ("columns that nobody asked for", lambda f: f.assign(occupation="baker", extra=np.nan)),
        (
            "amounts and counts as floats",
            lambda f: f.astype({"exposure_fen": float, "age_years": float}),
        ),
        ("flags as numbers", lambda f: f.astype({"is_student": "int64", "consent_bureau": float})),
        ("flags as objects", lambda f: f.astype({"is_student": object})),
        (
            "amounts and flags that may be null",
            lambda f: f.astype({"wealth_fen": "Int64", "is_repeat": "boolean"}),
        ),
        ("ids of 32 bits", lambda f: f.astype({"application_id": "int32"})),
        ("moments in milliseconds", lambda f: f.assign(as_of=f["as_of"].astype("datetime64[ms]"))),
        ("a use of the money from a list", lambda f: f.assign(purpose=f["purpose"].astype(object))),
    ],
)
def test_other_types_and_order_change_nothing(
    model: Any, house: House, answer: pd.DataFrame, name: str, change: Change
) -> None:
    told = answered(model.predict(change(house.frame)))
    pd.testing.assert_frame_equal(told, answer, obj=name)


@pytest.mark.parametrize("null", [None, np.nan, pd.NA])
def test_a_null_is_a_null_however_it_is_written(model: Any, house: House, null: Any) -> None:
    column = house.frame["verified_income_fen"].astype(object)
    column.iloc[0] = null
    there = model.predict(house.frame.assign(verified_income_fen=column))
    floats = house.frame["verified_income_fen"].astype(float)
    floats.iloc[0] = np.nan
    pd.testing.assert_frame_equal(
        there, model.predict(house.frame.assign(verified_income_fen=floats))
    )


# table: a case a row
@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("a column is missing", lambda f: f.drop(columns="bur_d_3m"), "bur_d_3m"),
        ("moments as numbers", lambda f: f.assign(as_of=1_700_000_000_000), "as_of"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(
    model: Any, house: House, name: str, change: Change, said: str
) -> None:
    with pytest.raises(Exception, match=said) as refused:
        model.predict(change(house.frame))
    assert "Traceback" not in str(refused.value), name


# table: a case a row
@pytest.mark.parametrize(
    ("change", "rule", "column"),
    [
        (lambda f: f.assign(bur_d_3m="high"), "not_a_number", "bur_d_3m"),
        (lambda f: f.assign(wealth_fen="much"), "not_a_number", "wealth_fen"),
        (lambda f: f.assign(is_student=2), "above_range", "is_student"),
        (lambda f: f.assign(pay_a_3m=np.inf), "not_finite", "pay_a_3m"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_alone(
    model: Any, house: House, answer: pd.DataFrame, change: Change, rule: str, column: str
) -> None:
    good = house.frame.iloc[1:].astype(object)
    told = model.predict(pd.concat([change(house.frame.iloc[[0]]).astype(object), good]))
    assert told["refused_rule"].iloc[0] == rule
    assert told["refused_column"].iloc[0] == column
    rest = told.iloc[1:].reset_index(drop=True)
    assert rest["refused_rule"].isna().all()
    assert (rest["decision_id"] == answer["decision_id"].iloc[1:].to_numpy()).all()


def test_parameters_are_ours_to_refuse(model: Any, house: House) -> None:
    with pytest.raises(ValueError, match=r"explain[\s\S]*adverse, all, none"):
        model.predict(house.frame, params={"explain": "some"})
    with pytest.raises(ValueError, match=r"not known[\s\S]*colour"):
        load(house.versions[0]).predict(
            house.frame, {"colour": "red"}
        )  # MLflow itself drops what it does not know


def test_the_registered_example_is_answered_as_it_stands(model: Any, house: House) -> None:
    example = input_example(house.bundle)
    told = json.loads((house.versions[0].location / "input_example.json").read_text())
    assert told["columns"] == list(example.columns)
    assert len(model.predict(example)) == len(example) == 2
