"""What `creditloom fit` tells: each step as it is done, and the figures at the end."""

from __future__ import annotations

import sys
import time as clock
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rich.table import Table

from creditloom.models.fit.judgement.reported import (
    FittedTable,
    few_told,
    held_out_decisions,
    validation,
)
from creditloom.models.fit.leaks.table_warning import TableWarning
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.commands.model.fit_options import MARK
from creditloom.pipeline.commands.model.fit_written import FitOutcome
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.finished import Finished

# Notes on columns that the console shows; metrics.json has all.
SHOWN_NOTES = 40


class Steps:
    """Tells each step on standard error, and keeps the seconds that it took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._start = clock.perf_counter()

    def say(self, text: str) -> None:
        """Write one line."""
        sys.stderr.write(f"creditloom fit: {text}\n")
        sys.stderr.flush()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a block."""
        start = clock.perf_counter()
        yield
        self.seconds[name] = round(clock.perf_counter() - start, 3)

    def all_seconds(self) -> dict[str, float]:
        """Return the seconds per step, and of all so far."""
        return {**self.seconds, "all": round(clock.perf_counter() - self._start, 3)}


def tell_read(steps: Steps, source: SourceParams, found: Finished) -> None:
    """Say what was read: rows, bads, features, notes on columns, special codes."""
    rows = len(found.label)
    bads = int(found.label.sum())
    categories = sum(found.features[name].dtype == object for name in found.features)
    features = f"{found.features.shape[1]:,} features, {categories:,} of them categories"
    counted = f"{rows:,} rows, {bads:,} bad ({bads / rows:.1%})"
    if found.weight is not None:
        counted += f", {np.average(found.label, weights=found.weight):.1%} of the weight"
    steps.say(f"read {Path(source.path).name}: {counted}, {features}")
    for sentence in found.said:
        steps.say(sentence)
    for note in found.notes[:SHOWN_NOTES]:
        steps.say(f"`{note.column}`: {note.text}")
    more = len(found.notes) - SHOWN_NOTES
    if more > 0:
        steps.say(f"and {more} more notes on columns in {MARK}")
    for name, counts in found.code_counts.items():
        seen = ", ".join(f"{code:g} in {n:,} rows" for code, n in counts.items() if n)
        if seen:
            steps.say(f"`{name}`: special code {seen}")


def tell_warnings(steps: Steps, warnings: Sequence[TableWarning]) -> None:
    """Say each warning with what to do."""
    for warning in warnings:
        word = "accepted" if warning.is_accepted else warning.level
        steps.say(f"{word}: {warning.text}; {warning.next_step}")


def show(outcome: FitOutcome, out: Path) -> None:
    """Print the figures, the warnings and the decisions, and where all of it lies."""
    fitted = outcome.fitted
    console = Console()
    for table in _tables(fitted):
        console.print(table)
    for sentence in few_told(fitted):
        console.print(sentence)
    if fitted.oot and fitted.oot.refused:
        console.print(f"out of time: {fitted.oot.refused}")
    if fitted.bad_rows:
        console.print(
            f"{fitted.bad_rows:,} bad rows set aside with reasons in {out / 'quarantine'}"
        )
    for warning in outcome.warnings:
        word = "accepted" if warning.is_accepted else warning.level
        console.print(f"{word}: {warning.text}")
    counts = held_out_decisions(fitted)["decision"].value_counts()
    decisions = ", ".join(f"{name} {n:,}" for name, n in counts.items())
    console.print(
        f"{decisions} (by held-out PDs); {out / 'index.html'} reports, {out / 'bundle'} decides"
    )


def _tables(fitted: FittedTable) -> Iterator[Table]:
    """Yield the held-out figures with their intervals, and the bads behind them, per sample."""
    titles = {"cv": f"cross-validated: {fitted.cv.evidence.told}"}
    if fitted.oot and fitted.oot.evidence:
        titles["oot"] = f"out of time, {fitted.oot.cut[:10]} on: {fitted.oot.evidence.told}"
    names = ("metric", "model", "model_interval", "ridge", "ridge_interval")
    figures = validation(fitted)
    for sample, title in titles.items():
        table = Table(title=title)
        for head in ("figure", "model", "95 %", "ridge logit", "95 %"):
            table.add_column(head, no_wrap=True)
        for row in figures[figures["sample"] == sample].to_dict("records"):
            table.add_row(*(str(row[name]) for name in names))
        yield table
