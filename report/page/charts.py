"""The report's charts: one function each, a frame of `ReportData` in, inline SVG out."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure


# Inline SVG through matplotlib: no network names, colours that follow the reader's light or dark theme, unique ids.

# Near-black tokens that no other drawing uses; matplotlib writes colours in lower case.
INK, MUTED, GRID = "#010a01", "#010a02", "#010a03"
BLUE, ORANGE, GREEN, RED = "#010a04", "#010a05", "#010a06", "#010a07"
_NAMES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    BLUE: "blue",
    ORANGE: "orange",
    GREEN: "green",
    RED: "red",
}
READING_SCALE = 105  # widest a drawing grows on the page, in CSS pixels per inch: its letters stay about as large as the text
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "creditloom", "font.size": 9, "axes.edgecolor": GRID, "axes.labelcolor": MUTED,
    "text.color": INK, "xtick.color": MUTED, "ytick.color": MUTED, "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.7,
    "axes.axisbelow": True, "axes.spines.top": False, "axes.spines.right": False, "figure.facecolor": "none", "axes.facecolor": "none",
    "legend.frameon": False, "lines.linewidth": 1.8, "savefig.facecolor": "none",
}  # fmt: skip


class Sheet:
    """One drawing in progress: its axes, and after the `sheet` block its SVG text in `svg`."""

    def __init__(self, figure: Figure, axes: Axes) -> None:
        self.figure, self.axes, self.svg = figure, axes, ""


@contextmanager
def sheet(name: str, *, width: float = 5.4, height: float = 3.4) -> Iterator[Sheet]:
    """Open one drawing of `width` x `height` inches; `name` makes its ids unique on the page."""
    import matplotlib as mpl
    from matplotlib.figure import Figure as Canvas  # not pyplot: no global state, no screen

    with mpl.rc_context(_STYLE):
        figure = Canvas(figsize=(width, height), layout="constrained")
        drawing = Sheet(figure, figure.subplots())
        yield drawing
        out = io.StringIO()
        figure.savefig(
            out,
            format="svg",
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    drawing.svg = _inline(out.getvalue(), name, width)


def _inline(text: str, name: str, width: float) -> str:
    """Strip what only a file of its own needs, and make colours and ids the page's."""
    svg = text[text.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\s(xmlns(:\w+)?|version)="[^"]*"', "", svg)
    svg = re.sub(
        r'(<svg\b[^>]*?) width="[^"]*"',
        r"\1",
        re.sub(r'(<svg\b[^>]*?) height="[^"]*"', r"\1", svg, count=1),
        count=1,
    )
    svg = svg.replace("xlink:href", "href").replace(
        "<svg", f'<svg style="max-width:{width * READING_SCALE:.0f}px"', 1
    )
    for token, variable in _NAMES.items():
        svg = svg.replace(token, f"var(--{variable})")
    return _rename(svg, name).strip()


def _rename(svg: str, name: str) -> str:
    """Prefix the ids that are used inside the drawing, drop the others: ids are unique in a page."""
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", svg)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)


_COLOURS = (BLUE, ORANGE, GREEN, RED, INK)
MAX_POINTS = 300


def _percent(axis: Axis, decimals: int = 0) -> None:
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0, decimals=decimals))


def _thin(frame: pd.DataFrame) -> pd.DataFrame:
    """At most `MAX_POINTS` rows, evenly spaced, first and last kept: a curve does not need more."""
    import numpy as np

    if len(frame) <= MAX_POINTS:
        return frame
    return frame.iloc[np.unique(np.linspace(0, len(frame) - 1, MAX_POINTS).round().astype(int))]


def _legend(axes: Axes, place: Literal["upper left", "lower right"]) -> None:
    axes.legend(loc=place, labelcolor=INK, fontsize=8.5)


def _plain(name: object) -> str:
    return str(name).replace("_", " ")


