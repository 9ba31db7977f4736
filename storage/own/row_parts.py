"""What a row is: its outcome, how often it counts, and whose it is.

Raises DataError for a column that cannot play its part.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from creditloom.decision.base.readings.text_numbers import TextReading, numbers_of
from creditloom.storage.contract.stored_types import kind_of
from creditloom.storage.files.errors import DataError
from creditloom.storage.own.columns import ColumnNote, ColumnSource
from creditloom.storage.own.features import feature_of, truths_of
from creditloom.storage.own.recognise import reading_of


def label_of(source: ColumnSource, name: str) -> NDArray[np.int8]:
    """Return the label, 1 = bad and 0 = good.

    Raises DataError unless every row has one of the two, and both occur.
    """
    column = source.plain(name)
    if source.is_csv:
        column = _truths_or_numbers(column)
    if kind_of(column.type) not in ("int", "float", "decimal", "bool"):
        step = "map it to 0 and 1"
        if kind_of(column.type) == "text" and reading_of(column) == TextReading("plain"):
            # They look like what is expected: only the type is another one.
            step = "store numbers in place of texts: frame[name].astype(int)"
        raise _bad_label(source, name, _shown_label(column), step)
    values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return checked_label(source, name, values)


def checked_label(source: ColumnSource, name: str, values: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return numbers as a label; DataError unless every one is 0 or 1, and both occur."""
    is_null = np.isnan(values)
    if is_null.any():
        first = int(np.argmax(is_null))
        count = f"{int(is_null.sum()):,} null of {len(values):,} rows"
        got = f"{count}, the first in row {first}"
        raise _bad_label(source, name, got, "leave rows without a label out of the file")
    is_other = (values != 0) & (values != 1)
    if is_other.any():
        got = f"{int(is_other.sum()):,} other values, the first {values[is_other][0]:g}"
        raise _bad_label(source, name, got, "map it to 0 and 1")
    if len(np.unique(values)) < 2:
        got = f"{values[0]:g} in all {len(values):,} rows: one class only"
        raise _bad_label(source, name, got, "give rows of both classes")
    return values.astype(np.int8)


def _bad_label(source: ColumnSource, name: str, got: str, step: str) -> DataError:
    return DataError.of(
        f"Label `{name}` cannot be learnt from",
        where=source.where,
        expected="1 (bad) or 0 (good) in every row, both present",
        got=got,
        next_step=step,
    )


def weight_of(source: ColumnSource, name: str) -> NDArray[np.float64]:
    """Return how often each row counts; DataError unless all are finite and above 0."""
    values = feature_of(source, name, is_category=False).data
    numbers = values.to_numpy()
    if values.dtype != np.float64 or not (np.isfinite(numbers) & (numbers > 0)).all():
        is_number = values.dtype == np.float64
        raise DataError.of(
            f"Weight `{name}` cannot be used",
            where=source.where,
            expected="a finite number above 0 in every row",
            got="null, infinite, 0 or below 0" if is_number else "text or dates",
            next_step="fill or correct it, or leave the rows out",
        )
    return np.asarray(numbers)


def group_of(source: ColumnSource, name: str) -> tuple[NDArray[np.int64], tuple[ColumnNote, ...]]:
    """Return a number per row; rows with equal numbers are of one borrower.

    A null is a borrower of its own.
    """
    column = source.plain(name)
    if kind_of(column.type) == "float":
        # NaN is null, as everywhere: it is not the name of one borrower.
        column = pc.if_else(pc.is_nan(column), None, column)
    codes = pc.dictionary_encode(column).indices
    numbers = codes.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False).copy()
    is_null = numbers < 0
    numbers[is_null] = len(numbers) + np.arange(int(is_null.sum()))
    count = int(is_null.sum())
    said = f"{count:,} null: each counts as a borrower of its own"
    return numbers, (ColumnNote(name, said),) if count else ()


def _truths_or_numbers(texts: pa.Array) -> pa.Array:
    """Return true/false or numbers of a CSV's label; the texts where they are neither."""
    truths = truths_of(texts)
    if truths is not None:
        return truths
    reading = reading_of(texts)
    return texts if reading is None else pa.array(numbers_of(texts, reading)[0], from_pandas=True)


def _shown_label(column: pa.Array) -> str:
    """Return the type of a label that is none, with a few of its values where it is text."""
    values = column.unique().to_pylist() if kind_of(column.type) == "text" else []
    shown = ", ".join(f"`{value}`" for value in values[:3])
    return f"type {column.type}" + (f": {shown}" if shown else "")
