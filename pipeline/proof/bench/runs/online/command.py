"""`creditloom bench online`: measures decisions for one person at a time."""

from __future__ import annotations

import datetime as dt
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.commands.own_outputs import require_figures
from creditloom.pipeline.proof.bench.row import BenchRow, compare, machine, show
from creditloom.storage.files.store import write_json

if TYPE_CHECKING:
    from creditloom.pipeline.proof.bench.runs.online.measures import OnlineBench

_err = Console(stderr=True, soft_wrap=True, highlight=False)
# Largest CPU of a person over that of a batch of one, and the one aimed at.
CPU_BAR = 0.10
CPU_AIM = 0.04
# Largest p99 over p50 of one person, and while rows are appended over p99 alone.
SPREAD_BAR = 1.6
BESIDE_BAR = 1.5
# Seconds of an append over those of a plain sorted Parquet write: events a second >= .2, aim .5.
APPEND_BAR = 5.0
APPEND_AIM = 2.0
# Memory at the end over that after the first answers, before the clients begin.
MEMORY_BAR = 1.10
# People who are decided by theirs in turns, and with no page of the store in memory.
IN_TURNS = 200
COLD = 50
CLIENTS = 32
# Calls whose seconds are taken at most; beside all others people are decided.
TIMED_CALLS = 20
MILLIS = 1e3
# The seed of the people that are asked for.
SEED = 22

EventsOption = Annotated[Path, typer.Option(help="the raw tables")]
BundleOption = Annotated[Path, typer.Option(help="the bundle that decides")]
AsOfOption = Annotated[dt.datetime, typer.Option(help="the moment of the decisions (UTC)")]
PeopleOption = Annotated[int, typer.Option(min=5, help="how many people are asked for")]
CallsOption = Annotated[int, typer.Option(min=2, help="calls of 10,000 rows that are appended")]
SecondsOption = Annotated[float, typer.Option(min=0.1, help="seconds that 32 clients ask")]
ComparedOption = Annotated[
    int, typer.Option(min=0, help="people who are compared with a batch; 0 compares nobody")
]
EarlierOption = Annotated[
    Path | None, typer.Option(help="checkout of an earlier commit: its engine is theirs")
]
OutputOption = Annotated[Path, typer.Option(help="where the rows are written")]


