"""What 613f9fa wrote (v1/, by write_v1.py), copied into an empty folder.

And the command line run there.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from creditloom.pipeline.base import paths
from creditloom.pipeline.cli import build
from creditloom.storage.files.errors import refusals
from creditloom.storage.files.store import read_table

V1 = Path(__file__).parent / "v1"
Command = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Enter a folder with bundle/, batch/, in.parquet, aliases.jsonl, ... of 613f9fa.

    It is a copy and may be changed.
    """
    shutil.copytree(V1, tmp_path, dirs_exist_ok=True)
    shutil.copy(paths.DEFAULTS, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def creditloom(home: Path) -> Command:
    """`creditloom("verify", "batch")` as a user types it; a refusal raises SystemExit."""

    def run(*words: str) -> Result:
        with refusals():
            return CliRunner().invoke(
                build([words[0], "params"]), list(words), catch_exceptions=False
            )

    return run


@pytest.fixture(scope="session")
def decided() -> pd.DataFrame:
    """The applications of the batch that were decided, in its order."""
    rejected = read_table(V1 / "batch" / "quarantine")["row"].to_pylist()
    return pd.read_parquet(V1 / "in.parquet").drop(index=rejected).reset_index(drop=True)
