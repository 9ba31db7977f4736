"""Chapter 5: device stability."""

from __future__ import annotations

import math

import pytest

from tests.spec.spec import Features, close, features


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Features:
    return features(
        tmp_path_factory.mktemp("spec"),
        logins="""
        who | ago | device_id | ip_region | is_fingerprint_match | is_emulator
        1   | 50  | 7         | 1         | true                 | false
        1   | 20  | 8         | 1         | false                | false
        1   | 10  |           | 2         | true                 | false
        1   | 5   | 7         | 1         | true                 | true
        2   | 5   | 9         | 4         | true                 | false
        """,
    )


def test_devices(found: Features) -> None:
    assert found["dev_login_device_distinct_1m"] == {1: 2, 2: 1}
    assert found["dev_login_device_new_1m"] == {1: 1, 2: 1}  # 7 was seen before
    assert found["dev_login_main_device_share_3m"] == close({1: 2 / 3, 2: 1})


def test_a_login_without_device_is_passed_over(found: Features) -> None:
    """7, 8, (none), 7: two changes in two pairs."""
    assert found["dev_login_device_change_count_3m"] == {1: 2, 2: 0}
    assert found["dev_login_device_change_share_3m"] == {1: 2 / 2, 2: None}
    assert found["dev_login_known_count_share_12m"] == {1: 3 / 4, 2: 1}


def test_a_change_counts_where_it_happens(found: Features) -> None:
    """The change from 7 to 8 lies 20 days back, though 7 was used 50 days back."""
    assert found["dev_login_device_change_count_1m"] == {1: 2, 2: 0}


def test_regions(found: Features) -> None:
    assert found["dev_login_region_distinct_3m"] == {1: 2, 2: 1}
    assert found["dev_login_main_region_share_12m"] == {1: 3 / 4, 2: 1}
    assert found["dev_login_region_change_count_3m"] == {1: 2, 2: 0}  # 1, 1, 2, 1


def test_variety_of_devices(found: Features) -> None:
    share = [2 / 3, 1 / 3]
    assert found["dev_login_device_entropy_nats_12m"] == close(
        {1: -sum(p * math.log(p) for p in share), 2: 0}
    )


def test_integrity(found: Features) -> None:
    assert found["dev_login_match_count_share_3m"] == {1: 3 / 4, 2: 1}
    assert found["dev_login_mismatch_recency_days_12m"] == {1: 20, 2: None}
    assert found["dev_login_emulator_count_1m"] == {1: 1, 2: 0}
