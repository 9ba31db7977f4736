"""The one table of accepted types, and how each becomes the one form that a decision reads.

| kind | accepted | read as |
|---|---|---|
| id | whole numbers of any width (also as decimals or floats), text, UUIDs | int64, or text |
| time | timestamps of any unit, with or without a zone; dates; ISO 8601 text | UTC, microseconds |
| number, flag | numbers of any width, decimals, true and false, nulls alone | float64, NaN = null |
| text | text of any coding; numbers too where it is a category | text |

A moment without a zone is UTC, at every door. A whole column of another type is refused. A single
value that its column's form cannot hold is a fault of its row, with a reason; it is read as null.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds
from numpy.typing import NDArray

from ..base.readings.moments import (
    FIRST_MOMENT,
    LAST_MOMENT,
    MICROS,
    NANOS_PER_MICRO,
    has_moments,
    in_utc,
    moments_of,
    parsed,
)
from ..base.readings.stored_kinds import (
    ACCEPTED_KINDS,
    MAX_ID_BYTES,
    MAX_TEXT_BYTES,
    NUMBERS,
    kind_of,
)
from ..base.readings.text_numbers import TextReading, numbers_of
from ..score.contributions.column_loops import copy_column
from .columns import NUMERIC, InputColumn, InputKind, refusal

# Above it float64 takes two whole numbers for one.
MAX_EXACT = 2**53
# Per width of a float in bytes: from here on it takes two whole numbers for one, and a number that
# was rounded to this very bound is not told from the bound itself.
INEXACT_FROM = {2: 2**11, 4: 2**24, 8: MAX_EXACT}
INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)
# Bytes of a float of Python.
FLOAT_BYTES = 8
# Bits of Arrow's usual decimals; the largest power of ten that float64 holds exactly.
DECIMAL_BITS = 128
MAX_EXACT_POWER = 22
# A whole number as text.
WHOLE_TEXT = re.compile(r"[+-]?\d+")
# Characters of a value that a reason quotes.
QUOTED = 40


class RowFault(NamedTuple):
    """The rows of a block (by position) that break one rule in one column, with a reason each."""

    rows: NDArray[np.int64]
    rule: str
    column: str
    reasons: list[str]


class Read(NamedTuple):
    """A column in its one form: an Arrow array of ids or texts, or numpy's times or numbers."""

    data: Any
    faults: list[RowFault]


def quoted(value: object) -> str:
    """Return a value in one short line, as a reason shows it."""
    # A text is cut before it is written out: it may be as long as a document.
    text = repr(value[:QUOTED] if isinstance(value, str | bytes) else value)
    return text if len(text) <= QUOTED + 2 else f"{text[:QUOTED]}..."


# Which Arrow types each kind of column takes.


def is_text(kind: pa.DataType) -> bool:
    """Return whether an Arrow type is text, however it is laid out or coded."""
    return kind_of(kind) == "text"


# Per kind of column: what it may be, in messages.
EXPECTED_TYPES: dict[InputKind, str] = {
    "id": "whole numbers or text",
    "time": "timestamps (UTC), dates or ISO 8601 text",
    "number": "numbers (float, integer, decimal or boolean), null allowed",
    # A flag may be a number, as a matrix keeps flags as float64.
    "flag": "true or false, or 1 and 0, null allowed",
    "text": "text, null allowed",
}


def expected_types(column: InputColumn) -> str:
    """Return what a column may be, in words."""
    if column.is_days:
        return "dates, timestamps, or texts of dates as training read them; null allowed"
    return EXPECTED_TYPES[column.kind]


def is_accepted(column: InputColumn, kind: pa.DataType) -> bool:
    """Return whether a column may have this Arrow type."""
    stored = kind_of(kind)
    if column.dates is not None:
        # A column of pandas that is null throughout is one of floats.
        return has_moments(kind, column.dates) or (column.is_days and stored == "float")
    if stored == "text" and column.reading is not None:
        return True
    return stored in ACCEPTED_KINDS["category" if column.is_category else column.kind]


