"""Chapter 1: time. What an application sees, and where a window ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spec.spec import Features, features


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Features:
    second = 1 / 86_400
    return features(
        tmp_path_factory.mktemp("spec"),
        people="who\n1\n2\n3\n4\n5",
        payments=f"""
        who | ago             | known_ago   | direction | amount_fen
        1   | 2               | 1           | out       | 202
        1   | 0               | 0           | out       | 1000
        1   | -1              | -2          | out       | 1000
        2   | 2               | 0           | out       | 1000
        2   | 2               | {second}    | out       | 303
        3   | 1               | 0.5         | out       | 1
        3   | {1 + second}    | 0.5         | out       | 10
        3   | 7               | 6           | out       | 100
        3   | {7 + second}    | 6           | out       | 1000
        4   | 30              | 29          | out       | 1
        4   | {30 + second}   | 29          | out       | 10
        4   | 360             | 359         | out       | 100
        4   | {360 + second}  | 359         | out       | 1000
        """,
    )


def test_an_event_at_or_after_the_application_is_not_seen(seen: Features) -> None:
    assert seen["pay_out_amount_cny_12m"][1] == 202 / 100


def test_an_event_not_yet_known_is_not_seen(seen: Features) -> None:
    assert seen["pay_out_amount_cny_12m"][2] == 303 / 100


def test_a_window_holds_its_first_moment(seen: Features) -> None:
    assert seen["pay_out_amount_cny_7d"][3] == (1 + 10 + 100) / 100
    assert seen["pay_out_amount_cny_1m"] == {
        1: 202 / 100,
        2: 303 / 100,
        3: (1 + 10 + 100 + 1000) / 100,
        4: 1 / 100,
        5: 0,
    }
    assert seen["pay_out_amount_cny_3m"][4] == (1 + 10) / 100
    assert seen["pay_out_amount_cny_12m"][4] == (1 + 10 + 100) / 100


def test_nothing_is_zero_when_counted_and_null_when_averaged(seen: Features) -> None:
    assert seen["pay_out_count_12m"] == {1: 1, 2: 1, 3: 4, 4: 3, 5: 0}
    assert seen["pay_out_amount_mean_cny_12m"][5] is None
    assert seen["pay_out_recency_days_12m"] == {1: 2, 2: 2, 3: 1, 4: 30, 5: None}


def test_a_refused_consent_nulls_the_table_and_nothing_else(tmp_path: Path) -> None:
    found = features(
        tmp_path,
        people="who | consent_bureau | consent_location\n1 | true | true\n2 | false | false",
        enquiries="who | ago | kind\n1 | 5 | hard\n2 | 5 | hard",
        logins="who | ago | device_id | ip_region\n1 | 3 | 7 | 1\n2 | 3 | 7 | 1",
    )
    assert found["bur_enquiry_hard_count_3m"] == {1: 1, 2: None}
    assert found["hard_enquiries_90d"] == {1: 1, 2: None}
    assert found["dev_login_region_distinct_3m"] == {1: 1, 2: None}
    assert found["dev_login_device_distinct_3m"] == {1: 1, 2: 1}
