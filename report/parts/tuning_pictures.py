"""Pictures of a search: its history, what mattered, and the loss along each setting."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from creditloom.models.tuning.gain import importances
from creditloom.models.tuning.journal import TrialRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES = ("history.svg", "importances.svg", "slices.svg")
# The colours of the report's page in the light.
INK = "#1b2230"
GRID = "#dde1e8"
BLUE = "#2f5fd0"
ORANGE = "#c8590f"
# Settings side by side in the slices: more would be too narrow to read.
SLICES_A_ROW = 3


def rehearsed(point: Mapping[str, float]) -> float:
    """Return the seconds that the pictures of a search of these settings take here and now.

    The library is loaded on the way: better before a search than at its end.
    """
    one = TrialRecord(0, dict(point), (1.0,), is_given_up=False, seconds=0.0)
    with TemporaryDirectory() as folder:
        # The first drawing reads fonts and loads modules.
        draw([one], Path(folder))
        start = time.monotonic()
        draw([one], Path(folder))
        return time.monotonic() - start


def draw(records: Sequence[TrialRecord], folder: Path) -> None:
    """Draw the trials of a search as SVG files into the folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    full = [record for record in records if not record.is_given_up]
    with _figure(folder / PICTURES[0], 6.4, 3.6) as figure:
        _history(figure, records, full)
    shares = importances(records)
    with _figure(folder / PICTURES[1], 6.4, 1.2 + 0.3 * max(1, len(shares))) as figure:
        axes = figure.subplots()
        axes.barh(list(shares)[::-1], list(shares.values())[::-1], color=BLUE)
        axes.set(xlim=(0, 1), xlabel="share of the losses' order that the setting alone explains")
    rows = -(-len(records[0].point) // SLICES_A_ROW)
    with _figure(folder / PICTURES[2], 9.6, 2.6 * rows) as figure:
        _slices(figure, full, rows)


def _history(figure: Figure, records: Sequence[TrialRecord], full: Sequence[TrialRecord]) -> None:
    axes = figure.subplots()
    numbers = [record.ordinal + 1 for record in full]
    losses = [record.loss for record in full]
    best = [min(losses[: k + 1]) for k in range(len(losses))]
    axes.plot(numbers, losses, "o", color=BLUE, markersize=4, label="trial to its end")
    axes.step(numbers, best, color=ORANGE, where="post", label="best so far")
    axes.axhline(records[0].loss, color=INK, linewidth=0.8, linestyle="--", label="as given")
    for record in records:
        if record.is_given_up:
            axes.axvline(record.ordinal + 1, color=GRID, linewidth=0.8, zorder=0)
    axes.set(xlabel="trial (grey line: given up early)", ylabel="log-loss over the origins")
    axes.legend(fontsize=8, frameon=False)


def _slices(figure: Figure, full: Sequence[TrialRecord], rows: int) -> None:
    grid = figure.subplots(rows, SLICES_A_ROW, squeeze=False, sharey=True)
    paths = list(full[0].point)
    for axes, path in zip(grid.flat, paths, strict=False):
        values = [record.point[path] for record in full]
        axes.plot(values, [record.loss for record in full], "o", color=BLUE, markersize=3)
        axes.plot(values[0], full[0].loss, "s", color=ORANGE, markersize=5)
        axes.set(xscale="log", xlabel=path)
    for axes in list(grid.flat)[len(paths) :]:
        axes.set_axis_off()
    grid[0, 0].set_ylabel("log-loss (square: as given)")


@contextmanager
def _figure(path: Path, width: float, height: float) -> Iterator[Figure]:
    """Open a figure of `width` x `height` inches, which is then written to `path`."""
    import matplotlib as mpl
    from matplotlib.figure import Figure as Canvas

    # A fixed salt and no date: the same trials give the same bytes.
    style: Any = {
        "svg.hashsalt": "creditloom",
        "font.size": 9,
        "text.color": INK,
        "axes.grid": True,
        "grid.color": GRID,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with mpl.rc_context(style):
        figure = Canvas(figsize=(width, height), layout="constrained")
        yield figure
        figure.savefig(path, format="svg", metadata={"Date": None})
