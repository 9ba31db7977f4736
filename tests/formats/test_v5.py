"""A bundle of format 5: sentences, typical values, errors of concepts.

v5/ was made by `write_v5`. Later code reads it, and decides and explains to the same bits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from creditloom.decision.bundle import Bundle
from creditloom.decision.decide import Decider
from creditloom.decision.reasons.significance import UNEXPLAINED
from creditloom.storage.files.store import read_table

V5 = Path(__file__).parent / "v5"


@pytest.fixture(scope="module")
def again() -> pd.DataFrame:
    return Decider.load(V5 / "bundle", 1).decide(pd.read_parquet(V5 / "in.parquet"), explain="all")


def test_it_holds_what_its_format_brought() -> None:
    bundle = Bundle.load(V5 / "bundle", 1)
    assert (bundle.format, bundle.reference.error_multiple) == (5, 1.5)
    assert set(bundle.reference.concept_errors.values()) == {30.0}
    assert any(value is not None for value in bundle.reference.typical.values())
    assert all(feature.high_zh for feature in bundle.scorer.catalogue.features)


def test_it_decides_and_explains_its_rows_to_the_same_bits(again: pd.DataFrame) -> None:
    decided = read_table(V5 / "decisions.parquet").to_pandas()
    assert list(again.decision_id) == list(decided.decision_id)
    assert list(again.decision) == list(decided.decision)
    for name in ("pd", "score_raw", *(n for n in decided if n.startswith("points_"))):
        np.testing.assert_array_equal(again[name], decided[name])
    reasons = pq.read_table(V5 / "decisions.parquet")["reasons"].to_pylist()
    assert [[tuple(r.values()) for r in row] for row in again.reasons] == [
        [tuple(r.values()) for r in row] for row in reasons
    ]


def test_some_of_its_declines_went_to_a_person(again: pd.DataFrame) -> None:
    first = [row[0]["concept"] for row in again.reasons if row]
    assert UNEXPLAINED in first
