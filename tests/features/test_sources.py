"""A feature exists for what the sources ask, with the sign that the source gives it.

The ids of the rules stand beside.
"""

from __future__ import annotations

from typing import Any

import pytest

from creditloom.features.contract.column import STRING
from creditloom.features.contract.tables import (
    EVENT_TABLES,
    IDENTITY_CHECKS,
    INTERACTIONS,
    REPAYMENTS,
)
from creditloom.features.declare.ratios import MARKS
from creditloom.features.declare.registry import catalogue

WORDS = catalogue([table.name for table in EVENT_TABLES])
FEATURES: dict[str, dict[str, Any]] = {feature["name"]: feature for feature in WORDS["features"]}
SAFER = -1
RISKIER = 1
OPEN = 0


# table: a case a row
@pytest.mark.parametrize(
    ("rules", "name", "direction"),
    [
        ("S1-R12 S5-R17", "soc_meet_person_distinct_3m", SAFER),
        ("S1-R12 S2-R16", "soc_meet_count_3m", SAFER),
        ("S2-R16 S5-R17", "soc_group_count_3m", SAFER),
        ("S5-R22", "soc_packet_sent_packet_received_amount_gap_ratio_6m", SAFER),
        ("S1-R13 S5-R16 S4-R26", "pay_out_count_3m", SAFER),
        ("S1-R13 S2-R28", "pay_bill_late_mean_days_3m", RISKIER),
        ("S2-R17", "pay_wallet_retained_mean_share_3m", SAFER),
        ("S2-R28 S2-R17", "pay_out_shop_amount_cny_3m", OPEN),
        ("S3-R11", "pay_out_weekly_count_cv_ratio_6m", RISKIER),
        ("S4-R52", "pay_in_merchant_amount_cny_12m", OPEN),
        ("S2-R19 S3-R09", "ast_lqt_balance_mean_cny_6m", SAFER),
        ("S4-R28 S5-R18", "ast_lct_balance_mean_cny_6m", SAFER),
        ("S3-R25", "ast_proof_property_count_ever", SAFER),
        ("S5-R05 S5-R06 S3-R25", "ast_paid_insurance_count_6m", SAFER),
        ("S2-R20 S5-R24 S5-R19", "dev_login_device_distinct_3m", RISKIER),
        ("S2-R20 S5-R19", "dev_login_region_distinct_3m", RISKIER),
        ("S1-R57", "dev_login_mismatch_count_3m", RISKIER),
        ("S1-R53 S1-R72", "bur_enquiry_hard_count_3m", RISKIER),
        ("S1-R53 S1-R72", "bur_statement_lenders_mean_3m", RISKIER),
        ("S2-R18 S5-R20", "bur_instalment_late_count_6m", RISKIER),
        ("S1-R74", "bur_debt_to_inflow_ratio_3m", OPEN),
        ("S3-R01 S5-R05", "idn_check_pass_kind_distinct_ever", SAFER),
    ],
)
def test_a_feature_has_the_sign_of_its_source(rules: str, name: str, direction: int) -> None:
    """A sign is a promise of the model: lower or higher can only be safer."""
    assert FEATURES[name]["direction"] == direction


def test_six_indicators_of_s3_are_marked() -> None:
    """The six indicators of S3-R13 (C19) stand, each at its own threshold.

    Spending, contacts, balance, past overdues, even spending and bureau score.
    """
    marks = {rule: mark for mark in MARKS for rule in mark.spec.source.split()}
    six = {
        f"S3-R{k:02d}": (mark.low, mark.high)
        for k in range(7, 13)
        for mark in [marks[f"S3-R{k:02d}"]]
    }
    # table: mark -> its bounds
    assert six == {
        "S3-R07": (6 * 3_000.0, None), "S3-R08": (5.0, None), "S3-R09": (5_000.0, None),
        "S3-R10": (None, 1.0), "S3-R11": (None, 0.15), "S3-R12": (650.0, None),
    }  # fmt: skip


def test_more_than_the_128_and_the_2000_dimensions_of_the_sources() -> None:
    """S4-R28, S5-R21, C19."""
    assert len(FEATURES) > 2_000 > 128


@pytest.mark.parametrize(
    ("rule", "concept", "says"),
    [
        ("S1-R46", "payment_activity", "keep using the account"),
        ("S1-R48", "spending_pattern", "everyday categories"),
        ("S1-R49", "location_constancy", "usual places"),
    ],
)
def test_a_hint_of_the_source_is_given(rule: str, concept: str, says: str) -> None:
    found = next(one for one in WORDS["concepts"] if one["id"] == concept)
    assert says in found["hint_en"] and found["hint_zh"], rule


def test_what_is_settled_early_counts_as_on_time() -> None:
    """S1-R35: the record cannot even say early, so no feature can hold it against anyone."""
    late = next(column for column in REPAYMENTS.columns if column.name == "days_late")
    assert late.low == 0 and "0 on time or early" in late.doc
    assert not any("early" in name for name in FEATURES)


def test_counts_of_contact_and_never_what_was_said() -> None:
    """S2-R24, S5-R23: deleting a chat changes no row that a feature reads."""
    assert {column.name for column in INTERACTIONS.columns} == {
        "applicant_id",
        "event_id",
        "event_time",
        "known_time",
        "kind",
        "contact_id",
        "n_messages",
    }


def test_identity_is_kept_as_results_of_checks() -> None:
    """S1-R10, S3-R01: kind, passed or not, match score; no card, no image."""
    assert [column.name for column in IDENTITY_CHECKS.columns][-3:] == ["kind", "is_pass", "score"]


def test_nothing_names_a_person() -> None:
    """In events people, devices and lenders are numbers, and texts are closed lists (S2-R41)."""
    texts = [column for table in EVENT_TABLES for column in table.columns if column.type == STRING]
    assert texts and all(column.among for column in texts)
