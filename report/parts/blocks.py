"""The kinds of block that a page is built of, and how a number is formatted.

Each kind of block has a macro in the template, which `kind` names. Only the templates hold HTML.
Cells hold text: the sections format each value, and the template escapes and places the text.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from creditloom.report.parts.data import Example, Text

if TYPE_CHECKING:
    import pandas as pd


# How a number is written: one function per kind, null always a dash.

DASH = "–"
# table: family -> its Chinese name
FAMILIES = {
    "payment_flow": "支付流水",
    "social_graph": "社交关系",
    "assets": "资产",
    "device_stability": "设备稳定性",
    "bureau": "征信",
    "identity": "身份核验",
}
ABSENT = "not available for real data"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


# table: kind -> how a value of it is written
_KINDS: dict[str, Callable[[Any], str]] = {
    "text": str,
    "name": lambda v: {"True": "yes", "False": "no"}.get(str(v), str(v).replace("_", " ")),
    "count": lambda v: f"{v:,.0f}",
    "signed": lambda v: f"{v:+,.0f}",
    "number": lambda v: f"{v:.3f}",
    "decimal": lambda v: f"{v:,.1f}",
    "share": lambda v: f"{100 * v:.1f} %",
    "rate": lambda v: f"{100 * v:.2f} %",
    "daily": lambda v: f"{100 * v:.3f} %",
    "p": _p,
    "error": lambda v: f"{v:.0e}",
    "money": lambda v: f"{'-' if v < 0 else ''}¥{abs(v):,.0f}",
    "cents": lambda v: f"{'-' if v < 0 else ''}¥{abs(v):,.2f}",
    "points": lambda v: f"{v:+.1f}",
    "seconds": lambda v: f"{v:,.1f} s",
}
KINDS = tuple(_KINDS)
WORDS = ("text", "name")  # kinds that are no figures


def is_null(value: object) -> bool:
    """Return True for None and NaN, the two ways in which a figure may be absent."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def show(value: Any, kind: str) -> str:
    """Return `value` as a person reads it; null is a dash.

    >>> show(0.1234, "share"), show(-1234.5, "money"), show(float("nan"), "rate")
    ('12.3 %', '−¥1,234', '–')
    """
    if is_null(value):
        return DASH
    text = _KINDS[kind](value)
    # Use a true minus sign for numbers. Words and names keep their hyphens.
    return text if kind in WORDS else text.replace("-", "−")


