"""Inline SVG through matplotlib: no network names, colours that follow the reader's light or dark theme, unique ids.

Charts draw with the token colours below; afterwards each token becomes a CSS variable of the page, so one drawing serves both themes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Near-black tokens that no other drawing uses; matplotlib writes colours in lower case.
INK, MUTED, GRID = "#010a01", "#010a02", "#010a03"
BLUE, ORANGE, GREEN, RED = "#010a04", "#010a05", "#010a06", "#010a07"
_NAMES = {INK: "ink", MUTED: "muted", GRID: "grid", BLUE: "blue", ORANGE: "orange", GREEN: "green", RED: "red"}
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
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    drawing.svg = _inline(out.getvalue(), name, width)


def _inline(text: str, name: str, width: float) -> str:
    """Strip what only a file of its own needs, and make colours and ids the page's."""
    svg = text[text.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\s(xmlns(:\w+)?|version)="[^"]*"', "", svg)
    svg = re.sub(r'(<svg\b[^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg\b[^>]*?) height="[^"]*"', r"\1", svg, count=1), count=1)
    svg = svg.replace("xlink:href", "href").replace("<svg", f'<svg style="max-width:{width * READING_SCALE:.0f}px"', 1)
    for token, variable in _NAMES.items():
        svg = svg.replace(token, f"var(--{variable})")
    return _rename(svg, name).strip()


def _rename(svg: str, name: str) -> str:
    """Prefix the ids that are used inside the drawing, drop the others: ids are unique in a page."""
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", svg)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)
