"""Steps that rules take on arrays over applications, and on one application alone.

The values of one row are scalars of numpy, not numbers of Python: `~` of one of its truth values is
the other one, as in an array. Comparisons and arithmetic are the same bits in both forms, at a
tenth of the price. What differs between the two is written here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import and_, or_
from typing import Any

import numpy as np

FLOAT = np.dtype(np.float64)
# The masks of a batch of one, by whether its row is marked. Nobody writes to them.
MASKS = {False: np.zeros(1, dtype=bool), True: np.ones(1, dtype=bool)}
for _mask in MASKS.values():
    _mask.flags.writeable = False


def where(mask: Any, yes: Any, no: Any) -> Any:
    """Return `yes` where the mask holds, else `no`; of one row as numpy's scalar.

    >>> where(np.array([True, False]), 1.0, np.nan).tolist(), where(np.bool_(True), 1.0, np.nan)
    ([1.0, nan], np.float64(1.0))
    """
    if isinstance(mask, np.ndarray):
        return np.where(mask, yes, no)
    chosen = yes if mask else no
    return _SCALARS[type(chosen)](chosen) if type(chosen) in _SCALARS else chosen


def is_silent(mask: Any) -> bool:
    """Return whether this is the mask of one row, and does not hold: nobody needs to hear of it."""
    return not isinstance(mask, np.ndarray) and not mask


def is_null(values: Any) -> Any:
    """Return where a number is not known: NaN alone is not equal to itself."""
    return values != values


def known_or(values: Any, instead: float) -> Any:
    """Return the values, with a number in place of those that are not known."""
    return where(is_null(values), instead, values)


def pick(words: Sequence[float] | Sequence[bool], which: Any) -> Any:
    """Return words[which]; -1 picks the last.

    >>> pick([1.0, 2.0, np.nan], np.array([0, -1])).tolist(), pick([True, False], np.int64(1))
    ([1.0, nan], np.False_)
    """
    if isinstance(which, np.ndarray):
        return np.array(words)[which]
    word = words[which]
    return _SCALARS[type(word)](word) if type(word) in _SCALARS else word


def all_of(masks: Iterable[Any]) -> Any:
    """Return where all masks hold."""
    return reduce(and_, masks)


def any_of(masks: Iterable[Any]) -> Any:
    """Return where any of the masks holds."""
    return reduce(or_, masks)


# Numbers of Python, and what numpy has in their place.
_SCALARS: dict[type, Any] = {float: np.float64, int: np.int64, bool: np.bool_}
