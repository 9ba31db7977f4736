"""Chapter 8: facts of the policy, beside the features."""

from __future__ import annotations

import pytest

from tests.spec.spec import Features, features

HOUR = 1 / 24
HALF = HOUR / 2


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Features:
    """As of 12:00: 0.5 days back is midnight.

    Payments are known a day late, logins and checks after minutes.
    """
    return features(
        tmp_path_factory.mktemp("spec"),
        people="who | consent_location\n1 | true\n2 | true\n3 | false\n4 | true",
        payments="""
        who | ago  | known_ago | direction | category   | amount_fen
        1   | 1.5  | 0.5       | out       | withdrawal | 400000
        1   | 1.49 | 0.49      | out       | withdrawal | 200000
        1   | 1.1  | 0.1       | out       | withdrawal | 900000
        1   | 2.5  | 1.5       | out       | withdrawal | 700000
        1   | 1.2  | 0.2       | out       | transfer   | 600000
        1   | 1.3  | 0.3       | out       | transfer   | 500000
        2   | 0.5  | -0.5      | out       | withdrawal | 800000
        """,
        logins=f"""
    who | ago    | known_ago | device_id | ip_id | ip_region | is_fingerprint_match | is_emulator
    1   | 50     | 49        | 7         | 70    | 1         | true                 | false
    1   | 20     | 19        | 7         | 70    | 1         | true                 | true
    1   | 0.8    | 0.7       | 7         | 71    | 2         | true                 | true
    1   | {HALF} | 0.01      | 7         | 72    | 3         | true                 | false
    2   | 100    | 99        | 8         | 80    | 4         | false                | false
    2   | 20     | 19        | 7         | 80    | 4         | false                | true
    2   | 2      | 1         | 9         | 80    | 4         | false                | false
    3   | 20     | 19        | 7         | 70    | 1         | true                 | false
    3   | 40     | 39        | 8         | 80    | 1         | true                 | false
    4   | 5      | 4         |           |       |           | true                 | false
    """,
        identity_checks=f"""
        who | ago         | known_ago | kind      | is_pass
        1   | 400         | 399       | police    | false
        1   | 300         | 299       | police    | true
        1   | {HALF}      | 0.01      | face      | false
        1   | 0.9         | 0.8       | face      | false
        1   | 1.1         | 1.0       | face      | false
        2   | 12          | 11        | real_name | true
        """,
    )


def test_money_of_the_last_day_known(found: Features) -> None:
    """Midnight and 0:14 count, 9:36 is no night, the night before is too old.

    What is not yet known is not seen.
    """
    assert found["night_withdrawal_fen"] == {1: (400_000 + 200_000), 2: 0, 3: 0, 4: 0}
    assert found["largest_transfer_fen"] == {1: 600_000, 2: 0, 3: 0, 4: 0}


def test_one_emulator_login_may_be_an_error_and_two_are_none(found: Features) -> None:
    assert found["is_emulator"] == {1: 1, 2: 0, 3: 0, 4: 0}


def test_where_the_last_login_came_from(found: Features) -> None:
    """1: usual device, new region, from another region an hour earlier.

    2: device not seen before, usual region. 4: none known.
    """
    assert found["is_new_device"] == {1: 0, 2: 1, 3: 1, 4: None}
    assert found["is_holiday_same_device"] == {1: 1, 2: 0, 3: 0, 4: None}
    assert found["is_new_region_90d"] == {1: 1, 2: 0, 3: None, 4: None}
    assert found["is_remote_login"] == {1: 1, 2: None, 3: None, 4: None}


def test_a_device_is_bound_where_a_login_matched_it(found: Features) -> None:
    assert found["is_device_bound"] == {1: 1, 2: 0, 3: 1, 4: 1}


def test_operations_of_the_last_hour(found: Features) -> None:
    assert found["operations_1h"] == {1: (1 + 1), 2: 0, 3: 0, 4: 0}


def test_people_on_one_device(found: Features) -> None:
    """Device 7 served 1, 2 and 3 within 30 days, device 8 nobody else in that time.

    An address needs consent to location.
    """
    assert found["device_applicants_30d"] == {1: 3, 2: 3, 3: 3, 4: 1}
    assert found["ip_applicants_30d"] == {1: 2, 2: 1, 3: None, 4: 1}


def test_face_failures_within_24_hours(found: Features) -> None:
    assert found["face_failures_24h"] == {1: 2, 2: 0, 3: 0, 4: 0}


def test_a_proof_that_nobody_tried_is_not_known(found: Features) -> None:
    assert found["is_police_match"] == {1: 1, 2: None, 3: None, 4: None}
    assert found["is_face_passed"] == {1: 0, 2: None, 3: None, 4: None}
    assert found["is_id_valid"] == {1: None, 2: 1, 3: None, 4: None}
    assert found["account_age_days"] == {1: 300, 2: 12, 3: None, 4: None}


def test_a_fact_of_a_table_that_is_not_there_is_not_known(found: Features) -> None:
    assert set(found["past_overdues"].values()) == {None}
