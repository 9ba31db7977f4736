"""The instructions of a program, each for the vectors of a block in use.

They go down a tree, come up again, or do a whole bush of three splits in registers. Every
instruction takes the addresses of its code row, of the constants and of the workspace, how many
vectors of rows there are (one application alone pays for one of eight), and a tuple as long as
there are quadrature points. The type of the tuple carries their number, so that there is one
compiled version per number; a literal would be typed anew at every call.
"""

# numba matches the arguments of an intrinsic by name, so unused ones must stand there.
# ruff: noqa: ARG001

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from . import lanes as at
from .lanes import Lanes, Split

# Gains are compared to six decimals, as whole numbers of millionths.
MILLIONTHS = 1e6
# Bytes of one slot of truth values: one byte per vector.
AGREE_BYTES = at.BLOCK // at.LANES


def _instruction(write: Any) -> Any:
    """Return an intrinsic (code, constants, work, vectors, points).

    `write(lanes, code, constants, work, vectors, points)` writes its LLVM code, with the number of
    points in the last place.
    """

    def typed(_typing: Any, code: Any, constants: Any, work: Any, vectors: Any, points: Any) -> Any:
        def codegen(context: Any, builder: ir.IRBuilder, _signature: Any, args: Any) -> Any:
            write(Lanes(builder), *args[:4], points.count)
            return context.get_dummy_value()

        if not isinstance(points, types.UniTuple):
            return None
        return types.void(*[types.int64] * 4, points), codegen

    return intrinsic(typed)


def _column(v: Lanes, code: Any, work: Any, operand: int) -> Any:
    """Return the address of the column that an operand names."""
    return v.b.add(work, v.word(code, operand))


def _down(is_again: bool) -> Any:
    """Return the instruction that sends the path's weight from a split to its children.

    `is_again`: the path has met the split's feature before.
    """

    def write(v: Lanes, code: Any, constants: Any, work: Any, vectors: Any, points: int) -> None:
        split = Split(v, code, constants, is_again, points)
        operands = (at.X, at.P_OWN, at.P_KIDS, at.AGREE_IN, at.AGREE_OUT)
        x, own, kids, agree_in, agree = (_column(v, code, work, o) for o in operands)
        with v.each(vectors) as k:
            left = split.goes_left(v.load(x, k))
            agreed = v.load_bits(agree_in, k) if is_again else None
            right = v.b.not_(left)
            v.store_bits(v.b.and_(left, agreed) if is_again else left, agree, k)
            v.store_bits(
                v.b.and_(right, agreed) if is_again else right, v.at(agree, AGREE_BYTES), k
            )
            weights = split.again(left, agreed)[0] if is_again else split.first(left)[0]
            for q, f in enumerate(weights):
                whole = v.load(own, k, q)
                part = v.mul(whole, f)
                v.store(part, kids, k, q)
                v.store(v.sub(whole, part), v.at(kids, points * at.COLUMN), k, q)

    return _instruction(write)


def _up(is_again: bool, left_leaf: bool, right_leaf: bool) -> Any:
    """Return the instruction that brings values up and credits the split's feature."""

    def write(v: Lanes, code: Any, constants: Any, work: Any, vectors: Any, points: int) -> None:
        split = Split(v, code, constants, is_again, points)
        operands = (at.X, at.PHI, at.P_OWN, at.H_OWN, at.H_KIDS, at.AGREE_IN)
        x, phi, p, h, h_kids, agree = (_column(v, code, work, o) for o in operands)
        leaves = _leaves(v, split)
        with v.each(vectors) as k:
            left = split.goes_left(v.load(x, k))
            f, slope = split.again(left, v.load_bits(agree, k)) if is_again else split.first(left)
            terms = []
            for q in range(points):
                h_left = leaves[0] if left_leaf else v.load(h_kids, k, q)
                h_right = leaves[1]
                if not right_leaf:
                    h_right = v.load(v.at(h_kids, points * at.COLUMN), k, q)
                gap = v.sub(h_left, h_right)
                v.store(v.fma(f[q], gap, h_right), h, k, q)
                weight = v.load(p, k, q)
                terms.append((v.mul(weight, slope[q]) if is_again else weight, gap))
            # Of a first split g is the same at every point, so it is multiplied once, at the end.
            credit = v.dot(terms)
            v.accumulate(credit if is_again else v.mul(credit, slope), phi, k)
            _blend(v, code, work, k, left, leaves, (left_leaf, right_leaf))

    return _instruction(write)


