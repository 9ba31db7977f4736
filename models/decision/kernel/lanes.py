"""Vector IR with names, so that an instruction reads like its formula.

Plain numba loops do not vectorise here (wrap-around indices, alias checks), so instructions are written for LLVM's own
vector type: eight float64 at a time. No fast-math and no contraction: a row gives the same bits alone or in a block.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from .layout import BLOCK, COLUMN, FRACTION, LANES, NAN_LEFT, THRESHOLD, WEIGHTS

WORD, BYTE, BIT, DOUBLE = ir.IntType(64), ir.IntType(8), ir.IntType(1), ir.DoubleType()
VECTOR, BITS = ir.VectorType(DOUBLE, LANES), ir.VectorType(BIT, LANES)
UNROLLED = range(BLOCK // LANES)


class Lanes:
    """Loads, stores and arithmetic over one vector of a block; addresses are 64-bit integers."""

    def __init__(self, builder: ir.IRBuilder) -> None:
        self.b = builder
        self.add, self.sub, self.mul, self.select = builder.fadd, builder.fsub, builder.fmul, builder.select

    def at(self, address: Any, offset: int) -> Any:
        """address + offset bytes."""
        return self.b.add(address, ir.Constant(WORD, offset))

    def word(self, address: Any, index: int) -> Any:
        """The 64-bit integer at `index`."""
        return self.b.load(self.b.inttoptr(self.at(address, 8 * index), WORD.as_pointer()), align=8)

    def load(self, column: Any, k: int, point: int = 0) -> Any:
        """Vector k of a column (of quadrature point `point`)."""
        return self.b.load(self._pointer(column, point * COLUMN + 8 * LANES * k, VECTOR), align=8)

    def store(self, value: Any, column: Any, k: int, point: int = 0) -> None:
        """Write vector k of a column."""
        self.b.store(value, self._pointer(column, point * COLUMN + 8 * LANES * k, VECTOR), align=8)

    def accumulate(self, value: Any, column: Any, k: int) -> None:
        """column += value."""
        self.store(self.add(self.load(column, k), value), column, k)

    def load_bits(self, address: Any, k: int) -> Any:
        """Eight truth values from one byte."""
        return self.b.bitcast(self.b.load(self._pointer(address, k, BYTE), align=1), BITS)

    def store_bits(self, bits: Any, address: Any, k: int) -> None:
        """Eight truth values into one byte."""
        self.b.store(self.b.bitcast(bits, BYTE), self._pointer(address, k, BYTE), align=1)

    def scalar(self, constants: Any, index: int) -> Any:
        """The float64 at `index`, in all lanes."""
        value = self.b.load(self._pointer(constants, 8 * index, DOUBLE), align=8)
        one = self.b.insert_element(ir.Constant(VECTOR, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
        return self.b.shuffle_vector(one, ir.Constant(VECTOR, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))

    def _pointer(self, address: Any, offset: int, kind: ir.Type) -> Any:
        return self.b.inttoptr(self.at(address, offset), kind.as_pointer())


class Split:
    """One split's constants in registers, and its weights for one vector of rows."""

    def __init__(self, v: Lanes, code: Any, constants: Any, is_again: bool) -> None:
        self.v, self.constants, self.is_again = v, constants, is_again
        self.threshold, self.fraction = v.scalar(constants, THRESHOLD), v.scalar(constants, FRACTION)
        self.nan_left = v.b.trunc(v.word(code, NAN_LEFT), BIT)

    def goes_left(self, x: Any) -> Any:
        """x <= threshold; NaN goes the default way."""
        b = self.v.b
        return b.select(self.nan_left, b.fcmp_unordered("<=", x, self.threshold), b.fcmp_ordered("<=", x, self.threshold))

    def weight(self, left: Any, agreed: Any, point: int) -> Any:
        """f at a quadrature point."""
        f = self._either(left, point, 0)
        return self.v.select(agreed, f, self.fraction) if self.is_again else f

    def slope(self, left: Any, agreed: Any, point: int) -> Any:
        """g at a quadrature point; the same at every point for a first split."""
        g = self._either(left, point, 2)
        return self.v.select(agreed, g, ir.Constant(VECTOR, [0.0] * LANES)) if self.is_again else g

    def _either(self, left: Any, point: int, which: int) -> Any:
        at = WEIGHTS + 4 * point + which
        return self.v.select(left, self.v.scalar(self.constants, at), self.v.scalar(self.constants, at + 1))
