"""LLVM vector instructions with names, so that an instruction reads like its formula.

Plain numba loops do not vectorise here (wrap-around indices, alias checks), so instructions are
written for LLVM's own vector type: eight float64 at a time. There is no fast-math and no
contraction: a row gives the same bits alone or in a block. Where a product and a sum are rounded
once, the instruction says so (`fma`), on every machine alike. The margin consists of sums and
choices only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils

# Where a block's operands lie: byte offsets into one workspace, and the names of an instruction's
# operands.

BLOCK = 64  # rows a block; x and phi of 200 features stay in the L2 cache
DOUBLE_BYTES = 8  # of a float64
INT32_BYTES = 4
COLUMN = DOUBLE_BYTES * BLOCK  # bytes of one float64 column of a block
LANES = 8  # rows a vector: one AVX-512 register
LINE = 64  # bytes of a cache line: a vector that crosses one costs twice

# Operands of an instruction, by their position in its code row. OWN is the split itself, KIDS the
# first of its two children.
OP = 0
X = 1
PHI = 2
P_OWN = 3
P_KIDS = 4
H_OWN = 5
H_KIDS = 6
R_OWN = 7
R_KIDS = 8
AGREE_IN = 9
AGREE_OUT = 10
NAN_LEFT = 11
CONSTANTS = 12
# int32 each. The program of a big forest is read from the L3 cache once a block, so it is small.
CODE_WIDTH = 13
# Constants of an instruction, by their position.
THRESHOLD = 0
LEFT_VALUE = 1
RIGHT_VALUE = 2
FRACTION = 3
WEIGHTS = 4  # of a repeated feature only: f1, f0, g1, g0 per point
WEIGHTS_PER_POINT = 4


@dataclass(frozen=True)
class WorkLayout:
    """Byte offsets into a workspace.

    It serves `features` columns, trees of `depth` levels of splits and `points` quadrature points.
    x and phi hold one column per feature; p, h, r and agree hold two slots (left, right) per level.
    Slot (0, 0) is the root. The parts follow each other: x, phi, raw, r, p, h, agree.
    """

    features: int
    depth: int
    points: int

    @property
    def slots(self) -> int:
        """Slots of p, h, r and agree: two per level, the root's included."""
        return 2 * (self.depth + 1)

    def x(self, feature: int) -> int:
        """Return where the values of a feature lie."""
        return feature * COLUMN

    def phi(self, feature: int) -> int:
        """Return where the contributions of a feature lie."""
        return (self.features + feature) * COLUMN

    @property
    def raw(self) -> int:
        """Where the margins lie."""
        return 2 * self.features * COLUMN

    def r(self, depth: int, side: int) -> int:
        """Return where the margin of a subtree lies."""
        return self.raw + (1 + 2 * depth + side) * COLUMN

    def p(self, depth: int, side: int) -> int:
        """Return where the weight of a path lies, one column per quadrature point."""
        return self.r(self.depth + 1, 0) + (2 * depth + side) * self.points * COLUMN

    def h(self, depth: int, side: int) -> int:
        """Return where the value of a subtree lies, one column per quadrature point."""
        return self.p(self.depth + 1, 0) + (2 * depth + side) * self.points * COLUMN

    def agree(self, depth: int, side: int) -> int:
        """Return where the bits lie that say whether a row went this way, one byte per vector."""
        return self.h(self.depth + 1, 0) + (2 * depth + side) * BLOCK // LANES

    @property
    def size(self) -> int:
        """Bytes, a multiple of a cache line."""
        return -(-self.agree(self.depth + 1, 0) // LINE) * LINE


INT64 = ir.IntType(64)
INT32 = ir.IntType(32)
BYTE = ir.IntType(8)
BIT = ir.IntType(1)
DOUBLE = ir.DoubleType()
VECTOR = ir.VectorType(DOUBLE, LANES)
BITS = ir.VectorType(BIT, LANES)
# Adding and subtracting this number rounds a float64 to a whole number: at this size it has no room
# for a fraction.
ROUNDING_SHIFT = 1.5 * 2.0**52
FMA = f"llvm.fma.v{LANES}f64"


def quadrature(points: int) -> tuple[np.ndarray, np.ndarray]:
    """Return Gauss-Legendre times and weights on [0, 1].

    >>> [part.tolist() for part in quadrature(1)]
    [[0.5], [1.0]]
    """
    # numpy's are for [-1, 1].
    nodes, weights = np.polynomial.legendre.leggauss(points)
    return (nodes + 1.0) / 2.0, weights / 2.0


class Lanes:
    """Loads, stores and arithmetic over one vector of a block; addresses are 64-bit integers."""

    def __init__(self, builder: ir.IRBuilder) -> None:
        self.b = builder
        self.add = builder.fadd
        self.sub = builder.fsub
        self.mul = builder.fmul
        self.select = builder.select

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """Return a b + c, rounded once: the same bits on every machine."""
        fused = self.b.module.globals.get(FMA)
        if fused is None:
            fused = ir.Function(self.b.module, ir.FunctionType(VECTOR, [VECTOR] * 3), FMA)
        return self.b.call(fused, (a, b, c))

    def whole(self, a: Any) -> Any:
        """Return the nearest whole number, ties to even, of |a| < 2**51."""
        shift = self.splat(ROUNDING_SHIFT)
        return self.sub(self.add(a, shift), shift)

    def dot(self, pairs: list[tuple[Any, Any]]) -> Any:
        """Return the sum of products, added first to last."""
        total = self.mul(*pairs[0])
        for one, other in pairs[1:]:
            total = self.fma(one, other, total)
        return total

    def sum(self, terms: list[Any]) -> Any:
        """Return the sum, added first to last."""
        total = terms[0]
        for term in terms[1:]:
            total = self.add(total, term)
        return total

    def at(self, address: Any, offset: int) -> Any:
        """Return address + offset bytes."""
        return self.b.add(address, ir.Constant(INT64, offset))

    @contextmanager
    def each(self, vectors: Any) -> Iterator[Any]:
        """Write a loop over the first `vectors` of a block.

        The instructions that are written inside it run once per vector k.
        """
        with cgutils.for_range(self.b, vectors) as loop:
            yield loop.index

    def word(self, address: Any, index: int) -> Any:
        """Return the 32-bit integer at `index`, widened to 64 bits."""
        pointer = self._pointer(address, INT32_BYTES * index, INT32)
        return self.b.sext(self.b.load(pointer, align=INT32_BYTES), INT64)

    def load(self, column: Any, k: Any, point: int = 0) -> Any:
        """Return vector k of a column (of quadrature point `point`)."""
        return self.b.load(self._vector(column, k, point), align=LINE)

    def store(self, value: Any, column: Any, k: Any, point: int = 0) -> None:
        """Write vector k of a column."""
        self.b.store(value, self._vector(column, k, point), align=LINE)

    def accumulate(self, value: Any, column: Any, k: Any) -> None:
        """Add a value to vector k of a column."""
        self.store(self.add(self.load(column, k), value), column, k)

    def load_bits(self, address: Any, k: Any) -> Any:
        """Return eight truth values, which lie in one byte."""
        pointer = self._pointer(self.b.add(address, k), 0, BYTE)
        return self.b.bitcast(self.b.load(pointer, align=1), BITS)

    def store_bits(self, bits: Any, address: Any, k: Any) -> None:
        """Write eight truth values into one byte."""
        byte = self.b.bitcast(bits, BYTE)
        self.b.store(byte, self._pointer(self.b.add(address, k), 0, BYTE), align=1)

    def scalar(self, constants: Any, index: int) -> Any:
        """Return the float64 at `index`, in all lanes."""
        pointer = self._pointer(constants, DOUBLE_BYTES * index, DOUBLE)
        return self.all_lanes(self.b.load(pointer, align=DOUBLE_BYTES))

    def all_lanes(self, value: Any) -> Any:
        """Return one float64 in all lanes."""
        undefined = ir.Constant(VECTOR, ir.Undefined)
        first = self.b.insert_element(undefined, value, ir.Constant(INT32, 0))
        # Every lane takes element 0.
        elements = ir.Constant(ir.VectorType(INT32, LANES), [0] * LANES)
        return self.b.shuffle_vector(first, undefined, elements)

    def splat(self, value: float) -> Any:
        """Return a number known beforehand, in all lanes."""
        return ir.Constant(VECTOR, [value] * LANES)

    def _vector(self, column: Any, k: Any, point: int) -> Any:
        offset = self.b.mul(k, ir.Constant(INT64, DOUBLE_BYTES * LANES))
        return self._pointer(self.b.add(column, offset), point * COLUMN, VECTOR)

    def _pointer(self, address: Any, offset: int, kind: ir.Type) -> Any:
        return self.b.inttoptr(self.at(address, offset), kind.as_pointer())


class Split:
    """One split's constants in registers, and its weights for one vector of rows.

    f at a quadrature point t is the left child's weight, g what f changes by with t. Of a feature's
    first split on a path both follow from the fraction; of a later one they are read from the
    constants (`program` has the formulas).
    """

    def __init__(self, v: Lanes, code: Any, constants: Any, is_again: bool, points: int) -> None:
        self.v = v
        self.is_again = is_again
        self.own = v.b.add(constants, v.word(code, CONSTANTS))
        self.threshold = v.scalar(self.own, THRESHOLD)
        self.fraction = v.scalar(self.own, FRACTION)
        nan_left = v.b.trunc(v.word(code, NAN_LEFT), BIT)
        # One bit to eight equal ones.
        self.nan_left = v.b.bitcast(v.b.sext(nan_left, BYTE), BITS)
        # g = b - z for b = 1 and b = 0.
        self.slopes = (v.sub(v.splat(1.0), self.fraction), v.sub(v.splat(0.0), self.fraction))
        self.times = [v.splat(float(t)) for t in quadrature(points)[0]]
        self.weights = [self._weights_at(q) for q in range(points)] if is_again else []

    def _weights_at(self, point: int) -> list[Any]:
        """Return f1, f0, g1, g0 of a quadrature point."""
        first = WEIGHTS + WEIGHTS_PER_POINT * point
        return [self.v.scalar(self.own, first + w) for w in range(WEIGHTS_PER_POINT)]

    def goes_left(self, x: Any) -> Any:
        """Return x <= threshold; NaN goes the default way.

        By masks: that way changes from split to split, so a processor would guess branches wrong.
        """
        b = self.v.b
        is_below = b.fcmp_ordered("<=", x, self.threshold)
        return b.or_(is_below, b.and_(self.nan_left, b.fcmp_unordered("uno", x, x)))

    def first(self, left: Any) -> tuple[list[Any], Any]:
        """Return (f per point, g) of a feature's first split on the path."""
        slope = self.v.select(left, *self.slopes)
        return [self.v.fma(t, slope, self.fraction) for t in self.times], slope

    def again(self, left: Any, agreed: Any) -> tuple[list[Any], list[Any]]:
        """Return (f, g) per point of a later split; the rows of `agreed` met every earlier one."""
        v = self.v
        zero = v.splat(0.0)
        f = []
        g = []
        for f1, f0, _, _ in self.weights:
            f.append(v.select(agreed, v.select(left, f1, f0), self.fraction))
        for _, _, g1, g0 in self.weights:
            g.append(v.select(agreed, v.select(left, g1, g0), zero))
        return f, g
