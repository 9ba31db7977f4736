"""Claim: each feature says something of its own (S5-R21).

None is constant and no two are equal.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from creditloom.models.selection.feature_choice import SelectionParams, select
from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.storage.files.store import read_json

APPLICANTS = 20_000  # so many that rare signals, as those of fraud rings, occur


@pytest.mark.slow
def test_two_thousand_features_are_distinct_and_none_is_constant(tmp_path: Path) -> None:
    stage_runner.prepare(tmp_path, {"world.applicants": APPLICANTS})
    stage_runner.run(tmp_path, ("simulate", "featurize"))
    names = tuple(feature["name"] for feature in read_json(tmp_path / paths.CATALOGUE)["features"])
    matrix = pq.read_table(tmp_path / paths.MATRIX, columns=list(names))
    x = np.stack([matrix[name].to_numpy().astype(np.float32) for name in names], axis=1)
    limits = SelectionParams(
        max_null_share=1.0, max_correlation=0.999, max_psi=np.inf, rows=APPLICANTS
    )
    kept, fallen = select(x, names, np.zeros(len(x), np.int64), limits)
    assert fallen == () and len(kept) >= 2_000
