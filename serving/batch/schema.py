"""Check a batch's columns against those that the bundle reads, before a row is decided."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable

import pyarrow as pa

from creditloom.decision.base.readings.stored_kinds import kind_of
from creditloom.decision.frames.accepted import expected_types, is_accepted
from creditloom.decision.frames.columns import banned_column
from creditloom.serving.inputs import InputColumn
from creditloom.storage.files.errors import StatedError


class BatchError(StatedError):
    """A batch that cannot be decided at all."""


def check_schema(
    schema: pa.Schema, columns: tuple[InputColumn, ...], where: object, *, is_text: bool = False
) -> None:
    """Raise BatchError for the first column that stands twice, is missing, or has another type.

    For a missing column the error says the nearest name there is. `is_text`: of a CSV, all of whose
    columns are text: what they hold is told row by row.
    """
    count = Counter(schema.names)
    for column in columns:
        if count[column.read_from] > 1:
            raise _twice(column, where)
        if not count[column.read_from]:
            raise _missing(column, columns, schema, where)
        stored = schema.field(column.read_from).type
        if not (is_text or is_accepted(column, stored)):
            raise BatchError.of(
                f"Wrong type: column `{column.read_from}`",
                where=where,
                expected=expected_types(column),
                got=str(stored),
                next_step="convert the column and write the file again",
            )


def check_banned(
    schema: pa.Schema, names: Iterable[str], where: object, read: Iterable[str] = ()
) -> None:
    """Raise BatchError for the first column of data that may not be processed at all (R7).

    `read` are the columns that the decision itself reads.
    """
    caught = banned_column(tuple(schema.names), tuple(names), frozenset(read))
    if caught:
        column, name = caught
        raise BatchError.of(
            f"Column `{column}` may not be processed at all (R7)",
            where=where,
            expected=f"no {name} data",
            got="such a column",
            next_step="drop the column and write the file again",
        )


def check_one_id_type(schemas: Iterable[tuple[object, pa.Schema]], name: str) -> None:
    """Raise BatchError where some files hold the ids as text and others as whole numbers."""
    first: tuple[object, str] | None = None
    for path, schema in schemas:
        form = id_form(schema.field(name).type)
        if form is None:
            continue
        if first is not None and form != first[1]:
            raise BatchError.of(
                f"Ids of two types: column `{name}`",
                where=path,
                expected=f"{first[1]}, as in {first[0]}",
                got=form,
                next_step="write the ids of all files in one type; text holds both",
            )
        first = first or (path, form)


def id_form(kind: pa.DataType) -> str | None:
    """Return whether ids are text or whole numbers; None for a column of nulls alone."""
    stored = kind_of(kind)
    if stored == "null":
        return None
    return "text" if stored in ("text", "uuid") else "whole numbers"


def _twice(column: InputColumn, where: object) -> BatchError:
    return BatchError.of(
        f"Column `{column.read_from}` is there twice",
        where=where,
        expected="one",
        got="more",
        next_step="drop or rename one of them",
    )


def _missing(
    column: InputColumn, columns: tuple[InputColumn, ...], schema: pa.Schema, where: object
) -> BatchError:
    # A column that is read is in its right place: only the others may be this one, misspelt.
    unread = sorted(set(schema.names) - {other.read_from for other in columns})
    nearest = difflib.get_close_matches(column.read_from, unread, n=1)
    if nearest:
        got = f"`{nearest[0]}`, which is near"
        next_step = f"rename `{nearest[0]}` to `{column.read_from}`"
    else:
        got = f"{len(schema.names)} other columns"
        next_step = "add the column; it may hold nulls"
        if column.kind == "id":
            next_step = "add a column that names each row: a decision must be traceable"
    expected = f"`{column.read_from}`: {expected_types(column)}"
    return BatchError.of(
        f"Missing column `{column.read_from}`",
        where=where,
        expected=expected,
        got=got,
        next_step=next_step,
    )
