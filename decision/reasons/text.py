"""Values in words: numbers with their unit, in English and Chinese; a column at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..base.catalogue import Feature

# Numbers as texts, a column at a time: what Python's own format gives, digit by digit in whole numbers.

FEW_VALUES = 32  # values that Python formats sooner
LARGEST = 1e11  # in units of the last decimal; above it a product by 100 is not near enough to the exact one
HALF_AWAY = 1e-4  # a number nearer to the middle between two texts is left to Python, which rounds the exact value
ZERO, MINUS, POINT, COMMA = (ord(sign) for sign in "0-.,")
Cells = tuple[np.ndarray | int, np.ndarray]  # a character per number, and where it is shown


@dataclass(frozen=True)
class Style:
    """`decimals` are shown; `is_grouped` sets a comma every three digits, `is_bare` leaves out those of a whole number, and -0."""

    decimals: int
    is_grouped: bool = True
    is_bare: bool = False

    def one(self, value: float) -> str:
        """One number by Python's format."""
        comma = "," if self.is_grouped else ""
        if not self.is_bare:
            return f"{value:{comma}.{self.decimals}f}"
        rounded = round(value, self.decimals) + 0.0  # no -0
        return f"{rounded:{comma}.{0 if rounded.is_integer() else self.decimals}f}"

    def many(self, values: np.ndarray) -> pa.Array:
        """The same for a column of finite numbers."""
        if len(values) < FEW_VALUES:
            return pa.array([self.one(value) for value in values.tolist()], pa.string())
        scaled = np.minimum(np.abs(values), LARGEST) * 10.0**self.decimals
        is_sure = (scaled < LARGEST) & (np.abs(scaled - np.floor(scaled) - 0.5) > HALF_AWAY)
        found = self._written(
            np.rint(np.where(is_sure, scaled, 0.0)).astype(np.int64), np.signbit(values)
        )
        if is_sure.all():
            return found
        left = pa.array([self.one(value) for value in values[~is_sure].tolist()], pa.string())
        return pc.replace_with_mask(found, pa.array(~is_sure), left)

    def _written(self, units: np.ndarray, is_negative: np.ndarray) -> pa.Array:
        """Texts of |number| in units of the last decimal."""
        cells = list(self._cells(units, is_negative))[::-1]
        shown = np.stack([mask for _, mask in cells], axis=1)
        signs = np.empty(shown.shape, np.uint8)
        for k, (sign, _) in enumerate(cells):
            signs[:, k] = sign
        ends = np.zeros(len(units) + 1, np.int32)
        np.cumsum(shown.sum(axis=1), out=ends[1:])
        return pa.StringArray.from_buffers(
            len(units), pa.py_buffer(ends), pa.py_buffer(signs[shown])
        )

    def _cells(self, units: np.ndarray, is_negative: np.ndarray) -> Iterator[Cells]:
        """The characters from the right."""
        everywhere = np.ones(len(units), dtype=bool)
        whole, part = np.divmod(units, 10**self.decimals)
        has_part = part > 0 if self.is_bare else everywhere
        for _ in range(self.decimals):
            part, digit = np.divmod(part, 10)
            yield digit + ZERO, has_part
        if self.decimals:
            yield POINT, has_part
        place, there = 0, everywhere
        while there.any():
            if self.is_grouped and place and place % 3 == 0:
                yield COMMA, there
            whole, digit = np.divmod(whole, 10)
            yield digit + ZERO, there
            place, there = place + 1, whole > 0
        yield MINUS, is_negative & (units > 0) if self.is_bare else is_negative


Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
UnitKind = str | tuple[str, ...]

NO_RECORD = {"en": "no record", "zh": "无记录"}
COLON = {"en": ": ", "zh": "："}
PER_CENT = {"en": " %", "zh": "%"}
ABOUT = {"en": " (about {})", "zh": "（约{}）"}
LEVELS = ("mean", "min", "max", "last")  # aggregates of logarithms that are a logarithm themselves
FEW = 8  # rows that are picked one by one
LARGEST_LOG = 700.0  # the exponential of more is no float
LOG_LEVEL = "level of log CNY"
NUMBER, YUAN, PERCENTAGE = Style(2, is_bare=True), Style(0), Style(1, is_grouped=False)
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