def read_array(column: InputColumn, values: pa.Array) -> Read:
    """Return a column of Arrow in its one form. Raises `DecisionError` for another type."""
    if column.kind in NUMERIC and not column.is_days:
        numbers = np.empty(len(values))
        return Read(numbers, read_numbers(column, numbers, values))
    if not is_accepted(column, values.type):
        raise wrong_type(column, str(values.type))
    if kinds.is_dictionary(values.type):
        values = values.dictionary_decode()
    return (_times if column.is_days else _READERS[column.kind])(column, values)


def wrong_type(column: InputColumn, got: str) -> Exception:
    """Return the refusal of a whole column."""
    expected = expected_types(column)
    if column.kind == "time" and "int" in got:
        expected += "; a whole number may count seconds or milliseconds from any year"
    return refusal("a column has the wrong type", f"column {column.told}", expected, got)


def _fault(
    rows: NDArray[np.int64], rule: str, column: str, reasons: Iterable[str]
) -> list[RowFault]:
    return [RowFault(rows, rule, column, list(reasons))] if len(rows) else []


def _without(values: pa.Array, rows: NDArray[np.int64]) -> pa.Array:
    """Return the values with null in these rows."""
    if not len(rows):
        return values
    is_kept = np.ones(len(values), dtype=bool)
    is_kept[rows] = False
    return pc.if_else(pa.array(is_kept), values, pa.scalar(None, values.type))


def _where(mask: pa.Array) -> NDArray[np.int64]:
    return np.flatnonzero(pc.fill_null(mask, fill_value=False).to_numpy(zero_copy_only=False))


# Ids.


def _ids(column: InputColumn, values: pa.Array) -> Read:
    kind = values.type
    if is_text(kind):
        return _texts(column, values)
    if kinds.is_null(kind):
        return Read(values.cast(pa.string()), [])
    if kinds.is_integer(kind) and not kinds.is_uint64(kind):
        return Read(values.cast(pa.int64()), [])
    if kinds.is_floating(kind):
        return _float_ids(column, values)
    # Decimals and uint64 may hold what no int64 does: a look at each value.
    return read_objects(column, _objects(values.to_pylist()))


def _objects(values: list[Any]) -> np.ndarray:
    """Return an array of these objects, whatever numpy would make of them."""
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    return objects


def _float_ids(column: InputColumn, values: pa.Array) -> Read:
    """Return ids that came as floats; one that a float of this width cannot hold is a fault."""
    raw = values.to_numpy(zero_copy_only=False)
    numbers = raw.astype(np.float64)
    is_null = np.isnan(numbers)
    is_exact = np.abs(numbers) < INEXACT_FROM[raw.dtype.itemsize]
    is_good = is_exact & (np.trunc(numbers) == numbers)
    whole = np.where(is_good, numbers, 0).astype(np.int64)
    bad = np.flatnonzero(~is_good & ~is_null)
    reasons = [
        _inexact_id(value) if not exact else f"{quoted(value)} is no whole number and no text"
        for value, exact in zip(numbers[bad].tolist(), is_exact[bad].tolist(), strict=True)
    ]
    faults = _fault(bad, "id_unreadable", column.name, reasons)
    return Read(pa.array(whole, mask=~is_good), faults)


def _inexact_id(value: float) -> str:
    return f"{value} has more digits than a float holds: send ids as text or whole numbers"


