"""Columns to numbers: a category becomes the rank of its level by bad rate in the training rows, so that a tree cuts it in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Encoding:
    """Column names in model order, and the known levels of each category, safest first (level k becomes the number k)."""

    names: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]

    def apply(self, frame: pd.DataFrame) -> Floats:
        """float64 of shape (rows, columns); null, rare and never seen levels are NaN."""
        out = np.empty((len(frame), len(self.names)))
        for k, name in enumerate(self.names):
            out[:, k] = self._codes(frame[name], self.categories[name]) if name in self.categories else frame[name].to_numpy(np.float64)
        return out

    @staticmethod
    def _codes(texts: pd.Series, levels: tuple[str, ...]) -> Floats:
        codes = pd.Categorical(texts, categories=list(levels)).codes.astype(np.float64)
        return np.where(codes < 0, np.nan, codes)


def learn(frame: pd.DataFrame, label: NDArray[np.int8], smoothing: float, min_level_rows: int) -> Encoding:
    """Order the levels of every text column by smoothed bad rate: (bads + smoothing p) / (n + smoothing), ties by text.

    Give it training rows only: the order holds their labels. Levels with fewer than `min_level_rows` rows are left out.
    """
    texts = [name for name in frame.columns if frame[name].dtype == object]
    return Encoding(tuple(frame.columns), {name: _levels(frame[name], label, smoothing, min_level_rows) for name in texts})


def _levels(texts: pd.Series, label: NDArray[np.int8], smoothing: float, min_level_rows: int) -> tuple[str, ...]:
    seen = pd.DataFrame({"level": texts.to_numpy(), "bad": label}).groupby("level", sort=True)["bad"].agg(["sum", "size"])
    seen = seen[seen["size"] >= min_level_rows]
    rate = (seen["sum"] + smoothing * label.mean()) / (seen["size"] + smoothing)
    return tuple(str(level) for level in rate.sort_values(kind="stable").index)
