"""A batch of 300 applications by the house, and bundles with the same model and another policy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from creditloom.decision.base.strict_json import canonical
from creditloom.decision.bundle import write_manifest
from creditloom.decision.score.tiers import Tiers
from creditloom.pipeline.cli import build
from creditloom.storage.files.errors import refusals
from tests.decision import small

ROWS = 300
# So large an error that some declines have no reason, and some have one.
ERROR_POINTS = 20.0
Command = Callable[..., Result]


def creditloom(*words: str) -> Result:
    """Run a command as a user types it; a refusal raises SystemExit."""
    with refusals():
        return CliRunner().invoke(build([words[0], "params"]), list(words), catch_exceptions=False)


def changed(bundle: Path, folder: Path, rules: Any = None, edges: Any = None) -> Path:
    """Return a copy of a bundle with another rule book, or with other edges."""
    shutil.copytree(bundle, folder)
    if rules is not None:
        (folder / "policy.json").write_bytes(canonical(rules))
    if edges is not None:
        (folder / "tiers.json").write_bytes(canonical(Tiers.from_edges(edges)))
    write_manifest(folder)
    return folder


def moved_edges(factor: float) -> tuple[float, ...]:
    """Return the edges of the small bundle, each times a factor."""
    return tuple(round(factor * edge, 6) for edge in small.EDGES)


@dataclass(frozen=True)
class Night:
    """The folder of a batch, its input, and the bundle that decided."""

    batch: Path
    source: Path
    bundle: Path

    @property
    def rules(self) -> Any:
        """The recorded rule book as JSON."""
        return json.loads((self.bundle / "policy.json").read_bytes())


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    home = tmp_path_factory.mktemp("whatif")
    bundle = small.write_bundle(home / "model")
    source = home / "in.parquet"
    small.frame(ROWS).to_parquet(source, row_group_size=70)
    found = Night(home / "night", source, bundle)
    score(found.source, found.batch, found.bundle)
    return found


@pytest.fixture(scope="session")
def unexplained(night: Night, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The same night by a bundle whose concepts are known so badly that few declines stand."""
    home = tmp_path_factory.mktemp("unexplained")
    bundle = shutil.copytree(night.bundle, home / "model")
    file = bundle / "reference.json"
    errors = dict.fromkeys((concept.id for concept in small.CONCEPTS), ERROR_POINTS)
    told = {**json.loads(file.read_bytes()), "concept_errors": errors}
    file.write_bytes(canonical(told))
    write_manifest(bundle)
    score(night.source, home / "night", bundle)
    return Night(home / "night", night.source, bundle)


def score(source: Path, batch: Path, bundle: Path) -> pd.DataFrame:
    """Decide a batch and return its decisions."""
    words = ("--input", str(source), "--output", str(batch), "--bundle", str(bundle))
    options = ("--today", "2026-01-01", "--part-rows", "110", "--accept-drift", "a test")
    assert creditloom("score", *words, *options).exit_code == 0
    return pd.read_parquet(batch / "decisions")
