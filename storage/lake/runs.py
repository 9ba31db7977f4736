"""Write runs: the rows of one table and one shard, sorted by (person, time), in one file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from creditloom.features.contract.tables import TABLES, Table
from creditloom.features.engine.row_groups import span_of
from creditloom.features.engine.shards import MULTIPLIER
from creditloom.storage.contract.quarantine import path_of
from creditloom.storage.files.store import Writer
from creditloom.storage.folders.lake_lists import RunFile, Span

# Rows of a row group. A reader keeps one group of every run: small ones bound its memory, and of
# larger ones no column would be much smaller.
GROUP_ROWS = 32_768
# The column that says where a row goes, while it is sorted.
SHARD = "_shard"


def order_of(table: Table) -> tuple[str, ...]:
    """Return the columns that a run is sorted by: person, time and key, so that no tie is left.

    >>> order_of(TABLES["payments"]), order_of(TABLES["loans"])
    (('applicant_id', 'event_time', 'event_id'), ('applicant_id', 'application_id'))
    """
    time = ("event_time",) if table.is_event else ()
    return ("applicant_id", *time, *table.key)


def shard_sql(shards: int) -> str:
    """Return the SQL of `features.engine.shards.shard_of`."""
    # In 128 bits: ids are not negative, so the product fits.
    low = f"((applicant_id::HUGEINT * {MULTIPLIER}) % 18446744073709551616)"
    return f"(({low} // 4294967296) % {shards})::INTEGER"


def schema_of(name: str, columns: Sequence[str]) -> pa.Schema:
    """Return the schema of a table's runs."""
    fields = [field for field in TABLES[name].arrow_schema if field.name in columns]
    return pa.schema([field.with_nullable(True) for field in fields])


@dataclass(frozen=True)
class RunPlace:
    """Where the runs of one command go: the lake, and what is new in their names.

    `mark` is 16 hexadecimal digits, made of all that the command reads: the same command gives the
    same names, and another one others.
    """

    root: Path
    name: str
    mark: str

    def path(self, table: str, shard: int) -> str:
        """Return the relative path of a run."""
        return f"{table}/shard={shard:04d}/{self.name}-{self.mark}.parquet"


def sorted_rows(
    connection: duckdb.DuckDBPyConnection, table: Table, query: str, shards: int
) -> Iterator[tuple[int, pa.Table]]:
    """Yield (shard, rows) in blocks of at most GROUP_ROWS, by shard and then by `order_of`.

    `query` gives the columns of the table.
    """
    order = ", ".join((SHARD, *order_of(table)))
    # TRY: an id of another kind has a rule of its own, and none comes here.
    rows = f"SELECT *, {shard_sql(shards)} AS {SHARD} FROM ({query}) ORDER BY {order}"  # noqa: S608
    held: list[pa.Table] = []
    now = -1
    for batch in connection.sql(rows).to_arrow_reader(GROUP_ROWS):
        block = pa.Table.from_batches([batch])
        shard = block.column(SHARD).to_numpy()
        cuts = [0, *(np.flatnonzero(np.diff(shard)) + 1).tolist(), len(shard)]
        for begin, end in pairwise(cuts):
            if begin == end:
                continue
            if shard[begin] != now and held:
                yield now, pa.concat_tables(held)
                held = []
            now = int(shard[begin])
            held.append(block.slice(begin, end - begin).drop_columns([SHARD]))
            if sum(map(len, held)) >= GROUP_ROWS:
                whole = pa.concat_tables(held)
                yield now, whole.slice(0, GROUP_ROWS)
                held = [whole.slice(GROUP_ROWS)] if len(whole) > GROUP_ROWS else []
    if held:
        yield now, pa.concat_tables(held)


def write_runs(
    blocks: Iterator[tuple[int, pa.Table]], place: RunPlace, name: str, columns: Sequence[str]
) -> dict[int, RunFile]:
    """Write the blocks of `sorted_rows`, a file a shard; return the receipt of each by shard."""
    schema = schema_of(name, columns)
    written: dict[int, RunFile] = {}
    ahead = next(blocks, None)
    while ahead is not None:
        shard = ahead[0]
        path = place.path(name, shard)
        with Writer(place.root / path, schema) as writer:
            while ahead is not None and ahead[0] == shard:
                writer.write(_shaped(ahead[1], schema))
                ahead = next(blocks, None)
        written[shard] = receipt(place, name, path)
    return written


def write_empty(place: RunPlace, name: str, shard: int, columns: Sequence[str]) -> RunFile:
    """Write a run without rows: it says that the shard has none of a table that is there."""
    schema = schema_of(name, columns)
    path = place.path(name, shard)
    with Writer(place.root / path, schema) as writer:
        writer.write(schema.empty_table())
    return receipt(place, name, path)


def receipt(place: RunPlace, name: str, path: str) -> RunFile:
    """Return the receipt of a run as it lies."""
    file = place.root / path
    footer = pq.read_metadata(file)
    return RunFile(
        table=name,
        path=path,
        sha256=sha256_of(file),
        rows=footer.num_rows,
        keys=_whole_span(footer, TABLES[name].key[0]),
        happened=_whole_span(footer, "event_time"),
        known=_whole_span(footer, "known_time"),
        addition=place.name,
    )


def sha256_of(file: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _whole_span(footer: pq.FileMetaData, column: str) -> Span:
    if column not in footer.schema.names:
        return None
    at = footer.schema.names.index(column)
    spans = [span_of(footer, index, at) for index in range(footer.num_row_groups)]
    known = [span for span in spans if span is not None]
    return (min(s[0] for s in known), max(s[1] for s in known)) if known else None


def _shaped(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return the rows with the columns of a schema in its order; what they lack is null."""
    for field in schema:
        if field.name not in rows.column_names:
            rows = rows.append_column(field.name, pa.nulls(len(rows), field.type))
    return rows.select(schema.names).cast(schema)


def read_sql(paths: Sequence[Path]) -> str:
    """Return the SQL of the rows of these very files, with their number and place."""
    listed = ", ".join(path_of(path) for path in paths)
    return f"read_parquet([{listed}], hive_partitioning = false)"
