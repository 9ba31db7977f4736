"""Write the whole world: every raw table in parts, one per chunk of applicants, and the truth apart.

Workers share one state and emit different chunks, each with its own random numbers, so the bytes do not depend on how many there are.
"""

from __future__ import annotations

import multiprocessing
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import pyarrow as pa
from rich.progress import Progress

from data import store
from data.world import assets, bureau, device_stability, identity, payment_flow, social_graph, truth
from data.world.events import Chunk
from data.world.lending import applications, loans
from data.world.nature import Nature
from data.world.params import Calendar, WorldError, WorldParams
from data.world.shares import Coefficients
from data.world.short import short_loans
from data.world.world import Setting, World, build, solve_coefficients

EMITTERS = {
    "payment_flow": payment_flow.emit,
    "social_graph": social_graph.emit,
    "assets": assets.emit,
    "device_stability": device_stability.emit,
    "bureau": bureau.emit,
    "identity": identity.emit,
}
_STATE: dict[str, World] = {}  # one world per worker process


def simulate(
    world: WorldParams,
    nature: Nature,
    calendar: Calendar,
    raw_dir: Path,
    truth_dir: Path,
    *,
    seed: int,
    progress: bool = False,
) -> dict[str, int]:
    """Write raw tables to `raw_dir` and truth to `truth_dir`, both replaced; return rows per table.

    Raises WorldError for an unknown profile or for sizes that cannot be.
    """
    _check(world)
    setting = Setting.of(world, nature, calendar, seed)
    coefficients = solve_coefficients(setting)
    for folder in (raw_dir, truth_dir):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    rows: Counter[str] = Counter()
    n_chunks = -(-world.applicants // world.chunk_applicants)
    with Progress(disable=not progress) as bar:
        task = bar.add_task("simulate", total=n_chunks)
        for counts in _run(setting, coefficients, raw_dir, truth_dir, n_chunks):
            rows.update(counts)
            bar.advance(task)
    return dict(sorted(rows.items()))


def _check(world: WorldParams) -> None:
    for name, low in (("applicants", 100), ("processes", 1), ("chunk_applicants", 100)):
        if getattr(world, name) < low:
            raise WorldError.of("A world too small", where=f"params.yaml world.{name}", expected=f">= {low}",
                                got=str(getattr(world, name)), next_step="raise it")  # fmt: skip
    if not 0.0 < world.base_rate < 0.5 or not 0.0 < world.activity_scale <= 4.0:
        raise WorldError.of("A rate out of range", where="params.yaml world", expected="0 < base_rate < 0.5, 0 < activity_scale <= 4",
                            got=f"{world.base_rate}, {world.activity_scale}", next_step="change it")  # fmt: skip


def _run(setting: Setting, coefficients: Coefficients, raw: Path, truth_dir: Path, n_chunks: int) -> Iterator[dict[str, int]]:
    """Row counts of each chunk as it is written; in this process when one is asked for."""
    processes = min(setting.params.processes, n_chunks)
    _STATE["world"] = build(setting, coefficients)
    if processes == 1:
        _write_truth(truth_dir)
        yield from (_write_chunk(index, raw) for index in range(n_chunks))
    else:
        with ProcessPoolExecutor(processes, mp_context=_context(), initializer=_start, initargs=(setting, coefficients)) as pool:
            jobs = [pool.submit(_write_chunk, index, raw) for index in range(n_chunks)]
            _write_truth(truth_dir)
            yield from (job.result() for job in as_completed(jobs))
    _STATE.clear()


def _context() -> multiprocessing.context.BaseContext:
    """Forked workers share the pages of the one state that was built; where there is no fork each builds its own."""
    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def _start(setting: Setting, coefficients: Coefficients) -> None:
    """Build the state, unless this process came with it."""
    if "world" not in _STATE:
        _STATE["world"] = build(setting, coefficients)


def _write_truth(folder: Path) -> None:
    store.write_table(truth.applicants(_STATE["world"]), folder / "applicants.parquet")
    store.write_json(truth.meta(_STATE["world"]), folder / "meta.json")


def emit_chunk(world: World, index: int) -> Iterator[tuple[str, pa.Table]]:
    """All raw tables of one chunk, family by family."""
    size = world.setting.params.chunk_applicants
    chunk = Chunk(world, index, index * size, min((index + 1) * size, world.people.size))
    for family, emit in EMITTERS.items():
        yield from emit(chunk, chunk.rng(family)).items()
    yield "applications", applications(chunk, chunk.rng("applications"))
    yield from loans(chunk, chunk.rng("loans")).items()
    yield from short_loans(chunk, chunk.rng("short")).items()


def _write_chunk(index: int, raw: Path) -> dict[str, int]:
    pa.set_cpu_count(1)
    counts = {}
    with np.errstate(over="ignore"):
        for name, rows in emit_chunk(_STATE["world"], index):
            store.write_table(rows, raw / name / f"part-{index:05d}.parquet")
            counts[name] = rows.num_rows
    return counts
