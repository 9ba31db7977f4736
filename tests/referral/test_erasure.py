"""What an override says of a person can be erased: the chain proves the other lines as before."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from creditloom.pipeline.commands.decisions.erase import erase
from creditloom.serving.ledger.log.log import Log
from creditloom.serving.ledger.log.notes import note_store
from creditloom.serving.referral.overrides import Override, append, read
from creditloom.serving.referral.persons import KIND, OverrideStore, values_file
from creditloom.storage.files.record import RecordError

QUEUE = pd.DataFrame(
    {
        "decision_id": [letter * 32 for letter in "abc"],
        "application_id": ["person-1", "person-2", "person-3"],
        "limit_cny": [900.0, 800.0, 700.0],
    }
)
WHY = "asked for by letter on 3 June"


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """Three decisions, in the record that the log names."""
    path = tmp_path / "overrides.jsonl"
    note_store(Log(tmp_path / "log"), KIND, path)
    for row in QUEUE.itertuples():
        append(_approval(row), QUEUE, path)
    return path


def _approval(row: object) -> Override:
    return Override(
        "2025-11-04T09:00:00+00:00",
        row.decision_id,  # type: ignore[attr-defined]
        row.application_id,  # type: ignore[attr-defined]
        "approve",
        row.limit_cny,  # type: ignore[attr-defined]
        f"pay slips of {row.application_id} seen",  # type: ignore[attr-defined]
        "underwriter",
    )


def _erase(record: Path, *persons: str) -> int:
    log = ["--log", str(record.parent / "log")]
    app = typer.Typer()
    app.command()(erase)
    said = CliRunner().invoke(app, [*persons, "--reason", WHY, *log, "--json"])
    assert said.exit_code == 0, said.output
    return int(sum(json.loads(said.stdout)["rows"].values()))


def _everything(folder: Path) -> str:
    return "\n".join(p.read_text() for p in sorted(folder.rglob("*")) if p.is_file())


def test_an_erased_person_is_in_no_file_and_the_others_are_read_as_before(record: Path) -> None:
    before = read(record)
    assert _erase(record, "person-2", "person-9") == 1
    assert read(record) == (before[0], before[2])
    content = _everything(record.parent)
    assert not any(text in content for text in ("person-2", "b" * 32, "800.0"))
    assert [entry["lines"] for entry in Log(record.parent / "log").entries()[1:]] == [[2]]


def test_an_erasure_asked_for_again_erases_nothing(record: Path) -> None:
    assert _erase(record, "person-2") == 1
    assert _erase(record, "person-2") == 0
    assert len(read(record)) == 2


def test_the_record_goes_on_after_an_erasure(record: Path) -> None:
    _erase(record, "person-1")
    queue = QUEUE.assign(decision_id=[letter * 32 for letter in "def"])
    append(_approval(next(queue.itertuples())), queue, record)
    assert [one.application_id for one in read(record)] == ["person-2", "person-3", "person-1"]


def test_values_that_are_gone_without_an_erasure_are_an_error(record: Path) -> None:
    file = values_file(record)
    file.write_text("".join(file.read_text().splitlines(keepends=True)[1:]))
    with pytest.raises(RecordError, match="expected: the values, or an erasure"):
        read(record)


def test_values_that_were_changed_are_an_error(record: Path) -> None:
    file = values_file(record)
    file.write_text(file.read_text().replace("900.0", "901.0"))
    with pytest.raises(RecordError, match="other values"):
        read(record)


def test_an_erasure_that_was_killed_before_the_values_went_is_ended_by_the_next(
    record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_store: object, _numbers: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(OverrideStore, "_drop", killed)
        OverrideStore(record).erase(frozenset({"person-3"}), lambda scope: {**scope, "reason": WHY})
    assert _erase(record, "person-3") == 1
    assert "person-3" not in _everything(record.parent)
    assert len(read(record)) == 2


def test_values_of_a_writer_that_was_killed_before_its_line_give_way(record: Path) -> None:
    file = values_file(record)
    last = json.loads(file.read_text().splitlines()[-1])
    file.write_text(file.read_text() + json.dumps({**last, "line": 4}) + "\n")
    assert len(read(record)) == 3
    queue = QUEUE.assign(decision_id=[letter * 32 for letter in "def"])
    append(_approval(next(queue.itertuples())), queue, record)
    assert len(read(record)) == 4


def test_lines_of_an_earlier_release_are_named_as_out_of_reach(tmp_path: Path) -> None:
    older = Path(__file__).parents[1] / "formats" / "v0_2_0" / "overrides.jsonl"
    record = tmp_path / "overrides.jsonl"
    record.write_bytes(older.read_bytes())
    person = read(record)[0].application_id
    erased = OverrideStore(record).erase(frozenset({person}), lambda scope: dict(scope))
    assert erased.rows == 0 and "line 1" in erased.left[0]
