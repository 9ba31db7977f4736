"""Read the input of a batch: a Parquet file, or a folder of them, as one sequence of rows.

Reading can start at any row. At the end: a table that someone kept, Parquet or CSV, for replay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import open_parquet
from creditloom.storage.folders.identity import FixedFile
from creditloom.storage.folders.lake import parquet_files

# Bytes at the end of a Parquet file: 4 of the footer's length, 4 of the letters PAR1.
FOOTER_END_BYTES = 8
# Bytes that a reader of row groups buffers: a few pages, as a row group may exceed memory.
READ_BUFFER_BYTES = 1 << 16
# Bytes of text that are parsed to one block of a CSV file.
CSV_BLOCK_BYTES = 16 << 20


class DamagedError(DataError):
    """Pages of a file of the input cannot be read; `name` is the file's as batch.json has it."""

    name = ""


@dataclass(frozen=True)
class InputFile:
    """One file of the input, as batch.json names it.

    `sha256` covers its bytes, `footer_sha256` schema, places, sizes and statistics of all pages.
    """

    name: str
    rows: int
    bytes: int
    sha256: str
    footer_sha256: str


@dataclass(frozen=True)
class BatchInput:
    """The files of an input, in reading order: by name, at any depth.

    `starts` are the numbers of the files' first rows; its last entry is the number of all rows.
    `fixed` are the files with their contents, where a job holds them to it. `place` is the path
    under which the input is on record, where it is read from another one.
    """

    source: Path
    files: tuple[Path, ...]
    starts: tuple[int, ...]
    fixed: tuple[FixedFile, ...] = ()
    place: Path | None = None

    @classmethod
    def open(cls, source: Path) -> BatchInput:
        """Look at the input; DataError when there is nothing to decide."""
        files = parquet_files(source) if source.is_dir() else (source,)
        starts = _starts(files)
        if not starts[-1]:
            raise DataError.of(
                "Nothing to decide",
                where=source,
                expected="one row or more",
                got=f"{len(files)} files without rows",
                next_step="check the path; an empty batch is more often a mistake than meant",
            )
        return cls(source, files, starts)

    def held_to(self, fixed: tuple[FixedFile, ...], place: Path | None = None) -> BatchInput:
        """Return the input whose files must keep these contents while it is read."""
        # Counted again: what was counted before the contents were fixed may be of others.
        return replace(self, starts=_starts(self.files), fixed=fixed, place=place)

    def placed(self) -> BatchInput:
        """Return the same input by absolute paths."""
        files = tuple(path.absolute() for path in self.files)
        fixed = tuple(replace(file, path=file.path.absolute()) for file in self.fixed)
        return replace(self, source=self.source.absolute(), files=files, fixed=fixed)

    def check(self, first: int = 0, stop: int | None = None) -> None:
        """Raise ChangedError where a file with rows from `first` up to `stop` changed."""
        end = self.rows if stop is None else stop
        for file, (start, after) in zip(self.fixed, pairwise(self.starts), strict=False):
            if start < end and after > first:
                file.check()

    @property
    def rows(self) -> int:
        """The number of rows of all files."""
        return self.starts[-1]

    def schemas(self) -> Iterator[tuple[Path, pa.Schema]]:
        """Yield each file with rows, and its schema; a day without rows may have any columns."""
        for path, (start, stop) in zip(self.files, pairwise(self.starts), strict=True):
            if stop > start:
                with open_parquet(path) as file:
                    try:
                        schema = file.schema_arrow
                    except (pa.ArrowException, OSError) as error:
                        raise self._damaged(path, error) from error
                yield path, schema

    @cached_property
    def fingerprints(self) -> tuple[InputFile, ...]:
        """What tells these files from others."""
        fixed = self.fixed or tuple(map(FixedFile.of, self.files))
        return tuple(map(self._fingerprint, fixed, pairwise(self.starts)))

    def _fingerprint(self, file: FixedFile, rows: tuple[int, int]) -> InputFile:
        try:
            footer = _footer_sha256(file.path)
        except OSError as error:
            file.check()
            raise self._damaged(file.path, error) from error
        # The footer must be that of the same content.
        file.check()
        return InputFile(
            name=self._name(file.path),
            rows=rows[1] - rows[0],
            bytes=file.state.size,
            sha256=file.sha256,
            footer_sha256=footer,
        )

    def blocks(
        self, columns: Sequence[str], rows: int, first: int = 0
    ) -> Iterator[tuple[int, pa.Table]]:
        """Yield (number of its first row, block) from row `first` on, of at most `rows` rows each.

        Raises DataError when a file turns out to be damaged.
        """
        for path, (start, stop) in zip(self.files, pairwise(self.starts), strict=True):
            if stop > max(first, start):
                self.check(start, stop)
                done = max(first - start, 0)
                try:
                    for at, block in _file_blocks(path, columns, rows, done):
                        yield start + at, block
                        done = at + len(block)
                except (pa.ArrowException, OSError) as error:
                    # What looks like damage is more often a file that somebody has replaced.
                    self.check(start, stop)
                    raise self._damaged(path, error) from error
                self.check(start, stop)
                if start + done != stop:
                    raise _short(path, stop - start, done)

    def spread(
        self, columns: Sequence[str], rows: int, count: int
    ) -> Iterator[tuple[int, pa.Table]]:
        """Yield about `count` blocks of at most `rows` rows, spread evenly; a small input whole.

        They begin where a row group does, as no page before that must be read. With fewer groups
        than `count` the input is read once.
        """
        _, _, firsts = self._groups
        if len(firsts) >= count:
            chosen = firsts[np.linspace(0, len(firsts) - 1, count).astype(np.int64)]
            yield from (next(self.blocks(columns, rows, int(first))) for first in chosen)
            return
        next_place = 0
        step = max(rows, self.rows // count)
        for start, block in self.blocks(columns, rows):
            if start + len(block) > next_place:
                yield start, block
                next_place += step

    def places(
        self, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return (index of the file, row group, row in the group) of rows given by number."""
        file, group, firsts = self._groups
        at = np.searchsorted(firsts, rows, side="right") - 1
        return file[at], group[at], rows - firsts[at]

    @staticmethod
    def row(path: Path, group: int, row: int, columns: Sequence[str]) -> pa.Table:
        """Return one row by its place."""
        with open_parquet(path) as file:
            return file.read_row_group(group, columns=list(columns)).slice(row, 1)

    @cached_property
    def _groups(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Per row group of all files: index of the file, number in the file, its first row."""
        groups: list[tuple[int, int, int]] = []
        for index, path in enumerate(self.files):
            # The last start is the end of the file, where no group begins.
            for number, start in enumerate(_group_starts(path)[:-1]):
                groups.append((index, number, self.starts[index] + start))
        # The shape is stated, as files without rows have no groups.
        file, group, first = np.array(groups, np.int64).reshape(-1, 3).T
        return file, group, first

    def _damaged(self, path: Path, error: Exception) -> DamagedError:
        damaged = DamagedError.of(
            "Damaged Parquet file",
            where=path,
            expected="pages that can be read",
            got=str(error).splitlines()[0],
            next_step="copy or write the file again and run the same command: finished parts of "
            "other files are kept",
        )
        damaged.name = self._name(path)
        return damaged

    def _name(self, path: Path) -> str:
        # Relative, so that a folder that was moved is still the same input.
        name = path.relative_to(self.source).as_posix() if self.source.is_dir() else path.name
        return told(name)


def told(path: Path | str) -> str:
    r"""Return a path as text that JSON can hold, whatever bytes it is made of.

    >>> told("day-" + chr(0xDCFF))
    'day-\\udcff'
    """
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def _footer_sha256(path: Path) -> str:
    with path.open("rb") as raw:
        raw.seek(-FOOTER_END_BYTES, 2)
        size = int.from_bytes(raw.read(4), "little")
        raw.seek(-FOOTER_END_BYTES - size, 2)
        return hashlib.sha256(raw.read()).hexdigest()


def _starts(files: Sequence[Path]) -> tuple[int, ...]:
    return tuple(accumulate((_metadata(file).num_rows for file in files), initial=0))


def _metadata(path: Path) -> pq.FileMetaData:
    with open_parquet(path) as file:
        return file.metadata


def _group_starts(path: Path) -> list[int]:
    """Return the first row of each row group of a file, and the file's number of rows."""
    metadata = _metadata(path)
    sizes = (metadata.row_group(k).num_rows for k in range(metadata.num_row_groups))
    return list(accumulate(sizes, initial=0))


def _file_blocks(
    path: Path, columns: Sequence[str], rows: int, first: int
) -> Iterator[tuple[int, pa.Table]]:
    """Yield blocks of one file from its row `first` on; row groups before it are not read."""
    starts = np.asarray(_group_starts(path))
    group = int(np.searchsorted(starts, first, side="right")) - 1
    at = int(starts[group])
    groups = list(range(group, len(starts) - 1))
    # A page at a time, without reading ahead: row groups may be larger than memory.
    with pq.ParquetFile(path, buffer_size=READ_BUFFER_BYTES, pre_buffer=False) as file:
        # Blocks are decided by several threads already: reading takes none of its own.
        batches = file.iter_batches(
            rows, row_groups=groups, columns=list(columns), use_threads=False
        )
        for batch in batches:
            skipped = min(max(first - at, 0), len(batch))
            if skipped < len(batch):
                yield at + skipped, pa.Table.from_batches([batch.slice(skipped)])
            at += len(batch)


def _short(path: Path, announced: int, read: int) -> DataError:
    return DataError.of(
        "A file of the input does not hold the rows that it announces",
        where=path,
        expected=f"{announced:,} rows",
        got=f"{read:,}",
        next_step="copy or write the file again",
    )


# A table of applications as someone kept it, Parquet or CSV, in blocks: what a replay reads again.


def blocks(path: Path, types: Mapping[str, pa.DataType], rows: int) -> Iterator[pa.Table]:
    """Yield the columns named by `types` in blocks of about `rows` rows.

    `types` are those by which CSV is read; Parquet brings its own. Raises DataError when the file
    cannot be read, or lacks a column.
    """
    if path.suffix == ".csv":
        yield from _csv(path, types)
    else:
        yield from (block for _, block in BatchInput.open(path).blocks(list(types), rows))


def _csv(path: Path, types: Mapping[str, pa.DataType]) -> Iterator[pa.Table]:
    """Yield blocks of 16 MB of text; an empty field is null."""
    from pyarrow import csv

    try:
        reading = csv.ReadOptions(block_size=CSV_BLOCK_BYTES)
        kinds = csv.ConvertOptions(
            column_types=dict(types), include_columns=list(types), strings_can_be_null=True
        )
        for batch in csv.open_csv(path, read_options=reading, convert_options=kinds):
            yield pa.Table.from_batches([batch])
    except (pa.ArrowException, OSError, KeyError) as error:
        raise DataError.of(
            "The CSV cannot be read",
            where=path,
            expected=f"a header with {len(types)} columns and values of their types",
            got=str(error).splitlines()[0],
            next_step="check the file, or give the Parquet file",
        ) from error
