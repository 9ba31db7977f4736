"""One table of types: what training takes of a column every door takes, to the same PD bits."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from creditloom.decision.base.catalogue import Feature
from creditloom.decision.base.errors import DecisionError
from creditloom.decision.base.layout import Layout, LayoutColumn
from creditloom.decision.base.readings.text_numbers import TextReading
from creditloom.decision.frames.accepted import nearest_floats
from creditloom.serving.batch.deciding_model import DecidingModel
from creditloom.serving.batch.part import Work
from creditloom.serving.batch.row_faults import RowFaultInputs
from creditloom.serving.inputs import columns
from creditloom.storage.files.errors import DataError
from creditloom.storage.own.columns import ColumnSource
from creditloom.storage.own.features import feature_of
from tests.decision import own, rows

# Levels as numbers are written, wherever they come from.
BRANCHES = ("1", "2", "2.5", "7")
FEATURES = (
    *own.FEATURES,
    Feature("branch", "own", "branch", categories=BRANCHES, codes=(0.1, 0.2, 0.3, 0.4), unseen=0.5),
)
ROWS = 6
INTS = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32()]
NUMBERS = [
    *INTS, pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.bool_(),
    pa.decimal128(5, 1), pa.decimal128(38, 20), pa.decimal256(40, 3), pa.null(),
]  # fmt: skip
TEXTS = [pa.string(), pa.large_string(), pa.string_view(), pa.null()]
IDS = [*INTS, pa.uint64(), pa.float64(), pa.float32(), pa.decimal128(10, 0), *TEXTS[:3]]


@cache
def model() -> DecidingModel:
    folder = Path(mkdtemp(prefix="types_"))
    frame = own.table(1500, seed=2)
    frame["branch"] = np.random.default_rng(1).choice(BRANCHES, len(frame))
    x = own.matrix(frame, FEATURES)
    return DecidingModel.of_bundle(own.write_bundle(folder, None, FEATURES, x=x, layout=own.LAYOUT))


def number(kind: pa.DataType) -> st.SearchStrategy[Any]:
    """One value that a column of this type holds exactly, or null."""
    if pa.types.is_null(kind):
        return st.none()
    if pa.types.is_boolean(kind):
        return st.none() | st.booleans()
    if pa.types.is_integer(kind):
        return st.none() | st.integers(0, 100)
    if pa.types.is_decimal(kind):
        return st.none() | st.integers(-5_000, 5_000).map(lambda k: Decimal(k).scaleb(-1))
    # A half, that all widths hold.
    return st.none() | st.integers(-200, 200).map(lambda k: k / 2)


def text(kind: pa.DataType, words: tuple[str, ...]) -> st.SearchStrategy[Any]:
    return st.none() if pa.types.is_null(kind) else st.none() | st.sampled_from(words)


@st.composite
def column(draw: Any, kinds: list[pa.DataType], words: tuple[str, ...]) -> pa.Array:
    """A column of one of the types, now and then coded as a dictionary."""
    kind = draw(st.sampled_from(kinds))
    is_number = kind in NUMBERS and kind not in TEXTS[:3]
    one = number(kind) if is_number else text(kind, words)
    values = pa.array(draw(st.lists(one, min_size=ROWS, max_size=ROWS)), kind)
    is_coded = draw(st.booleans()) and not pa.types.is_null(kind)
    # Arrow has no dictionary of these two.
    if is_coded and kind not in (pa.string_view(), pa.float16()):
        return values.dictionary_encode()
    return values


@st.composite
def tables(draw: Any) -> pa.Table:
    """A user's own table: its columns of any accepted type."""
    kind = draw(st.sampled_from(IDS))
    ids = [str(k) if kind in TEXTS else k + 1 for k in range(ROWS)]
    # table: a column a line
    return pa.table(
        {
            "loan": pa.array(ids, kind),
            "use": draw(column(NUMBERS, ())),
            "home": draw(column(TEXTS, (*own.HOMES, "houseboat", "家"))),
            "tenure": draw(column(NUMBERS, ())),
            "branch": draw(column([*NUMBERS, *TEXTS[:3]], (*BRANCHES, "12"))),
        }
    )


