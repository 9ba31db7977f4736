"""Whether a text is a whole LightGBM model that the runtime supports, before LightGBM reads it.

LightGBM trusts its text: a cut one, an index outside its array or a cycle of nodes ends the
process. So sizes, counts, indices and the shape of every tree are checked here first.
"""

from __future__ import annotations

import re

import numpy as np

from ..base.errors import DecisionError

MODEL_FORM = (
    "text that starts with 'tree', num_class=1, objective=binary, and ends with its parameters"
)
# Random forests and linear trees: their contributions do not add up to the margin.
UNSUPPORTED = ("\naverage_output", "\nis_linear=1")
INTEGER = re.compile(r"-?[0-9]{1,10}")
NUMBER = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
# A gain may be infinite or unknown: nothing is computed from it.
GAIN = re.compile(rf"(?:{NUMBER.pattern}|-?inf|-?nan)")
# A bound: "inf" parts all numbers from the missing ones. "-inf" would leave one side empty.
BOUND = re.compile(rf"(?:{NUMBER.pattern}|inf)")
# table: keys of the header, each with the form of its value
HEADER = {
    "version": re.compile(r"v[0-9]"),
    "num_class": re.compile("1"),
    "num_tree_per_iteration": re.compile("1"),
    "label_index": INTEGER,
    "max_feature_idx": re.compile(r"[0-9]{1,6}"),
    "objective": re.compile(rf"binary sigmoid:{NUMBER.pattern}"),
    "feature_names": re.compile(r"\S+(?: \S+)*"),
    "feature_infos": re.compile(r"\S+(?: \S+)*"),
    "monotone_constraints": re.compile(r"-?[01](?: -?[01])*"),
    "tree_sizes": re.compile(r"[0-9]{1,9}(?: [0-9]{1,9})*"),
}
REQUIRED = (
    "num_class",
    "label_index",
    "max_feature_idx",
    "objective",
    "feature_names",
    "feature_infos",
    "tree_sizes",
)
# table: keys of a tree that hold one value
SINGLE = {
    "num_leaves": re.compile(r"[0-9]{1,6}"),
    "num_cat": re.compile(r"[0-9]{1,6}"),
    "is_linear": re.compile("0"),
    "shrinkage": NUMBER,
}
# table: keys with one value per split, and per leaf
PER_SPLIT = {
    "split_feature": INTEGER,
    "split_gain": GAIN,
    "threshold": BOUND,
    "decision_type": INTEGER,
    "left_child": INTEGER,
    "right_child": INTEGER,
    "internal_value": NUMBER,
    "internal_weight": NUMBER,
    "internal_count": INTEGER,
}
PER_LEAF = {"leaf_value": NUMBER, "leaf_weight": NUMBER, "leaf_count": INTEGER}
CATEGORIES = {"cat_boundaries": INTEGER, "cat_threshold": INTEGER}
NEEDED_OF_SPLITS = (
    "split_feature",
    "threshold",
    "decision_type",
    "left_child",
    "right_child",
    "internal_count",
    "leaf_count",
)
# decision_type: bit 0 marks a category, bits 2 and 3 say how a missing value is read (0, 1 or 2).
MAX_DECISION_TYPE = 11
UINT32_MAX = 2**32 - 1
# Each form as a whole line of values.
_LINES = {
    form: re.compile(rf"(?:{form.pattern}(?: {form.pattern})*)?")
    for form in (INTEGER, NUMBER, BOUND, GAIN)
}
PARAMETER = re.compile(r"\[[a-z0-9_]+: .*\]")
NO_CATEGORIES = ("pandas_categorical:null", "pandas_categorical:[]")


class _Broken(ValueError):
    """What is wrong with a text, in words."""


def check_model_text(text: str) -> None:
    """Raise `DecisionError` unless the text is one whole binary booster that is sound.

    Every tree must have the size that the header gives, and be a tree.
    """
    head, _, _ = text.partition("\nTree=0\n")
    if (
        not head.startswith("tree\n")
        or "\nnum_class=1\n" not in head
        or "\nobjective=binary" not in head
    ):
        raise refusal("this is not a binary LightGBM model", MODEL_FORM, repr(text[:60]))
    mark = next((mark.strip() for mark in UNSUPPORTED if mark in text), None)
    if mark:
        raise refusal(
            "this kind of booster is not supported",
            "gradient-boosted trees with constant leaves",
            mark,
        )
    trees = _trees(text, head)
    if trees is None:
        raise refusal(
            "the model text is cut or changed",
            MODEL_FORM,
            f"{len(text)} characters that do not match tree_sizes",
        )
    try:
        n_features = _check_header(head)
        for k, tree in enumerate(trees):
            _check_tree(k, tree, n_features)
        _check_end(text)
    except _Broken as broken:
        raise refusal(
            "the model text contradicts itself",
            "counts, indices and trees that fit each other",
            str(broken),
        ) from broken


