"""Scoring from raw tables.

The code of the pipeline makes the features, which are then decided like any batch.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from creditloom.decision.bundle import write_manifest
from creditloom.decision.decide import Decider
from creditloom.decision.frames.arrow import decisions_table
from creditloom.features.engine.engine import build as features
from creditloom.pipeline.cli import build
from creditloom.serving.batch.output import BatchFolder, StorageError, sha256
from creditloom.serving.from_events import RawRowsLeftOut, from_events
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.files.errors import DataError, refusals
from creditloom.storage.files.store import read_table
from tests.features.raw import PARAMS, random_raw, write_raw
from tests.features.test_spark import needs_spark
from tests.registry.small import write_bundle

REAL = {
    "pay_a_3m": "pay_out_count_3m",
    "pay_b_3m": "pay_in_count_3m",
    "soc_c_3m": "soc_packet_sent_count_3m",
    "bur_d_3m": "bur_enquiry_soft_count_1m",
}
ANY_SHARE = ("--max-bad-share", "1")
Score = Callable[..., Result]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, pd.DataFrame]:
    """Make raw tables, a bundle that reads four of their features, and the matrix of the good rows.

    The feature code makes the matrix.
    """
    root = tmp_path_factory.mktemp("events")
    raw = random_raw()
    people = raw["applications"].to_pandas().assign(age_years=30, months_on_book=12)
    write_raw(
        {**raw, "applications": pa.Table.from_pandas(people, raw["applications"].schema)},
        root / "raw",
    )
    checked = check_tables(root / "raw", root / "quarantine", root / "clean", max_bad_share=1.0)
    matrix = pa.concat_tables(features(checked.files, PARAMS)).to_pandas(ignore_metadata=True)
    bundle = write_bundle(root / "model")
    for file in bundle.iterdir():
        text = file.read_text()
        for small, real in REAL.items():
            text = text.replace(small, real)
        file.write_text(text)
    write_manifest(bundle)
    return root / "raw", bundle, matrix


@pytest.fixture
def score(
    made: tuple[Path, Path, pd.DataFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Score:
    """Return `score(*options)` from the raw tables with the bundle, in an empty folder.

    The output is `night`.
    """
    monkeypatch.chdir(tmp_path)
    raw, bundle, _ = made

    def run(*options: str) -> Result:
        words = [
            "score",
            "--events",
            str(raw),
            "--bundle",
            str(bundle),
            "--output",
            "night",
            "--today",
            "2026-01-01",
            *options,
        ]
        with refusals():
            return CliRunner().invoke(build(["score", "params"]), words, catch_exceptions=False)

    return run


def test_raw_tables_are_decided_as_the_pipeline_would(
    score: Score, made: tuple[Path, Path, pd.DataFrame]
) -> None:
    assert score(*ANY_SHARE).exit_code == 0
    decided = read_table("night/decisions")
    _, bundle, matrix = made
    assert len(decided) >= 20
    known = matrix[
        matrix["application_id"].isin(decided["application_id"].to_pylist())
    ].reset_index(drop=True)
    assert decided.to_pylist() == decisions_table(Decider.load(bundle).decide(known)).to_pylist()


def test_everyone_as_of_one_day_and_the_features_are_made_once(score: Score) -> None:
    as_of = ("--as-of", "2024-06-20", *ANY_SHARE)
    assert score(*as_of).exit_code == 0
    assert set(read_table("night/decisions")["as_of"].to_pylist()) == {pd.Timestamp("2024-06-20")}
    before = Path("night.features/matrix.parquet").stat().st_mtime_ns
    assert json.loads(score(*as_of, "--json").stdout)["resumed_rows"] == 30
    assert Path("night.features/matrix.parquet").stat().st_mtime_ns == before
    assert sorted(path.name for path in Path("night.features").iterdir()) == [
        "features.json",
        "matrix.parquet",
        "quarantine",
    ]


@pytest.fixture
def lacking(made: tuple[Path, Path, pd.DataFrame], tmp_path: Path) -> Path:
    """The raw tables without enquiries, of which the model reads a feature, and without bills."""
    raw, _, _ = made
    shutil.copytree(raw, tmp_path / "lacking", ignore=shutil.ignore_patterns("enquiries", "bills"))
    return tmp_path / "lacking"


def test_a_table_that_the_model_needs_must_be_there(
    score: Score, lacking: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        score(*ANY_SHARE, "--events", str(lacking))
    told = capsys.readouterr().err
    assert "needed are missing: enquiries\n" in told and "--without enquiries" in told
    assert not Path("night").exists() and not Path("night.features").exists()


def test_a_table_that_is_left_out_is_told_and_recorded(score: Score, lacking: Path) -> None:
    done = score(*ANY_SHARE, "--events", str(lacking), "--without", "enquiries")
    assert done.exit_code == 0
    assert "raw tables not there, their features are null: bills\n" in done.stderr
    assert "raw tables left out, their features are null: enquiries\n" in done.stderr
    assert read_table("night.features/matrix.parquet", [REAL["bur_d_3m"]])[0].null_count == 30
    assert json.loads(Path("night/batch.json").read_text())["options"]["without"] == "enquiries"
    assert json.loads(Path("night.features/features.json").read_text())["without"] == ["enquiries"]


@pytest.mark.slow
def test_raw_tables_in_folders_a_month_give_the_same_decisions(
    score: Score, made: tuple[Path, Path, pd.DataFrame], tmp_path: Path
) -> None:
    """With columns beside the declared ones that readers use themselves."""
    assert score(*ANY_SHARE).exit_code == 0
    raw = tmp_path / "months"
    shutil.copytree(made[0], raw)
    for table in ("payments", "enquiries"):
        rows = read_table(raw / table)
        shutil.rmtree(raw / table)
        half = len(rows) // 2
        for month, part in (("2024-05", rows[:half]), ("2024-06", rows[half:])):
            folder = raw / table / f"month={month}"
            folder.mkdir(parents=True)
            extra = part.append_column("filename", pa.array(["x"] * len(part)))
            pq.write_table(extra, folder / "part[0].parquet")
    assert score(*ANY_SHARE, "--events", str(raw), "--output", "there").exit_code == 0
    assert read_table("there/decisions").equals(read_table("night/decisions"))


@pytest.mark.slow
def test_in_memory_the_same_rows_are_left_out_and_counted(
    score: Score, made: tuple[Path, Path, pd.DataFrame]
) -> None:
    assert score(*ANY_SHARE).exit_code == 0
    raw, bundle, _ = made
    with pytest.warns(RawRowsLeftOut, match=r"raw rows break the contract.*payments .*: \d"):
        decided = from_events(raw, bundle, max_bad_share=1.0)
    known = read_table("night/decisions", ["application_id", "decision_id"]).to_pandas()
    both = decided.merge(known, on="application_id")
    assert len(both) == len(known) and (both["decision_id_x"] == both["decision_id_y"]).all()
    with pytest.raises(DataError, match="Too many bad rows"):
        from_events(raw, bundle, max_bad_share=0.001)


def test_in_memory_a_needed_table_must_be_there_too(
    lacking: Path, made: tuple[Path, Path, pd.DataFrame]
) -> None:
    with pytest.raises(DataError, match="needed are missing: enquiries"):
        from_events(lacking, made[1], max_bad_share=1.0)
    with pytest.warns(RawRowsLeftOut):
        decided = from_events(lacking, made[1], max_bad_share=1.0, without=["enquiries"])
    assert len(decided) >= 20


def _tree(folder: str) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.mark.slow
def test_the_features_of_a_finished_batch_stay_until_another_one_is_whole(
    score: Score, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused run changes nothing, and one that fails in the middle neither."""
    assert score("--as-of", "2024-06-20", *ANY_SHARE).exit_code == 0
    before = [_tree("night"), _tree("night.features")]
    later = ("--as-of", "2024-06-25", *ANY_SHARE)
    with pytest.raises(SystemExit) as stopped:
        score(*later)
    assert stopped.value.code == 2
    assert "features of another batch" in capsys.readouterr().err
    assert [_tree("night"), _tree("night.features")] == before

    def full(*_: object) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(BatchFolder, "seal", full)
        score(*later, "--replace")
    assert [_tree("night"), _tree("night.features")] == before
    assert score(*later, "--replace").exit_code == 0
    assert set(read_table("night/decisions")["as_of"].to_pylist()) == {pd.Timestamp("2024-06-25")}
    asked = json.loads(Path("night/batch.json").read_text())["input"]
    assert asked["path"] == str(Path("night.features/matrix.parquet").absolute())
    assert asked["files"][0]["sha256"] == sha256(Path("night.features/matrix.parquet"))
    assert {path.name for path in Path().iterdir()} == {
        "creditloom.ledger",
        "night",
        "night.features",
    }


