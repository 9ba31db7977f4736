"""Find and read the one table at a path: a file of Parquet or CSV, or a folder of its parts.

A folder of raw tables is told apart by the names in it: `applications` and the names of events.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import pyarrow as pa

from creditloom.decision.base.readings.stored_kinds import kind_of
from creditloom.features.contract.tables import APPLICATIONS, TABLES
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import open_parquet
from creditloom.storage.folders.lake import SUFFIXES, visible, visible_files
from creditloom.storage.own.csv_files import DELIMITERS, is_csv, read_csv, read_header

# Names that an error lists.
MAX_LISTED = 8
# difflib's ratio above which a name is a misspelt `applications`.
NEAR = 0.9


@dataclass(frozen=True)
class OwnTable:
    """A table as it was read, in the types of its file; texts of a CSV are all text.

    said: what a reader of the console should know of the files, a sentence each.
    """

    table: pa.Table
    is_csv: bool
    said: tuple[str, ...] = ()


def without_views(table: pa.Table) -> pa.Table:
    """Return a table with plain text in place of text views, which few functions of Arrow take."""
    for place, stored in enumerate(table.schema):
        column = table.column(place)
        if pa.types.is_dictionary(stored.type) and pa.types.is_string_view(stored.type.value_type):
            column = pa.chunked_array([_decoded(chunk) for chunk in column.chunks])
        elif pa.types.is_string_view(stored.type):
            column = column.cast(pa.large_string())
        table = table.set_column(place, stored.name, column)
    return table


def _decoded(chunk: pa.DictionaryArray) -> pa.Array:
    return chunk.dictionary.cast(pa.large_string()).take(chunk.indices)


def is_raw_folder(path: Path) -> bool:
    """Return whether a path is a folder of raw tables: applications, or two others of them.

    A single `loans.parquet` may well be a table of the user's own.
    """
    if not path.is_dir():
        return False
    stems = {entry.name.partition(".")[0] for entry in visible(path)}
    # A misspelt `application.parquet` is told by the reader of raw tables.
    has_applications = bool(get_close_matches(APPLICATIONS.name, stems, cutoff=NEAR))
    return has_applications or len(stems & set(TABLES)) > 1


def own_names(path: Path) -> tuple[str, ...]:
    """Return the names of the table's columns, without reading its rows; DataError as `read_own`.

    Of parts the first one names them.
    """
    first = _parts(path)[0]
    if is_csv(first):
        return read_header(first).names
    with open_parquet(first) as file:
        return tuple(file.schema_arrow.names)


def read_own(path: Path) -> OwnTable:
    """Return the one table at `path`.

    Raises DataError for a path that holds none, for parts of two kinds or with other columns, and
    for a file that cannot be read.
    """
    parts = _parts(path)
    tables = [_read(part) for part in parts]
    said = tuple(_said(path, parts))
    if len(tables) == 1:
        return OwnTable(tables[0], is_csv(parts[0]), said)
    names = tables[0].column_names
    for part, table in zip(parts, tables, strict=True):
        if sorted(table.column_names) != sorted(names):
            raise _other_columns(part, parts[0], table.column_names, names)
    # A part whose column is empty has Arrow's null type: the others say which type it is.
    metadata = tables[0].schema.metadata
    plain = _alike([table.select(names).replace_schema_metadata(None) for table in tables])
    try:
        whole = pa.concat_tables(plain, promote_options="permissive").unify_dictionaries()
    except pa.ArrowException as error:
        raise _other_types(path, plain, str(error)) from error
    return OwnTable(whole.replace_schema_metadata(metadata), is_csv(parts[0]), said)


def _read(part: Path) -> pa.Table:
    if is_csv(part):
        return read_csv(part)
    with open_parquet(part) as file:
        return file.read()


def _parts(path: Path) -> tuple[Path, ...]:
    if not path.is_dir():
        return (path,)
    files = visible_files(path)
    parquet = [file for file in files if file.name.lower().endswith(SUFFIXES)]
    texts = [file for file in files if is_csv(file)]
    others = [file for file in files if file not in (*parquet, *texts)]
    if not files or others or (parquet and texts):
        raise DataError.of(
            "The folder holds no table",
            where=path,
            expected="parts of one table, all .parquet or all .csv, or raw tables under their "
            "names (applications, payments, ...)",
            got=", ".join(file.name for file in (others or files)[:MAX_LISTED]) or "nothing",
            next_step="move what is no part elsewhere, or put `_` before its name; "
            "for raw tables see `creditloom fit --help`",
        )
    return tuple(parquet or texts)


def _said(path: Path, parts: Sequence[Path]) -> Iterator[str]:
    if is_csv(parts[0]):
        sign = read_header(parts[0]).delimiter
        yield f"{parts[0].name} is CSV: cells between {DELIMITERS[sign]}, an empty cell is null"
    if len(parts) > 1:
        yield f"{len(parts)} parts of one table in {path}"
    named = {part.parent.name for part in parts if "=" in part.parent.name}
    if named:
        example = sorted(named)[0]
        yield f"names of folders, as {example}, are not read: no column is made of them"


def _other_columns(part: Path, first: Path, got: list[str], names: list[str]) -> DataError:
    lacking = sorted(set(names) - set(got))
    more = sorted(set(got) - set(names))
    differs = [f"without {', '.join(lacking[:MAX_LISTED])}"] if lacking else []
    differs += [f"with {', '.join(more[:MAX_LISTED])}"] if more else []
    return DataError.of(
        "The parts of the table have different columns",
        where=part,
        expected=f"the columns of {first.name}",
        got="; ".join(differs) or "a column twice",
        next_step="write the parts with the same columns, or move it out of the folder",
    )


def _alike(tables: Sequence[pa.Table]) -> list[pa.Table]:
    """Return parts with texts decoded where only some parts hold them as a dictionary."""
    out = list(tables)
    for name in tables[0].column_names:
        stored = {table.schema.field(name).type for table in tables}
        coded = [pa.types.is_dictionary(kind) for kind in stored]
        if any(coded) and not all(coded) and {kind_of(kind) for kind in stored} <= {"text", "null"}:
            out = [_without_dictionary(table, name) for table in out]
    return out


def _without_dictionary(table: pa.Table, name: str) -> pa.Table:
    column = table[name]
    if not pa.types.is_dictionary(column.type):
        return table
    place = table.column_names.index(name)
    return table.set_column(place, name, column.cast(column.type.value_type))


def _other_types(path: Path, tables: Sequence[pa.Table], why: str) -> DataError:
    by_name = {
        name: dict.fromkeys(str(table.schema.field(name).type) for table in tables)
        for name in tables[0].column_names
    }
    differ = [f"{name}: {', '.join(kinds)}" for name, kinds in by_name.items() if len(kinds) > 1]
    return DataError.of(
        "The parts of the table have different types",
        where=path,
        expected="one type per column in all parts",
        got=f"{'; '.join(differ[:MAX_LISTED])} ({why.splitlines()[0]})",
        next_step="write all parts with the same types",
    )
