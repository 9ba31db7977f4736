"""Periods that hold one class only: outcomes that are not known yet, or a date that tells them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from creditloom.models.evaluation.groups.column_strength import (
    Labels,
    SortedColumn,
    auc_words,
    held_out_auc,
)
from creditloom.models.fit.leaks.table_warning import (
    GRAVE_AUC,
    WARN_AUC,
    CheckedTable,
    Level,
    TableWarning,
)
from creditloom.models.sample.arrays import Mask

# Months of one class are told where luck makes so many rows of it less often than this.
LUCK = 1e-4
# The economy moves the bad rate. It is grave where even half of the rate makes it no luck.
LOW_RATE = 0.5


def period_warnings(table: CheckedTable) -> Iterator[TableWarning]:
    """Yield a warning where the date of a row tells its outcome, or late rows have none yet."""
    if table.time is None:
        return
    moment = pd.Series(table.time.astype("datetime64[us]").astype(np.float64))
    figure = held_out_auc(SortedColumn.of(moment).bins, table.label)
    if figure > WARN_AUC:
        yield _telling(table.time_name, figure, table.label)
        return
    month = table.time.astype("datetime64[M]").astype(np.int64)
    for outcome, words in ((1, "bad"), (0, "good")):
        yield from _without(table, month, (table.label == outcome).astype(np.int8), words)


def _telling(name: str, figure: float, label: Labels) -> TableWarning:
    level: Level = "grave" if figure > GRAVE_AUC else "warning"
    text = f"the date `{name}` alone tells bads from goods with {auc_words(figure, label)}: its "
    text += "periods hold nearly one class each, as where both were gathered at different times"
    step = f"gather both classes from the same periods; --accept {name} if that is how it was"
    return TableWarning(level, "period", name, figure, len(label), text, step)


def _without(
    table: CheckedTable, month: np.ndarray, is_one: Labels, words: str
) -> Iterator[TableWarning]:
    """Yield a warning for the longest run of months without a row of one class, if no luck."""
    inside, is_last = _longest_run(month, is_one)
    rows = int(inside.sum())
    rate = float(is_one[~inside].mean()) if not inside.all() else 0.0
    if not rows or rate in (0.0, 1.0) or rows * np.log1p(-rate) > np.log(LUCK):
        return
    assert table.time is not None
    first, last = (str(edge)[:7] for edge in (table.time[inside].min(), table.time[inside].max()))
    is_grave = is_last and rows * np.log1p(-rate * LOW_RATE) < np.log(LUCK)
    text = f"no row of {rows:,} from {first} to {last} is {words}, of the others {rate:.1%}"
    if is_last:
        text += ": the latest outcomes are probably not known yet, and the level of the PD is "
        text += "taken from the latest months"
    yield TableWarning(
        level="grave" if is_grave else "warning",
        kind="period",
        name=table.time_name,
        figure=rows / len(month),
        rows=rows,
        text=text,
        next_step="leave out rows whose outcome is not complete, or --accept "
        f"{table.time_name} if it is",
    )


def _longest_run(month: np.ndarray, is_one: Labels) -> tuple[Mask, bool]:
    """Return the rows of the run of months without the class that has most rows; is it the last?

    >>> inside, is_last = _longest_run(np.array([1, 2, 3, 3]), np.array([0, 1, 0, 0], np.int8))
    >>> inside.tolist(), is_last
    ([False, False, True, True], True)
    """
    place = np.unique(month, return_inverse=True)[1]
    rows = np.bincount(place)
    # Months with a row of the class divide the others into runs.
    divides = np.bincount(place, is_one) > 0
    run = np.where(divides, 0, np.cumsum(divides) + 1)
    sizes = np.bincount(run, rows)
    sizes[0] = 0
    longest = int(np.argmax(sizes))
    if not sizes[longest]:
        return np.zeros(len(month), bool), False
    return np.asarray(run[place] == longest), bool(run[-1] == longest)
