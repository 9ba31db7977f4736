"""Draws the charts of the page of a simulated world, one function per chart, as inline SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from creditloom.report.page.charts import BLUE, GREEN, INK, MUTED, ORANGE, RED, sheet

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axis import Axis

# Colours of up to four lines, and their dashes: a line is known without its colour too.
LINES = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (RED, ":"))


def _percent(axis: Axis, decimals: int = 0) -> None:
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0, decimals=decimals))


def roll_rates(rows: pd.DataFrame) -> str:
    """Draw the share of each bucket that rolls on, by month on book; the axis is logarithmic."""
    with sheet("rolls") as drawing:
        axes = drawing.axes
        parts = rows.groupby("bucket", sort=False)
        for (colour, dash), (bucket, part) in zip(LINES, parts, strict=False):
            # Nobody rolls in some months of a small world, and a logarithmic axis has no 0.
            shown = part["rolled"].where(part["rolled"] > 0)
            axes.plot(part["month"], shown, dash, color=colour, label=f"{bucket}", marker=".")
        axes.set(xlabel="month on book", ylabel="one bucket worse a month later", yscale="log")
        _percent(axes.yaxis, 1)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, labelcolor=INK, fontsize=8.5)
    return drawing.svg


def vintage_curves(rows: pd.DataFrame) -> str:
    """Draw the share of booked loans in default so far, one line per half-year of application."""
    with sheet("vintage-curves") as drawing:
        axes = drawing.axes
        parts = rows.groupby("vintages", sort=False)
        for (colour, dash), (name, part) in zip(LINES, parts, strict=False):
            label = f"vintages {name}"
            axes.plot(part["month"], part["defaulted"], dash, color=colour, label=label)
        axes.set(xlabel="month on book", ylabel="defaulted so far", ylim=(0, None))
        _percent(axes.yaxis, 1)
        axes.legend(loc="upper left", labelcolor=INK, fontsize=8.5)
    return drawing.svg


def auc_by_source(rows: pd.DataFrame, published: pd.DataFrame) -> str:
    """Draw the AUC of each source: its best plain signal, its latent state, and published ones.

    `published` has source and value.
    """
    with sheet("sources", width=7.6, height=0.9 + 0.42 * len(rows)) as drawing:
        axes = drawing.axes
        # The first source is at the top.
        places = dict(zip(rows["source"], range(len(rows))[::-1], strict=True))
        heights = [places[source] for source in rows["source"]]
        axes.hlines(heights, 0.5, rows["auc_state"], color=GREEN, linewidth=7, alpha=0.25)
        axes.plot(rows["auc_state"], heights, "|", color=GREEN, ms=13, label="all it holds")
        axes.plot(rows["auc"], heights, "o", color=BLUE, label="best plain signal")
        known = published[published["source"].isin(list(places))]
        if len(known):
            at = [places[source] for source in known["source"]]
            axes.plot(known["value"], at, "D", color=ORANGE, markersize=5, label="published")
        labels = [str(source).replace("_", " ") for source in rows["source"]]
        axes.set(yticks=heights, yticklabels=labels, xlabel="AUC for the true PD")
        axes.set_xlim(0.5, None)
        axes.grid(axis="y", visible=False)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, labelcolor=INK, fontsize=8.5)
    return drawing.svg


def pd_distribution(rows: pd.DataFrame) -> str:
    """Draw the histogram of the true PD on a logarithmic axis, booked and declined."""
    with sheet("pds") as drawing:
        axes = drawing.axes
        is_used = (rows["booked"] + rows["declined"]) > 0
        used = rows[is_used]
        width = used["high"] - used["low"]
        bottom = 0.0 * used["booked"]
        for name, colour in (("booked", BLUE), ("declined", ORANGE)):
            bars = axes.bar(used["low"], used[name], width, bottom, align="edge", label=name)
            for bar in bars:
                bar.set(facecolor=colour, alpha=0.6)
            bottom = bottom + used[name]
        axes.set(xscale="log", xlabel="true PD of twelve months", ylabel="share of applicants")
        _percent(axes.xaxis, 2)
        _percent(axes.yaxis)
        axes.legend(loc="upper right", labelcolor=INK, fontsize=8.5)
    return drawing.svg


def timing(rows: pd.DataFrame) -> str:
    """Draw the share of the defaults of twelve months that comes in each month on book."""
    with sheet("timing") as drawing:
        axes = drawing.axes
        months = rows["month"]
        axes.bar(months - 0.2, rows["booked"], width=0.4, color=BLUE, alpha=0.6, label="booked")
        declined = rows["declined"]
        axes.bar(months + 0.2, declined, width=0.4, color=ORANGE, alpha=0.6, label="declined")
        axes.set(xlabel="month of default", ylabel="share of all defaults", xticks=list(months))
        axes.grid(axis="x", visible=False)
        _percent(axes.yaxis)
        axes.legend(loc="upper right", labelcolor=INK, fontsize=8.5)
    return drawing.svg


def incumbent(rows: pd.DataFrame) -> str:
    """Draw mean true PD and approval of ten bands of the incumbent's score, worst first."""
    with sheet("incumbent") as drawing:
        axes = drawing.axes
        places = rows["band"] + 1
        axes.bar(places, rows["mean_pd"], color=ORANGE, alpha=0.6, label="mean true PD")
        axes.set(xlabel="tenth of the incumbent's score, worst first", ylabel="mean true PD")
        axes.set(xticks=list(places))
        axes.grid(axis="x", visible=False)
        _percent(axes.yaxis, 1)
        right = axes.twinx()
        right.grid(visible=False)
        right.plot(places, rows["approved"], "o-", color=INK, markersize=4, label="approved")
        right.set(ylabel="approved", ylim=(0, 1.02))
        _percent(right.yaxis)
        axes.yaxis.label.set_color(MUTED)
    return drawing.svg
