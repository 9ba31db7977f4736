"""`creditloom check`: everything about a folder at once, and an exit code that tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from creditloom.pipeline.cli import build
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.files.errors import DataError
from creditloom.storage.mapped.convert import convert
from creditloom.storage.mapped.same_names import same_names
from creditloom.storage.mapped.template import write_template


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw tables of the template, written once."""
    folder = tmp_path_factory.mktemp("check")
    write_template(folder / "template")
    convert(same_names(folder / "template"), folder / "template", folder / "raw", 0.0)
    return folder / "raw"


@pytest.fixture
def raw(made: Path, tmp_path: Path) -> Path:
    """Return applications, payments and logins of the template, to be spoilt."""
    (tmp_path / "raw").mkdir()
    for name in ("applications", "payments", "logins"):
        rows = pq.read_table(made / f"{name}.parquet")
        pq.write_table(rows, tmp_path / "raw" / f"{name}.parquet")
    return tmp_path / "raw"


def change(file: Path, **columns: Any) -> None:
    """Write a table again with columns changed, or without those that are None."""
    frame = pq.read_table(file).to_pandas()
    gone = [name for name, values in columns.items() if values is None]
    kept = {name: values for name, values in columns.items() if values is not None}
    frame.assign(**kept).drop(columns=gone).to_parquet(file, index=False)


def check(*options: object) -> tuple[int, str]:
    done = CliRunner().invoke(build(["check"]), ["check", *map(str, options)])
    return done.exit_code, done.output


def test_a_good_folder_has_no_fault(raw: Path) -> None:
    code, told = check(raw)
    assert code == 0 and told.endswith("no fault\n")
    assert "payments: 1 file, 3 rows\n" in told
    assert "not there, their features are not built: wallet_snapshots, bills" in told
    assert "device_stability: 181 of 181 features\n" in told
    assert "social_graph: 0 of 448 features, without red_packets" in told
    assert "`fit` then needs --label" in told


def test_all_that_is_wrong_is_said_at_once(raw: Path) -> None:
    (raw / "logins.parquet").rename(raw / "login.parquet")
    (raw / "month=2025-07").mkdir()
    change(raw / "payments.parquet", amount_fen=None, amount=[1.5, 2.5, 3.5], direction=[1, 2, 1])
    code, told = check(raw)
    assert code == 2 and "4 faults" in told
    assert "FAULT: `login.parquet` is read by nothing: rename it to `logins`" in told
    assert "`month=2025-07` is read by nothing: put it into the folder of its table" in told
    assert "column `amount_fen` is missing (required) (did you mean `amount`?)" in told
    assert "column `direction` is int64, expected string (out of or into the wallet)" in told
    assert "payment_flow: 0 of 1,180 features" in told and "rows were not looked at" in told


def test_rows_that_would_be_set_aside_are_counted_with_their_reasons(raw: Path) -> None:
    change(raw / "payments.parquet", category=["food", "foood", "food"], applicant_id=[1, 2, 9])
    code, told = check(raw)
    assert code == 2 and "payments: 2 of 3 rows would be set aside (66.7%), more than 5.0%" in told
    assert "set aside: 1 row, applicant_id.unknown (applicant_id does not occur in app" in told
    assert "set aside: 1 row, category.among (category is none of food, shopping" in told
    assert check(raw, "--max-bad-share", 0.7)[0] == 0


def test_text_ids_are_answered_with_what_can_be_done(raw: Path, tmp_path: Path) -> None:
    """`cust-000012` is no number by any cast: a mapping gives it one."""
    for name in ("applications", "payments", "logins"):
        change(raw / f"{name}.parquet", applicant_id=[f"cust-00000{k}" for k in range(3)])
    code, told = check(raw)
    assert code == 2 and "ids that are text are numbered by a mapping" in told
    with pytest.raises(DataError, match=r"creditloom tables --mapping FILE --from DIR"):
        check_tables(raw, tmp_path / "bad", tmp_path / "clean", max_bad_share=0.05)


def test_an_optional_column_under_another_name_is_told(raw: Path) -> None:
    """Its values would be null in silence."""
    change(raw / "logins.parquet", network=None, networks=["wifi"] * 3)
    code, told = check(raw)
    assert code == 0
    assert "note: column logins.networks is not read, and network is not there" in told


def test_a_folder_without_what_is_required(raw: Path, tmp_path: Path) -> None:
    (raw / "applications.parquet").unlink()
    assert "applications: the table is missing (required" in check(raw)[1]
    (raw / "payments.parquet").unlink()
    (raw / "logins.parquet").unlink()
    code, told = check(raw)
    assert code == 2 and "no table of events is there; at least one is required" in told


def test_json_says_the_same(raw: Path) -> None:
    change(raw / "payments.parquet", amount_fen=None)
    code, told = check(raw, "--json")
    content = json.loads(told)
    missing = {table["name"]: table["missing"] for table in content["tables"]}
    assert (code, missing["payments"], missing["logins"]) == (2, ["amount_fen"], [])
    assert [f["features"] for f in content["families"] if f["name"] == "device_stability"] == [181]


def test_a_mapping_is_checked_on_the_files_themselves(own: Path) -> None:
    (own / "more.csv").write_text("a\n1\n")
    code, told = check(own, "--mapping", own.parent / "mapping.yaml")
    assert code == 0
    assert "unused in your file: note\n" in told
    assert "files that nothing reads: more.csv" in told
    frame = pd.read_csv(own / "loans.csv", dtype=str)
    frame.loc[:20, "agreed"] = "?"
    frame.to_csv(own / "loans.csv", index=False)
    code, told = check(own, "--mapping", own.parent / "mapping.yaml")
    assert code == 2 and "21 rows, consent_assets.code (as agreed = ?)" in told
    assert "applications: 21 of 120 rows (17.5%) cannot be read as the mapping says" in told


def test_csv_under_the_contracts_names_needs_no_mapping(tmp_path: Path) -> None:
    write_template(tmp_path / "mine")
    (tmp_path / "mine" / "logins.csv").rename(tmp_path / "mine" / "login.csv")
    code, told = check(tmp_path / "mine")
    assert code == 2
    assert "FAULT: `login.csv` is read by nothing: rename it to `logins`" in told
    assert "`creditloom tables --from DIR --out DIR` writes raw tables" in told
