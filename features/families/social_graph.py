"""Social graph: contacts, interaction, groups, red packets, and the record of the circle.

Metadata only, never content. S1-R12, S2-R16, S5-R17. No hint is given here (S1-R47): advice to find
other friends would ask to game the score.
"""

from __future__ import annotations

from functools import partial

from ..contract.tables import CONTACTS, INTERACTIONS, RED_PACKETS
from ..declare.declarations import (
    AT_3M_12M,
    FROM_1M,
    FROM_3M,
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
from .wordings.social_words import CONTACT_WORDS, INTERACTION_WORDS, PACKET_WORDS

CONCEPTS = (
    FeatureConcept("contact_network", "network of contacts", "联系人网络"),
    FeatureConcept(
        "interaction_frequency",
        "frequency of contact with people",
        "联系他人的频率",
        source="S2-R16",
    ),
    FeatureConcept("group_activity", "activity in group chats", "群聊活跃度", source="S5-R17"),
    FeatureConcept("red_packet_balance", "red packets sent and received", "红包收发差额"),
    FeatureConcept(
        "circle_repayment",
        "loan repayments of your contacts, as far as known",
        "联系人还款",
    ),
)

# Blocks of one concept each.
_red_packet_balance = partial(AggregateBlock, "red_packet_balance")
_contact_network = partial(AggregateBlock, "contact_network")
_interaction_frequency = partial(AggregateBlock, "interaction_frequency")
_group_activity = partial(AggregateBlock, "group_activity")

_KINDS = ("chat", "call", "moments", "group")

_SENT = is_("direction", "sent")
_RECEIVED = is_("direction", "received")
_BOTH = ("packet_sent", "packet_received")

# table: slices and measures of red packets
_RED_PACKETS = Stream(
    table=RED_PACKETS,
    counter="个",
    wordings=PACKET_WORDS,
    slices=(
        Slice("packet", "red packets", "红包"),
        Slice("packet_sent", "red packets sent", "发出红包", (is_("direction", "sent"),)),
        Slice(
            "packet_received", "red packets received", "收到红包", (is_("direction", "received"),)
        ),
        Slice(
            "packet_sent_large",
            "red packets of 50 CNY or more sent",
            "发出五十元以上红包",
            (_SENT, between("amount_fen", 5_000)),
            were="were of 50 CNY or more",
        ),
        Slice(
            "packet_received_large",
            "red packets of 50 CNY or more received",
            "收到五十元以上红包",
            (_RECEIVED, between("amount_fen", 5_000)),
            were="were of 50 CNY or more",
        ),
    ),
    measures=(
        Measure("amount", "CNY", "amount", "金额", ("amount_fen",), per=100.0),
        Measure("direction", "count", "directions", "方向", ("direction",), "id"),
    ),
)
# table: blocks of red packets
_RED_PACKET_BLOCKS = (
    _red_packet_balance("count", ("packet_sent", "packet_received"), FROM_1M),
    _red_packet_balance("sum", ("packet_sent", "packet_received"), FROM_1M, "amount"),
    _red_packet_balance("mean", ("packet_sent", "packet_received"), AT_3M_12M, "amount"),
    _red_packet_balance("typical", ("packet_sent", "packet_received"), ("12m",), "amount"),
    _red_packet_balance(
        "gap",
        ("packet_sent",),
        FROM_1M,
        "amount",
        over="packet_received",
        direction=-1,
        source="S5-R22",
    ),
    _red_packet_balance(
        "count_gap",
        ("packet_sent",),
        FROM_3M,
        over="packet_received",
        direction=-1,
        source="S5-R22",
    ),
    _red_packet_balance("max", ("packet_sent", "packet_received"), ("12m",), "amount"),
    _red_packet_balance("active_days", ("packet",), AT_3M_12M),
    _red_packet_balance("slope", ("packet_sent", "packet_received"), ("12m",)),
    _red_packet_balance("vs12", ("packet",), ("1m", "3m")),
    _red_packet_balance("recency", ("packet_sent", "packet_received"), ("12m",)),
    _red_packet_balance("mean", _BOTH, ("1m", "6m"), "amount"),
    _red_packet_balance("typical", _BOTH, ("3m", "6m"), "amount"),
    _red_packet_balance("max", _BOTH, ("3m",), "amount"),
    _red_packet_balance("cv", _BOTH, AT_3M_12M, "amount"),
    _red_packet_balance("log_std", _BOTH, AT_3M_12M, "amount"),
    _red_packet_balance("active_days", _BOTH, ("3m",)),
    _red_packet_balance("active_months", _BOTH, ("12m",)),
    _red_packet_balance("active_weeks", _BOTH, ("12m",)),
    _red_packet_balance("shift", ("packet", *_BOTH), ("1m", "3m", "6m")),
    _red_packet_balance("sum_shift", _BOTH, ("1m", "3m", "6m"), "amount"),
    _red_packet_balance("monthly_cv", _BOTH, ("6m", "12m")),
    _red_packet_balance("monthly_sum_cv", _BOTH, ("6m", "12m"), "amount"),
    _red_packet_balance("sum_slope", _BOTH, ("6m", "12m"), "amount"),
    _red_packet_balance("busiest_day", _BOTH, AT_3M_12M),
    _red_packet_balance("sum_busiest_day", _BOTH, ("12m",), "amount"),
    _red_packet_balance("top_month", _BOTH, ("12m",)),
    _red_packet_balance("top_month_sum", _BOTH, ("12m",), "amount"),
    _red_packet_balance("top_share", _BOTH, AT_3M_12M, "amount"),
    _red_packet_balance("interval_cv", _BOTH, ("12m",)),
    _red_packet_balance("interval_max", _BOTH, AT_3M_12M),
    _red_packet_balance("interval_mean", _BOTH, ("12m",)),
    _red_packet_balance("share", ("packet_sent_large",), FROM_3M, over="packet_sent"),
    _red_packet_balance("share", ("packet_received_large",), FROM_3M, over="packet_received"),
    _red_packet_balance("count", ("packet_sent_large", "packet_received_large"), AT_3M_12M),
    _red_packet_balance("change_share", ("packet",), AT_3M_12M, "direction", source="S5-R22"),
    _red_packet_balance(
        "count_gap",
        ("packet_sent",),
        ("1m",),
        over="packet_received",
        direction=-1,
        source="S5-R22",
    ),
)

_CONTACTS = Stream(
    table=CONTACTS,
    wordings=CONTACT_WORDS,
    slices=(Slice("contact", "added contacts", "新增联系人"),),
    measures=(Measure("person", "count", "people", "联系人", ("contact_id",), "id"),),
    has_memory=True,
)
# table: blocks of contacts
_CONTACT_BLOCKS = (
    _contact_network(
        "distinct",
        ("contact",),
        ("3m", "6m", "12m", "ever"),
        "person",
        direction=-1,
        source="S3-R08",
    ),
    _contact_network("recency", ("contact",), ("ever",)),
    _contact_network("tenure", ("contact",), ("ever",), direction=-1),
    _contact_network("active_months", ("contact",), ("12m",)),
    _contact_network("interval_cv", ("contact",), ("ever",)),
    _contact_network("interval_max", ("contact",), ("12m", "ever")),
    _contact_network("interval_mean", ("contact",), ("ever",)),
    _contact_network("busiest_day", ("contact",), ("12m",)),
    _contact_network("shift", ("contact",), ("3m", "6m")),
    _contact_network("slope", ("contact",), ("12m",)),
)

_KIND_WORDS = {
    "chat": ("chats", "聊天"),
    "call": ("calls", "通话"),
    "moments": ("times in touch on Moments", "朋友圈互动"),
    "group": ("group chats", "群聊"),
}
# A single one of those that are no plain plural.
_ONE = {"moments": "contact on Moments"}
_PERSON = is_("kind", "chat", "call", "moments")
# table: slices and measures of interactions
_INTERACTIONS = Stream(
    table=INTERACTIONS,
    wordings=INTERACTION_WORDS,
    slices=(
        Slice(
            "meet",
            "times in touch with people",
            "人际互动",
            (_PERSON,),
            one="contact with a person",
        ),
        *(Slice(k, *_KIND_WORDS[k], (is_("kind", k),), one=_ONE.get(k, "")) for k in _KINDS),
        Slice(
            "meet_weekend",
            "times in touch with people at weekends",
            "周末互动",
            (_PERSON, is_("weekday", 5, 6)),
        ),
        Slice(
            "meet_short",
            "times in touch with people by a single exchange",
            "只有一次往来的互动",
            (_PERSON, between("n_messages", None, 1)),
        ),
        Slice(
            "meet_long",
            "times in touch with people by ten or more exchanges",
            "往来十次以上的互动",
            (_PERSON, between("n_messages", 10)),
        ),
    ),
    measures=(
        Measure("messages", "count", "number of exchanges", "往来条数", ("n_messages",)),
        Measure("kind", "count", "ways of being in touch", "互动方式", ("kind",), "id"),
        Measure("person", "count", "people", "联系人", ("contact_id",), "id"),
    ),
)
_PERSONAL = ("chat", "call", "moments")
# The rules on contact and groups ask how much and how often. How it is spread over weeks, days and
# ways of contact is what the section on contacts describes.
_RHYTHM = "domain 7.4"
# table: blocks of interactions
_INTERACTION_BLOCKS = (
    _interaction_frequency("count", ("meet",), ("7d", *FROM_1M), direction=-1, source="S1-R12"),
    _interaction_frequency("count", _PERSONAL, FROM_1M, source="S1-R12"),
    _interaction_frequency(
        "sum", ("meet",), ("7d", *FROM_1M), "messages", direction=-1, source="S1-R12"
    ),
    _interaction_frequency("sum", _PERSONAL, AT_3M_12M, "messages", source="S1-R12"),
    _interaction_frequency("mean", ("meet", *_PERSONAL), AT_3M_12M, "messages"),
    _interaction_frequency("typical", ("meet",), FROM_3M, "messages", direction=-1),
    _interaction_frequency("log_std", ("meet",), AT_3M_12M, "messages", source=_RHYTHM),
    _interaction_frequency("max", ("meet",), AT_3M_12M, "messages"),
    _interaction_frequency("active_days", ("meet",), ("1m", "3m"), direction=-1, source="S1-R12"),
    _interaction_frequency("active_weeks", ("meet",), AT_3M_12M, direction=-1),
    _interaction_frequency("weekly_cv", ("meet",), FROM_3M, source=_RHYTHM),
    _interaction_frequency("weekly_sum_cv", ("meet",), AT_3M_12M, "messages", source=_RHYTHM),
    _interaction_frequency("slope", ("meet",), FROM_3M),
    _interaction_frequency("vs12", ("meet",), ("7d", "1m", "3m")),
    _interaction_frequency("recency", ("meet", *_PERSONAL), ("12m",)),
    _interaction_frequency("share", ("call", "moments"), AT_3M_12M, over="meet", source=_RHYTHM),
    _contact_network(
        "distinct", ("meet", "chat"), FROM_1M, "person", direction=-1, source="S3-R08"
    ),
    _contact_network("main_share", ("meet",), AT_3M_12M, "person"),
    _contact_network("entropy", ("meet",), FROM_3M, "person"),
    _contact_network("new", ("meet",), ("1m", "3m", "6m"), "person"),
    _group_activity("count", ("group",), ("7d", *FROM_1M), direction=-1, source="S5-R17"),
    _group_activity("sum", ("group",), ("7d", *FROM_1M), "messages", direction=-1, source="S5-R17"),
    _group_activity("mean", ("group",), FROM_3M, "messages"),
    _group_activity("typical", ("group",), FROM_3M, "messages", direction=-1),
    _group_activity("active_days", ("group",), ("1m", "3m"), direction=-1, source="S5-R17"),
    _group_activity("active_weeks", ("group",), AT_3M_12M, direction=-1),
    _group_activity("weekly_cv", ("group",), ("12m",), source=_RHYTHM),
    _group_activity("slope", ("group",), FROM_3M),
    _group_activity("vs12", ("group",), ("1m", "3m")),
    _group_activity("recency", ("group",), ("12m",)),
    _group_activity("count_gap", ("group",), AT_3M_12M, over="meet", source=_RHYTHM),
    _interaction_frequency("sum", _PERSONAL, ("1m", "6m"), "messages", source="S1-R12"),
    _interaction_frequency("mean", ("meet",), ("1m", "6m"), "messages"),
    _interaction_frequency("typical", _PERSONAL, AT_3M_12M, "messages"),
    _interaction_frequency("max", _PERSONAL, ("12m",), "messages"),
    _interaction_frequency("cv", ("meet", *_PERSONAL), ("12m",), "messages", source=_RHYTHM),
    _interaction_frequency("active_weeks", _PERSONAL, ("12m",)),
    _interaction_frequency("shift", ("meet", *_PERSONAL), ("1m", "3m", "6m")),
    _interaction_frequency("sum_shift", ("meet", *_PERSONAL), ("3m", "6m"), "messages"),
    _interaction_frequency("sum_slope", ("meet",), FROM_3M, "messages"),
    _interaction_frequency("slope", _PERSONAL, ("12m",)),
    _interaction_frequency("monthly_cv", ("meet", *_PERSONAL), ("12m",), source=_RHYTHM),
    _interaction_frequency("monthly_sum_cv", ("meet",), ("6m", "12m"), "messages", source=_RHYTHM),
    _interaction_frequency("busiest_day", ("meet",), AT_3M_12M, source=_RHYTHM),
    _interaction_frequency(
        "sum_busiest_day", ("meet", *_PERSONAL), ("12m",), "messages", source=_RHYTHM
    ),
    _interaction_frequency("interval_cv", ("meet", *_PERSONAL), ("12m",), source=_RHYTHM),
    _interaction_frequency("interval_max", ("meet", *_PERSONAL), AT_3M_12M),
    _interaction_frequency("low_month", ("meet",), FROM_3M, direction=-1, source="S1-R12"),
    _interaction_frequency(
        "low_month_sum", ("meet",), FROM_3M, "messages", direction=-1, source="S1-R12"
    ),
    _interaction_frequency("share", ("chat",), AT_3M_12M, over="meet", source=_RHYTHM),
    _interaction_frequency(
        "sum_share", _PERSONAL, AT_3M_12M, "messages", over="meet", source=_RHYTHM
    ),
    _interaction_frequency("share", ("meet_weekend",), FROM_3M, over="meet", source=_RHYTHM),
    _interaction_frequency(
        "share", ("meet_short", "meet_long"), FROM_3M, over="meet", source=_RHYTHM
    ),
    _contact_network("distinct", ("call", "moments"), AT_3M_12M, "person", source="S3-R08"),
    _contact_network("distinct", ("meet_long",), FROM_3M, "person", direction=-1, source="S3-R08"),
    _contact_network("main_share", ("chat", "call", "moments"), ("12m",), "person"),
    _contact_network("entropy", _PERSONAL, ("12m",), "person"),
    _contact_network("per_one", ("meet", *_PERSONAL), AT_3M_12M, "person"),
    _contact_network("new_share", ("meet",), ("1m", "3m", "6m"), "person"),
    _contact_network("change_share", ("meet",), AT_3M_12M, "person"),
    _contact_network("entropy", ("meet",), AT_3M_12M, "kind"),
    _group_activity("shift", ("group",), ("1m", "3m", "6m")),
    _group_activity("sum_shift", ("group",), ("1m", "3m", "6m"), "messages"),
    _group_activity("sum_slope", ("group",), FROM_3M, "messages"),
    _group_activity("mean", ("group",), ("1m",), "messages"),
    _group_activity("max", ("group",), AT_3M_12M, "messages"),
    _group_activity("cv", ("group",), AT_3M_12M, "messages", source=_RHYTHM),
    _group_activity("monthly_cv", ("group",), ("6m", "12m"), source=_RHYTHM),
    _group_activity("monthly_sum_cv", ("group",), ("6m", "12m"), "messages", source=_RHYTHM),
    _group_activity("weekly_sum_cv", ("group",), AT_3M_12M, "messages", source=_RHYTHM),
    _group_activity("interval_cv", ("group",), AT_3M_12M, source=_RHYTHM),
    _group_activity("interval_max", ("group",), AT_3M_12M),
    _group_activity("low_month", ("group",), FROM_3M, direction=-1, source="S5-R17"),
    _group_activity("top_month", ("group",), ("12m",)),
    _group_activity("busiest_day", ("group",), ("12m",), source=_RHYTHM),
    _group_activity("sum_busiest_day", ("group",), ("12m",), "messages", source=_RHYTHM),
)

FAMILY = Family(
    name="social_graph",
    prefix="soc",
    concepts=CONCEPTS,
    streams=(
        (_RED_PACKETS, _RED_PACKET_BLOCKS),
        (_CONTACTS, _CONTACT_BLOCKS),
        (_INTERACTIONS, _INTERACTION_BLOCKS),
    ),
    snapshot=SNAPSHOT,
)
