"""Words of contacts and of how often a person is in touch: no word says what was talked about."""

from __future__ import annotations

from ...declare.declarations import FeatureWording
from .amount_words import AMOUNTS
from .filled import filled

# How times in touch are counted: a chat and a call with one person on one day are two.
ONCE = "at most one chat, one call and one Moments contact per person and day"

# table: words of one way of being in touch (aggregate, measure, slices; texts, clauses)
_OF_WAY = (
    FeatureWording("active_days", "", ("[name]",),
        "days with {slice}", "有[zh]的天数",
        "{last}, you [did] on {value}", "{last}有[zh]的天数为{value}"),
    FeatureWording("active_weeks", "", ("[name]",),
        "weeks with {slice}", "有[zh]的周数",
        "{last}, you [did] in {value}", "{last}有[zh]的周数为{value}"),
    FeatureWording("count", "", ("[name]",),
        "number of {slice} ([once])", "[zh]次数（[once_zh]）",
        "{last}, the number of [times] ([once]) was {value}",
        "{last}[zh]次数（[once_zh]）为{value}"),
    FeatureWording("busiest_day", "", ("[name]",),
        "largest number of {slice} on one day ([once])", "[zh]单日最多次数（[once_zh]）",
        "{last}, the largest number of [times] on one day ([once]) was {value}",
        "{last}[zh]单日最多次数（[once_zh]）为{value}"),
    FeatureWording("low_month", "", ("[name]",),
        "number of {slice} in the month with the fewest ([once])",
        "[zh]最少月份的次数（[once_zh]）",
        "{last}, the number of [times] in the month with the fewest ([once]) was {value}",
        "{last}[zh]最少月份的次数（[once_zh]）为{value}"),
    FeatureWording("top_month", "", ("[name]",),
        "share of {slice} that fell in the busiest month", "[zh]最多的一个月占全部次数的比例",
        "{last}, {value} of all [times] were in the busiest single month",
        "{last}[zh]最多的一个月占全部次数的{value}"),
    FeatureWording("sum", "messages", ("[name]",),
        "number of [units]", "[units_zh]",
        "{last}, the number of [units] was {value}", "{last}[units_zh]为{value}"),
    FeatureWording("sum_busiest_day", "messages", ("[name]",),
        "largest number of [units] on one day", "单日最多[units_zh]",
        "{last}, the largest number of [units] on one day was {value}",
        "{last}单日最多[units_zh]为{value}"),
    FeatureWording("low_month_sum", "messages", ("[name]",),
        "number of [units] in the month with the fewest", "最少月份的[units_zh]",
        "{last}, the number of [units] in the month with the fewest was {value}",
        "{last}最少月份的[units_zh]为{value}"),
    FeatureWording("mean", "messages", ("[name]",),
        "average number of [units_one] per [other] and day",
        "每[other_zh]每天平均[units_zh]",
        "{last}, on days with [units_one], the average number of [units_one] "
        "with the same [other] was {value}",
        "{last}在有[zh]的日子里，平均每天与同一[other_zh]的[units_zh]为{value}"),
    FeatureWording("typical", "messages", ("[name]",),
        "usual number of [units_one] per [other] and day",
        "每[other_zh]每天通常[units_zh]",
        "{last}, on days with [units_one], the usual number of [units_one] "
        "with the same [other] was {value}",
        "{last}在有[zh]的日子里，通常每天与同一[other_zh]的[units_zh]为{value}"),
    FeatureWording("max", "messages", ("[name]",),
        "largest number of [units_one] with one [other] on one day",
        "与同一[other_zh]单日最多[units_zh]",
        "{last}, the largest number of [units_one] with one [other] on one day was {value}",
        "{last}与同一[other_zh]单日最多[units_zh]为{value}"),
    FeatureWording("sum_share", "messages", ("[name]",),
        "share of [units] in all exchanges with people",
        "[units_zh]占全部往来条数的比例",
        "{last}, [units] made up {value} of all your exchanges with people",
        "{last}[units_zh]占全部往来条数的{value}"),
    FeatureWording("share", "", ("[name]",),
        "share of {slice} in all times in touch with people", "[zh]占与他人往来次数的比例",
        "{last}, {value} of all the times you were in touch with people were [by]",
        "{last}[zh]占与他人往来次数的{value}"),
    FeatureWording("distinct", "person", ("[name]",),
        "number of different people [with]", "[zh]的不同人数",
        "{last}, the number of different people you [had] was {value}",
        "{last}[zh]的不同人数为{value}"),
    FeatureWording("main_share", "person", ("[name]",),
        "share of {slice} with the one most frequent person", "[zh]中与最常联系的一人的占比",
        "{last}, {value} of all [times] were with the one person you were in touch with most",
        "{last}[zh]中与最常联系的一人占{value}"),
    FeatureWording("per_one", "person", ("[name]",),
        "average number of [each] ([once])", "平均与每人的[zh]次数",
        "{last}, the average number of [each] ([once]) was {value}",
        "{last}平均与每人的[zh]次数为{value}"),
)  # fmt: skip
_OF_PERSON = {"other": "person", "other_zh": "人"}
_PERSON_ONCE = {
    **_OF_PERSON,
    "once": "at most one per person and day",
    "once_zh": "每人每天至多计一次",
}
# table: ways of being in touch: what templates are filled with
_MEET = {
    **_OF_PERSON,
    "name": "meet",
    "did": "chatted, called or interacted on Moments with others",
    "with": "in touch with",
    "had": "were in touch with",
    "units": "exchanges with people (messages, calls, Moments)",
    "units_one": "exchanges (messages, calls, Moments)",
    "units_zh": "与他人往来的消息、通话和朋友圈互动条数",
    "times": "times you were in touch with people",
    "each": "times in touch with each person",
    "by": "times in touch with people",
    "zh": "与他人的聊天、通话或朋友圈互动",
    "once": ONCE,
    "once_zh": "聊天、通话、朋友圈每人每天各至多计一次",
}
_CHAT = {
    **_PERSON_ONCE,
    "name": "chat",
    "did": "chatted with people",
    "with": "chatted with",
    "had": "chatted with",
    "units": "chat messages",
    "units_one": "chat messages",
    "units_zh": "聊天消息条数",
    "times": "chats with people",
    "each": "chats with each person",
    "by": "chats",
    "zh": "聊天",
}
_CALL = {
    **_PERSON_ONCE,
    "name": "call",
    "did": "had calls with people",
    "with": "in calls",
    "had": "had calls with",
    "units": "calls (every one counted)",
    "units_one": "calls (every one counted)",
    "units_zh": "通话次数（逐次计）",
    "times": "calls with people",
    "each": "calls with each person",
    "by": "calls",
    "zh": "通话",
}
_MOMENTS = {
    **_PERSON_ONCE,
    "name": "moments",
    "did": "interacted with people on Moments",
    "with": "in touch with on Moments",
    "had": "were in touch with on Moments",
    "units": "interactions on Moments",
    "units_one": "interactions on Moments",
    "units_zh": "朋友圈互动次数",
    "times": "times you were in touch with people on Moments",
    "each": "times in touch on Moments with each person",
    "by": "on Moments",
    "zh": "朋友圈互动",
}
_GROUP = {
    "name": "group",
    "did": "took part in group chats",
    "with": "in group chats",
    "had": "met in group chats",
    "units": "messages in group chats",
    "units_one": "group-chat messages",
    "units_zh": "群聊消息条数",
    "times": "group chats",
    "each": "group chats with each person",
    "by": "group chats",
    "zh": "群聊往来",
    "other": "group",
    "other_zh": "群",
    "once": "at most one per group and day",
    "once_zh": "每群每天至多计一次",
}


