"""Rows that are no rows of their own: copies across folds, and several loans of one borrower."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.models.evaluation.groups.column_strength import Codes, Labels
from creditloom.models.fit.leaks.table_warning import LEAST_ROWS, CheckedTable, TableWarning
from creditloom.models.sample.arrays import Mask

# Shares of rows that have a copy in another fold: told, and grave.
GRAVE_COPIES = 0.01
# A column with so many different values, and in so large a share of the different rows, does not
# repeat by chance.
RICH_VALUES = 50
RICH_SHARE = 0.5
# A borrower's number: so many of the rows have a value of their own, and values repeat.
BORROWER_SHARE = (0.1, 0.98)
# How much more alike the outcomes of one value are than chance makes them, in standard errors.
BORROWER_ERRORS = 4.0
BORROWER_WORDS = re.compile(
    r"customer|client|borrower|applicant|person|member|user|household|cust"
    r"|(?:^|[_\W])(?:id|ids|ssn|account|acct)(?:$|[_\W\d])",
    re.IGNORECASE,
)


def copies(table: CheckedTable) -> Iterator[TableWarning]:
    """Yield a warning for rows that are equal in every column to a row of another fold."""
    rows = row_codes(table.frame)
    fold = np.full(len(rows), -1)
    for k, mask in enumerate(table.folds):
        fold[mask] = k
    across = _across(rows, fold)
    count = int(across.sum())
    if not count:
        return
    share = count / len(rows)
    is_rich = any(_is_rich(table.frame[name], rows) for name in table.frame)
    is_grave = is_rich and share > GRAVE_COPIES
    luck = "" if is_rich else "; the columns have few values, so this may be chance"
    yield TableWarning(
        level="grave" if is_grave else "warning",
        kind="copies",
        name="copies",
        figure=share,
        rows=count,
        text=f"{count:,} rows ({share:.1%}) equal a row of another fold in every column: what is "
        f"learnt from the one is judged on the other{luck}",
        next_step="leave copies out, or name the borrower (--group); --accept copies if the rows "
        "are different loans",
    )


def row_codes(frame: pd.DataFrame) -> Codes:
    """Return a number per row; rows that are equal in every column (null equals null) share it."""
    hashes = pd.util.hash_pandas_object(frame.reset_index(drop=True), index=False).to_numpy()
    return np.unique(hashes, return_inverse=True)[1].astype(np.int64)


def _across(code: Codes, fold: NDArray[np.int64]) -> Mask:
    """Return the rows whose code is in two folds at least."""
    size = int(code.max()) + 1
    low = np.full(size, np.iinfo(np.int64).max)
    high = np.full(size, -1)
    np.minimum.at(low, code, fold)
    np.maximum.at(high, code, fold)
    return np.asarray((low < high)[code])


def _is_rich(column: pd.Series, rows: Codes) -> bool:
    """Return whether a column has so many values that equal rows are no chance."""
    least = max(RICH_VALUES, RICH_SHARE * len(np.unique(rows)))
    return bool(column.nunique() >= least)


def borrowers(table: CheckedTable) -> Iterator[TableWarning]:
    """Yield a warning for a column that looks like the number of a borrower with several rows."""
    n = len(table.label)
    for name in table.frame:
        values = table.frame[name]
        share = values.nunique() / n
        if values.isna().any() or not BORROWER_SHARE[0] < share < BORROWER_SHARE[1]:
            continue
        if values.dtype == np.float64 and (values != np.floor(values)).any():
            continue
        alike = _alikeness(pd.factorize(values)[0], table.label)
        if BORROWER_WORDS.search(str(name)) or alike > BORROWER_ERRORS:
            yield _borrower(str(name), values, n)


def _borrower(name: str, values: pd.Series, n: int) -> TableWarning:
    repeated = int(values.duplicated(keep=False).sum())
    return TableWarning(
        level="warning",
        kind="borrower",
        name=name,
        figure=repeated / n,
        rows=repeated,
        text=f"`{name}` looks like the number of a borrower: {repeated:,} of {n:,} rows share it "
        "with another row, and stand on both sides of the folds",
        next_step=f"--group {name}: rows of one borrower then stay together",
    )


def _alikeness(code: NDArray[np.int64], label: Labels) -> float:
    """Return by how many standard errors pairs of rows of one value agree more than chance."""
    n = np.bincount(code)
    bads = np.bincount(code, weights=label)
    pairs = float((n * (n - 1) / 2).sum())
    if pairs < LEAST_ROWS:
        return 0.0
    goods = n - bads
    agree = float((bads * (bads - 1) / 2 + goods * (goods - 1) / 2).sum())
    p = float(label.mean())
    chance = p**2 + (1 - p) ** 2
    # Pairs of one value are not independent; rows are what luck is drawn for.
    size = min(pairs, float(n[n > 1].sum()))
    return (agree / pairs - chance) / float(np.sqrt(chance * (1 - chance) / size))
