"""The proof of letters counts what it wrote; faults of a writer are planted in test_letter.py."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pytest

from creditloom.decision.decide import Decider
from creditloom.pipeline.proof.evidence.letters import Proof, prove
from tests.decision import small


def blocks(rows: pd.DataFrame, size: int = 2_000) -> Iterator[pa.Table]:
    for start in range(0, len(rows), size):
        yield pa.Table.from_pandas(rows[start : start + size], preserve_index=False)


def with_uncut(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, and once more where nothing personal holds a limit down: uncut approvals."""
    volume = rows["annual_volume_fen"] * 1_000
    free = rows.assign(annual_volume_fen=volume, is_repeat=True, hard_enquiries_90d=0.0)
    both = pd.concat([rows, free])
    return both.assign(application_id=range(len(both)))


def test_a_few_letters_of_each_outcome_are_proved(decider: Decider, rows: pd.DataFrame) -> None:
    proof = prove(decider, blocks(with_uncut(rows[:150])), Proof(each=2, notices=20))
    assert proof.is_full and proof.faults == [] and proof.without_reason == 0
    assert proof.numbers > 100 and min(proof.explanations.values()) == 1


@pytest.mark.slow
def test_two_hundred_letters_of_each_outcome_and_ten_thousand_notices(decider: Decider) -> None:
    rows = with_uncut(small.frame(12_000))
    proof = prove(decider, blocks(rows), Proof(each=200, notices=10_000))
    assert proof.is_full and proof.faults == [] and proof.without_reason == 0
