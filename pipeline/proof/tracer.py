"""`python -m creditloom.pipeline.proof.tracer RUN`: how many modules somebody opens who follows four named calls from end to end.

RUN is a folder with params.yaml and the outputs of a run (a checkout after `dvc repro`). Each call runs in a process of its own under a
profile hook. A module counts as `loaded` when it holds code and was imported, as `called` when a function of it ran; `__init__.py` files
do not count. Names of tests and of other packages are left out.
"""

from __future__ import annotations

import ast
import json
import runpy
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import pyarrow.parquet as pq
import typer
from rich.console import Console
from rich.table import Table

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.stage import STAGES

CLI = "creditloom.pipeline.cli"
ROWS = 3_000  # that `score` decides
AIM = 0.75  # of the modules before the rooms were made
BEFORE = {"decide": (58, 48), "score": (84, 72), "fit": (115, 72), "chain": (216, 165)}
"""(loaded, called) at 613f9fa, by the same hook on the same four calls: there with the modules of pipeline/, data/, features/, models/."""


def trace(
    run: Annotated[Path, typer.Argument(help="a folder with params.yaml and the outputs of a run")],
    table: Annotated[Path, typer.Option(help="a Parquet table for `fit`")],
    label: Annotated[str, typer.Option(help="its label")] = "target",
) -> None:
    """Count the modules of `decide`, `score`, `fit` and of the stages. Exit code 1 where one is over three quarters of before."""
    shown = Table("call", "loaded", "before", "called", "before", title="modules on the way")
    over = False
    with tempfile.TemporaryDirectory(prefix="creditloom-") as scratch:
        for name, calls in _calls(run, table, label, Path(scratch)).items():
            found = [_traced(words, run, Path(scratch) / "traced.json") for words in calls]
            loaded, called = (
                len(set().union(*(one[kind] for one in found))) for kind in ("loaded", "called")
            )
            over |= loaded > AIM * BEFORE[name][0] or called > AIM * BEFORE[name][1]
            shown.add_row(
                name, str(loaded), str(BEFORE[name][0]), str(called), str(BEFORE[name][1])
            )
    Console().print(shown)
    if over:
        raise typer.Exit(1)


def _calls(run: Path, table: Path, label: str, scratch: Path) -> dict[str, list[list[str]]]:
    matrix = pq.ParquetFile(run / paths.MATRIX)
    rows = matrix.read_row_group(0).slice(0, ROWS)
    pq.write_table(rows, scratch / "rows.parquet")
    bundle = str((run / paths.MODEL).absolute())
    given, out = str(scratch / "rows.parquet"), str(scratch / "batch")
    return {
        "decide": [
            [CLI, "decide", "--application", str(rows["application_id"][8]), "--bundle", bundle]
        ],
        "score": [[CLI, "score", "--input", given, "--output", out, "--bundle", bundle]],
        "fit": [
            [
                CLI,
                "fit",
                "--data",
                str(table.absolute()),
                "--label",
                label,
                "--out",
                str(scratch / "fitted"),
            ]
        ],
        "chain": [[f"creditloom.pipeline.stages.{stage}"] for stage in STAGES],
    }


def _traced(words: list[str], run: Path, out: Path) -> dict[str, list[str]]:
    command = [
        sys.executable,
        "-m",
        __name__.replace("__main__", "creditloom.pipeline.proof.tracer"),
        "--hook",
        str(out),
        *words,
    ]
    done = subprocess.run(command, cwd=run, capture_output=True, text=True, check=False)  # noqa: S603  our own modules, no shell
    if not out.is_file() or done.returncode:
        raise typer.BadParameter(f"{' '.join(words)} failed in {run}: {done.stderr[-400:]}")
    found: dict[str, list[str]] = json.loads(out.read_text(encoding="utf-8"))
    return found


def _hooked(out: Path, module: str, words: list[str]) -> None:
    """Run `module` as a program and write which files of ours were loaded and called."""
    loaded, called = set[str](), set[str]()
    ours = str(paths.PACKAGE)

    def hook(frame: FrameType, event: str, _: Any) -> None:
        file = frame.f_code.co_filename
        if event != "call" or file in called or not file.startswith(ours):
            return
        if frame.f_code.co_name == "<module>":
            loaded.add(file)
        elif not _is_importing(frame):
            called.add(file)

    for name in [
        name for name in sys.modules if name.startswith("creditloom")
    ]:  # the call loads for itself what this program has
        del sys.modules[name]
    sys.argv = [module, *words]
    threading.setprofile(hook)
    sys.setprofile(hook)
    try:
        runpy.run_module(module, run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise
    finally:
        sys.setprofile(None)
    kinds = {"loaded": _counted(loaded | called), "called": _counted(called)}
    out.write_text(json.dumps(kinds), encoding="utf-8")


def _is_importing(frame: FrameType | None) -> bool:
    """Whether a function runs only because a module is being imported: declarations that call something."""
    while frame is not None:
        if frame.f_code.co_name == "_find_and_load":
            return True
        frame = frame.f_back
    return False


def _counted(files: Iterable[str]) -> list[str]:
    modules = (
        Path(file) for file in files if file.endswith(".py")
    )  # templates are compiled under their own names
    return sorted(str(file) for file in modules if file.name != "__init__.py" and _has_code(file))


def _has_code(file: Path) -> bool:
    body = ast.parse(file.read_text(encoding="utf-8")).body
    return any(not (isinstance(node, ast.Expr | ast.ImportFrom)) for node in body)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--hook"]:
        _hooked(Path(sys.argv[2]), sys.argv[3], sys.argv[4:])
    else:
        typer.run(trace)
