"""What was found on some applications of a batch, whoever looked: a rule, a criterion or a filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

Outcome = Literal["refuse", "decline", "refer"]


@dataclass(frozen=True)
class Fired:
    """Code, what follows (`outcome` None changes no decision), its words, and the applications it was found on (mask)."""

    code: str
    outcome: Outcome | None
    text_en: str
    text_zh: str
    mask: np.ndarray

    @cached_property
    def is_found(self) -> bool:
        """On any application of the batch."""
        return bool(self.mask.any())


def words_of(n_rows: int, fired: Sequence[Fired], words: Sequence[str]) -> tuple[list[tuple[str, ...]], np.ndarray]:
    """The `words` of what fired (at most 63 things), in order and without repeats: once per combination, and which one each row has."""
    there = [(one, word) for one, word in zip(fired, words, strict=True) if one.is_found]
    patterns = np.zeros(n_rows, dtype=np.int64)
    if not there:
        return [()], patterns
    for k, (one, _) in enumerate(there):
        patterns |= one.mask.astype(np.int64) << k
    distinct, which = np.unique(patterns, return_inverse=True)
    return [tuple(dict.fromkeys(word for k, (_, word) in enumerate(there) if pattern >> k & 1)) for pattern in distinct.tolist()], which