def _leaves(v: Lanes, split: Split) -> tuple[Any, Any]:
    """Return the values of a split's two leaves."""
    left = v.scalar(split.own, at.LEFT_VALUE)
    return left, v.scalar(split.own, at.RIGHT_VALUE)


def _blend(
    v: Lanes,
    code: Any,
    work: Any,
    k: Any,
    left: Any,
    leaves: tuple[Any, Any],
    is_leaf: tuple[bool, bool],
) -> None:
    """Write the margin of the subtree: its left or its right child's, without arithmetic."""
    r = _column(v, code, work, at.R_OWN)
    kids = _column(v, code, work, at.R_KIDS)
    of_left = leaves[0] if is_leaf[0] else v.load(kids, k)
    of_right = leaves[1] if is_leaf[1] else v.load(v.at(kids, at.COLUMN), k)
    v.store(v.select(left, of_left, of_right), r, k)


def _bush_rows(v: Lanes, code: Any) -> list[Any]:
    """Return the code rows of the split and of its two leaf pairs, which follow it."""
    return [v.at(code, at.INT32_BYTES * at.CODE_WIDTH * n) for n in range(3)]


def _bush() -> Any:
    """Return the instruction for a split with two leaf pairs, without any column in between.

    Names end in _one for the left pair and in _two for the right one; a and b, c and d are the
    values of their leaves.
    """

    def write(v: Lanes, code: Any, constants: Any, work: Any, vectors: Any, points: int) -> None:
        rows = _bush_rows(v, code)
        splits = [Split(v, row, constants, False, points) for row in rows]
        xs, phis = ([_column(v, row, work, o) for row in rows] for o in (at.X, at.PHI))
        p, h, r = (_column(v, code, work, o) for o in (at.P_OWN, at.H_OWN, at.R_OWN))
        (a, b), (c, d) = (_leaves(v, pair) for pair in splits[1:])
        gap_one = v.sub(a, b)
        gap_two = v.sub(c, d)
        with v.each(vectors) as k:
            left, left_one, left_two = (
                s.goes_left(v.load(x, k)) for s, x in zip(splits, xs, strict=True)
            )
            f, slope = splits[0].first(left)
            f_one, slope_one = splits[1].first(left_one)
            f_two, slope_two = splits[2].first(left_two)
            terms = []
            parts = []
            others = []
            for q in range(points):
                whole = v.load(p, k, q)
                part = v.mul(whole, f[q])
                h_right = v.fma(f_two[q], gap_two, d)
                gap = v.sub(v.fma(f_one[q], gap_one, b), h_right)
                v.store(v.fma(f[q], gap, h_right), h, k, q)
                terms.append((whole, gap))
                parts.append(part)
                others.append(v.sub(whole, part))
            v.accumulate(v.mul(v.dot(terms), slope), phis[0], k)
            v.accumulate(v.mul(v.mul(v.sum(parts), slope_one), gap_one), phis[1], k)
            v.accumulate(v.mul(v.mul(v.sum(others), slope_two), gap_two), phis[2], k)
            v.store(v.select(left, v.select(left_one, a, b), v.select(left_two, c, d)), r, k)

    return _instruction(write)


