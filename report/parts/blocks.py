"""The few kinds of block a page is built of; the template draws each kind in one way, and nothing else holds HTML.

`kind` picks the template's macro. Cells are already text: sections format, the template only escapes and places.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from creditloom.report.parts.data import Example, Text

if TYPE_CHECKING:
    import pandas as pd


# How a number reads: one function per kind, null always a dash, and tables built from frames by declared columns.

DASH = "–"
FAMILIES = {
    "payment_flow": "支付流水", "social_graph": "社交关系", "assets": "资产", "device_stability": "设备稳定性", "bureau": "征信",
    "identity": "身份核验",
}  # fmt: skip
ABSENT = "not available for real data"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


_KINDS: dict[str, Callable[[Any], str]] = {
    "text": str,
    "name": lambda v: {"True": "yes", "False": "no"}.get(str(v), str(v).replace("_", " ")),
    "count": lambda v: f"{v:,.0f}",
    "number": lambda v: f"{v:.3f}",
    "decimal": lambda v: f"{v:,.1f}",
    "share": lambda v: f"{100 * v:.1f} %",
    "rate": lambda v: f"{100 * v:.2f} %",
    "daily": lambda v: f"{100 * v:.3f} %",
    "p": _p,
    "error": lambda v: f"{v:.0e}",
    "money": lambda v: f"{'-' if v < 0 else ''}¥{abs(v):,.0f}",
    "points": lambda v: f"{v:+.1f}",
    "seconds": lambda v: f"{v:,.1f} s",
}
KINDS = tuple(_KINDS)
WORDS = ("text", "name")  # kinds that are no figures


def is_null(value: object) -> bool:
    """True for None and NaN, the two ways in which a figure may be absent."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def show(value: Any, kind: str) -> str:
    """`value` as a person reads it; null is a dash."""
    if is_null(value):
        return DASH
    text = _KINDS[kind](value)
    return text if kind in WORDS else text.replace("-", "−")


@dataclass(frozen=True)
class TableColumn:
    """One column of a table: the frame's column, its heading, how it reads, whether a bar is drawn behind it.

    A figure below `least` or above `most` is marked.
    """

    name: str
    head: str
    kind: str = "text"
    bar: bool = False
    least: float = -math.inf
    most: float = math.inf

    @property
    def is_numeric(self) -> bool:
        return self.kind not in WORDS

    def state(self, value: Any) -> str:
        """`fail` for a figure out of bounds, else empty."""
        return (
            "fail"
            if self.is_numeric and not is_null(value) and not self.least <= value <= self.most
            else ""
        )


def table(
    frame: pd.DataFrame, columns: tuple[TableColumn, ...], caption: str, *, fold: int = 40
) -> PageTable:
    """The declared columns in which `frame` has anything, formatted; a column `x` of text beside `x_zh` becomes bilingual."""
    kept = tuple(
        column
        for column in columns
        if column.name in frame and (frame.empty or frame[column.name].notna().any())
    )
    cells = [_cells(frame, column) for column in kept]
    return PageTable(
        caption,
        tuple(c.head for c in kept),
        tuple(c.is_numeric for c in kept),
        tuple(zip(*cells, strict=True)),
        fold,
    )


def _cells(frame: pd.DataFrame, column: TableColumn) -> list[TableCell]:
    values = frame[column.name].tolist()
    chinese = (
        frame[f"{column.name}_zh"].tolist()
        if f"{column.name}_zh" in frame
        else [FAMILIES.get(v, "") for v in values]
    )
    top = max((abs(v) for v in values if not is_null(v)), default=0.0) if column.bar else 0.0
    return [
        TableCell(
            Text(show(v, column.kind), str(zh)),
            abs(v) / top if top and not is_null(v) else None,
            column.state(v),
        )
        for v, zh in zip(values, chinese, strict=True)
    ]


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
class TableCell:
    """One cell. `bar` in [0, 1] draws a bar behind the text; `state` is pass, fail, or empty."""

    text: Text
    bar: float | None = None
    state: str = ""


@dataclass(frozen=True)
class PageTable:
    """A captioned table; `numeric` says which columns align right; more than `fold` rows start folded away."""

    kind: ClassVar[str] = "table"
    caption: str
    heads: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    fold: int = 40


@dataclass(frozen=True)
class Drawing:
    """One drawing: inline SVG made by `draw`, or PNG bytes as a data address (with its Chinese twin)."""

    caption: Text
    alt: str
    svg: str = ""
    png: str = ""
    png_zh: str = ""


@dataclass(frozen=True)
class Drawings:
    """Drawings side by side where there is room."""

    kind: ClassVar[str] = "figures"
    figures: tuple[Drawing, ...]


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
class TermList:
    """A list of definitions: (term, Chinese term, meaning)."""

    kind: ClassVar[str] = "terms"
    terms: tuple[tuple[str, str, str], ...]


PageBlock = Cards | Flow | PageTable | Drawings | Waterfall | Note | TermList


@dataclass(frozen=True)
class Section:
    """One part of the page with its heading, the sentence that says how to read it, and its blocks."""

    id: str
    title: Text
    lead: str
    blocks: tuple[PageBlock, ...]