def test_a_copy_of_the_raw_tables_elsewhere_is_the_same(
    score: Score, made: tuple[Path, Path, pd.DataFrame]
) -> None:
    assert score(*ANY_SHARE).exit_code == 0
    before = Path("night.features/matrix.parquet").stat().st_mtime_ns
    shutil.copytree(made[0], "copy")
    assert json.loads(score(*ANY_SHARE, "--events", "copy", "--json").stdout)["resumed_rows"] == 30
    assert Path("night.features/matrix.parquet").stat().st_mtime_ns == before


# table: a case a row
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--input", "x.parquet"), "One input is needed"),
        (("--engine", "pandas"), "expected: duckdb or spark"),
        (("--max-bad-share", "0.01"), "bad"),
    ],
)
def test_a_refusal_leaves_nothing_behind(
    score: Score, options: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        score(*options)
    assert told in capsys.readouterr().err
    assert not Path("night").exists()


@pytest.mark.slow
@needs_spark
def test_spark_makes_features_and_decisions_alike(score: Score) -> None:
    assert score(*ANY_SHARE).exit_code == 0
    assert score(*ANY_SHARE, "--engine", "spark", "--output", "there").exit_code == 0
    assert read_table("there/decisions").equals(read_table("night/decisions"))
    assert read_table("there/ledger")["row_hash"].equals(read_table("night/ledger")["row_hash"])
