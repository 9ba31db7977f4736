"""What is written today says its format.

Every reader refuses what a later release wrote, with the file, the format known and the format
found.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from creditloom.decision.base.errors import DecisionError
from creditloom.decision.bundle import MANIFEST, PLAIN_FORMAT, Bundle, write_manifest
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.stage import timed
from creditloom.pipeline.commands.model import register
from creditloom.pipeline.commands.portfolio import behaviour, review
from creditloom.portfolio.book.monthly import from_frame
from creditloom.serving.batch.events import MARK, Events, features_of
from creditloom.serving.referral import overrides
from creditloom.serving.referral.queue.cases import referred_cases
from creditloom.serving.registry import alias_history
from creditloom.storage.files import formats, store
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import read_document
from creditloom.storage.files.store import read_json, read_table, write_json, write_table
from tests.formats.conftest import Command

LATER = 99
SCORE = (
    "score",
    "--input",
    "in.parquet",
    "--bundle",
    "bundle",
    "--today",
    "2026-01-01",
    "--part-rows",
    "25",
    "--output",
)


def _as_of_later(file: Path, key: str = "format") -> None:
    write_json({**read_json(file), key: LATER}, file)


def _is_refused(told: str, where: str, known: int) -> None:
    assert (
        where in told
        and f"{known}, or an earlier one" in told
        and f"{LATER}\n" in told
        and "newer creditloom" in told
    )


def _said(file: Path) -> bytes | None:
    return (pq.read_schema(file).metadata or {}).get(store.FORMAT)


# The bundle.


def test_a_bundle_says_its_format_and_the_version_covers_it(home: Path) -> None:
    before = Bundle.load("bundle").version
    assert write_manifest("bundle") != before
    assert read_json(home / "bundle" / MANIFEST)["format"] == PLAIN_FORMAT == 3


@pytest.mark.parametrize(
    ("name", "key", "known"),
    [(MANIFEST, "format", 5), ("catalogue.json", "version", 3), ("policy.json", "version", 4)],
)
def test_a_bundle_of_a_later_release_is_refused(
    home: Path, name: str, key: str, known: int
) -> None:
    _as_of_later(home / "bundle" / name, key)
    if name != MANIFEST:
        write_manifest("bundle")
    with pytest.raises(DecisionError) as refused:
        Bundle.load("bundle")
    _is_refused(str(refused.value), name, known)


def test_a_later_manifest_that_lists_files_otherwise_is_refused_for_its_format(home: Path) -> None:
    (home / "bundle" / MANIFEST).write_text(json.dumps({"format": LATER, "parts": []}))
    with pytest.raises(DecisionError, match="newer creditloom"):
        Bundle.load("bundle")


@pytest.mark.parametrize("said", [0, -1, True, "2", 2.0, None])
def test_what_is_no_format_is_not_taken_for_one(home: Path, said: object) -> None:
    manifest = home / "bundle" / MANIFEST
    write_json({**read_json(manifest), "format": said}, manifest)
    with pytest.raises(DecisionError, match="format that this creditloom does not know"):
        Bundle.load("bundle")
    write_json({"format": said}, "document.json")
    with pytest.raises(DataError, match="format that this creditloom does not know"):
        read_document("document.json", 2)


# The batch.


def test_every_file_of_a_batch_says_its_format(creditloom: Command, home: Path) -> None:
    assert creditloom(*SCORE, "night").exit_code == 0
    documents = [*(home / "night").glob("*.json"), *(home / "night/receipts").iterdir()]
    tables = list((home / "night").rglob("*.parquet"))
    assert (len(documents), len(tables)) == (5, 12)
    assert {read_json(file)["format"] for file in documents} == {formats.BATCH}
    assert {_said(file) for file in tables} == {str(formats.BATCH).encode()}


# table: a case a row
@pytest.mark.parametrize(
    "words",
    [("verify", "batch"), ("replay", "batch", "--bundle", "bundle", "--input", "in.parquet")],
)
@pytest.mark.parametrize("name", ["batch.json", "receipts/part-00001.json"])
def test_a_batch_of_a_later_release_is_neither_verified_nor_replayed(
    creditloom: Command,
    home: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    name: str,
) -> None:
    _as_of_later(home / "batch" / name)
    with pytest.raises(SystemExit) as stopped:
        creditloom(*words)
    assert stopped.value.code == 2
    known = formats.BATCH_BY_FILE if name == "batch.json" else formats.BATCH
    _is_refused(capsys.readouterr().err, name, known)


def test_the_seal_of_a_later_release_is_not_verified(
    creditloom: Command, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _as_of_later(home / "batch/manifest.json")
    with pytest.raises(SystemExit):
        creditloom("verify", "batch")
    _is_refused(capsys.readouterr().err, "manifest.json", formats.BATCH)


def test_no_job_writes_into_a_batch_of_a_later_release(
    creditloom: Command, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _as_of_later(home / "batch/batch.json")
    before = (home / "batch/batch.json").read_bytes()
    with pytest.raises(SystemExit):
        creditloom(*SCORE, "batch")
    _is_refused(capsys.readouterr().err, "batch.json", formats.BATCH_BY_FILE)
    assert (home / "batch/batch.json").read_bytes() == before


def test_features_beside_a_batch_are_those_of_an_earlier_release_and_not_of_a_later_one(
    home: Path,
) -> None:
    """The mark of 0.1.0 names no format, and its features are found again.

    A job that was killed then goes on without making them anew.
    """
    (home / "events").mkdir()
    asked = {
        "events": str(home / "events"),
        "files": [],
        "as_of": None,
        "columns": read_json("batch/batch.json")["columns"],
    }
    write_json(asked, f"night.features/{MARK}")
    place = Path("night.features")
    (place / "matrix.parquet").touch()
    given = (Events(home / "events", None, "duckdb", 0.05), home / "bundle", place)
    found = features_of(*given, is_kept=True, replace=False)
    assert found.matrix == found.record == place / "matrix.parquet"
    _as_of_later(Path("night.features") / MARK)
    with pytest.raises(DataError) as refused:
        features_of(*given, is_kept=True, replace=False)
    _is_refused(str(refused.value), MARK, formats.FEATURES)


# Records of which lines are only ever added.


@pytest.mark.parametrize(
    ("name", "read", "known"),
    [
        ("aliases.jsonl", alias_history.read, formats.ALIASES),
        ("overrides.jsonl", overrides.read, formats.OVERRIDES),
    ],
)
def test_a_line_of_a_later_release_is_refused_by_its_number(
    home: Path, name: str, read: Callable[[Path], object], known: int
) -> None:
    first, second, *rest = (home / name).read_text().splitlines()
    (home / name).write_text(
        "\n".join([first, json.dumps({**json.loads(second), "format": LATER}), *rest]) + "\n"
    )
    with pytest.raises(DataError) as refused:
        read(home / name)
    _is_refused(str(refused.value), f"{name}, line 2", known)


def test_a_line_added_today_says_its_format(home: Path) -> None:
    changes = alias_history.read(home / "aliases.jsonl")
    last = json.loads(changes[0].line)
    assert last == {"format": formats.ALIASES, **asdict(changes[0])}
    queue = referred_cases(read_table("batch/decisions")).to_pandas()
    made = overrides.read(home / "overrides.jsonl")[1]
    overrides.append(made, queue, Path("new.jsonl"))
    assert json.loads(Path("new.jsonl").read_text())["format"] == formats.OVERRIDES


# The book, and what one stage or command writes for another.


def test_the_behaviour_score_says_its_format_and_one_of_a_later_release_is_refused(
    home: Path,
) -> None:
    paths.BOOK_DATA.mkdir(parents=True)
    (home / "behaviour").rename(paths.BEHAVIOUR)
    behaviour.write(behaviour.read())
    assert read_json(paths.BEHAVIOUR / "bcard.json")["format"] == formats.BEHAVIOUR
    _as_of_later(paths.BEHAVIOUR / "bcard.json")
    with pytest.raises(DataError) as refused:
        behaviour.read()
    _is_refused(str(refused.value), "bcard.json", formats.BEHAVIOUR)


def test_a_standing_says_its_format_and_one_of_a_later_release_is_refused(home: Path) -> None:
    table = read_table("standing.parquet")
    write_table(table, "today.parquet", version=formats.STANDING)
    assert _said(Path("today.parquet")) == b"2" and read_table("today.parquet").equals(table)
    from_frame(pd.read_parquet("today.parquet"))
    write_table(table, "later.parquet", version=LATER)
    with pytest.raises(DataError) as refused:
        review.review(standing=Path("later.parquet"))
    _is_refused(str(refused.value), "later.parquet", formats.STANDING)


def test_figures_of_a_later_release_register_nothing(home: Path) -> None:
    (home / "bundle").rename(home / "model")
    paths.DATA.mkdir()
    (home / "model").rename(paths.MODEL)
    write_json({"format": LATER, "observable": {}}, paths.METRICS)
    with pytest.raises(DataError) as refused:
        register.register()
    _is_refused(str(refused.value), "metrics.json", formats.RESULTS)
    assert not paths.REGISTRY.exists()


def test_what_a_stage_notes_says_its_format(home: Path) -> None:
    with timed("train") as rows:
        rows["loans"] = 3
    assert read_document(paths.RUNTIME / "train.json", formats.RESULTS)["format"] == formats.RESULTS
