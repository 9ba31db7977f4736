"""Hold the panel of a book as one matrix per column: accounts x months back.

So a rule on past months is one array expression.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from creditloom.portfolio.book.review_rules import BookError

Floats = NDArray[np.float64]

COLUMNS = (
    "limit_fen",
    "daily_rate",
    "balance_fen",
    "arrears_fen",
    "dpd_days",
    "days_late",
    "due_fen",
    "paid_fen",
    "drawn_fen",
    "n_payments",
    "inflow_fen",
    "retained_share",
    "other_debt_service_fen",
    "lqt_balance_fen",
    "lct_balance_fen",
    "n_asset_proofs",
    "n_hard_enquiries",
    "pay_score",
)
# is_extended: a month in which the loan was extended (S1-R37). A panel without the column has none.
OPTIONAL = ("is_extended",)
KEYS = ("application_id", "month_on_book", "is_written_off")


@dataclass(frozen=True)
class History:
    """The last months of accounts, in order of id.

    `columns` holds matrices of accounts x months; column 0 is the latest month, null is not known.
    """

    account: NDArray[np.int64]
    month_on_book: NDArray[np.int64]
    is_written_off: NDArray[np.bool_]
    columns: dict[str, Floats]

    @property
    def size(self) -> int:
        """The number of accounts."""
        return len(self.account)

    def of(self, name: str, months: int | None = None) -> Floats:
        """Return the last `months` of a column, latest first; None returns all that are held."""
        return self.columns[name][:, :months]

    def now(self, name: str) -> Floats:
        """Return a column at the review date."""
        return self.columns[name][:, 0]

    def mean(self, name: str, months: int) -> Floats:
        """Return the mean of the last `months` that are known; null where none is."""
        return known_mean(self.of(name, months))

    @property
    def is_extended(self) -> NDArray[np.bool_]:
        """Accounts with an extension in any month held."""
        extended = self.columns.get("is_extended", np.zeros((self.size, 1)))
        return np.asarray((extended > 0).any(axis=1))

    @property
    def on_time(self) -> NDArray[np.bool_]:
        """Months with nothing overdue at their end and nothing paid late; accounts x months.

        A month before the account's first is not on time: its DPD is null, and null equals nothing.
        """
        is_late = self.columns["days_late"] > 0
        return (self.columns["dpd_days"] == 0) & ~is_late


def known_mean(values: Floats) -> Floats:
    """Return the mean of the known values of each row; null where none is known.

    >>> known_mean(np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]]))
    array([ 2., nan])
    """
    is_known = np.isfinite(values)
    total = np.where(is_known, values, 0.0).sum(axis=1)
    count = is_known.sum(axis=1)
    return np.divide(total, count, out=np.full(len(values), np.nan), where=is_known.any(axis=1))


def history(panel: pa.Table, months: int) -> History:
    """Return the last `months` of each account of a panel.

    The panel has one row per account and month, in any order. Raises BookError for a missing
    column, and for two rows of one account and month.
    """
    _check_columns(panel)
    account = panel["application_id"].to_numpy()
    month = panel["month_on_book"].to_numpy()
    # By account, the latest month first: the first row of an account is its review date.
    order = np.lexsort((-month, account))
    account = account[order]
    month = month[order]
    first = _first_rows(account)
    row = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(account))))
    months_back = month[first][row] - month
    if (np.diff(months_back)[np.diff(row) == 0] == 0).any():
        raise BookError(
            "panel: an account has two rows of one month; expected one. Remove the doubles."
        )
    is_held = months_back < months
    place = (row[is_held], months_back[is_held])
    shape = (len(first), months)
    names = (*COLUMNS, *(name for name in OPTIONAL if name in panel.column_names))
    columns = {name: _matrix(panel[name], order[is_held], place, shape) for name in names}
    is_written_off = panel["is_written_off"].to_numpy(zero_copy_only=False)[order][first]
    return History(
        account=account[first],
        month_on_book=month[first].astype(np.int64),
        is_written_off=is_written_off,
        columns=columns,
    )


def _check_columns(panel: pa.Table) -> None:
    wanted = (*KEYS, *COLUMNS)
    missing = [name for name in wanted if name not in panel.column_names]
    if missing:
        raise BookError(
            f"panel: columns {', '.join(missing)} are missing; expected {', '.join(wanted)}. "
            "Add them."
        )


def _first_rows(account: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first row of each account, of rows that are sorted by account."""
    if not len(account):
        return np.empty(0, np.int64)
    is_new = np.concatenate([[True], account[1:] != account[:-1]])
    return np.flatnonzero(is_new)


def _matrix(
    column: pa.ChunkedArray,
    rows: NDArray[np.int64],
    place: tuple[NDArray[np.int64], ...],
    shape: tuple[int, int],
) -> Floats:
    """Return the values of `rows` at their places; a place without a row is null."""
    matrix = np.full(shape, np.nan)
    matrix[place] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)[rows]
    return matrix
