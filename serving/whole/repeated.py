"""Find the ids that occur more than once in a batch.

DuckDB looks for them: it spills to disk what does not fit its memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.types as kinds

from creditloom.serving.batch.input import BatchInput
from creditloom.serving.batch.output import StorageError
from creditloom.storage.files.errors import DataError

# DuckDB's limit, whatever the size of the batch: the rest of the job needs memory too.
MEMORY_MB = 200
# Ids that are handed to DuckDB at a time.
READ_ROWS = 131_072
# Sorted, so that two runs are equal to the byte.
QUERY = """
select id from ids where id is not null group by id having count(*) > 1 order by id
"""


def repeated_ids(source: BatchInput, name: str, spill: Path, threads: int = 2) -> pa.Array:
    """Return the values of column `name` that more than one row holds, sorted; null is no value.

    Raises DataError where a file cannot be read, StorageError where memory and disk do not suffice.
    """
    import duckdb

    config: dict[str, Any] = {
        "memory_limit": f"{MEMORY_MB}MB",
        "threads": threads,
        "temp_directory": str(spill),
    }
    # Read by Arrow and not by DuckDB, to which a path may be a pattern and a folder a column.
    ids = _Ids(source, name)
    with duckdb.connect(config=config) as connection:
        connection.register("ids", pa.RecordBatchReader.from_batches(ids.schema, ids.batches()))
        try:
            table = connection.sql(QUERY).to_arrow_table()
        # The narrower error first: it is one of duckdb.Error too.
        except duckdb.OutOfMemoryException as error:
            raise StorageError.of(
                "No room to look for duplicates",
                where=spill,
                expected=f"{MEMORY_MB} MB of memory and room to spill on disk",
                got=str(error).splitlines()[0],
                next_step="make room on the output's disk and run the same command again",
            ) from error
        except duckdb.Error as error:
            # DuckDB words what its reader of batches raised: the error itself says more.
            raise ids.failure or _unread(source.source, name, error) from error
    return table.column(0).combine_chunks()


class _Ids:
    """The ids of an input as a stream of one type.

    `failure` is what stopped the reading, if anything did.
    """

    def __init__(self, source: BatchInput, name: str) -> None:
        types = [_plain(schema.field(name).type) for _, schema in source.schemas()]
        self.schema = pa.schema({"id": _common(types)})
        self.failure: DataError | None = None
        self._source = source
        self._name = name

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the ids, a block at a time."""
        try:
            blocks = self._source.blocks([self._name], READ_ROWS)
            yield from chain.from_iterable(self._typed(block) for _, block in blocks)
        except DataError as error:
            self.failure = error
            raise

    def _typed(self, block: pa.Table) -> list[pa.RecordBatch]:
        ids = block.column(0).cast(self.schema.field("id").type)
        return pa.table([ids], schema=self.schema).to_batches()


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if kinds.is_dictionary(kind) else kind


def _common(types: list[pa.DataType]) -> pa.DataType:
    """Return one type for the ids of all files: theirs, or text where they differ."""
    if len(set(types)) == 1:
        return types[0]
    if all(kinds.is_signed_integer(kind) for kind in types):
        return pa.int64()
    return pa.string()


def digest(ids: pa.Array) -> str:
    """Return the sha256 of sorted ids, whatever their type.

    >>> digest(pa.array([7, 12])) == digest(pa.array(["7", "12"]))
    True
    """
    content = hashlib.sha256()
    for start in range(0, len(ids), READ_ROWS):
        texts = ids.slice(start, READ_ROWS).cast(pa.string()).to_pylist()
        content.update("".join(f"{text}\n" for text in texts).encode("utf-8", "backslashreplace"))
    return content.hexdigest()


def _unread(where: Path, name: str, error: Exception) -> DataError:
    return DataError.of(
        "The ids cannot be compared",
        where=where,
        expected=f"a column `{name}` of one kind in all files",
        got=str(error).splitlines()[0],
        next_step="write the ids of all files as whole numbers, or all as text",
    )
