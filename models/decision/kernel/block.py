"""The interpreter: runs a program over blocks of rows, from columns in to margins, contributions or points out."""

from __future__ import annotations

import numpy as np

from .compiled import jit
from .forest import MISSING_NONE, MISSING_ZERO
from .instructions import (
    add_leaf,
    add_root,
    again_ll,
    again_ln,
    again_nl,
    again_nn,
    bush,
    down,
    down_again,
    gather,
    pick_bush,
    pick_ll,
    pick_ln,
    pick_nl,
    pick_nn,
    up_ll,
    up_ln,
    up_nl,
    up_nn,
)  # fmt: skip
from .layout import BLOCK, LANES
from .program import ADD, BUSH, DOWN, LEAF, UP

ONE = (0.0,)  # a tuple in the place of the points where there are none to run over
STATE = 3  # columns of a concept: sum of points, lowest gain, lead
ZERO = 1e-35  # LightGBM's kZeroThreshold, a float32 there
DOWN_AGAIN, UP_NL, UP_LN, UP_LL = DOWN + 1, UP + 1, UP + 2, UP + 3
AGAIN_NN, AGAIN_NL, AGAIN_LN, AGAIN_LL = UP + 4, UP + 5, UP + 6, UP + 7


@jit
def run_block(code, constants, work, vectors, points):  # type: ignore[no-untyped-def]
    """Run every instruction over the first `vectors` of the block in `work`; margins gather one tree after the other."""
    c0, f0, w = code.ctypes.data, constants.ctypes.data, work.ctypes.data
    i, n = 0, code.shape[0]
    while i < n:
        op, c = code[i, 0], c0 + 4 * i * code.shape[1]
        if op == BUSH:
            bush(c, f0, w, vectors, points)
            i += 2  # the two leaf pairs that follow are done
        elif op == DOWN:
            down(c, f0, w, vectors, points)
        elif op == DOWN_AGAIN:
            down_again(c, f0, w, vectors, points)
        elif op == UP:
            up_nn(c, f0, w, vectors, points)
        elif op == UP_NL:
            up_nl(c, f0, w, vectors, points)
        elif op == UP_LN:
            up_ln(c, f0, w, vectors, points)
        elif op == UP_LL:
            up_ll(c, f0, w, vectors, points)
        elif op == AGAIN_NN:
            again_nn(c, f0, w, vectors, points)
        elif op == AGAIN_NL:
            again_nl(c, f0, w, vectors, points)
        elif op == AGAIN_LN:
            again_ln(c, f0, w, vectors, points)
        elif op == AGAIN_LL:
            again_ll(c, f0, w, vectors, points)
        elif op == ADD:
            add_root(c, f0, w, vectors, points)
        else:
            add_leaf(c, f0, w, vectors, points)
        i += 1


@jit
def score_block(code, constants, work, vectors):  # type: ignore[no-untyped-def]
    """The margins alone, by the same program: what goes down is not needed, what comes up is one choice per split."""
    c0, f0, w = code.ctypes.data, constants.ctypes.data, work.ctypes.data
    i, n = 0, code.shape[0]
    while i < n:
        op, c = code[i, 0], c0 + 4 * i * code.shape[1]
        if op == BUSH:
            pick_bush(c, f0, w, vectors, ONE)
            i += 2
        elif op in (UP, AGAIN_NN):
            pick_nn(c, f0, w, vectors, ONE)
        elif op in (UP_NL, AGAIN_NL):
            pick_nl(c, f0, w, vectors, ONE)
        elif op in (UP_LN, AGAIN_LN):
            pick_ln(c, f0, w, vectors, ONE)
        elif op in (UP_LL, AGAIN_LL):
            pick_ll(c, f0, w, vectors, ONE)
        elif op == ADD:
            add_root(c, f0, w, vectors, ONE)
        elif op == LEAF:
            add_leaf(c, f0, w, vectors, ONE)
        i += 1


@jit
def load_block(x, columns, start, rows, missing, work):  # type: ignore[no-untyped-def]
    """Columns of a block, missing values as LightGBM reads them; contributions and margins start at zero. Returns the vectors in use."""
    n, vectors = columns.shape[0], (rows + LANES - 1) // LANES
    for f in range(n + 1):
        work[(n + f) * BLOCK : (n + f) * BLOCK + vectors * LANES] = 0.0
    for f in range(n):
        column, source, kind = work[f * BLOCK : (f + 1) * BLOCK], x[columns[f]], missing[columns[f]]
        column[:rows] = source[start : start + rows]
        if kind == MISSING_NONE:
            for k in range(rows):
                column[k] = 0.0 if np.isnan(column[k]) else column[k]
        elif kind == MISSING_ZERO:
            for k in range(rows):
                column[k] = np.nan if abs(column[k]) <= ZERO else column[k]
    return vectors


@jit
def score_rows(x, first, end, columns, missing, code, constants, work, raw):  # type: ignore[no-untyped-def]
    """Margins of rows first..end of x (features x rows)."""
    raw_at = 2 * columns.shape[0] * BLOCK
    for start in range(first, end, BLOCK):
        rows = min(BLOCK, end - start)
        vectors = load_block(x, columns, start, rows, missing, work)
        score_block(code, constants, work, vectors)
        raw[start : start + rows] = work[raw_at : raw_at + rows]


@jit
def explain_rows(x, first, end, columns, missing, code, constants, work, points, raw, phi):  # type: ignore[no-untyped-def]
    """Rows first..end of x (features x rows): margins into `raw`, contributions of the used features into `phi`."""
    n = columns.shape[0]
    raw_at = 2 * n * BLOCK
    for start in range(first, end, BLOCK):
        rows = min(BLOCK, end - start)
        vectors = load_block(x, columns, start, rows, missing, work)
        run_block(code, constants, work, vectors, points)
        raw[start : start + rows] = work[raw_at : raw_at + rows]
        for f in range(n):
            for k in range(rows):
                phi[start + k, columns[f]] = work[(n + f) * BLOCK + k]


@jit
def tell_rows(x, first, end, columns, missing, code, constants, work, points, raw, scale, owner, reference, total, lead):  # type: ignore[no-untyped-def]
    """Rows first..end of x (features x rows): margins, points per concept into `total`, leading features into `lead`.

    The concepts' states lie at the end of `work`: each STATE columns, the sum, the lowest gain and the feature that has it.
    """
    n, concepts = columns.shape[0], total.shape[1]
    raw_at, at, w = 2 * n * BLOCK, work.shape[0] - STATE * concepts * BLOCK, work.ctypes.data
    state = work[at:].reshape((concepts, STATE, BLOCK))
    for start in range(first, end, BLOCK):
        rows = min(BLOCK, end - start)
        vectors = load_block(x, columns, start, rows, missing, work)
        run_block(code, constants, work, vectors, points)
        raw[start : start + rows] = work[raw_at : raw_at + rows]
        state[:, 0], state[:, 1], state[:, 2] = 0.0, np.inf, -1.0
        for f in range(n):
            feature = columns[f]
            own = w + 8 * (at + STATE * owner[feature] * BLOCK)
            gather(w + 8 * (n + f) * BLOCK, own, vectors, scale, reference[feature], float(feature))
        for c in range(concepts):
            for k in range(rows):
                total[start + k, c], lead[start + k, c] = state[c, 0, k], state[c, 2, k]
