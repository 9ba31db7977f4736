"""The one table of stored types: which kind each type of Arrow is, however it is laid out.

Storage, training and every door of the runtime ask it, so that what one of them takes, all take.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.types as kinds


def _is_text(kind: pa.DataType) -> bool:
    return bool(kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind))


def _is_uuid(kind: pa.DataType) -> bool:
    return getattr(kind, "extension_name", "") == "arrow.uuid"


# table: kinds of stored types
STORED_KINDS: Mapping[str, Callable[[pa.DataType], bool]] = {
    "null": kinds.is_null,
    "bool": kinds.is_boolean,
    "int": kinds.is_integer,
    "float": kinds.is_floating,
    "decimal": kinds.is_decimal,
    "text": _is_text,
    "uuid": _is_uuid,
    "timestamp": kinds.is_timestamp,
    "date": kinds.is_date,
}
# A longer id is no id: a value of the wrong column, or a document.
MAX_ID_BYTES = 256
# A longer text is no purpose and no category.
MAX_TEXT_BYTES = 1_024
NUMBERS = ("float", "int", "decimal", "bool", "null")
# What a column of an input is, to the kinds of stored types that it may have. A column of nulls
# alone may be any. A feature that is a category may be a number too, which is read as text.
# table: accepted kinds
ACCEPTED_KINDS: Mapping[str, tuple[str, ...]] = {
    "id": ("int", "float", "decimal", "text", "uuid", "null"),
    "time": ("timestamp", "date", "text", "null"),
    "number": NUMBERS,
    "flag": NUMBERS,
    "text": ("text", "null"),
    "category": ("text", *NUMBERS),
}


def values_type(stored: pa.DataType) -> pa.DataType:
    """Return the type of a column's values, without dictionary coding."""
    return stored.value_type if kinds.is_dictionary(stored) else stored


def kind_of(stored: pa.DataType) -> str | None:
    """Return the kind of a stored type, None for one that no column may have.

    >>> kind_of(pa.dictionary(pa.int8(), pa.string_view())), kind_of(pa.float16())
    ('text', 'float')
    """
    value = values_type(stored)
    return next((name for name, is_kind in STORED_KINDS.items() if is_kind(value)), None)
