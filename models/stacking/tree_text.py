"""Trees as LightGBM writes them: read, scaled, added up into one text.

Margins add. So a stack of boosters is one forest whose leaves are multiplied by the weights, and a
table per column is a tree that splits on this column alone. One text then serves every reader of
LightGBM models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from creditloom.models.sample.arrays import Floats

# Bits of LightGBM's decision_type: bit 1 sends a null to the left; 8 in bits 2 and 3 says that only
# NaN is null. With 0 in them a null is read as 0.
NULL_LEFT = 2
NULL_IS_NAN = 8
NULL_KIND = 12
# Keys of a tree with one number per split and per leaf, as LightGBM orders them.
SPLIT_INTS = ("split_feature", "decision_type", "left_child", "right_child", "internal_count")
SPLIT_FLOATS = ("split_gain", "threshold", "internal_value", "internal_weight")
LEAF_FLOATS = ("leaf_value", "leaf_weight")
ORDER = (
    "split_feature",
    "split_gain",
    "threshold",
    "decision_type",
    "left_child",
    "right_child",
    "leaf_value",
    "leaf_weight",
    "leaf_count",
    "internal_value",
    "internal_weight",
    "internal_count",
)


@dataclass(frozen=True)
class ModelTree:
    """One tree: the arrays of LightGBM's text by key, one entry per split or per leaf.

    A child below 0 is the leaf ~child. Values are log-odds.
    """

    arrays: Mapping[str, NDArray[np.float64] | NDArray[np.int64]]

    @property
    def leaves(self) -> int:
        """Return the number of leaves."""
        return len(self.arrays["leaf_value"])

    def scaled(self, factor: float, added: float = 0.0) -> ModelTree:
        """Return the tree with every value v replaced by factor v + added."""
        changed = {
            key: np.asarray(self.arrays[key] * factor + added, np.float64)
            for key in ("leaf_value", "internal_value")
        }
        return ModelTree({**self.arrays, **changed})

    def with_nulls_of(self, stand_in: Floats) -> ModelTree:
        """Return the tree in which only NaN is null, and an unknown null goes a stated way.

        stand_in: one number per feature, NaN where training had nulls. A null of a feature that had
        none then goes the way of this number. LightGBM itself would read it as 0.
        """
        decision = self.arrays["decision_type"].astype(np.int64)
        threshold = self.arrays["threshold"]
        feature = self.arrays["split_feature"].astype(np.int64)
        goes_left = (decision & NULL_LEFT) > 0
        reads_zero = (decision & NULL_KIND) == 0
        goes_left = np.where(reads_zero, threshold >= 0.0, goes_left)
        own = stand_in[feature] if len(feature) else np.empty(0)
        goes_left = np.where(np.isnan(own), goes_left, own <= threshold)
        fixed = NULL_IS_NAN + NULL_LEFT * goes_left.astype(np.int64)
        return ModelTree({**self.arrays, "decision_type": fixed})

    def text(self, number: int) -> str:
        """Return the block of the tree in a model's text."""
        lines = [f"Tree={number}", f"num_leaves={self.leaves}", "num_cat=0"]
        for key in ORDER:
            values = self.arrays[key]
            is_whole = np.issubdtype(values.dtype, np.integer)
            shown = (str(int(v)) if is_whole else repr(float(v)) for v in values.tolist())
            lines.append(f"{key}=" + " ".join(shown))
        return "\n".join([*lines, "is_linear=0", "shrinkage=1", "", "", ""])


def trees_of(model_text: str) -> tuple[ModelTree, ...]:
    """Return the trees of a model that LightGBM wrote; they split on numbers only."""
    _, *blocks = model_text.split("\nend of trees")[0].split("\nTree=")
    return tuple(_tree(block) for block in blocks)


def _tree(block: str) -> ModelTree:
    """Return one tree; one of a single leaf has no splits."""
    keys = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
    n_splits = int(keys["num_leaves"]) - 1
    arrays: dict[str, NDArray[np.float64] | NDArray[np.int64]] = {}
    for key in SPLIT_INTS:
        arrays[key] = np.array(keys.get(key, "").split()[:n_splits], np.int64)
    for key in SPLIT_FLOATS:
        arrays[key] = np.array(keys.get(key, "").split()[:n_splits], np.float64)
    for key in LEAF_FLOATS:
        arrays[key] = np.array(keys.get(key, "0").split(), np.float64)
    arrays["leaf_count"] = np.array(keys.get("leaf_count", "0").split(), np.int64)
    return ModelTree(arrays)


