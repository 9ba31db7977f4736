"""Is this text a whole LightGBM model that the runtime supports? Asked before LightGBM reads it: a cut text ends its process."""

from __future__ import annotations

import numpy as np

from .errors import DecisionError

EXPECTED = "text that starts with 'tree', num_class=1, objective=binary, and ends with its parameters"
UNSUPPORTED = ("\naverage_output", "\nis_linear=1")  # random forests and linear trees: their contributions do not add up to the margin


def check_model_text(text: str) -> None:
    """Raise `DecisionError` unless every tree is there in the size that the header gives and the model is one binary booster."""
    head, _, _ = text.partition("\nTree=0\n")
    if not head.startswith("tree\n") or "\nnum_class=1\n" not in head or "\nobjective=binary" not in head:
        raise refusal("this is not a binary LightGBM model", EXPECTED, repr(text[:60]))
    found = next((mark.strip() for mark in UNSUPPORTED if mark in text), None)
    if found:
        raise refusal("this kind of booster is not supported", "gradient-boosted trees with constant leaves", found)
    if not _is_whole(text, head):
        raise refusal("the model text is cut or changed", EXPECTED, f"{len(text)} characters that do not match tree_sizes")


def _is_whole(text: str, head: str) -> bool:
    """Each tree begins where the sizes before it end; 'end of trees' follows, and 'end of parameters' closes."""
    sizes = next((line.split("=", 1)[1].split() for line in head.split("\n") if line.startswith("tree_sizes=")), [])
    body, place = text.encode(), len(head.encode()) + 1
    for k, size in enumerate(sizes):
        if not body.startswith(f"Tree={k}\n".encode(), place):
            return False
        place += int(size)
    return bool(sizes) and body.startswith(b"end of trees", place) and b"\nend of parameters\n" in body[place:]


def used_features(text: str, n_features: int) -> np.ndarray:
    """Features that some tree splits on, ascending; all of them where no tree splits."""
    lines = (line.partition("=")[2].split() for line in text.splitlines() if line.startswith("split_feature="))
    found = sorted({int(feature) for line in lines for feature in line})
    return np.array(found or range(n_features), dtype=np.int64)


def refusal(what: str, expected: str, got: str) -> DecisionError:
    """The refusal of a model text."""
    return DecisionError(what, where="model.txt", expected=expected, got=got, next_step="train again, or restore the bundle")
