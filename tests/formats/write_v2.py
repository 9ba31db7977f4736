"""Write v2/ by the code of release 0.2.0, the last one whose ledger was a chain of receipts alone.

A record of how the fixtures came about, not run by any test. In a checkout of that release, from a
folder that is new and empty:

    PYTHONPATH=. python -m tests.formats.write_v2 /tmp/creditloom-v2 tests/formats/v2

Everything is made in the first folder, whose neutral name then stands in batch.json, and copied to
the second.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from typer.testing import CliRunner

from creditloom.pipeline.base import paths
from creditloom.pipeline.cli import build
from tests.decision import small

KEPT = ("bundle", "in.parquet", "night.parquet", "night.rejected.parquet", "night.batch")
ROWS = 60
# One option a pair: asked for all rows with reasons, so that every column is filled.
SCORE = (
    *("score", "--input", "in.parquet"),
    *("--output", "night.parquet"),
    *("--bundle", "bundle"),
    *("--explain", "all"),
    *("--today", "2026-01-01"),
    *("--part-rows", "25"),
    *("--threads", "1"),
)


def applications() -> pd.DataFrame:
    """Sixty applications with ids of text, of which four are bad rows."""
    names = np.array([f"A-{number:04}" for number in range(ROWS)])
    frame = small.frame(ROWS, seed=6).assign(application_id=names)
    frame.loc[[4, 41], "application_id"] = "A-0004"
    frame.loc[9, "wealth_fen"] = -1.0
    frame.loc[33, "f1"] = np.inf
    return frame


def main(home: Path, target: Path) -> None:
    """Make everything in `home`, and copy what is kept to `target`."""
    os.chdir(home)
    shutil.copy(paths.DEFAULTS, home)
    small.write_bundle(Path("bundle"), small.rules())
    applications().to_parquet("in.parquet", index=False, row_group_size=16)
    result = CliRunner().invoke(build(["score", "params"]), list(SCORE), catch_exceptions=False)
    if result.exit_code:
        sys.exit(result.exit_code)
    Path("night.batch/.lock").unlink()
    for name in KEPT:
        (shutil.copytree if (home / name).is_dir() else shutil.copy)(home / name, target / name)


if __name__ == "__main__":
    place, kept = (Path(given).resolve() for given in sys.argv[1:])
    place.mkdir()
    kept.mkdir(parents=True, exist_ok=True)
    main(place, kept)
