"""Columns of texts: Arrow's for many entries, a list of Python for few.

Every call into Arrow costs as much as some ten texts of Python. So what makes a column decides by
its length which of the two it is, and what works on columns takes both: the sentences of a batch
and of a single row are put together by the same lines of code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

TEXT = pa.string()
# Columns of so few entries are lists: one row must not pay for what is quick for many.
FEW = 32


class FewTexts(list[str | None]):
    """A column of few texts; None is null."""

    def to_pylist(self) -> list[str | None]:
        """Return the texts as a plain list, as a column of Arrow does."""
        return [*self]


Texts: TypeAlias = pa.Array | FewTexts


def texts_of(words: Sequence[str | None]) -> Texts:
    """Return these texts as a column."""
    return FewTexts(words) if len(words) <= FEW else pa.array(words, TEXT)


def in_arrow(texts: Texts) -> pa.Array:
    """Return a column as Arrow's."""
    return pa.array(texts, TEXT) if isinstance(texts, list) else texts


def word_column(words: Sequence[str | None], which: np.ndarray) -> Texts:
    """Return words[which] as a text column; -1 picks the last.

    >>> word_column(["low", "high", None], np.array([1, 0, -1])).to_pylist()
    ['high', 'low', None]
    """
    if len(which) <= FEW:
        return FewTexts([words[k] for k in which.tolist()])
    # Arrow knows no negative positions; the remainder turns -1 into the last.
    return pa.array(words, TEXT).take(pa.array(which % len(words)))


def repeated(word: str | None, n: int) -> Texts:
    """Return a column with the same text in each of `n` entries."""
    return FewTexts([word] * n) if n <= FEW else pa.repeat(pa.scalar(word, TEXT), n)


def joined_text(*pieces: Texts | str) -> Texts:
    """Return texts put together row by row; a plain text stands in every row, null makes null."""
    columns = [piece for piece in pieces if not isinstance(piece, str)]
    if not columns or not all(isinstance(one, list) for one in columns):
        plain = [pa.array(one, TEXT) if isinstance(one, list) else one for one in pieces]
        return pc.binary_join_element_wise(*plain, "")
    n = len(columns[0])
    rows = zip(*([one] * n if isinstance(one, str) else one for one in pieces), strict=True)
    return FewTexts([None if None in row else "".join(row) for row in rows])


def put(texts: Texts, at: np.ndarray, words: Texts) -> Texts:
    """Return the texts with the words in place of those at `at`, which ascend."""
    if not len(at):
        return texts
    if isinstance(texts, list):
        changed = FewTexts(texts)
        for k, word in zip(at.tolist(), words.to_pylist(), strict=True):
            changed[k] = word
        return changed
    mask = np.zeros(len(texts), dtype=bool)
    mask[at] = True
    return pc.replace_with_mask(texts, pa.array(mask), in_arrow(words))


def kept(texts: Texts, mask: np.ndarray) -> Texts:
    """Return the texts of the mask."""
    if isinstance(texts, list):
        return FewTexts([one for one, keep in zip(texts, mask.tolist(), strict=True) if keep])
    return texts.filter(pa.array(mask))


def taken(texts: Texts, positions: np.ndarray) -> Texts:
    """Return the texts at these positions, in their order."""
    if isinstance(texts, list):
        return FewTexts([texts[k] for k in positions.tolist()])
    return texts.take(pa.array(positions))


def concatenated(parts: Sequence[Texts]) -> Texts:
    """Return the texts of all parts, one after the other."""
    if all(isinstance(part, list) for part in parts):
        return FewTexts([one for part in parts for one in part])
    return pa.concat_arrays([in_arrow(part) for part in parts])


def are_same(one: Texts, other: Texts) -> np.ndarray:
    """Return where two columns without nulls hold the same text."""
    if isinstance(one, list) and isinstance(other, list):
        return np.array([a == b for a, b in zip(one, other, strict=True)], dtype=bool)
    found = pc.equal(in_arrow(one), in_arrow(other))
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


def substituted(texts: Texts, pattern: str, text: str) -> Texts:
    r"""Return the texts with what matches the pattern replaced; `\1` is its first group."""
    if isinstance(texts, list):
        found = re.compile(pattern)
        return FewTexts([None if one is None else found.sub(text, one) for one in texts])
    return pc.replace_substring_regex(texts, pattern, text)


def distinct_of(texts: pa.Array) -> tuple[list[Any], np.ndarray]:
    """Return the distinct texts of a column, without null, and which of them each entry holds.

    Null points behind the last of them.
    """
    if len(texts) <= FEW:
        place: dict[Any, int] = {}
        given = texts.to_pylist()
        codes = [-1 if one is None else place.setdefault(one, len(place)) for one in given]
        found = np.array(codes, np.int64)
        found[found < 0] = len(place)
        return [*place], found
    coded = texts.dictionary_encode()
    distinct = coded.dictionary.to_pylist()
    return distinct, np.asarray(pc.fill_null(coded.indices, len(distinct)).to_numpy())
