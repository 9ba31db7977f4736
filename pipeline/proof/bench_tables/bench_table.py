"""A table that every contestant learns from, and the outer folds that all of them share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.models.fit.training_table import Labels, fold_masks
from creditloom.models.sample.arrays import Floats, Mask

# mixed: stratified folds of all rows. forward: each fold holds later rows than those learnt from.
FoldKind = Literal["mixed", "forward"]


@dataclass(frozen=True)
class BenchTable:
    """One row per application.

    frame: features; a number is float64 with NaN for null, a category is text with None for null.
    label: 1 bad, 0 good.
    special_codes: numbers of the frame that mean something other than their size.
    time: date of application, datetime64; None where the table has none.
    group: number of the person behind a row; the rows of a person stay in one fold. None where each
    row is a person of its own.
    true_pd: the probability that the label was drawn from; None for a table of real people.
    """

    name: str
    frame: pd.DataFrame
    label: Labels
    folds: FoldKind = "mixed"
    repeats: int = 1
    special_codes: tuple[float, ...] = ()
    time: NDArray[np.datetime64] | None = None
    group: NDArray[np.int64] | None = None
    true_pd: Floats | None = None

    def __post_init__(self) -> None:
        """Raise AssertionError for a column that contestants would take for something else."""
        kinds = {str(kind) for kind in self.frame.dtypes}
        assert kinds <= {"float64", "object"}, f"{self.name}: columns of type {kinds}"

    @property
    def categories(self) -> list[str]:
        """Return the names of the columns of text."""
        return [name for name in self.frame.columns if self.frame[name].dtype == object]

    def digest(self) -> str:
        """Return a hash of all that a contestant reads: an equal one means equal rows."""
        hashed = hashlib.sha256(repr((self.folds, self.special_codes)).encode())
        whole = self.frame.assign(__label=self.label, __group=self.group, __time=self.time)
        hashed.update("\0".join(whole.columns).encode())
        hashed.update(pd.util.hash_pandas_object(whole, index=False).to_numpy().tobytes())
        return hashed.hexdigest()


@dataclass(frozen=True)
class OuterFold:
    """Masks of the rows that are learnt from and of those that are judged; shape (rows,)."""

    number: int
    train: Mask
    test: Mask


def outer_folds(table: BenchTable, folds: int, seed: int) -> Iterator[OuterFold]:
    """Yield `folds` folds for each repeat of the table.

    A table with dates has no second repeat, because its folds are not drawn by lot.
    """
    if table.folds == "forward":
        yield from _forward(table, folds)
        return
    for repeat in range(table.repeats):
        for k, test in enumerate(_mixed(table, folds, seed + repeat)):
            yield OuterFold(number=repeat * folds + k, train=~test, test=test)


def _mixed(table: BenchTable, folds: int, seed: int) -> Iterator[Mask]:
    if table.group is None:
        yield from fold_masks(table.label, folds, seed)
        return
    # Loaded here: only a table with persons needs it.
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for _, rows in splitter.split(np.empty((len(table.label), 0)), table.label, table.group):
        test = np.zeros(len(table.label), dtype=bool)
        test[rows] = True
        yield test


def _forward(table: BenchTable, folds: int) -> Iterator[OuterFold]:
    """Cut the rows by date into one block more than `folds`; each block after the first is judged.

    The model of a block learns from all rows before it.
    """
    if table.time is None:
        raise AssertionError(f"{table.name}: forward folds without dates")
    moments = table.time.astype("datetime64[us]").astype(np.int64)
    shares = np.arange(1, folds + 1) / (folds + 1)
    # Rows of one moment stay together: an edge is the moment of a row, and that row is after it.
    block = np.searchsorted(np.quantile(moments, shares, method="higher"), moments, side="right")
    for k in range(folds):
        yield OuterFold(number=k, train=block <= k, test=block == k + 1)
