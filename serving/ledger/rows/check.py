"""Hold the rows of a part against their leaves: each is there as it was, or was erased by entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from creditloom.serving.ledger.check import Finding, changed_rows
from creditloom.serving.ledger.rows.leaves import (
    as_words,
    decided_leaves,
    leaf_root,
    rejected_leaves,
)

# Rows named in one finding; enough to start looking, short enough for one line.
MAX_SHOWN_ROWS = 5
Name = Callable[[str], str]


@dataclass(frozen=True)
class PartTables:
    """The tables of a part as they lie there; `leaves` and `quarantine` may have no rows."""

    decisions: pa.Table
    ledger: pa.Table
    quarantine: pa.Table
    leaves: pa.Table


def shown(rows: NDArray[np.int64], part: int, what: str = "decisions") -> str:
    """Name the first rows of a part.

    >>> shown(np.array([3, 8]), part=1)
    'decisions 3, 8 of part 1 (counted from 0)'
    """
    named = ", ".join(str(row) for row in rows[:MAX_SHOWN_ROWS])
    more = f" and {len(rows) - MAX_SHOWN_ROWS} more" if len(rows) > MAX_SHOWN_ROWS else ""
    return f"{what} {named}{more} of part {part} (counted from 0)"


def row_findings(
    tables: PartTables, receipt: Mapping[str, Any], erased: Collection[int], name: Name
) -> Iterator[Finding]:
    """Yield what does not fit among the rows of a part.

    `erased` are the rows that entries of the log say were erased, counted from 0 in the part.
    `name` gives the file of a kind.
    """
    part = receipt["part"]
    changed = changed_rows(tables.decisions, tables.ledger)
    if len(changed):
        what = "the decision hash does not fit"
        yield Finding(name("decisions"), f"{what}: {shown(changed, part)}")
    yield from _count_findings(tables, receipt, name)
    if "leaves" in receipt:
        yield from _leaf_findings(tables, receipt, erased, name)


def _count_findings(
    tables: PartTables, receipt: Mapping[str, Any], name: Name
) -> Iterator[Finding]:
    """Yield counts of the receipt that are not those of the rows and of those erased."""
    # With leaves, they tell how many rows of which kind were erased.
    missing = {"decided": 0, "rejected": 0}
    if "leaves" in receipt:
        is_erased = _is_erased(tables.leaves)
        is_decided = _is_decided(tables.leaves)
        missing = {
            "decided": int((is_erased & is_decided).sum()),
            "rejected": int((is_erased & ~is_decided).sum()),
        }
    for total, by, column in (
        ("decided", "decisions", tables.decisions["decision"]),
        ("rejected", "rejected_by_rule", tables.quarantine["rule"]),
    ):
        there = Counter(column.to_pylist())
        noted = Counter(receipt[by])
        has_more = bool(there - noted)
        if has_more or noted.total() != receipt[total]:
            yield Finding(name(by.partition("_")[0]), f"the counts of `{by}` are not its rows'")
        elif there.total() + missing[total] != receipt[total]:
            counts = f"{receipt[total]} rows were sealed, {there.total()} are there"
            yield Finding(name(by.partition("_")[0]), f"{counts}, {missing[total]} erased")


def _leaf_findings(
    tables: PartTables, receipt: Mapping[str, Any], erased: Collection[int], name: Name
) -> Iterator[Finding]:
    part = receipt["part"]
    leaves = tables.leaves
    expected_rows = receipt["first"] + np.arange(receipt["rows"])
    if leaf_root(leaves) != receipt["leaves"] or not np.array_equal(
        leaves["row"].to_numpy(), expected_rows
    ):
        yield Finding(name("leaves"), "the leaves are not those that the receipt was made of")
        return
    is_erased = _is_erased(leaves)
    is_named = np.zeros(len(leaves), dtype=bool)
    is_named[[row for row in erased if row < len(leaves)]] = True
    for rows, what in (
        (
            np.flatnonzero(is_erased & ~is_named),
            "no erasure names these, whose content is gone",
        ),
        (np.flatnonzero(~is_erased & is_named), "these were erased, and have their content again"),
    ):
        if len(rows):
            yield Finding(name("leaves"), f"{what}: {shown(rows, part, 'rows')}")
    is_decided = _is_decided(leaves)
    decided = np.flatnonzero(is_decided & ~is_erased)
    aside = np.flatnonzero(~is_decided & ~is_erased)
    if len(decided) != len(tables.decisions) or len(decided) != len(tables.ledger):
        counts = f"{len(decided)} decisions by the leaves, {len(tables.decisions)} are there"
        yield Finding(name("decisions"), counts)
    elif len(differing := decided[_differs(tables, decided)]):
        what = "the content is not what was committed to"
        yield Finding(name("decisions"), f"{what}: {shown(differing, part, 'rows')}")
    in_quarantine = tables.quarantine["row"].to_numpy() - receipt["first"]
    if not np.array_equal(in_quarantine, aside):
        yield Finding(name("quarantine"), "its rows are not those that were set aside")
    elif len(differing := aside[_aside_differs(tables, aside)]):
        what = "the content is not what was committed to"
        yield Finding(name("quarantine"), f"{what}: {shown(differing, part, 'rows')}")


def _differs(tables: PartTables, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    salts, leaves = _words(tables.leaves, rows)
    made = decided_leaves(tables.decisions, tables.ledger, salts)
    return np.asarray((made != leaves).any(axis=1))


def _aside_differs(tables: PartTables, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    if not len(rows):
        return np.zeros(0, dtype=bool)
    salts, leaves = _words(tables.leaves, rows)
    return np.asarray((rejected_leaves(tables.quarantine, salts) != leaves).any(axis=1))


def _words(leaves: pa.Table, rows: NDArray[np.int64]) -> tuple[Any, Any]:
    salts = as_words(leaves["salt"].combine_chunks())
    return salts[rows], as_words(leaves["leaf"].combine_chunks())[rows]


def _is_erased(leaves: pa.Table) -> NDArray[np.bool_]:
    return np.asarray(leaves["salt"].is_null().to_numpy(), dtype=bool)


def _is_decided(leaves: pa.Table) -> NDArray[np.bool_]:
    return np.asarray(leaves["is_decided"].to_numpy(), dtype=bool)
