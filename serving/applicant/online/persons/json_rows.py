"""Read rows of raw tables from lines of JSON, each with the name of its table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from creditloom.storage.files.errors import DataError

TABLE = "table"


def tables_of(file: Path) -> dict[str, pa.Table]:
    """Return the rows of a file by raw table, in the order of its lines.

    A column that a line lacks is null. Raises DataError for a line that is no row.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    text = file.read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            row = _row(line, f"{file}, line {number}")
            found.setdefault(str(row.pop(TABLE)), []).append(row)
    return {name: _table(rows, f"{file}: {name}") for name, rows in found.items()}


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise _no_row(where, str(error)) from error
    if not isinstance(row, Mapping) or not isinstance(row.get(TABLE), str):
        raise _no_row(where, line[:60])
    return dict(row)


def _table(rows: list[dict[str, Any]], where: str) -> pa.Table:
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {}
    for name in names:
        try:
            columns[name] = pa.array([row.get(name) for row in rows])
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise _no_row(f"{where}.{name}", str(error)) from error
    return pa.table(columns)


def _no_row(where: str, got: str) -> DataError:
    return DataError.of(
        "A line is no row of a raw table",
        where=where,
        expected='a JSON object with its table: {"table": "logins", "event_id": 1, ...}, each '
        "column of one type",
        got=got,
        next_step="mend the line; nothing was added",
    )
