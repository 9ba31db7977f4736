"""The notebook runs from its first cell to its last, as somebody who has just cloned this does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.checkout import ROOT

EXAMPLES = ROOT / "examples"
# The command's own start, and then a drawing as the page of a fit makes it.
DRAW = """
from contextlib import suppress
from creditloom.pipeline.cli import main
from creditloom.report.page.charts import sheet
with suppress(SystemExit):
    main()
with sheet("one"):
    pass
print("drawn")
"""
NOTEBOOK = EXAMPLES / "own_table_in_five_minutes.ipynb"


def outputs(notebook: Any) -> str:
    """Return all that the cells printed or showed, as text."""
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    texts = [one.get("text") or one.get("data", {}).get("text/plain", "") for one in shown]
    return "\n".join(map(str, texts))


def test_the_table_is_whole_and_says_where_it_is_from() -> None:
    table = pd.read_csv(EXAMPLES / "german_credit" / "german_credit.csv")
    said = (EXAMPLES / "german_credit" / "README.md").read_text(encoding="utf-8")
    assert (len(table), int(table["bad"].sum()), table["loan"].is_unique) == (1000, 300, True)
    assert "Hofmann" in said and "CC BY 4.0" in said
    assert "CC BY 4.0" in NOTEBOOK.read_text(encoding="utf-8")


def test_the_notebook_is_kept_without_its_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert [
        cell["id"] for cell in cells if cell.get("outputs") or cell.get("execution_count")
    ] == []


@pytest.mark.slow
def test_a_command_draws_although_a_notebook_starts_it() -> None:
    """A kernel's MPLBACKEND names a module that need not be installed where the command is."""
    env = {**os.environ, "MPLBACKEND": "no_such_backend"}
    words = [sys.executable, "-c", DRAW, "--version"]
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, "drawn" in done.stdout) == (0, True), done.stderr


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of the extra `dev`; only this test needs them.
    import nbformat
    from nbclient import NotebookClient

    # Its shell finds `creditloom` where this Python lies, and its temporary folder is ours.
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    place = {"metadata": {"path": str(EXAMPLES)}}
    NotebookClient(notebook, timeout=600, resources=place).execute()
    told = outputs(notebook)
    # A shell command that fails raises nothing in a notebook: its last words must be there.
    assert "900 rows to learn from" in told and "100 decisions in 1 part" in told
    assert "bad_rate" in told
