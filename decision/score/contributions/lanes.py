"""Vector IR with names, so that an instruction reads like its formula.

Plain numba loops do not vectorise here (wrap-around indices, alias checks), so instructions are written for LLVM's own
vector type: eight float64 at a time. No fast-math and no contraction: a row gives the same bits alone or in a block. Where a product
and a sum are rounded once, the instruction says so (`fma`), on every machine alike; the margin is sums and choices only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils

# Where a block's operands lie: byte offsets into one workspace, and the operands of an instruction by name.

BLOCK = 64  # rows a block; x and phi of 200 features stay in the L2 cache
COLUMN = 8 * BLOCK  # bytes of one float64 column of a block
LANES = 8  # rows a vector: one AVX-512 register
LINE = 64  # bytes of a cache line: a vector that crosses one costs twice

(
    OP,
    X,
    PHI,
    P_OWN,
    P_KIDS,
    H_OWN,
    H_KIDS,
    R_OWN,
    R_KIDS,
    AGREE_IN,
    AGREE_OUT,
    NAN_LEFT,
    CONSTANTS,
) = range(13)
CODE_WIDTH = 13  # int32 each: the program of a big forest is read from the L3 cache once a block, so it is kept small
THRESHOLD, LEFT_VALUE, RIGHT_VALUE, FRACTION, WEIGHTS = range(
    5
)  # WEIGHTS, of a repeated feature only: f1, f0, g1, g0 per point


@dataclass(frozen=True)
class Layout:
    """Offsets of a workspace for `features` columns, trees of `depth` levels of splits, `points` quadrature points.

    x and phi hold one column per feature; p, h, r and agree hold two slots (left, right) per level. Slot (0, 0) is the root.
    """

    features: int
    depth: int
    points: int

    @property
    def slots(self) -> int:
        return 2 * (self.depth + 1)

    def x(self, feature: int) -> int:
        return feature * COLUMN

    def phi(self, feature: int) -> int:
        return (self.features + feature) * COLUMN

    @property
    def raw(self) -> int:
        return 2 * self.features * COLUMN

    def r(self, depth: int, side: int) -> int:
        return self.raw + (1 + 2 * depth + side) * COLUMN

    def p(self, depth: int, side: int) -> int:
        return self.r(self.depth + 1, 0) + (2 * depth + side) * self.points * COLUMN

    def h(self, depth: int, side: int) -> int:
        return self.p(self.depth + 1, 0) + (2 * depth + side) * self.points * COLUMN

    def agree(self, depth: int, side: int) -> int:
        return self.h(self.depth + 1, 0) + (2 * depth + side) * BLOCK // LANES

    @property
    def size(self) -> int:
        """Bytes, a multiple of a cache line."""
        return -(-self.agree(self.depth + 1, 0) // LINE) * LINE


WORD, HALF, BYTE, BIT, DOUBLE = (
    ir.IntType(64),
    ir.IntType(32),
    ir.IntType(8),
    ir.IntType(1),
    ir.DoubleType(),
)
VECTOR, BITS = ir.VectorType(DOUBLE, LANES), ir.VectorType(BIT, LANES)
FMA = f"llvm.fma.v{LANES}f64"


def quadrature(points: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre times and weights on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    return (nodes + 1.0) / 2.0, weights / 2.0


class Lanes:
    """Loads, stores and arithmetic over one vector of a block; addresses are 64-bit integers."""

    def __init__(self, builder: ir.IRBuilder) -> None:
        self.b = builder
        self.add, self.sub, self.mul, self.select = (
            builder.fadd,
            builder.fsub,
            builder.fmul,
            builder.select,
        )

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """a b + c, rounded once: the same bits on every machine."""
        fused = self.b.module.globals.get(FMA) or ir.Function(
            self.b.module, ir.FunctionType(VECTOR, [VECTOR] * 3), FMA
        )
        return self.b.call(fused, (a, b, c))

    def whole(self, a: Any) -> Any:
        """The nearest whole number, ties to even, of |a| < 2**51: a float64 of this size has no room for a fraction."""
        return self.sub(self.add(a, self.splat(1.5 * 2.0**52)), self.splat(1.5 * 2.0**52))

    def dot(self, pairs: list[tuple[Any, Any]]) -> Any:
        """Sum of products, first to last."""
        total = self.mul(*pairs[0])
        for one, other in pairs[1:]:
            total = self.fma(one, other, total)
        return total

    def sum(self, terms: list[Any]) -> Any:
        """Sum, first to last."""
        total = terms[0]
        for term in terms[1:]:
            total = self.add(total, term)
        return total

    def at(self, address: Any, offset: int) -> Any:
        """address + offset bytes."""
        return self.b.add(address, ir.Constant(WORD, offset))

    @contextmanager
    def each(self, vectors: Any) -> Iterator[Any]:
        """A loop over the first `vectors` of a block: what is written inside runs once per vector k."""
        with cgutils.for_range(self.b, vectors) as loop:
            yield loop.index

    def word(self, address: Any, index: int) -> Any:
        """The 32-bit integer at `index`, widened."""
        return self.b.sext(self.b.load(self._pointer(address, 4 * index, HALF), align=4), WORD)

    def load(self, column: Any, k: Any, point: int = 0) -> Any:
        """Vector k of a column (of quadrature point `point`)."""
        return self.b.load(self._vector(column, k, point), align=LINE)

    def store(self, value: Any, column: Any, k: Any, point: int = 0) -> None:
        """Write vector k of a column."""
        self.b.store(value, self._vector(column, k, point), align=LINE)

    def accumulate(self, value: Any, column: Any, k: Any) -> None:
        """column += value."""
        self.store(self.add(self.load(column, k), value), column, k)

    def load_bits(self, address: Any, k: Any) -> Any:
        """Eight truth values from one byte."""
        return self.b.bitcast(
            self.b.load(self._pointer(self.b.add(address, k), 0, BYTE), align=1), BITS
        )

    def store_bits(self, bits: Any, address: Any, k: Any) -> None:
        """Eight truth values into one byte."""
        self.b.store(
            self.b.bitcast(bits, BYTE), self._pointer(self.b.add(address, k), 0, BYTE), align=1
        )

    def scalar(self, constants: Any, index: int) -> Any:
        """The float64 at `index`, in all lanes."""
        return self.all_lanes(self.b.load(self._pointer(constants, 8 * index, DOUBLE), align=8))

    def all_lanes(self, value: Any) -> Any:
        """One float64 in all lanes."""
        one = self.b.insert_element(
            ir.Constant(VECTOR, ir.Undefined), value, ir.Constant(ir.IntType(32), 0)
        )
        return self.b.shuffle_vector(
            one,
            ir.Constant(VECTOR, ir.Undefined),
            ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES),
        )

    def splat(self, value: float) -> Any:
        """A number known beforehand, in all lanes."""
        return ir.Constant(VECTOR, [value] * LANES)

    def _vector(self, column: Any, k: Any, point: int) -> Any:
        return self._pointer(
            self.b.add(column, self.b.mul(k, ir.Constant(WORD, 8 * LANES))), point * COLUMN, VECTOR
        )

    def _pointer(self, address: Any, offset: int, kind: ir.Type) -> Any:
        return self.b.inttoptr(self.at(address, offset), kind.as_pointer())


class Split:
    """One split's constants in registers, and its weights for one vector of rows.

    f at a quadrature point t is the left child's weight, g what f changes by with t. Of a feature's first split on a path both follow
    from the fraction; of a later one they are read from the constants (`program` has the formulae).
    """

    def __init__(self, v: Lanes, code: Any, constants: Any, is_again: bool, points: int) -> None:
        self.v, self.is_again = v, is_again
        self.own = v.b.add(constants, v.word(code, CONSTANTS))
        self.threshold, self.fraction = v.scalar(self.own, THRESHOLD), v.scalar(self.own, FRACTION)
        nan_left = v.b.trunc(v.word(code, NAN_LEFT), BIT)
        self.nan_left = v.b.bitcast(v.b.sext(nan_left, BYTE), BITS)
        self.slopes = v.sub(v.splat(1.0), self.fraction), v.sub(v.splat(0.0), self.fraction)
        self.times = [v.splat(float(t)) for t in quadrature(points)[0]]
        self.weights = (
            [[v.scalar(self.own, WEIGHTS + 4 * q + w) for w in range(4)] for q in range(points)]
            if is_again
            else []
        )

    def goes_left(self, x: Any) -> Any:
        """x <= threshold; NaN goes the default way. By masks: that way changes from split to split, so branches are guessed wrong."""
        b = self.v.b
        return b.or_(
            b.fcmp_ordered("<=", x, self.threshold),
            b.and_(self.nan_left, b.fcmp_unordered("uno", x, x)),
        )

    def first(self, left: Any) -> tuple[list[Any], Any]:
        """(f per point, g) of a feature's first split on the path."""
        slope = self.v.select(left, *self.slopes)
        return [self.v.fma(t, slope, self.fraction) for t in self.times], slope

    def again(self, left: Any, agreed: Any) -> tuple[list[Any], list[Any]]:
        """(f, g) per point of a later split, where the rows of `agreed` met every earlier one."""
        v, none = self.v, self.v.splat(0.0)
        f = [
            v.select(agreed, v.select(left, f1, f0), self.fraction) for f1, f0, _, _ in self.weights
        ]
        g = [v.select(agreed, v.select(left, g1, g0), none) for _, _, g1, g0 in self.weights]
        return f, g
