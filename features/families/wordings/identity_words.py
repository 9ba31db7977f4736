"""Words of identity checks: their kinds and how well they matched."""

from __future__ import annotations

from ...declare.declarations import FeatureWording

# table: words of identity checks (aggregate, measure, slices; texts, clauses)
CHECK_WORDS = (
    FeatureWording("distinct", "kind", ("check_fail",),
        "number of kinds of identity check (such as face or phone) that failed",
        "未通过的身份核验种类数",
        "{last}, the number of kinds of identity check (such as face or phone) that failed "
        "was {value}",
        "{last}未通过的身份核验种类数为{value}"),
    FeatureWording("distinct", "kind", (),
        "number of kinds of identity check (such as face or phone) that were passed",
        "通过的身份核验种类数",
        "{last}, the number of kinds of identity check (such as face or phone) that you passed "
        "was {value}",
        "{last}通过的身份核验种类数为{value}"),
    FeatureWording("main_share", "kind", (),
        "share of {slice} of the most frequent kind (such as face or phone)",
        "{slice}中最常见种类的占比",
        "{last}, {value} of your {slice} were of your most frequent kind (such as face or phone)",
        "{last}{slice}中最常见种类占{value}"),
    FeatureWording("change_share", "kind", (),
        "share of {slice} of another kind than the check before", "{slice}与上一次种类不同的占比",
        "{last}, {value} of your {slice} were of another kind than the check before "
        "(phone, then face)",
        "{last}{slice}与上一次种类不同的占{value}"),
    FeatureWording("per_one", "kind", (),
        "average number of {slice} per kind (such as face or phone)", "平均每种{slice}次数",
        "{last}, the average number of {slice} per kind (such as face or phone) was {value}",
        "{last}平均每种{slice}次数为{value}"),
    FeatureWording("drawdown", "score", (),
        "share by which the latest match score of {slice} was lower than the highest",
        "{slice}最新匹配度较最高值低的比例",
        "{last}, the latest match score of your {slice} was {value} lower than the highest",
        "{last}{slice}最新匹配度比最高值低{value}"),
)  # fmt: skip
