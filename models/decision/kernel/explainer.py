"""The kernel's door: a model's text in, exact explanations of any number of rows out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .block import explain_rows
from .forest import scan
from .layout import BLOCK
from .program import compile_forest

CHUNK = 16 * BLOCK  # rows a thread takes at a time


class Explainer:
    """Exact path-dependent SHAP values of a binary LightGBM model, on log-odds.

    x is float64, rows x features in model order, NaN = null. `base` is the mean margin: margin = base + sum of phi.
    Raises `UnsupportedModel` for what it cannot explain exactly (categorical splits, linear trees, mixed kinds of missing).
    """

    def __init__(self, text: str, threads: int) -> None:
        forest = scan(text)
        self._missing = forest.missing
        self._program = compile_forest(forest)
        self._threads = max(1, threads)
        self.base = self._program.base

    def contributions(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(margins, phi): one margin per row, bit-equal to LightGBM's, and rows x features."""
        x = np.asarray(x, dtype=np.float64)
        raw, phi = np.empty(len(x)), np.empty(x.shape)
        p = self._program

        def chunk(start: int) -> None:
            span = (start, min(start + CHUNK, len(x)))
            explain_rows(x, self._missing, p.code, p.constants, self._workspace(), span, p.layout.points, raw, phi)

        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(chunk, range(0, len(x), CHUNK)))
        return raw, phi

    def _workspace(self) -> np.ndarray:
        at = self._program.layout
        work = np.zeros(at.size // 8)
        root = at.p(0, 0) // 8
        work[root : root + at.points * BLOCK] = np.repeat(self._program.weights, BLOCK)
        return work
