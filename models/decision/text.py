"""Values in words: numbers with their unit, in English and Chinese."""

from __future__ import annotations

import math
from typing import Literal

from .catalogue import Feature

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

NO_RECORD = {"en": "no record", "zh": "无记录"}
COLON = {"en": ": ", "zh": "："}
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
    return number(value) + UNIT_WORDS[language].get(feature.unit, "")


def behaviour(feature: Feature, value: float, language: Language) -> str:
    """What a person did, with its number: `<text of the feature>: <value with unit>`."""
    words = (feature.text_zh if language == "zh" else feature.text_en) or feature.name
    return f"{words}{COLON[language]}{quantity(feature, value, language)}"
