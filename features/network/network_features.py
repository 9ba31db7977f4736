"""The features made of other people's rows, declared: graph, transfers, shared devices.

The graph is as of the first day of the month, transfers and shared devices are as of as_of.
graph.py, transfers.py and shared_devices.py make the values; each table below is in the order in
which its module gives them.
"""

from __future__ import annotations

from ..declare.declarations import FeatureSpec
from ..declare.sentences import sayings
from ..declare.texts import LAST_EN, LAST_ZH, NO_CONSENT
from ..policy_inputs.device_counts import NAMES as DEVICE_COUNTS

# What a null means.
NO_CIRCLE = "no contacts known, or consent refused"
NO_RECORD = "no contact with a known loan, or consent refused"
NO_SECOND = "no one at two steps with a known loan, or consent refused"
NO_MESSAGES = "no messages in 12 months, or consent refused"
NO_PARTNER = "no transfer with another applicant in the window"
NO_PROOF = "nobody met on a device with a passed identity check"
NEVER = "never null"


_NETWORK = "contact_network"
_RECORD = "circle_repayment"
_CONTACT = "interaction_frequency"
# Measures of a network, which tell a person nothing. What contacts owe is not said either: it is
# other people's record.
_OF_NETWORK = (
    "neighbour_degree_mean",
    "neighbour_degree_max",
    "core_number",
    "pagerank_ratio",
    "component_share",
    "clustering_share",
    "busiest_payee_count",
    "circle_count",
    "device_together_share",
)
# The tables that the graph reads beside the contacts, by concept.
_MADE_OF_TOO = {_RECORD: ("loan_performance",), _CONTACT: ("interactions",)}
# A rule asks for the number of friends and how often one is in touch; the section on contacts
# describes the rest of the graph.
_SOURCE_OF_GRAPH = dict.fromkeys(
    ("in_degree", "degree", "in_messages_count", "strength_count"), "S1-R12"
)


def _to_person(text: str) -> str:
    """Return a text in the words of a sentence to the person whom it calls the applicant.

    >>> _to_person("share of the applicant's contacts who list the applicant")
    'share of your contacts who list you'
    """
    return text.replace("the applicant's", "your").replace("the applicant", "you")


def _graph(
    name: str, concept: str, unit: str, direction: int, null: str, en: str, zh: str
) -> FeatureSpec:
    """Return the spec of a feature of the graph."""
    # table: fields of one feature
    return FeatureSpec(
        name=f"soc_graph_{name}_ever",
        family="social_graph",
        concept=concept,
        measure=name,
        slice="graph",
        aggregate="snapshot",
        window="ever",
        unit=unit,
        direction=direction,
        null_meaning=null,
        text_en=f"{en} at the start of the month",
        text_zh=f"截至月初{zh}",
        source=_SOURCE_OF_GRAPH.get(name, "domain 7.4"),
        table="contacts",
        also=_MADE_OF_TOO.get(concept, ()),
        **sayings(
            f"at the start of this month, the {_to_person(en)} was {{value}}",
            f"截至月初{zh}为{{value}}",
            is_sayable=concept != _RECORD and name not in _OF_NETWORK,
            concept=concept,
            aggregate="snapshot",
        ),
    )


