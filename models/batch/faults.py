"""Rules that a row must keep to be decided: each yields the rows that break it, with the column and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from models.decision.frame import ID
from models.inputs import Column

RULES = ("id_null", "id_duplicate", "as_of_null", "as_of_future", "not_finite", "below_range", "no_consent")
Broken = Iterator[tuple[int, str, str, str]]  # position in the block, rule, column, reason


@dataclass(frozen=True)
class Rules:
    """What the rules need to know: the columns read, ids that occur more than once in the whole batch, and the day of today."""

    columns: tuple[Column, ...]
    duplicates: pa.Array
    today: dt.date


def duplicates(blocks: Iterable[pa.Table]) -> pa.Array:
    """The ids that occur more than once in all of a batch; null is not an id."""
    ids = pa.chunked_array([chunk for block in blocks for chunk in plain_text(block)[ID].chunks])
    counts = pc.value_counts(ids.combine_chunks())
    values, count = counts.field("values"), counts.field("counts")
    return values.filter(pc.and_(pc.greater(count, 1), pc.is_valid(values)))


def plain_text(table: pa.Table) -> pa.Table:
    """The table with dictionary-encoded columns spelled out."""
    for k, column in enumerate(table.schema):
        if pa.types.is_dictionary(column.type):
            table = table.set_column(k, column.name, table.column(k).cast(column.type.value_type))
    return table


def find(block: pa.Table, rules: Rules) -> pd.DataFrame:
    """The bad rows of a block as `row` (position), `rule`, `column`, `reason`: each row once, by the first rule it breaks."""
    frame = block.to_pandas(ignore_metadata=True)
    rows = [*_ids(block, rules), *_times(frame, rules), *_numbers(frame, rules), *_consents(frame, rules)]
    broken = pd.DataFrame(rows, columns=["row", "rule", "column", "reason"]).astype({"row": "int64"})
    order = broken["rule"].map(RULES.index).astype("int64")
    first = broken.assign(order=order).sort_values(["row", "order"], kind="stable").drop_duplicates("row")
    return first.drop(columns="order").reset_index(drop=True)


def _ids(block: pa.Table, rules: Rules) -> Broken:
    ids = block[ID].combine_chunks()
    for row in np.flatnonzero(ids.is_null().to_numpy(zero_copy_only=False)):
        yield int(row), "id_null", ID, "no id: a decision must be traceable"
    for row in np.flatnonzero(pc.is_in(ids, value_set=rules.duplicates).to_numpy(zero_copy_only=False)):
        yield int(row), "id_duplicate", ID, f"id {ids[int(row)]} occurs more than once in the batch; no copy of it is decided"


def _times(frame: pd.DataFrame, rules: Rules) -> Broken:
    end = pd.Timestamp(rules.today) + pd.Timedelta(days=1)
    for name in (column.name for column in rules.columns if column.kind == "time"):
        for row in np.flatnonzero(frame[name].isna()):
            yield int(row), "as_of_null", name, "no moment of decision"
        for row in np.flatnonzero(frame[name] >= end):
            yield int(row), "as_of_future", name, f"{frame[name].iloc[row]} is after today, {rules.today}"


def _numbers(frame: pd.DataFrame, rules: Rules) -> Broken:
    columns = [column for column in rules.columns if column.kind == "number"]
    values = frame[[column.name for column in columns]].to_numpy(dtype=np.float64, na_value=np.nan)
    for row, k in zip(*np.nonzero(np.isinf(values)), strict=True):
        yield int(row), "not_finite", columns[k].name, f"{values[row, k]} is neither a number nor null"
    low = np.array([-np.inf if column.low is None else column.low for column in columns])
    for row, k in zip(*np.nonzero(values < low), strict=True):
        yield int(row), "below_range", columns[k].name, f"{values[row, k]:g} is below {low[k]:g}"


def _consents(frame: pd.DataFrame, rules: Rules) -> Broken:
    """A family that arrives without its consent is refused as data (domain 0.9); a consent not recorded is none."""
    for consent in sorted({column.consent for column in rules.columns if column.consent}):
        names = [column.name for column in rules.columns if column.consent == consent]
        is_released = frame[consent].astype("boolean").fillna(value=False).to_numpy(dtype=bool)
        sent = frame[names].notna().to_numpy()
        for row in np.flatnonzero(~is_released & sent.any(axis=1)):
            yield int(row), "no_consent", names[int(np.argmax(sent[row]))], f"sent although `{consent}` is not given"
