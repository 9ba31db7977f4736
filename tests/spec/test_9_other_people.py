"""Chapter 9: other people, at two steps, in transfers and on the same devices."""

from __future__ import annotations

import pytest

from tests.spec.spec import Features, close, features


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Features:
    """As of 12:00 on the first of the month: 0.5 days back the month began.

    Person 4 keeps the location private.
    """
    return features(
        tmp_path_factory.mktemp("spec"),
        people="""
        who | consent_location
        1   | true
        2   | true
        3   | true
        4   | false
        5   | true
        6   | true
        """,
        contacts="""
        who | ago | contact_id
        1   | 100 | 2
        2   | 100 | 3
        2   | 100 | 4
        3   | 100 | 5
        4   | 100 | 5
        1   | 0.4 | 6
        """,
        loan_performance="""
        who | ago | dpd_days
        1   | 90  | 95
        3   | 90  | 95
        4   | 90  | 40
        5   | 0.4 | 95
        """,
        payments="""
        who | ago | direction | category | amount_fen | counterparty_id
        1   | 50  | out       | transfer | 5000       | 2
        1   | 20  | out       | transfer | 5000       | 2
        2   | 20  | in        | transfer | 5000       | 1
        2   | 40  | out       | transfer | 5000       | 3
        3   | 10  | out       | transfer | 5000       | 1
        4   | 5   | out       | transfer | 5000       | 2
        2   | 3   | out       | transfer | 5000       | 4
        5   | 3   | out       | transfer | 5000       |
        """,
        logins="""
        who | ago | device_id | ip_id
        1   | 3   | 70        | 700
        2   | 4   | 70        | 700
        5   | 5   | 70        |
        2   | 50  | 71        |
        3   | 60  | 71        |
        4   | 2   | 72        | 700
        """,
        identity_checks="""
        who | ago | kind | is_pass
        1   | 200 | face | true
        2   | 30  | face | false
        2   | 21  | face | true
        5   | 20  | face | true
        """,
    )


def test_people_at_two_steps_count_once(found: Features) -> None:
    """1 knows 2, who knows 3 and 4, who both know 5. The edge to 6 is younger than the month."""
    assert found["soc_graph_second_count_ever"] == {1: 2, 2: 1, 3: 2, 4: 2, 5: 1, 6: 0}


def test_the_known_record_at_two_steps(found: Features) -> None:
    """Of 1's second degree 3 is bad and 4 is late; 5's default is not known before the month.

    1's own counts for 3 and 4, never for 1.
    """
    assert found["soc_graph_second_loan_count_ever"] == {1: 2, 2: 0, 3: 2, 4: 2, 5: 0, 6: 0}
    assert found["soc_graph_second_default_count_ever"] == {1: 1, 2: 0, 3: 1, 4: 2, 5: 0, 6: 0}
    assert found["soc_graph_second_default_share_ever"] == {
        1: 1 / 2,
        2: None,
        3: 1 / 2,
        4: 2 / 2,
        5: None,
        6: None,
    }
    assert found["soc_graph_second_late_share_ever"] == {
        1: 2 / 2,
        2: None,
        3: 2 / 2,
        4: 2 / 2,
        5: None,
        6: None,
    }


def test_transfer_partners(found: Features) -> None:
    """A transfer that both accounts state, as that of 20 days ago, counts once."""
    assert found["pay_peer_payee_count_12m"] == {1: 1, 2: 2, 3: 1, 4: 1, 5: 0, 6: 0}
    assert found["pay_peer_payer_count_12m"] == {1: 1, 2: 2, 3: 1, 4: 1, 5: 0, 6: 0}
    assert found["pay_peer_mutual_share_12m"] == close(
        {1: 0, 2: 1 / 3, 3: 0, 4: 1, 5: None, 6: None}
    )
    assert found["pay_peer_main_share_12m"] == close(
        {1: 2 / 3, 2: 2 / 5, 3: 1 / 2, 4: 2 / 2, 5: None, 6: None}
    )
    assert found["pay_peer_new_share_1m"] == close(
        {1: 1 / 2, 2: 1 / 3, 3: 1 / 2, 4: 1, 5: None, 6: None}
    )


def test_money_that_comes_together_or_comes_back(found: Features) -> None:
    """1 and 4 pay 2; 1 -> 2 -> 3 -> 1 closed ten days ago."""
    assert found["pay_peer_busiest_payee_count_ever"] == {1: 2, 2: 1, 3: 1, 4: 2, 5: 0, 6: 0}
    assert found["pay_peer_circle_count_ever"] == {1: 1, 2: 1, 3: 1, 4: 0, 5: 0, 6: 0}
    assert found["pay_peer_circle_count_1m"] == {1: 1, 2: 1, 3: 1, 4: 0, 5: 0, 6: 0}


def test_people_on_the_same_devices_and_addresses(found: Features) -> None:
    """FR10, domain 7.4: 1, 2 and 5 share a device.

    2 and 3 shared one earlier, so that a chain of devices links all four.
    """
    assert found["dev_met_device_people_count_1m"] == {1: 2, 2: 2, 3: 0, 4: 0, 5: 2, 6: 0}
    assert found["dev_met_address_people_count_1m"] == {1: 2, 2: 2, 3: 0, 4: None, 5: 0, 6: 0}
    assert found["dev_met_device_linked_count_ever"] == {1: 3, 2: 3, 3: 3, 4: 0, 5: 3, 6: 0}


def test_how_new_the_people_met_are(found: Features) -> None:
    """The first proofs of 2 and 5 lie within a month and within 48 hours of one another."""
    assert found["dev_met_device_new_share_1m"] == {
        1: 2 / 2,
        2: 1 / 2,
        3: None,
        4: None,
        5: 1 / 2,
        6: None,
    }
    assert found["dev_met_device_together_share_1m"] == {
        1: 0 / 2,
        2: 1 / 2,
        3: None,
        4: None,
        5: 1 / 2,
        6: None,
    }