def online(
    as_of: AsOfOption,
    events: EventsOption = paths.RAW,
    bundle: BundleOption = paths.MODEL,
    people: PeopleOption = 2_000,
    calls: CallsOption = 240,
    seconds: SecondsOption = 60.0,
    compared: ComparedOption = 2_000,
    earlier: EarlierOption = None,
    output: OutputOption = Path("data/reports/bench_online.json"),
) -> None:
    """Measure one person's raw rows to a decision, appends, and 32 clients; ratios in turns.

    The journal is on. Theirs is the engine of a batch, asked for the features of the same one
    person: that of the checkout `--earlier`, or else our own, without a bar. Bars of one person are
    those of CPU, as a clock counts whatever else the machine does; clocks stand beside them.
    """
    # Imported here, so that help and wrong options are told at once.
    from creditloom.pipeline.proof.bench.runs.online.measures import OnlineBench

    require_figures(output, "machine", "rows")
    with tempfile.TemporaryDirectory(prefix="creditloom-bench-") as scratch:
        _err.print("bench online: a store of these raw tables ...")
        bench = OnlineBench(events, bundle, as_of, Path(scratch))
        chosen = np.random.default_rng(SEED).choice(bench.people, people)
        rows = _of_equality(bench, compared)
        rows += [*_beside_theirs(bench, chosen[:IN_TURNS], earlier), *_of_one(bench, chosen)]
        rows += _of_clients(bench, chosen[: max(5, people // 10)], seconds)
        rows += _of_appends(bench, chosen, calls)
    write_json({"machine": machine(), "rows": [asdict(row) for row in rows]}, output)
    show(rows)
    _err.print(f"{output}: {len(rows)} rows")


def _of_equality(bench: OnlineBench, compared: int) -> list[BenchRow]:
    """Return how many values differ from a batch, of features in both plans and of answers."""
    if not compared:
        return []
    _err.print("bench online: the same people by a batch ...")
    found = bench.compared(compared)
    what = f"{found.people:,} people, online against batch"
    parts = {
        f"{what}: {found.n_features:,} features, full plan": found.features,
        f"{what}: features, plan cut to the model": found.cut,
        f"{what}: PD, decision, id, reasons": found.answers,
    }
    commands = ("Online", "engine of all raw tables, score")
    return [
        compare("online", name, commands, "differ", [(float(differing.total()), 1.0)], 0.0)
        for name, differing in parts.items()
    ]


def _beside_theirs(bench: OnlineBench, chosen: np.ndarray, earlier: Path | None) -> list[BenchRow]:
    """Return CPU beside the engine of a batch."""
    from creditloom.pipeline.proof.bench.runs.online.theirs import batch_of_one

    _err.print("bench online: one person, beside the engine of a batch ...")
    with batch_of_one(bench.events, bench.as_of, bench.scratch, earlier) as (theirs, commit):
        rounds = list(bench.one_person(chosen, theirs))
    pairs = [(ours * MILLIS, others * MILLIS) for ours, others in rounds]
    commands = ("Online.decide, journal on", f"engine of {commit}, features of one person's rows")
    what = "one person, raw events to decision, CPU"
    bars = (CPU_BAR, CPU_AIM) if earlier is not None else (None, None)
    return [compare("online", what, commands, "ms", pairs, *bars)]


def _of_one(bench: OnlineBench, chosen: np.ndarray) -> list[BenchRow]:
    """Return p99 beside p50, of CPU and by the clock, warm and cold."""
    warm = bench.each(chosen) * MILLIS
    cold = bench.cold(chosen[:COLD]) * MILLIS
    rows = []
    for kind, unit in enumerate(("CPU", "clock")):
        p50, p99 = (float(np.quantile(warm[:, kind], q)) for q in (0.5, 0.99))
        told = f"one person, p99 over p50, {len(chosen):,} people, {unit}"
        bar = SPREAD_BAR if unit == "CPU" else None
        rows.append(compare("online", told, ("Online.decide", "p50"), "ms", [(p99, p50)], bar))
        for quantile in (0.5, 0.99):
            pair = tuple(float(np.quantile(one[:, kind], quantile)) for one in (cold, warm))
            told = f"no page of the store in memory, p{quantile * 100:.0f}, {unit}"
            sides = (f"Online.decide, {len(cold)} people", "the same warm")
            rows.append(compare("online", told, sides, "ms", [(pair[0], pair[1])]))
    return rows


def _of_appends(bench: OnlineBench, chosen: np.ndarray, calls: int) -> list[BenchRow]:
    """Return the rate of appends beside Parquet, and decisions while rows are appended."""
    given = list(bench.calls(calls))
    n_timed = min(len(given) // 2, TIMED_CALLS)
    # Once more, as pages were dropped for the cold ones; and before rows are appended, as runs are
    # merged behind for some seconds after.
    bench.each(chosen)
    alone = _p99(bench.each(chosen))
    pairs = [bench.append_seconds(rows) for rows in given[:n_timed]]
    commands = ("Online.append, durable", "pyarrow: sort and write Parquet")
    times = bench.beside_appends(chosen, given[n_timed:])
    beside = _p99(times)
    what = "decide while another thread appends, p99, clock"
    appended = "10,000 events appended"
    sides = (f"Online.decide, {len(times):,} decisions", "the same alone")
    return [
        compare("online", appended, commands, "s", pairs, APPEND_BAR, APPEND_AIM),
        compare("online", what, sides, "ms", [(beside, alone)], BESIDE_BAR),
    ]


def _p99(times: np.ndarray) -> float:
    """Return p99 by the clock in milliseconds, of rows of seconds of CPU and by the clock."""
    return float(np.quantile(times[:, 1], 0.99)) * MILLIS


def _of_clients(bench: OnlineBench, chosen: np.ndarray, seconds: float) -> list[BenchRow]:
    """Return the answers of 32 clients that differ, and what their memory grows by."""
    answers, wrong, growth = bench.clients(chosen, CLIENTS, seconds)
    commands = (f"{CLIENTS} threads, {seconds:g} s, {answers:,} answers", "the first answers")
    return [
        compare("online", "answers that differ", commands, "count", [(float(wrong), 1.0)], 0.0),
        compare("online", "memory of 32 clients", commands, "ratio", [(growth, 1.0)], MEMORY_BAR),
    ]
