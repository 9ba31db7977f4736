"""What one column becomes: label, time, weight, group, number or category; each is checked.

A function returns the column, and what is said of it. It raises DataError for one that cannot play
its part.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds
from numpy.typing import NDArray

from creditloom.decision.base.readings.text_numbers import TextReading, numbers_of
from creditloom.storage.contract.stored_types import WHOLE, kind_of, values_type
from creditloom.storage.files.errors import DataError
from creditloom.storage.own.recognise import dates_of, moments_of, reading_of, words_of

# A text column with more levels than both of these names rows rather than groups them: 50 levels,
# and half of the rows.
MAX_CATEGORY_LEVELS = 50
MAX_CATEGORY_LEVEL_SHARE = 0.5
# Of so large a share of numbers, the few other texts of a column are shown.
MOSTLY = 0.5
TRUTHS = {"true": 1.0, "false": 0.0}


class ColumnNote(NamedTuple):
    """What is said of a column as it is read."""

    column: str
    text: str


@dataclass(frozen=True)
class OwnColumn:
    """One column of the user's table, as the layout of a bundle keeps it.

    type: Arrow's name of the stored type; of a CSV the one that its texts are read as. part: id,
    time, label, group, weight, protected, feature or left out. reading: how texts become numbers.
    """

    name: str
    type: str
    part: str
    reading: TextReading | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the column as it stands in the layout."""
        content = {"name": self.name, "type": self.type, "part": self.part}
        return content if self.reading is None else {**content, "reading": self.reading.to_json()}


class FeatureColumn(NamedTuple):
    """A feature: float64 (null = NaN) or objects (text, None), and how its texts were read.

    whole: the same as whole numbers of Arrow, where it holds nothing else; else None.
    """

    data: pd.Series
    reading: TextReading | None
    whole: pa.ChunkedArray | None
    notes: tuple[ColumnNote, ...] = ()


