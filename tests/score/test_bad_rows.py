"""Bad rows in a good batch are set aside with rule, row and reason.

The rest is decided as if they had not been there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from creditloom.decision.decide import Decider
from creditloom.decision.frames.arrow import decisions_table
from creditloom.storage.files.store import read_table
from tests.score.conftest import Run


def _set(column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Row 4 holds `value` in `column`."""

    def spoil(frame: pd.DataFrame) -> pd.DataFrame:
        values = frame[column].astype(object)
        values.iloc[4] = value
        return frame.assign(
            **{
                column: values.convert_dtypes()
                if column == "application_id"
                else values.infer_objects()
            }
        )

    return spoil


# table: a case a row
@pytest.mark.parametrize(
    ("spoil", "rule", "column"),
    [
        (_set("application_id", None), "id_null", "application_id"),
        (_set("as_of", pd.NaT), "as_of_null", "as_of"),
        (_set("as_of", pd.Timestamp("1970-01-01")), "as_of_past", "as_of"),
        (_set("as_of", pd.Timestamp("2026-01-02")), "as_of_future", "as_of"),
        (_set("pay_a_3m", np.inf), "not_finite", "pay_a_3m"),
        (_set("pay_a_3m", -np.inf), "not_finite", "pay_a_3m"),
        (_set("verified_income_fen", -1), "below_range", "verified_income_fen"),
        (_set("age_years", -3), "below_range", "age_years"),
        (_set("age_years", 131), "above_range", "age_years"),
        (_set("wealth_fen", 2e15), "above_range", "wealth_fen"),
        (_set("consent_bureau", False), "no_consent", "bur_d_3m"),
        (_set("consent_social", None), "no_consent", "soc_c_3m"),
    ],
)
def test_one_bad_row_is_set_aside(
    score: Run,
    frame: pd.DataFrame,
    bundle: Path,
    spoil: Callable[[pd.DataFrame], pd.DataFrame],
    rule: str,
    column: str,
) -> None:
    frame = frame.fillna({"bur_d_3m": 0.5, "soc_c_3m": 0.5})
    spoil(frame).to_parquet("in.parquet")
    assert score("in.parquet", "--part-rows", "20").exit_code == 0
    rejected = read_table("out.rejected.parquet").to_pylist()
    assert [(row["row"], row["rule"], row["column"]) for row in rejected] == [(4, rule, column)]
    assert rejected[0]["reason"]
    assert rejected[0]["application_id"] == (None if rule == "id_null" else 4)
    others = frame.drop(index=4).reset_index(drop=True)
    assert read_table("out.parquet").equals(decisions_table(Decider.load(bundle).decide(others)))


def test_flags_may_be_numbers_one_and_zero_and_no_other(
    score: Run, frame: pd.DataFrame, bundle: Path
) -> None:
    flags = frame["is_student"].astype("float64")
    flags.iloc[4] = 0.5
    frame.assign(is_student=flags).to_parquet("in.parquet")
    assert score("in.parquet").exit_code == 0
    assert [
        (row["row"], row["rule"]) for row in read_table("out.rejected.parquet").to_pylist()
    ] == [(4, "above_range")]
    others = frame.drop(index=4).reset_index(drop=True)
    assert read_table("out.parquet").equals(decisions_table(Decider.load(bundle).decide(others)))


def test_the_last_moment_of_today_is_not_the_future(score: Run, frame: pd.DataFrame) -> None:
    _set("as_of", pd.Timestamp("2026-01-01 23:59:59.999999"))(frame).to_parquet("in.parquet")
    score("in.parquet")
    assert not Path("out.rejected.parquet").exists()


def test_an_id_of_blanks_is_none(score: Run, frame: pd.DataFrame) -> None:
    frame.assign(application_id=["A1", "  ", "", *(f"B{k}" for k in range(57))]).to_parquet(
        "in.parquet"
    )
    score("in.parquet")
    assert [
        (row["row"], row["rule"]) for row in read_table("out.rejected.parquet").to_pylist()
    ] == [
        (1, "id_blank"),
        (2, "id_blank"),
    ]


def test_all_copies_of_a_duplicate_are_set_aside_across_blocks_and_files(
    score: Run, frame: pd.DataFrame
) -> None:
    Path("in").mkdir()
    frame.iloc[:40].to_parquet("in/a.parquet")
    pd.concat([frame.iloc[[39, 3]], frame.iloc[40:]]).to_parquet("in/b.parquet")
    score("in", "--part-rows", "10")
    rejected = read_table("out.rejected.parquet").to_pylist()
    assert [(row["row"], row["application_id"], row["rule"]) for row in rejected] == [
        (3, 3, "id_duplicate"),
        (39, 39, "id_duplicate"),
        (40, 39, "id_duplicate"),
        (41, 3, "id_duplicate"),
    ]
    decided = read_table("out.parquet")["application_id"].to_pylist()
    assert decided == [i for i in range(60) if i not in (3, 39)]


def test_large_ids_survive_a_null_beside_them(score: Run, frame: pd.DataFrame) -> None:
    """A null must not push int64 ids through float64."""
    ids = pd.array([2**62 + 1, None, *range(58)], dtype="Int64")
    frame.assign(application_id=ids).to_parquet("in.parquet")
    score("in.parquet")
    assert read_table("out.parquet")["application_id"].to_pylist()[:2] == [2**62 + 1, 0]


def test_a_row_with_two_faults_counts_once(score: Run, frame: pd.DataFrame) -> None:
    _set("wealth_fen", -5)(_set("as_of", pd.NaT)(frame)).to_parquet("in.parquet")
    score("in.parquet")
    assert [row["rule"] for row in read_table("out.rejected.parquet").to_pylist()] == ["as_of_null"]


def test_a_batch_of_only_bad_rows_leaves_an_empty_table_of_decisions(
    score: Run, frame: pd.DataFrame
) -> None:
    frame.assign(wealth_fen=-1).to_parquet("in.parquet")
    assert score("in.parquet").exit_code == 0
    assert read_table("out.parquet").num_rows == 0
    assert read_table("out.rejected.parquet").num_rows == 60
