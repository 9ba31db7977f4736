"""Warn of a table like a colleague: columns that know the outcome, copies, borrowers, proxies.

All checks read one column at a time, or whole rows, and need no model; only the last one asks how
well the model's score tells a protected group.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.models.fit.column_strength import (
    Codes,
    Labels,
    SortedColumn,
    auc_error,
    held_out_auc,
)
from creditloom.models.fit.protected_groups import MIN_GROUP_ROWS, NULL_GROUP, groups_of
from creditloom.models.sample.arrays import Floats, Mask

Level = Literal["grave", "warning"]

# A single column of credit data hardly reaches an AUC of .8. Above the first figure it knows the
# outcome, above the second it deserves a question.
GRAVE_AUC = 0.95
WARN_AUC = 0.90
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
# Rows on which features are asked for proxies.
PROXY_ROWS = 20_000
# Fewer known rows or rows of a class tell nothing.
LEAST_ROWS = 20


@dataclass(frozen=True)
class TableWarning:
    """One thing that a colleague would say of the table.

    kind: leak, pure, copy, aged, copies, borrower, proxy. name: the column (or `copies`), by which
    it is accepted. figure: AUC or share. rows: how many rows it is about. is_accepted: a person
    accepted it by name.
    """

    level: Level
    kind: str
    name: str
    figure: float
    rows: int
    text: str
    next_step: str
    is_accepted: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the warning as it stands in metrics.json."""
        return vars(self).copy()


@dataclass(frozen=True)
class CheckedTable:
    """What the checks read: one entry per row each.

    frame: features, float64 or text, codes of missing as null. folds: the held-out rows of each
    fold.
    """

    frame: pd.DataFrame
    label: Labels
    time: NDArray[np.datetime64] | None
    group: Codes | None
    folds: Sequence[Mask]


def table_warnings(table: CheckedTable) -> list[TableWarning]:
    """Return what is to be said of the columns and rows of a table, the grave first."""
    found: list[TableWarning] = []
    for name in table.frame:
        found += _of_column(str(name), table)
    found += _copies(table)
    if table.group is None:
        found += _borrowers(table)
    return sorted(found, key=lambda warning: warning.level != "grave")


def accepted(warnings: Sequence[TableWarning], names: Sequence[str]) -> tuple[TableWarning, ...]:
    """Return the warnings, those of the names as accepted."""
    return tuple(
        TableWarning(**{**vars(warning), "is_accepted": warning.name in names})
        for warning in warnings
    )


# One column.


def _of_column(name: str, table: CheckedTable) -> Iterator[TableWarning]:
    column = SortedColumn.of(table.frame[name])
    codes = column.bins
    best = max(held_out_auc(codes, table.label), column.rank_auc(table.label))
    copy = _copy(name, codes, table.label)
    if copy is not None:
        yield copy
    elif best > WARN_AUC:
        yield _leak(name, best, len(codes))
    pure = _pure(name, column, table.label)
    if pure is not None and copy is None:
        yield pure
    if table.time is not None and best <= GRAVE_AUC:
        yield from _aged(name, codes, table.label, table.time)


def _leak(name: str, figure: float, rows: int) -> TableWarning:
    level: Level = "grave" if figure > GRAVE_AUC else "warning"
    text = f"`{name}` alone tells bads from goods with AUC {figure:.3f}: suspicious, "
    text += "it probably knows the outcome (a leak)"
    return TableWarning(level, "leak", name, figure, rows, text, _ask(name))


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
    text = f"`{name}` tells the outcome in the oldest third of the rows (AUC {old:.3f}) and not in "
    text += f"the latest (AUC {new:.3f}): it may be filled after the outcome (a leak)"
    yield TableWarning(level, "aged", name, old, int(first.sum()), text, _ask(name))


def _enough(label: Labels) -> bool:
    bads = int(label.sum())
    return min(bads, len(label) - bads) >= LEAST_ROWS


# Whole rows.


def _copies(table: CheckedTable) -> Iterator[TableWarning]:
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


def _borrowers(table: CheckedTable) -> Iterator[TableWarning]:
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


# Protected groups.


@dataclass(frozen=True)
class ProxyFigure:
    """How well a protected column can be told: by the best feature, and by the model's score.

    Figures are AUC; of several groups that of the group told best, against all others. hidden_rows:
    rows of groups too small to be shown.
    """

    field: str
    feature: str
    feature_auc: float
    group: str
    score_auc: float
    hidden_rows: int


def proxies(frame: pd.DataFrame, protected: pd.DataFrame, score: Floats) -> list[ProxyFigure]:
    """Return one figure per protected column; score: the model's held-out PD.

    Features are judged on evenly spaced rows of a large table; the groups are those of all rows.
    """
    places = np.linspace(0, len(frame) - 1, min(PROXY_ROWS, len(frame))).astype(int)
    some = frame.iloc[places]
    bins = {str(name): SortedColumn.of(some[name]).bins for name in some}
    scored = SortedColumn.of(pd.Series(score[places])).bins
    return [
        _proxy(str(name), groups_of(protected[name]), places, bins, scored) for name in protected
    ]


def _proxy(
    field: str,
    group: NDArray[np.object_],
    places: NDArray[np.int64],
    bins: Mapping[str, Codes],
    scored: Codes,
) -> ProxyFigure:
    names, counts = np.unique(group.astype(str), return_counts=True)
    shown = [str(name) for name, n in zip(names, counts, strict=True) if n >= MIN_GROUP_ROWS]
    # Whether a person told is no protected trait.
    shown = [name for name in shown if name != NULL_GROUP]
    told = []
    scores = []
    for one in shown:
        is_one = (group[places] == one).astype(np.int8)
        told += [(held_out_auc(codes, is_one), name, one) for name, codes in bins.items()]
        scores.append(held_out_auc(scored, is_one))
    best = max(told, default=(0.5, "", ""))
    return ProxyFigure(
        field=field,
        feature=best[1],
        feature_auc=best[0],
        group=best[2],
        score_auc=max(scores, default=0.5),
        hidden_rows=int(counts[counts < MIN_GROUP_ROWS].sum()),
    )


def proxy_warnings(figures: Sequence[ProxyFigure]) -> list[TableWarning]:
    """Return a warning for each protected column that a feature or the score tells too well."""
    return [warning for figure in figures for warning in _proxy_warnings(figure)]


def _proxy_warnings(figure: ProxyFigure) -> Iterator[TableWarning]:
    if figure.feature_auc > WARN_AUC:
        text = (
            f"`{figure.feature}` tells `{figure.field}` ({figure.group} or not) with AUC "
            f"{figure.feature_auc:.3f}: the protected column is modelled under another name"
        )
        step = (
            f"--drop {figure.feature}, --protected {figure.feature}, or --accept {figure.feature}"
        )
        yield _proxy_warning(figure.feature, figure.feature_auc, text, step)
    if figure.score_auc > WARN_AUC:
        text = (
            f"the model's score tells `{figure.field}` with AUC {figure.score_auc:.3f}: "
            "decisions follow the protected column"
        )
        step = f"drop the columns that tell it, or --accept {figure.field}"
        yield _proxy_warning(figure.field, figure.score_auc, text, step)


def _proxy_warning(name: str, figure: float, text: str, step: str) -> TableWarning:
    level: Level = "grave" if figure > GRAVE_AUC else "warning"
    return TableWarning(level, "proxy", name, figure, 0, text, step)
