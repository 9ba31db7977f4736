"""Draws the charts of the report, one function per chart.

Each function takes a frame of `ReportData` and returns inline SVG. The SVG needs no network, its
colours follow the reader's light or dark theme, and its ids are unique in the page.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from creditloom.report.page.drawn.svg import escape
from creditloom.report.words.translate import both

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure


# How a drawing of matplotlib becomes part of the page.

# Near-black colours that no other drawing uses. In the SVG text each one is replaced by a variable
# of the page's style. They are in lower case, as matplotlib writes colours.
INK = "#010a01"
MUTED = "#010a02"
GRID = "#010a03"
BLUE = "#010a04"
ORANGE = "#010a05"
GREEN = "#010a06"
RED = "#010a07"
_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    BLUE: "blue",
    ORANGE: "orange",
    GREEN: "green",
    RED: "red",
}
# Largest width of a drawing on the page, in CSS pixels per inch. With it the letters of a drawing
# are about as large as the text of the page.
READING_SCALE = 105
# table: settings of matplotlib
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "creditloom",
    "font.size": 9,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "savefig.facecolor": "none",
}
# Leave out date and program name, so that the same drawing gives the same text.
_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


class Sheet:
    """One drawing in progress: its axes, and after the `sheet` block its SVG text in `svg`."""

    def __init__(self, figure: Figure, axes: Axes) -> None:
        self.figure = figure
        self.axes = axes
        self.svg = ""


@contextmanager
def sheet(name: str, *, width: float = 5.4, height: float = 3.4) -> Iterator[Sheet]:
    """Open one drawing of `width` x `height` inches; `name` makes its ids unique on the page."""
    import matplotlib as mpl

    # Use Figure and not pyplot: pyplot keeps a global state and may need a screen.
    from matplotlib.figure import Figure as Canvas

    with mpl.rc_context(_STYLE):
        figure = Canvas(figsize=(width, height), layout="constrained")
        drawing = Sheet(figure, figure.subplots())
        yield drawing
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata=_METADATA)
    drawing.svg = _inline(out.getvalue(), name, width)


def _inline(text: str, name: str, width: float) -> str:
    """Remove what only a separate SVG file needs, and adapt colours and ids to the page."""
    svg = text[text.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\s(xmlns(:\w+)?|version)="[^"]*"', "", svg)
    # Without width and height the drawing takes the room that the page gives it.
    for size in ("height", "width"):
        svg = re.sub(rf'(<svg\b[^>]*?) {size}="[^"]*"', r"\1", svg, count=1)
    svg = svg.replace("xlink:href", "href")
    svg = svg.replace("<svg", f'<svg style="max-width:{width * READING_SCALE:.0f}px"', 1)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var(--{variable})")
    svg = re.sub(r"<text([^>]*)>([^<]*)</text>", _in_both, svg)
    return _rename(svg, name).strip()


def _in_both(found: re.Match[str]) -> str:
    """Return a text element of matplotlib once in each language, where it has words."""
    from html import unescape

    told = both(unescape(found[2]))
    if not told.zh or told.zh == told.en:
        return found[0]
    chinese = f'<text class="zh"{found[1]}>{escape(told.zh)}</text>'
    return f'<text class="en"{found[1]}>{found[2]}</text>{chinese}'


def _rename(svg: str, name: str) -> str:
    """Prefix the ids that are used inside the drawing, and drop the others."""
    # Ids must be unique in a page, which holds several drawings.
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", svg)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)


# The charts.

_COLOURS = (BLUE, ORANGE, GREEN, RED, INK)
_MARKS = "os^D"
# Points of a drawn curve. More points would not be visible and would make the page large.
MAX_POINTS = 300


def _percent(axis: Axis, decimals: int = 0) -> None:
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0, decimals=decimals))


def _thin(frame: pd.DataFrame) -> pd.DataFrame:
    """Return at most `MAX_POINTS` rows, evenly spaced, first and last included."""
    import numpy as np

    if len(frame) <= MAX_POINTS:
        return frame
    places = np.linspace(0, len(frame) - 1, MAX_POINTS).round().astype(int)
    return frame.iloc[np.unique(places)]


def _legend(axes: Axes, place: Literal["upper left", "lower right"]) -> None:
    axes.legend(loc=place, labelcolor=INK, fontsize=8.5)


def _plain(name: object) -> str:
    return str(name).replace("_", " ")


def _log_percent(axis: Axis) -> None:
    """Set ticks at 1, 2 and 5 of each decade, so that a narrow range has more than one."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    axis.set_minor_formatter(NullFormatter())


