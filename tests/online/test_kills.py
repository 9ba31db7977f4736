"""Killed before any change of a file: no row is lost or doubled, and every answer is there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from creditloom.features.contract.tables import EVENT_TABLES
from creditloom.serving.applicant.online.erasing import ErasablePersons
from creditloom.serving.applicant.online.journal import (
    JournalFile,
    JournalLine,
    left_over,
    lines_of,
)
from creditloom.serving.applicant.online.persons.database import FILE
from creditloom.serving.applicant.online.persons.loading import load
from creditloom.serving.applicant.online.persons.rows.reading import Reader
from creditloom.serving.applicant.online.persons.store import StoredPersons
from tests.features.raw import Raw, random_raw, write_raw
from tests.online.syscalls import KILLED, needs_tracing, run

pytestmark = needs_tracing
PEOPLE = 4
# Of each kind one, as all tables would take minutes.
TABLES = ("applications", "payments", "logins")


def call_of(raw: Raw, part: int) -> Raw:
    """The rows of one call: a few of each table."""
    return {name: raw[name].slice(part * 12, 12) for name in TABLES}


def content(root: Path) -> Any:
    """All rows of a store that count, how often they are told, and the calls."""
    store = StoredPersons.at(root)
    wanted = {table.name: None for table in EVENT_TABLES}
    found = []
    with store.database.reading() as connection:
        reader = Reader(connection)
        for person in range(PEOPLE):
            for name, rows in sorted(reader.person(person, wanted).items()):
                found.append((person, name, rows.columns["event_id"].tolist()))
            applied = "SELECT application_id, body FROM applications WHERE person = ?"
            found.append((person, connection.execute(applied, (person,)).fetchall()))
    status = store.status()
    store.close()
    return found, status.position, dict(status.rows), dict(status.set_aside)


def begun(root: Path, raw: Raw, calls: int) -> Path:
    store = StoredPersons.at(root, is_new_allowed=True)
    for part in range(calls):
        store.append(call_of(raw, part))
    store.close()
    return root


def killed(
    begin: Path,
    scratch: Path,
    work: Callable[[Path], object],
    every: int,
    *,
    is_one_step: bool = True,
) -> list[str]:
    """What is wrong after kills at every `every`-th change of a file, and the same work again.

    Of two neighbouring points one is a power cut; of every one where all points are taken. What was
    told is on the disk: `work` says it in a file `told` beside the store. `is_one_step`: whatever
    the moment, there is what was before, or all.
    """
    work(_copy(begin, scratch / "counted"))
    wanted = content(scratch / "counted")
    before = content(begin) if (begin / FILE).is_file() else None
    counted = _copy(begin, scratch / "counted")
    _, count = run(lambda: work(counted))
    faults = []
    told = scratch / "told"
    for point in range(0, count, every):
        for is_power_cut in (False, True) if every == 1 else (point // every % 2 == 1,):
            told.unlink(missing_ok=True)
            # What is copied changes files, too: it comes before the fork.
            place = _copy(begin, scratch / "killed")
            code, _ = run(lambda place=place: work(place), point, is_power_cut=is_power_cut)
            name = f"{point} {'power cut' if is_power_cut else 'kill'}"
            if code not in (KILLED, 0):
                faults.append(f"{name}: exit {code}")
            there = content(place) if (place / FILE).is_file() else before
            if is_one_step and there not in (before, wanted):
                faults.append(f"{name}: something between")
            if told.is_file() and there != wanted:
                faults.append(f"{name}: told, and not there")
            work(place)
            if content(place) != wanted:
                faults.append(f"{name}: another end")
    assert count > 5, count
    return faults


def _copy(begin: Path, target: Path) -> Path:
    shutil.rmtree(target, ignore_errors=True)
    return Path(shutil.copytree(begin, target))


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_an_append_is_there_whole_or_not_at_all(tmp_path: Path, every: int) -> None:
    raw = random_raw(people=PEOPLE, seed=2)
    begin = begun(tmp_path / "begin", raw, 2)

    def work(root: Path) -> None:
        store = StoredPersons.at(root)
        store.append(call_of(raw, 2))
        (root.parent / "told").touch()
        store.close()

    assert killed(begin, tmp_path, work, every) == []


@pytest.mark.parametrize("every", [40, pytest.param(1, marks=pytest.mark.slow)])
def test_a_load_goes_on_by_the_same_command(tmp_path: Path, every: int) -> None:
    """Into a store that it begins: calls of before are there, none is there twice."""
    raw = random_raw(people=PEOPLE, seed=2)
    files = tmp_path / "raw"
    write_raw({name: raw[name].slice(0, 40) for name in TABLES}, files, parts=2)
    (tmp_path / "begin").mkdir()

    def work(root: Path) -> None:
        store = StoredPersons.at(root, is_new_allowed=True)
        load(store, files)
        (root.parent / "told").touch()
        store.close()

    assert killed(tmp_path / "begin", tmp_path, work, every, is_one_step=False) == []


@pytest.mark.parametrize("every", [12, pytest.param(1, marks=pytest.mark.slow)])
def test_an_erasure_from_the_store_is_whole_or_not_begun(tmp_path: Path, every: int) -> None:
    raw = random_raw(people=PEOPLE, seed=2)
    begin = begun(tmp_path / "begin", raw, 3)

    def work(root: Path) -> None:
        ErasablePersons(root).erase(frozenset("2"), lambda _scope: None)
        (root.parent / "told").touch()

    gone = [one for one in content(begin)[0] if one[0] == 2 and one[-1]]
    assert gone
    assert killed(begin, tmp_path, work, every) == []


@pytest.mark.slow
def test_a_store_that_does_not_sync_is_found_out(tmp_path: Path) -> None:
    """The power cut can fail: without syncs a call that returned is gone."""
    raw = random_raw(people=PEOPLE, seed=2)
    begin = begun(tmp_path / "begin", raw, 2)

    def work(root: Path) -> None:
        store = StoredPersons.at(root)
        store.database.connection.execute("PRAGMA synchronous = OFF")
        store.append(call_of(raw, 2))
        (root.parent / "told").touch()
        store.close()

    assert any("told, and not there" in fault for fault in killed(begin, tmp_path, work, 1))


@pytest.mark.parametrize("every", [12, pytest.param(1, marks=pytest.mark.slow)])
def test_a_merge_changes_nothing_that_is_read(tmp_path: Path, every: int) -> None:
    raw = random_raw(people=PEOPLE, seed=2)
    begin = begun(tmp_path / "begin", raw, 4)

    def work(root: Path) -> None:
        store = StoredPersons.at(root)
        store.merge()
        store.close()

    assert killed(begin, tmp_path, work, every) == []


@pytest.mark.parametrize("every", [2, pytest.param(1, marks=pytest.mark.slow)])
def test_every_answer_that_was_given_is_in_the_journal(tmp_path: Path, every: int) -> None:
    """An answer is given when `write` returns: the process then says so elsewhere."""

    def work(home: Path) -> None:
        segment = JournalFile(home / "journal")
        for key in range(6):
            segment.write(_line(key).text())
            with (home / "answered").open("a") as answered:
                answered.write(f"{key}\n")
        segment.close()

    (tmp_path / "counted").mkdir()
    _, count = run(lambda: work(tmp_path / "counted"))
    assert count > 12
    for point in range(0, count, every):
        home = tmp_path / f"at-{point}"
        home.mkdir()
        run(lambda home=home: work(home), point)
        told = home / "answered"
        answered = told.read_text().split() if told.is_file() else []
        there = [line for file in left_over(home / "journal") for line in lines_of(file)]
        keys = [str(line.application_id) for line in there]
        # One more may be on the disk, whose answer was not given yet.
        assert keys[: len(answered)] == answered and len(keys) <= len(answered) + 1, point
        assert len(set(keys)) == len(keys)


def _line(key: int) -> JournalLine:
    return JournalLine(key, "2026-01-01T00:00:00", 3, "", {"as_of": "2026-01-01"}, {"pd": 0.25})


def test_a_torn_line_was_never_answered(tmp_path: Path) -> None:
    segment = JournalFile(tmp_path)
    segment.write(_line(1).text())
    # As a process leaves it that is killed within a write.
    with segment.path.open("ab") as file:
        file.write(_line(2).text().encode()[:20])
    segment._file.close()
    [file] = left_over(tmp_path)
    assert [line.application_id for line in lines_of(file)] == [1]
    assert json.loads(file.read_text())["format"] == 1
