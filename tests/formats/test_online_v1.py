"""A store of persons and a journal of format 1.

online_v1/ was made by `write_online_v1`. Later code reads both, whatever its rules are.
"""

from __future__ import annotations

import shutil
import sqlite3
from operator import itemgetter
from pathlib import Path

import pytest

from creditloom.features.contract.tables import TABLES
from creditloom.serving.applicant.online.journal import is_of, left_over, lines_of
from creditloom.serving.applicant.online.persons import database
from creditloom.serving.applicant.online.persons.applications import of_person
from creditloom.serving.applicant.online.persons.rows.reading import Reader
from creditloom.serving.applicant.online.persons.rows.stored import arrays_of
from creditloom.serving.applicant.online.persons.store import StoredPersons
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import read_table

V1 = Path(__file__).parent / "online_v1"
PEOPLE = 3
KEPT = ("payments", "logins")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoredPersons:
    """A copy of the store, opened by the rules that judged its rows."""
    root = Path(shutil.copytree(V1 / "store", tmp_path / "store"))
    connection = sqlite3.connect(root / database.FILE)
    [(rules,)] = connection.execute("SELECT value FROM about WHERE name = 'rules'")
    connection.close()
    monkeypatch.setattr(database, "rules_version", lambda: rules)
    return StoredPersons.at(root)


def content(store: StoredPersons, name: str) -> dict[int, list[tuple[int, ...]]]:
    """The rows that count in a table, by person."""
    found = {}
    with store.database.reading() as connection:
        reader = Reader(connection)
        for person in range(PEOPLE):
            rows = reader.person(person, {name: None})[name]
            columns = [rows.columns[key].tolist() for key in sorted(rows.columns)]
            found[person] = list(zip(*columns, strict=True))
    return found


def written(name: str) -> dict[int, list[tuple[int, ...]]]:
    """The same of the rows that the fixture was made of."""
    rows = arrays_of(TABLES[name], read_table(V1 / f"{name}.parquet"))
    people = rows.columns["applicant_id"]
    names = sorted(set(rows.columns) - {"applicant_id"})
    found = {}
    for person in range(PEOPLE):
        columns = [rows.columns[key][people == person].tolist() for key in names]
        own = zip(*columns, strict=True)
        time = names.index("event_time")
        key = names.index("event_id")
        found[person] = sorted(own, key=itemgetter(time, key))
    return found


@pytest.mark.parametrize("name", KEPT)
def test_a_store_holds_the_rows_that_were_appended(store: StoredPersons, name: str) -> None:
    assert content(store, name) == written(name)
    assert sum(map(len, written(name).values())) > 40


def test_what_a_store_knows_beside_its_rows_is_read(store: StoredPersons) -> None:
    status = store.status()
    assert (status.position, status.runs, status.spoilt, status.applicants) == (3, 2, 1, PEOPLE)
    applications = of_person(store.database.connection, 1)
    assert [one.application_id for one in applications] == [1]
    assert applications[0].stated["age_years"] == 30


def test_a_store_is_written_further(store: StoredPersons) -> None:
    """The same rows again add nothing, and a merge changes nothing that is read."""
    again = store.append({"payments": read_table(V1 / "payments.parquet")})
    assert again.rows == {} and again.repeated["payments"] == 60
    assert store.merge(is_all=True) == 2
    assert content(store, "payments") == written("payments")


def test_a_store_that_other_rules_judged_is_refused(tmp_path: Path) -> None:
    root = Path(shutil.copytree(V1 / "store", tmp_path / "store"))
    connection = sqlite3.connect(root / database.FILE)
    connection.execute("UPDATE about SET value = 'others' WHERE name = 'rules'")
    connection.commit()
    connection.close()
    with pytest.raises(DataError, match="another version of creditloom"):
        StoredPersons.at(root)


def test_the_lines_of_a_journal_are_read(tmp_path: Path) -> None:
    shutil.copytree(V1 / "journal", tmp_path / "journal")
    [file] = left_over(tmp_path / "journal")
    lines = lines_of(file)
    assert [line.application_id for line in lines] == [0, 1, 2]
    assert {line.store for line in lines} == {3} and len(lines[0].snapshot) == 64
    for line in lines:
        assert line.input["as_of"] == "2024-06-20T09:00:00"
        assert line.answer["application_id"] == line.application_id
        assert line.answer["refused_rule"] is not None or 0 < line.answer["pd"] < 1
    assert [is_of(text, frozenset("1")) for text in file.read_text().splitlines()] == [0, 1, 0]
