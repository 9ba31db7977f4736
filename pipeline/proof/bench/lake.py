"""Table `lake`: monthly runs beside compacted ones, and receipts beside a check of the contract."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb

from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.pipeline.proof.bench.row import BenchRow, compare
from creditloom.pipeline.proof.usage import measure
from creditloom.storage.folders.raw_folder import raw_tables
from creditloom.storage.lake.change import LakeWork, add, compact

# People of the one shard that is measured; a shard of a country has more, and more rows a file.
APPLICANTS = 30_000
QUICK_APPLICANTS = 4_000
# Monthly runs of a table; what was known before the first of these months comes with it.
RUNS = 24
ROUNDS = 3
THREADS = 1
RUN = "creditloom.pipeline.proof.bench.runs.lake_run"
COMMAND = "python -m creditloom.pipeline.proof.bench.runs.lake_run {what} <{where}>"
# What is measured: the name of a row's side -> the work, and the folder that it reads.
WORK = {
    "runs": ("features", "monthly"),
    "compacted": ("features", "compacted"),
    "receipts": ("check", "compacted"),
    "contract": ("check", "raw"),
    "hashes": ("hash", "compacted"),
}
Round = dict[str, float]


def run(quick: bool) -> list[BenchRow]:
    """Measure one shard of 30,000 people (quick: 4,000) as 24 monthly runs and compacted."""
    with tempfile.TemporaryDirectory(prefix="creditloom-bench-") as name:
        folder = Path(name)
        applicants = QUICK_APPLICANTS if quick else APPLICANTS
        stage_runner.prepare(folder, {"world.applicants": applicants, "world.processes": 1})
        measure("creditloom.pipeline.stages.tables.simulate", folder=folder, threads=1)
        lakes_of(folder / paths.RAW, folder)
        places = {"raw": folder / paths.RAW, **{n: folder / n for n in ("monthly", "compacted")}}
        return compare_lakes(places, 1 if quick else ROUNDS)


def lakes_of(raw: Path, folder: Path) -> None:
    """Make a lake of 24 deliveries of the raw tables, and the same lake compacted."""
    work = LakeWork(max_bad_share=1.0, last=dt.datetime(2100, 1, 1))
    for delivery in deliveries(raw, folder / "deliveries"):
        add(folder / "monthly", delivery, work, name=delivery.name, shards=1)
        shutil.rmtree(delivery)
    shutil.copytree(folder / "monthly", folder / "compacted")
    compact(folder / "compacted", work)


def deliveries(raw: Path, out: Path) -> Iterator[Path]:
    """Yield the folders of RUNS deliveries, by the month in which rows were known."""
    with duckdb.connect() as connection:
        tables = {
            name: connection.read_parquet([str(file) for file in files])
            for name, files in raw_tables(raw).items()
        }
        month = "datediff('month', DATE '1970-01-01', known_time)"
        known = tables["payments"].aggregate(f"max({month})").fetchall()[0][0]
        for number in range(RUNS):
            place = out / f"{number:02d}"
            place.mkdir(parents=True)
            for name, rows in tables.items():
                if "known_time" in rows.columns:
                    at = f"greatest({known - RUNS + 1}, least({known}, {month}))"
                    part = rows.filter(f"{at} = {known - RUNS + 1 + number}")
                    # Of few people a month may hold none of a table, and an empty file is refused.
                    if part.limit(1).fetchall():
                        part.write_parquet(str(place / f"{name}.parquet"), compression="zstd")
                elif number == 0:
                    rows.write_parquet(str(place / f"{name}.parquet"), compression="zstd")
            yield place


def compare_lakes(places: dict[str, Path], rounds: int) -> list[BenchRow]:
    """Measure interleaved rounds; CPU seconds are user and system time without imports."""
    measured: list[Round] = [
        {side: _cpu(what, places[where]) for side, (what, where) in WORK.items()}
        for _ in range(rounds)
    ]
    for one in measured:
        # What `score --events` spends on raw tables: the check, and the features.
        one["checked by receipts"] = one["receipts"] + one["compacted"]
        one["checked by contract"] = one["contract"] + one["compacted"]
    return [
        _row(measured, "features of 24 monthly runs beside compacted", "runs", "compacted", 1.3),
        _row(measured, "receipts beside check and features", "receipts", "checked by receipts"),
        _row(measured, "contract beside check and features", "contract", "checked by contract"),
        _row(measured, "sha256 of the files beside features", "hashes", "compacted"),
    ]


def _row(
    measured: list[Round], what: str, ours: str, theirs: str, bar: float | None = None
) -> BenchRow:
    seconds = [(one[ours], one[theirs]) for one in measured]
    commands = tuple(
        COMMAND.format(what=WORK[side][0], where=WORK[side][1]) if side in WORK else side
        for side in (ours, theirs)
    )
    return compare("lake", what, (commands[0], commands[1]), "CPU s", seconds, bar)


def _cpu(what: str, place: Path) -> float:
    used = measure(RUN, what, str(place.resolve()), folder=place, threads=THREADS)
    return float(json.loads(used.said.strip().splitlines()[-1])["cpu"])