@dataclass(frozen=True)
class OwnReader:
    """Reads columns of one table.

    where: the file, as errors name it. is_csv: every column is text, as nothing was converted.
    """

    table: pa.Table
    where: object
    is_csv: bool

    def label(self, name: str) -> NDArray[np.int8]:
        """Return the label, 1 = bad and 0 = good.

        Raises DataError unless every row has one of the two, and both occur.
        """
        column = _plain(self.table[name])
        if self.is_csv:
            column = _truths_or_numbers(column)
        kind = column.type
        if not (kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_boolean(kind)):
            raise self._bad_label(name, _shown_label(column), "map it to 0 and 1")
        return self._checked_label(column, name)

    def _checked_label(self, column: pa.Array, name: str) -> NDArray[np.int8]:
        values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        is_null = np.isnan(values)
        if is_null.any():
            first = int(np.argmax(is_null))
            count = f"{int(is_null.sum()):,} null of {len(values):,} rows"
            got = f"{count}, the first in row {first}"
            raise self._bad_label(name, got, "leave rows without a label out of the file")
        is_other = (values != 0) & (values != 1)
        if is_other.any():
            got = f"{int(is_other.sum()):,} other values, the first {values[is_other][0]:g}"
            raise self._bad_label(name, got, "map it to 0 and 1")
        if len(np.unique(values)) < 2:
            got = f"{values[0]:g} in all {len(values):,} rows: one class only"
            raise self._bad_label(name, got, "give rows of both classes")
        return values.astype(np.int8)

    def _bad_label(self, name: str, got: str, step: str) -> DataError:
        return DataError.of(
            f"Label `{name}` cannot be learnt from",
            where=self.where,
            expected="1 (bad) or 0 (good) in every row, both present",
            got=got,
            next_step=step,
        )

    def time(
        self, name: str, latest: dt.datetime
    ) -> tuple[NDArray[np.datetime64], tuple[ColumnNote, ...]]:
        """Return naive UTC microseconds from dates, timestamps or texts of one form of dates.

        Raises DataError for null, for a date after `latest`, and for anything else.
        """
        values, notes = self._moments(name)
        is_null = np.isnat(values)
        if is_null.any():
            got = f"{int(is_null.sum()):,} null, the first in row {int(np.argmax(is_null))}"
            raise self._bad_time(name, got, "fill it, or leave the rows out")
        is_late = values > np.datetime64(latest)
        if is_late.any():
            first = int(np.argmax(is_late))
            place = f"the first in row {first}: {values[first]} (now is {latest})"
            got = f"{int(is_late.sum()):,} in the future, {place}"
            raise self._bad_time(name, got, "correct the dates")
        return values, notes

    def _moments(self, name: str) -> tuple[NDArray[np.datetime64], tuple[ColumnNote, ...]]:
        column = _plain(self.table[name])
        is_text = kind_of(column.type) == "text"
        if kinds.is_temporal(column.type) or is_text:
            try:
                iso = column.cast(pa.string()).cast(_MICROS) if is_text else column.cast(_MICROS)
                return np.asarray(iso.to_numpy(zero_copy_only=False)), ()
            except pa.ArrowInvalid as error:
                why = str(error)
        else:
            why = f"type {column.type}"
        # 20240131 is a date to a person, and may be a number to a file.
        if not is_text and not kinds.is_integer(column.type):
            raise self._bad_time(name, why, "convert it with pandas.to_datetime")
        texts = column.cast(pa.string())
        dates = dates_of(texts)
        if dates is None:
            raise self._bad_time(name, why, "convert it with pandas.to_datetime")
        if len(dates.patterns) > 1:
            got = f"dates that may be {dates.words}"
            raise self._bad_time(name, got, "write them as 2024-01-31")
        note = ColumnNote(name, f"dates as {dates.words}")
        return moments_of(texts, dates.patterns[0]), (note,)

    def _bad_time(self, name: str, got: str, step: str) -> DataError:
        return DataError.of(
            f"Column `{name}` is no usable date",
            where=self.where,
            expected="a date or timestamp in every row, none after now",
            got=got,
            next_step=step,
        )

    def weight(self, name: str) -> NDArray[np.float64]:
        """Return how often each row counts; DataError unless all are finite and above 0."""
        values = self.feature(name, is_category=False).data
        numbers = values.to_numpy()
        if values.dtype != np.float64 or not (np.isfinite(numbers) & (numbers > 0)).all():
            raise DataError.of(
                f"Weight `{name}` cannot be used",
                where=self.where,
                expected="a finite number above 0 in every row",
                got="text" if values.dtype != np.float64 else "null, infinite, 0 or below 0",
                next_step="fill or correct it, or leave the rows out",
            )
        return np.asarray(numbers)

    def group(self, name: str) -> tuple[NDArray[np.int64], tuple[ColumnNote, ...]]:
        """Return a number per row; rows with equal numbers are of one borrower.

        A null is a borrower of its own.
        """
        codes = pc.dictionary_encode(_plain(self.table[name])).indices
        numbers = codes.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False).copy()
        is_null = numbers < 0
        numbers[is_null] = len(numbers) + np.arange(int(is_null.sum()))
        count = int(is_null.sum())
        said = f"{count:,} null: each counts as a borrower of its own"
        return numbers, (ColumnNote(name, said),) if count else ()

    def feature(self, name: str, *, is_category: bool) -> FeatureColumn:
        """Return one feature: numbers as float64, a category as text, a number of it as 1 or 2.5.

        Texts that are all numbers are numbers, unless a person calls them a category. Numbers that
        were declared a category (a dictionary) are one. Special codes are kept.
        """
        stored = self.table[name].type
        column = _plain(self.table[name])
        kind = kind_of(column.type)
        is_declared = kinds.is_dictionary(stored) and kind != "text"
        if kind == "text" and not is_category:
            texts = column.cast(pa.string())
            return self._numbers_in_text(texts, name) or self._category(texts, name)
        if is_category or is_declared:
            said = "numbers declared a category: levels, and no amount"
            notes = (ColumnNote(name, said),) if is_declared and not is_category else ()
            found = self._category(column, name, is_named=True)
            return found._replace(notes=notes)
        if kind not in ("int", "float", "decimal", "bool", "null"):
            raise self._no_feature(name, str(stored))
        values = _numbers(column, kind)
        whole = pa.chunked_array([column]) if kind == "int" else None
        return FeatureColumn(pd.Series(values), None, whole)

    def _numbers_in_text(self, texts: pa.Array, name: str) -> FeatureColumn | None:
        if texts.null_count == len(texts):
            return FeatureColumn(pd.Series(np.full(len(texts), np.nan)), None, None)
        reading = reading_of(texts)
        if reading is None:
            return None
        values, _ = numbers_of(texts, reading)
        is_plain = reading == TextReading("plain")
        # In a CSV every number is text: nothing to say.
        notes = () if is_plain and self.is_csv else (ColumnNote(name, words_of(texts, reading)),)
        return FeatureColumn(pd.Series(values), reading, _whole(texts), notes)

    def _category(self, column: pa.Array, name: str, *, is_named: bool = False) -> FeatureColumn:
        texts = pd.Series([_level(value) for value in column.to_pylist()], dtype=object)
        levels = texts.nunique()
        # A column that a person named as a category is one, however many levels it has.
        max_levels = max(MAX_CATEGORY_LEVELS, MAX_CATEGORY_LEVEL_SHARE * len(texts))
        if not is_named and levels > max_levels:
            dates = dates_of(column)
            if dates is not None:
                raise self._no_feature(name, f"dates as {dates.words}")
            raise self._names_rows(name, levels, column)
        return FeatureColumn(texts.where(texts.notna(), None), None, None)

    def _names_rows(self, name: str, levels: int, column: pa.Array) -> DataError:
        got = f"{levels:,} different texts in {len(column):,} rows"
        step = f"use `{name}` as id (--id) or borrower (--group), or leave it out (--drop {name})"
        other = _few_others(column)
        if other:
            got = f"{got}, most of them numbers, but not {other}"
            step = f"write an empty cell in place of {other}; or {step}"
        return DataError.of(
            f"Column `{name}` names rows rather than groups",
            where=self.where,
            expected="a text column with repeated values",
            got=got,
            next_step=step,
        )

    def _no_feature(self, name: str, got: str) -> DataError:
        return DataError.of(
            f"Column `{name}` can be no feature",
            where=self.where,
            expected="number, truth value or text",
            got=got,
            next_step=f"leave `{name}` out (--drop {name}), or name it as the time column "
            f"(--time {name})",
        )


