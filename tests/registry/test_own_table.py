"""Every door of one bundle takes the user's own table: Python, batch, MLflow, REST, estimator.

Spark is asked in tests/registry/test_spark_own.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import creditloom
from creditloom.decision.decide import Decider
from creditloom.decision.loader import DecisionModel, _load_pyfunc
from creditloom.serving.applicant.direct.scorer import DirectScorer
from creditloom.serving.batch.deciding_model import DecidingModel
from creditloom.serving.batch.part import Work
from creditloom.serving.batch.row_faults import RowFaultInputs
from creditloom.serving.inputs import columns
from creditloom.serving.registry.signature import input_example, signature
from tests.decision import own
from tests.decision.rows import TODAY
from tests.fit.bundles import FittedBundle
from tests.registry import own_rows


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own.write_bundle(tmp_path_factory.mktemp("own"), layout=own.LAYOUT)


def enforced(bundle: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """What MLflow hands to the runtime of what a consumer sends."""
    from mlflow.models.utils import _enforce_schema

    found: pd.DataFrame = _enforce_schema(frame, signature(bundle).inputs)
    return found


def test_the_signature_takes_the_id_under_either_name(bundle: Path) -> None:
    model: DecisionModel = _load_pyfunc(str(bundle))
    table = own.table(40)
    expected = model.predict(table)
    assert list(expected.application_id) == list(table.loan)
    for frame in (table, own.renamed(table), table.iloc[:, ::-1]):
        pd.testing.assert_frame_equal(model.predict(enforced(bundle, frame)), expected)
    assert model.predict(input_example(bundle)).pd.notna().all()


def test_a_missing_id_is_asked_for_under_the_users_own_name(bundle: Path) -> None:
    model = _load_pyfunc(str(bundle))
    with pytest.raises(ValueError, match="column loan"):
        model.predict(enforced(bundle, own.table(3).drop(columns="loan")))


@pytest.mark.parametrize("kind", ["int64", "int32", "Int64", "float64", "uint8", "object"])
def test_whole_numbers_come_in_any_type(bundle: Path, kind: str) -> None:
    table = own.table(40).assign(tenure=np.arange(40) % 7)
    model = _load_pyfunc(str(bundle))
    expected = model.predict(table).pd
    pd.testing.assert_series_equal(
        model.predict(enforced(bundle, table.astype({"tenure": kind}))).pd, expected
    )


def test_online_rows_are_treated_one_by_one_and_counted(bundle: Path) -> None:
    model = _load_pyfunc(str(bundle))
    table = own.table(40)
    for row in range(40):
        odd = table.iloc[[row]].assign(home="houseboat" if row % 2 else "own")
        answer = model.predict(odd).iloc[0]
        assert row % 2 == 0 or answer.decision != "approve"
    counts, drift = model.decider.population()
    assert (counts.rows, counts.columns["home"].unseen) == (40, 20)
    assert [breach.where for breach in drift.breaches()][:1] == ["column home"]


# One bundle that was fitted on a table: the same PD bits at every door, for every accepted type.


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> FittedBundle:
    return own_rows.bundle(tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="module")
def served(trained: FittedBundle, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The bundle as MLflow loads it, with the signature of a registered version."""
    import mlflow

    place = tmp_path_factory.mktemp("served") / "model"
    stated = {"data_path": str(trained.folder), "signature": signature(trained.folder)}
    module = "creditloom.decision.loader"
    mlflow.pyfunc.save_model(str(place), loader_module=module, pip_requirements=[], **stated)
    return mlflow.pyfunc.load_model(str(place))


def posted(served: Any, sent: list[dict[str, Any]], **params: str) -> list[dict[str, Any]]:
    """What `mlflow models serve` answers: this is the function behind its door."""
    from mlflow.pyfunc.scoring_server import invocations

    body = json.dumps({"dataframe_records": sent, "params": params})
    answer = invocations(body, "application/json", served, served.metadata.get_input_schema())
    found: list[dict[str, Any]] = json.loads(answer.response)["predictions"]
    return found


def expected_pds(trained: FittedBundle) -> np.ndarray:
    """The slow and obvious way: the model's features of each cell, worked out one by one."""
    scorer = Decider.load(trained.folder, 1).bundle.scorer
    frame = own_rows.rows()
    days = (frame["day"] - frame["opened"]) / pd.Timedelta(days=1)
    frame = frame.assign(opened=days, branch=frame["branch"].map(lambda one: f"{one:g}"))
    x = own.matrix(frame, scorer.catalogue.features)
    found: np.ndarray = scorer.calibration.pd(scorer.margin.raw(x))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", own_rows.TYPES)
def test_every_type_has_the_same_pd_at_every_door(
    trained: FittedBundle, served: Any, kind: str
) -> None:
    given = own_rows.TYPES[kind]()
    model = DecidingModel.of_bundle(trained.folder)
    runtime = model.runtime
    arrow = own_rows.in_arrow(given)
    frame = own_rows.in_pandas(given)
    rules = RowFaultInputs(columns(model.bundle, arrow.column_names), NOTHING, TODAY)
    judged, faults = runtime.judge(arrow, NOTHING, TODAY)
    assert not faults
    # table: door -> decisions
    decided = {
        "Python": runtime.decider.decide(frame),
        "Arrow": runtime.decider.decide_table(arrow),
        "table of judge": runtime.predict_judged(judged),
        "batch": Work(rules, model.decide({}))((0, arrow)).decisions,
        "registered": runtime.predict(frame),
        "MLflow": served.predict(frame),
    }
    direct = runtime.answers(frame.to_dict("records"))
    decided["dicts"] = pd.DataFrame(direct)
    pds = expected_pds(trained)
    for door, found in decided.items():
        np.testing.assert_array_equal(found["pd"].to_numpy(), pds, err_msg=door)
    scorer = creditloom.CreditScorer.load(trained.folder)
    read = [name for name in scorer.feature_names_in_ if name in frame]
    # The numbers of rows stand for ids there: a PD hangs on none.
    np.testing.assert_array_equal(scorer.predict_proba(frame[read])[:, 1], pds)


