"""Open files of the user's: CSV or Parquet, one file or a folder of parts.

A CSV is read as text throughout, so that no id loses a leading zero and no amount a digit. It is
written once as Parquet, and from there on both kinds are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from creditloom.storage.contract.stored_types import WHOLE
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.foreign import Worded
from creditloom.storage.files.store import ROW_GROUP, Writer, open_parquet
from creditloom.storage.folders.lake import SUFFIXES, visible_files
from creditloom.storage.mapped.mapping import MappedFile

CSV = (".csv", ".tsv", ".txt")
# A number as text, once its decimal sign is a point: no blank, no sign between thousands.
NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
# Bytes of a CSV that are parsed at once.
BLOCK_BYTES = 1 << 24


@dataclass(frozen=True)
class OwnPart:
    """One file of the user's: its name as they know it, and the Parquet file that is read."""

    name: str
    path: Path


@dataclass(frozen=True)
class OwnFile:
    """A file or folder of the user's, opened: its parts, and the columns that all of them have.

    `kinds` says of each column of a CSV whether all of its texts are whole numbers (`whole`),
    numbers (`number`) or neither (`text`); () for Parquet, which says its types.
    """

    spec: MappedFile
    parts: tuple[OwnPart, ...]
    schema: pa.Schema
    kinds: tuple[tuple[str, str], ...] = ()

    @property
    def is_csv(self) -> bool:
        """Whether its values are text that has to be read."""
        return bool(self.kinds)


def paths_of(root: Path, spec: MappedFile) -> tuple[Path, ...]:
    """Return the files below `root` that a declared file means; () where nothing is there."""
    place = root / spec.path
    if place.is_dir():
        return tuple(path for path in visible_files(place) if is_data(path))
    return (place,) if place.is_file() else ()


def unused_files(root: Path, files: Iterable[MappedFile]) -> tuple[str, ...]:
    """Return the names of the CSV and Parquet files below `root` that no declared file means."""
    used = {path.resolve() for spec in files for path in paths_of(root, spec)}
    return tuple(
        _shown(root, path)
        for path in visible_files(root)
        if is_data(path) and path.resolve() not in used
    )


def is_data(path: Path) -> bool:
    """Return whether a file has the name of a CSV or of a Parquet file.

    >>> [is_data(Path(name)) for name in ("a.CSV", "b.parquet", "notes.md")]
    [True, True, False]
    """
    return path.name.lower().endswith((*SUFFIXES, *CSV))


def open_own(root: Path, name: str, spec: MappedFile, scratch: Path) -> OwnFile:
    """Open a declared file; of a CSV, Parquet copies go to `scratch`.

    Raises DataError where nothing is there, CSV and Parquet are mixed, or the parts differ in their
    columns, and ForeignError for a file that cannot be read.
    """
    paths = paths_of(root, spec)
    is_csv = {path.name.lower().endswith(CSV) for path in paths}
    if len(is_csv) != 1:
        raise _unopened(root, name, spec, paths)
    if is_csv == {False}:
        parts = tuple(OwnPart(_shown(root, path), path) for path in paths)
        return OwnFile(spec, parts, _one_schema(name, parts))
    parts_read = []
    kinds: dict[str, str] = {}
    for number, path in enumerate(paths):
        copy = scratch / name / f"{number:05d}.parquet"
        with Worded(path):
            _merge(kinds, _copied(path, spec, copy))
        parts_read.append(OwnPart(_shown(root, path), copy))
    parts = tuple(parts_read)
    return OwnFile(spec, parts, _one_schema(name, parts), tuple(kinds.items()))


def batches(file: OwnFile, columns: list[str]) -> Iterator[tuple[str, int, pa.Table]]:
    """Yield blocks of rows: the part's name, the number of the first row in it, the rows."""
    for part in file.parts:
        row = 0
        with Worded(part.path), open_parquet(part.path) as parquet:
            for batch in parquet.iter_batches(ROW_GROUP, columns=columns):
                rows = pa.Table.from_batches([batch]).select(columns)
                yield part.name, row, rows
                row += len(rows)


def _shown(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _copied(path: Path, spec: MappedFile, copy: Path) -> dict[str, str]:
    """Write a CSV as Parquet of texts; return what the texts of each column are."""
    if path.name.lower().endswith(".tsv"):
        spec = replace(spec, delimiter="\t")
    kinds: dict[str, str] = {}
    with _reader(path, spec) as reader:
        schema = reader.schema
        with Writer(copy, schema, least_rows=ROW_GROUP) as writer:
            for batch in reader:
                rows = pa.Table.from_batches([batch])
                _merge(kinds, {name: _kind(rows[name], spec) for name in schema.names})
                writer.write(rows)
    return kinds or dict.fromkeys(schema.names, "text")


def _reader(path: Path, spec: MappedFile) -> pa_csv.CSVStreamingReader:
    reading = pa_csv.ReadOptions(encoding=spec.encoding, block_size=BLOCK_BYTES)
    parsing = pa_csv.ParseOptions(delimiter=spec.delimiter, newlines_in_values=True)
    with pa_csv.open_csv(path, reading, parsing) as first:
        names = first.schema.names
    converting = pa_csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        null_values=list(spec.nulls),
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    return pa_csv.open_csv(path, reading, parsing, converting)


# From the narrowest kind to the widest: a column is as wide as its widest text.
_WIDTHS = ("whole", "number", "text")


def _kind(values: pa.ChunkedArray, spec: MappedFile) -> str:
    texts = plain_numbers(values.drop_null(), spec)
    for kind, pattern in (("whole", WHOLE), ("number", NUMBER)):
        if pc.all(pc.match_substring_regex(texts, pattern), min_count=0).as_py():
            return kind
    return "text"


def plain_numbers(texts: pa.ChunkedArray, spec: MappedFile) -> pa.ChunkedArray:
    """Return texts without signs between thousands, and with a point as the decimal sign."""
    if spec.thousands:
        texts = pc.replace_substring(texts, spec.thousands, "")
    return texts if spec.decimal == "." else pc.replace_substring(texts, spec.decimal, ".")


def _merge(kinds: dict[str, str], found: dict[str, str]) -> None:
    for name, kind in found.items():
        kinds[name] = max(kinds.get(name, kind), kind, key=_WIDTHS.index)


def _one_schema(name: str, parts: tuple[OwnPart, ...]) -> pa.Schema:
    """Return the columns of the parts, in the order of the first."""
    first: pa.Schema = None
    for part in parts:
        schema = _schema(part)
        first = schema if first is None else first
        if set(schema.names) != set(first.names):
            differing = sorted(set(schema.names) ^ set(first.names))
            raise DataError.of(
                f"Parts of `{name}` have different columns",
                where=part.name,
                expected="the columns of " + parts[0].name,
                got="only one of the two has " + ", ".join(differing),
                next_step="give all parts the same columns, or declare them as two files",
            )
    return first


def _schema(part: OwnPart) -> pa.Schema:
    with open_parquet(part.path) as parquet:
        return parquet.schema_arrow


def _unopened(root: Path, name: str, spec: MappedFile, paths: tuple[Path, ...]) -> DataError:
    there = sorted(path.name for path in root.iterdir()) if root.is_dir() else []
    return DataError.of(
        f"File `{name}` cannot be opened",
        where=root / spec.path,
        expected="a CSV or Parquet file, or a folder of parts of one of the two",
        got="CSV and Parquet side by side" if paths else f"nothing there; {', '.join(there[:30])}",
        next_step=f"correct files.{name} in the mapping",
    )