def _pick(left_leaf: bool, right_leaf: bool) -> Any:
    """Return the instruction for the margin alone: what `up` does without its credits."""

    def write(v: Lanes, code: Any, constants: Any, work: Any, vectors: Any, points: int) -> None:
        split = Split(v, code, constants, False, points)
        x = _column(v, code, work, at.X)
        leaves = _leaves(v, split)
        with v.each(vectors) as k:
            _blend(v, code, work, k, split.goes_left(v.load(x, k)), leaves, (left_leaf, right_leaf))

    return _instruction(write)


def _pick_bush() -> Any:
    """Return the instruction for the margin of a bush alone."""

    def write(v: Lanes, code: Any, constants: Any, work: Any, vectors: Any, points: int) -> None:
        rows = _bush_rows(v, code)
        splits = [Split(v, row, constants, False, points) for row in rows]
        xs = [_column(v, row, work, at.X) for row in rows]
        r = _column(v, code, work, at.R_OWN)
        (a, b), (c, d) = (_leaves(v, pair) for pair in splits[1:])
        with v.each(vectors) as k:
            left, left_one, left_two = (
                s.goes_left(v.load(x, k)) for s, x in zip(splits, xs, strict=True)
            )
            v.store(v.select(left, v.select(left_one, a, b), v.select(left_two, c, d)), r, k)

    return _instruction(write)


def _add(is_leaf: bool) -> Any:
    """Return the instruction that adds one tree's margin to the rows'.

    It is that of the tree's root, or the value of its only leaf.
    """

    def write(v: Lanes, code: Any, constants: Any, work: Any, vectors: Any, _points: int) -> None:
        raw, root = (_column(v, code, work, o) for o in (at.R_OWN, at.R_KIDS))
        leaf = v.scalar(v.b.add(constants, v.word(code, at.CONSTANTS)), at.LEFT_VALUE)
        with v.each(vectors) as k:
            v.accumulate(leaf if is_leaf else v.load(root, k), raw, k)

    return _instruction(write)


def _gather() -> Any:
    """Return the intrinsic that adds one feature's points to its concept, and marks the lead there.

    `phi` and `concept` are addresses. A concept's state is three columns: the sum of points, the
    lowest gain so far, and the feature that has it.
    """

    def typed(
        _typing: Any, phi: Any, concept: Any, vectors: Any, scale: Any, reference: Any, feature: Any
    ) -> Any:
        def codegen(context: Any, builder: ir.IRBuilder, _signature: Any, args: Any) -> Any:
            v = Lanes(builder)
            phi, concept, vectors = args[:3]
            scale, reference, feature = (v.all_lanes(number) for number in args[3:])
            with v.each(vectors) as k:
                points = v.mul(scale, v.load(phi, k))
                gain = v.whole(v.mul(v.sub(points, reference), v.splat(MILLIONTHS)))
                v.accumulate(points, concept, k)
                lowest = v.at(concept, at.COLUMN)
                leads = v.at(concept, 2 * at.COLUMN)
                # Strictly lower: of equal gains the first feature stays.
                is_lower = v.b.fcmp_ordered("<", gain, v.load(lowest, k))
                v.store(v.select(is_lower, feature, v.load(leads, k)), leads, k)
                v.store(v.select(is_lower, gain, v.load(lowest, k)), lowest, k)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 3, *[types.float64] * 3), codegen

    return intrinsic(typed)


# One intrinsic per kind. The two letters say what the left and the right child are: n a split,
# l a leaf.
gather = _gather()
down = _down(is_again=False)
down_again = _down(is_again=True)
up_nn, up_nl, up_ln, up_ll = (_up(False, a, b) for a in (False, True) for b in (False, True))
again_nn, again_nl, again_ln, again_ll = (
    _up(True, a, b) for a in (False, True) for b in (False, True)
)
bush = _bush()
add_root = _add(is_leaf=False)
add_leaf = _add(is_leaf=True)
pick_nn, pick_nl, pick_ln, pick_ll = (_pick(a, b) for a in (False, True) for b in (False, True))
pick_bush = _pick_bush()
