"""Turn the stored values of one column of the user's into those of the contract.

Each value converts, or is said not to fit with the rule that it breaks; nothing is guessed. The
steps: words (`codes`), numbers of ids, numbers out of text, units, moments. What is then stored is
converted as every raw table is (`storage.contract.stored_types`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from creditloom.features.contract.tables import Column
from creditloom.storage.contract.stored_types import (
    ACCEPTED,
    MICROS_PER_DAY,
    Mask,
    converted,
    is_accepted,
    kind_of,
    role,
)
from creditloom.storage.files.errors import DataError
from creditloom.storage.mapped.mapping import MappedColumn, MappedFile, Plain, scale
from creditloom.storage.mapped.own_files import NUMBER, plain_numbers
from creditloom.storage.mapped.text_ids import Numbering

# What a CSV may write for true and false, in small letters.
FLAGS = {"true": True, "false": False, "1": True, "0": False}
# Microseconds of what numbers count since 1970.
EPOCHS = {"s": 1_000_000, "ms": 1_000, "us": 1}
# table: type of a kept column -> its stored type
KEPT = {
    "whole": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "time": pa.timestamp("us"),
    "text": pa.string(),
}
# A moment by which the width of a format is measured: two digits for each of its parts.
SOME_MOMENT = dt.datetime(2011, 11, 11, 11, 11, 11)
UTC = "UTC"

# Values in their stored form, and which of them do not fit.
Read = tuple[pa.Array, Mask]


class ColumnReader:
    """Reads one column as a mapping says.

    `column` is the contract's, or a declared one of the kept column. `zone` is the mapping's, for
    moments without one; `numbering` gives numbers to texts where the mapping asks for it.
    """

    def __init__(
        self,
        spec: MappedColumn,
        column: Column,
        file: MappedFile,
        zone: str,
        numbering: Numbering | None,
    ) -> None:
        self.spec = spec
        self.column = column
        self._file = file
        self._zone = spec.zone or zone
        self._numbering = numbering

    def read(self, stored: pa.ChunkedArray) -> Read:
        """Return values in the declared type, null where null or unfit, and which are unfit.

        Raises DataError for a stored type from which the column cannot be read.
        """
        values = _plain(stored)
        steps: tuple[Callable[[pa.Array], Read], ...] = (
            self._codes,
            self._ids,
            self._numbers,
            self._scaled,
            self._moments,
        )
        unfit = np.zeros(len(values), bool)
        for step in steps:
            values, broken = step(values)
            unfit |= broken
        if not is_accepted(self.column, values.type):
            raise self._wrong_type(stored.type)
        values, broken = converted(pa.chunked_array([values]), self.column)
        return values, unfit | broken

    @property
    def rule(self) -> str:
        """The rule that a row with an unfit value breaks, as `<column>.<kind>`."""
        return f"{self.column.name}.{'code' if self.spec.codes else 'type'}"

    @property
    def reason(self) -> str:
        """What is wrong with such a value, in words."""
        if self.spec.codes:
            return f"{self.column.name}: `codes` does not say what {self.spec.column} means"
        unit = f" {self.column.unit}" if self.column.unit else ""
        zone = f" of {self._zone}" if role(self.column) == "time" else ""
        kind = role(self.column)
        return f"{self.column.name}: {self.spec.column} is no {kind}{unit}{zone} that can be read"

    def _codes(self, values: pa.Array) -> Read:
        if not self.spec.codes:
            return values, _none(values)
        texts = np.asarray(_as_text(values).to_numpy(zero_copy_only=False), object)
        at, once = pd.factorize(texts)
        known = [self._word(text) for text in (*once, None)]
        found = [word for word, _ in known]
        unfit = np.array([is_unfit for _, is_unfit in known], bool)
        # A null has the place -1: the last entry, which stands for it.
        return pa.array(found).take(pa.array(at % len(found))), unfit[at]

    def _word(self, text: str | None) -> tuple[Plain, bool]:
        """Return what a text is mapped to, and whether nothing maps it."""
        codes = self.spec.codes
        key = "" if text is None else text
        if key in codes:
            return codes[key], False
        if text is None:
            return None, False
        return self.spec.otherwise, self.spec.otherwise is None

    def _ids(self, values: pa.Array) -> Read:
        if self._numbering is None:
            return values, _none(values)
        return self._numbering.of(_as_text(values)), _none(values)

    def _numbers(self, values: pa.Array) -> Read:
        kind = role(self.column)
        if kind_of(values.type) != "text" or kind not in ("whole", "number", "flag"):
            is_text = role(self.column) == "text" and kind_of(values.type) == "int"
            return (_as_text(values) if is_text else values), _none(values)
        if kind == "flag":
            return _flags(values)
        return _numbers_of(values, self._file)

    def _scaled(self, values: pa.Array) -> Read:
        times, per = scale(self.spec, self.column.unit)
        is_plain = (times, per) == (1, 1) and not self.spec.round
        if is_plain or kind_of(values.type) not in ("int", "float", "decimal"):
            return values, _none(values)
        numbers = _floats(values)
        product = numbers * times / per
        if role(self.column) != "whole":
            return _array(product), _none(values)
        with np.errstate(invalid="ignore"):
            whole = np.rint(product)
            # 12.34 * 100 is 1234.0000000000002. So it is asked whether the whole number, divided
            # again, is the very float that was stored: then it is the nearest float to it.
            is_exact = (whole * per / times == numbers) | np.isnan(numbers) | self.spec.round
        return _array(np.where(is_exact, whole, np.nan)), ~is_exact

    def _moments(self, values: pa.Array) -> Read:
        if role(self.column) != "time":
            return values, _none(values)
        kind = kind_of(values.type)
        if self.spec.epoch and kind in ("int", "float"):
            micros = _floats(values) * EPOCHS[self.spec.epoch]
            is_null = np.isnan(micros)
            whole = np.where(is_null, 0, micros).astype(np.int64)
            values = pa.array(whole, pa.int64(), mask=is_null).view(pa.timestamp("us"))
        elif self.spec.format and kind in ("text", "int"):
            return self._of_text(_as_text(values), self._by_format)
        elif kind == "text":
            return self._of_text(_as_text(values), dt.datetime.fromisoformat)
        elif self._is_naive(values.type):
            return self._localised(values)
        return self._moved(values), _none(values)

    def _is_naive(self, kind: pa.DataType) -> bool:
        is_day = pa.types.is_date(kind)
        return is_day or (pa.types.is_timestamp(kind) and kind.tz is None)

    def _by_format(self, text: str) -> dt.datetime:
        # A number has lost its leading zeros: 10203 is the day 01-02-03 of `%y%m%d`.
        width = len(SOME_MOMENT.strftime(self.spec.format))
        return dt.datetime.strptime(text.zfill(width), self.spec.format)  # noqa: DTZ007

    def _of_text(self, texts: pa.Array, parse: Callable[[str], dt.datetime]) -> Read:
        at, once = pd.factorize(np.asarray(texts.to_numpy(zero_copy_only=False), object))
        read = [_moment(text, parse) for text in once]
        # One more, for null: its place is -1.
        naive = [None if one is None or one.tzinfo else one for one in (*read, None)]
        with_zone = [
            one.astimezone(dt.UTC) if one and one.tzinfo else None for one in (*read, None)
        ]
        places = pa.array(at % len(naive))
        localised, broken = self._localised(pa.array(naive, pa.timestamp("us")).take(places))
        moved = self._moved(pa.array(with_zone, pa.timestamp("us", UTC)).take(places))
        is_none = np.array([one is None for one in (*read, None)], bool)[at]
        unfit = broken | (is_none & ~np.asarray(texts.is_null().to_numpy(zero_copy_only=False)))
        return pc.coalesce(localised, moved.cast(pa.timestamp("us"))), unfit

    def _localised(self, values: pa.Array) -> Read:
        """Return naive UTC of moments that are shown by the clocks of the zone."""
        stamps = values.cast(pa.timestamp("us"), safe=False)
        if self._zone == UTC:
            return self._moved(stamps), _none(values)
        index = pd.DatetimeIndex(stamps.to_numpy(zero_copy_only=False))
        choice: Any = "NaT"
        if self.spec.ambiguous:
            # Of two moments the earlier one is that of summer time.
            choice = np.full(len(index), self.spec.ambiguous == "earlier")
        local = index.tz_localize(self._zone, ambiguous=choice, nonexistent="NaT")
        utc = local.tz_convert(UTC).tz_localize(None)
        lost = np.asarray(utc.isna(), bool) & ~np.asarray(index.isna(), bool)
        return self._moved(pa.array(utc).cast(pa.timestamp("us"))), lost

    def _moved(self, values: pa.Array) -> pa.Array:
        if not self.spec.add_days:
            return values
        micros = values.cast(pa.timestamp("us"), safe=False).view(pa.int64())
        later = pc.add(micros, self.spec.add_days * MICROS_PER_DAY)
        return later.view(pa.timestamp("us"))

    def _wrong_type(self, stored: pa.DataType) -> DataError:
        accepted = ", ".join(name for name in ACCEPTED[role(self.column)] if name != "null")
        step = "map it with `codes`, or read another column"
        if role(self.column) == "time":
            step = 'say what it counts: `epoch: s` (or ms, us), or `format: "%Y%m%d"`'
        return DataError.of(
            f"Column `{self.column.name}` cannot be read",
            where=self.spec.column or "a constant",
            expected=f"{self.column.type} ({self.column.doc}), stored as {accepted}",
            got=str(stored),
            next_step=step,
        )


def declared(name: str, spec: MappedColumn, stored: pa.DataType, kind: str) -> Column:
    """Return a kept column as a declaration; its type is stated, mapped to, or the stored one.

    `kind` is what the texts of a CSV are: whole, number or text; "" for Parquet.
    """
    if spec.type:
        return Column(name, KEPT[spec.type], "kept", nullable=True)
    if spec.codes:
        mapped = pa.array([*spec.codes.values(), spec.otherwise]).type
        return Column(name, _simple(mapped), "kept", nullable=True)
    return Column(name, KEPT[kind] if kind else _simple(stored), "kept", nullable=True)


# table: kind of a stored type -> the type of a kept column
_SIMPLE: Mapping[str | None, pa.DataType] = {
    "bool": pa.bool_(),
    "int": pa.int64(),
    "float": pa.float64(),
    "decimal": pa.float64(),
    "timestamp": pa.timestamp("us"),
    "date": pa.timestamp("us"),
}


def _simple(stored: pa.DataType) -> pa.DataType:
    return _SIMPLE.get(kind_of(stored), pa.string())


def constant(value: Plain, length: int) -> pa.ChunkedArray:
    """Return a constant as a column."""
    return pa.chunked_array([pa.array([value]).take(pa.array(np.zeros(length, np.int64)))])


def _plain(stored: pa.ChunkedArray) -> pa.Array:
    whole = stored.combine_chunks()
    array = whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _none(values: pa.Array) -> Mask:
    return np.zeros(len(values), bool)


def _as_text(values: pa.Array) -> pa.Array:
    """Return values as people write them: whole floats as whole numbers, flags in small letters."""
    kind = kind_of(values.type)
    if kind in ("float", "decimal"):
        texts = [None if v is None or v != v else f"{float(v):.15g}" for v in values.to_pylist()]
        return pa.array(texts, pa.string())
    return values.cast(pa.string())


def _numbers_of(values: pa.Array, file: MappedFile) -> Read:
    texts = plain_numbers(pa.chunked_array([values.cast(pa.string())]), file).combine_chunks()
    texts = pc.utf8_trim_whitespace(texts)
    is_number = pc.fill_null(pc.match_substring_regex(texts, NUMBER), False)
    fit = np.asarray(is_number.to_numpy(zero_copy_only=False), bool)
    # By numpy, which reads text to the nearest float as Python does.
    filled = pc.if_else(is_number, texts, "nan").to_numpy(zero_copy_only=False).astype("U")
    unfit = ~fit & ~np.asarray(values.is_null().to_numpy(zero_copy_only=False), bool)
    return _array(filled.astype(np.float64)), unfit


def _flags(values: pa.Array) -> Read:
    at, once = pd.factorize(np.asarray(values.to_numpy(zero_copy_only=False), object))
    known = [FLAGS.get(text.strip().lower()) for text in once]
    found = pa.array([*known, None], pa.bool_())
    unfit = np.array([*(one is None for one in known), False], bool)
    return found.take(pa.array(at % len(found))), unfit[at]


def _floats(values: pa.Array) -> NDArray[np.float64]:
    if kind_of(values.type) == "decimal":
        numbers = [np.nan if value is None else float(value) for value in values.to_pylist()]
        return np.array(numbers, np.float64)
    return np.asarray(values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))


def _array(numbers: NDArray[np.float64]) -> pa.Array:
    return pa.array(numbers, pa.float64(), from_pandas=True)


def _moment(text: str, parse: Callable[[str], dt.datetime]) -> dt.datetime | None:
    try:
        return parse(text.strip())
    except (ValueError, OverflowError):
        return None
