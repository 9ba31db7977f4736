"""The rules that a row keeps to be decided: each yields the rows that break it, and why.

One set for every door: a batch sets a bad row aside, MLflow, REST and Spark refuse it by itself.
Rules look at columns at a time, not at rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds
from numpy.typing import NDArray

from ..score.contributions.column_loops import columns_outside
from .accepted import RowFault, quoted
from .columns import ID, InputColumn
from .feature_values import FeatureValues
from .input_block import InputBlock

# table: the rules in the order in which a row with several faults is named, and what each expects
EXPECTED = {
    "id_null": "an id",
    "id_unreadable": "a whole number or a text",
    "id_too_long": "an id, not a document",
    "id_blank": "an id",
    "id_duplicate": "an id of one row",
    "as_of_null": "a moment",
    "as_of_unreadable": "a timestamp or ISO 8601 text",
    "as_of_past": "a moment from the year 2000 on",
    "as_of_future": "a moment that is not after today",
    "not_a_number": "a number or null",
    "not_a_date": "a date as training read it, or null",
    "not_exact": "a number that float64 holds exactly",
    "not_finite": "a finite number or null",
    "below_range": "a finite number that is not negative, or null",
    "above_range": "a number in its range (true, false or null for a flag)",
    "not_text": "text in UTF-8, or null",
    "text_too_long": "a short text",
    "no_consent": "null without the consent",
    "beyond_null": "a value, as training always had one (beyond_training: refuse)",
    "beyond_level": "a level that training held (beyond_training: refuse)",
}
RULES = tuple(EXPECTED)
# No application is older: such a date is an unset clock.
EARLIEST = dt.date(2000, 1, 1)
# Values that are checked at once. So many float64 (512 KiB) stay in the L2 cache of a core.
VALUES_PER_CHECK = 65_536
RowFaults = Iterator[RowFault]


def find(
    block: InputBlock,
    repeated: pa.Array | None,
    today: dt.date | None,
    *,
    with_consents: bool = True,
) -> list[RowFault]:
    """Return every fault of a block, in the order of the columns.

    `repeated` are the ids that occur more than once in the whole input; None has no duplicates.
    `today` is the last day on which an as_of may lie; None allows any day. What a column's form
    could not hold was found when it was read.
    """
    checks = [_ids(block, repeated), _times(block, today), numbers(block)]
    if with_consents:
        checks.append(consents(block))
    return [*block.faults, *(fault for check in checks for fault in check if len(fault.rows))]


class FirstFault(NamedTuple):
    """A bad row (by position) with the first rule that it breaks, the column and the reason."""

    row: int
    rule: str
    column: str
    reason: str


def first_per_row(faults: Iterable[RowFault]) -> list[FirstFault]:
    """Return the bad rows, each once, by the first rule that it breaks; in their order."""
    first: dict[int, tuple[int, FirstFault]] = {}
    for fault in faults:
        order = RULES.index(fault.rule)
        for row, reason in zip(fault.rows.tolist(), fault.reasons, strict=True):
            # Of two columns that break the same rule, the one that comes first is named.
            if row not in first or order < first[row][0]:
                first[row] = (order, FirstFault(row, fault.rule, fault.column, reason))
    return [first[row][1] for row in sorted(first)]


def one_per_row(faults: Iterable[RowFault]) -> pd.DataFrame:
    """Return the same as a frame: `row` (position), `rule`, `column`, `reason`."""
    found = pd.DataFrame(first_per_row(faults), columns=[*FirstFault._fields])
    return found.astype({"row": np.int64})


def repeated_ids(ids: pa.Array) -> pa.Array | None:
    """Return the ids that stand more than once in a block; None where none does."""
    if len(ids) < 2:
        return None
    counted = ids.drop_null().value_counts()
    repeated = counted.field("values").filter(pc.greater(counted.field("counts"), 1))
    return repeated if len(repeated) else None


def _ids(block: InputBlock, repeated: pa.Array | None) -> RowFaults:
    ids = block.ids
    if ids.null_count:
        # An id that could not be read is null as well, and was told already.
        known = [fault.rows for fault in block.faults if fault.column == ID]
        rows = np.setdiff1d(_where(ids.is_null()), np.concatenate(known) if known else [])
        yield _same(rows.astype(np.int64), "id_null", ID, "no id: a decision must be traceable")
    if kinds.is_string(ids.type):
        rows = _where(pc.equal(pc.utf8_trim_whitespace(ids), ""))
        yield _same(rows, "id_blank", ID, "an id of blanks: a decision must be traceable")
    if repeated is not None and len(repeated):
        rows = _where(pc.is_in(ids, value_set=_as_ids(repeated, ids.type)))
        # Nobody knows which copy is meant, so none is decided.
        reasons = [
            f"id {value} occurs more than once in the batch; no copy of it is decided"
            for value in ids.take(pa.array(rows)).to_pylist()
        ]
        yield RowFault(rows, "id_duplicate", ID, reasons)


def _as_ids(repeated: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return repeated ids in the type of the block's, without those that it cannot hold."""
    if repeated.type == kind:
        return repeated
    if kinds.is_null(repeated.type):
        return pa.array([], kind)
    return block_ids(repeated).cast(kind)


def block_ids(values: pa.Array) -> pa.Array:
    """Return ids of any accepted type in their one form, without those that are none."""
    from .accepted import read_array

    read: pa.Array = read_array(InputColumn(ID, "id"), values).data
    return read.drop_null()