def picked(words: Sequence[str | None], which: np.ndarray) -> pa.Array:
    """words[which] as a text column; -1 picks the last."""
    if len(which) <= FEW:  # one row must not pay for what is quick for many
        return pa.array([words[k] for k in which.tolist()], pa.string())
    return pa.array(words, pa.string()).take(pa.array(which % len(words)))


def numbers(values: np.ndarray) -> pa.Array:
    """Thousands separated, two decimals; whole numbers without decimals."""
    return NUMBER.many(values)


def number(value: float) -> str:
    """One of `numbers`."""
    return NUMBER.one(value)


def yuans(values: np.ndarray, language: Language) -> pa.Array:
    """Amounts in CNY, whole yuan."""
    return joined(YUAN.many(np.rint(values) + 0.0), UNIT_WORDS[language]["CNY"])


def yuan(value: float, language: Language) -> str:
    """One of `yuans`."""
    text: str = yuans(np.array([value]), language)[0].as_py()
    return text


def joined(*pieces: pa.Array | str) -> pa.Array:
    """Texts put together row by row; a plain text stands in every row."""
    return pc.binary_join_element_wise(*pieces, "")


def behaviours(
    features: Sequence[Feature], which: np.ndarray, values: np.ndarray, language: Language
) -> pa.Array:
    """What persons did, with its number: `<text of features[which]>: <value with unit>`, one text per value."""
    used = np.flatnonzero(np.bincount(which, minlength=len(features)))
    place = np.searchsorted(used, which)
    told = [features[k] for k in used.tolist()]
    words = [
        ((feature.text_zh if language == "zh" else feature.text_en) or feature.name)
        + COLON[language]
        for feature in told
    ]
    return joined(picked(words, place), quantities(told, place, values, language))


def quantities(
    features: Sequence[Feature], which: np.ndarray, values: np.ndarray, language: Language
) -> pa.Array:
    """Values of features[which] with their unit; a share as per cent, a category by its name, null as 'no record'.

    Features that are told alike are told together.
    """
    kinds = [kind_of(feature) for feature in features]
    distinct = [*dict.fromkeys(kinds), None]
    kind = np.array([distinct.index(kind) for kind in kinds], np.int64)[which]
    kind[np.isnan(values)] = len(distinct) - 1
    rows = [np.flatnonzero(kind == k) for k in range(len(distinct))]
    told = [_known(one, values[own], language) for one, own in zip(distinct, rows, strict=True)]
    return pa.concat_arrays(told).take(pa.array(np.argsort(np.concatenate(rows), kind="stable")))


def kind_of(feature: Feature) -> UnitKind:
    """How the values of a feature are told: by the names of its categories, as the logarithm of an amount, or in its unit."""
    return feature.categories or (LOG_LEVEL if is_log_level(feature) else feature.unit)


def _known(kind: UnitKind | None, values: np.ndarray, language: Language) -> pa.Array:
    if kind is None:
        return pa.repeat(NO_RECORD[language], len(values))
    if not isinstance(kind, str):
        return picked(kind, values.astype(np.int64))
    if kind == "share":
        return joined(PERCENTAGE.many(100 * values), PER_CENT[language])
    if kind == "CNY":
        return yuans(values, language)
    if kind == LOG_LEVEL:
        before, after = ABOUT[language].split("{}")
        amounts = np.array([math.exp(min(value, LARGEST_LOG)) / 100.0 for value in values.tolist()])
        return joined(numbers(values), before, yuans(amounts, language), after)
    return joined(numbers(values), UNIT_WORDS[language].get(kind, ""))


def is_log_level(feature: Feature) -> bool:
    """A level (not a spread or a trend) of the natural logarithm of fen: it can be told in yuan."""
    return feature.unit == "log CNY" and feature.aggregate in LEVELS
