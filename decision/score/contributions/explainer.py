"""The entry to the kernel: a model's text in, explanations of any number of rows out.

An explanation is a margin, exact contributions per feature, or points per concept.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .block import STATE, concept_rows, explain_rows, score_rows
from .forest import scan
from .lanes import BLOCK, DOUBLE_BYTES, LINE
from .program import compile_forest

# Rows that a thread takes at a time: enough work to hide the switch, few enough to share evenly.
CHUNK = 16 * BLOCK
Rows = tuple[np.ndarray, int, int]  # features x rows, first row, end


class Explainer:
    """Margins and exact path-dependent SHAP values of a binary LightGBM model, on log-odds.

    x is float64, rows x features in model order, NaN = null. `base` is the mean margin: margin =
    base + sum of phi; `used` are the features that some tree splits on. Raises `UnsupportedModel`
    for what it cannot explain exactly (categorical splits, linear trees, mixed kinds of missing).
    """

    def __init__(self, text: str, threads: int) -> None:
        forest = scan(text)
        self._missing = forest.missing
        self._program = compile_forest(forest)
        self._threads = max(1, threads)
        # Workspaces that no thread uses now, by the columns at their end. Fresh memory is dear, so
        # they are used again.
        self._spare: defaultdict[int, deque[np.ndarray]] = defaultdict(deque)
        self.base = self._program.base
        self.used = self._program.columns

    def margins(self, x: np.ndarray) -> np.ndarray:
        """Return one margin per row, bit-equal to LightGBM's."""
        p = self._program
        raw = np.empty(len(x))

        def score(rows: Rows, work: np.ndarray) -> None:
            score_rows(*rows, p.columns, self._missing, p.code, p.constants, work, raw)

        self._run(x, 0, score)
        return raw

    def contributions(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (margins, phi).

        phi is rows x features, zero for a feature that no tree uses.
        """
        p = self._program
        raw = np.empty(len(x))
        phi = np.zeros(x.shape)

        def explain(rows: Rows, work: np.ndarray) -> None:
            explain_rows(
                *rows, p.columns, self._missing, p.code, p.constants, work, p.points, raw, phi
            )

        self._run(x, 0, explain)
        return raw, phi

    def points(
        self, x: np.ndarray, scale: float, owner: np.ndarray, reference: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (margins, points, leading features), the last two rows x concepts.

        No rows x features matrix is ever made. `scale` turns phi into points, `owner` is the
        concept of each feature. The lead of a concept is its used feature with the lowest points
        against `reference` (points per feature), to six decimals and the first of equals; -1 where
        no feature of it is used.
        """
        p = self._program
        n_concepts = int(owner.max()) + 1
        raw = np.empty(len(x))
        total = np.empty((len(x), n_concepts))
        lead = np.empty((len(x), n_concepts), np.int32)
        per_concept = (scale, owner, reference, total, lead)

        def explain(rows: Rows, work: np.ndarray) -> None:
            model = (p.columns, self._missing, p.code, p.constants)
            concept_rows(*rows, *model, work, p.points, raw, *per_concept)

        self._run(x, STATE * n_concepts, explain)
        return raw, total, lead

    def _run(self, x: np.ndarray, state: int, work_on: Callable[[Rows, np.ndarray], None]) -> None:
        """Give chunks of rows to threads, each with a workspace of its own.

        Rows do not depend on each other, so the number of threads changes no bit.
        """
        starts = iter(range(0, len(x), CHUNK))
        # One type of memory, so that the compiled code has one version.
        columns = np.require(x.T, np.float64, ["C", "W"])

        def take_turns() -> None:
            work = self._spare[state].pop() if self._spare[state] else self._workspace(state)
            for start in starts:
                work_on((columns, start, min(start + CHUNK, len(x))), work)
            self._spare[state].append(work)

        n_chunks = -(-len(x) // CHUNK)  # rounded up
        workers = min(self._threads, n_chunks)
        if workers < 2:
            take_turns()
            return
        with ThreadPoolExecutor(workers) as pool:
            for done in [pool.submit(take_turns) for _ in range(workers)]:
                done.result()

    def _workspace(self, state: int) -> np.ndarray:
        """Return room for one block, on a cache line, with `state` columns at its end."""
        layout = self._program.layout
        size = layout.size // DOUBLE_BYTES + state * BLOCK
        # numpy does not align to cache lines: take a line more and begin where one begins.
        memory = np.zeros(size + LINE // DOUBLE_BYTES)
        first = -memory.ctypes.data % LINE // DOUBLE_BYTES
        work = memory[first : first + size]
        # P at the root of every tree is the quadrature weight; no instruction ever changes it.
        root = layout.p(0, 0) // DOUBLE_BYTES
        work[root : root + layout.points * BLOCK] = np.repeat(self._program.weights, BLOCK)
        return work
