"""The champion as MLflow's consumers call it, in this process.

Strict JSON from the server; every way of asking gives the same answer.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from mlflow.pyfunc import PyFuncModel
from mlflow.pyfunc.scoring_server import predictions_to_json

from creditloom.decision.decide import Decider
from tests.registry.conftest import House
from tests.registry.small import decided

Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def champion(house: House) -> PyFuncModel:
    return mlflow.pyfunc.load_model(str(house.versions[0].location))


def _refuse(constant: str) -> None:
    pytest.fail(f"not JSON: {constant}")


def test_the_server_answers_json_with_null_for_what_is_missing(
    house: House, champion: PyFuncModel
) -> None:
    """Numbers, whole numbers and texts keep their kind.

    Decisions by tier alone price nothing; whoever may not be processed has no score (R4).
    """
    answer = champion.predict(house.frame)
    answer.loc[3, "score"] = pd.NA
    told = io.StringIO()
    predictions_to_json(answer, told)
    rows: list[dict[str, Any]] = json.loads(told.getvalue(), parse_constant=_refuse)["predictions"]
    assert [
        name
        for name, value in rows[3].items()
        if value is None and name in ("score", "limit_cny", "limiting_cap")
    ] == [
        "score",
        "limit_cny",
        "limiting_cap",
    ]
    assert [row["pd"] for row in rows] == Decider.load(house.bundle).decide(house.frame)[
        "pd"
    ].tolist()


def test_missing_numbers_stay_floats_for_consumers_in_python(
    house: House, champion: PyFuncModel
) -> None:
    answer = champion.predict(house.frame)
    assert answer["limit_cny"].dtype == np.float64
    assert answer["limit_cny"].isna().all()
    pd.testing.assert_frame_equal(
        decided(answer), Decider.load(house.bundle).decide(house.frame), check_frame_type=False
    )


# table: a case a row
@pytest.mark.parametrize(
    "change",
    [
        lambda f: f,
        lambda f: f[sorted(f.columns)],
        lambda f: f.astype(
            {"wealth_fen": "float64", "is_student": "float64", "age_years": "int64"}
        ),
        lambda f: f.astype(
            {"wealth_fen": "object", "is_student": "object", "consent_bureau": "Int64"}
        ),
        lambda f: f.assign(religion_code=1),  # MLflow drops what the signature does not name
        lambda f: f.set_index(pd.Index([f"row {k}" for k in f.index])),
    ],
)
@pytest.mark.parametrize("rows", [slice(None), slice(5, 6)])
def test_a_frame_may_come_in_other_types_and_orders(
    house: House, champion: PyFuncModel, change: Change, rows: slice
) -> None:
    batch = Decider.load(house.bundle).decide(house.frame)[rows]
    answer = champion.predict(change(house.frame[rows]), params={"explain": "adverse"})
    pd.testing.assert_frame_equal(decided(answer).set_index(batch.index), batch)


def test_one_row_past_mlflow_is_the_row_of_the_batch_and_meets_every_check(
    house: House, champion: PyFuncModel
) -> None:
    one = house.frame.iloc[[7]]
    model = champion.get_raw_model()
    batch = Decider.load(house.bundle).decide_table(
        pa.Table.from_pandas(house.frame, preserve_index=False)
    )
    answer = pa.Table.from_pandas(decided(model.predict(one)), batch.schema, preserve_index=False)
    assert answer.replace_schema_metadata(None).equals(batch.slice(7, 1))
    for wrong, said in (
        (one.drop(columns="pay_a_3m"), "column pay_a_3m"),
        (one.assign(pay_a_3m="1"), "column pay_a_3m"),
        (one.assign(as_of=1_735_689_600_000), "column as_of"),
    ):
        with pytest.raises(ValueError, match=said):
            model.predict(wrong)
    with pytest.raises(ValueError, match=r"(?s)explian.*nearest is explain"):
        model.predict(one, {"explian": "all"})
    with pytest.raises(ValueError, match=r"(?s)lang\n.*nearest is language"):
        champion.predict(one, params={"lang": "zh"})
    with pytest.raises(ValueError, match="language"):
        champion.predict(one, params={"language": "fr"})