def _id(value: Any) -> int | str:
    """Return an id; ValueError with the reason for what is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        raise ValueError(f"{value} is no id: a whole number or a text is expected")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, float | np.floating):
        width = value.dtype.itemsize if isinstance(value, np.floating) else FLOAT_BYTES
        if abs(float(value)) >= INEXACT_FROM.get(width, MAX_EXACT):
            raise ValueError(_inexact_id(float(value)))
    number: Any = value
    if not isinstance(number, int | float | Decimal | np.integer | np.floating):
        raise ValueError(f"{quoted(value)} is no whole number and no text")
    # First as a float, before it is made whole: a decimal may have a million digits.
    if abs(float(number)) > 2.0**63 or not INT64_MIN <= int(number) <= INT64_MAX:
        raise ValueError(f"{quoted(value)} has more than 64 bits: send ids as text")
    if int(number) != number:
        raise ValueError(f"{quoted(value)} is no whole number and no text")
    return int(number)


# Texts.


def _texts(column: InputColumn, values: pa.Array) -> Read:
    """Return texts as Arrow's plain strings; too long or not UTF-8 is a fault."""
    if kind_of(values.type) in NUMBERS and not kinds.is_null(values.type):
        return _levels(values)
    rule, most = ("id_too_long", MAX_ID_BYTES) if column.kind == "id" else TEXT_TOO_LONG
    large = values.cast(pa.large_binary())
    lengths = pc.binary_length(large)
    long = _where(pc.greater(lengths, most))
    faults = _fault(
        long,
        rule,
        column.name,
        (f"{n} bytes are more than {most}" for n in lengths.take(pa.array(long)).to_pylist()),
    )
    # Cut out before the texts are copied: one of them may be larger than all the others.
    plain = _without(large, long)
    try:
        return Read(_utf8(plain), faults)
    except pa.ArrowInvalid:
        pass
    # Only now a look at each value: some text is not UTF-8.
    bad = np.array(
        [
            k
            for k, value in enumerate(plain.to_pylist())
            if value is not None and not _is_utf8(value)
        ],
        dtype=np.int64,
    )
    faults += _fault(bad, "not_text", column.name, ["bytes that are not UTF-8"] * len(bad))
    return Read(_utf8(_without(plain, bad)), faults)


TEXT_TOO_LONG = ("text_too_long", MAX_TEXT_BYTES)


def _utf8(values: pa.LargeBinaryArray) -> pa.StringArray:
    # Arrow checks the bytes where it makes text of binary, and nowhere else.
    return values.cast(pa.binary()).cast(pa.string())


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _levels(values: pa.Array) -> Read:
    """Return numbers that stand for a category as they are usually written.

    So 1.0 becomes "1" and 2.5 becomes "2.5".
    """
    numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return Read(
        pa.array([None if v != v else level_text(v) for v in numbers.tolist()], pa.string()), []
    )


# Moments.


def _times(column: InputColumn, values: pa.Array) -> Read:
    """Return moments as datetime64[us] in UTC, NaT for null."""
    faults: list[RowFault] = []
    if is_text(values.type):
        read = _texts(column, values)
        values = read.data
        faults += read.faults
    if kinds.is_floating(values.type):
        return read_objects(column, values.to_numpy(zero_copy_only=False).astype(object))
    times, *masks = moments_of(values, column.dates)
    early, late, unread = map(np.flatnonzero, masks)
    past, future, unreadable = DATE_RULES if column.is_days else MOMENT_RULES
    texts = values.take(pa.array(unread)).to_pylist() if len(unread) else []
    told = (
        (early, past, [BEFORE] * len(early)),
        (late, future, [AFTER] * len(late)),
        (unread, unreadable, [_no_moment(text, column) for text in texts]),
    )
    for rows, rule, reasons in told:
        faults += _fault(rows, rule, column.told, reasons)
    return Read(times, faults)


BEFORE = "a moment before the year 1: an unset date"
AFTER = "a moment after the year 9999"
# The rules that a moment too early, too late or unread breaks: of a decision, and of a feature.
MOMENT_RULES = ("as_of_past", "as_of_future", "as_of_unreadable")
DATE_RULES = ("not_a_date", "not_a_date", "not_a_date")


def _no_moment(value: object, column: InputColumn) -> str:
    if column.is_days:
        pattern = column.dates.pattern if column.dates else ""
        return f"{quoted(value)} is no date as training read this column ({pattern or 'ISO 8601'})"
    return f"{quoted(value)} is no moment as 2025-11-03T10:00:00 or 2025-11-03T18:00:00+08:00"