def _trees(text: str, head: str) -> list[str] | None:
    """Return the text of each tree; None unless the text has the sizes of the header and its ends.

    Each tree begins where the sizes before it end; 'end of trees' follows the last one, and
    'end of parameters' closes the text.
    """
    lines = (line for line in head.split("\n") if line.startswith("tree_sizes="))
    sizes = next((line.split("=", 1)[1].split() for line in lines), [])
    # Sizes are in bytes, so the text is searched as bytes.
    body = text.encode()
    position = len(head.encode()) + 1
    trees = []
    for k, size in enumerate(sizes):
        begin = f"Tree={k}\n".encode()
        if not size.isdecimal() or len(size) > len(str(len(body))):
            return None
        if not body.startswith(begin, position):
            return None
        tree = body[position + len(begin) : position + int(size)]
        trees.append(tree.decode(errors="replace"))
        position += int(size)
    is_ended = body.startswith(b"end of trees", position)
    is_whole = bool(sizes) and is_ended and b"\nend of parameters\n" in body[position:]
    return trees if is_whole else None


def _check_header(head: str) -> int:
    """Return the number of features that the header declares."""
    keys = _keys(head.removeprefix("tree\n"), "the header")
    for name, value in keys.items():
        form = HEADER.get(name)
        if form is None or not form.fullmatch(value):
            raise _Broken(f"the header has {name}={value[:40]}")
    missing = [name for name in REQUIRED if name not in keys]
    if missing:
        raise _Broken(f"the header has no {missing[0]}")
    n_features = int(keys["max_feature_idx"]) + 1
    for name in ("feature_names", "feature_infos", "monotone_constraints"):
        if name in keys and len(keys[name].split(" ")) != n_features:
            raise _Broken(f"{name} has not {n_features} entries")
    return n_features


def _keys(block: str, where: str) -> dict[str, str]:
    keys: dict[str, str] = {}
    for line in filter(None, block.split("\n")):
        name, equals, value = line.partition("=")
        # LightGBM and the kernel would each take another one of two.
        if not equals or name in keys:
            raise _Broken(f"{where} has the line {line[:40]!r}")
        keys[name] = value
    return keys


def _check_tree(k: int, text: str, n_features: int) -> None:
    where = f"tree {k}"
    keys = _keys(text, where)
    for name, form in SINGLE.items():
        if name in keys and not form.fullmatch(keys[name]):
            raise _Broken(f"{where} has {name}={keys[name][:40]}")
    unknown = [n for n in keys if n not in {*SINGLE, *PER_SPLIT, *PER_LEAF, *CATEGORIES}]
    missing = [name for name in ("num_leaves", "num_cat") if name not in keys]
    if unknown or missing:
        raise _Broken(f"{where} has {unknown[0] if unknown else f'no {missing[0]}'}")
    leaves = int(keys["num_leaves"])
    categories = int(keys["num_cat"])
    if not leaves:
        raise _Broken(f"{where} has no leaf")
    values = {
        **_arrays(where, keys, PER_SPLIT, leaves - 1),
        **_arrays(where, keys, PER_LEAF, leaves),
    }
    if "leaf_value" not in values:
        raise _Broken(f"{where} has no leaf_value")
    if leaves == 1:
        return
    absent = [name for name in NEEDED_OF_SPLITS if name not in values]
    if absent:
        raise _Broken(f"{where} has no {absent[0]}")
    _check_splits(where, values, n_features, leaves)
    _check_categories(where, keys, values, categories)


