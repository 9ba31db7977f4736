"""Does a Parquet file have the columns and types that a raw table declares? Read from the footer alone."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from creditloom.features.contract.tables import Column, Table
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import open_parquet


def check_schema(table: Table, files: Sequence[Path]) -> bool:
    """True when every file stores the declared types exactly, False when a harmless cast is needed (other width, unit or coding).

    Raises DataError for an empty table, a missing or renamed column and for a type that no harmless cast leads to.
    """
    exact, rows = True, 0
    for file in files:
        with open_parquet(file) as parquet:
            schema, rows = parquet.schema_arrow, rows + parquet.metadata.num_rows
        checked = [_check_column(column, schema, file) for column in table.columns]
        exact &= all(checked)
    if rows == 0:
        raise DataError.of(
            f"Table `{table.name}` is empty", where=files[0].parent, expected="at least one row", got="0 rows",
            next_step="write its rows, or remove the table: its features are then not built",
        )  # fmt: skip
    return exact


def missing_column(name: str, there: Iterable[str], where: object, expected: str, *, is_named: bool = False) -> DataError:
    """The error for a column that is not there, with the nearest name that is; `is_named`: by a person, who may name another."""
    names = list(there)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    got = f"`{close[0]}`, which looks like it renamed" if close else "columns " + ", ".join(names[:30])
    step = f"rename `{close[0]}` to `{name}`" if close else f"add `{name}`"
    if is_named:
        got = f"no such column, the nearest is `{close[0]}`" if close else got
        step = f"name `{close[0]}` instead, or {step}" if close else "name a column that is there"
    return DataError.of(f"Column `{name}` is missing", where=where, expected=expected, got=got, next_step=step)


def _check_column(column: Column, schema: pa.Schema, file: Path) -> bool:
    expected = f"{column.type} ({column.doc})"
    if column.name not in schema.names:
        unclaimed = [name for name in schema.names if name != column.name]
        raise missing_column(column.name, unclaimed, file, expected)
    stored = _plain(schema.field(column.name).type)
    if stored == column.type:
        return True
    if _harmless(stored, column):
        return False
    raise DataError.of(
        f"Column `{column.name}` has the wrong type", where=file, expected=expected, got=str(stored),
        next_step=f"cast `{column.name}` to {column.type} before writing the file",
    )  # fmt: skip


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type of the values, dictionary coding and 64-bit offsets put aside: readers decode both without a copy."""
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.string() if pa.types.is_large_string(value) or pa.types.is_string_view(value) else value


def _harmless(stored: pa.DataType, column: Column) -> bool:
    if pa.types.is_null(stored):
        return column.nullable
    if pa.types.is_timestamp(column.type):
        return pa.types.is_timestamp(stored) and stored.tz in (None, "UTC", "+00:00")
    if pa.types.is_integer(column.type):
        return pa.types.is_integer(stored)
    return pa.types.is_floating(column.type) and (pa.types.is_floating(stored) or pa.types.is_integer(stored))
