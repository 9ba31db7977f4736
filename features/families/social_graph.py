"""Social graph: contacts, how often and with whom, groups, red packets, and what the circle is known for. Metadata only, never content.

S1-R12, S2-R16, S5-R17. No hint is given here (S1-R47): advice to find other friends would ask to game the score.
"""

from __future__ import annotations

from ..contract.tables import CONTACTS, INTERACTIONS, RED_PACKETS
from ..declare.declarations import (
    AggregateBlock,
    Family,
    FeatureConcept,
    Measure,
    Slice,
    Stream,
    between,
    is_,
)
from ..network.network_features import SNAPSHOT

CONCEPTS = (
    FeatureConcept("contact_network", "network of contacts", "联系人网络"),
    FeatureConcept("interaction_frequency", "frequency of interaction", "互动频率"),
    FeatureConcept("group_activity", "activity in groups", "群组活跃度"),
    FeatureConcept("red_packet_balance", "red packets sent against received", "红包收发差额"),
    FeatureConcept("circle_repayment", "known repayment record of contacts", "联系人已知还款记录"),
)

_SPAN = ("1m", "3m", "6m", "12m")
_YEAR = ("3m", "6m", "12m")
_LONG = ("3m", "12m")
_KINDS = ("chat", "call", "moments", "group")

_SENT, _RECEIVED = is_("direction", "sent"), is_("direction", "received")
_BOTH = ("packet_sent", "packet_received")

_RED_PACKETS = Stream(
    RED_PACKETS,
    (
        Slice("packet", "red packets", "红包"),
        Slice("packet_sent", "red packets sent", "发出红包", (is_("direction", "sent"),)),
        Slice(
            "packet_received", "red packets received", "收到红包", (is_("direction", "received"),)
        ),
        Slice(
            "packet_sent_large",
            "red packets sent of 50 yuan or more",
            "发出五十元以上红包",
            (_SENT, between("amount_fen", 5_000)),
        ),
        Slice(
            "packet_received_large",
            "red packets received of 50 yuan or more",
            "收到五十元以上红包",
            (_RECEIVED, between("amount_fen", 5_000)),
        ),
    ),
    (
        Measure("amount", "CNY", "amount", "金额", ("amount_fen",), per=100.0),
        Measure("direction", "count", "directions", "方向", ("direction",), "id"),
    ),
)
_RED_PACKET_BLOCKS = (
    AggregateBlock("red_packet_balance", "count", ("packet_sent", "packet_received"), _SPAN),
    AggregateBlock(
        "red_packet_balance", "sum", ("packet_sent", "packet_received"), _SPAN, "amount"
    ),
    AggregateBlock(
        "red_packet_balance", "mean", ("packet_sent", "packet_received"), _LONG, "amount"
    ),
    AggregateBlock(
        "red_packet_balance", "typical", ("packet_sent", "packet_received"), ("12m",), "amount"
    ),
    AggregateBlock(
        "red_packet_balance",
        "gap",
        ("packet_sent",),
        _SPAN,
        "amount",
        "packet_received",
        direction=-1,
        source="S5-R22",
    ),
    AggregateBlock(
        "red_packet_balance",
        "count_gap",
        ("packet_sent",),
        _YEAR,
        over="packet_received",
        direction=-1,
        source="S5-R22",
    ),
    AggregateBlock(
        "red_packet_balance", "max", ("packet_sent", "packet_received"), ("12m",), "amount"
    ),
    AggregateBlock("red_packet_balance", "active_days", ("packet",), _LONG),
    AggregateBlock("red_packet_balance", "slope", ("packet_sent", "packet_received"), ("12m",)),
    AggregateBlock("red_packet_balance", "vs12", ("packet",), ("1m", "3m")),
    AggregateBlock("red_packet_balance", "recency", ("packet_sent", "packet_received"), ("12m",)),
    AggregateBlock("red_packet_balance", "mean", _BOTH, ("1m", "6m"), "amount"),
    AggregateBlock("red_packet_balance", "typical", _BOTH, ("3m", "6m"), "amount"),
    AggregateBlock("red_packet_balance", "max", _BOTH, ("3m",), "amount"),
    AggregateBlock("red_packet_balance", "cv", _BOTH, _LONG, "amount"),
    AggregateBlock("red_packet_balance", "log_std", _BOTH, _LONG, "amount"),
    AggregateBlock("red_packet_balance", "active_days", _BOTH, ("3m",)),
    AggregateBlock("red_packet_balance", "active_months", _BOTH, ("12m",)),
    AggregateBlock("red_packet_balance", "active_weeks", _BOTH, ("12m",)),
    AggregateBlock("red_packet_balance", "shift", ("packet", *_BOTH), ("1m", "3m", "6m")),
    AggregateBlock("red_packet_balance", "sum_shift", _BOTH, ("1m", "3m", "6m"), "amount"),
    AggregateBlock("red_packet_balance", "monthly_cv", _BOTH, ("6m", "12m")),
    AggregateBlock("red_packet_balance", "monthly_sum_cv", _BOTH, ("6m", "12m"), "amount"),
    AggregateBlock("red_packet_balance", "sum_slope", _BOTH, ("6m", "12m"), "amount"),
    AggregateBlock("red_packet_balance", "busiest_day", _BOTH, _LONG),
    AggregateBlock("red_packet_balance", "sum_busiest_day", _BOTH, ("12m",), "amount"),
    AggregateBlock("red_packet_balance", "top_month", _BOTH, ("12m",)),
    AggregateBlock("red_packet_balance", "top_month_sum", _BOTH, ("12m",), "amount"),
    AggregateBlock("red_packet_balance", "top_share", _BOTH, _LONG, "amount"),
    AggregateBlock("red_packet_balance", "interval_cv", _BOTH, ("12m",)),
    AggregateBlock("red_packet_balance", "interval_max", _BOTH, _LONG),
    AggregateBlock("red_packet_balance", "interval_mean", _BOTH, ("12m",)),
    AggregateBlock(
        "red_packet_balance", "share", ("packet_sent_large",), _YEAR, over="packet_sent"
    ),
    AggregateBlock(
        "red_packet_balance", "share", ("packet_received_large",), _YEAR, over="packet_received"
    ),
    AggregateBlock(
        "red_packet_balance", "count", ("packet_sent_large", "packet_received_large"), _LONG
    ),
    AggregateBlock(
        "red_packet_balance", "change_share", ("packet",), _LONG, "direction", source="S5-R22"
    ),
    AggregateBlock(
        "red_packet_balance",
        "count_gap",
        ("packet_sent",),
        ("1m",),
        over="packet_received",
        direction=-1,
        source="S5-R22",
    ),
)

