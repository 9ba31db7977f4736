"""The charts of the report that are drawn as plain SVG, one function per chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from creditloom.report.page.drawn.svg import (
    Axes,
    Line,
    label,
    lines,
)
from creditloom.report.parts.blocks import show
from creditloom.report.parts.data import Text

if TYPE_CHECKING:
    import pandas as pd

# From so many yuan on an axis counts in millions.
MILLION = 1e6
# Height of one feature in the swarm, and the room of its name above the dots.
ROW_HEIGHT = 34.0
# Width of the swarm, and how far its dots lie above and below the middle of a row.
SWARM_WIDTH = 640.0
DOT_SPREAD = 9.0
# Ranks of the value are drawn in so many colours.
SHADES = 5


def _rate(value: float) -> str:
    return f"{100 * value:.3g}%"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _money(value: float) -> str:
    if abs(value) >= MILLION:
        return f"¥{value / MILLION:.3g}M"
    return f"¥{value / 1e3:.3g}k" if abs(value) >= 1e3 else f"¥{value:.0f}"


def cut_curves(cuts: pd.DataFrame) -> list[tuple[Text, str]]:
    """Return a chart of approval and bad rate, and one of profit where there is any, per cut.

    Cuts stand at even steps: the marker of the page moves by the place of the cut.
    """
    last = len(cuts) - 1
    marks = (0, last // 4, last // 2, 3 * last // 4, last)
    ticks = tuple((float(k), _rate(float(cuts["pd_cut"].iloc[k]))) for k in marks)
    across = Text("PD below which is approved", "批准的违约概率上限")

    def line(name: str, text: Text) -> Line:
        values = cuts[name].astype(float)
        return Line(text, tuple((float(k), v) for k, v in enumerate(values) if v == v))

    def axes(up: Text, form: Any) -> Axes:
        return Axes(across, up, _rate, form, ticks)

    bad = [
        line("bad_rate", Text("bad rate of the approved", "获批坏账率")),
        line("mean_pd", Text("their mean PD", "平均违约概率")),
    ]
    approval = [line("approval_rate", Text("approved", "通过率"))]
    found = [
        (
            Text("Approval by cut-off", "各分界点的通过率"),
            lines(approval, axes(Text("share of applicants", "申请人占比"), _rate)),
        ),
        (
            Text("Bad rate of the approved by cut-off", "各分界点的获批坏账率"),
            lines(bad, axes(Text("bad rate", "坏账率"), _rate)),
        ),
    ]
    if cuts["profit_cny"].notna().any():
        profit = [
            line("profit_cny", Text("expected profit", "预期利润")),
            line("loss_cny", Text("expected loss", "预期损失")),
        ]
        caption = Text("Expected profit and loss by cut-off", "各分界点的预期利润与损失")
        found.append((caption, lines(profit, axes(Text("yuan a year", "元/年"), _money))))
    return found


def densities(table: pd.DataFrame) -> str:
    """Return the score densities of goods and bads."""
    score = table["score"].tolist()
    drawn = [
        Line(Text("goods", "好客户"), tuple(zip(score, table["goods"], strict=True)), filled=True),
        Line(Text("bads", "坏客户"), tuple(zip(score, table["bads"], strict=True)), filled=True),
    ]
    return lines(drawn, Axes(Text("score", "评分"), Text("share", "占比"), _count, _rate))


def book_curves(table: pd.DataFrame) -> str:
    """Return the share of loans gone bad by months on book, one line per quarter."""
    months = [name for name in table.columns if name[0] == "m" and name[1:].isdigit()]
    drawn = []
    for row in table.to_dict("records"):
        points = [(float(name[1:]), row[name]) for name in months if row[name] == row[name]]
        points = [(x, y) for x, y in points if y is not None]
        if points:
            drawn.append(Line(Text(str(row["vintage"])), ((0.0, 0.0), *points)))
    # More lines than colours could not be told apart: the latest are drawn, the table has all.
    drawn = drawn[-5:]
    axes = Axes(
        Text("months on book", "账龄（月）"), Text("gone bad so far", "累计坏账率"), _count, _rate
    )
    return lines(drawn, axes)


def month_lines(table: pd.DataFrame) -> str:
    """Return AUC by month of application."""
    values = table["auc"].astype(float)
    known = values.dropna()
    if len(known) < 2:
        return ""
    # A month without an AUC breaks the line.
    points = tuple((float(k), v if v == v else None) for k, v in enumerate(values))
    step = max(1, len(table) // 6)
    ticks = tuple((float(k), str(v)[:7]) for k, v in enumerate(table["vintage"]) if k % step == 0)
    axes = Axes(
        Text("month of application", "申请月份"), Text("AUC"), _count, "{:.2f}".format, ticks
    )
    low = float(known.min())
    return lines([Line(Text("AUC"), points)], axes, (max(0.0, low - 0.05), 1.0))


def swarm(rows: Sequence[Mapping[str, Any]], names: Mapping[str, Text]) -> str:
    """Return the points of some applicants, one row of dots per feature, strongest first.

    Colour says how high the value is; grey = not known. Dots lie apart by their place in the
    sample, so the drawing is the same every time.
    """
    every = [value for row in rows for value in row["points"]]
    if not every:
        return ""
    low = min(every)
    high = max(every)
    scale = (SWARM_WIDTH - 20) / ((high - low) or 1.0)
    parts = []
    zero = 10 + (0 - low) * scale
    height = ROW_HEIGHT * len(rows) + 24
    parts.append(f'<path class="grid" d="M{zero:.1f} 0V{height - 20:.0f}"/>')
    for k, row in enumerate(rows):
        top = k * ROW_HEIGHT
        name = names.get(row["feature"], Text(row["feature"]))
        parts.append(label(4, top + 11, name, "start"))
        parts += _dots(row, top + 22, low, scale)
    axis = Text("points (right: raises the score)", "分值（向右提高评分）")
    parts.append(label(SWARM_WIDTH / 2, height - 5, axis))
    size = f'viewBox="0 0 {SWARM_WIDTH:.0f} {height:.0f}"'
    return f'<svg class="chart swarm" {size} aria-hidden="true">{"".join(parts)}</svg>'


def _dots(row: Mapping[str, Any], middle: float, low: float, scale: float) -> list[str]:
    shades: dict[str, list[str]] = {}
    for k, (points, rank) in enumerate(zip(row["points"], row["rank"], strict=True)):
        shade = "none" if rank is None else str(min(SHADES - 1, int(rank * SHADES)))
        # A fixed pattern of heights stands in for chance.
        y = middle + DOT_SPREAD * ((k * 7) % 11 - 5) / 10
        shades.setdefault(shade, []).append(f"M{10 + (points - low) * scale:.0f} {y:.0f}h0")
    return [f'<path class="dots s{name}" d="{"".join(d)}"/>' for name, d in sorted(shades.items())]


def shown_share(value: Any) -> str:
    """Return a share as the tables write it."""
    return show(value, "share")
