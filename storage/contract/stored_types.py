"""Say which stored types a raw table may have, and convert their values to the declared ones.

A type is accepted or refused for a whole file. Of an accepted type each value converts without
loss, or is said not to fit: its row is then set aside. Nothing is rounded, wrapped or guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds
from numpy.typing import NDArray

from creditloom.decision.base.readings.stored_kinds import kind_of as kind_of
from creditloom.decision.base.readings.stored_kinds import values_type as values_type
from creditloom.features.contract.tables import Column
from creditloom.storage.contract.moments import MICROS, moment

Mask = NDArray[np.bool_]
# The values of a column in its declared type, and which stored values do not fit it.
Converted = tuple[pa.Array, Mask]

# What a column is, to the kinds of stored types that it may have. Times are moments: naive ones
# and dates are UTC, others are moved there. A number is no moment, as nobody says its unit.
# table: accepted types
ACCEPTED: dict[str, tuple[str, ...]] = {
    "id": ("int", "decimal", "float", "text", "null"),
    "whole": ("int", "decimal", "float", "bool", "null"),
    "number": ("float", "int", "decimal", "bool", "null"),
    "flag": ("bool", "int", "float", "decimal", "null"),
    "time": ("timestamp", "date", "text", "null"),
    "text": ("text", "null"),
}
# Above it not every whole number is a float64.
MAX_EXACT = 2**53
# Whole numbers as people write ids: no sign but minus, no blank, no leading zero.
WHOLE = r"^(?:0|-?[1-9]\d{0,18})$"
NANOS_PER_MICRO = 1_000
MICROS_PER_DAY = 86_400_000_000


def role(column: Column) -> str:
    """Return what a declared column is: a key of ACCEPTED.

    >>> from creditloom.features.contract.tables import TABLES
    >>> [role(column) for column in TABLES["payments"].columns][:4]
    ['id', 'id', 'time', 'time']
    """
    if kinds.is_timestamp(column.type):
        return "time"
    if kinds.is_boolean(column.type):
        return "flag"
    if kinds.is_integer(column.type):
        return "id" if column.name.endswith("_id") else "whole"
    return "number" if kinds.is_floating(column.type) else "text"


def is_accepted(column: Column, stored: pa.DataType) -> bool:
    """Return whether values of a stored type may be converted to a declared column."""
    return kind_of(stored) in ACCEPTED[role(column)]


def converted(values: pa.ChunkedArray, column: Column) -> Converted:
    """Return a column in its declared type, null where null or unfit, and which values are unfit.

    The stored type must be an accepted one.
    """
    kind = kind_of(values.type)
    plain = _combined(values)
    if kind == "null":
        return pa.nulls(len(plain), column.type), np.zeros(len(plain), bool)
    convert = _CONVERT[role(column)]
    return convert(plain, str(kind), column)


def _combined(values: pa.ChunkedArray) -> pa.Array:
    """Return one array of plain values."""
    whole = values.combine_chunks()
    array = whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
    # Not by a cast: it would check the text, which may be none.
    return array.dictionary_decode() if kinds.is_dictionary(array.type) else array


def _null(values: pa.Array) -> Mask:
    return np.asarray(values.is_null().to_numpy(zero_copy_only=False), bool)


def _built(values: NDArray[Any], is_null: Mask, kind: pa.DataType) -> pa.Array:
    return pa.array(values, kind, mask=is_null)


def _whole(values: pa.Array, kind: str, column: Column) -> Converted:
    """Convert to a whole number; a fraction, or one that the declared type cannot hold, is unfit.

    Of floats NaN is null, as pandas writes it so.
    """
    is_null = _null(values)
    numbers, is_fit = _WHOLE_OF[kind](values, is_null)
    bounds = np.iinfo(column.type.to_pandas_dtype())
    is_fit &= (numbers >= bounds.min) & (numbers <= bounds.max)
    if kind == "float":
        is_null = is_null | np.isnan(values.to_numpy(zero_copy_only=False).astype(np.float64))
    is_unfit = ~is_fit & ~is_null
    kept = np.where(is_fit & ~is_null, numbers, 0)
    return _built(kept, is_null | is_unfit, column.type), is_unfit


def _whole_of_int(values: pa.Array, is_null: Mask) -> tuple[NDArray[np.int64], Mask]:
    filled = values.fill_null(0).to_numpy(zero_copy_only=False)
    # Only a uint64 can lie above int64; as an int64 it would wrap.
    is_fit = filled <= np.iinfo(np.int64).max if filled.dtype == np.uint64 else ~is_null
    return np.where(is_fit, filled, 0).astype(np.int64), is_fit & ~is_null


def _whole_of_float(values: pa.Array, is_null: Mask) -> tuple[NDArray[np.int64], Mask]:
    floats = values.to_numpy(zero_copy_only=False).astype(np.float64)
    floats = np.where(is_null, np.nan, floats)
    is_fit = np.isfinite(floats) & (np.abs(floats) <= MAX_EXACT)
    rounded = np.where(is_fit, floats, 0.0)
    is_fit &= rounded == np.floor(rounded)
    return np.where(is_fit, rounded, 0.0).astype(np.int64), is_fit


def _whole_of_flag(values: pa.Array, is_null: Mask) -> tuple[NDArray[np.int64], Mask]:
    filled = values.fill_null(False).to_numpy(zero_copy_only=False)
    return np.asarray(filled, np.int64), ~is_null


def _whole_of_decimal(values: pa.Array, is_null: Mask) -> tuple[NDArray[np.int64], Mask]:
    """Each value by itself: no cast of decimals says which value it fails on."""
    bounds = np.iinfo(np.int64)
    numbers = np.zeros(len(values), np.int64)
    is_fit = np.zeros(len(values), bool)
    for place, value in enumerate(values.to_pylist()):
        if value is not None and value == int(value) and bounds.min <= value <= bounds.max:
            numbers[place] = int(value)
            is_fit[place] = True
    return numbers, is_fit & ~is_null


def _whole_of_text(values: pa.Array, is_null: Mask) -> tuple[NDArray[np.int64], Mask]:
    texts, is_text = _texts(values)
    is_whole = np.asarray(
        pc.match_substring_regex(texts.fill_null(""), WHOLE).to_numpy(zero_copy_only=False), bool
    )
    bounds = np.iinfo(np.int64)
    numbers = np.zeros(len(values), np.int64)
    is_fit = is_whole & is_text & ~is_null
    for place in np.flatnonzero(is_fit):
        number = int(texts[place].as_py())
        is_fit[place] = bounds.min <= number <= bounds.max
        numbers[place] = number if is_fit[place] else 0
    return numbers, is_fit


_WHOLE_OF: dict[str, Callable[[pa.Array, Mask], tuple[NDArray[np.int64], Mask]]] = {
    "int": _whole_of_int,
    "float": _whole_of_float,
    "decimal": _whole_of_decimal,
    "bool": _whole_of_flag,
    "text": _whole_of_text,
}


def _number(values: pa.Array, kind: str, _column: Column) -> Converted:
    """Convert to float64; a whole number that no float64 holds exactly is unfit.

    A decimal becomes the nearest float64, as every reader of decimals does it.
    """
    is_null = _null(values)
    none = np.zeros(len(values), bool)
    if kind == "float":
        return pc.cast(values, pa.float64()), none
    if kind == "decimal":
        # By Python, which rounds to the nearest; Arrow's cast may miss it by one place.
        nearest = [None if value is None else float(value) for value in values.to_pylist()]
        return pa.array(nearest, pa.float64()), none
    numbers, is_fit = _WHOLE_OF[kind](values, is_null)
    is_fit &= (numbers >= -MAX_EXACT) & (numbers <= MAX_EXACT)
    return _built(numbers.astype(np.float64), ~is_fit, pa.float64()), ~is_fit & ~is_null


def _flag(values: pa.Array, kind: str, _column: Column) -> Converted:
    """Convert to true or false; of numbers 1 and 0 are, NaN is null and any other is unfit."""
    if kind == "bool":
        return values, np.zeros(len(values), bool)
    is_null = _null(values)
    if kind == "decimal":
        values = _number(values, kind, _column)[0]
    numbers = values.to_numpy(zero_copy_only=False)
    if kind != "int":
        is_null = is_null | np.isnan(numbers.astype(np.float64))
    is_fit = ~is_null & ((numbers == 0) | (numbers == 1))
    return _built(numbers == 1, ~is_fit, pa.bool_()), ~is_fit & ~is_null


def _time(values: pa.Array, kind: str, _column: Column) -> Converted:
    """Convert to naive UTC microseconds; what these cannot hold is unfit.

    Nanoseconds are cut off, so that nothing moves to a later moment.
    """
    is_null = _null(values)
    if kind == "text":
        return _time_of_text(values, is_null)
    whole = _ticks(values)
    if kind == "date":
        per_tick = MICROS_PER_DAY if kinds.is_date32(values.type) else MICROS["ms"]
    elif values.type.unit == "ns":
        # Floor, for moments before 1970 too.
        micros = np.floor_divide(whole, NANOS_PER_MICRO)
        return _moments(micros, is_null), np.zeros(len(values), bool)
    else:
        # A time zone only says how a moment is shown: what is stored is UTC.
        per_tick = MICROS[values.type.unit]
    # The product of an int64 wraps: it is asked before whether it fits.
    is_fit = np.abs(np.clip(whole, -(2**63) + 1, None)) <= (2**63 - 1) // per_tick
    micros = np.where(is_fit, whole, 0) * per_tick
    is_unfit = ~is_fit & ~is_null
    return _moments(micros, is_null | is_unfit), is_unfit


def _ticks(values: pa.Array) -> NDArray[np.int64]:
    """Return what is stored of dates and times, as int64; 0 for null."""
    width = pa.int32() if kinds.is_date32(values.type) else pa.int64()
    stored = values.view(width).fill_null(0)
    return np.asarray(stored.to_numpy(zero_copy_only=False), np.int64)


def _moments(micros: NDArray[np.int64], is_null: Mask) -> pa.Array:
    # From int64, as numpy would take the smallest one for null.
    return pa.array(micros, pa.int64(), mask=is_null).view(pa.timestamp("us"))


def _time_of_text(values: pa.Array, is_null: Mask) -> Converted:
    """Read ISO 8601: with an offset or Z as that moment, without one as UTC."""
    texts, is_text = _texts(values)
    # Each text once: many rows have one moment.
    filled = np.asarray(texts.fill_null("").to_numpy(zero_copy_only=False), object)
    at, once = pd.factorize(filled)
    read = [moment(text) for text in once]
    is_moment = np.array([micros is not None for micros in read], bool)[at]
    micros = np.array([micros or 0 for micros in read], np.int64)[at]
    is_fit = is_moment & is_text & ~is_null
    return _moments(micros, ~is_fit), ~is_fit & ~is_null


def _text(values: pa.Array, _kind: str, column: Column) -> Converted:
    """Return text that is UTF-8; bytes that are not are unfit."""
    texts, is_text = _texts(values)
    return texts.cast(column.type), ~is_text


def _texts(values: pa.Array) -> tuple[pa.Array, Mask]:
    """Return text, null where its bytes are no UTF-8, and where they are."""
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        return _decoded(values)
    return values.cast(pa.string()), np.ones(len(values), bool)


def _decoded(values: pa.Array) -> tuple[pa.Array, Mask]:
    texts: list[str | None] = []
    is_text = np.ones(len(values), bool)
    for place, stored in enumerate(values.cast(pa.large_binary()).to_pylist()):
        try:
            texts.append(None if stored is None else stored.decode())
        except UnicodeDecodeError:
            texts.append(None)
            is_text[place] = False
    return pa.array(texts, pa.string()), is_text


_CONVERT: dict[str, Callable[[pa.Array, str, Column], Converted]] = {
    "id": _whole,
    "whole": _whole,
    "number": _number,
    "flag": _flag,
    "time": _time,
    "text": _text,
}


# Characters of a value that the quarantine shows.
MAX_SHOWN = 100


def shown(values: pa.ChunkedArray, place: int) -> str:
    """Return one stored value as the quarantine shows it: short, and text whatever its bytes are.

    A moment that no calendar has is shown as what is stored, with its unit.

    >>> shown(pa.chunked_array([pa.array([70_000])]), 0)
    '70000'
    """
    value = _combined(values.slice(place, 1))
    if kinds.is_timestamp(value.type) or kinds.is_date(value.type):
        stored = int(_ticks(value)[0])
        return f"{stored} ({value.type})"
    if kind_of(value.type) == "text":
        [stored_bytes] = value.cast(pa.large_binary()).to_pylist()
        return str(stored_bytes.decode(errors="backslashreplace"))[:MAX_SHOWN]
    return str(value[0].as_py())[:MAX_SHOWN]