_CONTACTS = Stream(
    CONTACTS,
    (Slice("contact", "contacts made", "新增联系人"),),
    (Measure("person", "count", "people", "联系人", ("contact_id",), "id"),),
    has_memory=True,
)
_CONTACT_BLOCKS = (
    AggregateBlock(
        "contact_network",
        "distinct",
        ("contact",),
        ("3m", "6m", "12m", "ever"),
        "person",
        direction=-1,
        source="S3-R08",
    ),
    AggregateBlock("contact_network", "recency", ("contact",), ("ever",)),
    AggregateBlock("contact_network", "tenure", ("contact",), ("ever",), direction=-1),
    AggregateBlock("contact_network", "active_months", ("contact",), ("12m",)),
    AggregateBlock("contact_network", "interval_cv", ("contact",), ("ever",)),
    AggregateBlock("contact_network", "interval_max", ("contact",), ("12m", "ever")),
    AggregateBlock("contact_network", "interval_mean", ("contact",), ("ever",)),
    AggregateBlock("contact_network", "busiest_day", ("contact",), ("12m",)),
    AggregateBlock("contact_network", "shift", ("contact",), ("3m", "6m")),
    AggregateBlock("contact_network", "slope", ("contact",), ("12m",)),
)

_KIND_WORDS = {
    "chat": ("chat contacts", "聊天互动"), "call": ("call contacts", "通话互动"), "moments": ("moments contacts", "朋友圈互动"),
    "group": ("group contacts", "群组互动"),
}  # fmt: skip
_PERSON = is_("kind", "chat", "call", "moments")
_INTERACTIONS = Stream(
    INTERACTIONS,
    (
        Slice("meet", "days of contact with a person", "人际互动", (_PERSON,)),
        *(Slice(k, *_KIND_WORDS[k], (is_("kind", k),)) for k in _KINDS),
        Slice(
            "meet_weekend",
            "days of contact at weekends",
            "周末人际互动",
            (_PERSON, is_("weekday", 5, 6)),
        ),
        Slice(
            "meet_short",
            "days with a single contact",
            "单次人际互动",
            (_PERSON, between("n_messages", None, 1)),
        ),
        Slice(
            "meet_long",
            "days with ten or more contacts",
            "十次以上人际互动",
            (_PERSON, between("n_messages", 10)),
        ),
    ),
    (
        Measure("messages", "count", "contact count", "互动次数", ("n_messages",)),
        Measure("kind", "count", "kinds of contact", "互动方式", ("kind",), "id"),
        Measure("person", "count", "people", "联系人", ("contact_id",), "id"),
    ),
)
_PERSONAL = ("chat", "call", "moments")
_INTERACTION_BLOCKS = (
    AggregateBlock(
        "interaction_frequency", "count", ("meet",), ("7d", *_SPAN), direction=-1, source="S5-R17"
    ),
    AggregateBlock("interaction_frequency", "count", _PERSONAL, _SPAN, source="S5-R17"),
    AggregateBlock(
        "interaction_frequency",
        "sum",
        ("meet",),
        ("7d", *_SPAN),
        "messages",
        direction=-1,
        source="S5-R17",
    ),
    AggregateBlock("interaction_frequency", "sum", _PERSONAL, _LONG, "messages", source="S5-R17"),
    AggregateBlock("interaction_frequency", "mean", ("meet", *_PERSONAL), _LONG, "messages"),
    AggregateBlock("interaction_frequency", "typical", ("meet",), _YEAR, "messages", direction=-1),
    AggregateBlock("interaction_frequency", "log_std", ("meet",), _LONG, "messages"),
    AggregateBlock("interaction_frequency", "max", ("meet",), _LONG, "messages"),
    AggregateBlock(
        "interaction_frequency",
        "active_days",
        ("meet",),
        ("1m", "3m"),
        direction=-1,
        source="S5-R17",
    ),
    AggregateBlock("interaction_frequency", "active_weeks", ("meet",), _LONG, direction=-1),
    AggregateBlock("interaction_frequency", "weekly_cv", ("meet",), _YEAR),
    AggregateBlock("interaction_frequency", "weekly_sum_cv", ("meet",), _LONG, "messages"),
    AggregateBlock("interaction_frequency", "slope", ("meet",), _YEAR),
    AggregateBlock("interaction_frequency", "vs12", ("meet",), ("7d", "1m", "3m")),
    AggregateBlock("interaction_frequency", "recency", ("meet", *_PERSONAL), ("12m",)),
    AggregateBlock("interaction_frequency", "share", ("call", "moments"), _LONG, over="meet"),
    AggregateBlock(
        "contact_network",
        "distinct",
        ("meet", "chat"),
        _SPAN,
        "person",
        direction=-1,
        source="S3-R08",
    ),
    AggregateBlock("contact_network", "main_share", ("meet",), _LONG, "person"),
    AggregateBlock("contact_network", "entropy", ("meet",), _YEAR, "person"),
    AggregateBlock("contact_network", "new", ("meet",), ("1m", "3m", "6m"), "person"),
    AggregateBlock(
        "group_activity", "count", ("group",), ("7d", *_SPAN), direction=-1, source="S5-R17"
    ),
    AggregateBlock(
        "group_activity",
        "sum",
        ("group",),
        ("7d", *_SPAN),
        "messages",
        direction=-1,
        source="S5-R17",
    ),
    AggregateBlock("group_activity", "mean", ("group",), _YEAR, "messages"),
    AggregateBlock("group_activity", "typical", ("group",), _YEAR, "messages", direction=-1),
    AggregateBlock(
        "group_activity", "active_days", ("group",), ("1m", "3m"), direction=-1, source="S5-R17"
    ),
    AggregateBlock("group_activity", "active_weeks", ("group",), _LONG, direction=-1),
    AggregateBlock("group_activity", "weekly_cv", ("group",), ("12m",)),
    AggregateBlock("group_activity", "slope", ("group",), _YEAR),
    AggregateBlock("group_activity", "vs12", ("group",), ("1m", "3m")),
    AggregateBlock("group_activity", "recency", ("group",), ("12m",)),
    AggregateBlock("group_activity", "count_gap", ("group",), _LONG, over="meet"),
    AggregateBlock(
        "interaction_frequency", "sum", _PERSONAL, ("1m", "6m"), "messages", source="S5-R17"
    ),
    AggregateBlock("interaction_frequency", "mean", ("meet",), ("1m", "6m"), "messages"),
    AggregateBlock("interaction_frequency", "typical", _PERSONAL, _LONG, "messages"),
    AggregateBlock("interaction_frequency", "max", _PERSONAL, ("12m",), "messages"),
    AggregateBlock("interaction_frequency", "cv", ("meet", *_PERSONAL), ("12m",), "messages"),
    AggregateBlock("interaction_frequency", "active_weeks", _PERSONAL, ("12m",)),
    AggregateBlock("interaction_frequency", "shift", ("meet", *_PERSONAL), ("1m", "3m", "6m")),
    AggregateBlock(
        "interaction_frequency", "sum_shift", ("meet", *_PERSONAL), ("3m", "6m"), "messages"
    ),
    AggregateBlock("interaction_frequency", "sum_slope", ("meet",), _YEAR, "messages"),
    AggregateBlock("interaction_frequency", "slope", _PERSONAL, ("12m",)),
    AggregateBlock("interaction_frequency", "monthly_cv", ("meet", *_PERSONAL), ("12m",)),
    AggregateBlock("interaction_frequency", "monthly_sum_cv", ("meet",), ("6m", "12m"), "messages"),
    AggregateBlock("interaction_frequency", "busiest_day", ("meet",), _LONG),
    AggregateBlock(
        "interaction_frequency", "sum_busiest_day", ("meet", *_PERSONAL), ("12m",), "messages"
    ),
    AggregateBlock("interaction_frequency", "interval_cv", ("meet", *_PERSONAL), ("12m",)),
    AggregateBlock("interaction_frequency", "interval_max", ("meet", *_PERSONAL), _LONG),
    AggregateBlock(
        "interaction_frequency", "low_month", ("meet",), _YEAR, direction=-1, source="S5-R17"
    ),
    AggregateBlock(
        "interaction_frequency",
        "low_month_sum",
        ("meet",),
        _YEAR,
        "messages",
        direction=-1,
        source="S5-R17",
    ),
    AggregateBlock("interaction_frequency", "share", ("chat",), _LONG, over="meet"),
    AggregateBlock("interaction_frequency", "sum_share", _PERSONAL, _LONG, "messages", "meet"),
    AggregateBlock("interaction_frequency", "share", ("meet_weekend",), _YEAR, over="meet"),
    AggregateBlock(
        "interaction_frequency", "share", ("meet_short", "meet_long"), _YEAR, over="meet"
    ),
    AggregateBlock(
        "contact_network", "distinct", ("call", "moments"), _LONG, "person", source="S3-R08"
    ),
    AggregateBlock(
        "contact_network",
        "distinct",
        ("meet_long",),
        _YEAR,
        "person",
        direction=-1,
        source="S3-R08",
    ),
    AggregateBlock(
        "contact_network", "main_share", ("chat", "call", "moments"), ("12m",), "person"
    ),
    AggregateBlock("contact_network", "entropy", _PERSONAL, ("12m",), "person"),
    AggregateBlock("contact_network", "per_one", ("meet", *_PERSONAL), _LONG, "person"),
    AggregateBlock("contact_network", "new_share", ("meet",), ("1m", "3m", "6m"), "person"),
    AggregateBlock("contact_network", "change_share", ("meet",), _LONG, "person"),
    AggregateBlock("contact_network", "entropy", ("meet",), _LONG, "kind"),
    AggregateBlock("group_activity", "shift", ("group",), ("1m", "3m", "6m")),
    AggregateBlock("group_activity", "sum_shift", ("group",), ("1m", "3m", "6m"), "messages"),
    AggregateBlock("group_activity", "sum_slope", ("group",), _YEAR, "messages"),
    AggregateBlock("group_activity", "mean", ("group",), ("1m",), "messages"),
    AggregateBlock("group_activity", "max", ("group",), _LONG, "messages"),
    AggregateBlock("group_activity", "cv", ("group",), _LONG, "messages"),
    AggregateBlock("group_activity", "monthly_cv", ("group",), ("6m", "12m")),
    AggregateBlock("group_activity", "monthly_sum_cv", ("group",), ("6m", "12m"), "messages"),
    AggregateBlock("group_activity", "weekly_sum_cv", ("group",), _LONG, "messages"),
    AggregateBlock("group_activity", "interval_cv", ("group",), _LONG),
    AggregateBlock("group_activity", "interval_max", ("group",), _LONG),
    AggregateBlock("group_activity", "low_month", ("group",), _YEAR, direction=-1, source="S5-R17"),
    AggregateBlock("group_activity", "top_month", ("group",), ("12m",)),
    AggregateBlock("group_activity", "busiest_day", ("group",), ("12m",)),
    AggregateBlock("group_activity", "sum_busiest_day", ("group",), ("12m",), "messages"),
)

FAMILY = Family(
    "social_graph", "soc", CONCEPTS,
    ((_RED_PACKETS, _RED_PACKET_BLOCKS), (_CONTACTS, _CONTACT_BLOCKS), (_INTERACTIONS, _INTERACTION_BLOCKS)),
    snapshot=SNAPSHOT,
)  # fmt: skip
