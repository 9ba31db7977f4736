"""Copy raw tables as they were known before a day, so that nothing later can reach a model.

A table that gains months afterwards gives the same copy: a retrain of an old month stays the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from creditloom.features.contract.tables import TABLES
from creditloom.storage.files.store import Writer, open_parquet
from creditloom.storage.folders.raw_folder import name_in, raw_tables

# When a row could first be known, by the first of these columns that its table declares. A loan is
# known from its booking on; what became of it are rows of its own.
KNOWN_COLUMNS = ("known_time", "booked_time", "as_of")
# Rows held at a time: of the widest table some 10 MB.
ROWS = 65_536


def known_column(table: str) -> str:
    """Return the column that says when a row of a raw table could first be known.

    >>> [known_column(name) for name in ("payments", "loans", "applications")]
    ['known_time', 'booked_time', 'as_of']
    """
    names = {column.name for column in TABLES[table].columns}
    return next(name for name in KNOWN_COLUMNS if name in names)


def copy_known(source: Path, day: np.datetime64, target: Path) -> dict[str, int]:
    """Write the rows of the raw tables in `source` that were known before `day` to `target`.

    Returns the rows kept by table. A row whose time is null or no time is kept: the contract of
    the tables judges it, as for any run. Raises DataError for what is no folder of raw tables.
    """
    kept = {}
    for name, files in raw_tables(source).items():
        rows = 0
        for number, file in enumerate(files):
            # Numbered, so that files of one name in two folders do not meet.
            place = target / name / f"part-{number:05d}.parquet"
            rows += _copy(file, known_column(name), day, place)
        kept[name] = rows
    return kept


def _copy(file: Path, column: str, day: np.datetime64, target: Path) -> int:
    """Write the known rows of one file; return how many."""
    rows = 0
    with open_parquet(file) as source, Writer(target, source.schema_arrow) as writer:
        for batch in source.iter_batches(ROWS):
            block = pa.Table.from_batches([batch])
            known = block.filter(_is_known(block, column, day))
            writer.write(known)
            rows += len(known)
    return rows


def _is_known(block: pa.Table, column: str, day: np.datetime64) -> pa.ChunkedArray:
    """Return which rows are known before the day."""
    if column not in block.column_names or not pa.types.is_timestamp(block[column].type):
        return pa.chunked_array([pa.array(np.ones(len(block), bool))])
    kind = block[column].type
    bound = pa.scalar(day.astype("datetime64[us]").item(), pa.timestamp("us", kind.tz))
    # A bad row stays in, so that the quarantine counts it.
    return pc.fill_null(pc.less(block[column], bound.cast(kind)), True)


def source_sha256(source: Path) -> str:
    """Return the sha256 over names and bytes of the raw tables in a folder.

    Raises DataError for what is no folder of raw tables.
    """
    digests = {
        f"{table}/{name_in(source, table, file)}": file_sha256(file)
        for table, files in raw_tables(source).items()
        for file in files
    }
    return names_sha256(digests)


def file_sha256(file: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def names_sha256(digests: Mapping[str, str]) -> str:
    """Return the sha256 over names with their digests, whatever their order."""
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
