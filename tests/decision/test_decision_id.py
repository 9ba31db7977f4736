"""An id names one decision: of one application, moment, set of versions and input."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from creditloom.decision.bundle import MANIFEST
from creditloom.decision.decide import Decider
from creditloom.storage.files.store import read_json, write_json
from tests.decision import small

ROWS = 40


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ids") / "bundle"
    small.write_bundle(folder, small.rules())
    return folder


def _ids(bundle: Path, frame: pd.DataFrame) -> list[str]:
    return Decider.load(bundle).decide(frame)["decision_id"].tolist()


def test_every_correction_of_an_input_is_another_decision(bundle: Path) -> None:
    """The same application at the same moment: each changed column gives another id."""
    frame = small.frame(1, seed=6)
    ids = set(_ids(bundle, frame))
    changed = 0
    for name in frame.columns:
        if pd.api.types.is_numeric_dtype(frame[name]) and name != "application_id":
            other = frame.assign(**{name: 1 - frame[name].fillna(0).astype(float).abs().clip(0, 1)})
            if other[name].astype(float).equals(frame[name].astype(float)):
                continue
            ids |= set(_ids(bundle, other))
            changed += 1
    assert len(ids) == changed + 1 > 10


def test_the_id_does_not_depend_on_the_other_rows_the_order_or_the_types(bundle: Path) -> None:
    frame = small.frame(ROWS, seed=6)
    ids = _ids(bundle, frame)
    assert len(set(ids)) == ROWS
    shuffled = frame.iloc[::-1][frame.columns[::-1]]
    assert _ids(bundle, shuffled)[::-1] == ids
    assert [_ids(bundle, frame.iloc[[k]])[0] for k in (0, 17)] == [ids[0], ids[17]]
    table = pa.Table.from_pandas(frame, preserve_index=False)
    assert Decider.load(bundle).decide_table(table)["decision_id"].to_pylist() == ids


def test_a_null_column_and_one_that_is_not_there_are_one_input(bundle: Path) -> None:
    frame = small.frame(4, seed=6)
    optional = frame.assign(monthly_income_fen=np.nan)
    assert _ids(bundle, optional) == _ids(bundle, frame)


def test_a_bundle_of_an_earlier_format_names_decisions_as_it_did(
    bundle: Path, tmp_path: Path
) -> None:
    earlier = shutil.copytree(bundle, tmp_path / "earlier")
    write_json({**read_json(earlier / MANIFEST), "format": 2}, earlier / MANIFEST)
    frame = small.frame(1, seed=6)
    row = Decider.load(earlier).decide(frame).iloc[0]
    moment = np.datetime_as_string(row["as_of"].to_datetime64(), unit="us")
    parts = (row["application_id"], moment, row["model_version"], row["policy_version"])
    text = "|".join(map(str, parts))
    assert row["decision_id"] == hashlib.sha256(text.encode()).hexdigest()[:32]
