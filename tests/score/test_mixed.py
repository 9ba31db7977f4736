"""Bad rows of twelve kinds mixed into a good batch.

Exactly those are in quarantine, each with its reason; the others are as in a clean batch.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from creditloom.serving.batch.input import BatchInput
from creditloom.serving.whole import repeated
from creditloom.storage.files.store import read_table
from tests.registry.small import applications
from tests.score.conftest import Run

ROWS = 6_000
EACH = 7
Values = Callable[[np.ndarray], Any]
# table: rule -> column and its broken values
BROKEN: dict[str, tuple[str, Values]] = {
    "id_null": ("application_id", lambda rows: [None] * len(rows)),
    "id_blank": ("application_id", lambda rows: ["  "] * len(rows)),
    "id_duplicate": (
        "application_id",
        lambda rows: [f"twice {k // 2}" if k < EACH - 1 else "twice 0" for k in range(len(rows))],
    ),
    "as_of_null": ("as_of", lambda rows: pd.NaT),
    "as_of_past": ("as_of", lambda rows: pd.Timestamp("1970-01-01")),
    "as_of_future": ("as_of", lambda rows: pd.Timestamp("2027-01-01")),
    "not_finite": ("pay_a_3m", lambda rows: np.inf),
    "below_range": ("verified_income_fen", lambda rows: -1.0),
    "above_range": ("age_years", lambda rows: 131.0),
    "id_too_long": ("application_id", lambda rows: [f"{k:0300}" for k in range(len(rows))]),
    "text_too_long": ("purpose", lambda rows: ["y" * 2_000] * len(rows)),
    "no_consent": ("bur_d_3m", lambda rows: 0.5),
}


def _batch() -> pd.DataFrame:
    frame = applications(ROWS).astype({"verified_income_fen": float, "age_years": float})
    return frame.assign(application_id=[f"A{k}" for k in range(ROWS)])


def _spoiled(frame: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, dict[int, str]]:
    """The batch with EACH rows of every kind broken, and which rows these are."""
    places = np.random.default_rng(seed).choice(len(frame), (len(BROKEN), EACH), replace=False)
    spoiled = frame.copy()
    for rule, rows in zip(BROKEN, places, strict=True):
        column, values = BROKEN[rule]
        spoiled.loc[rows, column] = values(rows)
        if rule == "no_consent":
            spoiled.loc[rows, "consent_bureau"] = False
    return spoiled, {
        int(row): rule for rule, rows in zip(BROKEN, places, strict=True) for row in rows
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_exactly_the_bad_rows_are_set_aside_and_the_others_do_not_notice(
    score: Run, seed: int
) -> None:
    spoiled, bad = _spoiled(_batch(), seed)
    spoiled.to_parquet("bad.parquet", index=False, row_group_size=1_700)
    spoiled.drop(index=list(bad)).to_parquet("clean.parquet", index=False)
    options = ("--today", "2026-12-31", "--part-rows", "1000")
    assert score("bad.parquet", *options).exit_code == 0
    rejected = read_table("out.rejected.parquet").to_pylist()
    assert {row["row"]: row["rule"] for row in rejected} == bad
    assert len(rejected) == len(BROKEN) * EACH
    assert all(row["reason"] and row["column"] == BROKEN[row["rule"]][0] for row in rejected)
    assert score("clean.parquet", *options, "--output", "clean_out.parquet").exit_code == 0
    assert read_table("out.parquet").equals(read_table("clean_out.parquet"))


@pytest.mark.slow
def test_more_ids_than_memory_are_held_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """32 MB of ids in 30 MB of memory."""
    monkeypatch.setattr(repeated, "MEMORY_MB", 30)
    order = np.random.default_rng(3).permutation(800_000)
    ids = [f"{k:040}" for k in [*order, order[0], order[400_000], order[0]]]
    pd.DataFrame({"application_id": ids}).to_parquet(tmp_path / "in.parquet", index=False)
    source = BatchInput.open(tmp_path / "in.parquet")
    found = repeated.repeated_ids(source, "application_id", tmp_path / "spill", 1)
    assert found.to_pylist() == sorted({ids[0], ids[400_000]})
