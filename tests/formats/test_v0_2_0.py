"""What 0.2.0 decided from the applications of v1/ is verified and replayed by today's code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from creditloom.storage.files.store import read_table
from tests.formats.conftest import V1, Command

BATCH = Path(__file__).parent / "v0_2_0" / "batch"


@pytest.fixture
def batch(home: Path) -> Path:
    shutil.rmtree(home / "batch")
    shutil.copytree(BATCH, home / "batch")
    return home / "batch"


@pytest.mark.usefixtures("batch")
def test_its_batch_is_found_unchanged_and_replayed(creditloom: Command) -> None:
    assert creditloom("verify", "batch", "--json").exit_code == 0
    words = ("replay", "batch", "--bundle", "bundle", "--input", "in.parquet", "--json")
    outcome = json.loads(creditloom(*words).stdout)
    assert (outcome["decisions"], outcome["replayed"], outcome["mismatches"]) == (53, 53, 0)
    assert outcome["told"][0].startswith("decided by the code of 0.2.0, made again by today's (")


def test_it_set_the_same_rows_aside_as_613f9fa() -> None:
    rows = [read_table(folder / "quarantine").to_pylist() for folder in (V1 / "batch", BATCH)]
    assert rows[0] == rows[1] and len(rows[0]) == 7
