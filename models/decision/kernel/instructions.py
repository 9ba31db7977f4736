"""The instructions of a program, each for 64 rows: down, up, and a whole bush of three splits in registers.

Every instruction takes the addresses of its code row, its constants row and the workspace, and the number of
quadrature points as a literal (one compiled version per number).
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from . import layout as at
from .lanes import UNROLLED, Lanes, Split

AGREE = at.BLOCK // at.LANES  # bytes of one slot of truth values


def _instruction(write: Any) -> Any:
    """An intrinsic (code, constants, work, points) that `write(lanes, code, constants, work, points)` fills."""

    def typed(_typing: Any, code: Any, constants: Any, work: Any, points: Any) -> Any:  # noqa: ARG001 - numba reads the names
        def codegen(context: Any, builder: ir.IRBuilder, _signature: Any, args: Any) -> Any:
            write(Lanes(builder), *args[:3], points.literal_value)
            return context.get_dummy_value()

        return (types.void(types.int64, types.int64, types.int64, points), codegen) if isinstance(points, types.IntegerLiteral) else None

    return intrinsic(typed)


def _column(v: Lanes, code: Any, work: Any, operand: int) -> Any:
    return v.b.add(work, v.word(code, operand))


def _down(is_again: bool) -> Any:
    def write(v: Lanes, code: Any, constants: Any, work: Any, points: int) -> None:
        split = Split(v, code, constants, is_again)
        x, own, kids, agree_in, agree = (_column(v, code, work, o) for o in (at.X, at.P_OWN, at.P_KIDS, at.AGREE_IN, at.AGREE_OUT))
        for k in UNROLLED:
            left = split.goes_left(v.load(x, k))
            agreed = v.load_bits(agree_in, k) if is_again else None
            right = v.b.not_(left)
            v.store_bits(v.b.and_(left, agreed) if is_again else left, agree, k)
            v.store_bits(v.b.and_(right, agreed) if is_again else right, v.at(agree, AGREE), k)
            for q in range(points):
                whole = v.load(own, k, q)
                part = v.mul(whole, split.weight(left, agreed, q))
                v.store(part, kids, k, q)
                v.store(v.sub(whole, part), v.at(kids, points * at.COLUMN), k, q)

    return _instruction(write)


def _up(is_again: bool, left_leaf: bool, right_leaf: bool) -> Any:
    def write(v: Lanes, code: Any, constants: Any, work: Any, points: int) -> None:
        split = Split(v, code, constants, is_again)
        x, phi, p, h, h_kids, r, r_kids, agree = (
            _column(v, code, work, o) for o in (at.X, at.PHI, at.P_OWN, at.H_OWN, at.H_KIDS, at.R_OWN, at.R_KIDS, at.AGREE_IN)
        )
        leaves = v.scalar(constants, at.LEFT_VALUE), v.scalar(constants, at.RIGHT_VALUE)
        for k in UNROLLED:
            left = split.goes_left(v.load(x, k))
            agreed = v.load_bits(agree, k) if is_again else None
            terms = []
            for q in range(points):
                h_left = leaves[0] if left_leaf else v.load(h_kids, k, q)
                h_right = leaves[1] if right_leaf else v.load(v.at(h_kids, points * at.COLUMN), k, q)
                gap = v.sub(h_left, h_right)
                v.store(v.add(h_right, v.mul(split.weight(left, agreed, q), gap)), h, k, q)
                term = v.mul(v.load(p, k, q), gap)
                terms.append(v.mul(term, split.slope(left, agreed, q)) if is_again else term)
            credit = _sum(v, terms)
            v.accumulate(credit if is_again else v.mul(credit, split.slope(left, agreed, 0)), phi, k)
            r_left = leaves[0] if left_leaf else v.load(r_kids, k)
            r_right = leaves[1] if right_leaf else v.load(v.at(r_kids, at.COLUMN), k)
            v.store(v.select(left, r_left, r_right), r, k)

    return _instruction(write)


def _bush_rows(v: Lanes, code: Any, constants: Any, points: int) -> list[tuple[Any, Any]]:
    """(code, constants) of the split and of its two leaf pairs, which follow it."""
    width = 8 * (at.WEIGHTS + 4 * points)
    return [(v.at(code, 8 * at.CODE_WIDTH * n), v.at(constants, width * n)) for n in range(3)]


def _bush() -> Any:
    def write(v: Lanes, code: Any, constants: Any, work: Any, points: int) -> None:
        rows = _bush_rows(v, code, constants, points)
        top, one, two = (Split(v, c, f, False) for c, f in rows)
        xs, phis = ([_column(v, c, work, o) for c, _ in rows] for o in (at.X, at.PHI))
        p, h, r = (_column(v, code, work, o) for o in (at.P_OWN, at.H_OWN, at.R_OWN))
        (a, b), (c, d) = ((v.scalar(f, at.LEFT_VALUE), v.scalar(f, at.RIGHT_VALUE)) for _, f in rows[1:])
        gap_one, gap_two = v.sub(a, b), v.sub(c, d)
        for k in UNROLLED:
            left, left_one, left_two = (s.goes_left(v.load(x, k)) for s, x in zip((top, one, two), xs, strict=True))
            terms: list[list[Any]] = [[], [], []]
            for q in range(points):
                whole = v.load(p, k, q)
                f = top.weight(left, None, q)
                part = v.mul(whole, f)
                h_left = v.add(b, v.mul(one.weight(left_one, None, q), gap_one))
                h_right = v.add(d, v.mul(two.weight(left_two, None, q), gap_two))
                gap = v.sub(h_left, h_right)
                v.store(v.add(h_right, v.mul(f, gap)), h, k, q)
                for sums, term in zip(terms, (v.mul(whole, gap), part, v.sub(whole, part)), strict=True):
                    sums.append(term)
            credits = [_sum(v, t) for t in terms]
            v.accumulate(v.mul(credits[0], top.slope(left, None, 0)), phis[0], k)
            v.accumulate(v.mul(v.mul(credits[1], one.slope(left_one, None, 0)), gap_one), phis[1], k)
            v.accumulate(v.mul(v.mul(credits[2], two.slope(left_two, None, 0)), gap_two), phis[2], k)
            v.store(v.select(left, v.select(left_one, a, b), v.select(left_two, c, d)), r, k)

    return _instruction(write)


def _sum(v: Lanes, terms: list[Any]) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = v.add(total, term)
    return total


down, down_again = _down(False), _down(True)
up_nn, up_nl, up_ln, up_ll = (_up(False, a, b) for a in (False, True) for b in (False, True))
again_nn, again_nl, again_ln, again_ll = (_up(True, a, b) for a in (False, True) for b in (False, True))
bush = _bush()
