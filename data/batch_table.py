"""A table of applications as someone kept it, Parquet or CSV, in blocks: what a replay reads again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from data.batch_input import BatchInput
from data.errors import DataError


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
        kinds = csv.ConvertOptions(column_types=dict(types), include_columns=list(types), strings_can_be_null=True)
        for batch in csv.open_csv(path, read_options=reading, convert_options=kinds):
            yield pa.Table.from_batches([batch])
    except (pa.ArrowException, OSError, KeyError) as error:
        raise DataError.of(
            "The CSV cannot be read", where=path, expected=f"a header with {len(types)} columns and values of their types",
            got=str(error).splitlines()[0], next_step="check the file, or give the Parquet file",
        ) from error  # fmt: skip
