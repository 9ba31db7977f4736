"""The same row gets the same answer at every door: batch, Python, MLflow's pyfunc, dicts.

REST and Spark are asked in tests/registry/test_online_doors.py.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from creditloom.decision.base.errors import DecisionError
from creditloom.decision.decide import Decider
from creditloom.decision.frames import row_rules
from creditloom.decision.frames.answer import REFUSED
from creditloom.decision.loader import DecisionModel
from creditloom.serving.batch.deciding_model import DecidingModel
from creditloom.serving.batch.part import Work
from creditloom.serving.batch.row_faults import RowFaultInputs
from creditloom.serving.inputs import columns
from tests.decision import rows
from tests.registry.small import applications, write_bundle


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> DecidingModel:
    return DecidingModel.of_bundle(write_bundle(tmp_path_factory.mktemp("doors") / "model"))


def batch_answers(model: DecidingModel, table: pa.Table) -> tuple[dict[int, str], dict[int, Any]]:
    """Return the rule of each row set aside, and the decision of each other row, by row number."""
    ids = table["application_id"].combine_chunks()
    repeated = pa.array([], ids.type)
    if not pa.types.is_dictionary(ids.type):
        repeated = row_rules.repeated_ids(row_rules.block_ids(ids))
    rules = RowFaultInputs(
        columns(model.bundle, table.column_names),
        pa.array([], pa.int64()) if repeated is None else repeated,
        rows.TODAY,
    )
    result = Work(rules, model.decide({"explain": "all"}))((0, table))
    rejected = result.rejected.to_pylist()
    assert all(row["reason"] and row["column"] for row in rejected)
    decided = dict(zip(result.rows.tolist(), result.decisions.to_pylist(), strict=True))
    return {row["row"]: row["rule"] for row in rejected}, decided


def online_answers(model: DecidingModel, frame: Any) -> tuple[dict[int, str], dict[int, Any]]:
    """Return the same of the door of MLflow and REST."""
    answers = model.runtime.predict(frame, {"explain": "all"}).to_dict("records")
    refused = {k: row["refused_rule"] for k, row in enumerate(answers) if row["refused_rule"]}
    decided = {k: row for k, row in enumerate(answers) if not row["refused_rule"]}
    assert all(answers[k]["decision"] is None and answers[k]["refused_reason"] for k in refused)
    for row in decided.values():
        assert not any(row.pop(name) for name in REFUSED)
    return refused, decided


def direct_answers(
    model: DecidingModel, sent: list[dict[str, Any]]
) -> tuple[dict[int, str], dict[int, Any]]:
    """Return the same of the direct path: dicts in, dicts out."""
    answers = model.runtime.answers(sent, {"explain": "all"}, today=rows.TODAY)
    refused = {k: row["refused_rule"] for k, row in enumerate(answers) if row["refused_rule"]}
    decided = {k: row for k, row in enumerate(answers) if not row["refused_rule"]}
    assert all(answers[k]["decision"] is None and answers[k]["refused_reason"] for k in refused)
    for row in decided.values():
        assert not any(row.pop(name) for name in REFUSED)
    return refused, decided


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The online door's day is the day of the batch."""
    real = Decider.judged

    def judged(self: Decider, frame: Any, **options: Any) -> Any:
        return real(self, frame, **{**options, "today": rows.TODAY})

    monkeypatch.setattr(Decider, "judged", judged)


def as_pandas(table: pa.Table, types_mapper: Any = None) -> pd.DataFrame:
    """Return the table as pandas holds it; texts that are no UTF-8 have no form there."""
    # Without a float in between, which would lose digits, and without dates of Python.
    return table.to_pandas(
        types_mapper=types_mapper, integer_object_nulls=True, date_as_object=False
    )


def without_bad_bytes(table: pa.Table) -> pa.Table:
    """Return the table with null for texts that are no UTF-8."""
    for k, name in enumerate(table.column_names):
        if name in ("application_id", "purpose", "as_of"):
            values = rows._plain(table[name].combine_chunks())
            if any(isinstance(value, bytes) for value in values):
                texts = [v.decode(errors="ignore") if isinstance(v, bytes) else v for v in values]
                table = table.set_column(k, name, pa.array(texts, pa.string()))
    return table


def same(one: dict[int, Any], other: dict[int, Any]) -> None:
    assert one.keys() == other.keys()
    for row, decision in one.items():
        for name, value in decision.items():
            assert value == other[row][name] or (value != value), (row, name)


