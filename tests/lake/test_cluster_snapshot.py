"""A network snapshot made by Spark's joins is, byte by byte, that of the embedded engine."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from creditloom.features.engine.cluster.network.cluster_work import BROADCASTS, without_broadcasts
from creditloom.features.engine.cluster.network.graph_tables import MEASURED
from creditloom.features.network.graph import MEASURES
from creditloom.features.network.snapshot_tables import TABLES
from creditloom.pipeline.cli import build
from creditloom.serving.whole.network_snapshot import MARK, make_snapshot
from creditloom.storage.files.errors import DataError
from creditloom.storage.lake.change import add
from tests.features.test_spark import needs_spark
from tests.lake import planted
from tests.lake.conftest import SHARDS, WORK, write
from tests.score.test_resume import bytes_of

MONTH = dt.datetime.fromisoformat(planted.MONTH_DAY)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("planted")
    add(root / "lake", write(planted.planted(), root / "raw"), WORK, shards=SHARDS)
    return root / "lake"


@needs_spark
@pytest.mark.slow
def test_both_engines_write_the_same_snapshot(lake: Path, cluster: None, tmp_path: Path) -> None:
    """Every table, its hash, and the hash of all: no sum depends on who comes first."""
    from pyspark.sql import SparkSession

    one, two = (_made(lake, engine, tmp_path / engine) for engine in ("duckdb", "spark"))
    assert {f"{name}.parquet" for name in TABLES} | {MARK} <= one.keys()
    assert [name for name in one if one[name] != two.get(name)] == []
    assert one.keys() == two.keys()
    # What a person configured is as it was.
    session = SparkSession.getActiveSession()
    assert session is not None
    assert "-1" not in [session.conf.get(name, None) for name in BROADCASTS]


def _made(lake: Path, engine: str, out: Path) -> dict[str, bytes]:
    words = ["snapshot", "make", "--events", lake, "--as-of", planted.MONTH_DAY, "--out", out]
    words += ["--engine", engine, "--max-bad-share", "1"]
    done = CliRunner().invoke(build(["snapshot"]), [*map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return bytes_of(out)


def test_the_planted_cases_are_there(lake: Path, tmp_path: Path) -> None:
    """What the makers are compared on: the graph of the people whose links are planted."""
    made = make_snapshot(lake, MONTH, tmp_path / "here", max_bad_share=1.0)
    rows = pq.read_table(made.network.files["graph"]).to_pylist()
    of = {row["person"]: row for row in rows}
    degree = {person: of[person]["soc_graph_degree_ever"] for person in range(20, 40)}
    assert [degree[person] for person in planted.PATH] == [1, 2, 2, 2, 2, 2, 2, 1]
    assert [degree[person] for person in (planted.LOOP, *planted.TWICE)] == [0, 1, 1]
    # The refusal before the month takes its person out, that within it does not.
    assert [degree[person] for person in planted.TRIANGLE] == [2, 3, 3]
    assert of[planted.REFUSED]["is_hidden"] and degree[planted.REFUSED] is None
    assert degree[planted.AGREES_LATER] == 2
    assert [degree[one] for one in (*planted.AT_THE_FIRST, *planted.JUST_BEFORE)] == [0, 0, 1, 1]
    assert {row["soc_graph_core_number_ever"] for row in rows} >= {0.0, 1.0, 2.0}
    circles = pq.read_table(made.network.files["circles"])["person"].to_pylist()
    assert [circles.count(person) for person in (20, 21, 22, 24)] == [2, 2, 1, 1]


class _Conf(dict[str, str]):
    """The settings of a session, as Spark lets them be read, set and forgotten."""

    def set(self, name: str, value: str) -> None:
        self[name] = value

    def unset(self, name: str) -> None:
        del self[name]


def test_nothing_is_broadcast_while_tables_are_made() -> None:
    """A broadcast goes through the driver. What a person had set is set again, and nothing else."""
    first, second = BROADCASTS
    conf = _Conf({first: "10"})
    with without_broadcasts(SimpleNamespace(conf=conf)):  # type: ignore[arg-type]
        assert conf == {first: "-1", second: "-1"}
    assert conf == {first: "10"}


def test_spark_makes_every_measure_that_is_declared() -> None:
    assert MEASURED.keys() == MEASURES.keys()


def test_a_folder_that_is_no_lake_is_refused_before_spark_starts(lake: Path) -> None:
    """Its contract would be checked on the driver."""
    raw = lake.parent / "raw"
    with pytest.raises(DataError, match=r"of a lake alone[\s\S]*creditloom lake add"):
        make_snapshot(raw, MONTH, lake.parent / "none", max_bad_share=1.0, engine="spark")
    assert not (lake.parent / "none").exists()


def test_a_lake_whose_receipts_do_not_hold_is_refused(
    lake: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("creditloom.storage.lake.receipts.rules_version", lambda: "others")
    with pytest.raises(DataError, match=r"judged again[\s\S]*lake reshard"):
        make_snapshot(lake, MONTH, tmp_path / "none", max_bad_share=1.0, engine="spark")
    assert not (tmp_path / "none").exists()
