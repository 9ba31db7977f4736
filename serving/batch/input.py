"""The input of a batch: one Parquet file or a folder of them, read as one sequence of rows with a place to start from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import open_parquet

FOOTER = 8  # bytes at the end of a Parquet file: length of the footer, PAR1


@dataclass(frozen=True)
class InputFile:
    """One file as it was found. `footer_sha256` covers schema, places, sizes and statistics of all pages."""

    name: str
    rows: int
    bytes: int
    footer_sha256: str
    modified_ns: int


@dataclass(frozen=True)
class BatchInput:
    """`files` in reading order (by name, at any depth); `starts` are the numbers of their first rows, and last the number of all rows."""

    source: Path
    files: tuple[Path, ...]
    starts: tuple[int, ...]

    @classmethod
    def open(cls, source: Path) -> BatchInput:
        """Look at the input. DataError when there is nothing to decide."""
        found = (path for path in source.rglob("*.parquet") if not path.name.startswith((".", "_")))
        files = tuple(sorted(found)) if source.is_dir() else (source,)
        starts = tuple(accumulate((_metadata(file).num_rows for file in files), initial=0))
        if not starts[-1]:
            raise DataError.of(
                "Nothing to decide",
                where=source,
                expected="one row or more",
                got=f"{len(files)} files without rows",
                next_step="check the path; an empty batch is more often a mistake than meant",
            )
        return cls(source, files, starts)

    @property
    def rows(self) -> int:
        """How many rows all files have."""
        return self.starts[-1]

    def schemas(self) -> Iterator[tuple[Path, pa.Schema]]:
        """Each file and its schema."""
        for path in self.files:
            with open_parquet(path) as file:
                yield path, file.schema_arrow

    @cached_property
    def fingerprints(self) -> tuple[InputFile, ...]:
        """What tells these files from others, without reading their rows."""
        return tuple(self._fingerprint(path) for path in self.files)

    def blocks(
        self, columns: Sequence[str], rows: int, first: int = 0
    ) -> Iterator[tuple[int, pa.Table]]:
        """(number of its first row, block) from row `first` on, at most `rows` rows each. DataError when a file turns out to be damaged."""
        for path, (start, stop) in zip(self.files, pairwise(self.starts), strict=True):
            if stop > first:
                try:
                    for at, block in _file_blocks(path, columns, rows, max(first - start, 0)):
                        yield start + at, block
                except (pa.ArrowException, OSError) as error:
                    raise _damaged(path, error) from error

    def spread(
        self, columns: Sequence[str], rows: int, count: int
    ) -> Iterator[tuple[int, pa.Table]]:
        """About `count` blocks of at most `rows` rows, spread evenly, or all of a small input.

        They begin where a row group does, as no page before that must be read; with fewer groups than `count` the input is read once.
        """
        _, _, firsts = self._groups
        if len(firsts) >= count:
            chosen = firsts[np.linspace(0, len(firsts) - 1, count).astype(np.int64)]
            yield from (next(self.blocks(columns, rows, int(first))) for first in chosen)
            return
        place, step = 0, max(rows, self.rows // count)
        for start, block in self.blocks(columns, rows):
            if start + len(block) > place:
                yield start, block
                place += step

    def places(
        self, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """(index of the file, row group, row in the group) of rows given by their numbers."""
        file, group, firsts = self._groups
        at = np.searchsorted(firsts, rows, side="right") - 1
        return file[at], group[at], rows - firsts[at]

    @staticmethod
    def row(path: Path, group: int, row: int, columns: Sequence[str]) -> pa.Table:
        """One row by its place."""
        with open_parquet(path) as file:
            return file.read_row_group(group, columns=list(columns)).slice(row, 1)

    @cached_property
    def _groups(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Per row group of all files: index of the file, number in the file, number of its first row."""
        starts = [_group_starts(path) for path in self.files]
        found = [
            (f, g, self.starts[f] + at)
            for f, groups in enumerate(starts)
            for g, at in enumerate(groups[:-1])
        ]
        file, group, first = np.array(found, np.int64).reshape(-1, 3).T
        return file, group, first

    def _fingerprint(self, path: Path) -> InputFile:
        state = path.stat()
        with path.open("rb") as raw:
            raw.seek(-FOOTER, 2)
            size = int.from_bytes(raw.read(4), "little")
            raw.seek(-FOOTER - size, 2)
            footer = hashlib.sha256(raw.read()).hexdigest()
        name = path.relative_to(self.source).as_posix() if self.source.is_dir() else path.name
        return InputFile(name, _metadata(path).num_rows, state.st_size, footer, state.st_mtime_ns)


def _metadata(path: Path) -> pq.FileMetaData:
    with open_parquet(path) as file:
        return file.metadata


def _group_starts(path: Path) -> list[int]:
    metadata = _metadata(path)
    return list(
        accumulate(
            (metadata.row_group(k).num_rows for k in range(metadata.num_row_groups)), initial=0
        )
    )


def _file_blocks(
    path: Path, columns: Sequence[str], rows: int, first: int
) -> Iterator[tuple[int, pa.Table]]:
    """Blocks of one file from its row `first` on; row groups before it are not read."""
    starts = np.asarray(_group_starts(path))
    group = int(np.searchsorted(starts, first, side="right")) - 1
    at = int(starts[group])
    with pq.ParquetFile(
        path, buffer_size=1 << 16, pre_buffer=False
    ) as file:  # a page at a time: row groups may be larger than memory
        groups = list(range(group, len(starts) - 1))
        for batch in file.iter_batches(
            rows, row_groups=groups, columns=list(columns), use_threads=False
        ):
            skipped = min(max(first - at, 0), len(batch))
            if skipped < len(batch):
                yield at + skipped, pa.Table.from_batches([batch.slice(skipped)])
            at += len(batch)


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError.of(
        "Damaged Parquet file",
        where=path,
        expected="pages that can be read",
        got=str(error).splitlines()[0],
        next_step="copy or write the file again; nothing of the part in work was written, finished parts are kept",
    )


# A table of applications as someone kept it, Parquet or CSV, in blocks: what a replay reads again.


def blocks(path: Path, types: Mapping[str, pa.DataType], rows: int) -> Iterator[pa.Table]:
    """The columns named by `types` in blocks of about `rows` rows; `types` say how CSV is read, Parquet brings its own.

    DataError when the file cannot be read, or lacks a column.
    """
    if path.suffix == ".csv":
        yield from _csv(path, types)
    else:
        yield from (block for _, block in BatchInput.open(path).blocks(list(types), rows))


def _csv(path: Path, types: Mapping[str, pa.DataType]) -> Iterator[pa.Table]:
    """Blocks of 16 MB of text; an empty field is null."""
    from pyarrow import csv

    try:
        reading = csv.ReadOptions(block_size=16 << 20)
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