NOTHING = pa.array([], pa.null())


def test_rest_gives_the_pds_of_the_decider(trained: FittedBundle, served: Any) -> None:
    """Together and one by one, as JSON and with dates as text."""
    here = Decider.load(trained.folder, 1).decide(own_rows.rows())
    answers = posted(served, own_rows.records())
    assert [one["pd"] for one in answers] == here["pd"].tolist() == expected_pds(trained).tolist()
    assert [one["decision_id"] for one in answers] == here["decision_id"].tolist()
    alone = [posted(served, [row])[0] for row in own_rows.records()[:5]]
    assert alone == answers[:5]
    direct = DirectScorer(trained.folder)
    for row, answer in zip(own_rows.records(), answers, strict=True):
        found = direct.decide(row)
        # JSON has no moment: REST writes it as text.
        assert {**found, "as_of": answer["as_of"]} == answer


def test_what_training_never_saw_is_treated_alike_at_every_door(
    trained: FittedBundle, served: Any
) -> None:
    """Referred with the same words, and never safer than the typical and the average row."""
    decider = Decider.load(trained.folder, 1)
    frame = own_rows.rows()
    here = decider.decide(frame)
    answers = posted(served, own_rows.records())
    batch = DecidingModel.of_bundle(trained.folder).decide({})(pa.Table.from_pandas(frame))
    dicts = pd.DataFrame(DirectScorer(trained.folder).decide_many(own_rows.records()))
    for found in (pd.DataFrame(answers), batch.to_pandas(), served.predict(frame), dicts):
        assert found["decision"].tolist() == here["decision"].tolist()
        texts = [[reason["text"] for reason in reasons] for reasons in found["reasons"]]
        assert texts == [[reason["text"] for reason in one] for one in here["reasons"]]
    for row in (*own_rows.NULLS, *own_rows.UNSEEN):
        assert here["decision"][row] != "approve"
        assert [one["concept"] for one in here["reasons"][row]].count("B1") >= 1
    median = float(own_rows.table()["amount"].median())
    typical = decider.decide(frame.assign(amount=median))["pd"]
    assert (here["pd"] >= typical)[[*own_rows.NULLS]].all()
    levels = [decider.decide(frame.assign(kind=k))["pd"] for k in ("own", "rent", "lodger")]
    unseen = decider.decide(frame.assign(kind="houseboat"))["pd"]
    odds = [np.log(one / (1 - one)) for one in (*levels, unseen)]
    assert (odds[-1] >= np.mean(odds[:-1], axis=0) - 1e-9).all()


# The counts of a process that decides online.


def population(served: Any) -> dict[str, dict[str, Any]]:
    """What REST tells of the last rows, by column; "" = all rows."""
    told = posted(served, own_rows.records()[:1], answer="population")
    return {one["name"]: one for one in told}


# table: column, kind of what training never saw, rows of it among `own_rows.rows()`
BEYOND = (("amount", "nulls", 2), ("kind", "unseen", 2), ("branch", "unseen", 1))


def test_rest_tells_the_counts_of_the_last_rows(trained: FittedBundle, served: Any) -> None:
    """Those by which a batch would be stopped; whoever asks neither decides nor counts."""
    before = population(served)
    sent = own_rows.records()
    for row in sent[:4]:
        posted(served, [row])
    posted(served, sent[4:])
    after = population(served)
    assert after[""]["rows"] - before[""]["rows"] == 40
    assert after[""]["beyond"] - before[""]["beyond"] == 4
    for name, kind, rows in BEYOND:
        assert after[name][kind] - before.get(name, {kind: 0})[kind] == rows
        assert after[name]["figure"] == after[name][kind] / after[""]["rows"]
        assert after[name]["stop"] == 0.05
    with pytest.raises(ValueError, match="one of decisions, population"):
        served.predict(own_rows.rows(), {"answer": "counts"})


def test_rows_that_are_refused_are_counted_too(tmp_path: Path) -> None:
    """As a batch counts the rows that it sets aside."""
    folder = own.write_bundle(tmp_path, own.BeyondPolicy("refuse", 0.05), layout=own.LAYOUT)
    model = _load_pyfunc(str(folder))
    table = own.table(40)
    table.loc[:9, "home"] = "houseboat"
    assert model.predict(table)["refused_rule"].notna().sum() == 10
    told = model.predict(table.head(0), {"answer": "population"}).set_index("name")
    assert (told["rows"][""], told["beyond"][""]) == (40, 10)
    assert bool(told["is_above"]["home"]) and told["unseen"]["home"] == 10
    assert told["rows"]["score_raw"] == 30, "only what was decided has a score"
    model.predict(table.head(5), {"answer": "population"})
    assert model.decider.population()[0].rows == 40
