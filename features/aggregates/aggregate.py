"""What an aggregate is: one record with its formula, its words and the meaning of its null."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from .. import clock
from ..declare.declarations import AggregateBlock, Measure
from .event_columns import SliceRows, VisibleRows


@dataclass(frozen=True)
class FormulaInput:
    """What a formula works on: one slice of one stream, with a measure and windows.

    `over` is the slice that is compared with, the slice itself where the block names none.
    `level` is the block's threshold, in the unit that is shown.
    """

    part: SliceRows
    over: SliceRows
    measure: Measure | None
    windows: tuple[str, ...]
    level: float = 0.0

    @property
    def ends(self) -> np.ndarray:
        """Index of the last step of each window."""
        return last_steps(self.windows)

    @property
    def needed_measure(self) -> Measure:
        """The measure, for formulas that need one."""
        # A declaration without it is a mistake of the program, so nobody catches this.
        assert self.measure is not None
        return self.measure

    def upto(self, kind: str, of: SliceRows | None = None) -> np.ndarray:
        """Return sums of a kind over the windows, of the slice or of another."""
        return (of or self.part).upto(kind, self.measure)[self.ends]

    def per_window(self, formula: Callable[[int], np.ndarray], days: int) -> np.ndarray:
        """Stack a formula of the number of whole bins of `days` days in each window."""
        return np.stack([formula(clock.WINDOW_DAYS[window] // days) for window in self.windows])


Formula = Callable[[FormulaInput], np.ndarray]


@dataclass(frozen=True)
class Aggregate:
    """One aggregate: how it is computed, named and explained.

    `formula` gives (windows, applications). `stem` is the middle of a feature's name.
    `unit` is empty where the result has the unit of the measure.
    `en` and `zh` are templates of the texts; `null` says what a null means.
    `say_en` and `say_zh` are clauses with the value, for a person who knows nothing of statistics
    (`declare/sentences.py`); empty where the number cannot be said, as a spread or a slope.
    """

    name: str
    formula: Formula
    stem: str
    unit: str
    en: str
    zh: str
    null: str
    say_en: str = ""
    say_zh: str = ""

    @property
    def is_sayable(self) -> bool:
        """Return whether a reason may name a feature of this aggregate."""
        return bool(self.say_en)


def formula_input(rows: VisibleRows, block: AggregateBlock, name: str) -> FormulaInput:
    """Return what the block's formula works on for one slice."""
    measure = rows.stream.measure(block.measure) if block.measure else None
    part = rows.part(name)
    over = rows.part(block.over) if block.over else part
    return FormulaInput(
        part=part, over=over, measure=measure, windows=block.windows, level=block.level
    )


# Asked for by every formula of every application that is decided online.
@cache
def last_steps(windows: tuple[str, ...]) -> np.ndarray:
    """Return the index of the last step of each window."""
    return np.array([clock.WINDOWS[window] for window in windows], np.int64)


@cache
def bin_counts(windows: tuple[str, ...], days: int) -> np.ndarray:
    """Return the number of whole bins of `days` days in each window.

    >>> bin_counts(("1m", "3m"), 30).tolist()
    [1, 3]
    """
    return np.array([clock.WINDOW_DAYS[window] // days for window in windows], np.int64)
