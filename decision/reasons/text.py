"""Values in words: numbers with their unit, in English and Chinese, a column at a time."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..base.catalogue import Feature
from .words import (
    FEW,
    FewTexts,
    Texts,
    concatenated,
    joined_text,
    repeated,
    taken,
    texts_of,
    word_column,
)

# Numbers as texts, a column at a time. The texts are those of Python's own format; the digits are
# worked out in whole numbers.

# Largest number that is written by digits, in units of the last decimal. Above it, a product by 100
# lies too far from the exact one.
LARGEST = 1e11
# A number that lies this near to the middle between two texts, in units of the last decimal, is
# left to Python, which rounds the exact binary value.
TIE_DISTANCE = 1e-4
ZERO, MINUS, POINT, COMMA = (ord(sign) for sign in "0-.,")
# One character per number, and where it is shown.
Cells = tuple[np.ndarray | int, np.ndarray]


@dataclass(frozen=True)
class Style:
    """How a number is written.

    `decimals` are shown; `is_grouped` sets a comma every three digits; `is_bare` leaves out the
    decimals of a whole number, and the minus of zero.
    """

    decimals: int
    is_grouped: bool = True
    is_bare: bool = False

    def one(self, value: float) -> str:
        """Return the text of one number, by Python's format.

        >>> Style(2, is_bare=True).one(1234.5), Style(2, is_bare=True).one(-0.001)
        ('1,234.50', '0')
        """
        comma = "," if self.is_grouped else ""
        if not self.is_bare:
            return f"{value:{comma}.{self.decimals}f}"
        rounded = round(value, self.decimals) + 0.0  # + 0.0 turns -0 into 0
        return f"{rounded:{comma}.{0 if rounded.is_integer() else self.decimals}f}"

    def many(self, values: np.ndarray) -> Texts:
        """Return the texts of a column of finite numbers."""
        # Of few values Python's own format is quicker than the digits.
        if len(values) <= FEW:
            return FewTexts([self.one(value) for value in values.tolist()])
        scaled = np.minimum(np.abs(values), LARGEST) * 10.0**self.decimals
        is_sure = (scaled < LARGEST) & (np.abs(scaled - np.floor(scaled) - 0.5) > TIE_DISTANCE)
        units = np.rint(np.where(is_sure, scaled, 0.0)).astype(np.int64)
        texts = self._written(units, np.signbit(values))
        if is_sure.all():
            return texts
        rest = pa.array([self.one(value) for value in values[~is_sure].tolist()], pa.string())
        return pc.replace_with_mask(texts, pa.array(~is_sure), rest)

    def _written(self, units: np.ndarray, is_negative: np.ndarray) -> pa.Array:
        """Return the texts of |number|, given in units of the last decimal."""
        cells = list(self._cells(units, is_negative))[::-1]
        shown = np.stack([mask for _, mask in cells], axis=1)
        # Every text gets a column per character; `shown` then drops what it does not need.
        characters = np.empty(shown.shape, np.uint8)
        for k, (character, _) in enumerate(cells):
            characters[:, k] = character
        ends = np.zeros(len(units) + 1, np.int32)
        np.cumsum(shown.sum(axis=1), out=ends[1:])
        return pa.StringArray.from_buffers(
            len(units), pa.py_buffer(ends), pa.py_buffer(characters[shown])
        )

    def _cells(self, units: np.ndarray, is_negative: np.ndarray) -> Iterator[Cells]:
        """Yield the characters from the right to the left."""
        everywhere = np.ones(len(units), dtype=bool)
        whole, part = np.divmod(units, 10**self.decimals)
        has_part = part > 0 if self.is_bare else everywhere
        for _ in range(self.decimals):
            part, digit = np.divmod(part, 10)
            yield digit + ZERO, has_part
        if self.decimals:
            yield POINT, has_part
        place = 0
        # The first digit stands everywhere, even for 0; further ones while the number lasts.
        is_there = everywhere
        while is_there.any():
            if self.is_grouped and place and place % 3 == 0:
                yield COMMA, is_there
            whole, digit = np.divmod(whole, 10)
            yield digit + ZERO, is_there
            place += 1
            is_there = whole > 0
        yield MINUS, is_negative & (units > 0) if self.is_bare else is_negative


# Values with their unit.

# A single one has no plural s. Of "1.1 days" and "11 days" it is no part.
SINGLE = re.compile(r"(?<![\d.,])1 (day|week|month|hour|point)s\b")
Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
UnitKind = str | tuple[str, ...]

NO_RECORD = {"en": "no record", "zh": "无记录"}
COLON = {"en": ": ", "zh": "："}
PER_CENT = {"en": " %", "zh": "%"}
ABOUT = {"en": " (about {})", "zh": "（约{}）"}
# Aggregates of logarithms that are a logarithm themselves.
LEVELS = ("mean", "min", "max", "last")
# The exponential of a larger number is no float64.
LARGEST_LOG = 700.0
FEN_PER_YUAN = 100.0
LOG_LEVEL = "level of log CNY"
NUMBER = Style(2, is_bare=True)
YUAN = Style(0)
PERCENTAGE = Style(1, is_grouped=False)
UNIT_WORDS = {
    "en": {
        "CNY": " CNY",
        "days": " days",
        "weeks": " weeks",
        "months": " months",
        "hours": " hours",
        "points": " points",
    },
    "zh": {
        "CNY": "元",
        "days": "天",
        "weeks": "周",
        "months": "个月",
        "hours": "小时",
        "points": "分",
    },
}


def numbers(values: np.ndarray) -> Texts:
    """Return numbers with thousands separated and two decimals; whole ones without decimals.

    >>> numbers(np.array([1234.0, 0.5])).to_pylist()
    ['1,234', '0.50']
    """
    return NUMBER.many(values)


def number(value: float) -> str:
    """Return one of `numbers`."""
    return NUMBER.one(value)


def singular(text: str) -> str:
    """Return an English text in which 1 stands before no plural.

    >>> singular("1 weeks, 11 days and 1.1 months"), singular("for 1 months or 1 CNY")
    ('1 week, 11 days and 1.1 months', 'for 1 month or 1 CNY')
    """
    return SINGLE.sub(r"1 \1", text)


def yuans(values: np.ndarray, language: Language) -> Texts:
    """Return amounts in CNY, in whole yuan."""
    # + 0.0 turns -0 into 0.
    return joined_text(YUAN.many(np.rint(values) + 0.0), UNIT_WORDS[language]["CNY"])


def yuan(value: float, language: Language) -> str:
    """Return one of `yuans`.

    >>> yuan(12000.4, "en")
    '12,000 CNY'
    """
    return str(yuans(np.array([value]), language)[0])


def behaviours(
    features: Sequence[Feature], which: np.ndarray, values: np.ndarray, language: Language
) -> Texts:
    """Return what persons did, with its number, one text per value.

    The form is `<text of features[which]>: <value with unit>`.
    """
    used, position = np.unique(which, return_inverse=True)
    used_features = [features[k] for k in used.tolist()]
    words = [feature_name(feature, language) + COLON[language] for feature in used_features]
    return joined_text(
        word_column(words, position), quantities(used_features, position, values, language)
    )


def subjects(features: Sequence[Feature], language: Language) -> Texts:
    """Return the words before the value of a behaviour, one text per feature."""
    return texts_of([feature_name(feature, language) + COLON[language] for feature in features])


def feature_name(feature: Feature, language: Language) -> str:
    """Return the words of a feature in a language, or its name where it has none."""
    return (feature.text_zh if language == "zh" else feature.text_en) or feature.name


def quantities(
    features: Sequence[Feature], which: np.ndarray, values: np.ndarray, language: Language
) -> Texts:
    """Return the values of features[which] with their unit.

    A share becomes per cent, a category its name, null 'no record'. Features whose values are
    written in one way are written together.
    """
    if len(which) <= FEW:
        alone = zip(which.tolist(), values.tolist(), strict=True)
        return concatenated([_one_quantity(features[k], value, language) for k, value in alone])
    kinds = [kind_of(feature) for feature in features]
    distinct = [*dict.fromkeys(kinds), None]
    kind = np.array([distinct.index(kind) for kind in kinds], np.int64)[which]
    # The last kind, None, is that of nulls.
    kind[np.isnan(values)] = len(distinct) - 1
    rows = [np.flatnonzero(kind == k) for k in range(len(distinct))]
    texts = [
        _quantity(unit, values[own], language) for unit, own in zip(distinct, rows, strict=True)
    ]
    # Written kind by kind, then put back into the order of the values.
    order = np.argsort(np.concatenate(rows), kind="stable")
    return taken(concatenated(texts), order)


def _one_quantity(feature: Feature, value: float, language: Language) -> Texts:
    """Return one value with its unit, as a column of one."""
    # NaN alone is not equal to itself.
    kind = kind_of(feature) if value == value else None
    return _quantity(kind, np.array([value]), language)


def kind_of(feature: Feature) -> UnitKind:
    """Return how the values of a feature are written.

    By the names of its categories, as the logarithm of an amount, or in its unit.
    """
    return feature.categories or (LOG_LEVEL if is_log_level(feature) else feature.unit)


def _quantity(kind: UnitKind | None, values: np.ndarray, language: Language) -> Texts:
    if kind is None:
        return repeated(NO_RECORD[language], len(values))
    if not isinstance(kind, str):
        return word_column(kind, values.astype(np.int64))
    if kind == "share":
        return joined_text(PERCENTAGE.many(100 * values), PER_CENT[language])
    if kind == "CNY":
        return yuans(values, language)
    if kind == LOG_LEVEL:
        before, after = ABOUT[language].split("{}")
        # math.exp and not np.exp, whose last bit differs from machine to machine.
        fen = [math.exp(min(value, LARGEST_LOG)) for value in values.tolist()]
        amounts = np.array([amount / FEN_PER_YUAN for amount in fen])
        return joined_text(numbers(values), before, yuans(amounts, language), after)
    return joined_text(numbers(values), UNIT_WORDS[language].get(kind, ""))


def is_log_level(feature: Feature) -> bool:
    """Return whether the feature is a level of the natural logarithm of fen.

    A level, unlike a spread or a trend, can be written in yuan.
    """
    return feature.unit == "log CNY" and feature.aggregate in LEVELS
