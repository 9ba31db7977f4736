"""The vocabulary of aggregates: how each names its feature, its unit, its texts and what null means.

`stem` is the middle of a feature's name; `unit` is empty where the result bears the measure's own unit.
"""

from __future__ import annotations

from dataclasses import dataclass

NO_CONSENT = "consent refused"
NO_ROWS = "no such rows in the window, or consent refused"
TOO_FEW = "too few rows in the window, or consent refused"
NO_BASE = "nothing to compare with in the window, or consent refused"


@dataclass(frozen=True)
class Aggregate:
    """How an aggregate is told; `formulas.FORMULAS` holds how it is computed, under the same key."""

    stem: str
    unit: str
    en: str
    zh: str
    null: str


LAST_EN = {
    "1d": "in the last day", "7d": "in the last 7 days", "1m": "in the last month", "2m": "in the last 2 months",
    "3m": "in the last 3 months",    "6m": "in the last 6 months", "12m": "in the last 12 months", "ever": "so far",
}  # fmt: skip
LAST_ZH = {
    "1d": "近1天",
    "7d": "近7天",
    "1m": "近1个月",
    "2m": "近2个月",
    "3m": "近3个月",
    "6m": "近6个月",
    "12m": "近12个月",
    "ever": "迄今",
}

UNIT_SUFFIX = {
    "count": "", "CNY": "_cny", "share": "_share", "ratio": "_ratio", "days": "_days", "weeks": "_weeks", "months": "_months",
    "points": "_points", "nats": "_nats", "log CNY": "_log_cny", "hours": "_hours", "flag": "",
}  # fmt: skip

