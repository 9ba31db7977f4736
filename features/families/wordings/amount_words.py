"""Words of amounts of money: they are said of one payment, one bill, one red packet."""

from __future__ import annotations

from ...declare.declarations import FeatureWording

# table: words of amounts (aggregate, measure, slices; texts, clauses)
AMOUNTS = (
    FeatureWording("mean", "amount", (),
        "average amount per {one}", "{slice}每{counter}平均金额",
        "{last}, the average amount per {one} was {value}",
        "{last}{slice}每{counter}平均金额为{value}"),
    FeatureWording("typical", "amount", (),
        "usual amount per {one}", "{slice}每{counter}通常金额",
        "{last}, the usual amount per {one} was {value}",
        "{last}{slice}每{counter}通常金额为{value}"),
    FeatureWording("max", "amount", (),
        "amount of the largest single {one}", "{slice}单{counter}最高金额",
        "{last}, the largest single {one} was {value}",
        "{last}{slice}单{counter}最高金额为{value}"),
    FeatureWording("last", "amount", (),
        "amount of the latest {one}", "最近一{counter}{slice}金额",
        "{last}, the latest {one} was {value}",
        "{last}最近一{counter}{slice}金额为{value}"),
    FeatureWording("drawdown", "amount", (),
        "share by which the latest {one} was lower than the largest",
        "最近一{counter}{slice}金额较最高值低的比例",
        "{last}, the latest {one} was {value} lower than the largest",
        "{last}最近一{counter}{slice}金额比最高值低{value}"),
)  # fmt: skip
# table: words of delays (aggregate, measure, slices; texts, clauses)
DELAYS = (
    FeatureWording("mean", "late", ("instalment_late",),
        "average delay of {slice}", "{slice}平均逾期天数",
        "{last}, the {slice} were {value} late on average",
        "{last}{slice}平均逾期{value}"),
    FeatureWording("active_months", "", ("instalment_late",),
        "months in which loan instalments were paid late", "有{slice}的月数",
        "{last}, late payment of loan instalments happened in {value}",
        "{last}有{slice}的月数为{value}"),
    FeatureWording("active_months", "", ("bill_late",),
        "months in which bills were paid late", "有{slice}的月数",
        "{last}, late payment of bills happened in {value}",
        "{last}有{slice}的月数为{value}"),
    FeatureWording("mean", "late", (),
        "average delay in paying {slice}", "{slice}平均逾期天数",
        "{last}, your {slice} were paid {value} late on average",
        "{last}{slice}平均逾期{value}"),
    FeatureWording("typical", "late", (),
        "usual delay in paying {slice}", "{slice}一般逾期天数",
        "{last}, the usual delay in paying your {slice} came to {value}",
        "{last}{slice}一般逾期{value}"),
    FeatureWording("max", "late", (),
        "longest delay in paying {slice}", "{slice}最长逾期天数",
        "{last}, the longest delay in paying {slice} was {value}",
        "{last}{slice}最长逾期{value}"),
    FeatureWording("last", "late", (),
        "delay in paying the latest {one}", "最近一{counter}{slice}逾期天数",
        "{last}, your latest {one} was paid {value} late",
        "{last}最近一{counter}{slice}逾期{value}"),
)  # fmt: skip