def _arrays(
    where: str, keys: dict[str, str], forms: dict[str, re.Pattern[str]], size: int
) -> dict[str, np.ndarray]:
    """Return the arrays that are there, checked for form and length; whole numbers as int64."""
    arrays = {}
    for name, form in forms.items():
        if name not in keys:
            continue
        values = keys[name]
        # The whole line at once: a model has hundreds of thousands of numbers.
        if not _LINES[form].fullmatch(values):
            raise _Broken(f"{where} has {values[:40]!r} in {name}")
        numbers = np.fromstring(values, dtype=np.int64 if form is INTEGER else np.float64, sep=" ")
        # A tree of one leaf writes nothing, or zeros, where a split would stand.
        if len(numbers) != size and not (size <= 1 and len(numbers) <= 1):
            raise _Broken(f"{where} has {len(numbers)} values of {name}, not {size}")
        if form is NUMBER and not np.isfinite(numbers).all():
            raise _Broken(f"{where} has an infinite number in {name}")
        arrays[name] = numbers
    return arrays


def _check_splits(where: str, values: dict[str, np.ndarray], n_features: int, leaves: int) -> None:
    """Check that the splits read features that exist, and form one tree over all the leaves."""
    feature = values["split_feature"]
    if feature.min() < 0 or feature.max() >= n_features:
        raise _Broken(f"{where} splits on a feature that does not exist")
    decision = values["decision_type"]
    if decision.min() < 0 or decision.max() > MAX_DECISION_TYPE:
        raise _Broken(f"{where} has an unknown decision_type")
    children = np.concatenate([values["left_child"], values["right_child"]])
    parents = np.tile(np.arange(leaves - 1), 2)
    # A node is numbered after its parent. With every node and every leaf the child of exactly one
    # split, there is no cycle, and nothing hangs loose.
    is_node = children >= 0
    is_later = (children > parents) | ~is_node
    expected = np.concatenate([np.arange(1, leaves - 1), ~np.arange(leaves)])
    if not is_later.all() or not np.array_equal(np.sort(children), np.sort(expected)):
        raise _Broken(f"{where} is no tree: its children do not fit")


def _check_categories(
    where: str, keys: dict[str, str], values: dict[str, np.ndarray], categories: int
) -> None:
    """Check that a split on categories finds its list of them."""
    is_category = (values["decision_type"] & 1) == 1
    if not categories:
        if is_category.any() or any(name in keys for name in CATEGORIES):
            raise _Broken(f"{where} splits on categories, and has num_cat=0")
        return
    lists = {
        name: _arrays(where, keys, {name: INTEGER}, len(keys.get(name, "").split()))
        for name in CATEGORIES
    }
    bounds = lists["cat_boundaries"].get("cat_boundaries", np.zeros(0, np.int64))
    words = lists["cat_threshold"].get("cat_threshold", np.zeros(0, np.int64))
    is_sound = (
        len(bounds) == categories + 1 and bounds[0] == 0 and bool((np.diff(bounds) > 0).all())
    )
    if not is_sound or bounds[-1] != len(words) or words.min() < 0 or words.max() > UINT32_MAX:
        raise _Broken(f"{where} has lists of categories that do not fit")
    which = values["threshold"][is_category]
    if (which != np.round(which)).any() or (which < 0).any() or (which >= categories).any():
        raise _Broken(f"{where} splits on a list of categories that does not exist")


def _check_end(text: str) -> None:
    """Check the parameters, which LightGBM reads back, and the categories of pandas."""
    _, _, end = text.rpartition("\nparameters:\n")
    parameters, _, rest = end.partition("\nend of parameters\n")
    for line in filter(None, parameters.split("\n")):
        if not PARAMETER.fullmatch(line):
            raise _Broken(f"the parameters have the line {line[:40]!r}")
    for line in filter(None, rest.split("\n")):
        if line not in NO_CATEGORIES:
            raise _Broken(f"the end has the line {line[:40]!r}")


def feature_names(text: str) -> list[str]:
    """Return the names of the features, as LightGBM wrote them, in the order of the model."""
    head, _, _ = text.partition("\nTree=0\n")
    return _keys(head.removeprefix("tree\n"), "the header")["feature_names"].split(" ")


def used_features(text: str, n_features: int) -> np.ndarray:
    """Return the features that some tree splits on, ascending; all of them where no tree splits."""
    lines = (line for line in text.splitlines() if line.startswith("split_feature="))
    features = sorted({int(one) for line in lines for one in line.partition("=")[2].split()})
    return np.array(features or range(n_features), dtype=np.int64)


def refusal(what: str, expected: str, got: str) -> DecisionError:
    """Return the refusal of a model text."""
    return DecisionError(
        what,
        where="model.txt",
        expected=expected,
        got=got,
        next_step="train again, or restore the bundle",
    )
