"""Chapter 3: social graph."""

from __future__ import annotations

import math

import pytest

from tests.spec.spec import Features, close, features


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Features:
    return features(
        tmp_path_factory.mktemp("spec"),
        red_packets="""
        who | ago | direction | amount_fen
        1   | 3   | sent      | 888
        1   | 5   | sent      | 666
        1   | 20  | received  | 520
        2   | 50  | received  | 200
        """,
        contacts="""
        who | ago | contact_id
        1   | 100 | 2
        1   | 700 | 3
        2   | 400 | 1
        """,
        interactions="""
        who | ago | kind  | contact_id | n_messages
        1   | 2   | chat  | 2          | 10
        1   | 3   | chat  | 2          | 20
        1   | 3   | call  | 3          | 1
        1   | 80  | chat  | 4          | 5
        1   | 4   | group |            | 7
        2   | 40  | group |            | 9
        """,
    )


def test_red_packets_sent_against_received(found: Features) -> None:
    """S5-R22 asks for the gap of amounts."""
    sent = 888 + 666
    received = 520
    assert found["soc_packet_sent_packet_received_amount_gap_ratio_1m"] == close(
        {1: (sent - received) / (sent + received), 2: None}
    )
    assert found["soc_packet_sent_packet_received_count_gap_ratio_3m"] == close(
        {1: (2 - 1) / (2 + 1), 2: -1}
    )


def test_contacts_count_however_long_ago(found: Features) -> None:
    assert found["soc_contact_person_distinct_ever"] == {1: 2, 2: 1}
    assert found["soc_contact_person_distinct_12m"] == {1: 1, 2: 0}
    assert found["soc_contact_tenure_days_ever"] == {1: 700, 2: 400}


def test_interactions(found: Features) -> None:
    assert found["soc_meet_count_1m"] == {1: 3, 2: 0}
    assert found["soc_meet_messages_1m"] == {1: 10 + 20 + 1, 2: 0}
    assert found["soc_meet_person_distinct_1m"] == {1: 2, 2: 0}
    assert found["soc_meet_person_distinct_3m"] == {1: 3, 2: 0}
    # one contact in ten is seen (S3-R08)
    assert found["friends_count"] == {1: 30, 2: 0}
    assert found["soc_meet_main_person_share_12m"] == {1: 2 / 4, 2: None}
    share = [2 / 4, 1 / 4, 1 / 4]
    assert found["soc_meet_person_entropy_nats_12m"] == close(
        {1: -sum(p * math.log(p) for p in share), 2: None}
    )
    assert found["soc_meet_person_new_1m"] == {1: 2, 2: 0}  # 4 was met before


def test_groups_stand_apart(found: Features) -> None:
    assert found["soc_group_messages_3m"] == {1: 7, 2: 9}
    assert found["soc_group_meet_count_gap_ratio_3m"] == close({1: (1 - 4) / (1 + 4), 2: 1})


def test_the_network_at_the_first_of_the_month(found: Features) -> None:
    assert found["soc_graph_degree_ever"] == {1: 2, 2: 1}
    assert found["soc_graph_mutual_share_ever"] == {
        1: 1 / 2,
        2: 1,
    }  # 1 lists 2 and 3, only 2 lists 1
    assert found["soc_graph_in_messages_count_ever"] == {1: 0, 2: 10 + 20}


def test_how_strong_ties_are(found: Features) -> None:
    """Messages of twelve months in both directions; nobody answers here."""
    assert found["soc_graph_strength_count_ever"] == {1: 10 + 20 + 1 + 5, 2: 10 + 20}
    assert found["soc_graph_strongest_tie_share_ever"] == close(
        {1: (10 + 20) / (10 + 20 + 1 + 5), 2: 1}
    )
    assert found["soc_graph_answered_share_ever"] == {1: 0, 2: 0}
