"""The formats of what is stored and read back later, and the refusal of one that a later release wrote.

A document says its format under `format`, a line of JSON too, a Parquet file in the metadata of its schema. Where none is said it is 1:
0.1.0 wrote none. Whoever changes what a document holds raises its number here, and reads the earlier ones as before. The bundle's number
is in `creditloom.decision.bundle`, as that travels alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import FORMAT, StrPath, open_parquet, read_json, write_json

BATCH = 2  # batch.json, receipts and manifest.json of a batch, and the tables beside them
FEATURES = 2  # features.json beside a batch of raw events
ALIASES = 2  # a line of aliases.jsonl
OVERRIDES = 2  # a line of overrides.jsonl
BEHAVIOUR = 2  # bcard.json
STANDING = 2  # standing.parquet, what one monthly review leaves for the next
RESULTS = 2  # what one stage or command writes for another: selected, training, ridge, metrics, explanation, meta, registered .json
FIRST = 1


def check_format(content: Mapping[str, Any], newest: int, where: object) -> int:
    """The format of a document. Raises DataError for one later than `newest`, or that is no number of a format at all."""
    found = content.get("format", FIRST)
    if type(found) is int and FIRST <= found <= newest:
        return found
    raise DataError.of(
        "Written in a format that this creditloom does not know",
        where=where,
        expected=f"format {newest}, or an earlier one",
        got=f"format {found!r}",
        next_step="use a newer creditloom, or the one that wrote it",
    )


def write_document(content: Mapping[str, Any], path: StrPath, newest: int) -> None:
    """Write a JSON document that says its format."""
    write_json({**content, "format": newest}, path)


def read_document(path: StrPath, newest: int) -> dict[str, Any]:
    """Read a JSON document of a format up to `newest`; DataError for a later one, and as of `read_json`."""
    content: dict[str, Any] = read_json(path)
    check_format(content, newest, path)
    return content


def to_line(content: Mapping[str, Any], newest: int) -> str:
    """One JSON object as a line that says its format."""
    return json.dumps({**content, "format": newest}, sort_keys=True, ensure_ascii=False)


def of_line(line: str, newest: int, where: object) -> dict[str, Any]:
    """The object of such a line without its format; DataError for a later one."""
    content = json.loads(line)
    check_format(content, newest, where)
    return {name: value for name, value in content.items() if name != "format"}


def check_table(path: StrPath, newest: int) -> int:
    """The format of a Parquet file, as `Writer` notes it; DataError for a later one."""
    with open_parquet(path) as file:
        said = (file.schema_arrow.metadata or {}).get(FORMAT)
    return check_format({} if said is None else {"format": _number(said)}, newest, Path(path))


def _number(said: bytes) -> int | str:
    return int(said) if said.isdigit() else said.decode(errors="replace")
