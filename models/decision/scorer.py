"""Margin, calibration and catalogue together: PD, score and points of a matrix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .calibration import Calibration
from .catalogue import Catalogue
from .margin import Margin

BLOCK = 8_192  # rows explained at once: no rows x features matrix of a whole batch exists


@dataclass(frozen=True)
class Scorer:
    """The scoring half of a bundle: nothing of policy, nothing of a reference."""

    catalogue: Catalogue
    margin: Margin
    calibration: Calibration

    @property
    def base_points(self) -> float:
        """Points of the constant: offset - factor (a base + b); base_points + all points = score_raw."""
        c = self.calibration
        return c.offset - c.factor * (c.a * self.margin.base + c.b)

    def points(self, x: np.ndarray) -> np.ndarray:
        """Points of each feature, rows x features: -factor a phi; negative points cost score."""
        return -self.calibration.factor * self.calibration.a * self.margin.contributions(x)[1]

    def by_concept(self, points: np.ndarray) -> np.ndarray:
        """Points summed per concept, rows x concepts in `catalogue.concept_ids` order."""
        order, starts = self._columns
        return np.add.reduceat(points[:, order], starts, axis=1)

    def blocks(self, x: np.ndarray) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """(rows, feature points, concept points) for consecutive blocks of rows."""
        for start in range(0, len(x), BLOCK):
            rows = slice(start, min(start + BLOCK, len(x)))
            points = self.points(x[rows])
            yield rows, points, self.by_concept(points)

    def told(self, x: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(points per concept, leading feature per concept), rows x concepts; `reference` is points per feature (Margin.points)."""
        scale = -self.calibration.factor * self.calibration.a
        return self.margin.points(x, scale, self.catalogue.concept_of, reference)

    def concept_points(self, x: np.ndarray) -> np.ndarray:
        """Points of all rows per concept."""
        return self.told(x, np.zeros(len(self.catalogue.features)))[0]

    def warm(self) -> None:
        """Score and explain a row of nulls: what is loaded when first needed is then there."""
        nothing = np.full((1, len(self.catalogue.features)), np.nan)
        self.margin.raw(nothing)
        self.concept_points(nothing)

    @cached_property
    def _columns(self) -> tuple[np.ndarray, np.ndarray]:
        owner = self.catalogue.concept_of
        order = np.argsort(owner, kind="stable")
        return order, np.searchsorted(owner[order], np.arange(len(self.catalogue.concept_ids)))
