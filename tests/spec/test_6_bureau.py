"""Chapter 6: bureau record."""

from __future__ import annotations

import pytest

from tests.spec.spec import Features, close, features


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Features:
    return features(
        tmp_path_factory.mktemp("spec"),
        enquiries="""
        who | ago | lender_id | kind
        1   | 3   | 5         | hard
        1   | 40  | 5         | hard
        1   | 80  | 6         | hard
        1   | 85  | 6         | soft
        1   | 91  | 7         | hard
        """,
        bureau_snapshots="""
        who | ago | known_ago | active_lenders | utilisation | debt_fen | bureau_score
        1   | 40  | 10        | 3              | 0.5         | 200000   | 640
        1   | 70  | 40        | 1              | 0.9         | 100000   | 660
        1   | 20  | -10       | 9              | 1.0         | 900000   | 400
        """,
        repayments="""
        who | ago | lender_id | amount_fen | days_late
        1   | 10  | 5         | 10000      | 0
        1   | 40  | 5         | 10000      | 12
        1   | 70  | 0         | 20000      | 0
        """,
        payments="who | ago | direction | category | amount_fen\n1 | 10 | in | salary | 400000",
    )


def test_enquiries(found: Features) -> None:
    assert found["bur_enquiry_hard_count_3m"] == {1: 3, 2: 0}
    assert found["hard_enquiries_90d"] == found["bur_enquiry_hard_count_3m"]
    assert found["bur_enquiry_lender_distinct_3m"] == {1: 2, 2: 0}
    assert found["bur_enquiry_hard_count_share_12m"] == {1: 4 / 5, 2: None}
    assert found["bur_enquiry_hard_recency_days_12m"] == {1: 3, 2: None}


def test_a_statement_counts_once_it_is_reported(found: Features) -> None:
    assert found["bur_statement_utilisation_last_share_3m"] == {1: 0.5, 2: None}
    assert found["bur_statement_utilisation_mean_share_3m"] == {1: (0.5 + 0.9) / 2, 2: None}
    assert found["bur_statement_lenders_max_12m"] == {1: 3, 2: None}
    assert found["bur_statement_score_mean_points_3m"] == {1: (640 + 660) / 2, 2: None}
    assert found["bur_statement_maxed_count_share_12m"] == {1: 1 / 2, 2: None}


def test_repayments(found: Features) -> None:
    assert found["bur_instalment_late_mean_days_3m"] == {1: (0 + 12 + 0) / 3, 2: None}
    assert found["bur_instalment_on_time_count_share_3m"] == close({1: 2 / 3, 2: None})
    assert found["bur_instalment_late_max_days_12m"] == {1: 12, 2: None}
    assert found["bur_instalment_amount_cny_3m"] == {1: (10000 + 10000 + 20000) / 100, 2: 0}
    assert found["bur_instalment_own_count_12m"] == {1: 1, 2: 0}


def test_debt_against_inflow(found: Features) -> None:
    assert found["bur_debt_to_inflow_ratio_3m"] == {1: ((200_000 + 100_000) / 2) / 400_000, 2: None}
    assert found["bur_instalments_to_inflow_ratio_3m"] == {1: 40_000 / 400_000, 2: None}
