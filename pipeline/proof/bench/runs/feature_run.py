"""Does one measured run for table `features` of `creditloom bench`, in a process of its own.

`python -m creditloom.pipeline.proof.bench.runs.feature_run <what> <raw folder> <threads>`

It prints JSON: the CPU seconds of the work without imports, and the numbers of features and rows.
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
from creditloom.features.declare.registry import plan
from creditloom.features.engine.engine import build
from creditloom.features.feature_params import FeatureParams
from creditloom.pipeline.proof.bench import rivals
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.files.store import matrix_writer
from creditloom.storage.folders.raw_folder import table_files

MAX_BAD_SHARE = 0.05  # as params.yaml has it


def scan(raw: Path, threads: int) -> tuple[int, int]:
    """Read every column of every event table, and nothing else; return (0, rows)."""
    rows = 0
    with duckdb.connect() as connection:
        connection.execute("SET threads = $n", {"n": threads})
        for table in EVENT_TABLES:
            files = [str(file) for file in table_files(raw, table.name)]
            if not files:
                continue
            columns = ", ".join(column.name for column in table.columns)
            # The hash makes DuckDB read every column. DuckDB would skip a column that is not
            # needed.
            counted = connection.read_parquet(files).aggregate(
                f"count(*) AS n, bit_xor(hash({columns}))"
            )
            rows += counted.fetchall()[0][0]
    return 0, rows


def contract(raw: Path, threads: int) -> tuple[int, int]:
    """Check the contract of all tables; return (0, rows)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checked = check_tables(
            raw, folder, folder / "clean", max_bad_share=MAX_BAD_SHARE, threads=threads
        )
    return 0, sum(check.rows for check in checked.checks)


def ours(raw: Path, threads: int, names: tuple[str, ...] = tuple(TABLES)) -> tuple[int, int]:
    """Build all features of the tables named and write them as featurize does.

    Returns the numbers of features and applications.
    """
    files = {name: tuple(map(str, table_files(raw, name))) for name in names}
    rows = 0
    with tempfile.TemporaryDirectory() as folder:
        blocks = build(files, FeatureParams(threads=threads))
        first = next(blocks)
        with matrix_writer(Path(folder) / "matrix.parquet", first.schema) as writer:
            for block in chain([first], blocks):
                writer.write(block)
                rows += len(block)
    present = [name for name, parts in files.items() if parts]
    return len(plan(present).specs), rows


def ours_on_payments(raw: Path, threads: int) -> tuple[int, int]:
    """Build all features of payments."""
    return ours(raw, threads, ("applications", "payments"))


def polars(raw: Path, threads: int) -> tuple[int, int]:  # noqa: ARG001
    """Build the rivals' features by Polars and write them."""
    # Polars takes its threads from POLARS_MAX_THREADS, which the parent process has set.
    wide = rivals.with_polars(*_files(raw))
    with tempfile.TemporaryDirectory() as folder:
        # Use the same compression as our own files.
        wide.write_parquet(Path(folder) / "wide.parquet", compression="zstd", compression_level=3)
    return len(rivals.compared_features()), len(wide)


def pandas(raw: Path, threads: int) -> tuple[int, int]:  # noqa: ARG001
    """Build the rivals' features by pandas, which has one thread, and write them."""
    wide = rivals.with_pandas(*_files(raw))
    with tempfile.TemporaryDirectory() as folder:
        wide.to_parquet(Path(folder) / "wide.parquet", compression="zstd")
    return len(rivals.compared_features()), len(wide)


def _files(raw: Path) -> tuple[list[str], list[str]]:
    payments = [str(file) for file in table_files(raw, "payments")]
    applications = [str(file) for file in table_files(raw, "applications")]
    return payments, applications


WORK: dict[str, Callable[[Path, int], tuple[int, int]]] = {
    "scan": scan,
    "contract": contract,
    "ours": ours,
    "ours_on_payments": ours_on_payments,
    "polars": polars,
    "pandas": pandas,
}


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
