"""Values in words: numbers with their unit, in English and Chinese."""

from __future__ import annotations

import math
from typing import Literal

from .catalogue import Feature

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

NO_RECORD = {"en": "no record", "zh": "无记录"}
COLON = {"en": ": ", "zh": "："}
LEVELS = ("mean", "min", "max", "last")  # aggregates of logarithms that are a logarithm themselves
UNIT_WORDS = {
    "en": {"CNY": " CNY", "days": " days", "weeks": " weeks", "months": " months", "hours": " hours", "points": " points"},
    "zh": {"CNY": "元", "days": "天", "weeks": "周", "months": "个月", "hours": "小时", "points": "分"},
}


def number(value: float, decimals: int = 2) -> str:
    """Thousands separated; whole numbers without decimals."""
    shown = round(value, decimals) + 0.0  # no -0
    return f"{shown:,.0f}" if shown == round(shown) else f"{shown:,.{decimals}f}"


def yuan(value: float, language: Language) -> str:
    """An amount in CNY, whole yuan."""
    return f"{round(value) + 0:,}{UNIT_WORDS[language]['CNY']}"


def quantity(feature: Feature, value: float, language: Language) -> str:
    """The value of a feature with its unit; a share as per cent, a category by its name, null as 'no record'."""
    if math.isnan(value):
        return NO_RECORD[language]
    if feature.categories:
        return feature.categories[int(value)]
    if feature.unit == "share":
        return f"{100 * value:.1f} %" if language == "en" else f"{100 * value:.1f}%"
    if feature.unit == "CNY":
        return yuan(value, language)
    return number(value) + (_in_yuan(value, language) if is_log_level(feature) else UNIT_WORDS[language].get(feature.unit, ""))


def is_log_level(feature: Feature) -> bool:
    """A level (not a spread or a trend) of the natural logarithm of fen: it can be told in yuan."""
    return feature.unit == "log CNY" and feature.aggregate in LEVELS


def _in_yuan(log_fen: float, language: Language) -> str:
    about = {"en": " (about {})", "zh": "（约{}）"}[language]
    return about.format(yuan(math.exp(log_fen) / 100.0, language))


def behaviour(feature: Feature, value: float, language: Language) -> str:
    """What a person did, with its number: `<text of the feature>: <value with unit>`."""
    words = (feature.text_zh if language == "zh" else feature.text_en) or feature.name
    return f"{words}{COLON[language]}{quantity(feature, value, language)}"
