"""Read applications that come as dicts to the one form of a block, without a frame in between.

Values are read as those of a column of single values of Python (`accepted.read_objects`), so a dict
and a frame of objects have the same faults in the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from ..accepted import MAX_EXACT, read_objects
from ..columns import REMEMBERED_SHAPES, InputColumn, InputLayout
from ..input_block import PLAIN_VALUES, Gathered, InputBlock

Record = Mapping[str, Any]
# Picks the values of all numbers of one application.
Picked = Callable[[Record], tuple[Any, ...]]


class _Places(NamedTuple):
    """The columns of a layout that are no plain numbers, and how the plain ones are picked."""

    others: tuple[InputColumn, ...]
    pick: Picked
    dates: frozenset[int]


def names_of(records: Sequence[Record]) -> tuple[str, ...]:
    """Return the names of all records, each once, in the order in which they come."""
    if len(records) == 1:
        return tuple(records[0])
    return tuple(dict.fromkeys(name for record in records for name in record))


def of_records(
    records: Sequence[Record], there: tuple[str, ...], layout: InputLayout
) -> InputBlock:
    """Return the records as a block; `there` are the names of `names_of`.

    A name that a record lacks and another one has is null there. Raises `DecisionError` for ids of
    which some are whole numbers and some text.
    """
    gathered = Gathered(layout)
    places = _places(layout)
    rows = records if len(records) == 1 else _filled(records, there)
    matrix = np.empty((len(layout.numeric), len(rows)))
    for k, row in enumerate(rows):
        _put_plain(matrix[:, k], places, row)
    for k in _not_plain(matrix, places, rows):
        column = layout.numeric[k]
        read = read_objects(column, _values(rows, column))
        if column.is_days:
            gathered.add_dates(k, read)
            continue
        matrix[k] = read.data
        gathered.faults += read.faults
    for column in places.others:
        gathered.add(column, read_objects(column, _values(rows, column)))
    return gathered.block(matrix)


@lru_cache(maxsize=REMEMBERED_SHAPES)
def _places(layout: InputLayout) -> _Places:
    others = tuple(one for one in layout.columns if one.kind in ("id", "time", "text"))
    names = [column.read_from for column in layout.numeric]
    dates = frozenset(k for k, _ in layout.days)
    return _Places(others, _picker(names), dates)


def _picker(names: list[str]) -> Picked:
    """Return what picks the values of these names, always as a tuple."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda record: tuple(record[name] for name in names)


def _filled(records: Sequence[Record], there: tuple[str, ...]) -> list[Record]:
    nothing = dict.fromkeys(there)
    return [{**nothing, **record} for record in records]


def _put_plain(numbers: np.ndarray, places: _Places, row: Record) -> None:
    """Write the numbers of one record; NaN for null, and for each value that is no plain number."""
    values = places.pick(row)
    if not {*map(type, values)} <= PLAIN_VALUES:
        values = tuple(one if type(one) in PLAIN_VALUES else None for one in values)
    try:
        numbers[:] = values
    except OverflowError:
        # A whole number that no float holds: told as one that must be looked at by itself.
        numbers[:] = [np.inf if _is_wide(one) else one for one in values]


def _is_wide(value: Any) -> bool:
    return isinstance(value, int) and abs(value) >= MAX_EXACT


def _not_plain(matrix: np.ndarray, places: _Places, rows: Sequence[Record]) -> list[int]:
    """Return the places of the columns with a value that must be looked at by itself."""
    found = set(places.dates)
    for row in rows:
        values = places.pick(row)
        if {*map(type, values)} <= PLAIN_VALUES:
            continue
        found |= {k for k, one in enumerate(values) if type(one) not in PLAIN_VALUES}
    # A whole number from here on may be one that float64 does not hold.
    found |= {*np.flatnonzero((np.abs(matrix) >= MAX_EXACT).any(axis=1)).tolist()}
    return sorted(found)


def _values(rows: Sequence[Record], column: InputColumn) -> np.ndarray:
    """Return the values of a column as objects, whatever numpy would make of them."""
    values = np.empty(len(rows), dtype=object)
    name = column.read_from
    for k, row in enumerate(rows):
        values[k] = row[name]
    return values
