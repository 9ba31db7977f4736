"""Chapter 4: assets."""

from __future__ import annotations

import pytest

from tests.spec.spec import Features, close, features


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Features:
    return features(
        tmp_path_factory.mktemp("spec"),
        asset_balances="""
        who | ago | account | balance_fen
        1   | 5   | lqt     | 60000
        1   | 20  | lqt     | 0
        1   | 50  | lqt     | 30000
        1   | 5   | lct     | 500000
        """,
        contributions="""
        who | ago | kind             | amount_fen
        1   | 40  | social_insurance | 50000
        1   | 70  | social_insurance | 50000
        1   | 100 | social_insurance | 50000
        1   | 200 | social_insurance | 50000
        1   | 40  | housing_fund     | 80000
        """,
        asset_proofs="""
        who | ago | kind     | value_fen
        1   | 90  | property | 90000000
        1   | 600 | car      |
        1   | 50  | car      | 10000000
        """,
    )


def test_balances(found: Features) -> None:
    assert found["ast_lqt_balance_last_cny_3m"] == {1: 600, 2: None}
    assert found["ast_lqt_balance_mean_cny_3m"] == {1: (600 + 0 + 300) / 3, 2: None}
    assert found["ast_lqt_balance_min_cny_3m"] == {1: 0, 2: None}
    assert found["ast_lqt_balance_max_cny_3m"] == {1: 600, 2: None}
    assert found["ast_lqt_held_count_share_3m"] == close({1: 2 / 3, 2: None})
    assert found["ast_lct_balance_mean_cny_1m"] == {1: 5000, 2: None}


def test_a_recent_balance_against_the_year(found: Features) -> None:
    assert found["ast_lqt_balance_vs12_ratio_1m"] == close(
        {1: ((600 + 0) / 2) / ((600 + 0 + 300) / 3), 2: None}
    )


def test_months_in_a_row_start_at_the_latest_month_on_record(found: Features) -> None:
    """Nothing in the newest month (the report lags), then three months in a row, then a gap."""
    assert found["ast_paid_insurance_run_months_12m"] == {1: 3, 2: 0}
    assert found["ast_paid_fund_run_months_12m"] == {1: 1, 2: 0}
    assert found["ast_paid_active_months_12m"] == {1: 4, 2: 0}


def test_contributions(found: Features) -> None:
    assert found["ast_paid_count_12m"] == {1: 5, 2: 0}
    assert found["ast_paid_amount_cny_3m"] == {1: (50000 + 50000 + 80000) / 100, 2: 0}
    assert found["ast_paid_insurance_recency_days_ever"] == {1: 40, 2: None}


def test_proofs_count_however_long_ago(found: Features) -> None:
    assert found["ast_proof_count_ever"] == {1: 3, 2: 0}
    assert found["ast_proof_kind_distinct_ever"] == {1: 2, 2: 0}
    assert found["ast_proof_value_cny_ever"] == {
        1: 900_000 + 100_000,
        2: 0,
    }  # a proof without a value adds nothing
    assert found["ast_proof_tenure_days_ever"] == {1: 600, 2: None}
