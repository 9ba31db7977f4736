"""Prove from the trees that a model keeps its signs, for every row and not for a sample of rows.

A tree says one number per leaf, and a leaf is a box: of each feature an interval, with or without
null. A row may move along a signed feature from one leaf to another exactly where the two boxes
meet in all other features. So a tree keeps a sign where no two such leaves stand in the wrong
order. Sums of trees that keep a sign keep it, to the last bit: rounding keeps order.

The proof is exact for each tree. It refuses a sum that would keep a sign although a tree of it does
not: what we grow never does that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.errors import ModelError
from creditloom.models.stacking.tree_text import NULL_LEFT, ModelTree


@dataclass(frozen=True)
class LeafBoxes:
    """Where a row must lie to reach each leaf of a tree; shape (leaves, features of the tree).

    A value v of features[j] reaches a leaf where low < v <= high; null where `takes_null`.
    """

    features: NDArray[np.int64]
    low: Floats
    high: Floats
    takes_null: NDArray[np.bool_]


@dataclass(frozen=True)
class BrokenSign:
    """A feature whose sign a tree breaks, and by how much at most, in log-odds."""

    feature: int
    tree: int
    wrong_step: float


def broken_signs(trees: Sequence[ModelTree], signs: Sequence[int]) -> tuple[BrokenSign, ...]:
    """Return the first tree that breaks the sign of each feature; () is the proof that all hold.

    signs: +1, -1 or 0 (free) per feature. Null is no value: it may lie on either side.
    """
    found: dict[int, BrokenSign] = {}
    for number, tree in enumerate(trees):
        for feature, step in _wrong_steps(tree, signs):
            found.setdefault(feature, BrokenSign(feature, number, step))
    return tuple(found[feature] for feature in sorted(found))


def refuse_broken(trees: Sequence[ModelTree], names: Sequence[str], signs: Sequence[int]) -> None:
    """Raise ModelError where a sign is not proved; names: one per feature."""
    broken = broken_signs(trees, signs)
    if broken:
        worst = max(broken, key=lambda one: one.wrong_step)
        raise ModelError(
            f"The model breaks the sign of {len(broken)} features, most `{names[worst.feature]}`: "
            f"tree {worst.tree} steps {worst.wrong_step:g} the wrong way; expected that more of "
            "it never moves the log-odds against its sign. Leave out the learner that ignores "
            "signs (fit.learners), or report this version of LightGBM."
        )


def leaf_boxes(tree: ModelTree) -> LeafBoxes:
    """Return the box of each leaf; the splits must send null a stated way (`with_nulls_of`)."""
    splits = tree.arrays["split_feature"].astype(np.int64)
    features = np.unique(splits)
    shape = (tree.leaves, len(features))
    boxes = LeafBoxes(
        features, np.full(shape, -np.inf), np.full(shape, np.inf), np.ones(shape, bool)
    )
    column = np.searchsorted(features, splits)
    threshold = tree.arrays["threshold"]
    goes_left = (tree.arrays["decision_type"].astype(np.int64) & NULL_LEFT) > 0
    left, right = _leaves_below(tree)
    for k in range(len(splits)):
        j = column[k]
        boxes.high[left[k], j] = np.minimum(boxes.high[left[k], j], threshold[k])
        boxes.low[right[k], j] = np.maximum(boxes.low[right[k], j], threshold[k])
        away = right[k] if goes_left[k] else left[k]
        boxes.takes_null[away, j] = False
    return boxes


def _leaves_below(tree: ModelTree) -> tuple[list[list[int]], list[list[int]]]:
    """Return for each split the leaves on its left and on its right."""
    children = {side: tree.arrays[f"{side}_child"].astype(int) for side in ("left", "right")}
    below: dict[str, list[list[int]]] = {
        side: [[] for _ in child] for side, child in children.items()
    }
    # A child is written after its parent, so from the end every child is complete.
    for k in range(len(children["left"]) - 1, -1, -1):
        for side, child in children.items():
            c = child[k]
            below[side][k] = [~c] if c < 0 else below["left"][c] + below["right"][c]
    return below["left"], below["right"]


def _wrong_steps(tree: ModelTree, signs: Sequence[int]) -> Iterator[tuple[int, float]]:
    """Yield (feature, largest step against its sign) of the features whose sign a tree breaks."""
    boxes = leaf_boxes(tree)
    signed = [j for j, feature in enumerate(boxes.features) if signs[feature]]
    if not signed:
        return
    meets = _meets(boxes)
    value = tree.arrays["leaf_value"]
    rises = value[None, :] - value[:, None]
    has_value = boxes.low < boxes.high
    for j in signed:
        others = np.delete(meets, j, axis=2).all(axis=2)
        # The first leaf of the pair lies below the second one.
        is_below = boxes.high[:, None, j] <= boxes.low[None, :, j]
        both = has_value[:, None, j] & has_value[None, :, j]
        feature = int(boxes.features[j])
        steps = -signs[feature] * rises[others & is_below & both]
        if len(steps) and steps.max() > 0:
            yield feature, float(steps.max())


def _meets(boxes: LeafBoxes) -> NDArray[np.bool_]:
    """Return whether two leaves share a value or null: shape (leaves, leaves, features)."""
    low = np.maximum(boxes.low[:, None, :], boxes.low[None, :, :])
    high = np.minimum(boxes.high[:, None, :], boxes.high[None, :, :])
    share_null = boxes.takes_null[:, None, :] & boxes.takes_null[None, :, :]
    return np.asarray((low < high) | share_null)
