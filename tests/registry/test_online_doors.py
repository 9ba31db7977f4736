"""The answers over REST and Spark: a refusal in words, row by row, and no moment shifted."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import PyFuncModel
from mlflow.pyfunc.scoring_server import invocations

from creditloom.decision.decide import Decider
from tests.decision import small
from tests.registry.conftest import House

# `make consumer` runs them: MLflow serves a registered model.
pytestmark = pytest.mark.slow

NO_SPARK = shutil.which("java") is None or importlib.util.find_spec("pyspark") is None
CONSUMER = Path(__file__).with_name("spark_zones.py")


@pytest.fixture(scope="module")
def champion(house: House) -> PyFuncModel:
    return mlflow.pyfunc.load_model(str(house.versions[0].location))


def records(house: House, rows: int) -> list[dict[str, Any]]:
    """Applications as a client of REST writes them."""
    return small.records(house.frame.iloc[:rows])


def posted(champion: PyFuncModel, sent: list[dict[str, Any]], **params: str) -> list[Any]:
    """What `mlflow models serve` answers: this is the function behind its door."""
    body = json.dumps({"dataframe_records": sent, **({"params": params} if params else {})})
    schema = champion.metadata.get_input_schema()
    answer = invocations(body, "application/json", champion, schema)
    found: list[Any] = json.loads(answer.response)["predictions"]
    return found


def refused(champion: PyFuncModel, sent: list[dict[str, Any]], **params: str) -> str:
    """The message that a client reads, of a request that is refused with status 400."""
    with pytest.raises(MlflowException) as error:
        posted(champion, sent, **params)
    assert error.value.get_http_status_code() == 400
    told: str = json.loads(error.value.serialize_as_json())["message"]
    return told


@pytest.mark.parametrize("suffix", ["", "Z", "+00:00"])
def test_a_moment_in_any_form_is_the_moment_of_the_batch(
    house: House, champion: PyFuncModel, suffix: str
) -> None:
    ids = Decider.load(house.bundle).decide(house.frame.iloc[:4])["decision_id"].tolist()
    sent = records(house, 4)
    for row in sent:
        row["as_of"] = row["as_of"].removesuffix("Z") + suffix
    assert [row["decision_id"] for row in posted(champion, sent)] == ids


def test_one_bad_row_of_ten_is_refused_by_itself(house: House, champion: PyFuncModel) -> None:
    clean = posted(champion, records(house, 10))
    sent = records(house, 10)
    sent[3]["wealth_fen"] = -5
    sent[7]["pay_a_3m"] = "much"
    answers = posted(champion, sent)
    rules = {k: row["refused_rule"] for k, row in enumerate(answers) if row["refused_rule"]}
    assert rules == {3: "below_range", 7: "not_a_number"}
    assert answers[3]["decision"] is None and "-5 is below 0" in answers[3]["refused_reason"]
    assert [a for k, a in enumerate(answers) if k not in rules] == [
        a for k, a in enumerate(clean) if k not in rules
    ]


# table: a case a row
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"application_id": None}, "id_null"),
        ({"application_id": "  "}, "id_blank"),
        ({"as_of": None}, "as_of_null"),
        ({"as_of": "1970-01-01"}, "as_of_past"),
        ({"as_of": "9999-01-01T00:00:00Z"}, "as_of_future"),
        ({"as_of": "soon"}, "as_of_unreadable"),
        ({"pay_a_3m": float("inf")}, "not_finite"),
        ({"age_years": -1}, "below_range"),
        ({"age_years": 131}, "above_range"),
        ({"wealth_fen": 2**53 + 1}, "not_exact"),
        ({"consent_bureau": False, "bur_d_3m": 0.5}, "no_consent"),
    ],
)
def test_each_rule_of_a_batch_refuses_online(
    house: House, champion: PyFuncModel, change: dict[str, Any], rule: str
) -> None:
    (answer,) = posted(champion, [{**records(house, 1)[0], **change}])
    assert (answer["refused_rule"], answer["decision"]) == (rule, None)


def test_a_copy_of_an_id_is_refused_with_its_other(house: House, champion: PyFuncModel) -> None:
    one, two = records(house, 2)
    rules = [row["refused_rule"] for row in posted(champion, [one, two, one])]
    assert rules == ["id_duplicate", None, "id_duplicate"]


def test_a_refused_request_says_why_in_its_message(house: House, champion: PyFuncModel) -> None:
    (one,) = records(house, 1)
    assert "seconds or milliseconds" in refused(champion, [{**one, "as_of": 1_762_164_000_000}])
    assert "column verified_income_fen" in refused(
        champion, [{**one, "verified_income_fen": "100"}]
    )
    told = refused(champion, [one], lang="zh")
    assert "where: lang" in told and "nearest is language" in told
    assert "one of adverse, all, none" in refused(champion, [one], explain="ADVERSE")


def test_text_ids_are_taken(house: House, champion: PyFuncModel) -> None:
    (one,) = records(house, 1)
    (answer,) = posted(champion, [{**one, "application_id": "A-7"}])
    assert answer["application_id"] == "A-7" and answer["decision"]


@pytest.mark.skipif(NO_SPARK, reason="needs Java and pyspark")
@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai"])
def test_no_session_of_spark_shifts_a_moment(house: House, tmp_path: Path, zone: str) -> None:
    """In a session that is not in UTC moments without a zone are refused, in words."""
    frame = house.frame.assign(micros=house.frame["as_of"].astype("int64"))
    frame["as_of"] = frame["as_of"].astype("datetime64[us]")
    pd.DataFrame(frame).to_parquet(tmp_path / "in.parquet", index=False)
    environ = {
        **os.environ,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
    }
    environ.pop("PYTHONPATH", None)
    out = tmp_path / "told.json"
    words = [house.ledger.store.uri, str(tmp_path / "in.parquet"), str(out), zone]
    done = subprocess.run(
        [sys.executable, "-I", str(CONSUMER), *words],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(out.read_text())
    ids = Decider.load(house.bundle).decide(house.frame)["decision_id"].tolist()
    expected = [[one, None] for one in ids]
    assert told["text"] == expected
    for way in ("ntz", "ltz"):
        if zone == "UTC":
            assert told[way] == expected
        else:
            assert "Spark session that is not set to UTC" in told[way]
