"""The type of one line of a bench table: ours, theirs, and their ratio."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class BenchRow:
    """One comparison: `ratio` is ours over theirs, each the median of interleaved rounds.

    `low` and `high` are the smallest and largest ratio of one round; `ours` and `theirs` are in
    `unit`. `bar` is the largest ratio allowed, `aim` the one aimed at; None where none is set.
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
    table: str,
    what: str,
    commands: tuple[str, str],
    unit: str,
    rounds: Sequence[tuple[float, float]],
    bar: float | None = None,
    aim: float | None = None,
) -> BenchRow:
    """Return the row for rounds of (ours, theirs), which were measured in turns.

    >>> row = compare("t", "w", ("a", "b"), "s", [(1.0, 4.0), (2.0, 4.0), (3.0, 6.0)])
    >>> row.ours, row.theirs, row.ratio, row.low, row.high
    (2.0, 4.0, 0.5, 0.25, 0.5)
    """
    # Use the median, so that a single round on a busy machine does not decide.
    ours = statistics.median(mine for mine, _ in rounds)
    theirs = statistics.median(other for _, other in rounds)
    ratios = [mine / other for mine, other in rounds]
    our_command, their_command = commands
    return BenchRow(
        table=table,
        what=what,
        our_command=our_command,
        their_command=their_command,
        unit=unit,
        ours=ours,
        theirs=theirs,
        ratio=ours / theirs,
        low=min(ratios),
        high=max(ratios),
        rounds=len(rounds),
        bar=bar,
        aim=aim,
    )