def table_tree(
    feature: int,
    edges: Floats,
    values: Floats,
    counts: NDArray[np.int64],
    null_value: float,
    null_count: int,
) -> ModelTree:
    """Return the tree of a table of one column: values[k] up to edges[k], null its own value.

    edges: ascending, one fewer than the values. counts: training rows per value. Without rows of
    nulls (null_count 0) no leaf is made for them.
    """
    splits: list[tuple[float, int, int, bool]] = []
    leaf_values = list(values)
    leaf_counts = [int(count) for count in counts]
    has_nulls = null_count > 0
    if has_nulls:
        leaf_values.append(null_value)
        leaf_counts.append(null_count)
        # No number lies above infinity: only the null goes right.
        splits.append((np.inf, 0, ~(len(leaf_values) - 1), False))
    first = _halve(splits, edges, 0, len(values) - 1)
    if has_nulls:
        splits[0] = (np.inf, first, splits[0][2], False)
    return _of_splits(feature, splits, np.array(leaf_values), np.array(leaf_counts, np.int64))


def _halve(splits: list[tuple[float, int, int, bool]], edges: Floats, low: int, high: int) -> int:
    """Append the splits of values low..high, halving them; return the child that holds them."""
    if low == high:
        return ~low
    middle = (low + high) // 2
    place = len(splits)
    splits.append((float(edges[middle]), 0, 0, False))
    left = _halve(splits, edges, low, middle)
    right = _halve(splits, edges, middle + 1, high)
    splits[place] = (float(edges[middle]), left, right, False)
    return place


def _of_splits(
    feature: int,
    splits: list[tuple[float, int, int, bool]],
    leaf_values: Floats,
    leaf_counts: NDArray[np.int64],
) -> ModelTree:
    """Return the tree of these splits, each (threshold, left child, right child, null left)."""
    n = len(splits)
    leaves = {
        "leaf_value": leaf_values,
        "leaf_weight": leaf_counts.astype(float),
        "leaf_count": leaf_counts,
    }
    if not n:
        none = {key: np.empty(0, np.int64) for key in SPLIT_INTS}
        empty = {key: np.empty(0) for key in SPLIT_FLOATS}
        return ModelTree({**none, **empty, **leaves})
    counts = np.zeros(n, np.int64)
    sums = np.zeros(n)
    # A child is written after its parent, so from the end every child is complete.
    for k in range(n - 1, -1, -1):
        for child in splits[k][1:3]:
            counts[k] += counts[child] if child >= 0 else leaf_counts[~child]
            sums[k] += sums[child] if child >= 0 else leaf_values[~child] * leaf_counts[~child]
    thresholds, left, right, null_left = (np.array(column) for column in zip(*splits, strict=True))
    decision = NULL_IS_NAN + NULL_LEFT * null_left.astype(np.int64)
    arrays = {
        "split_feature": np.full(n, feature, np.int64),
        "split_gain": np.zeros(n),
        "threshold": thresholds.astype(float),
        "decision_type": decision,
        "left_child": left,
        "right_child": right,
    }
    nodes = {
        "internal_value": sums / np.maximum(counts, 1),
        "internal_weight": counts.astype(float),
        "internal_count": counts,
    }
    return ModelTree({**arrays, **leaves, **nodes})


def model_text(
    trees: Sequence[ModelTree], names: Sequence[str], infos: Sequence[str], signs: Sequence[int]
) -> str:
    """Return one binary LightGBM model of these trees.

    names: of the features, without blanks. infos: LightGBM's feature_infos, the range of each.
    """
    blocks = [tree.text(k) for k, tree in enumerate(trees)]
    head = [
        "tree",
        "version=v4",
        "num_class=1",
        "num_tree_per_iteration=1",
        "label_index=0",
        f"max_feature_idx={len(infos) - 1}",
        "objective=binary sigmoid:1",
        f"feature_names={' '.join(names)}",
        f"feature_infos={' '.join(infos)}",
    ]
    if any(signs):
        head.append(f"monotone_constraints={' '.join(str(sign) for sign in signs)}")
    # Sizes are in bytes; every sign here is one byte.
    head.append(f"tree_sizes={' '.join(str(len(block)) for block in blocks)}")
    end = ["end of trees", "", "parameters:", "[objective: binary]", "end of parameters", ""]
    ending = "\n".join([*end, "pandas_categorical:null", ""])
    return "\n".join([*head, "", ""]) + "".join(blocks) + ending


def feature_infos(features: Floats) -> tuple[str, ...]:
    """Return LightGBM's feature_infos: `[low:high]` of each column, `none` without two values."""
    infos = []
    for column in features.T:
        known = column[~np.isnan(column)]
        is_varied = len(known) and known.min() < known.max()
        infos.append(f"[{float(known.min())!r}:{float(known.max())!r}]" if is_varied else "none")
    return tuple(infos)
