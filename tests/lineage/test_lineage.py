"""The rows behind a number: the number is made of them again to the bit, and of no other row."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.features.aggregates.aggregates import AGGREGATES
from creditloom.features.contract.tables import TABLES
from creditloom.features.declare.registry import plan
from creditloom.features.engine import listed_rows
from creditloom.features.engine.engine import build
from creditloom.features.engine.listed_rows import bases_of, listed, made_again, parts_of
from creditloom.features.network.network_rows import GRAPH_NAMES
from creditloom.pipeline.commands.tables.lineage_parts import DecidedOn, RawTables
from tests.features.raw import PARAMS, random_raw
from tests.whatif.conftest import creditloom


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw tables of thirty people, their matrix, and a table of decisions."""
    folder = tmp_path_factory.mktemp("lineage")
    (folder / "raw").mkdir()
    for name, table in random_raw().items():
        pq.write_table(table, folder / "raw" / f"{name}.parquet", row_group_size=97)
    matrix = pa.concat_tables(build(RawTables(folder / "raw").sources, PARAMS))
    pq.write_table(matrix, folder / "matrix.parquet")
    ids = pa.array([f"decision {k}" for k in matrix["application_id"].to_pylist()])
    decisions = matrix.select(["application_id", "as_of"]).append_column("decision_id", ids)
    pq.write_table(decisions, folder / "decisions.parquet")
    return folder


@pytest.fixture(scope="module")
def tables(home: Path) -> RawTables:
    return RawTables(home / "raw", threads=1)


@pytest.fixture(scope="module")
def matrix(home: Path) -> pa.Table:
    return pq.read_table(home / "matrix.parquet")


def _decision(matrix: pa.Table, row: int) -> DecidedOn:
    application = matrix["application_id"][row].as_py()
    return DecidedOn(f"decision {application}", application, matrix["as_of"][row].as_py())


def _equal(one: float, other: float | None) -> bool:
    wanted = np.nan if other is None else other
    return one == wanted or (np.isnan(one) and np.isnan(wanted))


def _one_of_each_aggregate() -> list[str]:
    """Return features of a person's own rows: of each aggregate one at its shortest window."""
    found: dict[str, str] = {}
    for _, steps in plan(tuple(TABLES)).streams:
        for step in steps:
            for _, _, spec in step.features:
                found.setdefault(spec.aggregate, spec.name)
    return [*found.values()]


def test_every_aggregate_is_made_again_of_its_rows(tables: RawTables, matrix: pa.Table) -> None:
    names = _one_of_each_aggregate()
    aggregates = {base.block.aggregate for base in bases_of(names, tables.what)}
    assert aggregates == {*AGGREGATES} & {
        step.block.aggregate for _, steps in tables.what.streams for step in steps
    }
    rng = np.random.default_rng(1)
    for name in names:
        row = int(rng.integers(len(matrix)))
        spine = tables.spine(_decision(matrix, row))
        rows = listed(tables.sources, spine, bases_of([name], tables.what))
        again = made_again(name, spine, {one.table: one.rows for one in rows})
        assert _equal(again, matrix[name][row].as_py()), name


@pytest.mark.parametrize("name", ["pay_out_count_3m", "pay_out_amount_cny_3m"])
def test_a_listed_row_counts_and_another_of_the_person_does_not(
    name: str, tables: RawTables, matrix: pa.Table
) -> None:
    rows_seen = others_seen = 0
    for row in range(2):
        spine = tables.spine(_decision(matrix, row))
        (found,) = listed(tables.sources, spine, bases_of([name], tables.what))
        value = made_again(name, spine, {found.table: found.rows})
        for k in range(len(found.rows)):
            fewer = pa.concat_tables([found.rows.slice(0, k), found.rows.slice(k + 1)])
            assert made_again(name, spine, {found.table: fewer}) != value
        for k in range(len(found.others)):
            # Outside the window, not known at as_of, or of another kind.
            more = pa.concat_tables([found.rows, found.others.slice(k, 1)])
            assert _equal(made_again(name, spine, {found.table: more}), value)
        rows_seen += len(found.rows)
        others_seen += len(found.others)
    assert rows_seen and others_seen


def test_a_row_too_few_is_found(
    tables: RawTables, matrix: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plausible fault: an aggregate that looks back beyond its window is taken not to."""
    monkeypatch.setattr(listed_rows, "OF_EVERYTHING", ())
    monkeypatch.setattr(listed_rows, "OF_TWO_WINDOWS", ())
    names = [n for n in _one_of_each_aggregate() if "shift" in n or "new" in n or "tenure" in n]
    wrong = 0
    for row in range(3):
        spine = tables.spine(_decision(matrix, row))
        for name in names:
            rows = listed(tables.sources, spine, bases_of([name], tables.what))
            again = made_again(name, spine, {one.table: one.rows for one in rows})
            wrong += not _equal(again, matrix[name][row].as_py())
    assert wrong


def test_ratios_and_what_others_say_are_made_again(tables: RawTables, matrix: pa.Table) -> None:
    rng = np.random.default_rng(2)
    made = [ratio.spec.name for ratio in tables.what.ratios[::60]]
    made += [mark.spec.name for mark in tables.what.marks[:1]]
    for name in [*made, "soc_graph_degree_ever", "pay_peer_payee_count_12m"]:
        row = int(rng.integers(len(matrix)))
        value = matrix[name][row].as_py()
        found = tables.lineage(_decision(matrix, row), name, np.nan if value is None else value)
        assert found.is_same, name


def test_edges_of_the_graph_are_those_that_were_counted(
    tables: RawTables, matrix: pa.Table
) -> None:
    name = "soc_graph_degree_ever"
    assert name in GRAPH_NAMES and parts_of(name, tables.what) == (name,)
    row = next(k for k, value in enumerate(matrix[name].to_pylist()) if value)
    found = tables.lineage(_decision(matrix, row), name, matrix[name][row].as_py())
    edges = found.network[name].edges
    assert len(found.network[name].others) == found.value
    assert set(edges["other"].to_pylist()) == {*range(1, len(found.network[name].others) + 1)}
    # Nobody else is named.
    assert "applicant_id" not in edges.column_names
    assert all(len(sha) == 64 for sha in found.files.values()) and found.files


def test_the_command_lists_the_rows_as_json(
    home: Path, tables: RawTables, matrix: pa.Table, capsys: pytest.CaptureFixture[str]
) -> None:
    row = next(k for k, n in enumerate(matrix["pay_out_count_3m"].to_pylist()) if n)
    where = ("--raw", str(home / "raw"), "--matrix", str(home / "matrix.parquet"))
    asked = ("--decisions", str(home / "decisions.parquet"), *where)
    decision = _decision(matrix, row).decision_id
    number = ("--decision-id", decision, "--feature", "pay_out_count_3m")
    said = json.loads(creditloom("lineage", *number, *asked, "--json").stdout)
    assert said["is_same"] and len(said["rows"]) == said["value"]
    raw = pq.read_table(said["rows"][0]["file"])
    for line in said["rows"]:
        assert raw["event_id"][line["position"]].as_py() == line["event_id"]
    checked = creditloom("lineage", "--random", "12", *asked)
    assert checked.exit_code == 0 and "12 of 12 numbers made again to the bit" in checked.stdout
    with pytest.raises(SystemExit):
        creditloom("lineage", "--decision-id", decision, "--feature", "pay_out_cout_3m", *asked)
