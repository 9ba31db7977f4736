"""Stage `decide`: decides every application of the matrix with the bundle, in blocks of rows."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import chain

import pandas as pd
import pyarrow as pa
from rich.progress import Progress
from rich.table import Table

from creditloom.decision.decide import Decider
from creditloom.decision.frames.arrow import decisions_table
from creditloom.decision.score.drift import RollingCounts
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.stage import run
from creditloom.serving.referral.queue.cases import referred_cases
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import Writer, iter_tables, open_parquet, read_frame, write_json

# Rows decided at a time, so that memory does not grow with the matrix.
ROWS = 20_000
OUTCOMES = ("approve", "refer", "decline", "refuse")


def main() -> dict[str, int]:
    """Write data/decisions: decisions.parquet in matrix order, queue.parquet for a person.

    And beyond_training.json: what training never saw, counted per column. Returns the number of
    decisions. A batch would be stopped above a stop level; here that is told. Raises DataError for
    rows that the rule book refuses as beyond training: the stages decide every application.
    """
    with open_parquet(paths.MATRIX) as matrix:
        total = matrix.metadata.num_rows
        # The window counts every row of the run, and forgets none.
        decider = replace(Decider.load(paths.MODEL), window=RollingCounts(total))
        columns = decider.columns(set(matrix.schema_arrow.names))
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("decide", total=total)
        blocks = iter_tables(paths.MATRIX, columns, ROWS)
        # The first block gives the schema of both files.
        first = _decided(decider, next(blocks))
        with (
            Writer(paths.DECISIONS, first.schema) as writer,
            Writer(paths.QUEUE, referred_cases(first).schema) as queue,
        ):
            for decided in chain([first], (_decided(decider, block) for block in blocks)):
                writer.write(decided)
                queue.write(referred_cases(decided))
                progress.advance(task, len(decided))
    counts, drift = decider.population()
    # A rule book that says nothing of such rows counts none, as in a batch.
    if decider.bundle.policy.beyond_training is not None:
        write_json(counts.as_plain(), paths.BEYOND)
        lines = [f"{name.strip()}: {count}" for name, count in counts.told()]
        above = [f"{one.where}: {one.got}, {one.expected}" for one in drift.breaches()]
        sys.stderr.writelines(f"creditloom decide: {line}\n" for line in (*lines, *above))
    shown = ["decision", "grade", "limit_cny", "apr_irr12", "pd"]
    _show(read_frame(paths.DECISIONS, shown), decider.bundle.tiers.names)
    return {"decisions": total}


def _decided(decider: Decider, block: pa.Table) -> pa.Table:
    _require_decidable(decider, block)
    return decisions_table(decider.decide(block.to_pandas(ignore_metadata=True)))


def _require_decidable(decider: Decider, block: pa.Table) -> None:
    reader = decider.bundle.reader
    if not reader.is_beyond_refused:
        return
    for fault in reader.beyond_faults(reader.block(block)):
        raise DataError.of(
            "Rows beyond training are to be refused, and the stages decide every application",
            where="policy.beyond_training.treatment in params.yaml",
            expected="refer or typical",
            got=f"refuse, and {len(fault.rows):,} rows of a block with such a `{fault.column}`",
            next_step="set refer; `creditloom score` sets such rows aside by a bundle that refuses",
        )


def _show(decisions: pd.DataFrame, grades: tuple[str, ...]) -> None:
    title = "decide: decisions per grade; limit and APR are means over approvals"
    table = Table(title=title, padding=0)
    for name in ("grade", "rows", "PD %", *OUTCOMES, "limit", "APR %"):
        table.add_column(name, min_width=6, justify="left" if name == "grade" else "right")
    for grade in grades:
        table.add_row(grade, *_cells(decisions[decisions["grade"] == grade]))
    table.add_row("all", *_cells(decisions))
    Console().print(table)


def _cells(rows: pd.DataFrame) -> list[str]:
    """Return number, mean PD, number per outcome, mean limit and mean APR of some decisions."""
    counts = rows["decision"].value_counts()
    approved = rows[rows["decision"] == "approve"]
    cells = [f"{len(rows):,}", f"{100 * rows['pd'].mean():.3f}" if len(rows) else "-"]
    cells += [f"{counts.get(name, 0):,}" for name in OUTCOMES]
    if len(approved):
        apr = 100 * approved["apr_irr12"].mean()
        return [*cells, f"{approved['limit_cny'].mean():,.0f}", f"{apr:.2f}"]
    return [*cells, "-", "-"]


if __name__ == "__main__":
    run("decide", main)