# table: features of the graph (name, concept, unit, direction, null; texts)
SNAPSHOT = (
    _graph("in_degree", _NETWORK, "count", -1, NO_CONSENT,
        "number of people who list the applicant as a contact", "将您列为联系人的人数"),
    _graph("degree", _NETWORK, "count", -1, NO_CONSENT,
        "number of people in the applicant's contacts or with the applicant in theirs",
        "在您的联系人中或将您列为联系人的人数"),
    _graph("mutual_share", _NETWORK, "share", -1, NO_CIRCLE,
        "share of the applicant's contacts who also list the applicant",
        "您的联系人中也将您列为联系人的比例"),
    _graph("neighbour_degree_mean", _NETWORK, "count", 0, NO_CIRCLE,
        "average number of contacts of the contacts", "联系人的平均联系人数"),
    _graph("neighbour_degree_max", _NETWORK, "count", 0, NO_CIRCLE,
        "largest number of contacts among the contacts", "联系人的最大联系人数"),
    _graph("core_number", _NETWORK, "count", 0, NO_CONSENT,
        "depth in the core of the network", "网络核心层级"),
    _graph("pagerank_ratio", _NETWORK, "ratio", 0, NO_CONSENT,
        "centrality in the network against the average", "网络中心度与均值之比"),
    _graph("component_share", _NETWORK, "share", 0, NO_CONSENT,
        "share of the network that can be reached", "可触达网络占比"),
    _graph("clustering_share", _NETWORK, "share", 0, NO_CIRCLE,
        "share of pairs of contacts who know each other", "联系人互识比例"),
    _graph("second_count", _NETWORK, "count", 0, NO_CONSENT,
        "number of further contacts of the applicant's contacts",
        "联系人的联系人数（不含申请人及其直接联系人）"),
    _graph("in_messages_count", _CONTACT, "count", 0, NO_CONSENT,
        "number of exchanges over 12 months that came from other people",
        "近12个月他人发来的互动条数"),
    _graph("strength_count", _CONTACT, "count", 0, NO_CONSENT,
        "number of exchanges over 12 months to and from other people", "近12个月双方互动条数"),
    _graph("strongest_tie_share", _CONTACT, "share", 0, NO_MESSAGES,
        "share of exchanges over 12 months that were with the most frequent person",
        "近12个月与互动最多的一人的互动占比"),
    _graph("answered_share", _CONTACT, "share", 0, NO_MESSAGES,
        "share of exchanges over 12 months that were with people in touch in both directions",
        "近12个月与有来有往的人的互动占比"),
    _graph("neighbour_loan_count", _RECORD, "count", 0, NO_CONSENT,
        "number of contacts with a known loan", "有已知贷款的联系人数"),
    _graph("neighbour_default_count", _RECORD, "count", 1, NO_CONSENT,
        "number of contacts with a known default", "有已知违约的联系人数"),
    _graph("neighbour_default_share", _RECORD, "share", 1, NO_RECORD,
        "share of defaults among contacts with a known loan", "联系人已知贷款违约比例"),
    _graph("neighbour_late_share", _RECORD, "share", 1, NO_RECORD,
        "share of 30 or more days late among contacts with a known loan",
        "联系人已知贷款逾期30天比例"),
    _graph("second_loan_count", _RECORD, "count", 0, NO_CONSENT,
        "number of further contacts of the contacts with a known loan", "有已知贷款的二度联系人数"),
    _graph("second_default_count", _RECORD, "count", 1, NO_CONSENT,
        "number of further contacts of the contacts with a known default",
        "有已知违约的二度联系人数"),
    _graph("second_default_share", _RECORD, "share", 1, NO_SECOND,
        "share of defaults among further contacts of the contacts with a known loan",
        "二度联系人已知贷款违约比例"),
    _graph("second_late_share", _RECORD, "share", 1, NO_SECOND,
        "share of 30 or more days late among further contacts of the contacts with a known loan",
        "二度联系人已知贷款逾期30天比例"),
)  # fmt: skip


def _transfer(name: str, window: str, unit: str, null: str, en: str, zh: str) -> FeatureSpec:
    """Return the spec of a feature of transfers; the sources support no direction."""
    # table: fields of one feature
    return FeatureSpec(
        name=f"pay_peer_{name}_{window}",
        family="payment_flow",
        concept="peer_transfers",
        measure=name,
        slice="peer",
        aggregate="transfers",
        window=window,
        unit=unit,
        direction=0,
        null_meaning=null,
        text_en=f"{en} {LAST_EN[window]}",
        text_zh=f"{LAST_ZH[window]}{zh}",
        source="domain 7.4",
        table="payments",
        **sayings(
            f"{LAST_EN[window]}, the {_to_person(en)} was {{value}}",
            f"{LAST_ZH[window]}{zh}为{{value}}",
            is_sayable=name not in _OF_NETWORK,
            concept="peer_transfers",
            aggregate="transfers",
        ),
    )


