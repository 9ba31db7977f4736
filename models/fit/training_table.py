"""The rows to learn from, and how rows are held out: by chance, by group, by date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.models.sample.arrays import Floats, Mask

# 1 bad, 0 good, one per row.
Labels = NDArray[np.int8]


def fold_masks(
    label: Labels, folds: int, seed: int, group: NDArray[np.int64] | None = None
) -> Iterator[Mask]:
    """Yield the mask of the held-out rows, fold by fold.

    Every fold holds its share of bads and of goods. Rows of one group stay together.

    >>> [int(mask.sum()) for mask in fold_masks(np.array([1, 1, 0, 0, 0], np.int8), 2, seed=1)]
    [3, 2]
    """
    # Loaded here: what scores and decides never cuts folds.
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    # The seed shuffles the rows of each class before they are dealt out.
    kind = StratifiedKFold if group is None else StratifiedGroupKFold
    splitter = kind(folds, shuffle=True, random_state=seed)
    for _, rows in splitter.split(np.empty((len(label), 0)), label, group):
        held_out = np.zeros(len(label), dtype=bool)
        held_out[rows] = True
        yield held_out


def latest(time: NDArray[np.datetime64], share: float) -> Mask:
    """Return the mask of the rows with the latest dates, about `share` of all.

    Rows of one moment stay together, on the later side.
    """
    ordered = np.sort(time)
    position = int(np.ceil(len(ordered) * (1 - share)))
    cut = ordered[min(len(ordered) - 1, position)]
    return np.asarray(time >= cut)


@dataclass(frozen=True)
class TrainingTable:
    """Training rows.

    frame: feature columns, float64 or text; special codes still stand in them.
    signs: the sign that the effect of each column must have; 0 is free.
    special_codes: by column, the numbers that mean missing.
    weight: one per row, of mean 1 or not; None = 1 each. group: rows of one group never stand on
    both sides of a fold. time: of the application; None = no dates.
    """

    frame: pd.DataFrame
    label: Labels
    signs: tuple[int, ...]
    special_codes: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    weight: Floats | None = None
    group: NDArray[np.int64] | None = None
    time: NDArray[np.datetime64] | None = None

    def where(self, mask: Mask) -> TrainingTable:
        """Return the rows of `mask`."""
        frame = self.frame[mask].reset_index(drop=True)
        weight = None if self.weight is None else self.weight[mask]
        group = None if self.group is None else self.group[mask]
        time = None if self.time is None else self.time[mask]
        label = self.label[mask]
        return replace(self, frame=frame, label=label, weight=weight, group=group, time=time)

    @property
    def weights(self) -> Floats:
        """Return one weight per row, of mean 1: penalties and priors are against that."""
        ones = np.ones(len(self.label))
        return ones if self.weight is None else self.weight / self.weight.mean()

    @property
    def sign_of(self) -> dict[str, int]:
        """Return the sign of each column."""
        names = [str(name) for name in self.frame.columns]
        return dict(zip(names, self.signs, strict=True))
