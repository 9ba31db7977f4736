"""Read CSV strictly: every cell as the text that it is, an empty cell as null.

Nothing is converted here, so that an id keeps its leading zeros. `recognise` says aloud which
columns are numbers.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as arrow_csv

from creditloom.storage.files.errors import DataError

SUFFIXES = (".csv", ".tsv", ".txt")
COMPRESSED = (".gz", ".bz2", ".zst")
# In the order in which they are preferred where two fit alike.
# table: delimiter -> its name
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# The line by which Excel is told the sign between cells.
EXCEL_NOTE = re.compile(r"^sep=.?$", re.IGNORECASE)
# How a file of UTF-16 begins, of either order of bytes.
UTF16_STARTS = (b"\xff\xfe", b"\xfe\xff")
# The start of a file in which the header and the first rows are looked for.
HEAD_BYTES = 1_048_576
HEAD_ROWS = 20
# Bytes of text that are parsed at once: no cell may be longer.
BLOCK_BYTES = 16 << 20
# Characters of a bad row that an error shows.
SHOWN = 120


@dataclass(frozen=True)
class CsvHeader:
    """The names of a CSV's columns in file order, and what separates its cells."""

    names: tuple[str, ...]
    delimiter: str


def is_csv(path: Path) -> bool:
    """Return whether a file's name says that it is CSV, compressed or not."""
    name = path.name.lower()
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    return name.endswith(SUFFIXES)


def read_header(path: Path) -> CsvHeader:
    """Return names and delimiter; DataError for no file, no UTF-8 text and no row of names."""
    text = _head(path)
    rows = _rows(text)
    delimiter = max(DELIMITERS, key=lambda sign: _fields(text, sign))
    names = tuple(next(csv.reader(io.StringIO(rows, newline=""), delimiter=delimiter)))
    if EXCEL_NOTE.match(",".join(names)):
        raise DataError.of(
            "The first line of the CSV holds no names",
            where=path,
            expected="the names of the columns",
            got=f"{rows.splitlines()[0]}, a note for Excel",
            next_step="remove the first line; the sign between cells is found without it",
        )
    if all(_is_number(name) for name in names if name):
        raise DataError.of(
            "The first line of the CSV holds no names",
            where=path,
            expected="the names of the columns",
            got=", ".join(names)[:SHOWN],
            next_step="write a first line that names the columns",
        )
    unnamed = [k for k, name in enumerate(names) if not name.strip() and k > 0]
    if unnamed:
        raise DataError.of(
            "A column of the CSV has no name",
            where=f"{path}, first line, field {unnamed[0] + 1}",
            expected="a name for each column",
            got=", ".join(names)[:SHOWN],
            next_step="name it in the first line, or remove the column",
        )
    return CsvHeader(names, delimiter)


def read_csv(path: Path) -> pa.Table:
    """Return the file as columns of text, in file order; an empty cell is null.

    Raises DataError as `read_header`, and for a row of too many or too few cells.
    """
    return pa.Table.from_batches(csv_batches(path), text_schema(path))


def text_schema(path: Path) -> pa.Schema:
    """Return the columns of a CSV, all of them text; DataError as `read_header`."""
    return pa.schema([pa.field(name, pa.string()) for name in read_header(path).names])


def csv_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file as `read_csv` reads them, some megabytes at a time."""
    header = read_header(path)
    wrong: list[arrow_csv.InvalidRow] = []

    def note(row: arrow_csv.InvalidRow) -> str:
        wrong.append(row)
        return "error"

    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            yield from arrow_csv.open_csv(
                stream,
                # One thread: only then a wrong row knows its number.
                read_options=arrow_csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=header.delimiter, newlines_in_values=True, invalid_row_handler=note
                ),
                convert_options=_as_text(header),
            )
    except (pa.ArrowException, OSError) as error:
        raise _unread(path, wrong, str(error)) from error


def _as_text(header: CsvHeader) -> arrow_csv.ConvertOptions:
    return arrow_csv.ConvertOptions(
        column_types=dict.fromkeys(header.names, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
    )


def _head(path: Path) -> str:
    """Return the start of a file as text."""
    if not path.is_file():
        raise DataError.of(
            "No such file",
            where=path,
            expected="a CSV file",
            got="a folder" if path.is_dir() else "nothing",
            next_step="check the path",
        )
    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            start = stream.read(HEAD_BYTES)
    except (pa.ArrowException, OSError) as error:
        raise _unread(path, [], str(error)) from error
    if not start.strip():
        raise DataError.of(
            "Empty file",
            where=path,
            expected="a CSV file with a line of names",
            got=f"{len(start)} bytes",
            next_step="write the file again",
        )
    try:
        # A cut in the middle of a letter is no fault of the file.
        return start.decode("utf-8-sig", errors="strict" if len(start) < HEAD_BYTES else "ignore")
    except UnicodeDecodeError as error:
        raise _no_utf8(path, str(error), start) from error


def _rows(text: str) -> str:
    return "".join(text.splitlines(keepends=True)[:HEAD_ROWS])


def _fields(text: str, sign: str) -> int:
    """Return the number of cells of the header, if most rows below have as many; else 0."""
    # A whole first megabyte may end inside a quoted cell: only its first rows are asked.
    # Line ends as they stand: a file of old Macs has none but \r, which the reader refuses else.
    rows = list(csv.reader(io.StringIO(_rows(text), newline=""), delimiter=sign))
    counts = [len(row) for row in rows[:-1] if row] or [len(rows[0])]
    # A row that is cut off is told as such, and does not hide the sign.
    return len(rows[0]) if 2 * counts.count(len(rows[0])) > len(counts) else 0


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _unread(path: Path, wrong: list[arrow_csv.InvalidRow], why: str) -> DataError:
    if "UTF8" in why:
        return _no_utf8(path, why)
    if not wrong:
        return DataError.of(
            "The CSV cannot be read",
            where=path,
            expected="text of one line per row",
            got=why.splitlines()[0][:SHOWN],
            next_step="mend the file, or write it again as Parquet",
        )
    row = wrong[0]
    # Without the header's line; the number counts lines of rows.
    line = f"line {row.number}" if row.number else "a line"
    return DataError.of(
        "A row of the CSV has a wrong number of cells",
        where=f"{path}, {line}",
        expected=f"{row.expected_columns} cells, as the first line has",
        got=f"{row.actual_columns}: {row.text[:SHOWN]}",
        next_step="put texts that hold the delimiter in double quotes, or mend the row",
    )


def _no_utf8(path: Path, why: str, start: bytes = b"") -> DataError:
    likely = "GB18030"
    others = " (-f CP1252 for files of Excel in the West)"
    if start.startswith(UTF16_STARTS):
        likely = "UTF-16"
        others = ""
    return DataError.of(
        "The CSV is not UTF-8",
        where=path,
        expected="text in UTF-8",
        got=why[:SHOWN],
        next_step=f"convert it, for example: iconv -f {likely} -t UTF-8 in.csv > out.csv{others}",
    )