# table: features of transfers (name, window, unit, null; texts)
TRANSFERS = (
    _transfer("payee_count", "12m", "count", NEVER,
        "number of other applicants to whom the applicant sent transfers",
        "收到您转账的其他申请人数"),
    _transfer("payer_count", "12m", "count", NEVER,
        "number of other applicants who sent transfers to the applicant",
        "向您转账的其他申请人数"),
    _transfer("mutual_share", "12m", "share", NO_PARTNER,
        "share of partners in the applicant's transfers who both sent and received some",
        "与您双向转账的人占转账对象的比例"),
    _transfer("main_share", "12m", "share", NO_PARTNER,
        "share of the applicant's transfers that were with the most frequent partner",
        "与转账最多的一人的转账占比"),
    _transfer("new_share", "1m", "share", NO_PARTNER,
        "share of new people among the applicant's transfer partners of 12 months",
        "新增转账对象占近12个月对象的比例"),
    _transfer("busiest_payee_count", "ever", "count", NEVER,
        "most applicants who pay any one of the payees", "收款人的最多付款人数"),
    _transfer("circle_count", "ever", "count", NEVER,
        "circles of transfers among three people", "三人循环转账数"),
    _transfer("circle_count", "1m", "count", NEVER,
        "circles of transfers among three people closed", "闭合的三人循环转账数"),
)  # fmt: skip


def _meeting(
    name: str, window: str, unit: str, null: str, en: str, zh: str, consent: str = ""
) -> FeatureSpec:
    """Return the spec of a feature of shared devices: more other people are riskier (FR10)."""
    # table: fields of one feature
    return FeatureSpec(
        name=f"dev_met_{name}_{window}",
        family="device_stability",
        concept="device_sharing",
        measure=name,
        slice="met",
        aggregate="meetings",
        window=window,
        unit=unit,
        direction=1,
        null_meaning=null,
        text_en=en.format(LAST_EN[window]),
        text_zh=zh.format(LAST_ZH[window]),
        source="FR10",
        table="logins",
        consent=consent,
        # What is null without a proof is made of the proofs.
        also=("identity_checks",) if null == NO_PROOF else (),
        **sayings(
            f"the {_to_person(en.format(LAST_EN[window]))} was {{value}}",
            f"{zh.format(LAST_ZH[window])}为{{value}}",
            is_sayable=name not in _OF_NETWORK,
            concept="device_sharing",
            aggregate="meetings",
        ),
    )


# table: features of shared devices (name, window, unit, null; texts; consent)
MEETINGS = (
    _meeting("device_people_count", "1m", "count", NEVER,
        "number of other people who used a device that the applicant used {}",
        "{}使用过您所用设备的其他人数"),
    _meeting("device_new_share", "1m", "share", NO_PROOF,
        "share of new users among the other people who used a device that the applicant used {}",
        "{}使用过您所用设备的其他人中新用户的占比"),
    _meeting("device_together_share", "1m", "share", NO_PROOF,
        "share of other people on the same devices {} "
        "with a first proof within 48 hours of one's own",
        "{}同设备其他用户中首次认证相隔48小时以内者占比"),
    _meeting("address_people_count", "1m", "count", NO_CONSENT,
        "number of other people who used an internet address that the applicant used {}",
        "{}使用过您所用网络地址的其他人数",
        "consent_location"),
    _meeting("device_linked_count", "ever", "count", NEVER,
        "number of other people linked to the applicant by shared devices at the start of the "
        "month",
        "截至月初经共用设备与您关联的其他人数"),
)  # fmt: skip

# All features and policy inputs that are made of other people's rows.
OF_OTHERS = frozenset((*(spec.name for spec in (*SNAPSHOT, *TRANSFERS, *MEETINGS)), *DEVICE_COUNTS))
