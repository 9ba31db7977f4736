"""`source.kind: matrix`: a finished feature table goes through the pipeline's own stages.

Up to the decisions.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.storage.files.store import read_frame, read_json
from tests.fit.conftest import loans

CHANGES = {
    "source.kind": "matrix", "source.path": "loans.parquet", "source.label": "bad",
    "source.id": "number", "source.time": "day", "source.protected": ["sex"],
    "source.drop": ["loan"], "policy.product": None,
    "policy.tier_edges": [0.05, 0.08, 0.12, 0.17, 0.22, 0.3, 0.4, 0.5, 0.7],
    "train.booster.max_trees": 100, "train.booster.min_trees": 50,
}  # fmt: skip


@pytest.mark.slow
def test_a_finished_table_goes_through_the_stages(tmp_path: Path) -> None:
    frame = loans(1_400).assign(number=lambda f: range(len(f)))
    frame["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame["number"] / 2, "D")
    stage_runner.prepare(tmp_path, CHANGES, paths.DEFAULTS)
    frame.to_parquet(tmp_path / "loans.parquet", index=False)
    stage_runner.run(tmp_path, stage_runner.TO_DECISIONS)
    decisions = read_frame(tmp_path / paths.DECISIONS)
    assert decisions["application_id"].tolist() == frame["number"].tolist()
    assert set(decisions["decision"]) <= {"approve", "refer", "decline"}
    assert decisions.loc[decisions["decision"] == "decline", "reasons"].map(len).min() >= 1
    concepts = {concept["id"] for concept in read_json(tmp_path / paths.CATALOGUE)["concepts"]}
    assert concepts == {"income", "debt", "home", "branch"}
