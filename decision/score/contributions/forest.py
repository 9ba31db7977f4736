"""LightGBM's `model.txt` as arrays: one loop over blocks, two tables that declare every key we read.

The text is the contract (treated exactly as LightGBM treats it); what the kernel cannot explain exactly is refused here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


class UnsupportedModel(ValueError):
    """A valid model that holds something the kernel does not explain exactly; `pred_contrib` must serve instead."""


@dataclass(frozen=True)
class Tree:
    """One tree: per split its feature, threshold, children (negative = ~leaf), missing handling and covers."""

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


MISSING_NONE, MISSING_ZERO, MISSING_NAN = 0, 1, 2
_FLOATS = {"threshold": "threshold", "leaf_value": "leaf_value"}
_INTS = {
    "split_feature": "feature", "decision_type": "decision", "left_child": "left", "right_child": "right",
    "internal_count": "cover", "leaf_count": "leaf_cover",
}  # fmt: skip


def scan(text: str) -> Forest:
    """Read a binary model's text. Raises `UnsupportedModel` for what only LightGBM itself can explain."""
    head, *blocks = text.split("\nTree=")
    header = _keys(head)
    if (
        header.get("num_class") != "1"
        or "binary" not in header.get("objective", "")
        or "average_output" in head
    ):
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
        none = np.zeros(0, dtype=np.int64)
        value = np.array([float(keys["leaf_value"])])
        return Tree(
            none, np.zeros(0), none, none, none, none, none, value, np.ones(1, dtype=np.int64)
        )
    ints = {name: np.array(keys[key].split(), dtype=np.int64) for key, name in _INTS.items()}
    floats = {name: np.array(keys[key].split(), dtype=np.float64) for key, name in _FLOATS.items()}
    decision = ints.pop("decision")
    tree = Tree(**ints, **floats, default_left=(decision >> 1) & 1, missing=(decision >> 2) & 3)
    _check_cover(tree)
    return tree


def _check_cover(tree: Tree) -> None:
    def cover(child: np.ndarray) -> np.ndarray:
        return np.where(
            child >= 0, tree.cover[np.maximum(child, 0)], tree.leaf_cover[np.maximum(~child, 0)]
        )

    if (
        np.any(cover(tree.left) + cover(tree.right) != tree.cover)
        or np.any(cover(tree.left) <= 0)
        or np.any(cover(tree.right) <= 0)
    ):
        raise UnsupportedModel("the covers of a split's children do not add up to its own")


def _missing(trees: tuple[Tree, ...], n: int) -> np.ndarray:
    kind = np.full(n, -1, dtype=np.int64)
    for tree in trees:
        for f, m in zip(tree.feature.tolist(), tree.missing.tolist(), strict=True):
            if kind[f] not in (-1, m):
                raise UnsupportedModel(f"feature {f} is read with two kinds of missing value")
            kind[f] = m
    return np.where(kind < 0, MISSING_NAN, kind)
