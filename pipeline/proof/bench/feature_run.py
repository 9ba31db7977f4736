"""One measured run of `bench features`, in a process of its own.

`python -m creditloom.pipeline.proof.bench.feature_run <what> <raw folder> <threads>`

Says as JSON how many CPU seconds the work took (imports of this module left out), how many features and rows it saw.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import duckdb
import typer

from creditloom.features.contract.tables import EVENT_TABLES, TABLES
from creditloom.features.engine.engine import build
from creditloom.features.families.registry import plan
from creditloom.features.feature_params import FeatureParams
from creditloom.pipeline.proof.bench import rivals
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.files.store import matrix_writer, table_files


def scan(raw: Path, threads: int) -> tuple[int, int]:
    """Read every column of every event table, and nothing else."""
    rows = 0
    with duckdb.connect() as connection:
        connection.execute("SET threads = $n", {"n": threads})
        for table in EVENT_TABLES:
            if files := [str(file) for file in table_files(raw, table.name)]:
                columns = ", ".join(column.name for column in table.columns)
                read = connection.read_parquet(files)
                rows += read.aggregate(f"count(*) AS n, bit_xor(hash({columns}))").fetchall()[0][0]
    return 0, rows


def contract(raw: Path, threads: int) -> tuple[int, int]:
    """The contract check of all tables."""
    with tempfile.TemporaryDirectory() as folder:
        found = check_tables(
            raw, Path(folder), Path(folder) / "clean", max_bad_share=0.05, threads=threads
        )
    return 0, sum(check.rows for check in found.checks)


def ours(raw: Path, threads: int, names: tuple[str, ...] = tuple(TABLES)) -> tuple[int, int]:
    """All features of the tables named, written as featurize writes them."""
    files = {name: tuple(map(str, table_files(raw, name))) for name in names}
    rows = 0
    with tempfile.TemporaryDirectory() as folder:
        blocks = build(files, FeatureParams(threads=threads))
        first = next(blocks)
        with matrix_writer(Path(folder) / "matrix.parquet", first.schema) as writer:
            for block in chain([first], blocks):
                writer.write(block)
                rows += len(block)
    return len(plan([name for name, found in files.items() if found]).specs), rows


def ours_on_payments(raw: Path, threads: int) -> tuple[int, int]:
    """All features of payments."""
    return ours(raw, threads, ("applications", "payments"))


def polars(raw: Path, threads: int) -> tuple[int, int]:  # noqa: ARG001  POLARS_MAX_THREADS is set outside
    """The rivals' features by Polars, written."""
    found = rivals.with_polars(*_files(raw))
    with tempfile.TemporaryDirectory() as folder:
        found.write_parquet(Path(folder) / "wide.parquet", compression="zstd", compression_level=3)
    return len(rivals.asked()), len(found)


def pandas(raw: Path, threads: int) -> tuple[int, int]:  # noqa: ARG001  pandas has one thread
    """The rivals' features by pandas, written."""
    found = rivals.with_pandas(*_files(raw))
    with tempfile.TemporaryDirectory() as folder:
        found.to_parquet(Path(folder) / "wide.parquet", compression="zstd")
    return len(rivals.asked()), len(found)


def _files(raw: Path) -> tuple[list[str], list[str]]:
    payments, applications = (
        [str(file) for file in table_files(raw, name)] for name in ("payments", "applications")
    )
    return payments, applications


WORK: dict[str, Callable[[Path, int], tuple[int, int]]] = {
    "scan": scan, "contract": contract, "ours": ours, "ours_on_payments": ours_on_payments, "polars": polars, "pandas": pandas,
}  # fmt: skip


def main() -> None:
    """Do the work named by the first argument."""
    what, raw, threads = sys.argv[1:]
    before = _cpu()
    features, rows = WORK[what](Path(raw), int(threads))
    typer.echo(json.dumps({"cpu": _cpu() - before, "features": features, "rows": rows}))


def _cpu() -> float:
    used = os.times()
    return used.user + used.system


if __name__ == "__main__":
    main()
