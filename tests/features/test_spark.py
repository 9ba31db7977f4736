"""Spark gives what the embedded engine gives.

Every column, on clean and on dirty rows, the graph included.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from creditloom.features.contract.tables import EVENT_TABLES
from creditloom.features.declare.registry import plan
from creditloom.features.engine.cluster.spark_session import open_session
from creditloom.features.engine.engine import build
from creditloom.features.feature_params import FeatureError
from tests.features.raw import PARAMS, Raw, write_raw

NO_JAVA = not os.environ.get("JAVA_HOME") and shutil.which("java") is None
NO_SPARK = importlib.util.find_spec("pyspark") is None
needs_spark = pytest.mark.skipif(
    NO_JAVA or NO_SPARK, reason="needs Java" if NO_JAVA else "needs pyspark"
)
LOCAL = replace(PARAMS, bucket_rows=600, threads=2, memory_mb=1_000)
TOLERANCE = 1e-12


@pytest.fixture(scope="module")
def session() -> Iterator[None]:
    """Start one local[2] session for all builds of this module.

    `build` takes the session that is open. Its compiler is the quick one.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        yield from _open()


def _open() -> Iterator[None]:
    with open_session(LOCAL) as there:
        assert there.sparkContext.master == "local[2]"
        yield


def soiled(raw: Raw) -> Raw:
    """Return the same tables with one row in five broken.

    Nulls, unknown words, texts for numbers, wrong clocks.
    """
    rng = np.random.default_rng(3)
    return {
        name: _soiled(table, rng) if name != "applications" else table
        for name, table in raw.items()
    }


def _soiled(table: pa.Table, rng: np.random.Generator) -> pa.Table:
    columns = []
    for field in table.schema:
        bad = rng.random(len(table)) < 0.2
        values = table.column(field.name).to_pylist()
        if field.name not in ("application_id", "event_id"):
            values = [
                _broken(v, field.type, rng) if is_bad else v
                for v, is_bad in zip(values, bad, strict=True)
            ]
        columns.append(pa.array(values, field.type))
    return pa.Table.from_arrays(columns, names=table.column_names)


def _broken(value: object, kind: pa.DataType, rng: np.random.Generator) -> object:
    wrong: list[object] = [None]
    if pa.types.is_string(kind):
        wrong += ["yachts", ""]
    elif pa.types.is_floating(kind):
        wrong += [float("nan"), float("inf"), -1.0]
    elif pa.types.is_timestamp(kind):
        wrong += [
            np.datetime64("1970-01-01", "us").item(),
            np.datetime64("2199-01-01", "us").item(),
        ]
    elif pa.types.is_integer(kind):
        wrong += [-1, 32_000]
    return wrong[rng.integers(len(wrong))]


def _both(raw: Raw, root: Path) -> tuple[pa.Table, pa.Table]:
    sources = write_raw(raw, root)
    return tuple(
        pa.concat_tables(build(sources, replace(LOCAL, engine=engine)))
        for engine in ("duckdb", "spark")
    )  # type: ignore[return-value]


@needs_spark
# Slow: `make consumer` runs it at every change.
@pytest.mark.slow
@pytest.mark.parametrize("dirty", [False, True], ids=["clean", "dirty"])
def test_every_column_is_that_of_the_embedded_engine(
    raw: Raw, tmp_path: Path, session: None, dirty: bool
) -> None:
    here, there = _both(soiled(raw) if dirty else raw, tmp_path)
    assert there.schema.equals(here.schema)
    names = [spec.name for spec in plan([t.name for t in EVENT_TABLES]).specs]
    assert {"soc_graph_core_number_ever", "soc_graph_clustering_share_ever"} < set(names)
    assert not [
        name
        for name in here.column_names
        if name not in names and here.column(name).to_pylist() != there.column(name).to_pylist()
    ]
    assert not [name for name in names if not _same(here.column(name), there.column(name))]


def _same(one: pa.ChunkedArray, other: pa.ChunkedArray) -> bool:
    """Null in the same rows, else equal to 1e-12 of the value."""
    a = one.to_numpy()
    b = other.to_numpy()
    return one.is_null().equals(other.is_null()) and np.allclose(
        a, b, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True
    )


def test_without_java_the_reason_is_said(
    monkeypatch: pytest.MonkeyPatch, raw: Raw, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(FeatureError, match=r"needs (Java 17 or 21|pyspark)"):
        next(iter(build(write_raw(raw, tmp_path), replace(LOCAL, engine="spark"))))


@pytest.mark.slow
@needs_spark
def test_paths_are_read_as_they_are_written(raw: Raw, tmp_path: Path, session: None) -> None:
    """Below folders a month, with names that are patterns to Spark and to DuckDB."""
    few = {name: raw[name] for name in ("applications", "bills", "contacts")}
    plain = {name: Path(file) for name, (file,) in write_raw(few, tmp_path / "raw").items()}
    odd = {}
    for name, file in plain.items():
        folder = tmp_path / "odd" / name / "month=2024-06" / "event_id=1" / "a{1,2}[0] *?"
        folder.mkdir(parents=True)
        odd[name] = (str(file.rename(folder / "part[1]#%20.parquet")),)
    here, there = (
        pa.concat_tables(build(odd, replace(LOCAL, engine=engine)))
        for engine in ("duckdb", "spark")
    )
    assert there.schema.equals(here.schema) and len(there) == len(few["applications"])
    assert not [n for n in here.column_names if here.column(n) != there.column(n)]
