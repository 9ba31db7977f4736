"""Table `job`: `creditloom score`, Parquet in to decisions with reasons out, beside the script one would write, and beside reading,
predicting and writing alone. The model and the rows are those of the last run; rows are repeated under new ids.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa

from creditloom.pipeline.base import paths
from creditloom.pipeline.proof.bench.latency import applications
from creditloom.pipeline.proof.bench.row import BenchRow, compare
from creditloom.pipeline.proof.usage import measure
from creditloom.storage.files.store import ROW_GROUP, Writer

ROWS, QUICK_ROWS = 1_000_000, 60_000
SOURCE_ROWS = 20_000  # different rows; repeated up to the number asked for
TODAY_ROWS = 4_000  # the script is scaled up from these
ROUNDS = 3
OURS = "creditloom score --input rows.parquet --output decisions --bundle data/model --json"
SCRIPT = "python -m creditloom.pipeline.proof.bench.job_run {what} data/model/model.txt rows.parquet out.parquet"


def run(quick: bool) -> list[BenchRow]:
    """Wall and CPU seconds, and peak memory at a tenth of the rows and at all. Ours are the whole job, the scripts' without their imports.

    CPU seconds are over all threads; they can be compared where the machine is busy with other work.
    """
    n = QUICK_ROWS if quick else ROWS
    with tempfile.TemporaryDirectory(prefix="creditloom-bench-") as name:
        folder = Path(name)
        for part, rows in (("all", n), ("tenth", n // 10), ("few", TODAY_ROWS)):
            write_rows(folder / f"{part}.parquet", rows)
        tenth = _score(folder, "tenth")  # compiles, too, where no compiled code is cached yet
        found = [_round(folder) for _ in range(1 if quick else ROUNDS)]
    what, scaled = f"{n:,} rows with reasons for the adverse", n / TODAY_ROWS
    table = [
        compare("job", f"{what} beside {beside}", (OURS, SCRIPT.format(what=script)), unit,
                [(one["ours"][unit], one[script][unit] * scale) for one in found], bar, aim)
        for unit in ("s", "CPU s")
        for script, beside, scale, bar, aim in (
            ("today", f"the script of {TODAY_ROWS:,} rows x {scaled:g}", scaled, 1 / 50, 1 / 100),
            ("alone", "reading, predicting and writing alone", 1.0, 2.0, 1.0),
        )
    ]  # fmt: skip
    memory = [(one["ours"]["MB"], tenth["MB"]) for one in found]
    return [
        *table,
        compare("job", f"peak memory of {n:,} rows beside {n // 10:,}", (OURS, OURS), "MB", memory),
    ]


def _round(folder: Path) -> dict[str, dict[str, float]]:
    return {
        "ours": _score(folder, "all"),
        "alone": _script(folder, "alone", "all"),
        "today": _script(folder, "today", "few"),
    }


def write_rows(file: Path, rows: int) -> None:
    """So many applications of the last run's matrix, repeated under new ids, in the row groups of all our files."""
    source = applications(SOURCE_ROWS)
    group = pa.concat_tables([source] * -(-min(rows, ROW_GROUP) // len(source))).combine_chunks()
    place = source.column_names.index("application_id")
    with Writer(file, source.schema) as writer:
        for start in range(0, rows, ROW_GROUP):
            block = group.slice(0, min(ROW_GROUP, rows - start))
            ids = pa.array(np.arange(start, start + len(block)), source.schema.field(place).type)
            writer.write(block.set_column(place, "application_id", ids))


def _score(folder: Path, part: str) -> dict[str, float]:
    """Seconds that the job itself counts, CPU seconds and peak memory of its whole process."""
    out = folder / f"decisions_{part}"
    shutil.rmtree(out, ignore_errors=True)
    options = (
        "--input",
        str(folder / f"{part}.parquet"),
        "--output",
        str(out),
        "--bundle",
        str(paths.MODEL),
        "--json",
    )
    used = measure("creditloom.pipeline.cli", "score", *options, folder=Path())
    told = json.loads(used.said[used.said.index("{") :])
    return {"s": float(told["seconds"]), "CPU s": used.cpu, "MB": float(told["peak_memory_mb"])}


def _script(folder: Path, what: str, part: str) -> dict[str, float]:
    words = (
        what,
        str(paths.MODEL_TXT),
        str(folder / f"{part}.parquet"),
        str(folder / "out.parquet"),
    )
    said = measure("creditloom.pipeline.proof.bench.job_run", *words, folder=Path()).said
    told = json.loads(said.strip().splitlines()[-1])
    return {"s": float(told["seconds"]), "CPU s": float(told["cpu"])}


if __name__ == "__main__":  # rows for a run of another size: docs/batch.md
    write_rows(Path(sys.argv[1]), int(sys.argv[2]))