_MICROS = pa.timestamp("us")


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """Return one array of plain values, without dictionary coding."""
    whole = column.cast(values_type(column.type)).combine_chunks()
    return whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole


def _numbers(column: pa.Array, kind: str) -> NDArray[np.float64]:
    """Return numbers as float64, each the nearest one; null is NaN."""
    if kind == "decimal":
        # By Python, which rounds to the nearest; Arrow's cast may miss it by one place.
        nearest = [np.nan if value is None else float(value) for value in column.to_pylist()]
        return np.array(nearest, np.float64)
    # Unsafe: a whole number above 2^53 becomes the nearest float64, as for every reader. A copy, as
    # Arrow's memory may not be written to.
    floats = column.cast(pa.float64(), safe=False)
    return np.array(floats.to_numpy(zero_copy_only=False), np.float64)


def _truths_or_numbers(texts: pa.Array) -> pa.Array:
    """Return true/false or numbers of a CSV's label; the texts where they are neither."""
    lower = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    if set(lower.unique().to_pylist()) <= {*TRUTHS, None}:
        return pa.array([TRUTHS.get(text) for text in lower.to_pylist()], pa.float64())
    reading = reading_of(texts)
    return texts if reading is None else pa.array(numbers_of(texts, reading)[0], from_pandas=True)


def _shown_label(column: pa.Array) -> str:
    """Return the type of a label that is none, with a few of its values where it is text."""
    values = column.unique().to_pylist() if kind_of(column.type) == "text" else []
    shown = ", ".join(f"`{value}`" for value in values[:3])
    return f"type {column.type}" + (f": {shown}" if shown else "")


def _whole(texts: pa.Array) -> pa.ChunkedArray | None:
    """Return texts as whole numbers where they are nothing else."""
    known = pc.utf8_trim_whitespace(texts)
    if not pc.all(pc.match_substring_regex(known.fill_null("x"), WHOLE)).as_py():
        return None
    return pa.chunked_array([known.cast(pa.int64())])


def _few_others(column: pa.Array) -> str:
    """Return one text that keeps a column of numbers from being one; "" where most are texts."""
    # Lone texts are tried one by one: with one of them gone the rest is read again.
    texts = column.unique().drop_null()
    is_number = pc.match_substring_regex(texts, r"^\s*[+-]?[\d.,]+\s*%?\s*$")
    others = texts.filter(pc.invert(is_number)).to_pylist()
    is_mostly = 0 < len(others) <= (1 - MOSTLY) * len(texts)
    return f"`{others[0]}`" if is_mostly else ""


def _level(value: Any) -> str | None:
    # 15 digits: 1.0 and 1 are one level, and every decimal number that people write stays itself.
    # As a float, as the runtime does: a decimal would keep its trailing zeros.
    return value if value is None or isinstance(value, str) else f"{float(value):.15g}"
