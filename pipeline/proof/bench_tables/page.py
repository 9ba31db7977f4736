"""Tells the verdicts: tables on the console, a Markdown page, and figures as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from rich.table import Table

from creditloom.pipeline.proof.bench_tables.contestants import CONTESTANTS, EARLIER, OURS
from creditloom.pipeline.proof.bench_tables.judge import BarVerdict, Figures, Pairing, TableVerdict

HOW_TO_READ = (
    "A paired difference is ours less theirs: a negative one is a win of ours. Within two standard "
    "errors it is a tie."
)
TITLE = "# Our learner beside other methods"
Rows = list[tuple[str, ...]]
FIGURE_HEADINGS = (
    "table", "contestant", "log-loss", "ours - theirs", "error", "", "AUC", "KS", "Brier", "ECE",
    "level error", "slope", "error", "CPU s",
)  # fmt: skip
BAR_HEADINGS = ("bar", "found", "")
FIGURE_TITLE = "Figures of held-out rows"
MATRIX_TITLE = "Ours beside each rival: paired difference of log-loss x 1,000 (W win, L loss)"


def figure_rows(verdicts: Sequence[TableVerdict]) -> Rows:
    """Return a line per table and contestant."""
    rows: Rows = []
    for one in verdicts:
        pairings = {pairing.rival: pairing for pairing in one.pairings}
        for name, figures in one.figures.items():
            rows.append((one.table, name, *_cells(figures, pairings.get(name))))
        if one.reachable is not None:
            blanks = ("",) * (len(FIGURE_HEADINGS) - 3)
            rows.append((one.table, "(true PD)", f"{one.reachable:.4f}", *blanks))
    return rows


def _cells(figures: Figures, pairing: Pairing | None) -> tuple[str, ...]:
    paired = ("", "", "")
    if pairing is not None:
        paired = (f"{pairing.difference:+.4f}", f"{pairing.error:.4f}", pairing.outcome)
    shares = (figures.auc, figures.ks, figures.brier, figures.ece, figures.level_error)
    return (
        f"{figures.log_loss:.4f}",
        *paired,
        *(f"{share:.4f}" for share in shares),
        f"{figures.slope:.3f}",
        f"{figures.slope_error:.3f}",
        f"{figures.cpu_seconds:.1f}",
    )


def matrix_rows(verdicts: Sequence[TableVerdict]) -> tuple[tuple[str, ...], Rows]:
    """Return headings and a line per table: the paired difference beside each rival."""
    rivals = [name for name in verdicts[0].figures if name != OURS]
    rows: Rows = []
    for one in verdicts:
        by_rival = {pairing.rival: pairing for pairing in one.pairings}
        size = (f"{one.rows:,}", f"{one.bads:,}", f"{one.columns}")
        told = (_short(by_rival[name]) for name in rivals)
        rows.append((one.table, *size, f"{one.figures[OURS].log_loss:.4f}", *told))
    mean = [
        f"{np.mean([p.ratio for one in verdicts for p in one.pairings if p.rival == name]):.4f}"
        for name in rivals
    ]
    rows.append(("mean ratio of log-loss", "", "", "", "", *mean))
    return ("table", "rows", "bads", "columns", "log-loss", *rivals), rows


def _short(pairing: Pairing) -> str:
    letter = {"win": " W", "loss": " L", "tie": ""}[pairing.outcome]
    return f"{1_000 * pairing.difference:+.1f} ({1_000 * pairing.error:.1f}){letter}"


def bar_rows(bars: Sequence[BarVerdict]) -> Rows:
    """Return a line per bar."""
    words = {True: "met", False: "NOT MET", None: "told"}
    return [(one.bar, one.found, words[one.is_met]) for one in bars]


def console_tables(verdicts: Sequence[TableVerdict], bars: Sequence[BarVerdict]) -> list[Table]:
    """Return the tables for a console."""
    headings, matrix = matrix_rows(verdicts)
    return [
        _console(FIGURE_TITLE, FIGURE_HEADINGS, figure_rows(verdicts)),
        _console(MATRIX_TITLE, headings, matrix),
        _console("Bars", BAR_HEADINGS, bar_rows(bars)),
    ]


def markdown(verdicts: Sequence[TableVerdict], bars: Sequence[BarVerdict], run: str) -> str:
    """Return the page; run: how it was made."""
    headings, matrix = matrix_rows(verdicts)
    what = {name: one.what for name, one in CONTESTANTS.items()}
    what[EARLIER] = "creditloom of an earlier commit (--earlier)"
    who = "\n".join(f"- `{name}`: {what.get(name, '')}" for name in verdicts[0].figures)
    bar_lines = _lines(BAR_HEADINGS, bar_rows(bars))
    figure_lines = _lines(FIGURE_HEADINGS, figure_rows(verdicts))
    parts = [TITLE, run, who, HOW_TO_READ, "## Bars", bar_lines]
    parts += [f"## {MATRIX_TITLE}", _lines(headings, matrix)]
    parts += [f"## {FIGURE_TITLE}", figure_lines]
    return "\n\n".join(parts) + "\n"


def content(
    verdicts: Sequence[TableVerdict], bars: Sequence[BarVerdict], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the JSON file holds."""
    tables = []
    for one in verdicts:
        pairings = [{**asdict(pairing), "outcome": pairing.outcome} for pairing in one.pairings]
        tables.append({**asdict(one), "pairings": pairings})
    return {"settings": dict(settings), "tables": tables, "bars": [asdict(one) for one in bars]}


def _console(title: str, headings: Sequence[str], rows: Rows) -> Table:
    table = Table(*headings, title=title)
    for row in rows:
        table.add_row(*row)
    return table


def _lines(headings: Sequence[str], rows: Rows) -> str:
    dashes = ("---",) * len(headings)
    return "\n".join(f"| {' | '.join(row)} |" for row in (tuple(headings), dashes, *rows))
