"""The instructions of a program, each for the vectors of a block in use: down, up, and a whole bush of three splits in registers.

Every instruction takes the addresses of its code row, of the constants and of the workspace, how many vectors of rows there are (one
application alone pays for one of eight), and a tuple as long as there are quadrature points: its type carries their number, so that there
is one compiled version per number (a literal would be typed anew at every call).
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from . import lanes as at
from .lanes import Lanes, Split

MILLION = 1e6  # gains are compared to six decimals
AGREE = at.BLOCK // at.LANES  # bytes of one slot of truth values


def _instruction(write: Any) -> Any:
    """An intrinsic (code, constants, work, vectors, points) that `write(lanes, code, constants, work, vectors, points)` fills."""

    def typed(_typing: Any, code: Any, constants: Any, work: Any, vectors: Any, points: Any) -> Any:  # noqa: ARG001 - numba reads the names
        def codegen(context: Any, builder: ir.IRBuilder, _signature: Any, args: Any) -> Any:
            write(Lanes(builder), *args[:4], points.count)
            return context.get_dummy_value()

        return (
            (types.void(*[types.int64] * 4, points), codegen)
            if isinstance(points, types.UniTuple)
            else None
        )

    return intrinsic(typed)


def _column(v: Lanes, code: Any, work: Any, operand: int) -> Any:
    return v.b.add(work, v.word(code, operand))


def _down(is_again: bool) -> Any:
    def write(v: Lanes, code: Any, constants: Any, work: Any, vectors: Any, points: int) -> None:
        split = Split(v, code, constants, is_again, points)
        x, own, kids, agree_in, agree = (
            _column(v, code, work, o)
            for o in (at.X, at.P_OWN, at.P_KIDS, at.AGREE_IN, at.AGREE_OUT)
        )
        with v.each(vectors) as k:
            left = split.goes_left(v.load(x, k))
            agreed = v.load_bits(agree_in, k) if is_again else None
            right = v.b.not_(left)
            v.store_bits(v.b.and_(left, agreed) if is_again else left, agree, k)
            v.store_bits(v.b.and_(right, agreed) if is_again else right, v.at(agree, AGREE), k)
            for q, f in enumerate(
                split.again(left, agreed)[0] if is_again else split.first(left)[0]
            ):
                whole = v.load(own, k, q)
                part = v.mul(whole, f)
                v.store(part, kids, k, q)
                v.store(v.sub(whole, part), v.at(kids, points * at.COLUMN), k, q)

    return _instruction(write)


def _up(is_again: bool, left_leaf: bool, right_leaf: bool) -> Any:
    def write(v: Lanes, code: Any, constants: Any, work: Any, vectors: Any, points: int) -> None:
        split = Split(v, code, constants, is_again, points)
        x, phi, p, h, h_kids, agree = (
            _column(v, code, work, o)
            for o in (at.X, at.PHI, at.P_OWN, at.H_OWN, at.H_KIDS, at.AGREE_IN)
        )
        leaves = v.scalar(split.own, at.LEFT_VALUE), v.scalar(split.own, at.RIGHT_VALUE)
        with v.each(vectors) as k:
            left = split.goes_left(v.load(x, k))
            f, slope = split.again(left, v.load_bits(agree, k)) if is_again else split.first(left)
            terms = []
            for q in range(points):
                h_left = leaves[0] if left_leaf else v.load(h_kids, k, q)
                h_right = (
                    leaves[1] if right_leaf else v.load(v.at(h_kids, points * at.COLUMN), k, q)
                )
                gap = v.sub(h_left, h_right)
                v.store(v.fma(f[q], gap, h_right), h, k, q)
                terms.append(
                    (v.mul(v.load(p, k, q), slope[q]) if is_again else v.load(p, k, q), gap)
                )
            credit = v.dot(terms)
            v.accumulate(credit if is_again else v.mul(credit, slope), phi, k)
            _blend(v, code, work, k, left, leaves, (left_leaf, right_leaf))

    return _instruction(write)


def _blend(
    v: Lanes,
    code: Any,
    work: Any,
    k: Any,
    left: Any,
    leaves: tuple[Any, Any],
    is_leaf: tuple[bool, bool],
) -> None:
    """The margin of the subtree: its left or its right child's, no arithmetic."""
    r, kids = _column(v, code, work, at.R_OWN), _column(v, code, work, at.R_KIDS)
    one = leaves[0] if is_leaf[0] else v.load(kids, k)
    other = leaves[1] if is_leaf[1] else v.load(v.at(kids, at.COLUMN), k)
    v.store(v.select(left, one, other), r, k)


def _bush_rows(v: Lanes, code: Any) -> list[Any]:
    """The code of the split and of its two leaf pairs, which follow it."""
    return [v.at(code, 4 * at.CODE_WIDTH * n) for n in range(3)]


