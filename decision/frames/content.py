"""Name the content of each row by one word, which is the same at every door for the same input."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..base.catalogue import Catalogue
from ..score.contributions.row_sums import add_rows, name_words
from .input_frame import Frame


def content_words(rows: Frame, catalogue: Catalogue) -> NDArray[np.uint64]:
    """Return 64 bits per row over all that a decision reads: inputs, facts and features.

    A null input and one that is not there are alike, as they are for the decision.
    """
    sums = np.zeros(len(rows.x), np.uint64)
    names = tuple(rows.numbers)
    if names:
        add_rows(sums, names, np.array([rows.numbers[name] for name in names]))
    # The column's name begins otherwise, so that an input and a feature of one name both count.
    add_rows(sums, tuple(f"feature {name}" for name in catalogue.names), rows.x.T)
    codes, purposes = pd.factorize(rows.purpose)
    # One more word at the end, which the code of null (-1) points to.
    words = np.append(name_words(tuple(f"purpose {text}" for text in purposes)), np.uint64(0))
    sums += words[codes]
    return sums
