"""What must be set aside of raw tables, said a second time in plain Python.

It shares the declarations of the tables with the code, and nothing else: neither Arrow nor SQL.
A stored value is a plain Python object: an int, float, Decimal, bool, the bytes of a text, or the
ticks of a time.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from creditloom.features.contract.tables import TABLES, Column, Table

EPOCH = dt.datetime(1970, 1, 1)
FIRST = dt.datetime(1, 1, 1)
LAST = dt.datetime(9999, 12, 31, 23, 59, 59, 999999)
EARLIEST = dt.datetime(1990, 1, 1)
LATEST = dt.datetime(2025, 12, 31)
MICRO = dt.timedelta(microseconds=1)
DAY = 86_400 * 10**6
# Microseconds of a tick, as a fraction: nanoseconds are a thousandth.
TICKS = {"s": (10**6, 1), "ms": (10**3, 1), "us": (1, 1), "ns": (1, 1000), "day": (DAY, 1)}
# The whole numbers of each declared type.
BITS = {"int64": 64, "int32": 32, "int16": 16}
# table: the checks over several columns, by table and rule
CHECKS: dict[tuple[str, str], Callable[[Mapping[str, Any]], bool]] = {
    ("payments", "amount_fen.unit"): lambda r: (
        r["category"] in ("salary", "rent") and _within(r["amount_fen"], 1, 4999)
    ),
    ("wallet_snapshots", "retained_fen.unit"): lambda r: _above(r["retained_fen"], r["inflow_fen"]),
    ("contributions", "amount_fen.unit"): lambda r: _within(r["amount_fen"], 1, 1999),
    ("asset_proofs", "value_fen.unit"): lambda r: (
        r["kind"] in ("property", "car") and _within(r["value_fen"], 1, 99_999)
    ),
}


@dataclass(frozen=True)
class Stored:
    """One stored value: its type by name, and what is stored; None is null."""

    kind: str
    raw: Any


class Unfit(Exception):
    """A stored value that its column cannot hold."""


def meaning(column: Column, stored: Stored) -> Any:
    """Return what a stored value means in its column; None is null. Raises Unfit."""
    if stored.raw is None:
        return None
    declared = str(column.type)
    if declared in BITS:
        return _whole(stored, BITS[declared])
    if declared == "double":
        return _number(stored)
    if declared == "bool":
        return _flag(stored)
    if declared == "string":
        return _text(stored.raw)
    return _moment(stored)


def _whole(stored: Stored, bits: int) -> int | None:
    value = stored.raw
    if isinstance(value, bytes):
        text = _text(value)
        digits = text.removeprefix("-")
        is_plain = digits.isascii() and digits.isdigit() and (digits == "0" or digits[0] != "0")
        if not is_plain or text == "-0":
            raise Unfit
        value = int(text)
    if isinstance(value, float):
        if math.isnan(value):
            return None
        if abs(value) > 2**53:
            raise Unfit
    if value != int(value) or not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
        raise Unfit
    return int(value)


def _number(stored: Stored) -> float:
    if isinstance(stored.raw, int) and abs(stored.raw) > 2**53:
        raise Unfit
    return float(stored.raw)


def _flag(stored: Stored) -> bool | None:
    if isinstance(stored.raw, float) and math.isnan(stored.raw):
        return None
    if stored.raw not in (0, 1):
        raise Unfit
    return bool(stored.raw)


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Unfit from error


def _moment(stored: Stored) -> int:
    """Return microseconds since 1970."""
    if isinstance(stored.raw, bytes):
        try:
            read = dt.datetime.fromisoformat(_text(stored.raw).strip())
            offset = read.utcoffset() or dt.timedelta()
            return (read.replace(tzinfo=None) - offset - EPOCH) // MICRO
        except (ValueError, OverflowError) as error:
            raise Unfit from error
    times, over = TICKS[stored.kind.partition(" ")[0]]
    micros = stored.raw * times // over
    if not -(2**63) <= micros < 2**63:
        raise Unfit
    return micros


Row = Mapping[str, Stored]


class Oracle:
    """Judges raw tables, each a list of rows in the order of its files."""

    def __init__(self, tables: Mapping[str, Sequence[Row]]) -> None:
        self.read = {
            name: [_read(TABLES[name], row) for row in rows] for name, rows in tables.items()
        }
        people = [values for values, _ in self.read["applications"]]
        self.known = {row["applicant_id"] for row in people} - {None}
        self.consents: dict[str, set[int]] = {
            name: {row["applicant_id"] for row in people if row[name]}
            for name in people[0]
            if name.startswith("consent_")
        }

    def rules(self, name: str) -> dict[int, set[str]]:
        """Return the rules that each bad row of a table breaks, by its number."""
        table = TABLES[name]
        rows = self.read[name]
        broken = [self._alone(table, values, unfit) for values, unfit in rows]
        for place, rule in _copies(table, [values for values, _ in rows]):
            broken[place].add(rule)
        return {place: found for place, found in enumerate(broken) if found}

    def _alone(self, table: Table, values: Mapping[str, Any], unfit: set[str]) -> set[str]:
        found = {f"{name}.type" for name in unfit}
        for column in table.columns:
            if column.name not in unfit:
                found |= {f"{column.name}.{kind}" for kind in _kinds(column, values[column.name])}
        if table.is_event and _above(values["event_time"], values["known_time"]):
            found.add("known_time.skew")
        checks = {rule: is_bad for (of, rule), is_bad in CHECKS.items() if of == table.name}
        found |= {rule for rule, is_bad in checks.items() if is_bad(values)}
        return found | self._of_others(table, values)

    def _of_others(self, table: Table, values: Mapping[str, Any]) -> set[str]:
        person = values["applicant_id"]
        if table.name == "applications" or person is None:
            return set()
        if person not in self.known:
            return {"applicant_id.unknown"}
        found = set()
        if table.consent and person not in self.consents[table.consent]:
            found.add("applicant_id.consent")
        for column in table.columns:
            is_needed = column.consent and values[column.name] is not None
            if is_needed and person not in self.consents[str(column.consent)]:
                found.add(f"{column.name}.consent")
        return found


def _read(table: Table, row: Row) -> tuple[dict[str, Any], set[str]]:
    values: dict[str, Any] = {}
    unfit = set()
    for column in table.columns:
        values[column.name] = None
        try:
            values[column.name] = meaning(column, row[column.name])
        except Unfit:
            unfit.add(column.name)
    return values, unfit


def _kinds(column: Column, value: Any) -> set[str]:
    if value is None:
        return set() if column.nullable else {"null"}
    if str(column.type).startswith("timestamp"):
        return _kinds_of_moment(column, value)
    if isinstance(value, float) and not math.isfinite(value):
        return {"finite"}
    if isinstance(value, str):
        is_long = not column.among and len(value.encode()) > 1_024
        return ({"among"} if column.among and value not in column.among else set()) | (
            {"long"} if is_long else set()
        )
    high = 2**53 if column.unit == "fen" and column.high is None else column.high
    below = {"below"} if _above(column.low, value) else set()
    return below | ({"above"} if _above(value, high) else set())


def _kinds_of_moment(column: Column, micros: int) -> set[str]:
    found = set() if _micros(FIRST) <= micros <= _micros(LAST) else {"year"}
    if column.name in ("event_time", "as_of"):
        found |= {"early"} if micros < _micros(EARLIEST) else set()
        found |= {"future"} if micros > _micros(LATEST) else set()
    return found


def _micros(moment: dt.datetime) -> int:
    return (moment - EPOCH) // MICRO


def _copies(table: Table, rows: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """Return (row, rule) of every row that is one too many."""
    (key,) = table.key
    places: dict[int, list[int]] = {}
    for place, row in enumerate(rows):
        if row[key] is not None:
            places.setdefault(row[key], []).append(place)
    found = []
    for same in places.values():
        # As text: a NaN is then equal to itself.
        is_equal = len({repr(sorted(rows[place].items())) for place in same}) == 1
        if len(same) > 1:
            left_over = same[1:] if is_equal else same
            found += [(p, f"{key}.{'repeated' if is_equal else 'duplicate'}") for p in left_over]
    return found


def _above(value: Any, bound: Any) -> bool:
    return value is not None and bound is not None and value > bound


def _within(value: Any, low: int, high: int) -> bool:
    return value is not None and low <= value <= high