AGGREGATES = {
    "count": Aggregate("{slice}_count", "count", "number of {slice}", "{slice}数量", NO_CONSENT),
    "sum": Aggregate(
        "{slice}_{measure}", "", "total {measure} of {slice}", "{slice}{measure}合计", NO_CONSENT
    ),
    "mean": Aggregate(
        "{slice}_{measure}_mean",
        "",
        "average {measure} of {slice}",
        "{slice}平均{measure}",
        NO_ROWS,
    ),
    "typical": Aggregate(
        "{slice}_{measure}_typical",
        "",
        "typical {measure} of {slice}",
        "{slice}典型{measure}",
        NO_ROWS,
    ),
    "log_std": Aggregate(
        "{slice}_{measure}_log_std",
        "ratio",
        "proportional spread of {measure} of {slice}",
        "{slice}{measure}对数标准差",
        TOO_FEW,
    ),
    "growth": Aggregate(
        "{slice}_{measure}_growth",
        "ratio",
        "monthly growth rate of {measure} of {slice}",
        "{slice}{measure}月增长率",
        TOO_FEW,
    ),
    "per_day": Aggregate(
        "{slice}_per_day",
        "ratio",
        "number of {slice} on a day with any {over}",
        "有{over}之日的{slice}数",
        NO_BASE,
    ),
    "std": Aggregate(
        "{slice}_{measure}_std",
        "",
        "spread of {measure} of {slice}",
        "{slice}{measure}标准差",
        TOO_FEW,
    ),
    "cv": Aggregate(
        "{slice}_{measure}_cv",
        "ratio",
        "relative spread of {measure} of {slice}",
        "{slice}{measure}变异系数",
        TOO_FEW,
    ),
    "max": Aggregate(
        "{slice}_{measure}_max", "", "largest {measure} of {slice}", "{slice}最大{measure}", NO_ROWS
    ),
    "min": Aggregate(
        "{slice}_{measure}_min",
        "",
        "smallest {measure} of {slice}",
        "{slice}最小{measure}",
        NO_ROWS,
    ),
    "last": Aggregate(
        "{slice}_{measure}_last", "", "latest {measure} of {slice}", "{slice}最新{measure}", NO_ROWS
    ),
    "trend": Aggregate(
        "{slice}_{measure}_trend",
        "",
        "monthly trend of {measure} of {slice}",
        "{slice}{measure}月度趋势",
        TOO_FEW,
    ),
    "mean_vs12": Aggregate(
        "{slice}_{measure}_vs12",
        "ratio",
        "{measure} of {slice} against its 12-month average",
        "{slice}{measure}与12个月均值之比",
        NO_BASE,
    ),
    "share": Aggregate(
        "{slice}_count",
        "share",
        "share of {slice} among {over}",
        "{slice}占{over}笔数比例",
        NO_BASE,
    ),
    "sum_share": Aggregate(
        "{slice}_{measure}",
        "share",
        "share of {slice} in {measure} of {over}",
        "{slice}占{over}{measure}比例",
        NO_BASE,
    ),
    "gap": Aggregate(
        "{slice}_{over}_{measure}_gap",
        "ratio",
        "{slice} minus {over} relative to both, by {measure}",
        "{slice}与{over}的{measure}差值比",
        NO_BASE,
    ),
    "count_gap": Aggregate(
        "{slice}_{over}_count_gap",
        "ratio",
        "{slice} minus {over} relative to both, by number",
        "{slice}与{over}的数量差值比",
        NO_BASE,
    ),
    "top_share": Aggregate(
        "{slice}_{measure}_top",
        "share",
        "largest single part of {measure} of {slice}",
        "{slice}单笔最大{measure}占比",
        NO_BASE,
    ),
    "recency": Aggregate(
        "{slice}_recency",
        "days",
        "days since the latest of {slice}",
        "距最近一次{slice}天数",
        NO_ROWS,
    ),
    "tenure": Aggregate(
        "{slice}_tenure", "days", "days since the first of {slice}", "距首次{slice}天数", NO_ROWS
    ),
    "active_days": Aggregate(
        "{slice}_active", "days", "days with {slice}", "有{slice}的天数", NO_CONSENT
    ),
    "active_weeks": Aggregate(
        "{slice}_active", "weeks", "weeks with {slice}", "有{slice}的周数", NO_CONSENT
    ),
    "active_months": Aggregate(
        "{slice}_active", "months", "months with {slice}", "有{slice}的月数", NO_CONSENT
    ),
    "run": Aggregate(
        "{slice}_run",
        "months",
        "months in a row with {slice}, up to the latest,",
        "{slice}最近连续月数",
        NO_CONSENT,
    ),
    "weekly_cv": Aggregate(
        "{slice}_weekly_count_cv",
        "ratio",
        "week-to-week variation of the number of {slice}",
        "{slice}周笔数波动率",
        NO_BASE,
    ),
    "weekly_sum_cv": Aggregate(
        "{slice}_weekly_{measure}_cv",
        "ratio",
        "week-to-week variation of {measure} of {slice}",
        "{slice}周{measure}波动率",
        NO_BASE,
    ),
    "monthly_cv": Aggregate(
        "{slice}_monthly_count_cv",
        "ratio",
        "month-to-month variation of the number of {slice}",
        "{slice}月笔数波动率",
        NO_BASE,
    ),
    "monthly_sum_cv": Aggregate(
        "{slice}_monthly_{measure}_cv",
        "ratio",
        "month-to-month variation of {measure} of {slice}",
        "{slice}月{measure}波动率",
        NO_BASE,
    ),
    "slope": Aggregate(
        "{slice}_count_slope",
        "ratio",
        "monthly growth of the number of {slice}",
        "{slice}笔数月度增速",
        NO_BASE,
    ),
    "sum_slope": Aggregate(
        "{slice}_{measure}_slope",
        "ratio",
        "monthly growth of {measure} of {slice}",
        "{slice}{measure}月度增速",
        NO_BASE,
    ),
    "vs12": Aggregate(
        "{slice}_count_vs12",
        "ratio",
        "pace of {slice} against the 12-month pace",
        "{slice}频率与12个月频率之比",
        NO_BASE,
    ),
    "sum_vs12": Aggregate(
        "{slice}_{measure}_vs12",
        "ratio",
        "pace of {measure} of {slice} against the 12-month pace",
        "{slice}{measure}与12个月水平之比",
        NO_BASE,
    ),
    "interval_cv": Aggregate(
        "{slice}_interval_cv",
        "ratio",
        "irregularity of the time between {slice}",
        "{slice}间隔不规律度",
        TOO_FEW,
    ),
    "distinct": Aggregate(
        "{slice}_{measure}_distinct",
        "count",
        "number of different {measure} of {slice}",
        "{slice}不同{measure}数",
        NO_CONSENT,
    ),
    "new": Aggregate(
        "{slice}_{measure}_new",
        "count",
        "number of {measure} of {slice} seen for the first time",
        "{slice}首次出现的{measure}数",
        NO_CONSENT,
    ),
    "main_share": Aggregate(
        "{slice}_main_{measure}",
        "share",
        "share of {slice} on the main one of the {measure}",
        "{slice}主要{measure}占比",
        NO_ROWS,
    ),
    "entropy": Aggregate(
        "{slice}_{measure}_entropy",
        "nats",
        "variety of {measure} among {slice}",
        "{slice}{measure}多样性",
        NO_ROWS,
    ),
    "changes": Aggregate(
        "{slice}_{measure}_change_count",
        "count",
        "changes of {measure} between {slice}",
        "{slice}{measure}更换次数",
        NO_CONSENT,
    ),
    "change_share": Aggregate(
        "{slice}_{measure}_change",
        "share",
        "share of {slice} with a change of {measure}",
        "{slice}{measure}更换比例",
        NO_ROWS,
    ),
    "new_share": Aggregate(
        "{slice}_new_{measure}",
        "share",
        "share of the {measure} of {slice} seen for the first time",
        "{slice}首次出现的{measure}占比",
        NO_ROWS,
    ),
    "per_one": Aggregate(
        "{slice}_per_{measure}",
        "ratio",
        "number of {slice} for each one of the {measure}",
        "{slice}平均每个{measure}的数量",
        NO_ROWS,
    ),
    "shift": Aggregate(
        "{slice}_count_shift",
        "ratio",
        "number of {slice} relative to the same time before,",
        "{slice}数量较上一同长时段的相对变化",
        NO_BASE,
    ),
    "sum_shift": Aggregate(
        "{slice}_{measure}_shift",
        "ratio",
        "{measure} of {slice} relative to the same time before,",
        "{slice}{measure}较上一同长时段的相对变化",
        NO_BASE,
    ),
    "mean_shift": Aggregate(
        "{slice}_{measure}_mean_shift",
        "ratio",
        "average {measure} of {slice} relative to the same time before,",
        "{slice}平均{measure}较上一同长时段的相对变化",
        NO_BASE,
    ),
    "move": Aggregate(
        "{slice}_{measure}_move",
        "",
        "average change of {measure} from one to the next of {slice}",
        "{slice}{measure}逐次平均变动",
        TOO_FEW,
    ),
    "drawdown": Aggregate(
        "{slice}_{measure}_drawdown",
        "share",
        "fall of the latest {measure} of {slice} from the largest",
        "{slice}最新{measure}较最大值的回落",
        NO_BASE,
    ),
    "last_vs_mean": Aggregate(
        "{slice}_{measure}_last_vs_mean",
        "ratio",
        "latest {measure} of {slice} against the average",
        "{slice}最新{measure}与均值之比",
        NO_BASE,
    ),
    "busiest_day": Aggregate(
        "{slice}_busiest_day", "count", "most {slice} on one day", "{slice}单日最多数量", NO_CONSENT
    ),
    "sum_busiest_day": Aggregate(
        "{slice}_{measure}_busiest_day",
        "",
        "largest {measure} of {slice} on one day",
        "{slice}单日最大{measure}",
        NO_CONSENT,
    ),
    "low_month": Aggregate(
        "{slice}_low_month",
        "count",
        "fewest {slice} in any month",
        "{slice}最少月份的数量",
        NO_CONSENT,
    ),
    "low_month_sum": Aggregate(
        "{slice}_{measure}_low_month",
        "",
        "smallest monthly {measure} of {slice}",
        "{slice}最低月{measure}",
        NO_CONSENT,
    ),
    "top_month": Aggregate(
        "{slice}_top_month",
        "share",
        "share of {slice} in the fullest month",
        "{slice}最多月份占比",
        NO_BASE,
    ),
    "top_month_sum": Aggregate(
        "{slice}_{measure}_top_month",
        "share",
        "share of {measure} of {slice} in the largest month",
        "{slice}{measure}最高月份占比",
        NO_BASE,
    ),
    "months_over": Aggregate(
        "{slice}_{measure}_over_{level}",
        "months",
        "months with {measure} of {slice} of {level} or more",
        "{slice}月{measure}不低于{level}的月数",
        NO_CONSENT,
    ),
    "interval_mean": Aggregate(
        "{slice}_interval", "days", "average time between {slice}", "{slice}平均间隔天数", TOO_FEW
    ),
    "interval_max": Aggregate(
        "{slice}_longest_pause",
        "days",
        "longest time between {slice}",
        "{slice}最长间隔天数",
        TOO_FEW,
    ),
}
