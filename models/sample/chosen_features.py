"""Which features a model may use, and which each rolling origin inside its training rows may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.split import SplitParams


@dataclass(frozen=True)
class ChosenFeatures:
    """final: chosen on all training months. origins: per origin, on the months before it alone."""

    final: tuple[str, ...]
    origins: tuple[tuple[str, ...], ...]

    @classmethod
    def the_same(cls, names: Sequence[str], split: SplitParams) -> ChosenFeatures:
        """Return one choice for all: right where no label has chosen, as with all columns."""
        return cls(tuple(names), (tuple(names),) * split.origins)

    @property
    def names(self) -> tuple[str, ...]:
        """Return every name that is used anywhere, those of the final model first."""
        later = (name for origin in self.origins for name in origin)
        return tuple(dict.fromkeys((*self.final, *later)))

    def final_rows(self, rows: Dataset) -> Dataset:
        """Return the rows with the features of the final model."""
        return rows.with_features(self.final)
