"""Columns that know the outcome, each judged by itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from creditloom.models.evaluation.groups.column_strength import (
    Codes,
    Labels,
    SortedColumn,
    auc_error,
    auc_words,
    held_out_auc,
)
from creditloom.models.fit.leaks.table_warning import (
    GRAVE_AUC,
    LEAST_ROWS,
    WARN_AUC,
    CheckedTable,
    Level,
    TableWarning,
)

# A range or level that is all bad. So many rows in a row are no luck, and so large a share of all
# bads in it is grave.
PURE_ROWS = 25
PURE_SHARE = 0.05
GRAVE_PURE_SHARE = 0.5
# In a table of many bads longer runs come by luck: so many times the longest expected one.
LUCKY_RUNS = 3
# Two values that go with good and bad: the correlation above which one is a copy of the other.
COPY_CORRELATION = 0.9
# A column that tells the outcome in old rows and not in late ones: AUC of the old third, and how
# much it is above that of the late third, in AUC and in standard errors.
OLD_AUC = 0.75
AGED_BY = 0.15
AGED_ERRORS = 4.0


def column_warnings(name: str, table: CheckedTable) -> Iterator[TableWarning]:
    """Yield what is suspicious about one column alone: a copy of the label, or an AUC near 1."""
    column = SortedColumn.of(table.frame[name])
    codes = column.bins
    best = max(held_out_auc(codes, table.label), column.rank_auc(table.label))
    copy = _copy(name, codes, table.label)
    if copy is not None:
        yield copy
    elif best > WARN_AUC:
        yield _leak(name, best, table.label)
    pure = _pure(name, column, table.label)
    if pure is not None and copy is None:
        yield pure
    if table.time is not None and best <= GRAVE_AUC:
        yield from _aged(name, codes, table.label, table.time)


def _leak(name: str, figure: float, label: Labels) -> TableWarning:
    level: Level = "grave" if figure > GRAVE_AUC else "warning"
    text = f"`{name}` alone tells bads from goods with {auc_words(figure, label)}: suspicious, "
    text += "it probably knows the outcome (a leak)"
    return TableWarning(level, "leak", name, figure, len(label), text, _ask(name))


def _ask(name: str) -> str:
    return (
        f"ask when it is filled; --drop {name}, or --accept {name} if it is known before the "
        "decision"
    )


def _copy(name: str, codes: Codes, label: Labels) -> TableWarning | None:
    """Return a warning for a column of two values that goes with the label but for some rows."""
    values = np.unique(codes)
    if len(values) != 2:
        return None
    flag = codes == values[1]
    phi = float(np.corrcoef(flag, label)[0, 1])
    if abs(phi) < COPY_CORRELATION:
        return None
    differ = int((flag != (label == 1)).sum())
    rows = min(differ, len(label) - differ)
    text = f"`{name}` is a copy of the label but for {rows:,} of {len(label):,} rows (a leak)"
    step = f"--drop {name}, or --accept {name} if it is known before the decision"
    return TableWarning("grave", "copy", name, abs(phi), rows, text, step)


def _pure(name: str, column: SortedColumn, label: Labels) -> TableWarning | None:
    """Return a warning for a level or range of a column in which every row is bad."""
    bads = int(label.sum())
    rows, words = column.longest_pure(label)
    share = rows / bads if bads else 0.0
    p = bads / len(label)
    # The longest run that luck makes in so many rows.
    lucky = np.log(len(label)) / -np.log(p) if 0 < p < 1 else np.inf
    if rows < max(PURE_ROWS, LUCKY_RUNS * lucky) or share < PURE_SHARE:
        return None
    level: Level = "grave" if share > GRAVE_PURE_SHARE else "warning"
    found = f"all {rows:,} rows are bad, {share:.0%} of all bads"
    text = f"`{name}` {words}: {found}; it probably knows the outcome (a leak)"
    return TableWarning(level, "pure", name, share, rows, text, _ask(name))


def _aged(
    name: str, codes: Codes, label: Labels, time: NDArray[np.datetime64]
) -> Iterator[TableWarning]:
    """Yield a warning for a column that tells the outcome in the old third and not in the late."""
    moment = time.astype("datetime64[us]").astype(np.int64)
    early, late = np.quantile(moment, [1 / 3, 2 / 3])
    first = moment <= early
    last = moment > late
    if not _enough(label[first]) or not _enough(label[last]):
        return
    old = held_out_auc(codes[first], label[first])
    new = held_out_auc(codes[last], label[last])
    error = float(np.hypot(auc_error(label[first]), auc_error(label[last])))
    if old <= OLD_AUC or old - new <= max(AGED_BY, AGED_ERRORS * error):
        return
    level: Level = "grave" if old > GRAVE_AUC else "warning"
    text = f"`{name}` tells the outcome in the oldest third of the rows ("
    text += f"{auc_words(old, label[first])}) and not in the latest ("
    text += f"{auc_words(new, label[last])}): it may be filled after the outcome (a leak)"
    yield TableWarning(level, "aged", name, old, int(first.sum()), text, _ask(name))


def _enough(label: Labels) -> bool:
    bads = int(label.sum())
    return min(bads, len(label) - bads) >= LEAST_ROWS
