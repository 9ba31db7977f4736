"""The registered model takes the user's own table as it is: id, whole numbers, other columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from creditloom.decision.loader import DecisionModel, _load_pyfunc
from creditloom.serving.registry.signature import input_example, signature
from tests.decision import own


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
