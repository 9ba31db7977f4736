"""A finished batch of 60 applications, one set aside, in three parts, in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from creditloom.pipeline.cli import build
from creditloom.storage.files.errors import refusals
from tests.registry.small import applications, write_bundle

Command = Callable[..., Result]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("ledger") / "model")


@pytest.fixture
def creditloom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return `creditloom("verify", "night")` as a user types it, in an empty folder.

    A refusal raises SystemExit.
    """
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Result:
        with refusals():
            return CliRunner().invoke(
                build([words[0], "params"]), list(words), catch_exceptions=False
            )

    return run


@pytest.fixture
def frame() -> pd.DataFrame:
    frame = applications(60)
    return frame.assign(wealth_fen=[-1, *frame["wealth_fen"][1:]])


@pytest.fixture
def night(creditloom: Command, frame: pd.DataFrame, bundle: Path) -> Path:
    """The folder of the batch; its input is in.parquet."""
    frame.to_parquet("in.parquet", row_group_size=16)
    words = (
        "--input",
        "in.parquet",
        "--output",
        "night",
        "--bundle",
        str(bundle),
        "--today",
        "2026-01-01",
        "--part-rows",
        "25",
    )
    assert creditloom("score", *words).exit_code == 0
    return Path("night")
