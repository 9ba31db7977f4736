"""What a formula works on: one slice of one stream, with a measure and windows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from . import clock
from .cube import Part, Rows
from .grid import Block, Measure


@dataclass(frozen=True)
class Cell:
    """What one formula works on: the slice's part, the part compared with, the measure, the windows, and the block's level."""

    part: Part
    over: Part
    measure: Measure | None
    windows: tuple[str, ...]
    level: float = 0.0

    @property
    def ends(self) -> list[int]:
        """Index of the last step of each window."""
        return [clock.WINDOWS[w] for w in self.windows]

    def upto(self, kind: str, of: Part | None = None) -> np.ndarray:
        """Sums of a kind over the windows, of the slice or of another."""
        return (of or self.part).upto(kind, self.measure)[self.ends]

    @property
    def known(self) -> Measure:
        """The measure, for formulas that need one."""
        assert self.measure is not None
        return self.measure

    def per_window(self, formula: Callable[[int], np.ndarray], days: int) -> np.ndarray:
        """Stack a formula of the number of whole bins of `days` in each window."""
        return np.stack([formula(clock.WINDOW_DAYS[w] // days) for w in self.windows])


def cell(rows: Rows, block: Block, name: str) -> Cell:
    """The cell of one slice of a block; without a slice to compare with, a slice is compared with itself."""
    measure = rows.stream.measure(block.measure) if block.measure else None
    part = rows.part(name)
    return Cell(part, rows.part(block.over) if block.over else part, measure, block.windows, block.level)


def fold(planes: Iterable[np.ndarray]) -> np.ndarray:
    """Sum planes one after the other, so that the order of additions is the same for one application and for many."""
    total, *rest = planes
    total = total.copy()
    for plane in rest:
        total += plane
    return total
