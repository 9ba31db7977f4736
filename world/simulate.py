"""Write the whole world: every raw table in parts, one per chunk of applicants, and the truth apart.

A worker holds one community at a time and emits its chunks; communities and chunks have their own random numbers, so the bytes do not
depend on how many workers there are, and memory not on how many applicants.
"""

from __future__ import annotations

import multiprocessing
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
from rich.progress import Progress

from creditloom.storage.files import store
from creditloom.storage.files.formats import RESULTS, write_document
from creditloom.world import truth
from creditloom.world.config.config_types import Calendar, WorldError, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.events import (
    assets,
    bureau,
    device_stability,
    identity,
    payment_flow,
    social_graph,
)
from creditloom.world.events.events import Chunk
from creditloom.world.loans.lending import applications, loans
from creditloom.world.loans.short import short_loans
from creditloom.world.people.communities import Community, communities
from creditloom.world.risk.shares import Coefficients
from creditloom.world.world import Setting, World, build, solve_coefficients

ChunkJob = tuple[Community, int]  # a chunk of a community
PARTS = "parts"  # the truth's, until they are one file
EMITTERS = {
    "payment_flow": payment_flow.emit,
    "social_graph": social_graph.emit,
    "assets": assets.emit,
    "device_stability": device_stability.emit,
    "bureau": bureau.emit,
    "identity": identity.emit,
}


@dataclass
class _Worker:
    """What one process works with, and the community that it holds."""

    setting: Setting
    coefficients: Coefficients
    raw: Path
    truth: Path
    world: World | None = None

    def holding(self, community: Community) -> World:
        """The world of `community`; the one before it is let go first."""
        if self.world is None or self.world.first != community.first:
            self.world = None
            self.world = build(self.setting, self.coefficients, community)
        return self.world


_WORKER: dict[str, _Worker] = {}  # one per process


def simulate(
    world: WorldParams,
    nature: WorldConfig,
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
    jobs = [(community, chunk) for community in communities(world) for chunk in community.chunks]
    with Progress(disable=not progress) as bar:
        for counts in bar.track(
            _run(_Worker(setting, coefficients, raw_dir, truth_dir), jobs),
            len(jobs),
            description="simulate",
        ):
            rows.update(counts)
    _write_truth(setting, coefficients, truth_dir)
    return dict(sorted(rows.items()))


def _check(world: WorldParams) -> None:
    for name, low in (
        ("applicants", 100),
        ("processes", 1),
        ("chunk_applicants", 100),
        ("community_applicants", 100),
    ):
        if getattr(world, name) < low:
            raise WorldError.of("A world too small", where=f"params.yaml world.{name}", expected=f">= {low}",
                                got=str(getattr(world, name)), next_step="raise it")  # fmt: skip
    if not 0.0 < world.base_rate < 0.5 or not 0.0 < world.activity_scale <= 4.0:
        raise WorldError.of("A rate out of range", where="params.yaml world", expected="0 < base_rate < 0.5, 0 < activity_scale <= 4",
                            got=f"{world.base_rate}, {world.activity_scale}", next_step="change it")  # fmt: skip


def _run(worker: _Worker, jobs: list[ChunkJob]) -> Iterator[dict[str, int]]:
    """Row counts of each chunk as it is written; in this process when one is asked for."""
    processes = min(worker.setting.params.processes, len(jobs))
    if processes == 1:
        yield from (_write_chunk(worker, job) for job in jobs)
        return
    with ProcessPoolExecutor(
        processes, mp_context=_context(), initializer=_start, initargs=(worker,)
    ) as pool:
        yield from (
            done.result() for done in as_completed([pool.submit(_work, job) for job in jobs])
        )


def _context() -> multiprocessing.context.BaseContext:
    """Forked workers need no imports of their own; where there is no fork they are spawned."""
    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def _start(worker: _Worker) -> None:
    _WORKER["own"] = worker


def _work(job: ChunkJob) -> dict[str, int]:
    return _write_chunk(_WORKER["own"], job)


def _write_chunk(worker: _Worker, job: ChunkJob) -> dict[str, int]:
    """Rows per table of one chunk, written; who writes a community's first chunk writes its truth."""
    pa.set_cpu_count(1)
    pa.set_memory_pool(
        pa.system_memory_pool()
    )  # keeps its pages from part to part: a seventh of the time of writing
    community, index = job
    world, counts = worker.holding(community), {}
    if index == community.chunks[0]:
        store.write_table(
            truth.applicants(world), worker.truth / PARTS / f"part-{community.index:05d}.parquet"
        )
    with np.errstate(over="ignore"):
        for name, rows in emit_chunk(world, community, index):
            store.write_table(
                rows, worker.raw / name / f"part-{index:05d}.parquet", ["applicant_id"]
            )  # what readers prune by
            counts[name] = rows.num_rows
    return counts


def emit_chunk(world: World, community: Community, index: int) -> Iterator[tuple[str, pa.Table]]:
    """All raw tables of one chunk of the community whose `world` it is, family by family."""
    size = world.setting.params.chunk_applicants
    first = index * size - community.first
    chunk = Chunk(world, index, first, min(first + size, world.people.size))
    for family, emit in EMITTERS.items():
        yield from emit(chunk, chunk.rng(family)).items()
    yield "applications", applications(chunk, chunk.rng("applications"))
    yield from loans(chunk, chunk.rng("loans")).items()
    yield from short_loans(chunk, chunk.rng("short")).items()


def _write_truth(setting: Setting, coefficients: Coefficients, folder: Path) -> None:
    """The communities' truths in one file, and how the world was made."""
    file, parts = folder / "applicants.parquet", folder / PARTS
    tables = store.iter_tables(parts)
    first = next(tables)
    with store.Writer(file, first.schema) as writer:
        for table in chain([first], tables):
            writer.write(table)
    shutil.rmtree(parts)
    defaulted = store.read_table(file, ["defaulted"])["defaulted"].to_numpy()
    write_document(truth.meta(setting, coefficients, defaulted), folder / "meta.json", RESULTS)