@dataclass(frozen=True)
class TableColumn:
    """One column of a table.

    `name`: the frame's column; `head`: its heading; `kind`: how a value is written; `bar`: whether
    a bar is drawn behind it. A figure below `least` or above `most` is marked.
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
        """Return `fail` for a figure out of bounds, else ""."""
        if not self.is_numeric or is_null(value):
            return ""
        return "" if self.least <= value <= self.most else "fail"


# A table with more rows than this starts folded, unless it sets a number of its own.
FOLD = 40
# Rows that a table shows at first; the page is to be read, and printed on few sheets.
SHOWN_ROWS = 12


def table(
    frame: pd.DataFrame,
    columns: tuple[TableColumn, ...],
    caption: str,
    *,
    fold: int = FOLD,
    name: str = "",
) -> PageTable:
    """Return a table of the declared columns, formatted. Columns without any value are left out.

    If `frame` also has the column `x_zh`, the column `x` is shown in both languages. `name` is that
    of the frame: the page calls its CSV so.
    """
    kept = tuple(column for column in columns if _has_values(frame, column.name))
    cells = [_cells(frame, column) for column in kept]
    # table: the parts of the table
    return PageTable(
        caption=caption,
        heads=tuple(column.head for column in kept),
        numeric=tuple(column.is_numeric for column in kept),
        rows=tuple(zip(*cells, strict=True)),
        fold=fold,
        name=name,
        columns=tuple(column.name for column in kept),
    )


def _has_values(frame: pd.DataFrame, name: str) -> bool:
    # A table without rows keeps its heads.
    return name in frame and (frame.empty or bool(frame[name].notna().any()))


def _cells(frame: pd.DataFrame, column: TableColumn) -> list[TableCell]:
    values = frame[column.name].tolist()
    if f"{column.name}_zh" in frame:
        chinese = ["" if is_null(zh) else zh for zh in frame[f"{column.name}_zh"].tolist()]
    else:
        # There is no Chinese column. Families have Chinese names of their own; other values have
        # none.
        chinese = [FAMILIES.get(value, "") for value in values]
    # Bars are shares of the largest figure of the column.
    sizes = [abs(value) for value in values if not is_null(value)] if column.bar else []
    longest = max(sizes, default=0.0)
    cells = []
    for value, zh in zip(values, chinese, strict=True):
        bar = abs(value) / longest if longest and not is_null(value) else None
        text = Text(show(value, column.kind), str(zh))
        cells.append(TableCell(text, bar, column.state(value)))
    return cells


# The blocks.


@dataclass(frozen=True)
class Card:
    """One figure to read first. `state` is pass, fail, or empty where nothing is judged.

    `figure` is its path in metrics.json, where it has one.
    """

    label: Text
    value: str
    note: str | Text = ""
    state: str = ""
    figure: str = ""


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
    """One cell. `bar` in [0, 1] draws a bar behind the text; `state` is pass, fail, or empty.

    `svg` is a drawing of ours in place of the text; `figure` its path in metrics.json.
    """

    text: Text
    bar: float | None = None
    state: str = ""
    svg: str = ""
    figure: str = ""


@dataclass(frozen=True)
class PageTable:
    """A captioned table.

    `numeric` names the columns that align right; more than `fold` rows start folded away. `name`
    and `columns` are those of the frame, for the CSV and for whoever checks the page. Beyond
    `shown` rows the page holds the others as data: it shows them when asked, and prints none.
    """

    kind: ClassVar[str] = "table"
    caption: str
    heads: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    fold: int = FOLD
    name: str = ""
    columns: tuple[str, ...] = ()
    shown: int = SHOWN_ROWS

    @property
    def first_rows(self) -> tuple[tuple[TableCell, ...], ...]:
        """Return the rows that stand in the page as they are."""
        return self.rows[: self.shown]

    @property
    def later_rows(self) -> tuple[tuple[TableCell, ...], ...]:
        """Return the rows that the page holds as data."""
        return self.rows[self.shown :]


@dataclass(frozen=True)
class Drawing:
    """One drawing: inline SVG of `charts`, or PNG bytes as a data address.

    `png_zh` is the same picture in Chinese.
    """

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
    """One step of a waterfall: where its bar starts and how wide it is.

    `left` and `width` are percent of the drawn range; `sign` is up, down or total.
    """

    label: Text
    points: str
    left: float
    width: float
    sign: str


@dataclass(frozen=True)
class Waterfall:
    """One decision taken apart: bridges from base points to score, its reasons, and the sum."""

    kind: ClassVar[str] = "waterfall"
    example: Example
    heading: str
    facts: str
    bridges: tuple[Bridge, ...]
    sum_line: str


@dataclass(frozen=True)
class Note:
    """A short paragraph between other blocks; `state` gives it a colour."""

    kind: ClassVar[str] = "note"
    text: str | Text
    state: str = ""


@dataclass(frozen=True)
class TermList:
    """A list of definitions: (term, Chinese term, meaning)."""

    kind: ClassVar[str] = "terms"
    terms: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Workbench:
    """The slider over cut-offs: cards and segments follow the row of two tables of the page.

    `cards` are (label, column of the table `cutoffs`); `present` is its row of today's cut.
    """

    kind: ClassVar[str] = "workbench"
    cards: tuple[tuple[Text, str], ...]
    n: int
    present: int


@dataclass(frozen=True)
class ApplicantBrowser:
    """The searchable applicants: `content` is JSON that the script draws from."""

    kind: ClassVar[str] = "applicants"
    content: str
    n: int


PageBlock = (
    Cards | Flow | PageTable | Drawings | Waterfall | Note | TermList | Workbench | ApplicantBrowser
)


@dataclass(frozen=True)
class Section:
    """One part of the page: heading, blocks, and a sentence (`lead`) that says how to read them."""

    id: str
    title: Text
    lead: str
    blocks: tuple[PageBlock, ...]


@dataclass(frozen=True)
class Chapter:
    """Sections of one question under one heading; `title` is empty for a page of sections only."""

    id: str
    title: Text
    sections: tuple[Section, ...]
