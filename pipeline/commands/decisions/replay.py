"""`creditloom replay`: decides again what a batch decided, and compares to the bit.

The decisions are made with the code, bundle and options of the batch.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import typer

from creditloom.features.engine.cluster.tasks import in_order
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.serving.batch.deciding_model import PARAMS
from creditloom.serving.batch.input import blocks
from creditloom.serving.batch.output import BatchFolder
from creditloom.serving.batch.part import Decide, block_rows
from creditloom.serving.batch.row_faults import RowFaultInputs
from creditloom.serving.inputs import InputColumn, columns
from creditloom.serving.ledger import replay_one
from creditloom.serving.ledger.earlier import told
from creditloom.serving.ledger.hashing import id_column
from creditloom.serving.ledger.recorded import KEPT_ROWS, Aside, Recorded, repeated_ids
from creditloom.serving.ledger.replay import Kept, Replay, Replayed, pieces
from creditloom.serving.ledger.replay_one import model_of
from creditloom.serving.own.text_columns import TextColumns

DIFFERS = 6  # exit code
CALLS = 1_024  # calls of the runtime whose decisions are compared together
NOBODY = np.zeros(0, np.int64)
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
LogOption = Annotated[
    Path | None,
    typer.Option(help="the folder of the log, which names who was erased; default: beside it"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="the outcome as JSON on standard output")]


def replay(
    folder: FolderArgument,
    decision_id: DecisionOption = None,
    source: InputOption = None,
    bundle: BundleOption = None,
    rows: RowsOption = 16_384,
    shuffle: ShuffleOption = None,
    threads: ThreadsOption = 2,
    log: LogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Recompute decisions from their input with the registered versions.

    Exit code 0: all decided again to the bit, all others set aside again; 6: not.
    """
    batch = BatchFolder(folder)
    # The manifest of the batch holds its input, options and versions.
    request = replay_one.asked(batch)
    deciding = model_of(request, bundle, paths.REGISTRY)
    options = {name: value for name, value in request["options"].items() if name in PARAMS}
    decide = deciding.decide(options)
    read = columns(deciding.bundle, request["columns"])
    if decision_id is not None:
        outcome = replay_one.one(batch, decision_id, source, read, decide, deciding.bundle)
    else:
        recorded = Recorded.of(batch, log)
        place = source or Path(request["input"]["path"])
        texts = replay_one.texts_of(place, read, deciding.bundle, recorded.id_type)
        again = Again(request, read, decide, rows, shuffle, threads, texts)
        outcome = again.all(recorded, place)
    # Report where the code differs from that of the batch, whether the decisions are equal or not.
    changes = told(request["versions"]["code"], deciding.code)
    outcome["told"] = [*changes, *outcome.get("told", ())]
    _report(outcome, as_json=as_json)
    if outcome["mismatches"] or outcome["missing"]:
        raise SystemExit(DIFFERS)


@dataclass(frozen=True)
class Again:
    """How all decisions of a batch are made again: the options of the command, and the model.

    `texts` reads the texts of a CSV; None where the input has types.
    """

    request: Mapping[str, Any]
    read: tuple[InputColumn, ...]
    decide: Decide
    rows: int
    shuffle: int | None
    threads: int
    texts: TextColumns | None = None

    def all(self, recorded: Recorded, place: Path) -> dict[str, Any]:
        """Decide and judge again all rows of the input at `place`; return what came out."""
        names = [column.read_from for column in self.read]
        kept = Kept.of(recorded.decisions())
        aside = recorded.aside()
        rules = None if aside is None else self._rules(place, recorded.id_type)
        work = Replay(kept, self.read, self.decide, self.rows, rules, self.texts)
        size = block_rows(len(self.read))
        # Compare blocks and not single calls. Otherwise rows that are decided one by one would also
        # be hashed one by one.
        compared = min(size, CALLS * self.rows)
        given = pieces(blocks(place, names, size), compared, self.shuffle)
        return _summed(recorded, kept, aside, in_order(work, given, self.threads))

    def _rules(self, place: Path, id_type: pa.DataType) -> RowFaultInputs:
        """Return the rules by which the batch set rows aside."""
        today = dt.date.fromisoformat(self.request["options"]["today"])
        repeated = repeated_ids(self._ids(place), id_type)
        return RowFaultInputs(self.read, repeated, today, self.texts)

    def _ids(self, place: Path) -> Iterator[pa.Array]:
        """Yield the ids of the input at `place`, a block at a time."""
        for block in blocks(place, [self.read[0].read_from], KEPT_ROWS):
            # Texts of a CSV are compared as they are written, as the batch did.
            is_text = self.texts is not None
            yield block.column(0).combine_chunks() if is_text else id_column(block, self.read)


def _summed(
    recorded: Recorded, kept: Kept, aside: Counter[Aside] | None, replayed: Iterator[Replayed]
) -> dict[str, Any]:
    """Return how many were decided and judged again, and which of them differ or are missing."""
    is_replayed = np.zeros(len(kept.ids), dtype=bool)
    other_input = [NOBODY]
    other_decision = [NOBODY]
    judged: Counter[Aside] = Counter()
    for block in replayed:
        # `found` leaves out rows that the batch had set aside: they have no decision.
        is_replayed[block.found] = True
        other_input.append(block.other_input)
        other_decision.append(block.other_decision)
        judged += block.aside
    wrong = {
        "other_input": np.concatenate(other_input),
        "other_decision": np.concatenate(other_decision),
    }
    named = {name: [str(kept.ids[row]) for row in rows[:MAX_NAMED]] for name, rows in wrong.items()}
    # What was set aside and is not again, for the same reason. Other rows of the input may be of
    # another batch, and say nothing.
    differing: Counter[Aside] = Counter() if aside is None else aside - judged
    named["other_judgement"] = [f"{row[0]} ({row[1]})" for row in [*differing][:MAX_NAMED]]
    replayed_rows = int(is_replayed.sum())
    counts = {
        "decisions": recorded.expected,
        "replayed": replayed_rows,
        "mismatches": sum(len(rows) for rows in wrong.values()) + differing.total(),
        "erased": recorded.erased,
        "set_aside": 0 if aside is None else aside.total(),
    }
    # A batch that holds more than was sealed is as wrong as one that holds less.
    counts["missing"] = abs(recorded.expected - replayed_rows) + len(recorded.damaged)
    return {**counts, "told": recorded.damaged, **named}


def _report(outcome: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(outcome, indent=1, ensure_ascii=False) + "\n")
    for line in chain(outcome["told"], _differing(outcome)):
        _err.print(line)
    erased = f", {outcome['erased']:,} erased" if outcome.get("erased") else ""
    aside = f", {outcome['set_aside']:,} set aside judged" if outcome.get("set_aside") else ""
    _err.print(
        f"{outcome['replayed']:,} of {outcome['decisions']:,} decisions made again{aside}, "
        f"{outcome['mismatches']:,} mismatches{erased}"
    )


def _differing(outcome: dict[str, Any]) -> Iterator[str]:
    for name, what in (
        ("other_input", "the input row is not the one that was decided"),
        ("other_decision", "the decision is another one"),
        ("other_judgement", "it is not set aside again for the reason that was noted"),
    ):
        if outcome.get(name):
            yield f"{what}: applications {', '.join(outcome[name])}"
