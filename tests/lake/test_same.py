"""A lake gives the features and decisions of the plain folder of the same rows, to the bit."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from creditloom.features.contract.tables import EVENT_TABLES
from creditloom.pipeline.cli import build
from creditloom.serving.from_events import RawRowsLeftOut, from_events
from creditloom.storage.files.errors import refusals
from creditloom.storage.files.store import read_table
from creditloom.storage.lake.change import compact, reshard
from tests.lake.conftest import TABLES, WORK, Deliveries, matrix

LEFT_OUT = [table.name for table in EVENT_TABLES if table.name not in TABLES]


@pytest.fixture(scope="module")
def lake(deliveries: Deliveries, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return deliveries.lake(tmp_path_factory.mktemp("added") / "lake", shards=2)


def test_months_added_compacted_and_cut_anew_give_the_features_of_one_folder(
    deliveries: Deliveries, lake: Path, tmp_path: Path
) -> None:
    wanted = matrix(deliveries.plain, tmp_path / "plain")
    assert matrix(lake, tmp_path / "added").equals(wanted)
    compact(lake, WORK)
    reshard(lake, 1, WORK)
    assert matrix(lake, tmp_path / "resharded").equals(wanted)
    assert summary(tmp_path / "resharded") == summary(tmp_path / "plain")


def summary(scratch: Path) -> dict[str, int]:
    """Rows set aside, by table."""
    aside = (scratch / "quarantine").glob("*.parquet")
    return {file.stem: len(read_table(file)) for file in aside}


@pytest.mark.slow
def test_doors_decide_from_a_lake_as_from_the_folder(
    deliveries: Deliveries, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lake = deliveries.lake(tmp_path / "lake")
    with pytest.warns(RawRowsLeftOut):
        services = [
            from_events(root, bundle, max_bad_share=1.0, without=LEFT_OUT)
            for root in (deliveries.plain, lake)
        ]
    assert services[0].equals(services[1]) and len(services[0]) == 15
    for root in (deliveries.plain, lake):
        left_out = [word for name in LEFT_OUT for word in ("--without", name)]
        words = ["score", "--events", root, "--bundle", bundle, "--output", f"of_{root.name}"]
        words += ["--as-of", "2024-06-20", "--today", "2026-01-01", "--max-bad-share", "1"]
        with refusals():
            done = CliRunner().invoke(build(["score"]), [*map(str, words), *left_out])
        assert done.exit_code == 0
    plain, of_lake = (read_table(f"of_{name}/decisions") for name in ("plain", "lake"))
    # A batch of a lake is in the order of its shards, with a part for each of them.
    assert plain.equals(of_lake.sort_by("application_id"))
    parts = [json.loads(file.read_text()) for file in sorted(Path("of_lake/receipts").iterdir())]
    shards = sorted(Path("of_lake.features/matrix").iterdir())
    assert [part["rows"] for part in parts] == [len(read_table(file)) for file in shards]
    for words in (["verify", "of_lake"], ["replay", "of_lake", "--bundle", str(bundle)]):
        told = CliRunner().invoke(build([words[0]]), words)
        assert told.exit_code == 0, told.output


def test_rows_of_other_months_take_part_in_every_rule(lake: Path) -> None:
    """Copies, other rows of one key, and people who apply later lie in other deliveries."""
    bad = read_lake_aside(lake)
    assert {rule for rules in bad["payments"] for rule in rules.split("; ")} >= {
        "event_id.duplicate",
        "event_id.repeated",
    }


def read_lake_aside(lake: Path) -> dict[str, list[str]]:
    tables: dict[str, list[str]] = {}
    for file in sorted((lake / "aside").iterdir()):
        rules = pa.table(read_table(file)).column("rule").to_pylist()
        tables.setdefault(file.name.split("-")[0], []).extend(rules)
    return tables