# table: words of interactions (aggregate, measure, slices; texts, clauses)
INTERACTION_WORDS = (
    *(one for way in (_MEET, _CHAT, _CALL, _MOMENTS, _GROUP) for one in filled(_OF_WAY, way)),
    *(FeatureWording("share", "", (name,),
        f"share of times in touch with people that {en}",
        f"{zh}占与他人往来次数的比例",
        f"{{last}}, {{value}} of your chats, calls and Moments contacts ({ONCE}) {en}",
        f"{{last}}{zh}占与他人往来的{{value}}（聊天、通话、朋友圈每人每天各至多计一次）")
      for name, en, zh in (
          ("meet_weekend", "were at weekends", "周末互动"),
          ("meet_short", "consisted of only one message, call or Moments interaction",
           "只有一条消息、一次通话或一次朋友圈互动的往来"),
          ("meet_long", "consisted of ten or more exchanges", "往来十次以上的互动"),
      )),
    FeatureWording("distinct", "person", ("meet_long",),
        "number of different people with ten or more exchanges on one day",
        "单日往来十次以上的人数",
        "{last}, the number of different people with whom you had ten or more exchanges on one "
        "day was {value}",
        "{last}单日往来十次以上的人数为{value}"),
    FeatureWording("new", "person", (),
        "number of people in touch with for the first time", "首次互动的人数",
        "{last}, the number of people you were in touch with for the first time was {value}",
        "{last}首次互动的人数为{value}"),
    FeatureWording("new_share", "person", (),
        "share of people in touch with for the first time", "互动对象中首次互动的占比",
        "{last}, {value} of the people you were in touch with were new to you",
        "{last}互动对象中首次互动的占{value}"),
    FeatureWording("change_share", "person", (),
        "share of times in touch with another person than the time before", "更换互动对象的占比",
        "{last}, {value} of the times you were in touch with people were with another person than "
        "the time before",
        "{last}与他人的往来中，对象与上一次不同的占{value}"),
)  # fmt: skip