def pds(table: pa.Table) -> Iterator[tuple[str, Any]]:
    """The PDs of each door, by its name."""
    runtime = model().runtime
    decider = runtime.decider
    yield "Arrow", decider.decide_table(table)["pd"].to_numpy()
    judged, _ = runtime.judge(table, pa.array([], pa.null()), rows.TODAY)
    yield "table of judge", runtime.predict_judged(judged)["pd"].to_numpy()
    rules = RowFaultInputs(
        columns(model().bundle, table.column_names), pa.array([], pa.int64()), rows.TODAY
    )
    yield "batch", Work(rules, model().decide({}))((0, table)).decisions["pd"].to_numpy()
    # pandas knows neither of them.
    plain = table.cast(pa.schema([(f.name, _pandas_type(f.type)) for f in table.schema]))
    for name, frame in (
        ("pandas", plain.to_pandas(integer_object_nulls=True)),
        ("pandas of Arrow types", plain.to_pandas(types_mapper=pd.ArrowDtype)),
        ("objects", pd.DataFrame({n: _objects(table[n]) for n in table.column_names})),
    ):
        yield name, decider.decide(frame).pd.to_numpy()
        yield f"registry, {name}", runtime.predict(frame).pd.to_numpy()
        sent = frame.to_dict("records")
        yield f"dicts, {name}", [one["pd"] for one in runtime.answers(sent)]
        yield f"dict by dict, {name}", [runtime.answers([row])[0]["pd"] for row in sent]


def _pandas_type(kind: pa.DataType) -> pa.DataType:
    return pa.string() if kind == pa.string_view() else kind


def _objects(values: pa.ChunkedArray) -> pd.Series:
    objects = np.empty(len(values), dtype=object)
    objects[:] = values.to_pylist()
    return pd.Series(objects)


