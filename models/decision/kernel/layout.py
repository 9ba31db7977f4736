"""Where a block's operands lie: byte offsets into one workspace, and the operands of an instruction by name."""

from __future__ import annotations

from dataclasses import dataclass

BLOCK = 64  # rows a block; x and phi of 200 features stay in the L2 cache
COLUMN = 8 * BLOCK  # bytes of one float64 column of a block
LANES = 8  # rows a vector: one AVX-512 register
LINE = 64  # bytes of a cache line: a vector that crosses one costs twice

OP, X, PHI, P_OWN, P_KIDS, H_OWN, H_KIDS, R_OWN, R_KIDS, AGREE_IN, AGREE_OUT, NAN_LEFT, CONSTANTS = range(13)
CODE_WIDTH = 13  # int32 each: the program of a big forest is read from the L3 cache once a block, so it is kept small
THRESHOLD, LEFT_VALUE, RIGHT_VALUE, FRACTION, WEIGHTS = range(5)  # WEIGHTS, of a repeated feature only: f1, f0, g1, g0 per point


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
