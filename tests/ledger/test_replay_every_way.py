"""A batch that is decided again in any way gives the same decisions.

Rows alone or together, shuffled, on one or two threads, from Parquet or CSV.

CREDITLOOM_REPLAY_ROWS says how many rows (20,000 without it); CREDITLOOM_REPLAY_ROWS=1000000 is the
proof at size. Of these CREDITLOOM_REPLAY_ALONE (20,000 without it), drawn at random, are also
decided one by one.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.ledger.conftest import Command
from tests.registry.small import applications

pytestmark = pytest.mark.slow
ROWS = int(os.environ.get("CREDITLOOM_REPLAY_ROWS", "20000"))
ALONE = min(ROWS, int(os.environ.get("CREDITLOOM_REPLAY_ALONE", "20000")))
DIFFERENT = 5_000  # rows that differ, repeated under new ids


@pytest.fixture
def frame() -> pd.DataFrame:
    few = applications(DIFFERENT)
    return (
        pd.concat([few] * -(-ROWS // DIFFERENT), ignore_index=True)
        .iloc[:ROWS]
        .assign(application_id=np.arange(ROWS))
    )


@pytest.fixture
def night(creditloom: Command, frame: pd.DataFrame, bundle: Path) -> Path:
    frame.to_parquet("in.parquet", index=False)
    frame.sample(ALONE, random_state=5).to_parquet("alone.parquet", index=False)
    frame.to_csv("in.csv", index=False)
    given = ("--input", "in.parquet", "--output", "night", "--bundle", str(bundle))
    words = (*given, "--today", "2100-01-01", "--accept-drift", "repeated rows")
    assert creditloom("score", *words).exit_code == 0
    return Path("night")


def test_no_way_of_deciding_makes_a_difference_and_a_flipped_byte_is_found(
    creditloom: Command, night: Path, bundle: Path
) -> None:
    # table: options -> decisions that they replay
    ways: dict[tuple[str, ...], int] = {
        ("--threads", "1"): ROWS,
        ("--threads", "2"): ROWS,
        ("--threads", "1", "--shuffle", "3", "--rows", "1000"): ROWS,
        ("--threads", "2", "--shuffle", "7"): ROWS,
        ("--input", "in.csv", "--threads", "2"): ROWS,
        ("--input", "alone.parquet", "--rows", "1", "--threads", "1"): ALONE,
    }
    for way, rows in ways.items():
        outcome = json.loads(creditloom("replay", "night", "--json", *way).stdout)
        assert (outcome["decisions"], outcome["replayed"], outcome["mismatches"]) == (
            ROWS,
            rows,
            0,
        ), way
    assert creditloom("verify", "night").exit_code == 0
    _flip_a_byte(night / "decisions/part-00000.parquet")
    assert creditloom("verify", "night").exit_code == 6


def test_a_flipped_bit_of_the_input_is_found_in_its_row(
    creditloom: Command, night: Path, frame: pd.DataFrame
) -> None:
    values = frame["pay_b_3m"].to_numpy(copy=True)
    row = int(np.flatnonzero(~np.isnan(values))[ROWS // 2])
    values.view(np.uint64)[row] ^= np.uint64(1)
    frame.assign(pay_b_3m=values).to_parquet("other.parquet", index=False)
    result = creditloom("replay", "night", "--input", "other.parquet", "--json")
    assert result.exit_code == 6
    assert json.loads(result.stdout)["other_input"] == [str(row)]


def _flip_a_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
