"""Number the formats of stored files, and refuse one that a later release wrote.

A JSON document, and a line of JSON, says its format under `format`; a Parquet file in the metadata
of its schema. Where none is said it is 1: release 0.1.0 wrote none. Whoever changes what a document
holds raises its number here, and reads the earlier ones as before. The bundle's number is in
`creditloom.decision.bundle`, as the bundle travels alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from creditloom.storage.files.errors import DataError
from creditloom.storage.files.text_files import FORMAT, StrPath, read_json, write_json

# batch.json, receipts and manifest.json of a batch, and the tables beside them.
BATCH = 3
# batch.json alone, where a part ends with a file of the input: a shard of a lake.
BATCH_BY_FILE = 4
# A line of the log beside batches, and of its heads.
LOG = 1
# features.json beside a batch of raw events.
FEATURES = 3
# snapshot.json of a network snapshot.
SNAPSHOT = 1
# A change of an alias: a tag of the registered model, and a line of aliases.jsonl.
ALIASES = 3
# A line of overrides.jsonl. From 3 on, a head beside it covers the last line (record.py); from 4 on
# what it says of a person lies in a file beside it, of which it holds a salted commitment.
OVERRIDES = 4
# bcard.json
BEHAVIOUR = 2
# standing.parquet, which one monthly review leaves for the next.
STANDING = 2
# What one stage or command writes for another: selected, training, ridge, metrics, explanation,
# meta, registered .json.
RESULTS = 2
# The format of everything that says none.
FIRST_FORMAT = 1


def check_format(content: Mapping[str, Any], newest: int, where: object) -> int:
    """Return the format of a document.

    Raises DataError for one later than `newest`, or that is no number of a format at all.

    >>> check_format({"format": 2}, newest=2, where="batch.json"), check_format({}, 2, "old.json")
    (2, 1)
    """
    number = content.get("format", FIRST_FORMAT)
    # By exact type: True is an int too.
    if type(number) is int and FIRST_FORMAT <= number <= newest:
        return number
    raise DataError.of(
        "Written in a format that this creditloom does not know",
        where=where,
        expected=f"format {newest}, or an earlier one",
        got=f"format {number!r}",
        next_step="use a newer creditloom, or the one that wrote it",
    )


def write_document(content: Mapping[str, Any], path: StrPath, newest: int) -> None:
    """Write a JSON document that says its format."""
    write_json({**content, "format": newest}, path)


def read_document(path: StrPath, newest: int) -> dict[str, Any]:
    """Read a JSON document of a format up to `newest`.

    Raises DataError for a later one, and as `read_json`.
    """
    content: dict[str, Any] = read_json(path)
    check_format(content, newest, path)
    return content


def to_line(content: Mapping[str, Any], newest: int) -> str:
    """Return one JSON object as a line that says its format.

    Raises ValueError for NaN and infinity, which are no JSON.

    >>> to_line({"version": 3}, newest=2)
    '{"format": 2, "version": 3}'
    """
    return json.dumps(
        {**content, "format": newest}, sort_keys=True, ensure_ascii=False, allow_nan=False
    )


def of_line(line: str, newest: int, where: object) -> dict[str, Any]:
    """Return the object of such a line without its format.

    Raises DataError for a later one, and for a line that holds no JSON object.
    """
    try:
        content = json.loads(line)
    except json.JSONDecodeError as error:
        raise _no_object(where, str(error)) from error
    if not isinstance(content, dict):
        raise _no_object(where, type(content).__name__)
    check_format(content, newest, where)
    return {name: value for name, value in content.items() if name != "format"}


def _no_object(where: object, got: str) -> DataError:
    return DataError.of(
        "Broken line",
        where=where,
        expected="one JSON object a line",
        got=got,
        next_step="restore the file from its copy",
    )


def check_table(path: StrPath, newest: int) -> int:
    """Return the format of a Parquet file, as `Writer` notes it; DataError for a later one."""
    # Loaded here: who reads a document does not wait for the libraries of tables.
    from creditloom.storage.files.store import open_parquet

    with open_parquet(path) as file:
        note = (file.schema_arrow.metadata or {}).get(FORMAT)
    content = {} if note is None else {"format": _number(note)}
    return check_format(content, newest, Path(path))


def _number(note: bytes) -> int | str:
    # A note that is no number stays a text, which `check_format` refuses and shows.
    return int(note) if note.isdigit() else note.decode(errors="replace")
