"""Table `job`: `creditloom score`, Parquet in to decisions with reasons out, beside the script one would write, and beside reading,
predicting and writing alone. The model and the rows are those of the last run; rows are repeated under new ids.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa

from data.store import Writer
from pipeline import paths
from pipeline.bench.latency import applications
from pipeline.bench.row import Row, compare
from pipeline.usage import Usage, measure

ROWS, QUICK_ROWS = 1_000_000, 60_000
SOURCE_ROWS = 20_000  # different rows; repeated up to the number asked for
TODAY_ROWS = 4_000  # the script is scaled up from these
ROUNDS = 3
OURS = "creditloom score --input rows.parquet --output decisions --bundle data/model --json"
SCRIPT = "python -m pipeline.bench.job_run {what} data/model/model.txt rows.parquet out.parquet"


def run(quick: bool) -> list[Row]:
    """Wall seconds, start of the process and imports left out on all sides; peak memory at a tenth of the rows and at all."""
    n = QUICK_ROWS if quick else ROWS
    with tempfile.TemporaryDirectory(prefix="creditloom-bench-") as name:
        folder = Path(name)
        for part, rows in (("all", n), ("tenth", n // 10), ("few", TODAY_ROWS)):
            _write(folder / f"{part}.parquet", rows)
        _score(folder, "tenth")  # compiles where no compiled code is cached yet
        found = [
            (_score(folder, "all"), _script(folder, "alone", "all"), _script(folder, "today", "few")) for _ in range(1 if quick else ROUNDS)
        ]
        memory = _score(folder, "all")[1].peak_mb, _score(folder, "tenth")[1].peak_mb
    scaled = n / TODAY_ROWS
    what = f"{n:,} rows with reasons for the adverse"
    return [
        compare("job", f"{what} beside the script of {TODAY_ROWS:,} rows x {scaled:g}", (OURS, SCRIPT.format(what="today")), "s",
                [(ours[0], script * scaled) for ours, _, script in found], 1 / 50, 1 / 100),
        compare("job", f"{what} beside reading, predicting and writing alone", (OURS, SCRIPT.format(what="alone")), "s",
                [(ours[0], alone) for ours, alone, _ in found], 2.0, 1.0),
        compare("job", f"peak memory of {n:,} rows beside {n // 10:,}", (OURS, OURS), "MB", [memory]),
    ]  # fmt: skip


def _write(file: Path, rows: int) -> None:
    source = applications(SOURCE_ROWS)
    with Writer(file, source.schema) as writer:
        for start in range(0, rows, len(source)):
            block = source.slice(0, min(len(source), rows - start))
            place = block.column_names.index("application_id")
            ids = pa.array(np.arange(start, start + len(block)), source.schema.field(place).type)
            writer.write(block.set_column(place, "application_id", ids))


def _score(folder: Path, part: str) -> tuple[float, Usage]:
    """(seconds that the job itself counts, what its process took)."""
    out = folder / f"decisions_{part}"
    shutil.rmtree(out, ignore_errors=True)
    options = ("--input", str(folder / f"{part}.parquet"), "--output", str(out), "--bundle", str(paths.MODEL), "--json")
    used = measure("pipeline.cli", "score", *options, folder=Path())
    return float(json.loads(used.said[used.said.index("{") :])["seconds"]), used


def _script(folder: Path, what: str, part: str) -> float:
    words = (what, str(paths.MODEL_TXT), str(folder / f"{part}.parquet"), str(folder / "out.parquet"))
    said = measure("pipeline.bench.job_run", *words, folder=Path()).said
    return float(json.loads(said.strip().splitlines()[-1])["seconds"])
