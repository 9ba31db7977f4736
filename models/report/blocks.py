"""The few kinds of block a page is built of; the template draws each kind in one way, and nothing else holds HTML.

`kind` picks the template's macro. Cells are already text: sections format, the template only escapes and places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .data import Example, Text


@dataclass(frozen=True)
class Card:
    """One figure to read first. `state` is pass, fail, or empty where nothing is judged."""

    label: Text
    value: str
    note: str = ""
    state: str = ""


@dataclass(frozen=True)
class Cards:
    """Cards side by side."""

    kind: ClassVar[str] = "cards"
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Flow:
    """The steps from raw events to reasons: (name, count as text, unit)."""

    kind: ClassVar[str] = "flow"
    steps: tuple[tuple[Text, str, str], ...]


@dataclass(frozen=True)
class Cell:
    """One cell. `bar` in [0, 1] draws a bar behind the text; `state` is pass, fail, or empty."""

    text: Text
    bar: float | None = None
    state: str = ""


@dataclass(frozen=True)
class Table:
    """A captioned table; `numeric` says which columns align right; more than `fold` rows start folded away."""

    kind: ClassVar[str] = "table"
    caption: str
    heads: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[Cell, ...], ...]
    fold: int = 40


@dataclass(frozen=True)
class Figure:
    """One drawing: inline SVG made by `draw`, or PNG bytes as a data address (with its Chinese twin)."""

    caption: Text
    alt: str
    svg: str = ""
    png: str = ""
    png_zh: str = ""


@dataclass(frozen=True)
class Figures:
    """Drawings side by side where there is room."""

    kind: ClassVar[str] = "figures"
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Bridge:
    """One step of a waterfall: where its bar starts and how wide it is, in percent of the drawn range."""

    label: Text
    points: str
    left: float
    width: float
    sign: str  # up, down, or total


@dataclass(frozen=True)
class Waterfall:
    """One decision taken apart: a ladder of bridges from base points to score, the reasons told, and the line that adds up."""

    kind: ClassVar[str] = "waterfall"
    example: Example
    heading: str
    facts: str
    bridges: tuple[Bridge, ...]
    sum_line: str


@dataclass(frozen=True)
class Note:
    """A short paragraph under the others; `state` gives it a colour."""

    kind: ClassVar[str] = "note"
    text: str
    state: str = ""


@dataclass(frozen=True)
class Terms:
    """A list of definitions: (term, Chinese term, meaning)."""

    kind: ClassVar[str] = "terms"
    terms: tuple[tuple[str, str, str], ...]


Block = Cards | Flow | Table | Figures | Waterfall | Note | Terms


@dataclass(frozen=True)
class Section:
    """One part of the page with its heading, the sentence that says how to read it, and its blocks."""

    id: str
    title: Text
    lead: str
    blocks: tuple[Block, ...]
