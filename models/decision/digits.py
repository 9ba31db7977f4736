"""Numbers as texts, a column at a time: what Python's own format gives, digit by digit in whole numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

FEW = 32  # values that Python formats sooner
LARGEST = 1e11  # in units of the last decimal; above it a product by 100 is not near enough to the exact one
HALF_AWAY = 1e-4  # a number nearer to the middle between two texts is left to Python, which rounds the exact value
ZERO, MINUS, POINT, COMMA = (ord(sign) for sign in "0-.,")
Cells = tuple[np.ndarray | int, np.ndarray]  # a character per number, and where it is shown


@dataclass(frozen=True)
class Style:
    """`decimals` are shown; `is_grouped` sets a comma every three digits, `is_bare` leaves out those of a whole number, and -0."""

    decimals: int
    is_grouped: bool = True
    is_bare: bool = False

    def one(self, value: float) -> str:
        """One number by Python's format."""
        comma = "," if self.is_grouped else ""
        if not self.is_bare:
            return f"{value:{comma}.{self.decimals}f}"
        rounded = round(value, self.decimals) + 0.0  # no -0
        return f"{rounded:{comma}.{0 if rounded.is_integer() else self.decimals}f}"

    def many(self, values: np.ndarray) -> pa.Array:
        """The same for a column of finite numbers."""
        if len(values) < FEW:
            return pa.array([self.one(value) for value in values.tolist()], pa.string())
        scaled = np.minimum(np.abs(values), LARGEST) * 10.0**self.decimals
        is_sure = (scaled < LARGEST) & (np.abs(scaled - np.floor(scaled) - 0.5) > HALF_AWAY)
        found = self._written(np.rint(np.where(is_sure, scaled, 0.0)).astype(np.int64), np.signbit(values))
        if is_sure.all():
            return found
        left = pa.array([self.one(value) for value in values[~is_sure].tolist()], pa.string())
        return pc.replace_with_mask(found, pa.array(~is_sure), left)

    def _written(self, units: np.ndarray, is_negative: np.ndarray) -> pa.Array:
        """Texts of |number| in units of the last decimal."""
        cells = list(self._cells(units, is_negative))[::-1]
        shown = np.stack([mask for _, mask in cells], axis=1)
        signs = np.empty(shown.shape, np.uint8)
        for k, (sign, _) in enumerate(cells):
            signs[:, k] = sign
        ends = np.zeros(len(units) + 1, np.int32)
        np.cumsum(shown.sum(axis=1), out=ends[1:])
        return pa.StringArray.from_buffers(len(units), pa.py_buffer(ends), pa.py_buffer(signs[shown]))

    def _cells(self, units: np.ndarray, is_negative: np.ndarray) -> Iterator[Cells]:
        """The characters from the right."""
        everywhere = np.ones(len(units), dtype=bool)
        whole, part = np.divmod(units, 10**self.decimals)
        has_part = part > 0 if self.is_bare else everywhere
        for _ in range(self.decimals):
            part, digit = np.divmod(part, 10)
            yield digit + ZERO, has_part
        if self.decimals:
            yield POINT, has_part
        place, there = 0, everywhere
        while there.any():
            if self.is_grouped and place and place % 3 == 0:
                yield COMMA, there
            whole, digit = np.divmod(whole, 10)
            yield digit + ZERO, there
            place, there = place + 1, whole > 0
        yield MINUS, is_negative & (units > 0) if self.is_bare else is_negative
