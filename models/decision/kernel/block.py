"""The interpreter: runs a program over blocks of rows, from a matrix in to margins and contributions out."""

from __future__ import annotations

import numpy as np
from numba import literally

from .compiled import jit
from .forest import MISSING_NONE, MISSING_ZERO
from .instructions import again_ll, again_ln, again_nl, again_nn, bush, down, down_again, up_ll, up_ln, up_nl, up_nn
from .layout import BLOCK
from .program import ADD, BUSH, DOWN, LEAF, UP

ZERO = 1e-35  # LightGBM's kZeroThreshold, a float32 there
DOWN_AGAIN, UP_NL, UP_LN, UP_LL = DOWN + 1, UP + 1, UP + 2, UP + 3
AGAIN_NN, AGAIN_NL, AGAIN_LN, AGAIN_LL = UP + 4, UP + 5, UP + 6, UP + 7


@jit
def run_block(code, constants, work, raw_at, points):  # type: ignore[no-untyped-def]
    """Run every instruction over the block in `work`; margins gather at `raw_at`, one tree after the other."""
    literally(points)
    c0, f0, w = code.ctypes.data, constants.ctypes.data, work.ctypes.data
    i, n = 0, code.shape[0]
    while i < n:
        op, c, f = code[i, 0], c0 + 8 * i * code.shape[1], f0 + 8 * i * constants.shape[1]
        if op == BUSH:
            bush(c, f, w, points)
            i += 2  # the two leaf pairs that follow are done
        elif op == DOWN:
            down(c, f, w, points)
        elif op == DOWN_AGAIN:
            down_again(c, f, w, points)
        elif op == UP:
            up_nn(c, f, w, points)
        elif op == UP_NL:
            up_nl(c, f, w, points)
        elif op == UP_LN:
            up_ln(c, f, w, points)
        elif op == UP_LL:
            up_ll(c, f, w, points)
        elif op == AGAIN_NN:
            again_nn(c, f, w, points)
        elif op == AGAIN_NL:
            again_nl(c, f, w, points)
        elif op == AGAIN_LN:
            again_ln(c, f, w, points)
        elif op == AGAIN_LL:
            again_ll(c, f, w, points)
        elif op == ADD:
            for k in range(BLOCK):
                work[raw_at + k] += work[raw_at + BLOCK + k]
        elif op == LEAF:
            for k in range(BLOCK):
                work[raw_at + k] += constants[i, 1]
        i += 1


@jit
def load_block(x, start, rows, missing, work):  # type: ignore[no-untyped-def]
    """Columns of a block, missing values as LightGBM reads them; contributions and margins start at zero."""
    n = missing.shape[0]
    for f in range(n):
        column = work[f * BLOCK : (f + 1) * BLOCK]
        for k in range(rows):
            column[k] = x[start + k, f]
        if missing[f] == MISSING_NONE:
            for k in range(rows):
                column[k] = 0.0 if np.isnan(column[k]) else column[k]
        elif missing[f] == MISSING_ZERO:
            for k in range(rows):
                column[k] = np.nan if abs(column[k]) <= ZERO else column[k]
    work[n * BLOCK : (2 * n + 1) * BLOCK] = 0.0


@jit
def explain_rows(x, missing, code, constants, work, span, points, raw, phi):  # type: ignore[no-untyped-def]
    """Rows span[0]..span[1] of x: margin into `raw`, contribution of every feature into `phi`."""
    literally(points)
    n = missing.shape[0]
    for start in range(span[0], span[1], BLOCK):
        rows = min(BLOCK, span[1] - start)
        load_block(x, start, rows, missing, work)
        run_block(code, constants, work, 2 * n * BLOCK, points)
        raw[start : start + rows] = work[2 * n * BLOCK : 2 * n * BLOCK + rows]
        for f in range(n):
            for k in range(rows):
                phi[start + k, f] = work[(n + f) * BLOCK + k]
