"""Vector IR with names, so that an instruction reads like its formula.

Plain numba loops do not vectorise here (wrap-around indices, alias checks), so instructions are written for LLVM's own
vector type: eight float64 at a time. No fast-math and no contraction: a row gives the same bits alone or in a block. Where a product
and a sum are rounded once, the instruction says so (`fma`), on every machine alike; the margin is sums and choices only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils

from .layout import COLUMN, CONSTANTS, FRACTION, LANES, LINE, NAN_LEFT, THRESHOLD, WEIGHTS

WORD, HALF, BYTE, BIT, DOUBLE = ir.IntType(64), ir.IntType(32), ir.IntType(8), ir.IntType(1), ir.DoubleType()
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
        self.add, self.sub, self.mul, self.select = builder.fadd, builder.fsub, builder.fmul, builder.select

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """a b + c, rounded once: the same bits on every machine."""
        fused = self.b.module.globals.get(FMA) or ir.Function(self.b.module, ir.FunctionType(VECTOR, [VECTOR] * 3), FMA)
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
        return self.b.bitcast(self.b.load(self._pointer(self.b.add(address, k), 0, BYTE), align=1), BITS)

    def store_bits(self, bits: Any, address: Any, k: Any) -> None:
        """Eight truth values into one byte."""
        self.b.store(self.b.bitcast(bits, BYTE), self._pointer(self.b.add(address, k), 0, BYTE), align=1)

    def scalar(self, constants: Any, index: int) -> Any:
        """The float64 at `index`, in all lanes."""
        return self.all_lanes(self.b.load(self._pointer(constants, 8 * index, DOUBLE), align=8))

    def all_lanes(self, value: Any) -> Any:
        """One float64 in all lanes."""
        one = self.b.insert_element(ir.Constant(VECTOR, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
        return self.b.shuffle_vector(one, ir.Constant(VECTOR, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))

    def splat(self, value: float) -> Any:
        """A number known beforehand, in all lanes."""
        return ir.Constant(VECTOR, [value] * LANES)

    def _vector(self, column: Any, k: Any, point: int) -> Any:
        return self._pointer(self.b.add(column, self.b.mul(k, ir.Constant(WORD, 8 * LANES))), point * COLUMN, VECTOR)

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
        self.weights = [[v.scalar(self.own, WEIGHTS + 4 * q + w) for w in range(4)] for q in range(points)] if is_again else []

    def goes_left(self, x: Any) -> Any:
        """x <= threshold; NaN goes the default way. By masks: that way changes from split to split, so branches are guessed wrong."""
        b = self.v.b
        return b.or_(b.fcmp_ordered("<=", x, self.threshold), b.and_(self.nan_left, b.fcmp_unordered("uno", x, x)))

    def first(self, left: Any) -> tuple[list[Any], Any]:
        """(f per point, g) of a feature's first split on the path."""
        slope = self.v.select(left, *self.slopes)
        return [self.v.fma(t, slope, self.fraction) for t in self.times], slope

    def again(self, left: Any, agreed: Any) -> tuple[list[Any], list[Any]]:
        """(f, g) per point of a later split, where the rows of `agreed` met every earlier one."""
        v, none = self.v, self.v.splat(0.0)
        f = [v.select(agreed, v.select(left, f1, f0), self.fraction) for f1, f0, _, _ in self.weights]
        g = [v.select(agreed, v.select(left, g1, g0), none) for _, _, g1, g0 in self.weights]
        return f, g
