"""Values in words: numbers with their unit, in English and Chinese; a column at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pyarrow as pa

from .catalogue import Feature

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

NO_RECORD = {"en": "no record", "zh": "无记录"}
COLON = {"en": ": ", "zh": "："}
PER_CENT = {"en": " %", "zh": "%"}
ABOUT = {"en": " (about {})", "zh": "（约{}）"}
LEVELS = ("mean", "min", "max", "last")  # aggregates of logarithms that are a logarithm themselves
LARGEST_LOG = 700.0  # the exponential of more is no float
UNIT_WORDS = {
    "en": {"CNY": " CNY", "days": " days", "weeks": " weeks", "months": " months", "hours": " hours", "points": " points"},
    "zh": {"CNY": "元", "days": "天", "weeks": "周", "months": "个月", "hours": "小时", "points": "分"},
}


def picked(words: Sequence[str | None], which: np.ndarray) -> pa.Array:
    """words[which] as a text column; -1 picks the last."""
    return pa.array(words, pa.string()).take(pa.array(which % len(words)))


def numbers(values: np.ndarray, decimals: int = 2) -> list[str]:
    """Thousands separated; whole numbers without decimals."""
    shown = [round(value, decimals) + 0.0 for value in values.tolist()]  # no -0
    return [f"{value:,.0f}" if value.is_integer() else f"{value:,.{decimals}f}" for value in shown]


def number(value: float) -> str:
    """One of `numbers`."""
    return numbers(np.array([value]))[0]


def yuans(values: np.ndarray, language: Language) -> list[str]:
    """Amounts in CNY, whole yuan."""
    unit = UNIT_WORDS[language]["CNY"]
    return [f"{value:,.0f}{unit}" for value in (np.rint(values) + 0.0).tolist()]


def yuan(value: float, language: Language) -> str:
    """One of `yuans`."""
    return yuans(np.array([value]), language)[0]


def behaviours(features: Sequence[Feature], which: np.ndarray, values: np.ndarray, language: Language) -> pa.Array:
    """What persons did, with its number: `<text of features[which]>: <value with unit>`, one text per value."""
    order = np.argsort(which, kind="stable")
    distinct, starts = np.unique(which[order], return_index=True)
    told: list[str] = []
    for k, own in zip(distinct.tolist(), np.split(values[order], starts[1:]), strict=False):  # without values no feature, one empty part
        words = ((features[k].text_zh if language == "zh" else features[k].text_en) or features[k].name) + COLON[language]
        told += [words + quantity for quantity in quantities(features[k], own, language)]
    return pa.array(told, pa.string()).take(pa.array(np.argsort(order, kind="stable")))


def quantities(feature: Feature, values: np.ndarray, language: Language) -> list[str]:
    """Values of a feature with its unit; a share as per cent, a category by its name, null as 'no record'."""
    is_known = ~np.isnan(values)
    told = np.full(len(values), NO_RECORD[language], dtype=object)
    told[is_known] = _known(feature, values[is_known], language)
    found: list[str] = told.tolist()
    return found


def _known(feature: Feature, values: np.ndarray, language: Language) -> list[str]:
    if feature.categories:
        return [feature.categories[int(value)] for value in values.tolist()]
    if feature.unit == "share":
        return [f"{100 * value:.1f}{PER_CENT[language]}" for value in values.tolist()]
    if feature.unit == "CNY":
        return yuans(values, language)
    if is_log_level(feature):
        about = yuans(np.array([math.exp(min(value, LARGEST_LOG)) / 100.0 for value in values.tolist()]), language)
        return [shown + ABOUT[language].format(amount) for shown, amount in zip(numbers(values), about, strict=True)]
    unit = UNIT_WORDS[language].get(feature.unit, "")
    return [shown + unit for shown in numbers(values)]


def is_log_level(feature: Feature) -> bool:
    """A level (not a spread or a trend) of the natural logarithm of fen: it can be told in yuan."""
    return feature.unit == "log CNY" and feature.aggregate in LEVELS
