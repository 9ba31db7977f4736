"""Features: numbers, texts that are numbers, and categories.

Raises DataError for a column that can be no feature.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds
from numpy.typing import NDArray

from creditloom.decision.base.readings.stored_kinds import MAX_TEXT_BYTES
from creditloom.decision.base.readings.text_numbers import TextReading, numbers_of
from creditloom.storage.contract.stored_types import MAX_EXACT, WHOLE, kind_of
from creditloom.storage.files.errors import DataError
from creditloom.storage.own.columns import ColumnNote, ColumnSource, FeatureColumn
from creditloom.storage.own.dates import found_dates
from creditloom.storage.own.recognise import reading_of, words_of

# A text column with more levels than both of these names rows rather than groups them: 50 levels,
# and half of the rows.
MAX_CATEGORY_LEVELS = 50
MAX_CATEGORY_LEVEL_SHARE = 0.5
# An amount with blanks, quotes, brackets or a currency: digits and signs, and hardly a letter.
AMOUNT = r"^[^\d\pL]*\p{Lu}{0,3}[^\d\pL]*\d[\d\s.,'’()-]*[^\d\pL]*\p{Lu}{0,3}$"
# table: how a truth value is written, in small letters -> its number
TRUTHS = {"true": 1.0, "false": 0.0}
# Of so large a share of numbers, the few other texts of a column are shown.
MOSTLY = 0.5


def feature_of(source: ColumnSource, name: str, *, is_category: bool) -> FeatureColumn:
    """Return one feature: numbers as float64, a category as text, a number of it as 1 or 2.5.

    Texts that are all numbers are numbers, and texts that are all dates are dates, unless a person
    calls them a category. Numbers that were declared a category (a dictionary) are one. Special
    codes are kept.
    """
    stored = source.table[name].type
    kind = kind_of(stored)
    if kind is None:
        # Asked first: Arrow cannot take a dictionary of some such values apart.
        raise _no_feature(source, name, str(stored))
    column = source.plain(name)
    is_declared = kinds.is_dictionary(stored) and kind != "text"
    if is_category or is_declared:
        if source.is_csv and reading_of(column) == TextReading("plain"):
            return _numbered_category(source, name, column)
        said = "numbers declared a category: levels, and no amount"
        notes = (ColumnNote(name, said),) if is_declared and not is_category else ()
        return _category(source, name, column, is_named=True)._replace(notes=notes)
    if kind in ("text", "timestamp", "date"):
        if source.is_csv and truths_of(column) is not None:
            return _flag(name, column)
        found = _numbers_in_text(source, name, column) if kind == "text" else None
        found = found or found_dates(source, name)
        return found or _category(source, name, column.cast(pa.string()))
    if kind not in ("int", "float", "decimal", "bool", "null"):
        raise _no_feature(source, name, str(stored))
    whole = pa.chunked_array([column]) if kind == "int" else None
    return FeatureColumn(pd.Series(_numbers(column, kind)), whole=whole)


def truths_of(texts: pa.Array) -> pa.Array | None:
    """Return texts of true and false as 1 and 0, whatever their case; None where others stand."""
    lower = pc.utf8_lower(pc.utf8_trim_whitespace(texts.cast(pa.string())))
    found = {*lower.unique().to_pylist()} - {None}
    if not found or not found <= {*TRUTHS}:
        return None
    return pa.array([TRUTHS.get(text) for text in lower.to_pylist()], pa.float64())


def _flag(name: str, texts: pa.Array) -> FeatureColumn:
    """Return true and false of a CSV as numbers: who reads it by a program has truth values."""
    values = truths_of(texts)
    note = ColumnNote(name, "true and false: read as 1 and 0")
    return FeatureColumn(pd.Series(_numbers(values, "float")), notes=(note,), stored_as="bool")


def _numbered_category(source: ColumnSource, name: str, texts: pa.Array) -> FeatureColumn:
    """Return a category of a CSV's numbers, each as it is usually written: 1.0 is the level 1.

    A program that reads the CSV has numbers, which every door writes so.
    """
    numbers = pa.array(numbers_of(texts, TextReading("plain"))[0], from_pandas=True)
    return _category(source, name, numbers, is_named=True)._replace(stored_as="double")


def _numbers_in_text(source: ColumnSource, name: str, column: pa.Array) -> FeatureColumn | None:
    texts = column.cast(pa.string())
    if texts.null_count == len(texts):
        return FeatureColumn(pd.Series(np.full(len(texts), np.nan)))
    reading = reading_of(texts)
    if reading is None:
        return None
    values, _ = numbers_of(texts, reading)
    is_plain = reading == TextReading("plain")
    # In a CSV every number is text: nothing to say.
    notes = () if is_plain and source.is_csv else (ColumnNote(name, words_of(texts, reading)),)
    return FeatureColumn(pd.Series(values), reading, _whole(texts), notes)


def _category(
    source: ColumnSource, name: str, column: pa.Array, *, is_named: bool = False
) -> FeatureColumn:
    texts = pd.Series([_level(value) for value in column.to_pylist()], dtype=object)
    _require_apart(source, name, column, texts)
    levels = texts.nunique()
    # A column that a person named as a category is one, however many levels it has.
    max_levels = max(MAX_CATEGORY_LEVELS, MAX_CATEGORY_LEVEL_SHARE * len(texts))
    if not is_named and levels > max_levels:
        raise _names_rows(source, name, levels, column)
    return FeatureColumn(texts.where(texts.notna(), None))


def _require_apart(source: ColumnSource, name: str, column: pa.Array, texts: pd.Series) -> None:
    """Raise DataError for levels that no door would read, or not tell from each other."""
    if kind_of(column.type) == "text":
        # Arrow measures no text views.
        longest = pc.max(pc.binary_length(column.cast(pa.large_string()))).as_py() or 0
        if longest > MAX_TEXT_BYTES:
            raise DataError.of(
                f"Column `{name}` holds texts that are no levels",
                where=source.where,
                expected=f"at most {MAX_TEXT_BYTES:,} bytes: no door takes a longer text",
                got=f"one of {longest:,} bytes",
                next_step=f"shorten them, or leave `{name}` out (--drop {name})",
            )
        return
    known = [value for value in column.drop_null().to_pylist() if value == value]
    stored = len(set(known))
    if texts.nunique() < stored:
        raise DataError.of(
            f"Column `{name}` holds numbers that are no levels",
            where=source.where,
            expected="numbers of at most 15 digits",
            got=f"{stored:,} numbers, {texts.nunique():,} of them apart by their first 15 digits",
            next_step=f"write `{name}` as text",
        )


def require_exact(source: ColumnSource, name: str, column: FeatureColumn) -> None:
    """Raise DataError for a whole number or decimal of a feature that no float64 holds.

    Every door sets the row of such a number aside; a model must not have learnt from it.
    """
    stored = source.table[name].type
    if kind_of(stored) not in ("int", "decimal") or column.data.dtype != np.float64:
        return
    suspects = np.flatnonzero(np.abs(column.data.to_numpy()) >= MAX_EXACT)
    exact = source.plain(name).take(pa.array(suspects)).to_pylist()
    lost = [value for value in exact if abs(value) > MAX_EXACT]
    if lost:
        raise DataError.of(
            f"Column `{name}` holds numbers with more digits than a feature holds",
            where=source.where,
            expected="whole numbers and decimals up to 2^53",
            got=f"{lost[0]}; {len(lost):,} such",
            next_step=f"leave it out (--drop {name}), or write it as floats where their last "
            "digits do not matter",
        )


def _names_rows(source: ColumnSource, name: str, levels: int, column: pa.Array) -> DataError:
    got = f"{levels:,} different texts in {len(column):,} rows"
    step = f"use `{name}` as id (--id) or borrower (--group), or leave it out (--drop {name})"
    if pc.all(pc.match_substring_regex(column.drop_null(), AMOUNT)).as_py():
        # `1 234`, `$1,234`, `(500)`: amounts, in a form that nobody can be sure of.
        got = f"{got}, as `{column.drop_null()[0].as_py()}`"
        step = f"if these are amounts, write them as 1234.5; or {step}"
    other = _few_others(column)
    if other:
        got = f"{got}, most of them numbers, but not {other}"
        step = f"write an empty cell in place of {other}; or {step}"
    return DataError.of(
        f"Column `{name}` names rows rather than groups",
        where=source.where,
        expected="a text column with repeated values",
        got=got,
        next_step=step,
    )


def _no_feature(source: ColumnSource, name: str, got: str) -> DataError:
    return DataError.of(
        f"Column `{name}` can be no feature",
        where=source.where,
        expected="number, truth value, date or text",
        got=got,
        next_step=f"leave `{name}` out (--drop {name})",
    )


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
    if value is None or isinstance(value, str):
        return value
    number = float(value)
    # NaN is null, as at every door: it is no level.
    return None if number != number else f"{number:.15g}"
