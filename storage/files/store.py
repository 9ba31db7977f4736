"""Read and write Parquet and JSON files; no other module does.

Writes are atomic: a file appears whole or not at all. Parquet is zstd level 3 (a matrix: lz4) in
row groups of 122,880 rows, without pandas metadata, so that the same table gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from creditloom.storage.files.durable import beside
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.text_files import FORMAT as FORMAT
from creditloom.storage.files.text_files import StrPath as StrPath
from creditloom.storage.files.text_files import read_json as read_json
from creditloom.storage.files.text_files import write_json as write_json
from creditloom.storage.files.text_files import write_text as write_text

if TYPE_CHECKING:
    import pandas as pd

# Rows of a row group: DuckDB's default, which its vectors of 2,048 rows divide.
ROW_GROUP = 122_880
COMPRESSION: Mapping[str, Any] = {"compression": "zstd", "compression_level": 3}
# Of a matrix: its doubles shrink little, and lz4 is read in two thirds of the CPU of snappy or
# zstd. What is kept for years (raw tables, decisions, ledger) stays zstd: it is a third smaller,
# and its storage costs more than the CPU that lz4 would save (docs/cost.md).
FAST_COMPRESSION: Mapping[str, Any] = {"compression": "lz4"}
# Rows of a matrix's row group at least. With fewer, writer and readers begin thousands of column
# chunks more often than they need to.
MATRIX_ROWS = 8_192
# The key of random bytes, so that the sha256 of a file tells nothing of a row erased from it.
SALT = b"creditloom.salt"

# Metadata of a table beside its format.
Notes = Mapping[bytes, bytes]
NO_NOTES: Notes = {}


def open_parquet(path: StrPath) -> pq.ParquetFile:
    """Open one Parquet file for reading; DataError if it is absent, empty or not Parquet."""
    file = Path(path)
    try:
        # Without reading ahead: a matrix would lie in memory whole until it is closed.
        return pq.ParquetFile(file, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        # Why is asked afterwards: the file may go between a question and the opening.
        raise _unopened(file, str(error).splitlines()[0]) from error


def _unopened(file: Path, why: str) -> DataError:
    if not file.is_file():
        return DataError.of(
            "No such file",
            where=file,
            expected="a Parquet file",
            got="a folder" if file.is_dir() else "nothing",
            next_step="check the path",
        )
    if "size is 0 bytes" in why:
        return DataError.of(
            "Empty file",
            where=file,
            expected="a Parquet file",
            got="0 bytes",
            next_step="write the file again",
        )
    return DataError.of(
        "Not a Parquet file",
        where=file,
        expected="a file that starts and ends with PAR1",
        got=why.split(". ")[0],
        next_step="convert it, for example with pandas: frame.to_parquet(path, index=False)",
    )


def _parts(path: StrPath) -> tuple[Path, ...]:
    folder = Path(path)
    if not folder.is_dir():
        return (folder,)
    parts = tuple(sorted(folder.glob("*.parquet")))
    if not parts:
        raise DataError.of(
            "Empty folder",
            where=folder,
            expected="*.parquet files",
            got="none",
            next_step="check the path",
        )
    return parts


def iter_tables(
    path: StrPath, columns: Sequence[str] | None = None, rows: int = 65_536
) -> Iterator[pa.Table]:
    """Yield the table at `path` in blocks of at most `rows` rows, in file order.

    `path` is a file, or a folder of parts.
    """
    names = None if columns is None else list(columns)
    for part in _parts(path):
        with open_parquet(part) as file:
            for batch in file.iter_batches(rows, columns=names):
                yield pa.Table.from_batches([batch])


def read_table(path: StrPath, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a file, or a folder of parts, whole; dictionary-encoded strings stay encoded."""
    names = None if columns is None else list(columns)
    tables = []
    for part in _parts(path):
        with open_parquet(part) as file:
            tables.append(file.read(columns=names))
    # Parts have dictionaries of their own: the table gets one per column.
    return tables[0] if len(tables) == 1 else pa.concat_tables(tables).unify_dictionaries()


def read_frame(path: StrPath, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a file, or a folder of parts, as a data frame with a plain row index."""
    return read_table(path, columns).to_pandas(ignore_metadata=True)


class Writer:
    """Writes one Parquet file block by block, as a context manager.

    The file appears under its name only when the context ends without error.

    `statistics` are the columns whose smallest and largest values are kept; None keeps all. Blocks
    are held until they have `least_rows` rows together, and then make a row group. `version` is the
    table's format, noted in the metadata of the schema beside `notes` and the text `salt`.
    """

    def __init__(
        self,
        path: StrPath,
        schema: pa.Schema,
        statistics: Sequence[str] | None = None,
        compression: Mapping[str, Any] = COMPRESSION,
        least_rows: int = 0,
        version: int | None = None,
        notes: Notes = NO_NOTES,
        salt: str = "",
    ) -> None:
        self.path = Path(path)
        self._compression = compression
        self._least_rows = least_rows
        self._held: list[pa.Table] = []
        self._statistics = True if statistics is None else list(statistics)
        numbered = {} if version is None else {FORMAT: str(version).encode()}
        salted = {SALT: salt.encode()} if salt else {}
        self.schema = schema.with_metadata({**numbered, **salted, **notes} or None)
        self._ending = ExitStack()

    def __enter__(self) -> Self:
        deltas = []
        levels = []
        for field in self.schema:
            if pa.types.is_int64(field.type) or pa.types.is_timestamp(field.type):
                deltas.append(field.name)
            # Doubles hardly repeat: a dictionary of them would be as large as they are.
            elif not pa.types.is_floating(field.type):
                levels.append(field.name)
        self._file = pq.ParquetWriter(
            self._ending.enter_context(beside(self.path)),
            self.schema,
            use_dictionary=levels,
            # Of sorted ids and times: 40 % smaller, written in 40 % of the time.
            column_encoding=dict.fromkeys(deltas, "DELTA_BINARY_PACKED"),
            write_statistics=self._statistics,
            **self._compression,
        )
        # Runs before the file gets its name: a footer that does not fit the disk leaves none.
        self._ending.push(self._closed)
        return self

    def write(self, table: pa.Table) -> None:
        """Append one block; its columns must be the schema's, in its order."""
        self._held.append(table.replace_schema_metadata(None))
        if sum(map(len, self._held)) >= self._least_rows:
            self._write_held()

    def _write_held(self) -> None:
        if self._held:
            table = pa.concat_tables(self._held)
            self._held = []
            self._file.write_table(table, row_group_size=ROW_GROUP)

    def _closed(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._write_held()
        self._file.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.__exit__(kind, error, trace)


def matrix_writer(path: StrPath, schema: pa.Schema) -> Writer:
    """Return the writer of a matrix.

    A matrix is thousands of columns of doubles. Nobody searches them by value, so no statistics are
    kept; they are read a few times and then made again, so the fast compression is used.
    """
    return Writer(path, schema, statistics=(), compression=FAST_COMPRESSION, least_rows=MATRIX_ROWS)


def write_table(
    table: pa.Table,
    path: StrPath,
    statistics: Sequence[str] | None = None,
    version: int | None = None,
    salt: str = "",
) -> None:
    """Write one Parquet file, atomically; `statistics`, `version` and `salt` as of `Writer`."""
    with Writer(path, table.schema, statistics, version=version, salt=salt) as writer:
        writer.write(table)