def roc(curve: pd.DataFrame) -> str:
    """Draw ROC curves, one line per series."""
    with sheet("roc") as drawing:
        axes = drawing.axes
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle="--")
        parts = curve.groupby("series", sort=False)
        for colour, (series, part) in zip(_COLOURS, parts, strict=False):
            thin = _thin(part)
            axes.plot(thin["fpr"], thin["tpr"], color=colour, label=_plain(series))
        # A little above 1: a curve along the upper edge stays visible.
        axes.set(xlabel="goods declined", ylabel="bads declined", xlim=(0, 1), ylim=(0, 1.005))
        _percent(axes.xaxis)
        _percent(axes.yaxis)
        _legend(axes, "lower right")
    return drawing.svg


def ks(curve: pd.DataFrame) -> str:
    """Draw the cumulative shares of bads and goods from the safest applicant on.

    First series only; the widest gap, KS, is marked.
    """
    with sheet("ks") as drawing:
        axes = drawing.axes
        is_first = curve["series"] == curve["series"].iloc[0]
        part = curve[is_first].reset_index(drop=True)
        thin = _thin(part)
        axes.plot(thin["score"], thin["bad_share"], color=ORANGE, label="bads")
        axes.plot(thin["score"], thin["good_share"], color=BLUE, label="goods")
        gap = (part["bad_share"] - part["good_share"]).abs()
        widest = part.loc[gap.idxmax()]
        score = widest["score"]
        edges = [widest["good_share"], widest["bad_share"]]
        axes.plot([score] * 2, edges, color=INK, linestyle=":")
        middle = (widest["bad_share"] + widest["good_share"]) / 2
        axes.text(score + 0.015, middle, "KS", color=INK, va="center")
        xlabel = "applicants, safest first"
        axes.set(xlabel=xlabel, ylabel="share so far", xlim=(0, 1), ylim=(0, 1.02))
        _percent(axes.xaxis)
        _percent(axes.yaxis)
        _legend(axes, "upper left")
    return drawing.svg


def reliability(bins: pd.DataFrame) -> str:
    """Draw the observed bad rate against mean PD per bin, with its interval.

    Both axes are logarithmic; the diagonal is perfect.
    """
    with sheet("reliability") as drawing:
        axes = drawing.axes
        low, high = _pd_range(bins)
        axes.plot([low, high], [low, high], color=MUTED, linewidth=1, linestyle="--")
        parts = bins.groupby("series", sort=False)
        for colour, mark, (series, part) in zip(_COLOURS, _MARKS, parts, strict=False):
            mean_pd = part["mean_pd"]
            # A bin without bads has rate 0, and a logarithmic axis has no 0. Draw it at the edge.
            observed = part["observed"].clip(lower=low)
            if "low" in part:
                below = part["low"].clip(lower=low)
                axes.vlines(mean_pd, below, part["high"], color=colour, linewidth=1.1, alpha=0.6)
            axes.plot(mean_pd, observed, mark, color=colour, markersize=4.5, label=_plain(series))
        axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
        axes.set(xlabel="mean PD of the bin", ylabel="observed bad rate")
        _log_percent(axes.xaxis)
        _log_percent(axes.yaxis)
        _legend(axes, "upper left")
    return drawing.svg


def _pd_range(bins: pd.DataFrame) -> tuple[float, float]:
    """Return the range of both axes: all PDs and rates above 0 with some room, within [1e-4, 1]."""
    observed = bins["observed"]
    low = max(1e-4, 0.7 * min(bins["mean_pd"].min(), observed[observed > 0].min()))
    high = min(1.0, 1.5 * max(bins["mean_pd"].max(), observed.max()))
    return low, high


