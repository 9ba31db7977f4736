"""Bring the files of a raw table to the declared types before rows are judged.

A file that stores them is read where it lies. Any other is copied, with null for each value that
does not fit; where such a value stood, and what it was, is kept for the quarantine.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as kinds

from creditloom.features.contract.tables import Column, Table
from creditloom.storage.contract.row_rules import missing_column
from creditloom.storage.contract.stored_types import (
    ACCEPTED,
    Mask,
    converted,
    is_accepted,
    kind_of,
    role,
    shown,
    values_type,
)
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.foreign import Worded
from creditloom.storage.files.store import ROW_GROUP, Writer, open_parquet
from creditloom.storage.folders.raw_folder import name_in

# Names that DuckDB and the check give to columns of their own, whatever their case.
TAKEN = ("filename", "file_row_number", "_file", "_row", "file_index")
# difflib's ratio above which a column that nothing reads may be meant for an absent one. A further
# column is nothing unusual, so names must be nearer than where one is asked for.
MISNAMED = 0.8
# Where a value stood that does not fit: number of the file, row, column, and the value as text.
UNFIT = pa.schema(
    [("file", pa.int64()), ("row", pa.int64()), ("name", pa.string()), ("value", pa.string())]
)


@dataclass(frozen=True)
class RawFile:
    """One file of a raw table with rows in it.

    `name` is its name in the quarantine, `source` the file as it lies, `path` the file that is
    read: the same, or its copy in the declared types.
    """

    name: str
    source: Path
    path: Path

    @property
    def is_copy(self) -> bool:
        """Whether a copy is read."""
        return self.path != self.source


@dataclass(frozen=True)
class StagedTable:
    """A raw table in its declared types; `unfit` has the columns of UNFIT.

    `misnamed` are columns that nothing reads, as `<table>.<column>`, with the optional column that
    the files lack and whose name is near.
    """

    table: Table
    files: tuple[RawFile, ...]
    unfit: pa.Table
    misnamed: Mapping[str, str] = field(default_factory=dict)


def stage(table: Table, root: Path, files: Sequence[Path], folder: Path) -> StagedTable:
    """Return a raw table in its declared types; copies go to `folder`.

    Files without rows are left out, whatever their columns are. Raises DataError for an empty
    table, a missing, renamed or doubled column and a type that is not accepted, ForeignError for a
    file that cannot be read.
    """
    staged: list[RawFile] = []
    unfit: list[pa.Table] = []
    schemas = _schemas(files)
    misnamed = _misnamed(table, schemas.values())
    table = _without_computed(table, schemas.values())
    for file, schema in schemas.items():
        with Worded(file):
            _check_columns(table, schema, file)
            path = file
            if not _is_exact(table, schema, file):
                path = folder / f"{len(staged):05d}.parquet"
                unfit.extend(_copied(table, file, path, len(staged)))
            staged.append(RawFile(name_in(root, table.name, file), file, path))
    if not staged:
        raise DataError.of(
            f"Table `{table.name}` is empty",
            where=files[0].parent,
            expected="at least one row",
            got="0 rows",
            next_step="write its rows, or remove the table: its features are then not built",
        )
    whole = pa.concat_tables([UNFIT.empty_table(), *unfit])
    return StagedTable(table, tuple(staged), whole, misnamed)


def _schemas(files: Sequence[Path]) -> dict[Path, pa.Schema]:
    """Return the stored types of each file that has rows."""
    schemas = {}
    for file in files:
        with Worded(file), open_parquet(file) as parquet:
            if parquet.metadata.num_rows:
                schemas[file] = parquet.schema_arrow
    return schemas


def _without_computed(table: Table, schemas: Iterable[pa.Schema]) -> Table:
    """Return the table without the columns that no file has and events tell."""
    there = {name for schema in schemas for name in schema.names}
    kept = tuple(c for c in table.columns if not c.is_computed or c.name in there)
    return replace(table, columns=kept)


def _misnamed(table: Table, schemas: Iterable[pa.Schema]) -> dict[str, str]:
    """Return the columns that may be meant for an optional one, which else is null in silence."""
    there = {name for schema in schemas for name in schema.names}
    declared = {column.name: column for column in table.columns}
    lacking = [name for name, one in declared.items() if one.optional and name not in there]
    found = {}
    for name in sorted(there - set(declared)):
        for meant in difflib.get_close_matches(name, lacking, n=1, cutoff=MISNAMED):
            found[f"{table.name}.{name}"] = meant
    return found


def _check_columns(table: Table, schema: pa.Schema, file: Path) -> None:
    for column in table.columns:
        count = schema.names.count(column.name)
        if count > 1:
            raise DataError.of(
                f"Column `{column.name}` stands {count} times",
                where=file,
                expected="each column once",
                got=", ".join(schema.names),
                next_step="rename or drop all but one",
            )
        if not count and column.optional:
            continue
        if not count:
            raise _missing(column, schema, file)
        if not is_accepted(column, schema.field(column.name).type):
            raise _wrong_type(column, schema.field(column.name).type, file)


def _missing(column: Column, schema: pa.Schema, file: Path) -> DataError:
    expected = f"{column.type} ({column.doc})"
    if any(part.startswith(f"{column.name}=") for part in file.parts):
        return DataError.of(
            f"Column `{column.name}` stands in the name of a folder only",
            where=file,
            expected=expected,
            got=f"a folder {column.name}=..., whose name is not read",
            next_step=f"write the files with the column `{column.name}` in them",
        )
    there = [name for name in schema.names if name != column.name]
    return missing_column(column.name, there, file, expected)


def _wrong_type(column: Column, stored: pa.DataType, file: Path) -> DataError:
    accepted = ", ".join(name for name in ACCEPTED[role(column)] if name != "null")
    step = f"cast `{column.name}` to {column.type} before writing the file"
    if role(column) == "time":
        # A number says neither its unit nor its first moment: both would be guessed.
        step = (
            f"say what the numbers count, for example pandas.to_datetime(frame.{column.name}, "
            "unit='ms'), and write the file again"
        )
    return DataError.of(
        f"Column `{column.name}` has the wrong type",
        where=file,
        expected=f"{column.type} ({column.doc}), stored as {accepted}",
        got=str(stored),
        next_step=step,
    )


def _is_exact(table: Table, schema: pa.Schema, file: Path) -> bool:
    """Return whether a file can be read where it lies."""
    # A column that the file lacks is written as null.
    if not set(schema.names).issuperset(column.name for column in table.columns):
        return False
    stored = {column: schema.field(column.name).type for column in table.columns}
    if not all(_is_declared(kind, column) for column, kind in stored.items()):
        return False
    folded = [name.casefold() for name in schema.names]
    # DuckDB knows no case: two names that differ by it alone are one to it.
    if len(set(folded)) < len(folded) or set(TAKEN) & set(folded):
        return False
    # Columns that are not asked for must not stop a reader, or move its columns.
    return all(kind_of(field.type) is not None for field in schema) and _is_utf8(table, file)


def _is_declared(stored: pa.DataType, column: Column) -> bool:
    """Return whether a stored type is the declared one, or text in another coding."""
    value = values_type(stored)
    if column.type == pa.string():
        return kind_of(stored) == "text"
    return bool(value == column.type and stored == value)


def _is_utf8(table: Table, file: Path) -> bool:
    """Return whether all text of the declared columns is UTF-8, as its type promises."""
    names = [column.name for column in table.columns if column.type == pa.string()]
    if not names:
        return True
    # As dictionaries: of a word that comes a million times one is looked at.
    with pq.ParquetFile(file, read_dictionary=names, pre_buffer=False) as parquet:
        for group in range(parquet.num_row_groups):
            for column in parquet.read_row_group(group, names).columns:
                if not all(_is_text(chunk) for chunk in column.chunks):
                    return False
    return True


def _is_text(chunk: pa.Array) -> bool:
    words = chunk.dictionary if kinds.is_dictionary(chunk.type) else chunk
    try:
        words.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _copied(table: Table, file: Path, path: Path, number: int) -> Iterator[pa.Table]:
    """Write a file again in the declared types; yield where values did not fit."""
    schema = pa.schema([field.with_nullable(True) for field in table.arrow_schema])
    names = schema.names
    row = 0
    # Old files of Spark and Hive: as nanoseconds their times would end with the year 2262.
    options = {"pre_buffer": False, "coerce_int96_timestamp_unit": "us"}
    with (
        pq.ParquetFile(file, **options) as parquet,
        Writer(path, schema, least_rows=ROW_GROUP) as writer,
    ):
        for batch in parquet.iter_batches(columns=names):
            rows = _with_all(pa.Table.from_batches([batch]), table)
            columns = [converted(rows[column.name], column) for column in table.columns]
            writer.write(pa.Table.from_arrays([values for values, _ in columns], schema=schema))
            for column, (_, is_unfit) in zip(table.columns, columns, strict=True):
                if is_unfit.any():
                    yield _unfit(rows[column.name], is_unfit, column.name, number, row)
            row += len(rows)


def _with_all(rows: pa.Table, table: Table) -> pa.Table:
    """Return the rows with the optional columns that they lack, as null."""
    for column in table.columns:
        if column.name not in rows.column_names:
            rows = rows.append_column(column.name, pa.nulls(len(rows), column.type))
    return rows


def _unfit(values: pa.ChunkedArray, is_unfit: Mask, name: str, number: int, row: int) -> pa.Table:
    """Return the rows of UNFIT of one column of one block, which begins with `row`."""
    at = np.flatnonzero(is_unfit)
    return pa.table(
        {
            "file": np.full(len(at), number),
            "row": row + at,
            "name": [name] * len(at),
            "value": [shown(values, int(place)) for place in at],
        },
        schema=UNFIT,
    )