def check(model: DecidingModel, table: pa.Table) -> None:
    """The quarantine is the oracle's; the online door refuses the same rows and decides alike."""
    refused, decided = batch_answers(model, table)
    assert refused == rows.oracle(table)
    readable = without_bad_bytes(table)
    expected = rows.oracle(readable)
    for mapper in (None, pd.ArrowDtype):
        online, answers = online_answers(model, as_pandas(readable, mapper))
        assert online == expected
    same(
        {k: decided[k] for k in decided if k in answers},
        {k: answers[k] for k in decided if k in answers},
    )
    objects = pd.DataFrame({name: _objects(readable[name]) for name in readable.column_names})
    refused, decided = online_answers(model, objects)
    assert refused == expected
    sent = records(objects)
    together = direct_answers(model, sent)
    assert together[0] == expected
    same(decided, together[1])
    for k, row in enumerate(sent[:5]):
        # An id that stands twice in a frame stands once in a call of its own.
        if expected.get(k) != "id_duplicate":
            alone = direct_answers(model, [row])
            assert alone[0] == ({0: expected[k]} if k in expected else {})
            same(alone[1], {0: decided[k]} if k in decided else {})


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as dicts, as `to_dict` does."""
    columns = {}
    for name, values in frame.items():
        try:
            columns[name] = values.tolist()
        except pd.errors.OutOfBoundsDatetime:
            # The last moment of all has no wall clock east of Greenwich; it has one in UTC.
            columns[name] = values.dt.tz_convert("UTC").tolist()
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _objects(column: pa.ChunkedArray) -> pd.Series:
    values = column.combine_chunks()
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        # Python has no moment beyond year 9999; pandas has.
        return values.to_pandas(date_as_object=False)
    plain = values.to_pylist()
    return pd.Series(np.array([*plain, None], dtype=object)[:-1], dtype=object)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_every_door_gives_the_same_answer(model: DecidingModel, seed: int) -> None:
    check(model, rows.table(24, seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_twenty_thousand_rows_of_every_type_and_extreme(model: DecidingModel, seed: int) -> None:
    check(model, rows.table(100, seed))


# table: a way to write the same moment
MOMENTS = {
    "naive us": lambda t: t,
    "UTC": lambda t: t.dt.tz_localize("UTC"),
    "+08:00": lambda t: t.dt.tz_localize("UTC").dt.tz_convert("Asia/Shanghai"),
    "ns": lambda t: t.astype("datetime64[ns]"),
    "text": lambda t: t.dt.strftime("%Y-%m-%dT%H:%M:%S"),
    "text Z": lambda t: t.dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "text +08:00": lambda t: (t + pd.Timedelta(hours=8)).dt.strftime("%Y-%m-%dT%H:%M:%S+08:00"),
    "objects": lambda t: pd.Series(t.dt.tz_localize("UTC").tolist(), dtype=object),
}


@pytest.mark.parametrize("way", MOMENTS)
def test_a_moment_is_the_same_however_it_is_written(model: DecidingModel, way: str) -> None:
    frame = applications(20)
    expected = online_answers(model, frame)
    sent = frame.assign(as_of=MOMENTS[way](frame["as_of"]))
    assert online_answers(model, sent)[1].keys() == expected[1].keys()
    same(online_answers(model, sent)[1], expected[1])
    same(batch_answers(model, pa.Table.from_pandas(sent))[1], expected[1])


def test_a_count_of_milliseconds_is_no_moment(model: DecidingModel) -> None:
    frame = applications(3).assign(as_of=1_762_164_000_000)
    for door in (model.runtime.predict, lambda f: batch_answers(model, pa.Table.from_pandas(f))):
        with pytest.raises(DecisionError, match="a whole number may count seconds or milliseconds"):
            door(frame)


# table: a way to write the same ids
IDS = {
    "int32": lambda ids: ids.astype("int32"),
    "decimal": lambda ids: pd.Series(ids, dtype=pd.ArrowDtype(pa.decimal128(20, 0))),
    "float": lambda ids: ids.astype("float64"),
    "uint64": lambda ids: ids.astype("uint64"),
    "objects": lambda ids: ids.astype(object),
}


@pytest.mark.parametrize("way", IDS)
def test_a_whole_number_is_the_same_id_in_any_type(model: DecidingModel, way: str) -> None:
    frame = applications(20)
    expected = online_answers(model, frame)[1]
    sent = frame.assign(application_id=IDS[way](frame["application_id"]))
    same(online_answers(model, sent)[1], expected)
    same(batch_answers(model, pa.Table.from_pandas(sent))[1], expected)


def test_one_bad_row_of_ten_is_refused_by_itself(model: DecidingModel) -> None:
    frame = applications(10)
    clean = online_answers(model, frame)[1]
    frame["verified_income_fen"] = frame["verified_income_fen"].astype(object)
    frame.loc[4, "verified_income_fen"] = "a lot"
    refused, decided = online_answers(model, frame)
    assert refused == {4: "not_a_number"}
    same(decided, {k: row for k, row in clean.items() if k != 4})
    answer = model.runtime.predict(frame)
    assert answer["application_id"].tolist() == list(range(10))
    assert answer.loc[4, "refused_column"] == "verified_income_fen"
    assert "'a lot' is no number" in answer.loc[4, "refused_reason"]


def test_one_bad_row_alone_is_refused_in_the_words_of_the_frame(model: DecidingModel) -> None:
    """The only row of a call is refused, and has the names of a decision all the same."""
    frame = applications(3)
    frame["wealth_fen"] = pd.Series([1, -5, 2], dtype=object)
    expected = model.runtime.predict(frame, {"explain": "all"}).to_dict("records")
    for k, row in enumerate(frame.to_dict("records")):
        (answer,) = model.runtime.answers([row], {"explain": "all"}, today=rows.TODAY)
        assert answer == expected[k] and list(answer) == list(expected[k])
    assert expected[1]["refused_reason"] == "-5 is below 0"


def test_dicts_are_refused_as_a_frame_of_their_names_is(model: DecidingModel) -> None:
    row = applications(1).to_dict("records")[0]
    sent = {name: value for name, value in row.items() if name != "purpose"}
    for params in ({}, {"product": "gold"}, {"explain": "some"}, {"lang": "en"}):
        given = row if params else sent
        with pytest.raises(DecisionError) as of_frame:
            model.runtime.predict(pd.DataFrame([given]), params)
        with pytest.raises(DecisionError) as of_dict:
            model.runtime.answers([given], params)
        assert str(of_dict.value) == str(of_frame.value)
    with pytest.raises(DecisionError, match="a dict of values by the names of columns"):
        model.runtime.answers([[1, 2]])
    assert model.runtime.answers([]) == []


def test_a_name_that_one_dict_lacks_is_null_there(model: DecidingModel) -> None:
    sent = applications(4).to_dict("records")
    del sent[2]["wealth_fen"]
    expected = model.runtime.predict(pd.DataFrame(sent)).to_dict("records")
    assert model.runtime.answers(sent, today=rows.TODAY) == expected


def test_an_id_of_48_megabytes_costs_little(model: DecidingModel) -> None:
    import tracemalloc

    ids = pa.array(["x" * (48 << 20), *(f"A{k}" for k in range(9))])
    table = pa.Table.from_pandas(applications(10)).set_column(0, "application_id", ids)
    tracemalloc.start()
    before = pa.total_allocated_bytes()
    refused, _ = batch_answers(model, table)
    python_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused == {0: "id_too_long"}
    assert python_bytes + pa.total_allocated_bytes() - before < 150 << 20


def test_python_names_the_rule_and_the_first_bad_row(model: DecidingModel) -> None:
    decider: Decider = model.runtime.decider
    with pytest.raises(DecisionError, match=r"(?s)column wealth_fen, row 2.*below_range"):
        decider.decide(applications(5).assign(wealth_fen=[1, 2, -3, 4, 5]))
    with pytest.raises(DecisionError, match=r"(?s)as_of, row 0.*as_of_past"):
        decider.decide(applications(5).assign(as_of=pd.Timestamp("1970-01-01")))
    with pytest.raises(DecisionError, match=r"(?s)row 1.*not_exact"):
        decider.decide(applications(2).assign(wealth_fen=[1, 2**53 + 1]))


def test_an_empty_frame_is_answered_by_no_rows(model: DecidingModel) -> None:
    assert len(model.runtime.predict(applications(0))) == 0
    assert isinstance(DecisionModel(model.runtime.decider).predict(applications(1)), pd.DataFrame)
    assert dt.date(2026, 1, 1) == rows.TODAY and Path(model.bundle).is_dir()
