"""Ids that were text: the number of each, kept with the store that holds rows by number."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pyarrow as pa

from creditloom.serving.applicant.online.persons.store import StoredPersons
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import read_document
from creditloom.storage.files.store import read_table
from creditloom.storage.folders.lake_lists import is_lake, read_lake
from creditloom.storage.mapped.text_ids import IDS, MAPPED, MARK, Numbering


def numberings(store: StoredPersons) -> dict[str, Numbering]:
    """Return the numberings of a store, for a mapping to go on with; none of a new store."""
    found: dict[str, tuple[list[int], list[str]]] = {}
    query = "SELECT numbering, id, text FROM texts ORDER BY numbering, id"
    for name, number, text in store.database.connection.execute(query):
        ids, texts = found.setdefault(name, ([], []))
        ids.append(number)
        texts.append(text)
    return {name: Numbering(_table(*one)) for name, one in found.items()}


def _table(ids: list[int], texts: list[str]) -> pa.Table:
    return pa.table({"id": pa.array(ids, pa.int64()), "text": pa.array(texts, pa.string())})


def keep_numberings(store: StoredPersons, root: Path) -> None:
    """Keep the texts of the ids of raw tables that a mapping made.

    Raises DataError where they are numbered in another way than those of the store.
    """
    files, ids = _of(root)
    with store.database.writing() as connection:
        for name, file in files.items():
            table = read_table(file)
            rows = zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True)
            for number, text in rows:
                _keep(connection, name, number, text, root)
        for column, name in ids.items():
            kept = "INSERT OR REPLACE INTO columns_of_texts VALUES (?, ?)"
            connection.execute(kept, (column, name))


def _of(root: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """Return the files of the numberings of a folder or a lake, and the numbering by column."""
    if is_lake(root):
        lake = read_lake(root)
        return {name: root / file for name, file in lake.numberings.items()}, dict(lake.ids)
    if not (root / MARK).is_file():
        return {}, {}
    ids: dict[str, str] = read_document(root / MARK, MAPPED)["ids"]
    return {name: root / IDS / f"{name}.parquet" for name in set(ids.values())}, ids


def _keep(connection: sqlite3.Connection, name: str, number: int, text: str, root: Path) -> None:
    query = "SELECT text FROM texts WHERE numbering = ? AND id = ?"
    there = connection.execute(query, (name, number)).fetchone()
    if there is None:
        connection.execute("INSERT INTO texts VALUES (?, ?, ?)", (name, number, text))
    elif there[0] != text:
        raise DataError.of(
            "The ids are numbered in another way than those of the store",
            where=root,
            expected=f"{there[0]!r} as number {number} of {name}",
            got=repr(text),
            next_step="give the files as they came, with their mapping: creditloom online load "
            "STORE FILES --mapping mapping.yaml",
        )


def number_of(store: StoredPersons, column: str, text: str) -> int:
    """Return the number of an id of `applications`, given as text; DataError for an unknown one.

    Where no mapping numbered the column, the text is the number itself.
    """
    connection = store.database.connection
    query = "SELECT numbering FROM columns_of_texts WHERE name = ?"
    named = connection.execute(query, (f"applications.{column}",)).fetchone()
    if named is None:
        if text.isdecimal():
            return int(text)
        raise _unknown(store, column, text, "a whole number")
    query = "SELECT id FROM texts WHERE numbering = ? AND text = ?"
    found = connection.execute(query, (named[0], text)).fetchone()
    if found is None:
        raise _unknown(store, column, text, "an id of the files that were loaded")
    return int(found[0])


def text_of(connection: sqlite3.Connection, column: str, number: int) -> int | str:
    """Return an id of `applications` as the user writes it."""
    query = (
        "SELECT text FROM columns_of_texts JOIN texts USING (numbering) WHERE name = ? AND id = ?"
    )
    found = connection.execute(query, (f"applications.{column}", number)).fetchone()
    return number if found is None else str(found[0])


def _unknown(store: StoredPersons, column: str, text: str, expected: str) -> DataError:
    return DataError.of(
        f"The store knows no such {column}",
        where=store.database.root,
        expected=expected,
        got=repr(text),
        next_step="look at the applications that were loaded: creditloom online status STORE",
    )
