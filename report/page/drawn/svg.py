"""Draws small charts as SVG text. Labels stand in both languages; colours are those of the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from creditloom.report.parts.data import Text

# Size of a chart in its own units, and the room around the plot.
WIDTH = 420.0
HEIGHT = 210.0
LEFT = 52.0
RIGHT = 12.0
TOP = 14.0
BOTTOM = 34.0
TICKS = 4
# Steps between ticks, as multiples of a power of ten.
NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
COLOURS = ("blue", "orange", "green", "red", "muted")
Format = Callable[[float], str]
Point = tuple[float, float | None]


def escape(text: str) -> str:
    """Return text that SVG takes as it stands.

    >>> escape("a < b & c")
    'a &lt; b &amp; c'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def label(x: float, y: float, text: Text, anchor: str = "middle", turn: bool = False) -> str:
    """Return a text in both languages; one element where they are the same."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    if turn:
        place += f' transform="rotate(-90 {x:.1f} {y:.1f})"'
    if not text.zh or text.zh == text.en:
        return f"<text {place}>{escape(text.en)}</text>"
    english = f'<text class="en" {place}>{escape(text.en)}</text>'
    return f'{english}<text class="zh" {place}>{escape(text.zh)}</text>'


def ticks(low: float, high: float) -> list[float]:
    """Return about four round numbers inside a range.

    >>> ticks(0.0, 1.0)
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    span = high - low
    if not span > 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(span / TICKS))
    step = next(n * power for n in NICE if n * power >= span / TICKS * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


@dataclass(frozen=True)
class Plane:
    """The plot area of one chart: data ranges, and how a value becomes a place."""

    x: tuple[float, float]
    y: tuple[float, float]

    def across(self, value: float) -> float:
        """Return the horizontal place of a value."""
        low, high = self.x
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - low) / ((high - low) or 1.0)

    def up(self, value: float) -> float:
        """Return the vertical place of a value."""
        low, high = self.y
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / ((high - low) or 1.0)

    def path(self, points: Sequence[Point]) -> str:
        """Return the data of a line through the points; a null breaks it."""
        drawn = ""
        pen = "M"
        for x, y in points:
            if y is None:
                pen = "M"
                continue
            drawn += f"{pen}{self.across(x):.1f} {self.up(y):.1f}"
            pen = "L"
        return drawn


@dataclass(frozen=True)
class Axes:
    """What stands at the axes: titles, and how their numbers are written."""

    across: Text
    up: Text
    x_format: Format
    y_format: Format
    # Places and texts of the ticks below; empty = round numbers.
    x_ticks: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Line:
    """One line with its name; `filled` fills it down to the lower edge."""

    name: Text
    points: tuple[Point, ...]
    filled: bool = False


def frame(plane: Plane, axes: Axes) -> str:
    """Return grid, numbers and titles of a chart."""
    parts = []
    for value in ticks(*plane.y):
        y = plane.up(value)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(label(LEFT - 5, y + 3.5, Text(axes.y_format(value)), "end"))
    below = axes.x_ticks or tuple((v, axes.x_format(v)) for v in ticks(*plane.x))
    for value, text in below:
        parts.append(label(plane.across(value), HEIGHT - BOTTOM + 13, Text(text)))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(label(middle, HEIGHT - 5, axes.across))
    parts.append(label(11, (TOP + HEIGHT - BOTTOM) / 2, axes.up, turn=True))
    return "".join(parts)


def chart(inner: str, more: str = "") -> str:
    """Return a whole drawing around its parts."""
    size = f'viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}"'
    return f'<svg class="chart" {size}{more} aria-hidden="true">{inner}</svg>'


def lines(drawn: Sequence[Line], axes: Axes, y: tuple[float, float] | None = None) -> str:
    """Return a chart of lines; the range of `y` starts at 0 where none is given."""
    xs = [x for line in drawn for x, _ in line.points]
    every = [value for line in drawn for _, value in line.points if value is not None]
    if not every:
        return ""
    high = max(every)
    low = min(0.0, *every)
    plane = Plane((min(xs), max(xs)), y or (low, high * 1.08 or 1.0))
    parts = [frame(plane, axes)]
    for colour, line in zip(COLOURS * len(drawn), drawn, strict=False):
        path = plane.path(line.points)
        if line.filled:
            end = f"V{plane.up(plane.y[0]):.1f}H{plane.across(line.points[0][0]):.1f}Z"
            parts.append(f'<path class="area {colour}" d="{path}{end}"/>')
        parts.append(f'<path class="line {colour}" d="{path}"/>')
    if len(drawn) > 1:
        parts.append(legend([line.name for line in drawn]))
    return chart("".join(parts))


def legend(names: Sequence[Text]) -> str:
    """Return the names of the lines in a row at the upper edge."""
    parts = []
    room = (WIDTH - LEFT - RIGHT) / max(len(names), 1)
    for k, (colour, name) in enumerate(zip(COLOURS * len(names), names, strict=False)):
        x = LEFT + 4 + k * room
        parts.append(f'<path class="line {colour}" d="M{x:.1f} 7H{x + 12:.1f}"/>')
        parts.append(label(x + 16, 10.5, name, "start"))
    return "".join(parts)


# The curve of a feature in a cell of the table.
SPARK_WIDTH = 84.0
SPARK_HEIGHT = 22.0


def spark(x: Sequence[float], y: Sequence[float]) -> str:
    """Return a curve without axes, with a line at 0 points; "" for fewer than two points."""
    if len(x) < 2:
        return ""
    low = min(0.0, *y)
    high = max(0.0, *y)
    span = (high - low) or 1.0
    # By rank of the value: a few very large ones would press the others to the edge.
    step = SPARK_WIDTH / (len(x) - 1)
    height = SPARK_HEIGHT - 4

    def up(value: float) -> float:
        return SPARK_HEIGHT - 2 - height * (value - low) / span

    path = "M" + "L".join(f"{k * step:.0f} {up(value):.0f}" for k, value in enumerate(y))
    zero = f'<path class="grid" d="M0 {up(0.0):.0f}H{SPARK_WIDTH:.0f}"/>'
    size = f'viewBox="0 0 {SPARK_WIDTH:.0f} {SPARK_HEIGHT:.0f}"'
    return (
        f'<svg class="spark" {size} aria-hidden="true">{zero}<path class="line" d="{path}"/></svg>'
    )
