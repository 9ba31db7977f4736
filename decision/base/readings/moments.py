"""How stored dates and texts become moments: one reading, in training and at every door.

A moment without a zone is UTC. Texts are ISO 8601, or written by the pattern that training states
in the layout of the bundle. Nothing is guessed again at scoring.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds
from numpy.typing import NDArray

from .stored_kinds import kind_of

Mask = NDArray[np.bool_]
# The first and the last microsecond that a date of four digits has, counted from 1970.
FIRST_MOMENT = -62_135_596_800_000_000
LAST_MOMENT = 253_402_300_799_999_999
MICROS_PER_DAY = 86_400_000_000
# Microseconds of one unit; a nanosecond is a thousandth.
MICROS = {"s": 1_000_000, "ms": 1_000, "us": 1}
NANOS_PER_MICRO = 1_000
# How the days from a date are named in a block: a number there is no date.
DAYS = "days from {} to as_of"
NO_MOMENT = np.datetime64("NaT", "us")


@dataclass(frozen=True)
class DateReading:
    """How texts of one column become moments.

    pattern: of strptime; "" = ISO 8601, which is read beside a pattern too. missing: texts that
    mean null.
    """

    pattern: str = ""
    missing: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> DateReading:
        """Return the reading that `to_json` wrote."""
        return cls(content["pattern"], tuple(content.get("missing", ())))

    def to_json(self) -> dict[str, Any]:
        """Return the reading as it stands in the layout of a bundle."""
        return {"pattern": self.pattern, "missing": list(self.missing)}

    def is_missing(self, text: str) -> bool:
        """Return whether a text without blanks around it means null."""
        return text == "" or text in self.missing


ISO = DateReading()


class ReadMoments(NamedTuple):
    """The moments of a column: `data` is datetime64[us] in UTC, NaT for null and for none.

    `early` and `late` lie before the year 1 and after the year 9999, `unread` are texts that name
    no moment.
    """

    data: NDArray[np.datetime64]
    early: Mask
    late: Mask
    unread: Mask


def moments_of(values: pa.Array, reading: DateReading | None = None) -> ReadMoments:
    """Return the moments of timestamps, dates, texts, or nulls alone.

    A column may be coded as a dictionary. With a pattern, whole numbers are its digits (20240131).
    Without a `reading` an empty text is none; with one it is null.
    """
    if kinds.is_dictionary(values.type):
        values = values.dictionary_decode()
    if kind_of(values.type) in ("text", "int"):
        return _of_texts(values.cast(pa.string()), reading)
    if not (kinds.is_timestamp(values.type) or kinds.is_date(values.type)):
        # Nulls alone, of any type.
        nothing = np.zeros(len(values), bool)
        return ReadMoments(np.full(len(values), NO_MOMENT), nothing, nothing, nothing)
    return _of_stored(values)


def has_moments(kind: pa.DataType, reading: DateReading | None) -> bool:
    """Return whether a column of this type may hold moments; nulls alone may."""
    stored = kind_of(kind)
    is_digits = stored == "int" and reading is not None and reading.pattern != ""
    return is_digits or stored in ("timestamp", "date", "text", "null")


def parsed(text: str, reading: DateReading | None = None) -> np.datetime64:
    """Return the moment that a text names; ValueError or OverflowError for none.

    >>> str(parsed("31/01/2024", DateReading("%d/%m/%Y")))
    '2024-01-31T00:00:00.000000'
    """
    bare = text.strip()
    if reading is not None and reading.is_missing(bare):
        return NO_MOMENT
    if reading is not None and reading.pattern:
        try:
            # Naive by contract: times of the tables are naive UTC.
            return np.datetime64(dt.datetime.strptime(bare, reading.pattern), "us")  # noqa: DTZ007
        except ValueError:
            # ISO 8601 cannot be mistaken, whatever pattern training met.
            pass
    return in_utc(dt.datetime.fromisoformat(bare))


def in_utc(value: dt.datetime) -> np.datetime64:
    """Return a moment of Python as naive UTC; OverflowError where it then leaves the calendar."""
    if value.tzinfo is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)
    return np.datetime64(value, "us")


def days_between(
    first: NDArray[np.datetime64], last: NDArray[np.datetime64]
) -> NDArray[np.float64]:
    """Return the days from `first` to `last`, with their fraction; NaN where one is null.

    >>> days_between(np.array(["2024-01-01"], "M8[us]"), np.array(["2024-01-31T12"], "M8[us]"))
    array([30.5])
    """
    is_null = np.isnat(first) | np.isnat(last)
    micros = (last - first).astype("timedelta64[us]").astype(np.int64)
    # One division of whole numbers: the same bits wherever it is done.
    return np.where(is_null, np.nan, micros / MICROS_PER_DAY)


def _of_texts(texts: pa.Array, reading: DateReading | None) -> ReadMoments:
    # Most dates repeat: each text is read once.
    coded = texts.dictionary_encode()
    found = [_tried(text, reading) for text in coded.dictionary.to_pylist()]
    # One more entry at the end, for null.
    moments = np.array([*(NO_MOMENT if one is None else one for one in found), NO_MOMENT])
    is_none = np.array([*(one is None for one in found), False])
    codes = pc.fill_null(coded.indices, len(found)).to_numpy(zero_copy_only=False)
    nothing = np.zeros(len(texts), bool)
    return ReadMoments(moments[codes], nothing, nothing, is_none[codes])


def _tried(text: str, reading: DateReading | None) -> np.datetime64 | None:
    try:
        return parsed(text, reading)
    except (ValueError, OverflowError):
        return None


def _of_stored(values: pa.Array) -> ReadMoments:
    kind = values.type
    # Dates of 32 bits count days; all other moments count in 64 bits.
    counts = pc.fill_null(values.cast(pa.int32() if kinds.is_date32(kind) else pa.int64()), 0)
    raw = counts.to_numpy(zero_copy_only=False).astype(np.int64)
    is_null = values.is_null().to_numpy(zero_copy_only=False)
    micros, early, late = _micros(raw, kind)
    early &= ~is_null
    late &= ~is_null
    micros[is_null | early | late] = 0
    times = micros.view("datetime64[us]")
    times[is_null | early | late] = NO_MOMENT
    return ReadMoments(times, early, late, np.zeros(len(values), bool))


def _micros(raw: NDArray[np.int64], kind: pa.DataType) -> tuple[NDArray[np.int64], Mask, Mask]:
    """Return microseconds, and which values lie before or after all dates of four digits.

    Compared in their own unit, as seconds may be too large to be multiplied.
    """
    if kinds.is_timestamp(kind) and kind.unit == "ns":
        return raw // NANOS_PER_MICRO, np.zeros(len(raw), bool), np.zeros(len(raw), bool)
    each = MICROS_PER_DAY if kinds.is_date32(kind) else MICROS["ms"]
    if kinds.is_timestamp(kind):
        each = MICROS[kind.unit]
    early = raw < -(-FIRST_MOMENT // each)
    late = raw > LAST_MOMENT // each
    return np.where(early | late, 0, raw) * each, early, late
