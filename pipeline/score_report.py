"""What `creditloom score` tells while it runs and at its end."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from pipeline.refusal import exit_code, is_ours
from pipeline.score_job import Tally

_err = Console(stderr=True, soft_wrap=True, highlight=False)


class _Rate(ProgressColumn):
    """Rows a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} rows/s" if task.speed else "")


class Progressed:
    """A bar on stderr, where that is a terminal: rows done of all, rate, time left."""

    def __init__(self, rows: int) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=_err, disable=not sys.stderr.isatty())
        self._task = self._bar.add_task("score", total=rows)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()

    def tell(self, rows: int) -> None:
        """So many rows are done."""
        self._bar.update(self._task, completed=rows)


@contextmanager
def refusal_told(output: Path, *, as_json: bool) -> Iterator[None]:
    """With --json a refusal is an object on standard output too: `exit_code`, `refused`, `output`."""
    try:
        yield
    except ValueError as error:
        if as_json and is_ours(error):
            _print({"refused": str(error), "output": str(output), "exit_code": exit_code(error)})
        raise


def _print(summary: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(summary, indent=1, sort_keys=True) + "\n")


def _peak_mb() -> int:
    """Largest memory held. Linux tells it of the program alone; getrusage also counts what whoever started it held at that moment."""
    status = Path("/proc/self/status")
    told = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:")] if status.exists() else []
    kib = int(told[0]) if told else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kib * 1024 // 1_000_000


def report(manifest: Mapping[str, Any], tally: Tally, output: Path, seconds: float, *, as_json: bool) -> None:
    """The summary: how many rows, what became of them, how fast, in how much memory."""
    fresh = tally.rows - tally.resumed
    figures = {name: manifest[name] for name in ("rows", "decided", "rejected", "decisions", "rejected_by_rule", "root")}
    summary = {
        **figures,
        "resumed_rows": tally.resumed,
        "parts": len(tally.links),
        "seconds": round(seconds, 2),
        "rows_per_second": round(fresh / seconds),
        "peak_memory_mb": _peak_mb(),
        "output": str(output),
        "exit_code": 0,
    }
    if as_json:
        _print(summary)
        return
    table = Table("rows", "", title="score")
    table.add_row("read", f"{tally.rows:,}")
    for name, count in [*manifest["decisions"].items(), *((f"rejected: {rule}", n) for rule, n in manifest["rejected_by_rule"].items())]:
        table.add_row(name, f"{count:,}")
    if tally.resumed:
        table.add_row("done by an earlier run", f"{tally.resumed:,}")
    _err.print(table)
    _err.print(f"{output}: {manifest['decided']:,} decisions in {len(tally.links)} parts, {summary['rows_per_second']:,} rows/s")
    if manifest["rejected"]:
        _err.print(f"{manifest['rejected']:,} rows in quarantine, each with rule and reason")
    _err.print(f"root {manifest['root']}")
