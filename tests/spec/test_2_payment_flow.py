"""Chapter 2: payment flow."""

from __future__ import annotations

import math

import pytest

from tests.spec.spec import Features, close, features


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Features:
    return features(
        tmp_path_factory.mktemp("spec"),
        payments="""
        who | ago   | direction | category     | amount_fen | is_offline
        1   | 3     | out       | food         | 202        | true
        1   | 4     | out       | food         | 203        | false
        1   | 4     | out       | games        | 500        | false
        1   | 40    | out       | rent         | 100000     | false
        1   | 10    | in        | salary       | 300000     | false
        1   | 40    | in        | salary       | 300000     | false
        1   | 50    | in        | transfer     | 100000     | false
        2   | 9.4   | out       | withdrawal   | 20000      | false
        """,
        wallet_snapshots="""
        who | ago | inflow_fen | retained_fen
        1   | 10  | 1000       | 250
        1   | 40  | 1000       | 750
        1   | 60  | 0          | 0
        """,
        bills="""
        who | ago | kind  | amount_fen | days_late
        1   | 5   | water | 4000       | 0
        1   | 35  | phone | 6000       | 3
        1   | 65  | phone | 8000       | 9
        """,
    )


def test_sums_and_counts(found: Features) -> None:
    assert found["pay_out_amount_cny_1m"] == {1: (202 + 203 + 500) / 100, 2: 20000 / 100}
    assert found["pay_out_count_3m"] == {1: 4, 2: 1}
    assert found["pay_out_active_days_1m"] == {1: 2, 2: 1}  # two payments on one day count once


def test_averages(found: Features) -> None:
    assert found["pay_out_amount_mean_cny_1m"] == close({1: (202 + 203 + 500) / 3 / 100, 2: 200})
    assert found["pay_out_amount_max_cny_12m"] == {1: 1000, 2: 200}
    geometric = (
        math.exp((math.log1p(202) + math.log1p(203) + math.log1p(500) + math.log1p(100_000)) / 4)
        - 1
    )
    assert found["pay_out_amount_typical_cny_12m"] == close({1: geometric / 100, 2: 200})


def test_shares(found: Features) -> None:
    assert found["pay_out_food_count_share_3m"] == {1: 2 / 4, 2: 0}
    assert found["pay_out_games_amount_share_12m"] == close(
        {1: 500 / (202 + 203 + 500 + 100_000), 2: 0}
    )
    assert found["pay_in_salary_amount_share_12m"] == close({1: 600_000 / 700_000, 2: None})


def test_night_is_from_23_to_5(found: Features) -> None:
    """AS_OF is noon: 9.4 days before it is 02:24."""
    assert found["pay_out_night_count_share_1m"] == {1: 0, 2: 1}


def test_variety(found: Features) -> None:
    share = [2 / 4, 1 / 4, 1 / 4]  # food, games, rent
    assert found["pay_out_category_entropy_nats_12m"] == close(
        {1: -sum(p * math.log(p) for p in share), 2: 0}
    )


def test_month_to_month_variation(found: Features) -> None:
    """Sums of the three months: 905, 100000 and 0 fen."""
    months = [905, 100_000, 0]
    mean = sum(months) / 3
    spread = math.sqrt(sum((m - mean) ** 2 for m in months) / 3)
    assert found["pay_out_monthly_amount_cv_ratio_3m"] == close({1: spread / mean, 2: math.sqrt(2)})


def test_pace_against_the_year(found: Features) -> None:
    assert found["pay_out_count_vs12_ratio_1m"] == close(
        {1: (3 / 30) / (4 / 360), 2: (1 / 30) / (1 / 360)}
    )


def test_inflow_against_outflow(found: Features) -> None:
    flow_in = 700_000
    flow_out = 202 + 203 + 500 + 100_000
    assert found["pay_in_out_amount_gap_ratio_3m"] == close(
        {1: (flow_in - flow_out) / (flow_in + flow_out), 2: -1}
    )


def test_retention_leaves_out_snapshots_without_inflow(found: Features) -> None:
    assert found["pay_wallet_retained_mean_share_3m"] == {1: (0.25 + 0.75) / 2, 2: None}
    assert found["pay_wallet_retained_last_share_3m"] == {1: 0.25, 2: None}
    assert found["pay_wallet_retained_min_share_3m"] == {1: 0.25, 2: None}


def test_bills(found: Features) -> None:
    assert found["pay_bill_late_mean_days_3m"] == {1: (0 + 3 + 9) / 3, 2: None}
    assert found["pay_bill_on_time_count_share_3m"] == close({1: 1 / 3, 2: None})
    assert found["pay_bill_late_count_1m"] == {1: 0, 2: 0}
    assert found["pay_bill_late7_count_share_12m"] == close({1: 1 / 3, 2: None})
    assert found["pay_bill_late_recency_days_12m"] == {1: 35, 2: None}