def _log_percent(axis: Axis) -> None:
    """Ticks at 1, 2 and 5 of each decade, so that a narrow range has more than one."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    axis.set_minor_formatter(NullFormatter())


def roc(curve: pd.DataFrame) -> str:
    """ROC curves, one line per series."""
    with sheet("roc") as drawing:
        axes = drawing.axes
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle="--")
        for colour, (series, part) in zip(
            _COLOURS, curve.groupby("series", sort=False), strict=False
        ):
            axes.plot(_thin(part)["fpr"], _thin(part)["tpr"], color=colour, label=_plain(series))
        axes.set(xlabel="goods declined", ylabel="bads declined", xlim=(0, 1), ylim=(0, 1.005))
        _percent(axes.xaxis)
        _percent(axes.yaxis)
        _legend(axes, "lower right")
    return drawing.svg


def ks(curve: pd.DataFrame) -> str:
    """Cumulative share of bads and goods from the safest applicant on, first series only; the widest gap, KS, is marked."""
    with sheet("ks") as drawing:
        axes, part = (
            drawing.axes,
            curve[curve["series"] == curve["series"].iloc[0]].reset_index(drop=True),
        )
        gap = (part["bad_share"] - part["good_share"]).abs()
        at = part.loc[gap.idxmax()]
        thin = _thin(part)
        axes.plot(thin["score"], thin["bad_share"], color=ORANGE, label="bads")
        axes.plot(thin["score"], thin["good_share"], color=BLUE, label="goods")
        axes.plot([at["score"]] * 2, [at["good_share"], at["bad_share"]], color=INK, linestyle=":")
        axes.text(
            at["score"] + 0.015,
            (at["bad_share"] + at["good_share"]) / 2,
            "KS",
            color=INK,
            va="center",
        )
        axes.set(
            xlabel="applicants, safest first", ylabel="share so far", xlim=(0, 1), ylim=(0, 1.02)
        )
        _percent(axes.xaxis)
        _percent(axes.yaxis)
        _legend(axes, "upper left")
    return drawing.svg


def reliability(bins: pd.DataFrame) -> str:
    """Observed bad rate against mean PD per bin with its interval, both on a log scale; the diagonal is perfect."""
    with sheet("reliability") as drawing:
        axes = drawing.axes
        low = max(
            1e-4, 0.7 * min(bins["mean_pd"].min(), bins.loc[bins["observed"] > 0, "observed"].min())
        )
        high = min(1.0, 1.5 * max(bins["mean_pd"].max(), bins["observed"].max()))
        axes.plot([low, high], [low, high], color=MUTED, linewidth=1, linestyle="--")
        for colour, mark, (series, part) in zip(
            _COLOURS, "os^D", bins.groupby("series", sort=False), strict=False
        ):
            if "low" in part:
                axes.vlines(
                    part["mean_pd"],
                    part["low"].clip(lower=low),
                    part["high"],
                    color=colour,
                    linewidth=1.1,
                    alpha=0.6,
                )
            axes.plot(
                part["mean_pd"],
                part["observed"].clip(lower=low),
                mark,
                color=colour,
                markersize=4.5,
                label=_plain(series),
            )
        axes.set(
            xscale="log",
            yscale="log",
            xlabel="mean PD of the bin",
            ylabel="observed bad rate",
            xlim=(low, high),
            ylim=(low, high),
        )
        _log_percent(axes.xaxis)
        _log_percent(axes.yaxis)
        _legend(axes, "upper left")
    return drawing.svg


def tiers(rows: pd.DataFrame) -> str:
    """Share of applicants per tier as columns; mean PD and observed bad rate as points on a log scale."""
    with sheet("tiers", width=7.6, height=3.1) as drawing:
        axes, places = drawing.axes, range(len(rows))
        axes.bar(places, rows["share"], color=BLUE, alpha=0.25, width=0.72)
        axes.set(ylabel="share of applicants", xticks=list(places), xticklabels=list(rows["tier"]))
        axes.grid(axis="x", visible=False)
        _percent(axes.yaxis)
        right = axes.twinx()
        right.grid(visible=False)
        right.plot(places, rows["mean_pd"], "-", color=INK, linewidth=1.2, label="mean PD")
        if "observed" in rows:
            seen = rows["observed"].where(rows["observed"] > 0)
            right.plot(places, seen, "o", color=ORANGE, markersize=5, label="observed")
        right.set(yscale="log", ylabel="PD, bad rate")
        _log_percent(right.yaxis)
        _legend(right, "upper left")
    return drawing.svg


def vintages(rows: pd.DataFrame) -> str:
    """Observed bad rate and mean PD by application month, the roles of the months shaded."""
    with sheet("vintages", width=7.6, height=2.9) as drawing:
        axes, places = drawing.axes, list(range(len(rows)))
        for colour, name, label in (
            (ORANGE, "bad_rate", "observed bad rate"),
            (BLUE, "mean_pd", "mean PD"),
        ):
            if name in rows:
                axes.plot(places, rows[name], color=colour, marker="o", markersize=3, label=label)
        axes.set_ylim(0, 1.3 * axes.dataLim.ymax)  # room for the legend
        if "role" in rows:
            _shade(axes, rows["role"].tolist())
        step = max(1, len(rows) // 8)
        axes.set(xticks=places[::step], xticklabels=[str(v)[:7] for v in rows["vintage"]][::step])
        _percent(axes.yaxis, 1)
        _legend(axes, "upper left")
    return drawing.svg


def _shade(axes: Axes, roles: list[str]) -> None:
    starts = [i for i, role in enumerate(roles) if i == 0 or roles[i - 1] != role]
    for start, end in zip(starts, [*starts[1:], len(roles)], strict=True):
        if start:
            axes.axvline(start - 0.5, color=MUTED, linewidth=0.8, linestyle="--")
        axes.text(
            (start + end - 1) / 2,
            0.03,
            roles[start],
            transform=axes.get_xaxis_transform(),
            ha="center",
            color=MUTED,
            fontsize=8,
        )


def families(rows: pd.DataFrame) -> str:
    """Share of explained log-odds variance per family with its interval, beside the target and its tolerance."""
    with sheet("families", width=6.4, height=0.9 + 0.42 * len(rows)) as drawing:
        axes, places = drawing.axes, list(range(len(rows)))[::-1]
        upper, lower = [place + 0.14 for place in places], [place - 0.24 for place in places]
        axes.barh(upper, rows["share"], color=BLUE, alpha=0.55, height=0.36, label="model")
        if "low" in rows:
            axes.hlines(
                upper, rows["low"], rows["high"], color=INK, linewidth=1.2, label="its interval"
            )
        if "target" in rows and rows["target"].notna().any():
            axes.hlines(
                lower,
                rows["target"] - rows["tolerance"],
                rows["target"] + rows["tolerance"],
                color=ORANGE,
                linewidth=4,
                alpha=0.3,
            )
            axes.plot(
                rows["target"], lower, "D", color=ORANGE, markersize=4.5, label="target, ± allowed"
            )
        axes.set(yticks=places, yticklabels=[_plain(family) for family in rows["family"]])
        axes.axvline(0, color=GRID)
        axes.grid(axis="y", visible=False)
        _percent(axes.xaxis)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, labelcolor=INK, fontsize=8.5)
    return drawing.svg
