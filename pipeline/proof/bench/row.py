"""One line of a bench table: a ratio with the two commands behind it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class BenchRow:
    """`ratio` is ours over theirs, medians of interleaved runs; `low` and `high` are the smallest and largest ratio of one round.

    `ours` and `theirs` are in `unit`; `bar` is the largest ratio allowed, None where none is set; `aim` the one aimed at.
    """

    table: str
    what: str
    our_command: str
    their_command: str
    unit: str
    ours: float
    theirs: float
    ratio: float
    low: float
    high: float
    rounds: int
    bar: float | None = None
    aim: float | None = None


def compare(
    table: str, what: str, commands: tuple[str, str], unit: str, rounds: Sequence[tuple[float, float]],
    bar: float | None = None, aim: float | None = None,
) -> BenchRow:  # fmt: skip
    """The row of interleaved rounds of (ours, theirs)."""
    ours, theirs = (statistics.median(side) for side in zip(*rounds, strict=True))
    ratios = [mine / other for mine, other in rounds]
    return BenchRow(
        table,
        what,
        *commands,
        unit,
        ours,
        theirs,
        ours / theirs,
        min(ratios),
        max(ratios),
        len(rounds),
        bar,
        aim,
    )
