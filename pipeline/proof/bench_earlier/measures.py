"""What is measured of two checkouts, in turns: stages, the batch job, one decision.

Each function returns rows of (present, earlier) whose ratio is present over earlier. CPU seconds
are summed over all processes, so that other work on the machine changes them little.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from creditloom.decision.decide import Decider
from creditloom.pipeline.base import paths
from creditloom.pipeline.proof.bench.job import repeat_rows
from creditloom.pipeline.proof.bench.row import BenchRow, compare
from creditloom.pipeline.proof.bench_earlier.checkout import (
    COMMAND_LINE,
    FIRST_DECISION,
    Checkout,
)
from creditloom.storage.files.store import iter_tables, open_parquet, write_table

# Stages whose CPU is compared, in order; the first ones are needed for the bundle.
STAGES = ("simulate", "featurize", "select", "train", "calibrate", "bundle", "decide", "evaluate")
TO_BUNDLE = STAGES[: STAGES.index("bundle") + 1]
DECISIONS = 200  # applications decided one by one
SOURCE_ROWS = 20_000  # different rows of the batch; they are repeated
MEDIAN = 0.5
Say = Callable[[str], None]


@dataclass(frozen=True)
class Duel:
    """The two checkouts, where their runs lie, and how many rounds are measured.

    `changes` are parameters by dotted path, for both. A round is once each, by turns first.
    """

    present: Checkout
    earlier: Checkout
    scratch: Path
    changes: Mapping[str, Any]
    rounds: int
    say: Say

    def folder(self, side: Checkout) -> Path:
        """Return where the run of a side lies."""
        return self.scratch / ("present" if side is self.present else "earlier")

    def turns(self) -> Iterator[tuple[Checkout, Checkout]]:
        """Yield both sides for each round; who is first changes, as a machine warms up."""
        for turn in range(self.rounds):
            both = (self.present, self.earlier)
            yield both if turn % 2 == 0 else both[::-1]

    def commands(self, text: str) -> tuple[str, str]:
        """Return how the two sides are named in a row."""
        return f"{text} at {self.present.commit}", f"{text} at {self.earlier.commit}"


def stage_rows(duel: Duel, names: Sequence[str] = STAGES) -> list[BenchRow]:
    """Return CPU seconds of each stage, and of `simulate` those of a million raw rows."""
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    events: list[dict[str, float]] = []
    for sides in duel.turns():
        cpu: dict[str, dict[str, float]] = {name: {} for name in names}
        counts = {}
        for side in sides:
            who = duel.folder(side).name
            side.prepare(duel.folder(side), duel.changes)
            for name in names:
                used = side.run(side.stage_module(name), folder=duel.folder(side))
                cpu[name][who] = used.cpu
                duel.say(f"{who} {side.commit}, stage {name}: {used.cpu:.1f} CPU s")
            counts[who] = _raw_rows(duel.folder(side)) / 1e6
        for name in names:
            rounds[name].append(cpu[name])
        if "simulate" in names:
            events.append({who: cpu["simulate"][who] / counts[who] for who in counts})
    rows = [_row("stages", duel, name, "CPU s", rounds[name]) for name in names]
    total = [_sum(turn) for turn in zip(*rounds.values(), strict=True)]
    rows.append(_row("stages", duel, f"all {len(names)} stages", "CPU s", total))
    if events:
        rows.append(_row("stages", duel, "simulate, a million raw rows", "CPU s", events))
    return rows


def batch_rows(duel: Duel, rows: int) -> list[BenchRow]:
    """Return CPU seconds of `creditloom score` on `rows` rows with reasons for the adverse.

    First with the earlier bundle for both, so that only the code differs; then each with its own.
    """
    _require_bundles(duel)
    cases = {
        "one bundle": dict.fromkeys((duel.present, duel.earlier), duel.earlier),
        "own bundles": {side: side for side in (duel.present, duel.earlier)},
    }
    found = []
    for case, owner_of in cases.items():
        files = {owner: _rows_of(duel, owner, rows) for owner in set(owner_of.values())}
        rounds = []
        for sides in duel.turns():
            turn = {}
            for side in sides:
                owner = owner_of[side]
                used = _score(duel, side, duel.folder(owner) / paths.MODEL, files[owner])
                turn[duel.folder(side).name] = used
                duel.say(f"{duel.folder(side).name} {side.commit}, {case}: {used:.1f} CPU s")
            rounds.append(turn)
        found.append(_row("batch", duel, f"{rows:,} rows, {case}", "CPU s", rounds))
    return found


def decision_rows(duel: Duel) -> list[BenchRow]:
    """Return milliseconds of one application with reasons, each with its own bundle."""
    _require_bundles(duel)
    files = {side: _rows_of(duel, side, DECISIONS) for side in (duel.present, duel.earlier)}
    rounds = []
    for sides in duel.turns():
        turn = {}
        for side in sides:
            module = side.module(FIRST_DECISION)
            bundle = str(duel.folder(side) / paths.MODEL)
            # The third argument, the moment of the start, is for the first decision alone.
            used = side.run(module, bundle, str(files[side]), "0.0", folder=duel.folder(side))
            warm = json.loads(used.said.strip().splitlines()[-1])["warm"]
            turn[duel.folder(side).name] = 1e3 * float(np.quantile(warm, MEDIAN))
        rounds.append(turn)
    return [_row("decision", duel, "one application with reasons, p50", "ms", rounds)]


def _require_bundles(duel: Duel) -> None:
    """Run the stages up to the bundle where a side has none."""
    for side in (duel.present, duel.earlier):
        folder = duel.folder(side)
        if not (folder / paths.MODEL / "model.txt").is_file():
            side.prepare(folder, duel.changes)
            for name in TO_BUNDLE:
                duel.say(f"{folder.name} {side.commit}, stage {name}, for its bundle")
                side.run(side.stage_module(name), folder=folder)


def _rows_of(duel: Duel, owner: Checkout, rows: int) -> Path:
    """Return a file with applications of the owner's run, repeated under new ids."""
    folder = duel.folder(owner)
    file = duel.scratch / f"{folder.name}-{rows}.parquet"
    with open_parquet(folder / paths.MATRIX) as matrix:
        names = matrix.schema_arrow.names
    # The present runtime reads bundles of all times.
    columns = Decider.load(folder / paths.MODEL).columns(names)
    source = next(iter_tables(folder / paths.MATRIX, columns, min(rows, SOURCE_ROWS)))
    if rows <= SOURCE_ROWS:
        write_table(source, file)
    else:
        repeat_rows(source, file, rows)
    return file


def _score(duel: Duel, side: Checkout, bundle: Path, rows: Path) -> float:
    """Return the CPU seconds of one batch."""
    out = duel.scratch / f"decisions-{duel.folder(side).name}"
    # Remove an earlier output: a finished batch would be resumed and take no time.
    shutil.rmtree(out, ignore_errors=True)
    options = ("--input", str(rows), "--output", str(out), "--bundle", str(bundle), "--json")
    return side.run(side.module(COMMAND_LINE), "score", *options, folder=duel.folder(side)).cpu


def _raw_rows(folder: Path) -> int:
    """Return the number of rows of all raw tables of a run."""
    files = sorted((folder / paths.RAW).rglob("*.parquet"))
    return sum(pq.read_metadata(file).num_rows for file in files)


def _sum(turn: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {who: sum(one[who] for one in turn) for who in ("present", "earlier")}


def _row(
    table: str, duel: Duel, what: str, unit: str, rounds: Sequence[Mapping[str, float]]
) -> BenchRow:
    pairs = [(turn["present"], turn["earlier"]) for turn in rounds]
    return compare(table, what, duel.commands(what), unit, pairs)
