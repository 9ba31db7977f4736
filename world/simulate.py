"""Write the whole world: every raw table in parts, and the truth in a folder of its own.

A part holds one chunk of applicants. A worker process holds one community at a time and writes its
chunks. Communities and chunks have random numbers of their own. Therefore the bytes do not depend
on the number of workers, nor the memory on the number of applicants.
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

import pyarrow as pa
from rich.progress import Progress

from creditloom.storage.files import store
from creditloom.storage.files.formats import RESULTS, write_document
from creditloom.storage.files.outputs import MAX_LISTED_FILES, FolderKind
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
from creditloom.world.events.events import Chunk, drifted
from creditloom.world.loans.lending import applications, loans
from creditloom.world.loans.short import short_loans
from creditloom.world.people.communities import Community, communities
from creditloom.world.risk.shares import Coefficients
from creditloom.world.world import Setting, World, build, solve_coefficients

# A community, and the number of one of its chunks.
ChunkJob = tuple[Community, int]
# Folder of the communities' truths, until they are one file.
PARTS = "parts"
# Fewest applicants of a world, a chunk or a community (choice): below it standardised states and
# shares of a vintage mean nothing.
MIN_APPLICANTS = 100
# Base rates lie below this: a default is the exception (choice).
MAX_BASE_RATE = 0.5
# Largest thinning factor of payments-like streams; 1 is the full volume of domain 7.4 (choice).
MAX_ACTIVITY_SCALE = 4.0
# The event tables of each family. The name of a family is also the name of its random stream.
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
    """What one process works with, and the community that it holds at the moment."""

    setting: Setting
    coefficients: Coefficients
    raw: Path
    truth: Path
    world: World | None = None

    def world_of(self, community: Community) -> World:
        """Return the world of `community`, built unless this process holds it already."""
        if self.world is None or self.world.first != community.first:
            # Free the last community first: two at once would double the memory.
            self.world = None
            self.world = build(self.setting, self.coefficients, community)
        return self.world


# One worker per process. A global, because a pool passes jobs to functions and not to objects.
_WORKER: dict[str, _Worker] = {}


# What a simulated world consists of, below its two folders.
RAW_NAMES = ("*/part-*.parquet",)
TRUTH_NAMES = ("applicants.parquet", "meta.json", f"{PARTS}/part-*.parquet")
KEYS = frozenset({"seed", "communities"})
# Both folders in one, as `creditloom.simulate` writes them.
WORLD = FolderKind(
    what="a simulated world",
    mark="truth/meta.json",
    keys=KEYS,
    names=(*(f"raw/{name}" for name in RAW_NAMES), *(f"truth/{name}" for name in TRUTH_NAMES)),
)


def _require_own(folder: Path, names: tuple[str, ...], truth_dir: Path) -> None:
    """Raise WorldError where a folder that is replaced holds files which no simulation wrote."""
    kind = FolderKind(WORLD.what, "meta.json", KEYS, names)
    files = [path for path in folder.rglob("*") if not path.is_dir()]
    # A run that was killed has left parts of the truth and no meta.json yet.
    is_marked = kind.is_marked(truth_dir) or (truth_dir / PARTS).is_dir()
    strangers = kind.strangers(folder) if is_marked else [path.name for path in files]
    if strangers:
        raise WorldError.of(
            "The world would replace something else",
            where=folder,
            expected="nothing there, or a simulated world",
            got=", ".join(sorted(strangers)[:MAX_LISTED_FILES]),
            next_step="move it to another place; for data of your own set source.kind",
        )


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
    """Write raw tables to `raw_dir` and truth to `truth_dir`; return the number of rows per table.

    Both folders are replaced. Raises WorldError for an unknown profile or for impossible sizes, and
    where a folder holds something else than a simulated world.
    """
    _check(world)
    _require_own(raw_dir, RAW_NAMES, truth_dir)
    _require_own(truth_dir, TRUTH_NAMES, truth_dir)
    setting = Setting.of(world, nature, calendar, seed)
    coefficients = solve_coefficients(setting)
    for folder in (raw_dir, truth_dir):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    rows: Counter[str] = Counter()
    worker = _Worker(setting, coefficients, raw_dir, truth_dir)
    jobs = [(community, chunk) for community in communities(world) for chunk in community.chunks]
    with Progress(disable=not progress) as bar:
        for counts in bar.track(_run(worker, jobs), len(jobs), description="simulate"):
            rows.update(counts)
    _write_truth(setting, coefficients, truth_dir)
    return dict(sorted(rows.items()))


def _check(world: WorldParams) -> None:
    """Raise WorldError where a size or a rate of params.yaml is out of range."""
    lowest = {
        "applicants": MIN_APPLICANTS,
        "processes": 1,
        "chunk_applicants": MIN_APPLICANTS,
        "community_applicants": MIN_APPLICANTS,
    }
    for name, low in lowest.items():
        if getattr(world, name) < low:
            raise WorldError.of(
                "A world too small",
                where=f"params.yaml world.{name}",
                expected=f">= {low}",
                got=str(getattr(world, name)),
                next_step="raise it",
            )
    rate_is_possible = 0.0 < world.base_rate < MAX_BASE_RATE
    scale_is_possible = 0.0 < world.activity_scale <= MAX_ACTIVITY_SCALE
    if not rate_is_possible or not scale_is_possible:
        raise WorldError.of(
            "A rate out of range",
            where="params.yaml world",
            expected=(
                f"0 < base_rate < {MAX_BASE_RATE}, 0 < activity_scale <= {MAX_ACTIVITY_SCALE:g}"
            ),
            got=f"{world.base_rate}, {world.activity_scale}",
            next_step="change it",
        )


def _run(worker: _Worker, jobs: list[ChunkJob]) -> Iterator[dict[str, int]]:
    """Yield the row counts of each chunk as it is written.

    With one process the work is done in this one.
    """
    processes = min(worker.setting.params.processes, len(jobs))
    if processes == 1:
        yield from (_write_chunk(worker, job) for job in jobs)
        return
    with ProcessPoolExecutor(
        processes, mp_context=_context(), initializer=_start, initargs=(worker,)
    ) as pool:
        futures = [pool.submit(_work, job) for job in jobs]
        # Counts are summed, so the order in which chunks end does not matter.
        yield from (future.result() for future in as_completed(futures))


def _context() -> multiprocessing.context.BaseContext:
    """Return how workers start: forked on Linux, which saves their imports, else spawned."""
    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def _start(worker: _Worker) -> None:
    _WORKER["own"] = worker


def _work(job: ChunkJob) -> dict[str, int]:
    return _write_chunk(_WORKER["own"], job)


def _write_chunk(worker: _Worker, job: ChunkJob) -> dict[str, int]:
    """Write one chunk and return its number of rows per table.

    The first chunk of a community brings the truth of that community along.
    """
    # The processes are the parallelism: threads inside them would only compete.
    pa.set_cpu_count(1)
    # The system's pool keeps its pages from part to part, a seventh of the time of writing.
    pa.set_memory_pool(pa.system_memory_pool())
    community, index = job
    world = worker.world_of(community)
    counts: dict[str, int] = {}
    if index == community.chunks[0]:
        truth_part = worker.truth / PARTS / f"part-{community.index:05d}.parquet"
        store.write_table(truth.applicants(world), truth_part)
    for name, rows in emit_chunk(world, community, index):
        part = worker.raw / name / f"part-{index:05d}.parquet"
        # Statistics of applicant_id let readers skip parts.
        store.write_table(rows, part, ["applicant_id"])
        counts[name] = rows.num_rows
    return counts


def emit_chunk(world: World, community: Community, index: int) -> Iterator[tuple[str, pa.Table]]:
    """Yield name and rows of all raw tables of one chunk, family by family.

    `index` is the number of the chunk among those of all communities, `world` that of `community`.
    """
    size = world.setting.params.chunk_applicants
    first = index * size - community.first
    chunk = Chunk(world, index, first, min(first + size, world.people.size))
    for family, emit in EMITTERS.items():
        yield from drifted(chunk, family, emit(chunk, chunk.rng(family))).items()
    yield "applications", applications(chunk, chunk.rng("applications"))
    yield from loans(chunk, chunk.rng("loans")).items()
    yield from short_loans(chunk, chunk.rng("short")).items()


def _write_truth(setting: Setting, coefficients: Coefficients, folder: Path) -> None:
    """Write the truths of all communities to one file, and how the world was made to another."""
    file = folder / "applicants.parquet"
    parts = folder / PARTS
    # One part at a time, so that memory does not grow with the world.
    tables = store.iter_tables(parts)
    first = next(tables)
    with store.Writer(file, first.schema) as writer:
        for table in chain([first], tables):
            writer.write(table)
    shutil.rmtree(parts)
    defaulted = store.read_table(file, ["defaulted"])["defaulted"].to_numpy()
    write_document(truth.meta(setting, coefficients, defaulted), folder / "meta.json", RESULTS)
