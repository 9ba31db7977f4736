"""Words of balances, contributions and proofs of assets."""

from __future__ import annotations

from ...declare.declarations import FeatureWording
from .amount_words import AMOUNTS
from .filled import filled

# table: words of one account (aggregate, measure, slices; texts, clauses)
_OF_ACCOUNT = (
    FeatureWording("count", "", ("[name]",),
        "number of statements of the [en]", "[zh]余额记录条数",
        "{last}, the number of statements of your [en] was {value}",
        "{last}[zh]余额记录条数为{value}"),
    FeatureWording("share", "", ("[name]_held",),
        "share of statements of the [en] that show money", "[zh]余额记录中有余额的占比",
        "{last}, your [en] held money in {value} of its statements",
        "{last}[zh]余额记录中有余额的占{value}"),
    FeatureWording("share", "", ("[name]_5000",),
        "share of statements of the [en] that show 5,000 CNY or more",
        "[zh]余额记录中五千元以上的占比",
        "{last}, your [en] held 5,000 CNY or more in {value} of its statements",
        "{last}[zh]余额记录中五千元以上的占{value}"),
    FeatureWording("typical", "balance", ("[name]_held",),
        "usual balance of the [en] when it held money", "[zh]有余额时的通常余额",
        "{last}, when your [en] held money, its usual balance was {value}",
        "{last}[zh]有余额时的通常余额为{value}"),
    FeatureWording("min", "balance", ("[name]_held",),
        "lowest balance of the [en] when it held money", "[zh]有余额时的最低余额",
        "{last}, when your [en] held money, its lowest balance was {value}",
        "{last}[zh]有余额时的最低余额为{value}"),
    FeatureWording("active_months", "", ("[name]_held",),
        "months with {slice}", "[zh]有余额的月数",
        "{last}, you had {slice} in {value}", "{last}[zh]有余额的月数为{value}"),
    FeatureWording("active_months", "", ("[name]_5000",),
        "months with {slice}", "[zh]余额在五千元以上的月数",
        "{last}, you had {slice} in {value}", "{last}[zh]余额在五千元以上的月数为{value}"),
    FeatureWording("run", "", ("[name]_held",),
        "length of the latest run of months in a row with {slice}",
        "[zh]最近一段连续有余额的月数",
        "{last}, your latest run of months in a row with {slice} lasted {value}",
        "{last}[zh]最近一段连续有余额的时间为{value}"),
    FeatureWording("run", "", ("[name]_5000",),
        "length of the latest run of months in a row with {slice}",
        "[zh]余额最近一段连续在五千元以上的月数",
        "{last}, your latest run of months in a row with {slice} lasted {value}",
        "{last}[zh]余额最近一段连续在五千元以上的时间为{value}"),
    FeatureWording("recency", "", ("[name]_held",),
        "days since the [en] last held money{since}", "{since}[zh]最近一次有余额距今天数",
        "your [en] last held money {value} ago", "[zh]最近一次有余额距今{value}"),
    FeatureWording("recency", "", ("[name]_5000",),
        "days since the [en] last held 5,000 CNY or more{since}",
        "{since}[zh]最近一次余额在五千元以上距今天数",
        "your [en] last held 5,000 CNY or more {value} ago",
        "[zh]最近一次余额在五千元以上距今{value}"),
)  # fmt: skip
# table: words of balances
BALANCE_WORDS = (
    *filled(
        _OF_ACCOUNT, {"name": "lqt", "en": "Lingqiantong (money-market) account", "zh": "零钱通"}
    ),
    *filled(_OF_ACCOUNT, {"name": "lct", "en": "Licaitong (investment) account", "zh": "理财通"}),
)
# table: words of contributions (aggregate, measure, slices; texts, clauses)
PAID_WORDS = (
    *AMOUNTS,
    FeatureWording("distinct", "kind", (),
        "number of kinds of scheme (social insurance, housing fund) paid into",
        "社保、公积金中缴存的种类数",
        "{last}, the number of kinds of scheme (social insurance, housing fund) that you paid "
        "into was {value}",
        "{last}社保、公积金中缴存的种类数为{value}"),
)  # fmt: skip
# table: words of proofs of assets (aggregate, measure, slices; texts, clauses)
PROOF_WORDS = (
    FeatureWording("distinct", "kind", (),
        "number of different kinds of {slice}", "资产证明种类数",
        "{last}, the number of different kinds of {slice} was {value}",
        "{last}资产证明种类数为{value}"),
    FeatureWording("recency", "", (),
        "days since the latest {one} was filed{since}", "{since}最近一次提交{slice}距今天数",
        "you filed your latest {one} {value} ago", "最近一次提交{slice}距今{value}"),
    FeatureWording("tenure", "", (),
        "days since the first {one} was filed{since}", "{since}首次提交{slice}距今天数",
        "you filed your first {one} {value} ago", "首次提交{slice}距今{value}"),
    FeatureWording("last", "value", (),
        "stated value of the latest {one}", "最近一份{slice}申报价值",
        "{last}, the stated value of your latest {one} was {value}",
        "{last}最近一份{slice}申报价值为{value}"),
    FeatureWording("mean", "value", (),
        "average stated value per {one}", "{slice}平均每份申报价值",
        "{last}, the average stated value per {one} was {value}",
        "{last}{slice}平均每份申报价值为{value}"),
)  # fmt: skip