def _times(block: InputBlock, today: dt.date | None) -> RowFaults:
    earliest = np.datetime64(EARLIEST, "us")
    for name, times in block.times.items():
        is_null = np.isnat(times)
        if is_null.any():
            known = [fault.rows for fault in block.faults if fault.column == name]
            rows = np.setdiff1d(np.flatnonzero(is_null), np.concatenate(known) if known else [])
            yield _same(rows.astype(np.int64), "as_of_null", name, "no moment of decision")
        if name not in block.layout.any_past:
            words = f"is before {EARLIEST}: an unset date"
            yield _told(times, times < earliest, "as_of_past", name, words)
        if today is not None:
            # The whole of today is allowed: an as_of has a time of day.
            tomorrow = np.datetime64(today + dt.timedelta(days=1), "us")
            yield _told(times, times >= tomorrow, "as_of_future", name, f"is after today, {today}")


def _told(
    times: np.ndarray, mask: NDArray[np.bool_], rule: str, column: str, words: str
) -> RowFault:
    rows = np.flatnonzero(mask)
    return RowFault(rows, rule, column, [f"{moment} {words}" for moment in times[rows].tolist()])


def numbers(block: InputBlock) -> RowFaults:
    """Find numbers out of their range, infinite ones, and flags that are neither 1 nor 0.

    Null is NaN here, and no comparison is true of it: a null number breaks no rule.
    """
    matrix = block.matrix
    low, high = block.layout.bounds
    # Nearly always nothing is wrong: ask for whole columns first, then for each of the bad ones.
    suspects = set(_outside(matrix, low, high))
    places = block.layout.flag_places
    flags = matrix[places]
    is_bad = (flags != 0) & (flags != 1) & ~np.isnan(flags)
    if is_bad.any():
        suspects |= {int(places[k]) for k in np.flatnonzero(is_bad.any(axis=1)).tolist()}
    for k in sorted(suspects):
        yield from _of_column(block.layout.numeric[k], matrix[k])


def _outside(matrix: np.ndarray, low: np.ndarray, high: np.ndarray) -> Iterator[int]:
    """Yield the columns that hold a value outside their range."""
    if matrix.flags.c_contiguous:
        yield from columns_outside(matrix, low, high).tolist()
        return
    # A view of a caller's memory. A single row must not pay for a call per column, and a large
    # batch must not leave the cache.
    step = max(1, VALUES_PER_CHECK // max(matrix.shape[1], 1))
    for start in range(0, len(matrix), step):
        group = slice(start, start + step)
        is_bad = (matrix[group] < low[group, None]) | (matrix[group] > high[group, None])
        if is_bad.any():
            yield from (start + k for k in np.flatnonzero(is_bad.any(axis=1)).tolist())


def _of_column(column: InputColumn, values: np.ndarray) -> RowFaults:
    name = column.name
    if column.kind == "flag":
        is_bad = (values != 0) & (values != 1) & ~np.isnan(values)
        words = "{:g} is neither true (1) nor false (0)"
        yield _valued(values, is_bad, "above_range", name, words.format)
        return
    is_infinite = np.isinf(values)
    yield _valued(values, is_infinite, "not_finite", name, "{} is neither a number nor null".format)
    if column.low is not None:
        words = f"{{:g}} is below {column.low:g}"
        yield _valued(values, values < column.low, "below_range", name, words.format)
    if column.high is not None:
        words = f"{{:g}} is above {column.high:g}: check the unit"
        yield _valued(values, values > column.high, "above_range", name, words.format)


def _valued(
    values: np.ndarray,
    mask: NDArray[np.bool_],
    rule: str,
    column: str,
    sentence: Callable[[Any], str],
) -> RowFault:
    rows = np.flatnonzero(mask)
    return RowFault(rows, rule, column, [sentence(value) for value in values[rows].tolist()])


def consents(block: InputBlock) -> RowFaults:
    """Find values of a family that arrive without its consent (domain 0.9).

    A consent that is null was not given.
    """
    for consent, columns in block.layout.consented.items():
        refused = np.flatnonzero(block.number(consent) != 1)
        if not len(refused):
            continue
        places = block.layout.consented_places[consent]
        is_sent = ~np.isnan(block.matrix[np.ix_(places, refused)])
        sent = dict(zip(places.tolist(), is_sent, strict=True))
        for column in columns:
            at = block.layout.place.get(column.name)
            mask = _has_text(block.texts[column.name], refused) if at is None else sent[at]
            if mask.any():
                reason = f"sent although `{consent}` is not given"
                yield _same(refused[mask], "no_consent", column.name, reason)


def beyond_training(features: FeatureValues) -> list[RowFault]:
    """Return the rows that hold what training never saw; refused where the rule book says so."""
    faults = []
    for name, mask in features.beyond.nulls.items():
        words = "no value, or a code that means missing, where training always had a value"
        faults.append(_same(np.flatnonzero(mask), "beyond_null", name, words))
    for name, mask in features.beyond.unseen.items():
        rows = np.flatnonzero(mask)
        given = features.texts[name].take(pa.array(rows)).to_pylist()
        reasons = [f"{quoted(text)} is a level that training did not hold" for text in given]
        faults.append(RowFault(rows, "beyond_level", name, reasons))
    return faults


def _has_text(texts: pa.Array, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray(texts.take(pa.array(rows)).is_valid().to_numpy(zero_copy_only=False), bool)


def _same(rows: NDArray[np.int64], rule: str, column: str, reason: str) -> RowFault:
    """Return these rows with the same reason for all of them."""
    return RowFault(rows, rule, column, [reason] * len(rows))


def _where(mask: pa.Array) -> NDArray[np.int64]:
    return np.flatnonzero(pc.fill_null(mask, fill_value=False).to_numpy(zero_copy_only=False))
