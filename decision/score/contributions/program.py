"""A forest as a linear program for blocks of rows: instructions in the order in which they run.

Every constant is worked out beforehand.

Quadrature TreeSHAP (arXiv 2605.04497): a Shapley value is the integral over t in [0, 1] of the
derivative of the tree's multilinear extension. On one tree that is a polynomial in t of degree
(unique features on the path) - 1, so n = ceil(u / 2) Gauss-Legendre points are exact. Per split
with z = cover(left) / cover and b = 1 when the row goes left, the left child has weight f, and f
changes with t by g:

    first split on its feature    f = z + t (b - z)
                                  g = b - z
    again, earlier ones agreed    f = (Z z + t (b - Z z)) / A,  A = Z + t (1 - Z)
                                  g = (b - Z z) / A - f (1 - Z) / A
    again, not agreed             f = z
                                  g = 0

where Z is the product of the path's earlier fractions on that feature. Down: P_left = P f,
P_right = P - P_left, P = the quadrature weight at the root. Up: gap = H_left - H_right,
H = H_right + f gap, H = its value at a leaf, and phi[feature] += sum over points of P gap g. The
margin rides along: one blend per split, summed in tree order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import NamedTuple

import numpy as np

from .forest import Forest, Tree
from .lanes import CODE_WIDTH, CONSTANTS, DOUBLE_BYTES, R_KIDS, R_OWN, WorkLayout, quadrature

# Codes of the instructions.
LEAF = 0  # add the value of a tree's only leaf to the margin
ADD = 1  # add the margin of a tree's root to the margin
BUSH = 2  # a split with two leaf pairs below it, all at once
DOWN = 3  # + 1 where the feature was met before ("again")
UP = 5  # + 4 again + 2 (left is a leaf) + (right is a leaf)


@dataclass(frozen=True)
class Program:
    """A compiled forest.

    `code` is instructions x CODE_WIDTH, `constants` the numbers that the operand CONSTANTS points
    into, `weights` the quadrature weights, `base` the mean margin. `columns` are the features that
    some tree splits on, ascending: the only ones that a block holds.
    """

    layout: WorkLayout
    columns: np.ndarray
    code: np.ndarray
    constants: np.ndarray
    weights: np.ndarray
    base: float

    @property
    def points(self) -> tuple[float, ...]:
        """The quadrature weights as a tuple, whose type tells the compiled code their number."""
        return tuple(self.weights.tolist())


class PathStep(NamedTuple):
    """An earlier split on the path: where it lies, and the fraction of rows that went this way."""

    feature: int
    depth: int
    side: int
    fraction: float


def compile_forest(forest: Forest) -> Program:
    """Lay out the workspace and write the instructions of all trees, in tree order."""
    shapes = [_shape(tree, 0, frozenset()) for tree in forest.trees]
    # n = ceil(u / 2) points for the path with most unique features.
    points = max(1, *(-(-unique // 2) for _, unique in shapes))
    depth = max(depth for depth, _ in shapes)
    columns = forest_features(forest)
    writer = _Writer(WorkLayout(len(columns), depth, points), columns)
    for tree in forest.trees:
        writer.tree(tree)
    return Program(
        layout=writer.layout,
        columns=columns,
        code=np.array(writer.code, np.int32),
        constants=np.array(writer.constants),
        weights=quadrature(points)[1],
        base=mean_margin(forest),
    )


def mean_margin(forest: Forest) -> float:
    """Return the mean margin of the training rows, to the bit as LightGBM's `pred_contrib` does.

    It adds leaf by leaf and tree by tree: another order gives another last bit.
    """
    shares = (t.leaf_cover / t.leaf_cover.sum() * t.leaf_value for t in forest.trees)
    # Not `sum`, which rounds differently from Python 3.12 on.
    return reduce(add, (reduce(add, leaves.tolist(), 0.0) for leaves in shares), 0.0)


def forest_features(forest: Forest) -> np.ndarray:
    """Return the features that some tree splits on, ascending."""
    # The empty array serves a forest without any tree.
    features = [np.empty(0, np.int64), *(tree.feature for tree in forest.trees)]
    return np.unique(np.concatenate(features))


def _shape(tree: Tree, node: int, met: frozenset[int]) -> tuple[int, int]:
    """Return (levels of splits, most unique features on a path) below `node`."""
    if node < 0 or not len(tree.feature):
        return 0, len(met)
    met = met | {int(tree.feature[node])}
    below = [_shape(tree, int(child), met) for child in (tree.left[node], tree.right[node])]
    return 1 + max(d for d, _ in below), max(u for _, u in below)


class _Writer:
    """Writes instructions in the order in which they run."""

    def __init__(self, layout: WorkLayout, columns: np.ndarray) -> None:
        self.layout = layout
        self.t = quadrature(layout.points)[0]
        self.position = {int(feature): k for k, feature in enumerate(columns)}
        self.code: list[list[int]] = []
        self.constants: list[float] = []

    def tree(self, tree: Tree) -> None:
        """Write one tree: its splits, then its margin added to the rows'."""
        has_splits = bool(len(tree.feature))
        if has_splits:
            self._split(tree, 0, 0, 0, ())
        operands = [0] * CONSTANTS
        operands[0] = ADD if has_splits else LEAF
        operands[R_OWN] = self.layout.raw
        operands[R_KIDS] = self.layout.r(0, 0)
        self._write(operands, [0.0, float(tree.leaf_value[0])])

    def _split(
        self, tree: Tree, node: int, depth: int, side: int, path: tuple[PathStep, ...]
    ) -> None:
        kids = (int(tree.left[node]), int(tree.right[node]))
        feature = int(tree.feature[node])
        z = _cover(tree, kids[0]) / float(tree.cover[node])
        earlier = [step for step in path if step.feature == feature]
        operands = self._operands(tree, node, depth, side, earlier)
        constants = self._constants(tree, node, z, earlier)
        below = [(*path, PathStep(feature, depth, s, part)) for s, part in enumerate((z, 1.0 - z))]
        is_bush = not earlier and all(_is_twig(tree, kid, below[s]) for s, kid in enumerate(kids))
        # Down before the children, up after them; a split of two leaves has nothing to send down.
        if is_bush or max(kids) >= 0:
            down = BUSH if is_bush else DOWN + bool(earlier)
            self._write([down, *operands], constants)
        for s, kid in enumerate(kids):
            if kid >= 0:
                self._split(tree, kid, depth + 1, s, below[s])
        if not is_bush:
            up = UP + 4 * bool(earlier) + 2 * (kids[0] < 0) + (kids[1] < 0)
            self._write([up, *operands], constants)

    def _operands(
        self, tree: Tree, node: int, depth: int, side: int, earlier: list[PathStep]
    ) -> list[int]:
        """Return the operands of a split, in the order of the names in `lanes`."""
        at = self.layout
        feature = self.position[int(tree.feature[node])]
        # The bits of the latest earlier split say whether the row agreed with all of them.
        agree_in = at.agree(earlier[-1].depth, earlier[-1].side) if earlier else 0
        child = depth + 1
        columns = [at.x(feature), at.phi(feature)]
        p = [at.p(depth, side), at.p(child, 0)]
        h = [at.h(depth, side), at.h(child, 0)]
        r = [at.r(depth, side), at.r(child, 0)]
        return [*columns, *p, *h, *r, agree_in, at.agree(depth, 0), int(tree.default_left[node])]

    def _constants(self, tree: Tree, node: int, z: float, earlier: list[PathStep]) -> list[float]:
        """Return threshold, leaf values, fraction and, for a repeated feature, the weights."""
        kids = (int(tree.left[node]), int(tree.right[node]))
        values = [float(tree.leaf_value[~kid]) if kid < 0 else 0.0 for kid in kids]
        weights = self._weights(z, earlier) if earlier else ()
        return [float(tree.threshold[node]), *values, z, *weights]

    def _weights(self, z: float, earlier: list[PathStep]) -> list[float]:
        """Return f1, f0, g1, g0 per quadrature point.

        The formulas are those of "again, earlier ones agreed", for b = 1 and b = 0.
        """
        big = float(np.prod([step.fraction for step in earlier]))
        a = big + self.t * (1.0 - big)
        f1 = (big * z + self.t * (1.0 - big * z)) / a
        f0 = big * z * (1.0 - self.t) / a
        g1 = (1.0 - big * z) / a - f1 * (1.0 - big) / a
        g0 = -big * z / a - f0 * (1.0 - big) / a
        weights: list[float] = np.stack([f1, f0, g1, g0], axis=1).ravel().tolist()
        return weights

    def _write(self, code: list[int], constants: list[float]) -> None:
        # The last operand is the byte offset of the constants; unused ones before it are 0.
        padding = [0] * (CODE_WIDTH - 1 - len(code))
        self.code.append([*code, *padding, DOUBLE_BYTES * len(self.constants)])
        self.constants.extend(constants)


def _is_twig(tree: Tree, node: int, path: tuple[PathStep, ...]) -> bool:
    """Return whether `node` splits into two leaves, on a feature that the path has not met."""
    if node < 0 or tree.left[node] >= 0 or tree.right[node] >= 0:
        return False
    return int(tree.feature[node]) not in {step.feature for step in path}


def _cover(tree: Tree, kid: int) -> float:
    return float(tree.cover[kid] if kid >= 0 else tree.leaf_cover[~kid])
