"""Rules that a row must keep to be decided: each yields the rows that break it, with the column and why. Columns at a time, not rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds
from numpy.typing import NDArray

from creditloom.decision.frames.input_frame import AMOUNTS, ID
from creditloom.serving.inputs import InputColumn

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
EARLIEST = dt.date(2000, 1, 1)  # no application is older: such a date is an unset clock
HIGHEST = {
    **dict.fromkeys(AMOUNTS, 1e15),
    "age_years": 130.0,
    "months_on_book": 1_560.0,
    "hard_enquiries_90d": 10_000.0,
}  # fen; 10 tn CNY
RowFaults = Iterator[
    tuple[NDArray[np.int64], str, str, list[str]]
]  # rows in the block, rule, column, a reason per row


@dataclass(frozen=True)
class RowFaultInputs:
    """What the rules need to know: the columns read, ids that occur more than once in the whole batch, and the day of today."""

    columns: tuple[InputColumn, ...]
    duplicates: pa.Array
    today: dt.date

    def of_kind(self, kind: str) -> tuple[InputColumn, ...]:
        """The columns of one kind."""
        return tuple(column for column in self.columns if column.kind == kind)


def find(block: pa.Table, rules: RowFaultInputs) -> pd.DataFrame:
    """The bad rows of a canonical block as `row` (position), `rule`, `column`, `reason`: each row once, by the first rule it breaks."""
    looked = (
        _ids(block, rules),
        _times(block, rules),
        _numbers(block, rules),
        _flags(block, rules),
        _consents(block, rules),
    )
    found = [broken for kind in looked for broken in kind if len(broken[0])]
    if not found:
        return pd.DataFrame({"row": np.empty(0, np.int64), "rule": [], "column": [], "reason": []})
    broken = pd.DataFrame(
        {
            "row": np.concatenate([rows for rows, *_ in found]),
            "rule": [rule for rows, rule, _, _ in found for _ in rows],
            "column": [column for rows, _, column, _ in found for _ in rows],
            "reason": [reason for *_, reasons in found for reason in reasons],
        }
    )
    first = (
        broken.assign(order=broken["rule"].map(RULES.index))
        .sort_values(["row", "order"], kind="stable")
        .drop_duplicates("row")
    )
    return first.drop(columns="order").reset_index(drop=True)


def _ids(block: pa.Table, rules: RowFaultInputs) -> RowFaults:
    ids = block[ID].combine_chunks()
    yield from _fixed(ids.is_null(), "id_null", ID, "no id: a decision must be traceable")
    if kinds.is_string(ids.type):
        yield from _fixed(
            pc.equal(pc.utf8_trim_whitespace(ids), ""),
            "id_blank",
            ID,
            "an id of blanks: a decision must be traceable",
        )
    if len(rules.duplicates):
        rows = _where(pc.is_in(ids, value_set=rules.duplicates))
        told = [
            f"id {i} occurs more than once in the batch; no copy of it is decided"
            for i in ids.take(pa.array(rows)).to_pylist()
        ]
        yield rows, "id_duplicate", ID, told


def _times(block: pa.Table, rules: RowFaultInputs) -> RowFaults:
    end = dt.datetime.combine(rules.today, dt.time()) + dt.timedelta(days=1)
    for name in (column.name for column in rules.of_kind("time")):
        times = block[name].combine_chunks()
        yield from _fixed(times.is_null(), "as_of_null", name, "no moment of decision")
        past = _where(
            pc.less(times, pa.scalar(dt.datetime.combine(EARLIEST, dt.time()), times.type))
        )
        yield (
            past,
            "as_of_past",
            name,
            [
                f"{t} is before {EARLIEST}: an unset date"
                for t in times.take(pa.array(past)).to_pylist()
            ],
        )
        late = _where(pc.greater_equal(times, pa.scalar(end, times.type)))
        yield (
            late,
            "as_of_future",
            name,
            [f"{t} is after today, {rules.today}" for t in times.take(pa.array(late)).to_pylist()],
        )


def _numbers(block: pa.Table, rules: RowFaultInputs) -> RowFaults:
    for column in rules.of_kind("number"):
        values = _floats(block, column.name)
        if np.isinf(values).any():
            rows = np.flatnonzero(np.isinf(values))
            yield (
                rows,
                "not_finite",
                column.name,
                [f"{v} is neither a number nor null" for v in values[rows].tolist()],
            )
        if column.low is not None:
            rows = np.flatnonzero(values < column.low)
            yield (
                rows,
                "below_range",
                column.name,
                [f"{v:g} is below {column.low:g}" for v in values[rows].tolist()],
            )
        if column.name in HIGHEST:
            high = HIGHEST[column.name]
            rows = np.flatnonzero(values > high)
            yield (
                rows,
                "above_range",
                column.name,
                [f"{v:g} is above {high:g}: check the unit" for v in values[rows].tolist()],
            )


def _flags(block: pa.Table, rules: RowFaultInputs) -> RowFaults:
    for column in rules.of_kind("flag"):
        values = _floats(block, column.name)
        rows = np.flatnonzero((values != 0) & (values != 1) & ~np.isnan(values))
        yield (
            rows,
            "above_range",
            column.name,
            [f"{v:g} is neither true (1) nor false (0)" for v in values[rows].tolist()],
        )


def _consents(block: pa.Table, rules: RowFaultInputs) -> RowFaults:
    """A family that arrives without its consent is refused as data (domain 0.9); a consent not recorded is none."""
    for consent in sorted({column.consent for column in rules.columns if column.consent}):
        kept = np.flatnonzero(_floats(block, consent) != 1)
        for name in (column.name for column in rules.columns if column.consent == consent):
            rows = kept[_is_sent(block, name, kept)]
            yield rows, "no_consent", name, [f"sent although `{consent}` is not given"] * len(rows)


def _is_sent(block: pa.Table, name: str, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    if kinds.is_floating(block.schema.field(name).type):
        return ~np.isnan(_floats(block, name)[rows])
    return np.asarray(block[name].take(pa.array(rows)).is_valid().to_numpy(), bool)


def _fixed(mask: pa.BooleanArray, rule: str, column: str, reason: str) -> RowFaults:
    rows = _where(mask)
    yield rows, rule, column, [reason] * len(rows)


def _where(mask: pa.BooleanArray) -> NDArray[np.int64]:
    return np.flatnonzero(pc.fill_null(mask, fill_value=False).to_numpy(zero_copy_only=False))


def _floats(block: pa.Table, name: str) -> NDArray[np.float64]:
    return block[name].to_numpy()
