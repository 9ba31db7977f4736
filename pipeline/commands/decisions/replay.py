"""`creditloom replay`: decide again what a batch decided, with the versions that decided it, and compare to the bit."""

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
from rich.console import Console

from creditloom.pipeline.base import paths
from creditloom.serving.batch.deciding_model import PARAMS
from creditloom.serving.batch.input import blocks
from creditloom.serving.batch.output import BatchFolder
from creditloom.serving.batch.part import block_rows, in_order
from creditloom.serving.inputs import columns
from creditloom.serving.ledger import replay_one
from creditloom.serving.ledger.earlier import told
from creditloom.serving.ledger.replay import Kept, Replay, pieces
from creditloom.serving.ledger.replay_one import model_of
from creditloom.storage.files.store import iter_tables

DIFFERS = 6  # exit code
KEPT_ROWS = 16_384  # of the ledger, read at a time
CALLS = 1_024  # of the runtime, whose decisions are compared together
_err = Console(stderr=True, soft_wrap=True, highlight=False)


def replay(
    folder: Annotated[
        Path, typer.Argument(help="the folder of a batch, as `creditloom score` wrote it")
    ],
    decision_id: Annotated[
        str | None, typer.Option(help="one decision; without it, all of the batch")
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--input",
            help="the input, Parquet or CSV, where it no longer lies in its old place; rows in any order",
        ),
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(help="the bundle that decided, where no registry knows it")
    ] = None,
    rows: Annotated[
        int,
        typer.Option(min=1, help="rows decided at a time, or fewer of a wide model; 1: one by one"),
    ] = 16_384,
    shuffle: Annotated[
        int | None, typer.Option(help="decide the rows in a random order, with this seed")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="threads that decide")] = 2,
    as_json: Annotated[
        bool, typer.Option("--json", help="the outcome as JSON on standard output")
    ] = False,
) -> None:
    """Recompute decisions from their input with the registered versions. Exit code 0: the same to the bit; 6: not."""
    batch = BatchFolder(folder)
    asked = replay_one.asked(batch)
    deciding = model_of(asked, bundle, paths.REGISTRY)
    decide = deciding.decide(
        {name: value for name, value in asked["options"].items() if name in PARAMS}
    )
    read = columns(deciding.bundle, asked["columns"])
    if decision_id is not None:
        outcome = replay_one.one(batch, decision_id, source, read, decide)
    else:
        most = block_rows(len(read))
        work = Replay(Kept.of(_kept(batch)), read, decide, rows)
        given = blocks(source or Path(asked["input"]["path"]), replay_one.types(read), most)
        outcome = _summed(
            work.kept, in_order(work, pieces(given, min(most, CALLS * rows), shuffle), threads)
        )
    outcome["told"] = [*told(asked["versions"]["code"], deciding.code), *outcome.get("told", ())]
    _tell(outcome, as_json=as_json)
    if outcome["mismatches"]:
        raise SystemExit(DIFFERS)


def _kept(batch: BatchFolder) -> Iterator[tuple[pa.Table, pa.Table]]:
    for receipt in batch.finished():
        decisions, ledger = (batch.file(kind, receipt["part"]) for kind in ("decisions", "ledger"))
        yield from zip(
            iter_tables(decisions, rows=KEPT_ROWS),
            iter_tables(ledger, ["row_hash"], KEPT_ROWS),
            strict=True,
        )


def _summed(kept: Kept, replayed: Iterator[Any]) -> dict[str, Any]:
    """How many were decided again, and which of them differ."""
    seen = np.zeros(len(kept.ids), dtype=bool)
    other_input, other_decision = [], []
    for block in replayed:
        seen[block.found] = True
        other_input.append(block.other_input)
        other_decision.append(block.other_decision)
    wrong = {
        "other_input": np.concatenate(other_input),
        "other_decision": np.concatenate(other_decision),
    }
    return {
        "decisions": len(seen), "replayed": int(seen.sum()), "mismatches": sum(len(rows) for rows in wrong.values()),
        **{name: [str(kept.ids[row]) for row in rows[:5]] for name, rows in wrong.items()},
    }  # fmt: skip


def _tell(outcome: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(outcome, indent=1, ensure_ascii=False) + "\n")
    for line in chain(outcome["told"], _differing(outcome)):
        _err.print(line)
    _err.print(
        f"{outcome['replayed']:,} of {outcome['decisions']:,} decisions made again, {outcome['mismatches']:,} mismatches"
    )


def _differing(outcome: dict[str, Any]) -> Iterator[str]:
    for name, what in (
        ("other_input", "the input row is not the one that was decided"),
        ("other_decision", "the decision is another one"),
    ):
        if outcome.get(name):
            yield f"{what}: applications {', '.join(outcome[name])}"
