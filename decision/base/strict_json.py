"""JSON into frozen dataclasses and back: the runtime's only parser of structured text.

It needs only the standard library, so that a registered model reads its rule book without pydantic.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, cast

from .errors import DecisionError

T = TypeVar("T")


def parse(kind: type[T], value: object, where: str, *, extra: str = "forbid") -> T:
    """Build `kind` from parsed JSON, strictly.

    Only two conversions happen: int to float, and ISO text to date. `where` is the dotted path that
    stands in errors; `extra="ignore"` lets unknown keys of dataclasses pass. Raises `DecisionError`
    with the path, the expected type and the value found.

    >>> parse(float, 3, "example")
    3.0
    >>> parse(dt.date, "2024-02-29", "example")
    datetime.date(2024, 2, 29)
    """
    return cast("T", _parse(kind, value, where, extra))


def _parse(kind: Any, value: Any, where: str, extra: str) -> Any:
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, value, where, extra)
    origin = typing.get_origin(kind)
    if origin in _GENERIC:
        return _GENERIC[origin](typing.get_args(kind), value, where, extra)
    return _scalar(kind, value, where)


def _dataclass(kind: Any, value: Any, where: str, extra: str) -> Any:
    if not isinstance(value, Mapping):
        raise _refusal(where, f"an object of {kind.__name__}", value)
    hints = _hints(kind)
    fields = {f.name: f for f in dataclasses.fields(kind)}
    unknown = sorted(set(value) - set(fields))
    if unknown and extra == "forbid":
        raise _refusal(f"{where}.{unknown[0]}", f"one of {', '.join(fields)}", unknown[0])
    missing = [n for n, f in fields.items() if n not in value and f.default is dataclasses.MISSING]
    if missing:
        raise _refusal(f"{where}.{missing[0]}", "a value", "nothing")
    present = [name for name in fields if name in value]
    return kind(
        **{name: _parse(hints[name], value[name], f"{where}.{name}", extra) for name in present}
    )


# Asked for once per type: a bundle has thousands of values of a few types.
@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _union(args: tuple[Any, ...], value: Any, where: str, extra: str) -> Any:
    if value is None and type(None) in args:
        return None
    # The runtime's types have no unions but "something or null", so the first other type is it.
    return _parse(next(a for a in args if a is not type(None)), value, where, extra)


def _tuple(args: tuple[Any, ...], value: Any, where: str, extra: str) -> Any:
    if not isinstance(value, list | tuple):
        raise _refusal(where, "a list", value)
    return tuple(_parse(args[0], v, f"{where}[{k}]", extra) for k, v in enumerate(value))


def _dict(args: tuple[Any, ...], value: Any, where: str, extra: str) -> Any:
    if not isinstance(value, Mapping):
        raise _refusal(where, "an object", value)
    key_kind, value_kind = args
    return {
        _parse(key_kind, k, where, extra): _parse(value_kind, v, f"{where}.{k}", extra)
        for k, v in value.items()
    }


def _literal(args: tuple[Any, ...], value: Any, where: str, _extra: str) -> Any:
    if value not in args:
        raise _refusal(where, f"one of {', '.join(map(str, args))}", value)
    return value


_GENERIC = {
    types.UnionType: _union,
    typing.Union: _union,
    tuple: _tuple,
    dict: _dict,
    typing.Literal: _literal,
}


def _scalar(kind: Any, value: Any, where: str) -> Any:
    if kind is dt.date and isinstance(value, str):
        return _date(value, where)
    # bool is a subclass of int in Python, yet `true` is no number in a rule book.
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is float and is_number and math.isfinite(value):
        return float(value)
    if kind is not float and type(value) is kind:
        return value
    raise _refusal(where, getattr(kind, "__name__", str(kind)), value)


def _date(value: str, where: str) -> dt.date:
    try:
        return dt.date.fromisoformat(value)
    except ValueError as error:
        raise _refusal(where, "a date as YYYY-MM-DD", value) from error


def _refusal(where: str, expected: str, got: object) -> DecisionError:
    return DecisionError(
        "a value does not have its declared form",
        where=where,
        expected=expected,
        got=repr(got),
        next_step="correct it where it was written",
    )


def check_format(content: Any, newest: int, where: str, key: str = "format") -> int:
    """Return the format that a stored document names under `key`; 1 where it names none.

    Release 0.1.0 wrote format 1 without naming it. Raises `DecisionError` for a format later than
    `newest`, which only a later release can read.

    >>> check_format({"format": 2}, 2, "example")
    2
    >>> check_format({}, 2, "example")
    1
    """
    format_ = content.get(key, 1) if isinstance(content, Mapping) else 1
    if type(format_) is int and 1 <= format_ <= newest:
        return format_
    raise DecisionError(
        "the document has a format that this creditloom does not know",
        where=where,
        expected=f"{key} {newest}, or an earlier one",
        got=f"{key} {format_!r}",
        next_step="use a newer creditloom, or the one that wrote it",
    )


def plain(value: Any) -> Any:
    """Return the JSON form of a frozen dataclass: objects, lists and ISO dates.

    `parse` reads it back unchanged.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    return value.isoformat() if isinstance(value, dt.date) else value


def canonical(value: Any) -> bytes:
    """Return the one byte form of a JSON value, which hashes are taken of.

    Keys are sorted, the indent is one space, the encoding is UTF-8, and a newline ends it.

    >>> canonical({"b": 1, "a": (2,)})
    b'{\\n "a": [\\n  2\\n ],\\n "b": 1\\n}\\n'
    """
    text = json.dumps(plain(value), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()
