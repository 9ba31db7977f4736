"""The minutes of a search, shared among the fits of one run.

Each fit gets its share of what is left. What an earlier fit does not use, as no further trial would
come to its end in time, goes to the later ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from creditloom.models.stacking.shape_search import SearchRecord, ShapeSearch

# A trial that has begun in time may take so many times the share of its fit before it is cut.
PATIENCE = 2.0


class SearchBudget:
    """The seconds of all searches of a run.

    seconds: of all fits together. shares: by name of a fit, in the order of the run, how much of
    the time it gets beside the others. folder: of the journals. tell: is given one line per fit.
    """

    def __init__(
        self,
        seconds: float,
        shares: Mapping[str, float],
        folder: Path,
        tell: Callable[[str], object] = str,
    ) -> None:
        self.seconds = seconds
        self.records: list[SearchRecord] = []
        self._shares = dict(shares)
        self._folder = folder
        self._tell = tell

    @property
    def spent(self) -> float:
        """Return the seconds that all searches took so far."""
        return sum(record.seconds for record in self.records)

    def of(self, fit: str) -> ShapeSearch:
        """Return the search of the next fit. A fit before it that had none leaves its share."""
        names = list(self._shares)
        later = names[names.index(fit) :]
        left = max(0.0, self.seconds - self.spent)
        share = left * self._shares[fit] / sum(self._shares[name] for name in later)
        return ShapeSearch(
            fit=fit,
            seconds=share,
            most_seconds=min(left, PATIENCE * share),
            folder=self._folder,
            trial_seconds=self._trial_seconds(),
            tell=self._tell,
            records=self.records,
        )

    def _trial_seconds(self) -> float | None:
        """Return the seconds of a trial so far; None before any."""
        trials = sum(record.new for record in self.records)
        return self.spent / trials if trials else None