# table: words of contacts (aggregate, measure, slices; texts, clauses)
CONTACT_WORDS = (
    FeatureWording("distinct", "person", (),
        "number of people added as contacts", "添加的联系人数",
        "{last}, the number of people you added as contacts was {value}",
        "{last}添加的联系人数为{value}"),
    *(FeatureWording(aggregate, "", (),
        f"days since the {en} contact was added{{since}}", f"{{since}}{zh}添加联系人距今天数",
        f"you added your {en} contact {{value}} ago", f"{zh}添加联系人距今{{value}}")
      for aggregate, en, zh in (("recency", "latest", "最近一次"), ("tenure", "first", "首次"))),
    FeatureWording("interval_max", "", (),
        "longest time between adding one contact and the next", "添加联系人最长间隔天数",
        "{last}, the longest time between adding one contact and the next was {value}",
        "{last}添加联系人最长间隔{value}"),
    FeatureWording("interval_mean", "", (),
        "average time between adding one contact and the next", "添加联系人平均间隔天数",
        "{last}, the average time between adding one contact and the next was {value}",
        "{last}添加联系人平均间隔{value}"),
    FeatureWording("active_months", "", (),
        "months in which contacts were added", "添加联系人的月数",
        "{last}, you added contacts in {value}", "{last}添加联系人的月数为{value}"),
    FeatureWording("busiest_day", "", (),
        "largest number of contacts added on one day", "单日最多添加联系人数",
        "{last}, the largest number of contacts you added on one day was {value}",
        "{last}单日最多添加联系人数为{value}"),
)  # fmt: skip

# table: words of red packets (aggregate, measure, slices; texts, clauses)
PACKET_WORDS = (
    *AMOUNTS,
    *(FeatureWording(aggregate, "", (f"packet_{did}",),
        f"{bins} on which red packets were {did}" if bins == "days"
        else f"{bins} in which red packets were {did}", f"{zh}红包的{bins_zh}",
        f"{{last}}, you {did} red packets {word} {{value}}",
        f"{{last}}{zh}红包的{bins_zh}为{{value}}")
      for did, zh in (("sent", "发出"), ("received", "收到"))
      for aggregate, bins, bins_zh, word in (
          ("active_days", "days", "天数", "on"), ("active_weeks", "weeks", "周数", "in"),
          ("active_months", "months", "月数", "in"),
      )),
    FeatureWording("change_share", "direction", (),
        "share of red packets that went the other way than the one before",
        "收发方向与上一个不同的红包占比",
        "{last}, {value} of your red packets went the other way than the one before "
        "(sent, then received)",
        "{last}收发方向与上一个不同的红包占{value}"),
)  # fmt: skip
