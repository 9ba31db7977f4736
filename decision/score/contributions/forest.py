"""LightGBM's `model.txt` as arrays: one loop over blocks, and two tables of the keys that are read.

The text is the contract and is read as LightGBM reads it. What the kernel cannot explain exactly is
refused here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


class UnsupportedModel(ValueError):
    """A valid model that holds something which the kernel does not explain exactly.

    LightGBM's `pred_contrib` must serve instead.
    """


@dataclass(frozen=True)
class Tree:
    """One tree: per split its feature, threshold, children, missing handling and covers.

    A negative child is ~leaf. The cover of a node is its number of training rows.
    """

    feature: np.ndarray
    threshold: np.ndarray
    default_left: np.ndarray
    missing: np.ndarray
    left: np.ndarray
    right: np.ndarray
    cover: np.ndarray
    leaf_value: np.ndarray
    leaf_cover: np.ndarray


@dataclass(frozen=True)
class Forest:
    """All trees in order, and per feature how a missing value is read (MISSING_*)."""

    trees: tuple[Tree, ...]
    n_features: int
    missing: np.ndarray


# Bits 2 and 3 of LightGBM's decision_type: how a split reads missing values.
MISSING_NONE = 0
MISSING_ZERO = 1
MISSING_NAN = 2
# Keys of the text, and the fields that they fill.
_FLOATS = {"threshold": "threshold", "leaf_value": "leaf_value"}
_INTS = {
    "split_feature": "feature",
    "decision_type": "decision",
    "left_child": "left",
    "right_child": "right",
    "internal_count": "cover",
    "leaf_count": "leaf_cover",
}


def scan(text: str) -> Forest:
    """Read a binary model's text.

    Raises `UnsupportedModel` for what only LightGBM itself can explain.
    """
    head, *blocks = text.split("\nTree=")
    header = _keys(head)
    is_binary = header.get("num_class") == "1" and "binary" in header.get("objective", "")
    # "average_output" marks a random forest.
    if not is_binary or "average_output" in head:
        raise UnsupportedModel("only binary boosting is explained by the kernel")
    trees = tuple(_tree(_keys(b.split("\nend of trees")[0])) for b in blocks)
    n = int(header["max_feature_idx"]) + 1
    return Forest(trees, n, _missing(trees, n))


def _keys(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def _tree(keys: dict[str, str]) -> Tree:
    if keys.get("num_cat", "0") != "0" or keys.get("is_linear", "0") != "0":
        raise UnsupportedModel(
            "categorical splits and linear leaves are explained by LightGBM only"
        )
    if int(keys["num_leaves"]) == 1:
        return _single_leaf(float(keys["leaf_value"]))
    ints = {name: np.array(keys[key].split(), dtype=np.int64) for key, name in _INTS.items()}
    floats = {name: np.array(keys[key].split(), dtype=np.float64) for key, name in _FLOATS.items()}
    # Bit 1 of decision_type says whether a missing value goes left, bits 2 and 3 what is missing.
    decision = ints.pop("decision")
    tree = Tree(**ints, **floats, default_left=(decision >> 1) & 1, missing=(decision >> 2) & 3)
    _check_cover(tree)
    return tree


def _single_leaf(value: float) -> Tree:
    """Return a tree without splits; its only leaf gets a cover of 1, as means divide by it."""
    none = np.zeros(0, dtype=np.int64)
    return Tree(
        feature=none,
        threshold=np.zeros(0),
        default_left=none,
        missing=none,
        left=none,
        right=none,
        cover=none,
        leaf_value=np.array([value]),
        leaf_cover=np.ones(1, dtype=np.int64),
    )


def _check_cover(tree: Tree) -> None:
    left = _child_cover(tree, tree.left)
    right = _child_cover(tree, tree.right)
    if np.any(left + right != tree.cover) or np.any(left <= 0) or np.any(right <= 0):
        raise UnsupportedModel("the covers of a split's children do not add up to its own")


def _child_cover(tree: Tree, child: np.ndarray) -> np.ndarray:
    # Both branches are indexed everywhere; the maximum keeps the one that is not meant in range.
    split_cover = tree.cover[np.maximum(child, 0)]
    leaf_cover = tree.leaf_cover[np.maximum(~child, 0)]
    return np.where(child >= 0, split_cover, leaf_cover)


def _missing(trees: tuple[Tree, ...], n: int) -> np.ndarray:
    """Return how each of the `n` features is read where it is missing (MISSING_*)."""
    # A block holds one column per feature, so all splits must read it alike.
    kind = np.full(n, -1, dtype=np.int64)
    for tree in trees:
        for f, m in zip(tree.feature.tolist(), tree.missing.tolist(), strict=True):
            if kind[f] not in (-1, m):
                raise UnsupportedModel(f"feature {f} is read with two kinds of missing value")
            kind[f] = m
    return np.where(kind < 0, MISSING_NAN, kind)
