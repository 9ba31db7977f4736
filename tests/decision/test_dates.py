"""Dates as features: the days before the time column, to the same bits at every door."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from creditloom.decision.base.catalogue import Feature
from creditloom.decision.base.errors import DecisionError
from creditloom.decision.base.layout import Layout, LayoutColumn
from creditloom.decision.base.readings.moments import DateReading
from creditloom.serving.batch.deciding_model import DecidingModel
from creditloom.serving.batch.part import Work
from creditloom.serving.batch.row_faults import RowFaultInputs
from creditloom.serving.inputs import columns
from tests.decision import own, rows

FEATURES = (
    *own.FEATURES,
    Feature("opened", "own", "tenure", unit="days", text_en="time from opened to day"),
)
PATTERN = "%d/%m/%Y"
N = 40


def table() -> pd.DataFrame:
    """The user's own table with a date of each kind: null, long ago, at noon, after `day`."""
    frame = own.table(N).drop(columns="bad")
    opened = frame["day"] - pd.to_timedelta(np.arange(N) * 37, "D")
    opened[3] = pd.NaT
    opened[4] = pd.Timestamp("1951-03-07")
    opened[6] = frame["day"][6] + pd.Timedelta(days=2)
    return frame.assign(opened=opened)


def model_of(folder: Path, dates: DateReading) -> DecidingModel:
    """A bundle that learnt from the days, with the layout of the table."""
    trained = own.table(1500, seed=2)
    days = np.random.default_rng(3).uniform(-5, 900, len(trained))
    x = own.matrix(trained.assign(opened=days), FEATURES)
    opened = LayoutColumn("opened", "timestamp[us]", "feature", dates=dates)
    others = (LayoutColumn("day", "timestamp[us]", "time", dates=DateReading()), opened)
    layout = Layout(id="loan", time="day", columns=others)
    bundle = own.write_bundle(folder, None, FEATURES, x=x, layout=layout)
    return DecidingModel.of_bundle(bundle)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> DecidingModel:
    return model_of(tmp_path_factory.mktemp("dates"), DateReading(PATTERN, ("NULL",)))


def days_of(frame: pd.DataFrame) -> list[float]:
    """The slow and obvious way: one difference of two moments of Python after the other."""
    pairs = zip(frame["opened"], frame["day"], strict=True)
    day = dt.timedelta(days=1)
    return [float("nan") if pd.isna(first) else (last - first) / day for first, last in pairs]


def at_every_door(model: DecidingModel, given: pa.Table | pd.DataFrame) -> dict[str, Any]:
    """The PDs of a table, by door."""
    runtime = model.runtime
    is_arrow = isinstance(given, pa.Table)
    arrow = given if is_arrow else pa.Table.from_pandas(given, preserve_index=False)
    frame = given.to_pandas(types_mapper=pd.ArrowDtype) if is_arrow else given
    judged, _ = runtime.judge(arrow, pa.array([], pa.null()), rows.TODAY)
    read = columns(model.bundle, arrow.column_names)
    batch = Work(RowFaultInputs(read, pa.array([], pa.null()), rows.TODAY), model.decide({}))
    single = [runtime.predict(frame.iloc[[k]])["pd"].iloc[0] for k in (0, 3, 6)]
    # table: door -> decisions
    decided = {
        "pandas": runtime.predict(frame),
        "Arrow": runtime.decider.decide_table(arrow),
        "read again": runtime.predict_judged(judged),
        "batch": batch((0, arrow)).decisions,
    }
    found = {door: answers["pd"].to_numpy() for door, answers in decided.items()}
    sent = [list(frame.to_dict("records"))[k] for k in (0, 3, 6)]
    dicts = [runtime.answers([row])[0]["pd"] for row in sent]
    many = [one["pd"] for one in runtime.answers(frame.to_dict("records"))]
    return {
        **found,
        "dicts": np.array(many),
        "row by row": np.array(single),
        ALONE: np.array(dicts),
    }


ALONE = "dict by dict"


def texts(frame: pd.DataFrame, pattern: str) -> pd.Series:
    written = frame["opened"].dt.strftime(pattern)
    return written.where(frame["opened"].notna(), "NULL").astype(object)


def arrow_of(frame: pd.DataFrame, values: pa.Array) -> pa.Table:
    whole = pa.Table.from_pandas(frame.drop(columns="opened"), preserve_index=False)
    return whole.append_column("opened", values)


