"""Counts the modules that a reader must open to follow `decide`, `score`, `fit` and the stages.

Run it as `python -m creditloom.pipeline.proof.tracer RUN`. RUN is a folder with params.yaml and the
outputs of a run (a checkout after `dvc repro`). Each call runs in a process of its own under a
profile hook. A module counts as `loaded` if it has code and was imported. It counts as `called` if
one of its functions ran. `__init__.py` files, tests and other packages do not count.
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
from rich.table import Table

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.stage import STAGES, module_of

CLI = "creditloom.pipeline.cli"
ROWS = 3_000  # that `score` decides
AIM = 0.75  # of the modules before the rooms were made
# (loaded, called) at commit 613f9fa, by the same hook on the same four calls. The modules were then
# in pipeline/, data/, features/ and models/.
BEFORE = {"decide": (58, 48), "score": (84, 72), "fit": (115, 72), "chain": (216, 165)}
LAST_CHARACTERS = 400  # of a failed call's errors

RunArgument = Annotated[
    Path, typer.Argument(help="a folder with params.yaml and the outputs of a run")
]
TableOption = Annotated[Path, typer.Option(help="a Parquet table for `fit`")]
LabelOption = Annotated[str, typer.Option(help="its label")]


def trace(run: RunArgument, table: TableOption, label: LabelOption = "target") -> None:
    """Count the modules of `decide`, `score`, `fit` and of the stages.

    Exit code 1 if a count is more than three quarters of the count before.
    """
    shown = Table("call", "loaded", "before", "called", "before", title="modules on the way")
    is_over = False
    with tempfile.TemporaryDirectory(prefix="creditloom-") as name:
        scratch = Path(name)
        for call, commands in _calls(run, table, label, scratch).items():
            traces = [_traced(words, run, scratch / "traced.json") for words in commands]
            loaded = len(set().union(*(one["loaded"] for one in traces)))
            called = len(set().union(*(one["called"] for one in traces)))
            loaded_before, called_before = BEFORE[call]
            is_over |= loaded > AIM * loaded_before or called > AIM * called_before
            shown.add_row(call, f"{loaded}", f"{loaded_before}", f"{called}", f"{called_before}")
    Console().print(shown)
    if is_over:
        raise typer.Exit(1)


def _calls(run: Path, table: Path, label: str, scratch: Path) -> dict[str, list[list[str]]]:
    """Return the commands of each named call; `chain` has one per stage."""
    rows = pq.ParquetFile(run / paths.MATRIX).read_row_group(0).slice(0, ROWS)
    source = str(scratch / "rows.parquet")
    pq.write_table(rows, source)
    bundle = str((run / paths.MODEL).absolute())
    application = str(rows["application_id"][8])
    batch = str(scratch / "batch")
    data = str(table.absolute())
    fitted = str(scratch / "fitted")
    decide = [CLI, "decide", "--application", application, "--bundle", bundle]
    score = [CLI, "score", "--input", source, "--output", batch, "--bundle", bundle]
    fit = [CLI, "fit", "--data", data, "--label", label, "--out", fitted]
    chain = [[module_of(stage)] for stage in STAGES]
    return {"decide": [decide], "score": [score], "fit": [fit], "chain": chain}


def _traced(words: list[str], run: Path, out: Path) -> dict[str, list[str]]:
    """Run a command under the hook in a process of its own; return its modules by kind."""
    # When this module runs as a program it is called __main__, which another process cannot import.
    module = __name__.replace("__main__", "creditloom.pipeline.proof.tracer")
    command = [sys.executable, "-m", module, "--hook", str(out), *words]
    ended = subprocess.run(  # noqa: S603  our own modules, no shell
        command, cwd=run, capture_output=True, text=True, check=False
    )
    if not out.is_file() or ended.returncode:
        errors = ended.stderr[-LAST_CHARACTERS:]
        raise typer.BadParameter(f"{' '.join(words)} failed in {run}: {errors}")
    modules: dict[str, list[str]] = json.loads(out.read_text(encoding="utf-8"))
    return modules


def _hooked(out: Path, module: str, words: list[str]) -> None:
    """Run `module` as a program and write which files of ours were loaded and called."""
    loaded = set[str]()
    called = set[str]()
    ours = str(paths.PACKAGE)

    def hook(frame: FrameType, event: str, _: Any) -> None:
        file = frame.f_code.co_filename
        if event != "call" or file in called or not file.startswith(ours):
            return
        if frame.f_code.co_name == "<module>":
            loaded.add(file)
        elif not _is_importing(frame):
            called.add(file)

    # Forget the modules that this program has loaded, so that the call loads them itself.
    for name in [name for name in sys.modules if name.startswith("creditloom")]:
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
    """Return whether a function runs only because a module is being imported."""
    # Declarations call functions too, but a reader of the call does not need those.
    while frame is not None:
        if frame.f_code.co_name == "_find_and_load":
            return True
        frame = frame.f_back
    return False


def _counted(files: Iterable[str]) -> list[str]:
    # Compiled templates have names of their own, which do not end in .py.
    modules = (Path(file) for file in files if file.endswith(".py"))
    return sorted(str(file) for file in modules if file.name != "__init__.py" and _has_code(file))


def _has_code(file: Path) -> bool:
    body = ast.parse(file.read_text(encoding="utf-8")).body
    return any(not (isinstance(node, ast.Expr | ast.ImportFrom)) for node in body)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--hook"]:
        _hooked(Path(sys.argv[2]), sys.argv[3], sys.argv[4:])
    else:
        typer.run(trace)
