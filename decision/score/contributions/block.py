"""The interpreter: runs a program over blocks of rows, from columns in to margins, contributions or points out."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

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
from .lanes import BLOCK, LANES
from .program import ADD, BUSH, DOWN, LEAF, UP

# Where compiled code is kept between processes: one folder per name and content of this package, for its owner's eyes only.

config: Any = numba.config  # its settings have no types


def jit(function: Callable[..., Any]) -> Any:
    """Compile `function` for numpy's rules of division, without the interpreter's lock; cached where a safe folder exists."""
    folder = _folder()
    if folder is None:
        return numba.njit(nogil=True, error_model="numpy")(function)
    _settle(function, folder)
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        return numba.njit(nogil=True, error_model="numpy", cache=True)(function)
    finally:
        config.CACHE_DIR = before


def _settle(function: Callable[..., Any], folder: Path) -> None:
    """Give the function a source that stays where it is, with a date that does not change."""
    source = Path(function.__code__.co_filename)
    kept = folder / source.name
    if not kept.exists():
        draft = folder / f".{source.name}.{os.getpid()}"
        draft.write_bytes(source.read_bytes())
        os.utime(draft, (0, 0))
        draft.replace(kept)
    function.__code__ = function.__code__.replace(co_filename=str(kept))


def _folder() -> Path | None:
    sources = sorted(Path(__file__).parent.glob("*.py"))
    named = f"{__name__} numba {numba.__version__}".encode()
    content = hashlib.sha256(b"".join(p.read_bytes() for p in sources) + named).hexdigest()[:16]
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "creditloom" / content
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return root if is_owner_only(root) else None


def is_owner_only(folder: Path) -> bool:
    """The folder is ours, no link, and nobody else may enter it."""
    found = folder.lstat()
    ours = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    return (
        ours and stat.S_ISDIR(found.st_mode) and not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    )


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
def tell_rows(  # type: ignore[no-untyped-def]
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
