"""Check a batch's columns against those that the bundle reads, before a row is decided."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable

import pyarrow as pa
import pyarrow.types as pt

from creditloom.serving.inputs import InputColumn, InputKind
from creditloom.storage.files.errors import StatedError


def _is_id(kind: pa.DataType) -> bool:
    return pt.is_integer(kind) or _is_text(kind)


def _is_naive_time(kind: pa.DataType) -> bool:
    return pt.is_timestamp(kind) and kind.tz is None


def _is_text(kind: pa.DataType) -> bool:
    return pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind)


def _is_text_or_null(kind: pa.DataType) -> bool:
    return _is_text(kind) or pt.is_null(kind)


def _is_number(kind: pa.DataType) -> bool:
    # A column of nulls alone has Arrow's null type: any kind may be it.
    return pt.is_floating(kind) or pt.is_integer(kind) or pt.is_boolean(kind) or pt.is_null(kind)


# Per kind: its name in messages, and whether an Arrow type is one. A flag may be a number, as a
# matrix keeps flags as float64.
KINDS: dict[InputKind, tuple[str, Callable[[pa.DataType], bool]]] = {
    "id": ("whole numbers or text", _is_id),
    "time": ("a timestamp without zone", _is_naive_time),
    "number": ("numbers", _is_number),
    "flag": ("true or false, or 1 and 0", _is_number),
    "text": ("text", _is_text_or_null),
}


class BatchError(StatedError):
    """A batch that cannot be decided at all."""


def check_schema(schema: pa.Schema, columns: tuple[InputColumn, ...], where: object) -> None:
    """Raise BatchError for the first column that stands twice, is missing, or has another type.

    For a missing column the error says the nearest name there is.
    """
    count = Counter(schema.names)
    for column in columns:
        if count[column.name] > 1:
            raise _twice(column, where)
        if not count[column.name]:
            raise _missing(column, columns, schema, where)
        expected, fits = KINDS[column.kind]
        stored = schema.field(column.name).type
        # Dictionary coding is a matter of storage: what counts is the type of the values.
        if not fits(stored.value_type if pt.is_dictionary(stored) else stored):
            raise BatchError.of(
                f"Wrong type: column `{column.name}`",
                where=where,
                expected=expected,
                got=str(stored),
                next_step="convert the column and write the file again",
            )


def check_banned(schema: pa.Schema, names: Iterable[str], where: object) -> None:
    """Raise BatchError for the first column of data that may not be processed at all (R7)."""
    for name in names:
        # Columns that were made of banned data begin with its name.
        caught = [other for other in schema.names if other == name or other.startswith(f"{name}_")]
        if caught:
            raise BatchError.of(
                f"Column `{caught[0]}` may not be processed at all (R7)",
                where=where,
                expected=f"no {name} data",
                got="such a column",
                next_step="drop the column and write the file again",
            )


def _twice(column: InputColumn, where: object) -> BatchError:
    return BatchError.of(
        f"Column `{column.name}` is there twice",
        where=where,
        expected="one",
        got="more",
        next_step="drop or rename one of them",
    )


def _missing(
    column: InputColumn, columns: tuple[InputColumn, ...], schema: pa.Schema, where: object
) -> BatchError:
    # A column that is read is in its right place: only the others may be this one, misspelt.
    unread = sorted(set(schema.names) - {other.name for other in columns})
    nearest = difflib.get_close_matches(column.name, unread, n=1)
    if nearest:
        got = f"`{nearest[0]}`, which is near"
        next_step = f"rename `{nearest[0]}` to `{column.name}`"
    else:
        got = f"{len(schema.names)} other columns"
        next_step = "add the column; it may hold nulls"
    expected = f"`{column.name}`: {KINDS[column.kind][0]}"
    return BatchError.of(
        f"Missing column `{column.name}`",
        where=where,
        expected=expected,
        got=got,
        next_step=next_step,
    )
