"""The interpreter: it runs a program over blocks of rows.

Columns go in; margins, contributions or points per concept come out.
"""

# numba infers the types of compiled functions.
# mypy: allow-untyped-defs

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
)
from .lanes import BLOCK, DOUBLE_BYTES, INT32_BYTES, LANES
from .program import ADD, BUSH, DOWN, LEAF, UP

# Instructions take a tuple as long as there are quadrature points. Margins need no points, and a
# tuple of one compiles a single version of them.
NO_POINTS = (0.0,)
STATE = 3  # columns of a concept: sum of points, lowest gain, leading feature
# LightGBM's kZeroThreshold, up to which it reads a value as zero: 1e-35 as a float32, which is a
# little more than the double.
ZERO = float(np.float32(1e-35))
# Named here, because numba takes module constants into the compiled code. The numbers are those of
# `program`: DOWN + again; UP + 4 again + 2 (left is a leaf) + (right is a leaf).
DOWN_AGAIN = DOWN + 1
UP_NL = UP + 1
UP_LN = UP + 2
UP_LL = UP + 3
AGAIN_NN = UP + 4
AGAIN_NL = UP + 5
AGAIN_LN = UP + 6
AGAIN_LL = UP + 7


# The loops from here on are compiled: they run once per instruction or value, where Python would be
# a hundred times slower. Rows, trees and features keep their order, and with it sums their bits.


# Compiled: one turn per instruction, tens of thousands of them per block. In tree order.
@jit
def run_block(code, constants, work, vectors, points):
    """Run every instruction over the first `vectors` of the block in `work`.

    Margins add up one tree after the other, as in LightGBM. The instructions take addresses,
    because numba's own indexing would not vectorise.
    """
    c0, f0, w = code.ctypes.data, constants.ctypes.data, work.ctypes.data
    i, n = 0, code.shape[0]
    while i < n:
        op, c = code[i, 0], c0 + INT32_BYTES * i * code.shape[1]
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


# Compiled: as `run_block`, in the same order, so that a margin alone has the same bits.
@jit
def score_block(code, constants, work, vectors):
    """Run the same program for the margins alone.

    What goes down is not needed; what comes up is one choice per split.
    """
    c0, f0, w = code.ctypes.data, constants.ctypes.data, work.ctypes.data
    i, n = 0, code.shape[0]
    while i < n:
        op, c = code[i, 0], c0 + INT32_BYTES * i * code.shape[1]
        if op == BUSH:
            pick_bush(c, f0, w, vectors, NO_POINTS)
            i += 2  # as above
        elif op in (UP, AGAIN_NN):
            pick_nn(c, f0, w, vectors, NO_POINTS)
        elif op in (UP_NL, AGAIN_NL):
            pick_nl(c, f0, w, vectors, NO_POINTS)
        elif op in (UP_LN, AGAIN_LN):
            pick_ln(c, f0, w, vectors, NO_POINTS)
        elif op in (UP_LL, AGAIN_LL):
            pick_ll(c, f0, w, vectors, NO_POINTS)
        elif op == ADD:
            add_root(c, f0, w, vectors, NO_POINTS)
        elif op == LEAF:
            add_leaf(c, f0, w, vectors, NO_POINTS)
        i += 1


# Compiled: one turn per value of the block, column by column as they lie in memory.
@jit
def load_block(x, columns, start, rows, missing, work):
    """Load the columns of a block, missing values as LightGBM reads them.

    Return the number of vectors in use. Contributions and margins start at zero.
    """
    n, vectors = columns.shape[0], (rows + LANES - 1) // LANES
    for f in range(n + 1):
        work[(n + f) * BLOCK : (n + f) * BLOCK + vectors * LANES] = 0.0
    for f in range(n):
        column, source, kind = work[f * BLOCK : (f + 1) * BLOCK], x[columns[f]], missing[columns[f]]
        column[:rows] = source[start : start + rows]
        if kind == MISSING_NONE:
            for k in range(rows):
                column[k] = column[k] if abs(column[k]) > ZERO else 0.0  # NaN, too, becomes 0
        elif kind == MISSING_ZERO:
            for k in range(rows):
                column[k] = np.nan if abs(column[k]) <= ZERO else column[k]
        else:
            # LightGBM drops what is nearly zero where it reads a row, whatever the threshold says.
            for k in range(rows):
                column[k] = 0.0 if abs(column[k]) <= ZERO else column[k]
    return vectors


# Compiled: one turn per block of 64 rows; blocks do not depend on each other.
@jit
def score_rows(x, first, end, columns, missing, code, constants, work, raw):
    """Write the margins of rows first..end of x (features x rows) into `raw`."""
    raw_at = 2 * columns.shape[0] * BLOCK
    for start in range(first, end, BLOCK):
        rows = min(BLOCK, end - start)
        vectors = load_block(x, columns, start, rows, missing, work)
        score_block(code, constants, work, vectors)
        raw[start : start + rows] = work[raw_at : raw_at + rows]


# Compiled: as `score_rows`; then one turn per contribution, to write them row by row.
@jit
def explain_rows(x, first, end, columns, missing, code, constants, work, points, raw, phi):
    """Explain rows first..end of x (features x rows).

    Margins go into `raw`, contributions of the used features into `phi` (rows x features).
    """
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


# Compiled: as `score_rows`; then one turn per feature, in model order, and per concept and row.
# Over 40 lines by its arguments, one a line: numba takes arrays, not records of arrays.
@jit
def concept_rows(
    x,
    first,
    end,
    columns,
    missing,
    code,
    constants,
    work,
    points,
    raw,
    scale,
    owner,
    reference,
    total,
    lead,
):
    """Explain rows first..end of x (features x rows) per concept.

    Margins go into `raw`, points per concept into `total`, leading features into `lead`. The states
    of the concepts lie at the end of `work`, STATE columns each: the sum, the lowest gain and the
    feature that has it.
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
        # In model order, so that of equal gains the first feature leads.
        for f in range(n):
            feature = columns[f]
            own = w + DOUBLE_BYTES * (at + STATE * owner[feature] * BLOCK)
            gather(
                w + DOUBLE_BYTES * (n + f) * BLOCK,
                own,
                vectors,
                scale,
                reference[feature],
                float(feature),
            )
        for c in range(concepts):
            for k in range(rows):
                total[start + k, c], lead[start + k, c] = state[c, 0, k], state[c, 2, k]
