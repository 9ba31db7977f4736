"""The page of `creditloom rejects`: one Markdown table for each control band."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# table: group of judges -> heading
GROUPS = {
    "door": "everyone, by the truth",
    "refused": "the refused, by the truth",
    "control": "control band, as a lender sees it",
    "booked": "booked loans weighted to the door, as a lender sees it",
}


def page_of(figures: Mapping[str, Any]) -> str:
    """Return the page: what was done, a table for each control band, and who wins."""
    what = (
        f"Seed {figures['seed']}. Each way fits a booster of {figures['trees']} trees on the "
        f"training months; figures are means of {figures['seeds']} trainings. Gini on later "
        "months. In brackets: points of Gini above `none` with their 95 % interval, by "
        f"{figures['draws']} draws of the applicants. PD: mean PD of the refused over their mean "
        "true PD, before calibration."
    )
    lines = ["# Reject inference compared", "", what, ""]
    for band in figures["bands"]:
        lines += [*_band(band), ""]
    lines += ["The best way beyond its interval at the largest band, else `none`:", ""]
    lines += [f"- {GROUPS[group]}: `{way}`" for group, way in figures["verdict"].items()]
    return "\n".join(lines) + "\n"


def _band(band: Mapping[str, Any]) -> Iterator[str]:
    groups = list(band["ways"][0]["ginis"])
    yield (
        f"## Control band of {100 * band['share']:g} %: {band['loans']:,} loans, of the band "
        f"{band['control_loans']:,} with {band['control_bads']:,} bads"
    )
    yield ""
    yield f"| way | factor | PD | {' | '.join(GROUPS[group] for group in groups)} |"
    yield f"|---|---|---|{'---|' * len(groups)}"
    for way in band["ways"]:
        factor = "" if way["factor"] is None else f"{way['factor']:.2f}"
        cells = " | ".join(_cell(way["ginis"][group]) for group in groups)
        yield f"| {way['way']} | {factor} | {way['pd_ratio']['refused']:.2f} | {cells} |"


def _cell(gini: Mapping[str, Any]) -> str:
    shown = f"{gini['gini']:.4f}"
    if gini["difference"] is None:
        return shown
    points, low, high = (100 * gini[name] for name in ("difference", "low", "high"))
    return f"{shown} ({points:+.2f}: {low:+.2f} to {high:+.2f})"