def _moment_of(column: InputColumn) -> Callable[[Any], np.datetime64]:
    """Return the reader of a single moment in UTC; ValueError with the reason for what is none."""
    reading = column.dates
    is_digits = reading is not None and reading.pattern != ""

    def read(value: Any) -> np.datetime64:
        if isinstance(value, np.datetime64 | pd.Timestamp):
            # It may lie beyond the calendar of Python, which would take it for another moment.
            stored = value if isinstance(value, np.datetime64) else value.to_datetime64()
            return _of_numpy(stored, column)
        if isinstance(value, dt.datetime):
            return in_utc(value)
        if isinstance(value, dt.date):
            return np.datetime64(value, "us")
        is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if isinstance(value, str) or (is_whole and is_digits):
            try:
                return parsed(str(value), reading)
            except (ValueError, OverflowError) as error:
                raise ValueError(_no_moment(value, column)) from error
        if column.is_days:
            raise ValueError(_no_moment(value, column))
        raise ValueError(f"{quoted(value)} is no moment: ISO 8601 text or a timestamp is expected")

    return read


def _of_numpy(value: np.datetime64, column: InputColumn) -> np.datetime64:
    """Return a moment of numpy in microseconds.

    One outside the dates of four digits becomes the moment beside them: of a decision it breaks
    `as_of_past` or `as_of_future`. Raises ValueError for such a date of a feature.
    """
    unit = np.datetime_data(value.dtype)[0]
    if unit not in (*MICROS, "ns"):
        value = value.astype("datetime64[s]")
        unit = "s"
    # In whole numbers of Python, as seconds may be too large to be multiplied in 64 bits.
    count = int(value.astype(np.int64))
    micros = count // NANOS_PER_MICRO if unit == "ns" else count * MICROS[unit]
    is_early = micros < FIRST_MOMENT
    if column.is_days and (is_early or micros > LAST_MOMENT):
        raise ValueError(BEFORE if is_early else AFTER)
    return np.datetime64(min(max(micros, FIRST_MOMENT - 1), LAST_MOMENT + 1), "us")


# Numbers.


def read_numbers(
    column: InputColumn, numbers: NDArray[np.float64], values: pa.Array
) -> list[RowFault]:
    """Write a column of Arrow into `numbers`; return the values that are no number of float64.

    Raises `DecisionError` for another type.
    """
    kind = values.type
    if not is_accepted(column, kind):
        raise wrong_type(column, str(kind))
    if column.reading is None or not is_text(kind):
        return fill(numbers, values, column.name, is_nearest=column.is_nearest)
    texts = values.cast(pa.string())
    numbers[:], is_unread = numbers_of(texts, column.reading)
    rows = np.flatnonzero(is_unread)
    words = f" is no number as training read this column ({column.reading.form})"
    reasons = [quoted(text) + words for text in texts.take(pa.array(rows)).to_pylist()]
    large = np.flatnonzero(np.isfinite(numbers) & (np.abs(numbers) >= MAX_EXACT))
    exact = [_exact(text) for text in texts.take(pa.array(large)).to_pylist()]
    is_whole = np.array([one is not None for one in exact], dtype=bool)
    whole = [one for one in exact if one is not None]
    lost = inexact(numbers, large[is_whole], whole, column.name)
    return [*_fault(rows, "not_a_number", column.name, reasons), *lost]


