"""A bundle of format 4: what training saw of nulls and levels, a layout, a rule for the rest.

v4/ was made by `write_v4`. Later code reads it, and decides to the same bits.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from creditloom.decision.base.errors import DecisionError
from creditloom.decision.bundle import MANIFEST, Bundle, write_manifest
from creditloom.decision.decide import Decider
from creditloom.storage.files.store import read_json, read_table, write_json

V4 = Path(__file__).parent / "v4"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return shutil.copytree(V4 / "bundle", tmp_path / "bundle")


def test_its_manifest_names_the_layout_and_its_format(bundle: Path) -> None:
    manifest = read_json(bundle / MANIFEST)
    assert manifest["format"] == 4 and "layout.json" in manifest["files"]
    version = Bundle.load(bundle).version
    assert write_manifest(bundle) == version


def test_a_bundle_that_needs_nothing_of_it_keeps_the_format_of_before(bundle: Path) -> None:
    """So that an earlier release reads it still."""
    (bundle / "layout.json").unlink()
    catalogue = read_json(bundle / "catalogue.json")
    policy = read_json(bundle / "policy.json")
    del policy["beyond_training"]
    write_json({**catalogue, "version": 1}, bundle / "catalogue.json")
    write_json({**policy, "version": 3}, bundle / "policy.json")
    write_manifest(bundle)
    assert read_json(bundle / MANIFEST)["format"] == 3
    assert not any(
        f.codes or f.null_share == 0 for f in Bundle.load(bundle).scorer.catalogue.features
    )


def test_it_decides_its_rows_to_the_same_bits(bundle: Path) -> None:
    again = Decider.load(bundle, 1).decide(pd.read_parquet(V4 / "in.parquet"), explain="all")
    decided = read_table(V4 / "decisions.parquet").to_pandas()
    assert list(again.decision_id) == list(decided.decision_id)
    assert list(again.decision) == list(decided.decision)
    for name in ("pd", "score_raw", *(n for n in decided if n.startswith("points_"))):
        np.testing.assert_array_equal(again[name], decided[name])
    reasons = pq.read_table(V4 / "decisions.parquet")["reasons"].to_pylist()
    assert [[(r["concept"], r["points"]) for r in row] for row in again.reasons] == [
        [(r["concept"], r["points"]) for r in row] for row in reasons
    ]


def test_a_changed_layout_is_refused(bundle: Path) -> None:
    layout = read_json(bundle / "layout.json")
    write_json({**layout, "id": "home"}, bundle / "layout.json")
    with pytest.raises(DecisionError, match="changed or truncated"):
        Bundle.load(bundle)
    write_json({**layout, "id": layout["label"]}, bundle / "layout.json")
    write_manifest(bundle)
    with pytest.raises(DecisionError, match="plays two parts"):
        Bundle.load(bundle)
