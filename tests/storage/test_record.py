"""A record takes lines of any text from many at once, loses none, and shows every change."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditloom.pipeline.base import paths
from creditloom.storage.files.record import Record, RecordError, RecordHead, line_hash

NEWEST = 3
# What breaks readers of lines, consoles that take markup, and files.
ODD_TEXTS = (
    "a\u2028b\u2029c",
    "a\x85b",
    "a\nb\r\nc\x0bd\x0ce\x1cf\x1dg\x1eh",
    "[/red] [bold] [/OPS] :warning:",
    "\x00\x1b[2J",
    "贷款 \U0001f600",
    '"}\\',
)


def record_in(folder: Path) -> Record:
    return Record(folder / "some.jsonl", newest=NEWEST, headed=3)


def add(record: Record, *texts: str) -> None:
    for text in texts:
        with record.adding() as addition:
            addition.add({"text": text})


def texts(record: Record) -> list[str]:
    return [entry["text"] for entry in record.entries()]


# Each example waits for the disk a few times.
@settings(max_examples=30, deadline=None)
@given(given=st.lists(st.one_of(st.sampled_from(ODD_TEXTS), st.text()), max_size=4))
def test_any_text_is_read_as_it_was_added(
    given: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    record = record_in(tmp_path_factory.mktemp("record"))
    add(record, *given)
    assert texts(record) == given
    if given:
        # One line each for every reader, also for those that split at more than the newline.
        lines = record.path.read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["text"] for line in lines] == given


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), "\udcff"])
def test_what_no_record_can_hold_is_refused_and_nothing_is_recorded(
    tmp_path: Path, bad: object
) -> None:
    record = record_in(tmp_path)
    add(record, "one")
    before = record.path.read_bytes()
    with pytest.raises(RecordError, match="nothing was recorded"), record.adding() as addition:
        addition.add({"text": bad})
    assert record.path.read_bytes() == before and texts(record) == ["one"]


def test_every_changed_byte_and_every_lost_or_added_line_is_seen(tmp_path: Path) -> None:
    record = record_in(tmp_path)
    add(record, "one", "two", "three")
    whole = record.path.read_bytes()
    lines = whole.splitlines(keepends=True)
    changed = [whole[:k] + bytes([whole[k] ^ 1]) + whole[k + 1 :] for k in range(len(whole))]
    forged = {"text": "four", "previous": line_hash(lines[-1].decode().rstrip("\n")), "format": 3}
    lost = [b"".join(lines[:k] + lines[k + 1 :]) for k in range(len(lines))]
    for content in (*changed, *lost, b"", whole + json.dumps(forged).encode() + b"\n"):
        record.path.write_bytes(content)
        # DataError: the line is no JSON any more, or of another format.
        with pytest.raises(ValueError, match="next:"):
            record.entries()
    record.path.write_bytes(whole)
    assert texts(record) == ["one", "two", "three"]


@pytest.mark.parametrize("change", [Path.unlink, lambda head: head.write_text("{}")])
def test_a_record_without_its_head_is_broken(tmp_path: Path, change: object) -> None:
    record = record_in(tmp_path)
    add(record, "one")
    change(record.head)  # type: ignore[operator]
    with pytest.raises(RecordError, match="head"):
        record.entries()


def test_a_broken_record_takes_no_line(tmp_path: Path) -> None:
    record = record_in(tmp_path)
    add(record, "one")
    record.path.write_text(record.path.read_text().replace("one", "two"))
    before = record.path.read_bytes()
    with pytest.raises(RecordError):
        add(record, "three")
    assert record.path.read_bytes() == before


def test_a_writer_killed_at_any_byte_leaves_a_record_that_goes_on(tmp_path: Path) -> None:
    """The line was announced in the head: as far as it was written, it is torn or there."""
    record = record_in(tmp_path)
    add(record, "one")
    old = record.path.read_bytes()
    before = RecordHead(**json.loads(record.head.read_text()))
    add(record, "two")
    new = record.path.read_bytes()
    after = RecordHead(**json.loads(record.head.read_text()))
    announced = json.dumps({"lines": 1, "sha256": before.sha256, "coming": after.sha256})
    # Every seventh byte: a prime, so that all places of a line come up; and both ends.
    for end in (*range(len(old), len(new), 7), len(new) - 1, len(new)):
        record.path.write_bytes(new[:end])
        record.head.write_text(announced)
        there = ["one", "two"] if end == len(new) else ["one"]
        assert texts(record) == there
        add(record, "three")
        assert texts(record) == [*there, "three"]


def test_lines_of_a_release_without_heads_are_read_and_then_covered(tmp_path: Path) -> None:
    record = record_in(tmp_path)
    first = json.dumps({"text": "one", "previous": "0" * 64})
    # As an editor leaves it: without a newline at the end.
    record.path.write_text(first)
    assert texts(record) == ["one"] and not record.head.exists()
    add(record, "two")
    assert texts(record) == ["one", "two"]
    record.path.write_text(first + "\n")
    with pytest.raises(RecordError):
        record.entries()


def test_a_reader_makes_no_file(tmp_path: Path) -> None:
    assert record_in(tmp_path).entries() == () and list(tmp_path.iterdir()) == []


WRITER = """
import sys
from pathlib import Path
from creditloom.storage.files.record import Record
record = Record(Path(sys.argv[1]), newest=3, headed=3)
for k in range(5):
    with record.adding() as addition:
        taken = {entry["text"] for entry in addition.before}
        for text in (f"{sys.argv[2]} {k}", f"shared {k}"):
            if text not in taken:
                addition.add({"text": text})
"""


def test_eight_processes_at_once_each_line_once_and_the_chain_whole(tmp_path: Path) -> None:
    record = record_in(tmp_path)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(record.path), str(number)],
            cwd=paths.PACKAGE.parent,
        )
        for number in range(8)
    ]
    assert [writer.wait() for writer in writers] == [0] * 8
    own = [f"{number} {k}" for number in range(8) for k in range(5)]
    assert sorted(texts(record)) == sorted([*own, *(f"shared {k}" for k in range(5))])
