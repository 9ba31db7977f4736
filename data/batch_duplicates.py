"""Ids that occur more than once in a batch, found by DuckDB, which spills to disk what does not fit its memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from data.batch_output import StorageError
from data.errors import DataError

MEMORY_MB = 200
QUERY = """
select {id} from read_parquet($files) where {id} is not null group by {id} having count(*) > 1 order by {id}
"""


def duplicates(files: Sequence[Path], name: str, spill: Path, threads: int = 2) -> pa.Array:
    """The values of column `name` that more than one row holds, sorted; null is no value.

    DataError where a file cannot be read, StorageError where memory and disk do not suffice.
    """
    import duckdb

    with duckdb.connect(config={"memory_limit": f"{MEMORY_MB}MB", "threads": threads, "temp_directory": str(spill)}) as con:
        try:
            found = con.sql(QUERY.format(id=f'"{name}"'), params={"files": [str(file) for file in files]}).to_arrow_table()
        except duckdb.OutOfMemoryException as error:
            raise StorageError.of(
                "No room to look for duplicates", where=spill, expected=f"{MEMORY_MB} MB of memory and room to spill on disk",
                got=str(error).splitlines()[0], next_step="make room on the output's disk and run the same command again",
            ) from error  # fmt: skip
        except duckdb.Error as error:
            raise DataError.of(
                "Damaged Parquet file", where=files[0].parent, expected=f"files whose column `{name}` can be read",
                got=str(error).splitlines()[0], next_step="copy or write the file again; nothing was written",
            ) from error  # fmt: skip
    return found.column(0).combine_chunks()
