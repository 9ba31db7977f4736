"""Recognise what texts are: numbers with signs in them, or dates. Each is told with its column.

A column of text is numbers only where every text is one, or one of a few marks for missing. A
number with a leading zero is a name (a post code, an account), and so is one that no float64 holds.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from creditloom.decision.base.readings.moments import DateReading
from creditloom.decision.base.readings.text_numbers import Form, TextReading, fits

# Texts that stand for a missing value where all others are numbers.
# table: marks of missing
MARKS = (
    "?", "-", "--", ".", "NA", "N/A", "n/a", "na", "NaN", "nan", "NAN", "NULL", "Null", "null",
    "None", "none", "#N/A", "#NULL!", "missing", "unknown", "Missing", "Unknown",
)  # fmt: skip
# In the order in which they are tried: what fits an earlier form needs no later one.
FORMS: tuple[Form, ...] = ("plain", "percent", "thousands", "decimal comma")
# What a note says of a form.
# table: form -> words, with an example of the column
WORDS = {
    "plain": "numbers stored as text",
    "percent": "per-cent signs: {example} is read as the number before the sign",
    "thousands": "thousands commas: {example} is read without them",
    "decimal comma": "decimal commas: {example} is read with a point",
}
# A post code, an account, a branch: 0123 is another text than 123.
LEADING_ZERO = r"^[+-]?0\d"
# A whole number of sixteen digits and more: not every such number is a float64.
TOO_LONG = r"^[+-]?\d{16,}$"
# Sign of each form by which an example is found.
SIGNS = {"percent": "%", "thousands": ",", "decimal comma": ","}


def reading_of(values: pa.Array) -> TextReading | None:
    """Return how texts are read as numbers, None where they are no numbers."""
    texts = _once(values)
    is_mark = pc.is_in(texts, pa.array(MARKS))
    marks = texts.filter(is_mark).to_pylist()
    numbers = texts.filter(pc.invert(is_mark))
    if not len(numbers) or _any(numbers, LEADING_ZERO) or _any(numbers, TOO_LONG):
        return None
    for form in FORMS:
        if fits(numbers, form).all() and _is_meant(numbers, form):
            return TextReading(form, tuple(sorted(marks)))
    return None


def _is_meant(numbers: pa.Array, form: Form) -> bool:
    """Return whether the sign of a form is there at all."""
    sign = SIGNS.get(form)
    return sign is None or _any(numbers, sign)


def _once(values: pa.Array) -> pa.Array:
    """Return each text once, without blanks around it, without null and empty ones."""
    texts = pc.unique(pc.utf8_trim_whitespace(values.cast(pa.string()).unique()))
    return texts.filter(pc.greater(pc.utf8_length(texts.fill_null("")), 0))


def _any(texts: pa.Array, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())


def words_of(values: pa.Array, reading: TextReading) -> str:
    """Return what is said of a column that is read so, with an example of its own."""
    texts = _once(values)
    sign = SIGNS.get(reading.form, "")
    example = next((text for text in texts.to_pylist() if sign in text), "")
    words = WORDS[reading.form].format(example=f"`{example}`")
    if reading.missing:
        marks = ", ".join(f"`{mark}`" for mark in reading.missing)
        words += f"; {marks}: null"
    return words


# Dates.

# table: pattern of strptime -> how a person writes it
DATE_FORMATS = {
    "%Y-%m-%d": "2024-01-31",
    "%Y/%m/%d": "2024/01/31",
    "%Y.%m.%d": "2024.01.31",
    "%d/%m/%Y": "31/01/2024",
    "%m/%d/%Y": "01/31/2024",
    "%d.%m.%Y": "31.01.2024",
    "%d-%m-%Y": "31-01-2024",
    "%m-%d-%Y": "01-31-2024",
    "%Y%m%d": "20240131",
    "%Y-%m": "2024-01",
    "%b-%Y": "Jan-2024",
    "%d-%b-%Y": "31-Jan-2024",
    "%d %b %Y": "31 Jan 2024",
    "%b %d, %Y": "Jan 31, 2024",
    "%Y年%m月%d日": "2024年01月31日",
}
# What may follow a date, in this order.
CLOCKS = ("", " %H:%M", " %H:%M:%S")
# Texts that are tried before all of them are: they exclude most formats.
TRIED = 200


# How ISO 8601 begins where a date is written with its signs: eight digits may be another number.
ISO_START = r"^\d{4}-\d{2}-\d{2}(?:[T ]|$)"


@dataclass(frozen=True)
class FoundDates:
    """How texts are read as dates: patterns of strptime that read every text; "" = ISO 8601.

    Two patterns mean that nobody can tell days from months. missing: marks of missing among them.
    """

    patterns: tuple[str, ...]
    missing: tuple[str, ...] = ()

    @property
    def reading(self) -> DateReading:
        """The reading by the first pattern."""
        return DateReading(self.patterns[0], self.missing)

    @property
    def words(self) -> str:
        """The patterns as a person writes them."""
        return " or ".join(map(pattern_words, self.patterns))


def dates_of(values: pa.Array) -> FoundDates | None:
    """Return how texts are read as dates; None where no pattern reads all of them."""
    once = _once(values)
    is_mark = pc.is_in(once, pa.array(MARKS))
    missing = tuple(sorted(once.filter(is_mark).to_pylist()))
    found = once.filter(pc.invert(is_mark))
    texts = found.to_pylist()
    if not texts:
        return None
    if pc.all(pc.match_substring_regex(found, ISO_START)).as_py() and _reads("", texts):
        return FoundDates(("",), missing)
    patterns = [date + clock for date in DATE_FORMATS for clock in CLOCKS]
    for some in (texts[:TRIED], texts):
        patterns = [pattern for pattern in patterns if _reads(pattern, some)]
    return FoundDates(tuple(patterns), missing) if patterns else None


def _reads(pattern: str, texts: list[str]) -> bool:
    try:
        for text in texts:
            if pattern:
                # Naive by contract: times of the tables are naive UTC.
                dt.datetime.strptime(text, pattern)  # noqa: DTZ007
            else:
                dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def pattern_words(pattern: str) -> str:
    """Return a pattern as a person writes it.

    >>> pattern_words("%d/%m/%Y %H:%M")
    '31/01/2024 12:30'
    """
    date, _, clock = pattern.partition(" %H")
    return DATE_FORMATS[date or "%Y-%m-%d"] + (" 12:30" if clock else "")
