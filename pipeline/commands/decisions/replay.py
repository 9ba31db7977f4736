"""`creditloom replay`: decides again what a batch decided, and compares to the bit.

The decisions are made with the code, bundle and options of the batch.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import typer

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.serving.batch.deciding_model import PARAMS
from creditloom.serving.batch.input import blocks
from creditloom.serving.batch.output import BatchFolder
from creditloom.serving.batch.part import block_rows, in_order
from creditloom.serving.inputs import columns
from creditloom.serving.ledger import replay_one
from creditloom.serving.ledger.earlier import told
from creditloom.serving.ledger.replay import Kept, Replay, Replayed, pieces
from creditloom.serving.ledger.replay_one import model_of
from creditloom.storage.files.store import iter_tables

DIFFERS = 6  # exit code
KEPT_ROWS = 16_384  # rows of decisions and ledger that are read at a time
CALLS = 1_024  # calls of the runtime whose decisions are compared together
MAX_NAMED = 5  # differing decisions that are named; more are only counted
_err = Console(stderr=True, soft_wrap=True, highlight=False)

# The options of the command, each with its help.
FolderArgument = Annotated[
    Path, typer.Argument(help="the folder of a batch, as `creditloom score` wrote it")
]
DecisionOption = Annotated[
    str | None, typer.Option(help="one decision; without it, all of the batch")
]
InputOption = Annotated[
    Path | None,
    typer.Option(
        "--input",
        help="the input, Parquet or CSV, where it no longer lies in its old place; "
        "rows in any order",
    ),
]
BundleOption = Annotated[
    Path | None, typer.Option(help="the bundle that decided, where no registry knows it")
]
RowsOption = Annotated[
    int,
    typer.Option(min=1, help="rows decided at a time, or fewer of a wide model; 1: one by one"),
]
# A random order tests that a decision does not depend on the other rows.
ShuffleOption = Annotated[
    int | None, typer.Option(help="decide the rows in a random order, with this seed")
]
ThreadsOption = Annotated[int, typer.Option(min=1, help="threads that decide")]
JsonOption = Annotated[bool, typer.Option("--json", help="the outcome as JSON on standard output")]


def replay(
    folder: FolderArgument,
    decision_id: DecisionOption = None,
    source: InputOption = None,
    bundle: BundleOption = None,
    rows: RowsOption = 16_384,
    shuffle: ShuffleOption = None,
    threads: ThreadsOption = 2,
    as_json: JsonOption = False,
) -> None:
    """Recompute decisions from their input with the registered versions.

    Exit code 0: the same to the bit; 6: not.
    """
    batch = BatchFolder(folder)
    # The manifest of the batch holds its input, options and versions.
    request = replay_one.asked(batch)
    deciding = model_of(request, bundle, paths.REGISTRY)
    options = {name: value for name, value in request["options"].items() if name in PARAMS}
    decide = deciding.decide(options)
    read = columns(deciding.bundle, request["columns"])
    if decision_id is not None:
        outcome = replay_one.one(batch, decision_id, source, read, decide)
    else:
        work = Replay(Kept.of(_decided(batch)), read, decide, rows)
        given = blocks(
            source or Path(request["input"]["path"]),
            replay_one.types(read),
            block_rows(len(read)),
        )
        # Compare blocks and not single calls. Otherwise rows that are decided one by one would also
        # be hashed one by one.
        compared = min(block_rows(len(read)), CALLS * rows)
        outcome = _summed(work.kept, in_order(work, pieces(given, compared, shuffle), threads))
    # Report where the code differs from that of the batch, whether the decisions are equal or not.
    changes = told(request["versions"]["code"], deciding.code)
    outcome["told"] = [*changes, *outcome.get("told", ())]
    _report(outcome, as_json=as_json)
    if outcome["mismatches"]:
        raise SystemExit(DIFFERS)


def _decided(batch: BatchFolder) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yield blocks of (decisions, row hashes of the ledger), part by part."""
    for receipt in batch.finished():
        decisions = batch.file("decisions", receipt["part"])
        ledger = batch.file("ledger", receipt["part"])
        yield from zip(
            iter_tables(decisions, rows=KEPT_ROWS),
            iter_tables(ledger, ["row_hash"], KEPT_ROWS),
            strict=True,
        )


def _summed(kept: Kept, replayed: Iterator[Replayed]) -> dict[str, Any]:
    """Return how many were decided again, and which of them differ."""
    is_replayed = np.zeros(len(kept.ids), dtype=bool)
    other_input = []
    other_decision = []
    for block in replayed:
        # `found` leaves out rows that the batch had set aside: they have no decision.
        is_replayed[block.found] = True
        other_input.append(block.other_input)
        other_decision.append(block.other_decision)
    wrong = {
        "other_input": np.concatenate(other_input),
        "other_decision": np.concatenate(other_decision),
    }
    counts = {
        "decisions": len(is_replayed),
        "replayed": int(is_replayed.sum()),
        "mismatches": sum(len(rows) for rows in wrong.values()),
    }
    named = {name: [str(kept.ids[row]) for row in rows[:MAX_NAMED]] for name, rows in wrong.items()}
    return {**counts, **named}


def _report(outcome: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(outcome, indent=1, ensure_ascii=False) + "\n")
    for line in chain(outcome["told"], _differing(outcome)):
        _err.print(line)
    _err.print(
        f"{outcome['replayed']:,} of {outcome['decisions']:,} decisions made again, "
        f"{outcome['mismatches']:,} mismatches"
    )


def _differing(outcome: dict[str, Any]) -> Iterator[str]:
    for name, what in (
        ("other_input", "the input row is not the one that was decided"),
        ("other_decision", "the decision is another one"),
    ):
        if outcome.get(name):
            yield f"{what}: applications {', '.join(outcome[name])}"
