"""How a number reads: one function per kind, null always a dash, and tables built from frames by declared columns."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .blocks import Cell, Table
from .data import Text

if TYPE_CHECKING:
    import pandas as pd

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
class Column:
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
        return "fail" if self.is_numeric and not is_null(value) and not self.least <= value <= self.most else ""


def table(frame: pd.DataFrame, columns: tuple[Column, ...], caption: str, *, fold: int = 40) -> Table:
    """The declared columns in which `frame` has anything, formatted; a column `x` of text beside `x_zh` becomes bilingual."""
    kept = tuple(column for column in columns if column.name in frame and (frame.empty or frame[column.name].notna().any()))
    cells = [_cells(frame, column) for column in kept]
    return Table(caption, tuple(c.head for c in kept), tuple(c.is_numeric for c in kept), tuple(zip(*cells, strict=True)), fold)


def _cells(frame: pd.DataFrame, column: Column) -> list[Cell]:
    values = frame[column.name].tolist()
    chinese = frame[f"{column.name}_zh"].tolist() if f"{column.name}_zh" in frame else [FAMILIES.get(v, "") for v in values]
    top = max((abs(v) for v in values if not is_null(v)), default=0.0) if column.bar else 0.0
    return [
        Cell(Text(show(v, column.kind), str(zh)), abs(v) / top if top and not is_null(v) else None, column.state(v))
        for v, zh in zip(values, chinese, strict=True)
    ]
