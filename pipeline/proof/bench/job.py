"""Table `job`: `creditloom score` on a million rows, compared with a simple script.

The job reads Parquet and writes decisions with reasons. It is also compared with only reading,
predicting and writing. The model and the rows are those of the last run. Rows are repeated under
new ids.
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
from creditloom.storage.files.store import MATRIX_ROWS, ROW_GROUP, matrix_writer

# Number of rows scored: about those of one night at a large lender, and those of `--quick`.
ROWS = 1_000_000
QUICK_ROWS = 60_000
SOURCE_ROWS = ROW_GROUP  # different rows at most; they are repeated up to the number scored
TODAY_ROWS = 4_000  # rows of the script; its seconds are scaled up from these
# Number of rounds, in turns. The ratio of a row is the median of the rounds.
ROUNDS = 3
OURS = "creditloom score --input rows.parquet --output decisions --bundle data/model --json"
OURS_ALONE = f"{OURS} --threads 1"
SCRIPT = (
    "python -m creditloom.pipeline.proof.bench.runs.job_run {what} "
    "data/model/model.txt rows.parquet out.parquet"
)
Figures = dict[str, float]  # seconds "s", "CPU s" and memory "MB"


def run(quick: bool) -> list[BenchRow]:
    """Measure wall and CPU seconds, and the peak memory with all rows and with a tenth of them.

    Our seconds are those of the whole job. Those of the scripts leave out the imports. CPU seconds
    are summed over all threads; they can be compared even if the machine is busy with other work.
    """
    n = QUICK_ROWS if quick else ROWS
    with tempfile.TemporaryDirectory(prefix="creditloom-bench-") as name:
        folder = Path(name)
        for part, rows in (("all", n), ("tenth", n // 10), ("few", TODAY_ROWS)):
            write_rows(folder / f"{part}.parquet", rows)
        # Run this first: it also compiles, if no compiled code is cached yet.
        tenth = _score(folder, "tenth")
        rounds = [_round(folder) for _ in range(1 if quick else ROUNDS)]
    table = []
    for unit in ("s", "CPU s"):
        table.append(_beside_today(rounds, unit, n))
        table.append(_beside_alone(rounds, unit, n))
    if not quick:
        # A worker makes whole parts, and so few rows are one part.
        table.append(_beside_one_worker(rounds, n))
    memory = [(one["ours"]["MB"], tenth["MB"]) for one in rounds]
    what = f"peak memory of {n:,} rows beside {n // 10:,}"
    return [*table, compare("job", what, (OURS, OURS), "MB", memory)]


def _beside_today(rounds: list[dict[str, Figures]], unit: str, n: int) -> BenchRow:
    # The script would take too long for all rows, so its seconds for a few rows are scaled up.
    scale = n / TODAY_ROWS
    pairs = [(one["ours"][unit], one["today"][unit] * scale) for one in rounds]
    what = f"{_subject(n)} beside the script of {TODAY_ROWS:,} rows x {scale:g}"
    commands = (OURS, SCRIPT.format(what="today"))
    return compare("job", what, commands, unit, pairs, bar=1 / 50, aim=1 / 100)


def _beside_alone(rounds: list[dict[str, Figures]], unit: str, n: int) -> BenchRow:
    pairs = [(one["ours"][unit], one["alone"][unit]) for one in rounds]
    what = f"{_subject(n)} beside reading, predicting and writing alone"
    commands = (OURS, SCRIPT.format(what="alone"))
    return compare("job", what, commands, unit, pairs, bar=2.0, aim=1.0)


def _beside_one_worker(rounds: list[dict[str, Figures]], n: int) -> BenchRow:
    # Seconds of the clock: a core that is busy with other work makes two workers look slow.
    pairs = [(one["ours"]["s"], one["one worker"]["s"]) for one in rounds]
    what = f"{n:,} rows by 2 workers beside 1"
    return compare("job", what, (OURS, OURS_ALONE), "s", pairs, bar=1 / 1.7)


def _subject(n: int) -> str:
    return f"{n:,} rows with reasons for the adverse"


def _round(folder: Path) -> dict[str, Figures]:
    return {
        "ours": _score(folder, "all"),
        "one worker": _score(folder, "all", threads=1),
        "alone": _script(folder, "alone", "all"),
        "today": _script(folder, "today", "few"),
    }


def write_rows(file: Path, rows: int) -> None:
    """Write applications of the last run's matrix, repeated under new ids, `rows` in all.

    The file has the row groups and the compression of a matrix.
    """
    repeat_rows(applications(SOURCE_ROWS), file, rows)


def repeat_rows(source: pa.Table, file: Path, rows: int) -> None:
    """Write the applications of `source` again and again under new ids, `rows` in all.

    A row group holds no row twice: repeated rows are compressed and read at too low a cost.
    """
    place = source.column_names.index("application_id")
    kind = source.schema.field(place).type
    with matrix_writer(file, source.schema) as writer:
        for start in range(0, rows, MATRIX_ROWS):
            number = np.arange(start, min(start + MATRIX_ROWS, rows))
            block = source.take(pa.array(number % len(source)))
            writer.write(block.set_column(place, "application_id", pa.array(number, kind)))


def _score(folder: Path, part: str, threads: int = 2) -> Figures:
    """Return the seconds that the job counts, CPU seconds and peak memory of its whole process."""
    out = folder / f"decisions_{part}"
    # Remove an earlier output: a finished batch would be resumed and take no time.
    shutil.rmtree(out, ignore_errors=True)
    source = folder / f"{part}.parquet"
    where = ("--input", str(source), "--output", str(out), "--bundle", str(paths.MODEL))
    options = (*where, "--json", "--threads", str(threads))
    used = measure("creditloom.pipeline.cli", "score", *options, folder=Path())
    summary = json.loads(used.said[used.said.index("{") :])
    memory = float(summary["peak_memory_mb"])
    return {"s": float(summary["seconds"]), "CPU s": used.cpu, "MB": memory}


def _script(folder: Path, what: str, part: str) -> Figures:
    source = str(folder / f"{part}.parquet")
    out = str(folder / "out.parquet")
    module = "creditloom.pipeline.proof.bench.runs.job_run"
    used = measure(module, what, str(paths.MODEL_TXT), source, out, folder=Path())
    figures = json.loads(used.said.strip().splitlines()[-1])
    return {"s": float(figures["seconds"]), "CPU s": float(figures["cpu"])}


# Rows for a run of another size: docs/batch.md.
if __name__ == "__main__":
    write_rows(Path(sys.argv[1]), int(sys.argv[2]))
