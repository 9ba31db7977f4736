"""Which features a person can move: what the catalogue calls actionable."""

from __future__ import annotations

from creditloom.features.contract.tables import EVENT_TABLES
from creditloom.features.declare.registry import plan
from creditloom.serving.applicant.recourse.actionable import Actionable
from creditloom.serving.applicant.recourse.moved import moved_features

MOVED = (
    "bur_statement_utilisation_mean_share_3m",
    "bur_enquiry_hard_count_3m",
    "bur_enquiry_hard_count_share_12m",
    "bur_enquiries_per_payment_ratio_12m",
    "pay_bill_late_mean_days_12m",
    "pay_out_shop_amount_cny_12m",
    "ast_lqt_balance_mean_cny_12m",
    "ast_paid_insurance_count_12m",
)
STILL = (
    "bur_statement_score_mean_points_3m",
    "bur_enquiry_soft_count_1m",
    "ast_proof_property_count_ever",
    "pay_in_salary_count_3m",
    "idn_check_face_score_mean_share_ever",
)


def test_a_feature_is_moved_where_a_quantity_reaches_what_it_reads(actionable: Actionable) -> None:
    moved = moved_features(actionable)
    assert [name for name in MOVED if name not in moved] == []
    assert [name for name in STILL if name in moved] == []


def test_no_feature_of_contacts_or_devices_can_be_moved(actionable: Actionable) -> None:
    """A ratio may: its other side is a payment."""
    specs = {one.name: one for one in plan([t.name for t in EVENT_TABLES]).specs}
    families = {table.name: table.family for table in EVENT_TABLES}
    moved = {families.get(specs[name].table) for name in moved_features(actionable)}
    assert not moved & {"social_graph", "device_stability"}
