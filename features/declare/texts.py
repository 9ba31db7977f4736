"""Phrases that features share: windows in words, units in names, and the meanings of a null."""

from __future__ import annotations

# What a null means; an aggregate states one of these.
NO_CONSENT = "consent refused"
NO_ROWS = "no such rows in the window, or consent refused"
TOO_FEW = "too few rows in the window, or consent refused"
NO_BASE = "nothing to compare with in the window, or consent refused"

# Window to its phrase, which ends the English text of a feature.
LAST_EN = {
    "1d": "in the last day",
    "7d": "in the last 7 days",
    "1m": "in the last month",
    "2m": "in the last 2 months",
    "3m": "in the last 3 months",
    "6m": "in the last 6 months",
    "12m": "in the last 12 months",
    "ever": "so far",
}
# Window to its phrase, which begins the Chinese text of a feature.
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

# Unit and language to what follows a number of it in a text.
UNIT_AFTER = {("CNY", "en"): " CNY", ("CNY", "zh"): "元"}

# Unit to the suffix of a feature's name. Counts and flags have none.
UNIT_SUFFIX = {
    "count": "",
    "CNY": "_cny",
    "share": "_share",
    "ratio": "_ratio",
    "days": "_days",
    "weeks": "_weeks",
    "months": "_months",
    "points": "_points",
    "nats": "_nats",
    "log CNY": "_log_cny",
    "hours": "_hours",
    "flag": "",
}
