"""Every command in a folder without data: a message with the next step, and no traceback."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from creditloom.pipeline import cli
from creditloom.pipeline.base import paths

# table: command -> words that ask it for something that is not there
ASKED = {
    "keep": (),
    "tune": (),
    "backtest": (),
    "rejects": (),
    "alternatives": (),
    "compare": (),
    "optimise": (),
    "forward": (),
    "review": (),
    "explain": ("--first", "decline"),
    "letter": ("--application", "1"),
    "recourse": ("--application", "1"),
    "refer": ("list",),
    "lineage": ("--random", "3"),
    "decide": ("--application", "1"),
    "register": (),
    "promote": ("--version", "1", "--reason", "x"),
    "verify": ("x",),
    "replay": ("x",),
    "erase": ("1", "--reason", "asked for by letter"),
    "steadiness": (),
    "certificate": (),
    "score": ("--input", "x.parquet", "--output", "night"),
    "whatif": ("--policy", "params.yaml", "--decisions", "x"),
    "retrain": ("--as-of", "2026-04"),
    "snapshot": ("check", "x"),
    "lake": ("check", "x"),
    "check": ("x",),
    "fit": ("--data", "x.csv", "--label", "y", "--out", "fitted"),
    "verify-model": ("models:/credit-decision@champion",),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ASKED)
def test_without_data_a_command_refuses_in_words(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(paths.DEFAULTS, paths.PARAMS)
    command = cli.build([name], is_main=True)
    ended = CliRunner().invoke(command, [name, *ASKED[name]])
    assert isinstance(ended.exception, SystemExit), ended.exception
    assert ended.exit_code == 2 and "Traceback" not in ended.output
