"""The template: each table's contract as CSV with three rows that keep it, and a page."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from creditloom.features.contract.tables import TABLES
from creditloom.pipeline.cli import build
from creditloom.pipeline.commands.tables.mapping_file import read_mapping
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import read_table
from creditloom.storage.mapped.convert import convert
from creditloom.storage.mapped.same_names import same_names
from creditloom.storage.mapped.template import examples, write_template


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "mine"
    write_template(folder)
    return folder


def test_every_table_has_a_header_and_three_rows(template: Path) -> None:
    for name, table in TABLES.items():
        with (template / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            head, *rows = csv.reader(file)
        assert head == [column.name for column in table.columns]
        assert len(rows) == 3 and all(len(row) == len(head) for row in rows)


def test_the_page_names_every_table_and_column(template: Path) -> None:
    page = (template / "README.md").read_text(encoding="utf-8")
    for name, table in TABLES.items():
        section = page.partition(f"## {name}\n")[2].partition("\n## ")[0]
        assert [f"| `{column.name}` |" in section for column in table.columns] == [True] * len(
            table.columns
        )
    assert "| `ip_id` | whole number (int64) |" in page
    assert page.count("| yes | payment_flow |") > 10


def test_the_template_keeps_the_contract(template: Path, tmp_path: Path) -> None:
    """Turned into Parquet it has no bad row, and every value is the example's."""
    convert(same_names(template), template, tmp_path / "raw", max_bad_share=0.0)
    checked = check_tables(
        tmp_path / "raw", tmp_path / "bad", tmp_path / "clean", max_bad_share=0.0
    )
    assert (set(checked.files), checked.bad) == (set(TABLES), 0)
    for name, table in TABLES.items():
        stored = read_table(tmp_path / "raw" / f"{name}.parquet")
        assert stored.to_pydict() == examples(table).to_pydict()


def test_the_mapping_of_the_template_reads_the_template(template: Path, tmp_path: Path) -> None:
    made = convert(read_mapping(template / "mapping.yaml"), template, tmp_path / "raw", 0.0)
    assert {name: one.rows for name, one in made.items()} == {"applications": 3, "payments": 3}


def test_only_an_untouched_template_is_replaced(tmp_path: Path) -> None:
    write_template(tmp_path / "mine")
    write_template(tmp_path / "mine")
    with (tmp_path / "mine" / "bills.csv").open("a", encoding="utf-8") as file:
        file.write("9,1,2025-05-05 12:00:00,2025-05-06 12:00:00,gas,500,0\n")
    with pytest.raises(DataError, match=r"(?s)filled in.*bills.csv"):
        write_template(tmp_path / "mine")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="replace something else"):
        write_template(tmp_path / "theirs")


def test_the_command_asks_for_one_of_its_two_forms(tmp_path: Path) -> None:
    run = CliRunner()
    app = build(["tables"])
    done = run.invoke(app, ["tables", "--template", str(tmp_path / "new")])
    assert done.exit_code == 0 and "19 tables" in " ".join(done.output.split())
    with pytest.raises(DataError, match="--template DIR shows"):
        run.invoke(app, ["tables", "--out", str(tmp_path / "raw")], catch_exceptions=False)
