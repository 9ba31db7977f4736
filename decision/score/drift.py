"""Whether rows still look like those of training (R12, domain 6): one set of counts, one stop.

Counted are the scores, in the bins of the training applicants that are frozen in the bundle, and
per column the values that training never saw. A batch and a process that decides online count
alike.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..base.stability import psi
from ..bundle import Bundle
from ..frames.feature_values import BeyondRows
from ..rulebook.policy import BeyondPolicy
from .scorer import Reference

SCORE = "score_raw"
# Scores from which on the PSI is taken as it is. With fewer, chance alone moves it, and a level is
# put above what chance can do.
MANY_SCORES = 2_000
# With fewer rows than this, every distribution looks like every other, and a share says nothing.
MIN_ROWS = 30
# Standard deviations of the normal distribution that chance passes once in 10,000 batches.
CHANCE = 3.719
# Columns beyond training that are told; the counts name all.
MAX_TOLD = 10
# Rows of the window of a process that decides online.
WINDOW_ROWS = 10_000


@dataclass(frozen=True)
class ColumnCounts:
    """Rows of one column that hold what training never saw: nulls, and levels unseen."""

    nulls: int = 0
    unseen: int = 0

    def __add__(self, other: ColumnCounts) -> ColumnCounts:
        return ColumnCounts(self.nulls + other.nulls, self.unseen + other.unseen)


@dataclass(frozen=True)
class PopulationCounts:
    """Counts of some rows. They add up: those of two blocks are those of the rows of both.

    `rows` were looked at, `beyond` of them hold something that training never saw, by `columns`
    where. `scores` are the scores in each bin of the bundle's reference, () where none was counted.
    """

    rows: int = 0
    beyond: int = 0
    columns: Mapping[str, ColumnCounts] = field(default_factory=dict)
    scores: tuple[int, ...] = ()

    @classmethod
    def of(cls, beyond: BeyondRows, n_rows: int) -> PopulationCounts:
        """Count what lies beyond training in a block of `n_rows` rows."""
        if not beyond:
            return cls(n_rows)
        columns = {
            name: ColumnCounts(
                int(np.count_nonzero(beyond.nulls.get(name, False))),
                int(np.count_nonzero(beyond.unseen.get(name, False))),
            )
            for name in beyond.columns
        }
        return cls(n_rows, int(beyond.rows(n_rows).sum()), columns)

    @classmethod
    def of_scores(cls, scores: np.ndarray, reference: Reference) -> PopulationCounts:
        """Count scores; a null one says nothing about the distribution."""
        known = scores[~np.isnan(scores)]
        if not reference.score_shares:
            return cls()
        return cls(scores=tuple(_bins(known, reference.score_edges).tolist()))

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> PopulationCounts:
        """Read what `as_plain` wrote."""
        columns = {name: ColumnCounts(**one) for name, one in content["columns"].items()}
        return cls(content["rows"], content["beyond"], columns)

    def as_plain(self) -> dict[str, Any]:
        """Return the counts of rows and columns as JSON has them, without those of scores."""
        columns = {
            name: {"nulls": one.nulls, "unseen": one.unseen}
            for name, one in sorted(self.columns.items())
        }
        return {"rows": self.rows, "beyond": self.beyond, "columns": columns}

    def told(self) -> Iterator[tuple[str, str]]:
        """Yield what lies beyond training in words: of all rows, and of each column and kind.

        Columns with most such rows come first.
        """
        if not self.beyond:
            return
        yield "beyond training", f"{self.beyond:,} ({self.beyond / self.rows:.1%})"
        # By name where counts are equal, so that the same rows are told alike.
        most = sorted(self.columns.items(), key=lambda one: (-one[1].nulls - one[1].unseen, one[0]))
        for name, one in most[:MAX_TOLD]:
            for count, words in ((one.nulls, "null"), (one.unseen, "unseen level")):
                if count:
                    yield f"  {name}: {words}", f"{count:,} ({count / self.rows:.1%})"
        if len(most) > MAX_TOLD:
            yield f"  {len(most) - MAX_TOLD} more columns", "not shown"

    def __add__(self, other: PopulationCounts) -> PopulationCounts:
        columns = dict(self.columns)
        for name, one in other.columns.items():
            columns[name] = columns.get(name, ColumnCounts()) + one
        return PopulationCounts(
            rows=self.rows + other.rows,
            beyond=self.beyond + other.beyond,
            columns=columns,
            scores=_added(self.scores, other.scores),
        )


def _added(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    if not (one and other):
        return one or other
    return tuple(a + b for a, b in zip(one, other, strict=True))


@dataclass(frozen=True)
class Breach:
    """One stop level that is passed: by what, the level, and what was found, in words."""

    where: str
    expected: str
    got: str


@dataclass(frozen=True)
class Drift:
    """How far rows lie from those of training, and the levels above which nothing is decided.

    `psi` by name with its level `stop`; `shares` of the rows per column that hold what training
    never saw, with their level `stop_share`.
    """

    psi: dict[str, float]
    stop: float
    shares: Mapping[str, float] = field(default_factory=dict)
    stop_share: float = 1.0

    @classmethod
    def of(
        cls, counts: PopulationCounts, reference: Reference, beyond: BeyondPolicy | None
    ) -> Drift:
        """Return the drift of the counted rows; nothing at all where there are too few of them."""
        shares = {}
        if beyond is not None and counts.rows >= MIN_ROWS:
            shares = {
                name: min(one.nulls + one.unseen, counts.rows) / counts.rows
                for name, one in counts.columns.items()
            }
        stop_share = 1.0 if beyond is None else beyond.stop_share
        by_score, stop = _score_psi(counts.scores, reference)
        return cls(by_score, stop, shares, stop_share)

    @property
    def worst(self) -> str:
        """The name with the largest PSI; empty where the bundle holds no reference shares."""
        return max(self.psi, key=lambda name: self.psi[name], default="")

    @property
    def psi_worst(self) -> float:
        """The largest PSI; 0 where there is none."""
        return self.psi.get(self.worst, 0.0)

    @property
    def is_breach(self) -> bool:
        """R12: the batch comes from another population than the training applicants.

        A person must look before anything is decided.
        """
        return any(True for _ in self.breaches())

    def breaches(self) -> Iterator[Breach]:
        """Yield every level that is passed: columns by their share, largest first, then scores."""
        # By name where shares are equal, so that an error names the same column every time.
        for name, share in sorted(self.shares.items(), key=lambda pair: (-pair[1], pair[0])):
            if share > self.stop_share:
                yield Breach(
                    f"column {name}",
                    f"at most {self.stop_share:.1%} of the rows beyond what training saw",
                    f"{share:.1%}",
                )
        if self.psi_worst > self.stop:
            yield Breach(
                self.worst,
                f"PSI of at most {self.stop:.3g} against the training applicants",
                f"{self.psi_worst:.3f}",
            )

    def table(self, counts: PopulationCounts) -> pd.DataFrame:
        """Return counts and levels as rows: all rows, each column beyond training, the scores.

        Columns: `what` (rows, column or scores), `name`, `rows` that were looked at, `beyond` of
        them, `nulls`, `unseen`, `figure` (a share of the rows, or the PSI of the scores), `stop`
        (the level above which a batch is stopped) and `is_above` it; null where it says nothing.
        """
        rows = [_row("rows", "", counts.rows, beyond=counts.beyond)]
        for name, one in sorted(counts.columns.items()):
            share = self.shares.get(name)
            kinds = {"nulls": one.nulls, "unseen": one.unseen}
            rows.append(_row("column", name, counts.rows, share, self.stop_share, **kinds))
        scores = sum(counts.scores)
        rows += [_row("scores", name, scores, psi, self.stop) for name, psi in self.psi.items()]
        return pd.DataFrame(rows)


def _row(
    what: str,
    name: str,
    rows: int,
    figure: float | None = None,
    stop: float | None = None,
    **counts: int,
) -> dict[str, Any]:
    """Return one row of `Drift.table`; too few rows have no figure, and none to compare."""
    is_above = figure is not None and stop is not None and figure > stop
    kinds = {kind: counts.get(kind) for kind in ("beyond", "nulls", "unseen")}
    level = {"figure": figure, "stop": stop, "is_above": is_above}
    return {"what": what, "name": name, "rows": rows, **kinds, **level}


def _score_psi(scores: tuple[int, ...], reference: Reference) -> tuple[dict[str, float], float]:
    """Return the PSI of counted scores against the reference, and its stop level (R12).

    No PSI at all where there are too few scores, or the bundle has no reference.
    """
    expected = np.asarray(reference.score_shares, dtype=float)
    counts = np.asarray(scores, dtype=float)
    rows = int(counts.sum())
    if not len(expected) or rows < MIN_ROWS:
        return {}, reference.psi_stop
    if rows >= MANY_SCORES:
        return {SCORE: psi(expected, counts / rows)}, reference.psi_stop
    return {SCORE: smoothed_psi(expected, counts)}, reference.psi_stop + chance_psi(counts)


def smoothed_psi(expected: np.ndarray, counts: np.ndarray) -> float:
    """Return the PSI of few scores, with one row a bin added that is as expected.

    Without it a bin that is empty by chance would count as one that nobody falls into any more.
    """
    bins = len(counts)
    return psi(expected, (counts + bins * expected) / (counts.sum() + bins))


def chance_psi(counts: np.ndarray) -> float:
    """Return the PSI that scores of the same population pass once in 10,000 batches.

    Rows times PSI follow a chi-squared distribution of bins - 1 degrees of freedom. Its quantile is
    that of Wilson and Hilferty.
    """
    degrees = max(len(counts) - 1, 1)
    # 2/9: the variance of the cube root of a chi-squared over its degrees (Wilson and Hilferty).
    spread = 2 / (9 * degrees)
    quantile = degrees * (1 - spread + CHANCE * spread**0.5) ** 3
    return float(quantile / counts.sum())


def check(bundle: Bundle, x: np.ndarray) -> Drift:
    """Compare the scores of `x` with the bundle's reference.

    `x` is rows x features in model order; a sample of a few thousand rows is enough.
    """
    scores = bundle.scorer.calibration.score_raw(bundle.scorer.margin.raw(x))
    counts = PopulationCounts.of_scores(scores, bundle.reference)
    return Drift.of(counts, bundle.reference, bundle.policy.beyond_training)


def shares(scores: np.ndarray, edges: tuple[float, ...]) -> np.ndarray:
    """Return the share of the scores in each bin between the inner `edges`.

    >>> shares(np.array([400.0, 500.0, 650.0, 700.0]), (500.0, 600.0)).tolist()
    [0.25, 0.25, 0.5]
    """
    return _bins(scores, edges) / len(scores)


def _bins(scores: np.ndarray, edges: tuple[float, ...]) -> np.ndarray:
    bins = np.searchsorted(edges, scores, side="right")
    return np.bincount(bins, minlength=len(edges) + 1)


class RollingCounts:
    """The counts of the last rows that a process decided; safe to use from several threads.

    It holds the calls of the last `size` rows, at most `size` calls, and always the last one.
    """

    def __init__(self, size: int = WINDOW_ROWS) -> None:
        self._size = size
        self._calls: deque[PopulationCounts] = deque()
        self._rows = 0
        self._lock = threading.Lock()

    def add(self, counts: PopulationCounts) -> None:
        """Count the rows of one call; a call without rows is none."""
        if not counts.rows:
            return
        with self._lock:
            self._calls.append(counts)
            self._rows += counts.rows
            while len(self._calls) > 1 and self._rows > self._size:
                self._rows -= self._calls.popleft().rows

    def total(self) -> PopulationCounts:
        """Return the counts of all rows in the window."""
        with self._lock:
            calls = tuple(self._calls)
        return total_counts(calls)


def total_counts(counts: Iterable[PopulationCounts]) -> PopulationCounts:
    """Return the counts of all rows of several blocks."""
    whole = PopulationCounts()
    for one in counts:
        whole += one
    return whole
