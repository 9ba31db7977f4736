"""Chapter 7: identity."""

from __future__ import annotations

import pytest

from tests.spec.spec import Features, close, features


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Features:
    return features(
        tmp_path_factory.mktemp("spec"),
        identity_checks="""
        who | ago   | kind      | is_pass | score
        1   | 20    | face      | false   | 0.4
        1   | 19.9  | face      | true    | 0.8
        1   | 19.8  | phone     | true    |
        1   | 400   | real_name | true    | 0.9
        """,
    )


def test_clarity(found: Features) -> None:
    assert found["idn_check_score_mean_share_12m"] == close({1: (0.4 + 0.8) / 2, 2: None})
    assert found["idn_check_pass_score_mean_share_ever"] == close({1: (0.8 + 0.9) / 2, 2: None})
    assert found["idn_check_score_min_share_ever"] == {1: 0.4, 2: None}


def test_completeness(found: Features) -> None:
    assert found["idn_check_pass_kind_distinct_ever"] == {1: 3, 2: 0}
    assert found["idn_check_pass_kind_distinct_12m"] == {1: 2, 2: 0}
    assert found["idn_check_pass_per_day_ratio_ever"] == {
        1: 3 / 2,
        2: None,
    }  # passed on two different days


def test_retries(found: Features) -> None:
    assert found["idn_check_fail_count_12m"] == {1: 1, 2: 0}
    assert found["idn_check_face_count_12m"] == {1: 2, 2: 0}
    assert found["idn_check_pass_count_share_ever"] == {1: 3 / 4, 2: None}
    assert found["idn_check_fail_recency_days_ever"] == {1: 20, 2: None}
