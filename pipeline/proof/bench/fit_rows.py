"""Table `fit_rows`: `creditloom fit` on 150,000 rows of ten columns, as a user runs it.

With a checkout of an earlier commit (`--earlier`), its fit of the same table is measured in turns.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from creditloom.pipeline.proof.bench.row import BenchRow, compare
from creditloom.pipeline.proof.bench_tables.generators import GeneratedTable, draw
from creditloom.pipeline.proof.usage import Usage, measure
from creditloom.storage.files.errors import DataError

# A table as a lender of medium size has it, the rows of `--quick`, and a seed for development.
ROWS = 150_000
QUICK_ROWS = 20_000
SEED = 11
# Cores of the machine that the bars are set for.
THREADS = 2
ROUNDS = 2
# Bars: wall seconds where both cores are idle, and CPU seconds as a ratio to the earlier fit.
SECONDS_BAR = 300.0
CPU_BAR = 2.0
OURS = "creditloom fit --data rows.parquet --label label --out fitted"
# The command line of a checkout, the present name first.
COMMAND_LINES = ("creditloom.pipeline.cli", "pipeline.cli")


def run(quick: bool, earlier: Path | None = None) -> list[BenchRow]:
    """Measure wall and CPU seconds of all processes of the command.

    Without `earlier`, `theirs` is 1, so that the ratio of a row is the figure itself. Raises
    DataError where `earlier` is no checkout.
    """
    there = None if earlier is None else _command_line(earlier)
    rows = QUICK_ROWS if quick else ROWS
    with tempfile.TemporaryDirectory(prefix="creditloom-bench-") as name:
        folder = Path(name).resolve()
        _write(folder / "rows.parquet", rows)
        rounds: list[tuple[Usage, Usage | None]] = []
        for _ in range(1 if quick else ROUNDS):
            ours = _fit(COMMAND_LINES[0], folder, "ours", Path())
            theirs = _fit(there, folder, "earlier", earlier) if there and earlier else None
            rounds.append((ours, theirs))
    what = f"fit of {rows:,} rows x 10 columns"
    seconds = [(ours.seconds, 1.0) for ours, _ in rounds]
    bar = None if quick else SECONDS_BAR
    found = [compare("fit_rows", f"{what}, seconds", (OURS, "-"), "s", seconds, bar=bar)]
    cpu = [(ours.cpu, theirs.cpu if theirs else 1.0) for ours, theirs in rounds]
    beside = f"in the checkout {earlier}" if earlier else "-"
    cpu_bar = CPU_BAR if earlier and not quick else None
    commands = (OURS, beside)
    found.append(compare("fit_rows", f"{what}, CPU", commands, "CPU s", cpu, bar=cpu_bar))
    return found


def _write(file: Path, rows: int) -> None:
    """Write a table of numbers that act together, with a label."""
    spec = GeneratedTable(
        name="fit_rows",
        structure="interactions",
        rows=rows,
        columns=10,
        informative=8,
        bad_rate=0.08,
        spread=1.2,
    )
    table = draw(spec, SEED)
    table.frame.assign(label=table.label).to_parquet(file, index=False)


def _fit(module: str, folder: Path, out: str, place: Path) -> Usage:
    """Run the command in `place`, whose code is imported first."""
    options = ("--data", str(folder / "rows.parquet"), "--label", "label")
    return measure(
        module, "fit", *options, "--out", str(folder / out), folder=place, threads=THREADS
    )


def _command_line(checkout: Path) -> str:
    """Return the module of a checkout's command line."""
    for module in COMMAND_LINES:
        if (checkout / f"{module.replace('.', '/')}.py").is_file():
            return module
    raise DataError.of(
        "No checkout to compare with",
        where=f"--earlier {checkout}",
        expected="a checkout of creditloom, with pipeline/cli.py",
        got="no such file",
        next_step="git worktree add ../before COMMIT, then --earlier ../before",
    )