def fill(
    numbers: NDArray[np.float64], values: pa.Array, name: str, *, is_nearest: bool = False
) -> list[RowFault]:
    """Write `values` into `numbers`, null as NaN; return the values that float64 cannot hold.

    `is_nearest` takes the float64 nearest to a decimal, as every other reader of decimals does;
    else it is Arrow's own cast.
    """
    kind = values.type
    if kinds.is_dictionary(kind):
        return fill(numbers, values.dictionary_decode(), name, is_nearest=is_nearest)
    if kinds.is_null(kind):
        numbers.fill(np.nan)
        return []
    if is_nearest and kinds.is_decimal(kind):
        numbers[:] = nearest_floats(values)
    else:
        _copy(numbers, values if kinds.is_float64(kind) else values.cast(pa.float64(), safe=False))
    if not (kinds.is_decimal(kind) or kinds.is_int64(kind) or kinds.is_uint64(kind)):
        return []
    # At this bound or beyond, rounding may have hidden that the number is not exact.
    suspects = np.flatnonzero(np.abs(numbers) >= MAX_EXACT)
    if not len(suspects):
        return []
    exact = values.take(pa.array(suspects)).to_pylist()
    return inexact(numbers, suspects, exact, name)


def nearest_floats(values: pa.Array) -> NDArray[np.float64]:
    """Return the float64 nearest to each decimal; null is NaN."""
    kind = values.type
    numbers = np.full(len(values), np.nan)
    is_left = np.asarray(values.is_valid().to_numpy(zero_copy_only=False), bool)
    if kind.bit_width == DECIMAL_BITS and 0 <= kind.scale <= MAX_EXACT_POWER and len(values):
        # Two words each, the low one first. Where the whole number fits the low one exactly, as
        # nearly always, one division of two exact numbers rounds to the nearest.
        start = 2 * values.offset
        parts = np.frombuffer(values.buffers()[1], "<i8")[start : start + 2 * len(values)]
        low, high = parts.reshape(-1, 2).T
        is_small = (high == low >> 63) & (low >= -MAX_EXACT) & (low <= MAX_EXACT) & is_left
        numbers[is_small] = low[is_small] / 10.0**kind.scale
        is_left &= ~is_small
    rows = np.flatnonzero(is_left)
    numbers[rows] = [float(value) for value in values.take(pa.array(rows)).to_pylist()]
    return numbers


def inexact(
    numbers: NDArray[np.float64], rows: NDArray[np.int64], exact: list[Any], name: str
) -> list[RowFault]:
    """Return the fault of the rows whose exact value float64 does not hold; they become NaN."""
    is_lost = np.array([abs(value) > MAX_EXACT for value in exact], dtype=bool)
    lost = rows[is_lost]
    numbers[lost] = np.nan
    reasons = [
        f"{quoted(value)} has more digits than a number holds here (2^53)"
        for value, is_gone in zip(exact, is_lost.tolist(), strict=True)
        if is_gone
    ]
    return _fault(lost, "not_exact", name, reasons)


def _copy(numbers: NDArray[np.float64], plain: pa.Array) -> None:
    """Write float64 values from their buffers, null as NaN, without a copy in between."""
    # A slice shares the buffers of the whole array: its values begin at its offset.
    start = plain.offset
    validity, data = plain.buffers()
    # The buffer of no values may be None in Arrow.
    values = np.frombuffer(data or b"", np.float64)[start : start + len(plain)]
    copy_column(numbers, values, validity if plain.null_count else None, start)


def _float(value: Any) -> float:
    """Return a number; ValueError with the reason for what is none."""
    if not isinstance(value, int | float | Decimal | np.number | np.bool_) or isinstance(
        value, np.complexfloating | np.timedelta64
    ):
        raise ValueError(f"{quoted(value)} is no number")
    return float(value)


# Single values of Python, as JSON, pandas and people send them.


def is_missing(value: Any) -> bool:
    """Return whether a single value stands for null: None, NaN, NaT, pandas' NA."""
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    if isinstance(value, Decimal):
        return value.is_nan()
    if isinstance(value, np.datetime64):
        return bool(np.isnat(value))
    return isinstance(value, float | np.floating) and bool(value != value)


