"""Name the content of each row by one word, which is the same at every door for the same input."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..base.catalogue import Catalogue
from ..reasons.words import distinct_of
from ..score.contributions.row_sums import add_rows, name_words
from .input_frame import Frame, factorized


def content_words(
    rows: Frame, catalogue: Catalogue, *, is_given: bool = False
) -> NDArray[np.uint64]:
    """Return 64 bits per row over all that a decision reads: inputs, facts and features.

    A null input and one that is not there are alike, as they are for the decision. With `is_given`
    features are taken as they were given (bundles of format 4), so that two levels that the model
    reads as one number are two inputs, and so are null and the number that is read in its place.
    Else they are taken as the model reads them.
    """
    sums = np.zeros(len(rows.x), np.uint64)
    names = tuple(rows.numbers)
    if names:
        add_rows(sums, names, np.array([rows.numbers[name] for name in names]))
    # The column's name begins otherwise, so that an input and a feature of one name both count.
    if is_given and rows.features is not None:
        add_rows(sums, rows.features.plan.content_names, rows.features.numbers)
        for name, texts in rows.features.texts.items():
            distinct, at = distinct_of(texts)
            sums += _text_words(f"feature {name}", distinct)[at]
    else:
        add_rows(sums, tuple(f"feature {name}" for name in catalogue.names), rows.x.T)
    codes, purposes = factorized(rows.purpose)
    sums += _text_words("purpose", purposes)[codes]
    return sums


def _text_words(name: str, texts: Iterable[str]) -> NDArray[np.uint64]:
    """Return a word per text of a column, and at the end, where -1 points to, that of null: 0."""
    return np.append(name_words(tuple(f"{name} {text}" for text in texts)), np.uint64(0))
