"""Stage `decide`: every application of the matrix through the bundle, in blocks of rows."""

from __future__ import annotations

import sys
from itertools import chain

import pandas as pd
import pyarrow as pa
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from creditloom.decision.decide import Decider
from creditloom.decision.frames.arrow import decisions_table
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.stage import run
from creditloom.serving.referral.overrides import referred
from creditloom.storage.files.store import Writer, iter_tables, open_parquet, read_frame

ROWS = 20_000


def main() -> dict[str, int]:
    """Write data/decisions: decisions.parquet in the order of the matrix, queue.parquet for persons; return the number of decisions."""
    decider = Decider.load(paths.MODEL)
    with open_parquet(paths.MATRIX) as matrix:
        total, there = matrix.metadata.num_rows, set(matrix.schema_arrow.names)
    columns = decider.columns(there)
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("decide", total=total)
        blocks = iter_tables(paths.MATRIX, columns, ROWS)
        first = _decided(decider, next(blocks))
        with (
            Writer(paths.DECISIONS, first.schema) as writer,
            Writer(paths.QUEUE, referred(first).schema) as queue,
        ):
            for decided in chain([first], (_decided(decider, block) for block in blocks)):
                writer.write(decided)
                queue.write(referred(decided))
                progress.advance(task, len(decided))
    _show(
        read_frame(paths.DECISIONS, ["decision", "grade", "limit_cny", "apr_irr12", "pd"]),
        decider.bundle.tiers.names,
    )
    return {"decisions": total}


def _decided(decider: Decider, block: pa.Table) -> pa.Table:
    return decisions_table(decider.decide(block.to_pandas(ignore_metadata=True)))


def _show(decisions: pd.DataFrame, grades: tuple[str, ...]) -> None:
    table = Table(
        title="decide: decisions per grade; limit and APR are means over approvals", padding=0
    )
    for name in (
        "grade",
        "rows",
        "PD %",
        "approve",
        "refer",
        "decline",
        "refuse",
        "limit",
        "APR %",
    ):
        table.add_column(name, min_width=6, justify="left" if name == "grade" else "right")
    for grade, rows in [
        *((name, decisions[decisions["grade"] == name]) for name in grades),
        ("all", decisions),
    ]:
        counts = rows["decision"].value_counts()
        approved = rows[rows["decision"] == "approve"]
        cells = [f"{counts.get(name, 0):,}" for name in ("approve", "refer", "decline", "refuse")]
        means = (
            [f"{approved['limit_cny'].mean():,.0f}", f"{100 * approved['apr_irr12'].mean():.2f}"]
            if len(approved)
            else ["-", "-"]
        )
        table.add_row(
            grade,
            f"{len(rows):,}",
            f"{100 * rows['pd'].mean():.3f}" if len(rows) else "-",
            *cells,
            *means,
        )
    Console().print(table)


if __name__ == "__main__":
    run("decide", main)