def tiers(rows: pd.DataFrame) -> str:
    """Draw the share of applicants per tier as columns, mean PD and bad rate as points.

    PD and rate have a logarithmic axis of their own.
    """
    with sheet("tiers", width=7.6, height=3.1) as drawing:
        axes = drawing.axes
        places = range(len(rows))
        axes.bar(places, rows["share"], color=BLUE, alpha=0.25, width=0.72)
        axes.set(ylabel="share of applicants", xticks=list(places), xticklabels=list(rows["tier"]))
        axes.grid(axis="x", visible=False)
        _percent(axes.yaxis)
        right = axes.twinx()
        right.grid(visible=False)
        right.plot(places, rows["mean_pd"], "-", color=INK, linewidth=1.2, label="mean PD")
        if "observed" in rows:
            # A tier without bads has no point: a logarithmic axis has no 0.
            observed = rows["observed"].where(rows["observed"] > 0)
            right.plot(places, observed, "o", color=ORANGE, markersize=5, label="observed")
        right.set(yscale="log", ylabel="PD, bad rate")
        _log_percent(right.yaxis)
        _legend(right, "upper left")
    return drawing.svg


def vintages(rows: pd.DataFrame) -> str:
    """Draw bad rate and mean PD by application month, with the roles of the months."""
    with sheet("vintages", width=7.6, height=2.9) as drawing:
        axes = drawing.axes
        places = list(range(len(rows)))
        for colour, name, label in (
            (ORANGE, "bad_rate", "observed bad rate"),
            (BLUE, "mean_pd", "mean PD"),
        ):
            if name in rows:
                axes.plot(places, rows[name], color=colour, marker="o", markersize=3, label=label)
        # Room for the legend.
        axes.set_ylim(0, 1.3 * axes.dataLim.ymax)
        if "role" in rows:
            _separate(axes, rows["role"].tolist())
        # About eight labels, however many months there are.
        step = max(1, len(rows) // 8)
        months = [str(vintage)[:7] for vintage in rows["vintage"]]
        axes.set(xticks=places[::step], xticklabels=months[::step])
        _percent(axes.yaxis, 1)
        _legend(axes, "upper left")
    return drawing.svg


def _separate(axes: Axes, roles: list[str]) -> None:
    """Draw a line where the role of the months changes, and name each role."""
    starts = [i for i, role in enumerate(roles) if i == 0 or roles[i - 1] != role]
    ends = [*starts[1:], len(roles)]
    # x in months, y as a share of the height.
    mixed = axes.get_xaxis_transform()
    for start, end in zip(starts, ends, strict=True):
        if start:
            axes.axvline(start - 0.5, color=MUTED, linewidth=0.8, linestyle="--")
        middle = (start + end - 1) / 2
        role = roles[start]
        axes.text(middle, 0.03, role, transform=mixed, ha="center", color=MUTED, fontsize=8)


def families(rows: pd.DataFrame) -> str:
    """Draw the share of each family with its interval, beside the target and its tolerance."""
    with sheet("families", width=6.4, height=0.9 + 0.42 * len(rows)) as drawing:
        axes = drawing.axes
        # The first family is at the top. Its bar is above the middle of its row, its target below.
        places = list(range(len(rows)))[::-1]
        upper = [place + 0.14 for place in places]
        lower = [place - 0.24 for place in places]
        axes.barh(upper, rows["share"], color=BLUE, alpha=0.55, height=0.36, label="model")
        if "low" in rows:
            low = rows["low"]
            label = "its interval"
            axes.hlines(upper, low, rows["high"], color=INK, linewidth=1.2, label=label)
        if "target" in rows and rows["target"].notna().any():
            _targets(axes, rows, lower)
        axes.set(yticks=places, yticklabels=[_plain(family) for family in rows["family"]])
        axes.axvline(0, color=GRID)
        axes.grid(axis="y", visible=False)
        _percent(axes.xaxis)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, labelcolor=INK, fontsize=8.5)
    return drawing.svg


def _targets(axes: Axes, rows: pd.DataFrame, places: list[float]) -> None:
    target = rows["target"]
    low = target - rows["tolerance"]
    high = target + rows["tolerance"]
    axes.hlines(places, low, high, color=ORANGE, linewidth=4, alpha=0.3)
    label = "target, ± allowed"
    axes.plot(target, places, "D", color=ORANGE, markersize=4.5, label=label)