# table: tenths, a third of which a cast that is not exact misses by the last bit.
TENTHS = pa.table(
    {
        "loan": pa.array([f"L{k}" for k in range(ROWS)], pa.string_view()),
        "use": pa.array([Decimal(k).scaleb(-1) for k in (3, 6, 7, 12, -3, 1)]),
        "home": pa.array(["own", "rent", None, "lodger", "tent", "own"]).dictionary_encode(),
        "tenure": pa.array([1, 2, None, -9, 4, 5], pa.int16()),
        "branch": pa.array(
            [None if k is None else Decimal(k) for k in ("1", "2.5", None, "7", "12", "2")],
            pa.decimal128(5, 2),
        ),
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(table=tables())
@example(table=TENTHS)
def test_every_door_takes_every_type_to_the_same_bits(table: pa.Table) -> None:
    trained = np.array(list(_trained(table)))
    scorer = model().runtime.decider.bundle.scorer
    expected = scorer.calibration.pd(scorer.margin.raw(trained))
    # The numbers too: few last bits of a number move a PD.
    np.testing.assert_array_equal(model().runtime.decider.read(table).x, trained)
    for door, found in pds(table):
        np.testing.assert_array_equal(found, expected, err_msg=door)


def _trained(table: pa.Table) -> Iterator[list[float]]:
    """Per row what the model reads of the columns as training reads them."""
    source = ColumnSource(table, "a table", is_csv=False)
    read = {
        name: feature_of(source, name, is_category=name in ("home", "branch"))[0].tolist()
        for name in ("use", "home", "tenure", "branch")
    }
    for row in range(len(table)):
        yield [own.cell(feature, read[feature.read_column][row]) for feature in FEATURES]


@given(st.lists(st.none() | st.decimals(-(10**12), 10**12, places=3), min_size=1, max_size=30))
def test_a_decimal_is_read_as_the_nearest_number(values: list[Decimal | None]) -> None:
    array = pa.array(values, pa.decimal128(38, 3)).slice(0 if len(values) < 2 else 1)
    expected = [np.nan if value is None else float(value) for value in array.to_pylist()]
    np.testing.assert_array_equal(nearest_floats(array), expected)


@pytest.mark.parametrize("kind", [pa.duration("s"), pa.binary(), pa.list_(pa.int8())])
def test_what_training_refuses_every_door_refuses(kind: pa.DataType) -> None:
    table = pa.Table.from_pandas(own.table(3).assign(branch=1))
    other = table.set_column(2, "use", pa.nulls(3, kind))
    with pytest.raises(DataError, match="use"):
        feature_of(ColumnSource(other, "a table", is_csv=False), "use", is_category=False)
    for frame in (other, other.to_pandas(types_mapper=pd.ArrowDtype)):
        with pytest.raises(DecisionError, match="column use"):
            model().runtime.decider.read(frame)


# Ids.


def ids_of(frame: Any) -> list[Any]:
    return model().runtime.decider.decide(frame).application_id.tolist()


def _with_ids(ids: Any) -> pd.DataFrame:
    return own.table(len(ids)).assign(loan=ids, branch="1")


def test_ids_stay_what_they_are() -> None:
    texts = [str(uuid.UUID(int=k)) for k in range(3)]
    assert ids_of(_with_ids(texts)) == texts
    assert ids_of(_with_ids(pd.Series(map(uuid.UUID, texts), dtype=object))) == texts
    big = [10**18 + k for k in range(40)]
    assert ids_of(_with_ids(pd.Series(big, dtype=object))) == big
    assert ids_of(_with_ids(["007", "7", "7.0"])) == ["007", "7", "7.0"]
    assert ids_of(_with_ids([1.0, 2.0, float(2**53 - 1)])) == [1, 2, 2**53 - 1]


# table: ids that may stand for two, a case a row
@pytest.mark.parametrize(
    "ids",
    [
        np.array([2**53 + 1, 5]).astype(float),
        np.array([2**24 + 1, 5]).astype(np.float32),
        pd.Series([float(2**53), 5], dtype=object),
        pd.Series([np.float32(2**24), 5], dtype=object),
        pd.Series([2**64, 5], dtype=object),
    ],
)
def test_an_id_that_may_stand_for_two_is_refused(ids: Any) -> None:
    """At the bound itself a float may have been the next whole number."""
    with pytest.raises(DecisionError, match="application_id, row 0"):
        ids_of(_with_ids(ids))
    answers = model().runtime.predict(_with_ids(ids))
    assert answers.refused_rule.dropna().to_dict() == {0: "id_unreadable"}


def test_ids_and_texts_in_one_column_are_refused_as_two_types() -> None:
    with pytest.raises(DecisionError, match="two types"):
        ids_of(_with_ids(pd.Series([1, "1"], dtype=object)))


# Texts that training read as numbers.


# table: a reading a row
@pytest.mark.parametrize(
    ("reading", "texts", "numbers"),
    [
        (TextReading("percent"), [" 12.5%", "7 %", None], [12.5, 7.0, np.nan]),
        (TextReading("thousands", ("?",)), ["1,234.5", "?", "12"], [1234.5, np.nan, 12.0]),
        (TextReading("decimal comma"), ["0,5", "3", None], [0.5, 3.0, np.nan]),
    ],
)
def test_texts_are_numbers_as_training_read_them(
    tmp_path: Path, reading: TextReading, texts: list[str | None], numbers: list[float]
) -> None:
    layout = Layout("loan", columns=(LayoutColumn("tenure", "string", "feature", reading),))
    decider = own.decider(tmp_path, layout=layout)
    table = own.table(3)
    expected = decider.decide(table.assign(tenure=numbers)).pd.tolist()
    assert decider.decide(table.assign(tenure=texts)).pd.tolist() == expected
    objects = table.assign(tenure=pd.Series(texts, dtype=object))
    assert decider.decide(objects).pd.tolist() == expected
    arrow = pa.Table.from_pandas(objects)
    assert decider.decide_table(arrow)["pd"].to_pylist() == expected
    coded = arrow.set_column(4, "tenure", arrow["tenure"].dictionary_encode())
    assert decider.decide_table(coded)["pd"].to_pylist() == expected
    odd = arrow.set_column(4, "tenure", pa.array(["about ten"] * 3))
    for other in (objects.assign(tenure="about ten"), odd):
        with pytest.raises(DecisionError, match="is no number as training read this column"):
            decider.read(other)
