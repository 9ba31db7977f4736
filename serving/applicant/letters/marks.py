"""Numbers that keep their source: a mark in the text names the field, its kind and what is shown.

A text with marks is written by `Sourced`, checked by `check.py`, and freed of its marks by `plain`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from creditloom.decision.reasons.text import Language

Kind = Literal[
    "yuan", "cents", "percent", "daily", "share", "points", "score", "whole", "date", "day", "text"
]
# Private-use characters: they stand in no text of ours, of a lender or of a person.
OPEN = "\ue000"
THEN = "\ue001"
CLOSE = "\ue002"
MARK = re.compile(f"{OPEN}([a-z]+)\\|([^{THEN}]*){THEN}([^{CLOSE}]*){CLOSE}")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
PERCENT = 100.0
# A single one, with its mark, has no plural s.
SINGLE = re.compile(f"({THEN}1{CLOSE}) (day|month|hour)s\\b")
# table: how a kind of number is written, and what it is multiplied by
WRITTEN: dict[str, tuple[str, float]] = {
    "yuan": (",.2f", 1.0),
    "cents": (",.2f", 1.0),
    "percent": (".2f", PERCENT),
    # The rates of a grid have at most seven decimals of a per cent.
    "daily": (".7f", PERCENT),
    "share": (".1f", PERCENT),
    # z: a loss of .04 points is +0.0 and not -0.0.
    "points": ("+z.1f", 1.0),
    "score": (",.0f", 1.0),
    "whole": (",.0f", 1.0),
}
# Kinds of which zeros behind the point are left out.
TRIMMED = ("daily",)


class LetterError(ValueError):
    """A letter cannot be written; the message says what, where, expected, got and next step."""

    @classmethod
    def of(cls, what: str, where: str, expected: str, got: object, next_step: str) -> LetterError:
        """Build the message from its five parts, one per line."""
        return cls(
            f"{what}\n  where:    {where}\n  expected: {expected}\n  got:      {got}\n"
            f"  next:     {next_step}"
        )


@dataclass(frozen=True)
class SourcedClaim:
    """One number or text of a letter: its kind, the path of its source, and what is shown."""

    kind: str
    path: str
    shown: str


def marked(kind: str, path: str, shown: str) -> str:
    """Return a shown text with its mark.

    >>> plain(marked("yuan", "row.limit_cny", "5,000"))
    '5,000'
    """
    return f"{OPEN}{kind}|{path}{THEN}{shown}{CLOSE}"


def plain(text: str) -> str:
    """Return a text without its marks: what is read."""
    return MARK.sub(lambda found: found[3], text)


def singular(text: str) -> str:
    """Return an English text with marks in which 1 stands before no plural.

    >>> plain(singular(marked("whole", "rights.review_time.value", "1") + " days"))
    '1 day'
    """
    return SINGLE.sub(r"\1 \2", text)


def unmarked(text: str) -> str:
    """Return what stands outside the marks."""
    return MARK.sub(" ", text)


def claims(text: str) -> list[SourcedClaim]:
    """Return what the marks of a text claim, in reading order."""
    return [SourcedClaim(*found) for found in MARK.findall(text)]


def value_at(documents: Mapping[str, Any], path: str) -> Any:
    """Return the value at a path as `quote.schedule.0.total_cny`; LetterError where there is none.

    >>> value_at({"quote": {"schedule": [{"total_cny": "5.00"}]}}, "quote.schedule.0.total_cny")
    '5.00'
    """
    place: Any = documents
    for step in path.split("."):
        try:
            place = place[int(step)] if isinstance(place, Sequence) else place[step]
        except (KeyError, IndexError, TypeError, ValueError):
            raise _absent(path, step) from None
    return place


def is_absent(value: Any) -> bool:
    """Return whether a value is null: None, NaN or NaT."""
    return value is None or bool(value != value)


@dataclass(frozen=True)
class Sourced:
    """Writes numbers and texts of `documents` with their marks, in one language."""

    documents: Mapping[str, Any]
    language: Language

    def at(self, path: str) -> Any:
        """Return the bare value at a path."""
        return value_at(self.documents, path)

    def has(self, path: str) -> bool:
        """Return whether there is a value at a path that is not null."""
        try:
            return not is_absent(self.at(path))
        except LetterError:
            return False

    def number(self, kind: Kind, path: str) -> str:
        """Return the number at a path, written in its kind, with its mark.

        Raises LetterError where it is absent: a letter never shows a dash for a number.
        """
        value = self.at(path)
        if is_absent(value):
            raise _absent(path, "a null")
        return marked(kind, path, written(kind, value, self.language))

    def text(self, path: str) -> str:
        """Return the text at a path as it stands there, with its mark."""
        return marked("text", path, str(self.at(path)))

    def sentence(self, path: str) -> str:
        """Return the text at a path with a capital at its beginning, with its mark."""
        shown = str(self.at(path))
        return marked("text", path, shown[:1].upper() + shown[1:])

    def money(self, path: str, kind: Kind = "yuan") -> str:
        """Return an amount with its unit."""
        return self.number(kind, path) + ("元" if self.language == "zh" else " CNY")

    def percent(self, path: str, kind: Kind = "percent") -> str:
        """Return a share or a rate with its sign."""
        return self.number(kind, path) + ("%" if self.language == "zh" else " %")


def written(kind: str, value: Any, language: Language) -> str:
    """Return a value as a letter shows it.

    >>> written("yuan", 5000.0, "en"), written("percent", "0.1234", "zh")
    ('5,000', '12.34')
    """
    if kind == "date":
        return _date(day_of_value(value), language)
    if kind == "day":
        return day_of_value(value).isoformat()
    style, scale = WRITTEN[kind]
    number = float(value) * scale
    shown = f"{number:{style}}"
    if kind == "yuan" and number.is_integer():
        return f"{number:,.0f}"
    return shown.rstrip("0").rstrip(".") if kind in TRIMMED else shown


def day_of_value(value: Any) -> dt.date:
    """Return the day of a date, a moment or a text that begins with a day in ISO 8601."""
    if isinstance(value, np.datetime64):
        value = str(value)
    return dt.date.fromisoformat(str(value)[:10])


def _date(day: dt.date, language: Language) -> str:
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _absent(path: str, got: str) -> LetterError:
    return LetterError.of(
        "A letter needs what the decision does not hold",
        where=path,
        expected="a value",
        got=got,
        next_step="nothing was written; report this decision",
    )