def _bush() -> Any:
    def write(v: Lanes, code: Any, constants: Any, work: Any, vectors: Any, points: int) -> None:
        rows = _bush_rows(v, code)
        splits = [Split(v, c, constants, False, points) for c in rows]
        xs, phis = ([_column(v, c, work, o) for c in rows] for o in (at.X, at.PHI))
        p, h, r = (_column(v, code, work, o) for o in (at.P_OWN, at.H_OWN, at.R_OWN))
        (a, b), (c, d) = (
            (v.scalar(s.own, at.LEFT_VALUE), v.scalar(s.own, at.RIGHT_VALUE)) for s in splits[1:]
        )
        gap_one, gap_two = v.sub(a, b), v.sub(c, d)
        with v.each(vectors) as k:
            left, left_one, left_two = (
                s.goes_left(v.load(x, k)) for s, x in zip(splits, xs, strict=True)
            )
            (f, slope), (f_one, slope_one), (f_two, slope_two) = (
                s.first(went) for s, went in zip(splits, (left, left_one, left_two), strict=True)
            )
            terms, parts, others = [], [], []
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
    """The margin alone: what `up` does without its credits."""

    def write(v: Lanes, code: Any, constants: Any, work: Any, vectors: Any, points: int) -> None:
        split = Split(v, code, constants, False, points)
        x, leaves = (
            _column(v, code, work, at.X),
            (v.scalar(split.own, at.LEFT_VALUE), v.scalar(split.own, at.RIGHT_VALUE)),
        )
        with v.each(vectors) as k:
            _blend(v, code, work, k, split.goes_left(v.load(x, k)), leaves, (left_leaf, right_leaf))

    return _instruction(write)


def _pick_bush() -> Any:
    def write(v: Lanes, code: Any, constants: Any, work: Any, vectors: Any, points: int) -> None:
        rows = _bush_rows(v, code)
        splits = [Split(v, c, constants, False, points) for c in rows]
        xs, r = [_column(v, c, work, at.X) for c in rows], _column(v, code, work, at.R_OWN)
        (a, b), (c, d) = (
            (v.scalar(s.own, at.LEFT_VALUE), v.scalar(s.own, at.RIGHT_VALUE)) for s in splits[1:]
        )
        with v.each(vectors) as k:
            left, left_one, left_two = (
                s.goes_left(v.load(x, k)) for s, x in zip(splits, xs, strict=True)
            )
            v.store(v.select(left, v.select(left_one, a, b), v.select(left_two, c, d)), r, k)

    return _instruction(write)


def _add(is_leaf: bool) -> Any:
    """One tree's margin added to the rows': that of its root, or the value of its only leaf."""

    def write(v: Lanes, code: Any, constants: Any, work: Any, vectors: Any, _points: int) -> None:
        raw, root = (_column(v, code, work, o) for o in (at.R_OWN, at.R_KIDS))
        leaf = v.scalar(v.b.add(constants, v.word(code, at.CONSTANTS)), at.LEFT_VALUE)
        with v.each(vectors) as k:
            v.accumulate(leaf if is_leaf else v.load(root, k), raw, k)

    return _instruction(write)


def _gather() -> Any:
    """Points of one feature into its concept, and whether it leads there: (phi, concept, constants) are addresses.

    A concept's state is three columns: the sum of points, the lowest gain so far, and the feature that has it.
    """

    def typed(
        _typing: Any, phi: Any, concept: Any, vectors: Any, scale: Any, reference: Any, feature: Any
    ) -> Any:  # noqa: ARG001 - as above
        def codegen(context: Any, builder: ir.IRBuilder, _signature: Any, args: Any) -> Any:
            v = Lanes(builder)
            phi, concept, vectors = args[:3]
            scale, reference, feature = (v.all_lanes(one) for one in args[3:])
            with v.each(vectors) as k:
                points = v.mul(scale, v.load(phi, k))
                gain = v.whole(v.mul(v.sub(points, reference), v.splat(MILLION)))
                v.accumulate(points, concept, k)
                lowest, leads = v.at(concept, at.COLUMN), v.at(concept, 2 * at.COLUMN)
                is_lower = v.b.fcmp_ordered("<", gain, v.load(lowest, k))
                v.store(v.select(is_lower, feature, v.load(leads, k)), leads, k)
                v.store(v.select(is_lower, gain, v.load(lowest, k)), lowest, k)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 3, *[types.float64] * 3), codegen

    return intrinsic(typed)


gather = _gather()
down, down_again = _down(False), _down(True)
up_nn, up_nl, up_ln, up_ll = (_up(False, a, b) for a in (False, True) for b in (False, True))
again_nn, again_nl, again_ln, again_ll = (
    _up(True, a, b) for a in (False, True) for b in (False, True)
)
bush = _bush()
add_root, add_leaf = _add(False), _add(True)
pick_nn, pick_nl, pick_ln, pick_ll = (_pick(a, b) for a in (False, True) for b in (False, True))
pick_bush = _pick_bush()
