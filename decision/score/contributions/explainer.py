"""The kernel's door: a model's text in; margins, exact contributions or points per concept of any number of rows out."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .block import STATE, explain_rows, score_rows, tell_rows
from .forest import scan
from .lanes import BLOCK, LINE
from .program import compile_forest

CHUNK = 16 * BLOCK  # rows a thread takes at a time
Rows = tuple[np.ndarray, int, int]  # features x rows, first row, end


class Explainer:
    """Margins and exact path-dependent SHAP values of a binary LightGBM model, on log-odds.

    x is float64, rows x features in model order, NaN = null. `base` is the mean margin: margin = base + sum of phi; `used` are the
    features that some tree splits on. Raises `UnsupportedModel` for what it cannot explain exactly (categorical splits, linear trees,
    mixed kinds of missing).
    """

    def __init__(self, text: str, threads: int) -> None:
        forest = scan(text)
        self._missing = forest.missing
        self._program = compile_forest(forest)
        self._threads = max(1, threads)
        self._spare: defaultdict[int, deque[np.ndarray]] = defaultdict(
            deque
        )  # workspaces by the columns at their end
        self.base, self.used = self._program.base, self._program.columns

    def margins(self, x: np.ndarray) -> np.ndarray:
        """One margin per row, bit-equal to LightGBM's."""
        p, raw = self._program, np.empty(len(x))
        self._run(
            x,
            0,
            lambda rows, work: score_rows(
                *rows, p.columns, self._missing, p.code, p.constants, work, raw
            ),
        )
        return raw

    def contributions(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(margins, phi): phi is rows x features, zero for a feature that no tree uses."""
        p, raw, phi = self._program, np.empty(len(x)), np.zeros(x.shape)

        def explain(rows: Rows, work: np.ndarray) -> None:
            explain_rows(
                *rows, p.columns, self._missing, p.code, p.constants, work, p.points, raw, phi
            )

        self._run(x, 0, explain)
        return raw, phi

    def points(
        self, x: np.ndarray, scale: float, owner: np.ndarray, reference: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(margins, points rows x concepts, leading features rows x concepts): no rows x features matrix is ever made.

        `scale` turns phi into points, `owner` is the concept of each feature. The lead of a concept is its used feature with the lowest
        points against `reference` (points per feature), to six decimals and the first of equals; -1 where no feature of it is used.
        """
        p, raw, n = self._program, np.empty(len(x)), int(owner.max()) + 1
        told = scale, owner, reference, np.empty((len(x), n)), np.empty((len(x), n), np.int32)

        def tell(rows: Rows, work: np.ndarray) -> None:
            tell_rows(
                *rows, p.columns, self._missing, p.code, p.constants, work, p.points, raw, *told
            )

        self._run(x, STATE * n, tell)
        return raw, told[3], told[4]

    def _run(self, x: np.ndarray, state: int, work_on: Callable[[Rows, np.ndarray], None]) -> None:
        """Chunks of rows to threads, each with a workspace of its own; fresh memory is dear, so workspaces are used again."""
        starts, columns = (
            iter(range(0, len(x), CHUNK)),
            np.require(x.T, np.float64, ["C", "W"]),
        )  # one type, compiled once

        def take_turns() -> None:
            work = self._spare[state].pop() if self._spare[state] else self._workspace(state)
            for start in starts:
                work_on((columns, start, min(start + CHUNK, len(x))), work)
            self._spare[state].append(work)

        workers = min(self._threads, -(-len(x) // CHUNK))
        if workers < 2:
            take_turns()
            return
        with ThreadPoolExecutor(workers) as pool:
            for done in [pool.submit(take_turns) for _ in range(workers)]:
                done.result()

    def _workspace(self, state: int) -> np.ndarray:
        """Room for one block, on a cache line, with `state` columns at its end."""
        at = self._program.layout
        size = at.size // 8 + state * BLOCK
        spare = np.zeros(size + LINE // 8)
        first = -spare.ctypes.data % LINE // 8
        work = spare[first : first + size]
        root = at.p(0, 0) // 8
        work[root : root + at.points * BLOCK] = np.repeat(self._program.weights, BLOCK)
        return work
