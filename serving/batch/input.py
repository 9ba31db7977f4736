"""Read the input of a batch: a file of Parquet or CSV, or a folder of one of the two.

It is one sequence of rows, and reading can start at any of them. CSV is read from copies
(`serving/own/csv_copies.py`). At the end: a table that someone kept, for replay.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from creditloom.storage.files.errors import DataError
from creditloom.storage.files.outputs import MAX_LISTED_FILES
from creditloom.storage.files.store import open_parquet
from creditloom.storage.folders.identity import FileState, FixedFile
from creditloom.storage.folders.lake import parquet_files, visible_files
from creditloom.storage.own.csv_files import csv_batches, is_csv, read_header

# Bytes at the end of a Parquet file: 4 of the footer's length, 4 of the letters PAR1.
FOOTER_END_BYTES = 8
# Bytes that a reader of row groups buffers: a few pages, as a row group may exceed memory.
READ_BUFFER_BYTES = 1 << 16


class DamagedError(DataError):
    """Pages of a file of the input cannot be read; `name` is the file's as batch.json has it."""

    name = ""


@dataclass(frozen=True)
class InputFile:
    """One file of the input, as batch.json names it.

    `sha256` covers its bytes, `footer_sha256` schema, places, sizes and statistics of all pages; ""
    of a CSV, which has no pages.
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
    under which the input is on record, where it is read from another one. `copies` are read in
    place of CSV files, which were in `states` when they were copied; until then rows are not known.
    """

    source: Path
    files: tuple[Path, ...]
    starts: tuple[int, ...]
    fixed: tuple[FixedFile, ...] = ()
    place: Path | None = None
    copies: tuple[Path, ...] = ()
    states: tuple[FileState, ...] = ()

    @classmethod
    def open(cls, source: Path) -> BatchInput:
        """Look at the input; DataError when there is nothing to decide, and for no readable CSV."""
        files = input_files(source)
        if files and is_csv(files[0]):
            for file in files:
                read_header(file)
            return cls(source, files, ())
        return require_rows(cls(source, files, ()).counted())

    @property
    def is_csv(self) -> bool:
        """Whether its files are CSV, of which every column is text."""
        return bool(self.files) and is_csv(self.files[0])

    @property
    def stored(self) -> tuple[Path, ...]:
        """The files that are read: of a CSV its copy."""
        return self.copies or self.files

    def counted(self) -> BatchInput:
        """Return the input with the numbers of its files' rows."""
        return replace(self, starts=_starts(self.stored))

    def held_to(self, fixed: tuple[FixedFile, ...], place: Path | None = None) -> BatchInput:
        """Return the input whose files must keep these contents while it is read."""
        for file, copied in zip(fixed, self.states, strict=False):
            file.check_was(copied)
        # Counted again: what was counted before the contents were fixed may be of others.
        return replace(self.counted(), fixed=fixed, place=place)

    def placed(self) -> BatchInput:
        """Return the same input by absolute paths."""
        files = tuple(path.absolute() for path in self.files)
        copies = tuple(path.absolute() for path in self.copies)
        fixed = tuple(replace(file, path=file.path.absolute()) for file in self.fixed)
        source = self.source.absolute()
        return replace(self, source=source, files=files, copies=copies, fixed=fixed)

    def around(self, first: int, stop: int) -> BatchInput:
        """Return the files that hold rows `first`..`stop`; the rows keep their numbers.

        Where a row lies is asked of footers: whoever makes one part need not open all files.
        """
        # One file is kept as it is, with what is known of it already.
        if len(self.files) == 1:
            return self
        begin = bisect_right(self.starts, first) - 1
        end = bisect_left(self.starts, stop)
        near = slice(begin, end)
        # table: the input, less its other files
        return replace(
            self,
            files=self.files[near],
            starts=self.starts[begin : end + 1],
            fixed=self.fixed[near],
            copies=self.copies[near],
            states=self.states[near],
        )

    @property
    def contents(self) -> tuple[str, ...]:
        """The sha256 of each file."""
        known = self.fixed or self.fingerprints
        return tuple(file.sha256 for file in known)

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
        pairs = zip(self.files, self.stored, pairwise(self.starts), strict=True)
        for path, stored, (start, stop) in pairs:
            if stop > start:
                with open_parquet(stored) as file:
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
            footer = "" if self.is_csv else _footer_sha256(file.path)
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
        pairs = zip(self.files, self.stored, pairwise(self.starts), strict=True)
        for path, stored, (start, stop) in pairs:
            if stop > max(first, start):
                self.check(start, stop)
                done = max(first - start, 0)
                try:
                    for at, block in _file_blocks(stored, columns, rows, done):
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
        """Return (index of the file, row group, row in the group) of rows given by number.

        A CSV is one group: its rows have their numbers in the file, from 0.
        """
        file, group, firsts = self._groups
        at = np.searchsorted(firsts, rows, side="right") - 1
        return file[at], group[at], rows - firsts[at]

    def rows_before(self, rows: NDArray[np.int64]) -> int:
        """Return how many rows are read in vain where reading starts at each of these rows.

        They lie between the start of a row group and the row; a CSV is read from its start.
        """
        _, _, firsts = self._groups
        return int((rows - firsts[np.searchsorted(firsts, rows, side="right") - 1]).sum())

    def numbers(
        self, file: NDArray[np.int64], group: NDArray[np.int64], row: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the numbers of rows given by place: what `places` was given."""
        files, groups, firsts = self._groups
        width = int(groups.max(initial=0)) + 1
        # Groups are listed by file and number, so their keys rise.
        at = np.searchsorted(files * width + groups, file * width + group)
        return firsts[at] + row

    def row(self, index: int, group: int, row: int, columns: Sequence[str]) -> pa.Table:
        """Return one row by its place: the index of its file, as `places` gives it."""
        if self.is_csv:
            _, block = next(self.blocks(columns, 1, self.starts[index] + row))
            return block
        with open_parquet(self.files[index]) as file:
            return file.read_row_group(group, columns=list(columns)).slice(row, 1)

    @cached_property
    def _groups(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Per row group of all files: index of the file, number in the file, its first row."""
        groups: list[tuple[int, int, int]] = []
        if self.is_csv:
            spans = enumerate(pairwise(self.starts))
            groups = [(index, 0, start) for index, (start, stop) in spans if stop > start]
        for index, path in enumerate(() if self.is_csv else self.files):
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


def require_rows(source: BatchInput) -> BatchInput:
    """Return an input that holds a row; DataError for one without."""
    if not source.rows:
        raise DataError.of(
            "Nothing to decide",
            where=source.source,
            expected="one row or more",
            got=f"{len(source.files)} files without rows",
            next_step="check the path; an empty batch is more often a mistake than meant",
        )
    return source


def input_files(source: Path) -> tuple[Path, ...]:
    """Return the files of an input: Parquet, or CSV where a folder holds no Parquet.

    Raises DataError as `parquet_files`.
    """
    if not source.is_dir():
        return (source,)
    return parquet_files(source) or tuple(file for file in visible_files(source) if is_csv(file))


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


# A table of applications as someone kept it, in blocks: what a replay reads again.


def blocks(path: Path, names: Sequence[str], rows: int) -> Iterator[pa.Table]:
    """Yield the columns of these names in blocks of about `rows` rows; of a CSV they are texts.

    Raises DataError when a file cannot be read, or lacks a column.
    """
    files = input_files(path)
    if not (files and is_csv(files[0])):
        yield from (block for _, block in BatchInput.open(path).blocks(names, rows))
        return
    for file in files:
        missing = sorted(set(names) - set(read_header(file).names))
        if missing:
            raise DataError.of(
                "The CSV cannot be read",
                where=file,
                expected=f"a header with {len(names)} columns that were read",
                got=f"no {', '.join(missing[:MAX_LISTED_FILES])}",
                next_step="check the file, or give the Parquet file",
            )
        for batch in csv_batches(file):
            yield pa.Table.from_batches([batch]).select(list(names))
