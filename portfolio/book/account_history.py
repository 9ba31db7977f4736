"""The panel of a book as one matrix per column: accounts x months back, so that a rule on past months is one array expression."""

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
OPTIONAL = (
    "is_extended",
)  # a month in which the loan was extended (S1-R37); a panel without the column has none
KEYS = ("application_id", "month_on_book", "is_written_off")


@dataclass(frozen=True)
class History:
    """Accounts in order of id; in `columns` matrices of accounts x months, column 0 the latest month, null where nothing is known."""

    account: NDArray[np.int64]
    month_on_book: NDArray[np.int64]
    is_written_off: NDArray[np.bool_]
    columns: dict[str, Floats]

    @property
    def size(self) -> int:
        return len(self.account)

    def of(self, name: str, months: int | None = None) -> Floats:
        """The last `months` of a column, latest first; all that are held by default."""
        return self.columns[name][:, :months]

    def now(self, name: str) -> Floats:
        """A column at the review date."""
        return self.columns[name][:, 0]

    def mean(self, name: str, months: int) -> Floats:
        """Mean of the last `months` that are known; null where none is."""
        values = self.of(name, months)
        known = np.isfinite(values)
        total = np.where(known, values, 0.0).sum(axis=1)
        return np.divide(
            total, known.sum(axis=1), out=np.full(self.size, np.nan), where=known.any(axis=1)
        )

    @property
    def is_extended(self) -> NDArray[np.bool_]:
        """Accounts with an extension in any month held."""
        return np.asarray(
            (self.columns.get("is_extended", np.zeros((self.size, 1))) > 0).any(axis=1)
        )

    @property
    def on_time(self) -> NDArray[np.bool_]:
        """Months with nothing overdue at their end and nothing paid late; accounts x months. A month before the account's first is not."""
        late = self.columns["days_late"] > 0
        return (self.columns["dpd_days"] == 0) & ~late


def history(panel: pa.Table, months: int) -> History:
    """The last `months` of each account of a panel (one row per account and month, any order).

    Raises BookError for a missing column, a null key, or two rows of one account and month.
    """
    missing = [name for name in (*KEYS, *COLUMNS) if name not in panel.column_names]
    if missing:
        raise BookError(
            f"panel: columns {', '.join(missing)} are missing; expected {', '.join((*KEYS, *COLUMNS))}. Add them."
        )
    account, month = (panel[name].to_numpy() for name in KEYS[:2])
    order = np.lexsort((-month, account))
    account, month = account[order], month[order]
    first = (
        np.flatnonzero(np.concatenate([[True], account[1:] != account[:-1]]))
        if len(account)
        else np.empty(0, np.int64)
    )
    row = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(account))))
    back = month[first][row] - month
    if (np.diff(back)[np.diff(row) == 0] == 0).any():
        raise BookError(
            "panel: an account has two rows of one month; expected one. Remove the doubles."
        )
    kept = back < months
    place = (row[kept], back[kept])
    filled = {
        name: _matrix(panel[name], order[kept], place, (len(first), months)) for name in COLUMNS
    }
    filled |= {
        name: _matrix(panel[name], order[kept], place, (len(first), months))
        for name in OPTIONAL
        if name in panel.column_names
    }
    gone = panel["is_written_off"].to_numpy(zero_copy_only=False)[order][first]
    return History(account[first], month[first].astype(np.int64), gone, filled)


def _matrix(
    column: pa.ChunkedArray,
    rows: NDArray[np.int64],
    place: tuple[NDArray[np.int64], ...],
    shape: tuple[int, int],
) -> Floats:
    out = np.full(shape, np.nan)
    out[place] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)[rows]
    return out
