"""The graph features, declared: one value per application from the snapshot of the graph at the first day of its month."""

from __future__ import annotations

from .grid import FeatureSpec
from .words import NO_CONSENT

NO_CIRCLE = "no contacts known, or consent refused"
NO_RECORD = "no contact with a known loan, or consent refused"


def _spec(name: str, concept: str, unit: str, direction: int, null: str, en: str, zh: str) -> FeatureSpec:
    return FeatureSpec(
        f"soc_graph_{name}_ever", "social_graph", concept, name, "graph", "snapshot", "ever", unit, direction, null,
        f"{en} as of the first of the month", f"月初{zh}", "domain 7.4", "contacts",
    )  # fmt: skip


_NETWORK, _RECORD = "contact_network", "circle_repayment"

SNAPSHOT = (
    _spec("in_degree", _NETWORK, "count", -1, NO_CONSENT, "number of people who hold the applicant as a contact", "被列为联系人数"),
    _spec("degree", _NETWORK, "count", -1, NO_CONSENT, "number of people linked either way", "双向关联人数"),
    _spec("mutual_share", _NETWORK, "share", -1, NO_CIRCLE, "share of contacts that are mutual", "互为联系人比例"),
    _spec("neighbour_degree_mean", _NETWORK, "count", 0, NO_CIRCLE, "average number of contacts of the contacts", "联系人的平均联系人数"),
    _spec("neighbour_degree_max", _NETWORK, "count", 0, NO_CIRCLE, "largest number of contacts among the contacts", "联系人的最大联系人数"),
    _spec("clustering_share", _NETWORK, "share", 0, NO_CIRCLE, "share of pairs of contacts who know each other", "联系人互识比例"),
    _spec("core_number", _NETWORK, "count", 0, NO_CONSENT, "depth in the core of the network", "网络核心层级"),
    _spec(
        "pagerank_ratio", _NETWORK, "ratio", 0, NO_CONSENT, "centrality in the network against the average person", "网络中心度与均值之比"
    ),
    _spec("component_share", _NETWORK, "share", 0, NO_CONSENT, "share of the network that can be reached", "可触达网络占比"),
    _spec(
        "in_messages_count",
        "interaction_frequency",
        "count",
        0,
        NO_CONSENT,
        "contacts received from others in 12 months",
        "近12个月他人主动互动次数",
    ),
    _spec("neighbour_loan_count", _RECORD, "count", 0, NO_CONSENT, "number of contacts with a known loan", "有已知贷款的联系人数"),
    _spec("neighbour_default_count", _RECORD, "count", 1, NO_CONSENT, "number of contacts with a known default", "有已知违约的联系人数"),
    _spec(
        "neighbour_default_share",
        _RECORD,
        "share",
        1,
        NO_RECORD,
        "share of defaults among contacts with a known loan",
        "联系人已知贷款违约比例",
    ),
    _spec(
        "neighbour_late_share",
        _RECORD,
        "share",
        1,
        NO_RECORD,
        "share of 30 or more days late among contacts with a known loan",
        "联系人已知贷款逾期30天比例",
    ),
)