# table: a way to store the same dates
WAYS: dict[str, Callable[[pd.DataFrame], pa.Table | pd.DataFrame]] = {
    "ns": lambda f: f.astype({"opened": "datetime64[ns]", "day": "datetime64[ns]"}),
    "s": lambda f: f.astype({"opened": "datetime64[s]", "day": "datetime64[us]"}),
    "with zones": lambda f: f.assign(
        opened=f["opened"].dt.tz_localize("UTC").dt.tz_convert("Asia/Shanghai"),
        day=f["day"].dt.tz_localize("UTC"),
    ),
    "date32": lambda f: arrow_of(f, pa.array(f["opened"].dt.date, pa.date32())),
    "date64": lambda f: arrow_of(f, pa.array(f["opened"].dt.date, pa.date64())),
    "objects": lambda f: f.assign(opened=f["opened"].dt.date.astype(object)),
    "as training wrote them": lambda f: f.assign(opened=texts(f, PATTERN)),
    "ISO": lambda f: f.assign(opened=texts(f, "%Y-%m-%d")),
    "ISO with a zone": lambda f: f.assign(opened=texts(f, "%Y-%m-%dT00:00:00Z")),
    "large_string": lambda f: arrow_of(f, pa.array(texts(f, PATTERN), pa.large_string())),
    "string_view": lambda f: arrow_of(f, pa.array(texts(f, PATTERN)).cast(pa.string_view())),
    "dictionary": lambda f: arrow_of(f, pa.array(texts(f, PATTERN)).dictionary_encode()),
    "category": lambda f: f.assign(opened=texts(f, PATTERN).astype("category")),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_date_is_the_same_days_however_it_is_stored(model: DecidingModel, way: str) -> None:
    frame = table()
    expected = np.array(days_of(frame))
    decider = model.runtime.decider
    given = WAYS[way](frame)
    np.testing.assert_array_equal(decider.read(given).x[:, -1], expected)
    trained = own.matrix(frame.assign(opened=expected), FEATURES)
    scorer = decider.bundle.scorer
    pds = scorer.calibration.pd(scorer.margin.raw(trained))
    if way == "string_view":
        # pandas does not know it.
        assert decider.decide_table(given)["pd"].to_pylist() == pds.tolist()
        return
    for door, found in at_every_door(model, given).items():
        known = pds[[0, 3, 6]] if door in ("row by row", ALONE) else pds
        np.testing.assert_array_equal(found, known, err_msg=door)


def test_digits_are_a_date_where_training_read_them_so(tmp_path: Path) -> None:
    frame = table().drop(index=3)
    digits = frame["opened"].dt.strftime("%Y%m%d").astype("int64")
    known = model_of(tmp_path / "known", DateReading("%Y%m%d"))
    expected = days_of(frame)
    for given in (frame.assign(opened=digits), frame.assign(opened=digits.astype(object))):
        assert known.runtime.decider.read(given).x[:, -1].tolist() == expected
    with pytest.raises(DecisionError, match="column opened"):
        model_of(tmp_path / "no", DateReading()).runtime.decider.read(frame.assign(opened=digits))


def test_a_text_that_is_no_date_sets_its_row_aside(model: DecidingModel) -> None:
    odd = texts(table(), PATTERN)
    odd[2] = "soon"
    odd[5] = "2024-02-30"
    answers = model.runtime.predict(table().assign(opened=odd))
    assert answers.refused_rule.dropna().to_dict() == {2: "not_a_date", 5: "not_a_date"}
    assert answers.refused_column[2] == "opened"
    assert "'soon' is no date as training read this column (%d/%m/%Y)" in answers.refused_reason[2]
    # A number is no date, in one row as in many.
    assert model.runtime.predict(table().iloc[[0]].assign(opened=365.0)).refused_rule[0]


def test_a_column_that_comes_empty_is_null(model: DecidingModel) -> None:
    expected = days_of(table().assign(opened=pd.NaT))
    for empty in (np.nan, None, pd.NaT):
        x = model.runtime.decider.read(table().assign(opened=empty)).x
        np.testing.assert_array_equal(x[:, -1], expected)


def test_the_moment_counts_from_which_the_days_are_counted(model: DecidingModel) -> None:
    """A day earlier is a day less, and a missing `day` is asked for by its own name."""
    frame = table()
    moved = frame.assign(day=frame["day"] - pd.Timedelta(days=1))
    x = model.runtime.decider.read(moved).x[:, -1]
    np.testing.assert_array_equal(x + 1, days_of(frame))
    with pytest.raises(DecisionError, match="column day"):
        model.runtime.decider.read(frame.drop(columns="day"))
    # A table of one's own may be older than the house's first application.
    old = frame.assign(day=frame["day"] - pd.Timedelta(days=40 * 365))
    assert model.runtime.predict(old)["pd"].notna().all()
    assert model.runtime.predict(frame)["as_of"].tolist() == frame["day"].tolist()
