"""Find the rows that cannot be decided: each rule yields the rows that break it, and why.

Rules look at columns at a time, not at rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds
from numpy.typing import NDArray

from creditloom.decision.frames.input_frame import AMOUNTS, ID
from creditloom.serving.inputs import InputColumn

# In the order in which a row with several faults is named.
RULES = (
    "id_null",
    "id_blank",
    "id_duplicate",
    "as_of_null",
    "as_of_past",
    "as_of_future",
    "not_finite",
    "below_range",
    "above_range",
    "no_consent",
)
# No application is older: such a date is an unset clock.
EARLIEST = dt.date(2000, 1, 1)
# Above these a value is taken for one in another unit. Amounts are in fen: 1e15 are 10 tn CNY.
HIGHEST = {
    **dict.fromkeys(AMOUNTS, 1e15),
    "age_years": 130.0,
    "months_on_book": 1_560.0,
    "hard_enquiries_90d": 10_000.0,
}


class RowFault(NamedTuple):
    """The rows of a block (by position) that break one rule in one column, with a reason each."""

    rows: NDArray[np.int64]
    rule: str
    column: str
    reasons: list[str]


RowFaults = Iterator[RowFault]


@dataclass(frozen=True)
class RowFaultInputs:
    """What the rules need to know.

    `columns` are the columns read, `duplicates` the ids that occur more than once in the whole
    batch, `today` the last day on which an as_of may lie.
    """

    columns: tuple[InputColumn, ...]
    duplicates: pa.Array
    today: dt.date

    def of_kind(self, kind: str) -> tuple[InputColumn, ...]:
        """Return the columns of one kind."""
        return tuple(column for column in self.columns if column.kind == kind)


def find(block: pa.Table, rules: RowFaultInputs) -> pd.DataFrame:
    """Return the bad rows of a canonical block, each once, by the first rule that it breaks.

    Columns: `row` (position), `rule`, `column`, `reason`.
    """
    faults = [
        fault
        for check in (_ids, _times, _numbers, _flags, _consents)
        for fault in check(block, rules)
        if len(fault.rows)
    ]
    if not faults:
        return pd.DataFrame({"row": np.empty(0, np.int64), "rule": [], "column": [], "reason": []})
    sizes = [len(fault.rows) for fault in faults]
    reasons = [reason for fault in faults for reason in fault.reasons]
    broken = pd.DataFrame(
        {
            "row": np.concatenate([fault.rows for fault in faults]),
            "rule": _repeated([fault.rule for fault in faults], sizes),
            "column": _repeated([fault.column for fault in faults], sizes),
            "reason": reasons,
        }
    )
    # Stable: of two columns that break the same rule, the one declared first is named.
    ordered = broken.assign(order=broken["rule"].map(RULES.index)).sort_values(
        ["row", "order"], kind="stable"
    )
    return ordered.drop_duplicates("row").drop(columns="order").reset_index(drop=True)


def _repeated(words: list[str], times: list[int]) -> list[str]:
    return [word for word, count in zip(words, times, strict=True) for _ in range(count)]


def _ids(block: pa.Table, rules: RowFaultInputs) -> RowFaults:
    ids = block[ID].combine_chunks()
    yield _same(ids.is_null(), "id_null", ID, "no id: a decision must be traceable")
    if kinds.is_string(ids.type):
        is_blank = pc.equal(pc.utf8_trim_whitespace(ids), "")
        yield _same(is_blank, "id_blank", ID, "an id of blanks: a decision must be traceable")
    if len(rules.duplicates):
        rows = _where(pc.is_in(ids, value_set=rules.duplicates))
        # Nobody knows which copy is meant, so none is decided.
        reasons = [
            f"id {value} occurs more than once in the batch; no copy of it is decided"
            for value in ids.take(pa.array(rows)).to_pylist()
        ]
        yield RowFault(rows, "id_duplicate", ID, reasons)


def _times(block: pa.Table, rules: RowFaultInputs) -> RowFaults:
    earliest = dt.datetime.combine(EARLIEST, dt.time())
    # The whole of today is allowed: an as_of has a time of day.
    tomorrow = dt.datetime.combine(rules.today, dt.time()) + dt.timedelta(days=1)
    for column in rules.of_kind("time"):
        times = block[column.name].combine_chunks()
        yield _same(times.is_null(), "as_of_null", column.name, "no moment of decision")
        past = _where(pc.less(times, pa.scalar(earliest, times.type)))
        yield RowFault(
            past,
            "as_of_past",
            column.name,
            _reasons(times, past, lambda moment: f"{moment} is before {EARLIEST}: an unset date"),
        )
        late = _where(pc.greater_equal(times, pa.scalar(tomorrow, times.type)))
        yield RowFault(
            late,
            "as_of_future",
            column.name,
            _reasons(times, late, lambda moment: f"{moment} is after today, {rules.today}"),
        )


def _reasons(
    values: pa.Array, rows: NDArray[np.int64], sentence: Callable[[Any], str]
) -> list[str]:
    return [sentence(value) for value in values.take(pa.array(rows)).to_pylist()]


def _numbers(block: pa.Table, rules: RowFaultInputs) -> RowFaults:
    # Null is NaN here, and no comparison is true of it: a null number breaks no rule.
    for column in rules.of_kind("number"):
        name = column.name
        values = _floats(block, name)
        if np.isinf(values).any():
            rows = np.flatnonzero(np.isinf(values))
            infinite = [f"{value} is neither a number nor null" for value in values[rows].tolist()]
            yield RowFault(rows, "not_finite", name, infinite)
        if column.low is not None:
            rows = np.flatnonzero(values < column.low)
            low = [f"{value:g} is below {column.low:g}" for value in values[rows].tolist()]
            yield RowFault(rows, "below_range", name, low)
        if name in HIGHEST:
            limit = HIGHEST[name]
            rows = np.flatnonzero(values > limit)
            high = [
                f"{value:g} is above {limit:g}: check the unit" for value in values[rows].tolist()
            ]
            yield RowFault(rows, "above_range", name, high)


def _flags(block: pa.Table, rules: RowFaultInputs) -> RowFaults:
    for column in rules.of_kind("flag"):
        values = _floats(block, column.name)
        rows = np.flatnonzero((values != 0) & (values != 1) & ~np.isnan(values))
        reasons = [
            f"{value:g} is neither true (1) nor false (0)" for value in values[rows].tolist()
        ]
        yield RowFault(rows, "above_range", column.name, reasons)


def _consents(block: pa.Table, rules: RowFaultInputs) -> RowFaults:
    """Refuse a family that arrives without its consent (domain 0.9).

    A consent that is null was not given.
    """
    # Sorted: a set has no order, and the first fault of a row is the one that is named.
    for consent in sorted({column.consent for column in rules.columns if column.consent}):
        refused = np.flatnonzero(_floats(block, consent) != 1)
        for column in rules.columns:
            if column.consent == consent:
                rows = refused[_is_sent(block, column.name, refused)]
                reasons = [f"sent although `{consent}` is not given"] * len(rows)
                yield RowFault(rows, "no_consent", column.name, reasons)


def _is_sent(block: pa.Table, name: str, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    if kinds.is_floating(block.schema.field(name).type):
        return ~np.isnan(_floats(block, name)[rows])
    return np.asarray(block[name].take(pa.array(rows)).is_valid().to_numpy(), bool)


def _same(mask: pa.BooleanArray, rule: str, column: str, reason: str) -> RowFault:
    """Return the rows of a mask with the same reason for all of them."""
    rows = _where(mask)
    return RowFault(rows, rule, column, [reason] * len(rows))


def _where(mask: pa.BooleanArray) -> NDArray[np.int64]:
    return np.flatnonzero(pc.fill_null(mask, fill_value=False).to_numpy(zero_copy_only=False))


def _floats(block: pa.Table, name: str) -> NDArray[np.float64]:
    return block[name].to_numpy()
