"""Ids, exactly: int64 or text all the way. What is neither, or would merge, is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds
from numpy.typing import NDArray

from creditloom.decision.base.readings.stored_kinds import MAX_ID_BYTES
from creditloom.storage.contract.stored_types import MAX_EXACT, WHOLE, kind_of, values_type
from creditloom.storage.files.errors import DataError

Ids = NDArray[np.int64] | NDArray[np.object_]
INT64 = np.iinfo(np.int64)


def ids_of(column: pa.ChunkedArray, name: str, where: object, *, is_csv: bool = False) -> Ids:
    """Return ids without null as int64 or as text, each exactly what the file holds.

    Of a CSV, texts that are all whole numbers as people write them (no leading zero, no plus) are
    int64. A UUID is its text, as at every door. Raises DataError for a type that names nothing, for
    numbers that cannot be kept, and for texts too long to be an id.
    """
    plain = column.cast(values_type(column.type)).combine_chunks()
    kind = kind_of(plain.type)
    if kind == "text":
        return _of_text(plain.cast(pa.string()), name, where, is_csv=is_csv)
    if kind == "uuid":
        return np.array([str(value) for value in plain.drop_null().to_pylist()], dtype=object)
    if kind not in ("int", "float", "decimal", "null"):
        got = f"type {column.type}"
        raise _refused(name, where, got, "give whole numbers or text")
    if kind == "float":
        return _of_floats(plain, name, where)
    stored = [value for value in plain.to_pylist() if value is not None]
    known = [int(value) for value in stored]
    # Cut to whole numbers, two decimals would be one id.
    fraction = next((value for value in stored if value != int(value)), None)
    if fraction is not None:
        got = f"{fraction}, which is no whole number"
        raise _refused(name, where, got, "write the ids as text")
    too_large = [value for value in known if not INT64.min <= value <= INT64.max]
    if too_large:
        raise _refused(name, where, f"{too_large[0]}, beyond int64", "write the ids as text")
    return np.array(known, np.int64)


def _of_text(texts: pa.Array, name: str, where: object, *, is_csv: bool) -> Ids:
    known = texts.drop_null()
    longest = pc.max(pc.binary_length(known)).as_py() or 0
    if longest > MAX_ID_BYTES:
        got = f"a text of {longest:,} bytes, more than {MAX_ID_BYTES}: no door takes it as an id"
        raise _refused(name, where, got, "name a column of shorter ids (--id), or shorten them")
    if is_csv and len(known) and pc.all(pc.match_substring_regex(known, WHOLE)).as_py():
        # Nineteen digits may still lie beyond int64: then they stay text.
        numbers = [int(text) for text in known.to_pylist()]
        if max(map(abs, numbers)) <= INT64.max:
            return np.array(numbers, np.int64)
    return np.array(known.to_pylist(), dtype=object)


def _of_floats(plain: pa.Array, name: str, where: object) -> Ids:
    values = plain.cast(pa.float64()).drop_null().to_numpy(zero_copy_only=False)
    values = values[~np.isnan(values)]
    is_exact = (np.abs(values) < MAX_EXACT) & (values == np.floor(values))
    if not is_exact.all():
        first = values[~is_exact][0]
        got = f"{first:.17g}, a float: above 2^53 it stands for several whole numbers"
        if first != np.floor(first):
            got = f"{first:g}, which is no whole number"
        raise _refused(name, where, got, "write the ids as text or whole numbers (int64)")
    return values.astype(np.int64)


def null_ids(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Return where an id is null; NaN and an empty text are null."""
    is_null = np.asarray(column.is_null().to_numpy(), bool)
    if kinds.is_floating(column.type):
        is_null |= np.isnan(column.cast(pa.float64()).to_numpy())
    if kind_of(column.type) == "text":
        texts = column.cast(pa.string())
        is_null |= np.asarray(pc.equal(texts.fill_null(""), "").to_numpy(), bool)
    return is_null


def _refused(name: str, where: object, got: str, step: str) -> DataError:
    shown: Any = Path(where).name if isinstance(where, Path) else where
    return DataError.of(
        f"Column `{name}` holds no ids that can be kept exactly",
        where=where,
        expected="whole numbers within int64, or text",
        got=got,
        next_step=f"{step} in {shown}",
    )
