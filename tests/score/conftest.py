"""A bundle and a clean batch of 60 applications in a folder of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from creditloom.pipeline.cli import build
from creditloom.storage.files.errors import refusals
from tests.registry.small import applications, write_bundle

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("score") / "model")


@pytest.fixture
def frame() -> pd.DataFrame:
    return applications(60)


@pytest.fixture
def score(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return `score(input, *options)` as a user types it, with the bundle, in an empty folder.

    The output is `out.parquet`.
    """
    monkeypatch.chdir(tmp_path)
    return scoring(bundle)


def scoring(bundle: Path) -> Run:
    """Return `score(input, *options)` with the bundle, in whatever folder it is called."""
    app = build(["score"])

    def run(source: Path | str, *options: str) -> Result:
        words = [
            "score",
            "--input",
            str(source),
            "--output",
            "out.parquet",
            "--bundle",
            str(bundle),
            "--today",
            "2026-01-01",
            *options,
        ]
        with refusals():
            return CliRunner().invoke(app, words, catch_exceptions=False)

    return run