def read_objects(column: InputColumn, values: np.ndarray) -> Read:
    """Return single values of Python in the one form of their column.

    Raises `DecisionError` for ids of which some are whole numbers and some text.
    """
    one, rule = _SINGLE[column.kind]
    if column.kind == "time" or column.is_days:
        one = _moment_of(column)
        rule = DATE_RULES[-1] if column.is_days else rule
    if column.is_category:
        one = _level
    if column.reading is not None:
        one = _by(column.reading)
    found: list[Any] = [None] * len(values)
    bad: list[int] = []
    reasons: list[str] = []
    for k, value in enumerate(values.tolist()):
        if is_missing(value):
            continue
        try:
            found[k] = one(value)
        except (ValueError, OverflowError) as error:
            bad.append(k)
            reasons.append(str(error))
    rows = np.array(bad, dtype=np.int64)
    faults = _fault(rows, rule, column.told, reasons)
    read = _whole(column, found, values)
    return Read(read.data, [*faults, *read.faults])


def _whole(column: InputColumn, found: list[Any], values: np.ndarray) -> Read:
    """Return the converted values as one array."""
    if column.kind == "time" or column.is_days:
        times = [np.datetime64("NaT", "us") if one is None else one for one in found]
        return Read(np.array(times, dtype="datetime64[us]"), [])
    if column.kind in NUMERIC:
        numbers = np.array([np.nan if one is None else one for one in found])
        suspects = np.flatnonzero(np.abs(numbers) >= MAX_EXACT)
        # An infinite decimal is told as infinite, as an infinite float is.
        exact = {k: _exact(values[k]) for k in suspects.tolist() if np.isfinite(numbers[k])}
        whole = {k: value for k, value in exact.items() if value is not None}
        rows = np.array([*whole], dtype=np.int64)
        return Read(numbers, inexact(numbers, rows, [*whole.values()], column.name))
    if column.kind == "id":
        types = {type(one) for one in found if one is not None}
        if len(types) > 1:
            raise refusal(
                "ids are of two types", f"column {column.name}", "whole numbers or texts", "both"
            )
        if types == {int}:
            return Read(pa.array(found, pa.int64()), [])
    return _encoded(column, found)


def _exact(value: Any) -> Any:
    """Return a number that is meant to its last digit; None for a float, and a text of one."""
    if isinstance(value, int | Decimal | np.integer):
        return value
    bare = value.replace(",", "").strip() if isinstance(value, str) else ""
    return int(bare) if WHOLE_TEXT.fullmatch(bare) else None


def _encoded(column: InputColumn, found: list[Any]) -> Read:
    """Return texts of Python as Arrow's; half of a surrogate pair has no bytes."""
    encoded = [None if one is None else one.encode(errors="surrogatepass") for one in found]
    return _texts(column, pa.array(encoded, pa.large_binary()))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{quoted(value)} is no text")
    return value


def level_text(number: float) -> str:
    """Return a number as a category is written: 1.0 becomes "1" and 2.5 becomes "2.5"."""
    # 15 digits: every decimal number of so many digits survives as a float64.
    return f"{number:.15g}"


def _level(value: Any) -> str:
    return value if isinstance(value, str) else level_text(_float(value))


def _by(reading: TextReading) -> Callable[[Any], Any]:
    """Return the reader of a single value of a column whose texts are numbers."""

    def read(value: Any) -> float:
        if not isinstance(value, str):
            return _float(value)
        numbers, is_unread = numbers_of(pa.array([value]), reading)
        if is_unread[0]:
            raise ValueError(
                f"{quoted(value)} is no number as training read this column ({reading.form})"
            )
        return float(numbers[0])

    return read


# table: per kind, how a single value is read, and the rule that it breaks where it is none
_SINGLE: dict[InputKind, tuple[Callable[[Any], Any], str]] = {
    "id": (_id, "id_unreadable"),
    # By the reading of the column: `_moment_of`.
    "time": (_text, "as_of_unreadable"),
    "number": (_float, "not_a_number"),
    "flag": (_float, "not_a_number"),
    "text": (_text, "not_text"),
}
_READERS: dict[InputKind, Callable[[InputColumn, pa.Array], Read]] = {
    "id": _ids,
    "time": _times,
    "text": _texts,
}
