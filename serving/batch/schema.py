"""What a batch must bring: each column that the bundle reads, checked against the file's schema before a row is decided."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable

import pyarrow as pa
import pyarrow.types as pt

from creditloom.serving.inputs import InputColumn, InputKind

KINDS: dict[InputKind, tuple[str, Callable[[pa.DataType], bool]]] = {
    "id": ("whole numbers or text", lambda t: pt.is_integer(t) or _is_text(t)),
    "time": ("a timestamp without zone", lambda t: pt.is_timestamp(t) and t.tz is None),
    "number": ("numbers", lambda t: _is_number(t)),
    "flag": (
        "true or false, or 1 and 0",
        lambda t: _is_number(t),
    ),  # a matrix keeps its facts as float64
    "text": ("text", lambda t: _is_text(t) or pt.is_null(t)),
}


class BatchError(ValueError):
    """A batch that cannot be decided at all; the message says what, where, expected, got and the next step."""

    @classmethod
    def of(cls, what: str, *, where: object, expected: str, got: str, next_step: str) -> BatchError:
        """Build the message from its five parts, one per line."""
        return cls(
            f"{what}\n  where:    {where}\n  expected: {expected}\n  got:      {got}\n  next:     {next_step}"
        )


def check_schema(schema: pa.Schema, columns: tuple[InputColumn, ...], where: object) -> None:
    """BatchError for the first column that is there twice, missing (with the nearest name there is), or of the wrong type."""
    count = Counter(schema.names)
    for column in columns:
        if count[column.name] != 1:
            raise (
                _twice(column, where)
                if count[column.name]
                else _missing(column, columns, schema, where)
            )
        expected, fits = KINDS[column.kind]
        found = schema.field(column.name).type
        if not fits(found.value_type if pt.is_dictionary(found) else found):
            raise BatchError.of(
                f"Wrong type: column `{column.name}`",
                where=where,
                expected=expected,
                got=str(found),
                next_step="convert the column and write the file again",
            )


def check_banned(schema: pa.Schema, names: Iterable[str], where: object) -> None:
    """BatchError for the first column of data that may not be processed at all (R7)."""
    for name in names:
        caught = [found for found in schema.names if found == name or found.startswith(f"{name}_")]
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
    unread = sorted(
        set(schema.names) - {other.name for other in columns}
    )  # a column that is read is in its right place
    near = difflib.get_close_matches(column.name, unread, n=1)
    return BatchError.of(
        f"Missing column `{column.name}`",
        where=where,
        expected=f"`{column.name}`: {KINDS[column.kind][0]}",
        got=f"`{near[0]}`, which is near" if near else f"{len(schema.names)} other columns",
        next_step=f"rename `{near[0]}` to `{column.name}`"
        if near
        else "add the column; it may hold nulls",
    )


def _is_text(kind: pa.DataType) -> bool:
    return pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind)


def _is_number(kind: pa.DataType) -> bool:
    return pt.is_floating(kind) or pt.is_integer(kind) or pt.is_boolean(kind) or pt.is_null(kind)
