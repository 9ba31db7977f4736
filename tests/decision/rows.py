"""Rows of every type and extreme, and the rules of a row in plain Python: an oracle for each door.

A column is drawn in one Arrow type; its values are those that the type can hold.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.decision.frames.columns import AMOUNTS, COUNTS, FLAGS
from tests.registry.small import OWNERS, applications

TODAY = dt.date(2026, 1, 1)
EXACT = 2**53
# table: smallest and largest valid value of a column
HIGH = {
    **dict.fromkeys(AMOUNTS, 1e15),
    "age_years": 130,
    "months_on_book": 1_560,
    "hard_enquiries_90d": 10_000,
}
NEEDS = {"soc_c_3m": "consent_social", "bur_d_3m": "consent_bureau"}
UNIX = dt.datetime(1970, 1, 1)

# table: Arrow type of a number -> odd values that it holds
NUMBERS: dict[pa.DataType, list[Any]] = {
    pa.float64(): [0.0, -1.0, 1e15, 1.1e15, math.inf, -math.inf, math.nan, 131.0, 0.5, 1e300],
    pa.float32(): [0.0, -1.0, math.inf, math.nan, 2.5],
    pa.float16(): [0.0, -1.0, math.inf, 1.0],
    pa.int64(): [0, 1, -1, EXACT, EXACT + 1, 2**63 - 1, -(2**63), 10_001, 131],
    pa.uint64(): [0, 1, EXACT, EXACT + 1, 2**64 - 1],
    pa.int32(): [0, 1, -1, 2**31 - 1],
    pa.uint8(): [0, 1, 255],
    pa.int8(): [0, 1, -128],
    pa.decimal128(38, 0): [Decimal(0), Decimal(1), Decimal(-1), Decimal(10) ** 30],
    pa.decimal128(20, 2): [Decimal("0.00"), Decimal("1.00"), Decimal("12.34"), Decimal(-1)],
    pa.decimal256(60, 0): [Decimal(1), Decimal(EXACT + 1), Decimal(10) ** 50],
    pa.decimal32(9, 2): [Decimal(0), Decimal(1), Decimal("1.50")],
    pa.bool_(): [True, False],
    pa.null(): [None],
}
MICROS = [
    0, 946_684_799_999_999, 946_684_800_000_000, 1_700_000_000_000_000, 1_767_311_999_999_999,
    1_767_312_000_000_000, 2**63 - 1, -(2**62), 253_402_300_800_000_000, -62_135_596_800_000_001,
]  # fmt: skip
# table: Arrow type of a moment -> odd values that it holds
TIMES: dict[pa.DataType, list[Any]] = {
    pa.timestamp("us"): MICROS,
    pa.timestamp("us", "UTC"): MICROS,
    pa.timestamp("us", "Asia/Shanghai"): MICROS,
    pa.timestamp("ms"): [m // 1_000 for m in MICROS[:6]] + [2**63 - 1, -(2**62)],
    pa.timestamp("s"): [m // 1_000_000 for m in MICROS[:6]] + [2**63 - 1, -(2**62), 2**54],
    pa.timestamp("ns"): [m * 1_000 for m in MICROS[:6]] + [2**63 - 1, -(2**62)],
    pa.date32(): [0, 10_957, 20_000, 20_454, 20_455, 2**31 - 1, -(2**31)],
    pa.date64(): [0, 1_700_000_006_400_000 // 86_400_000 * 86_400_000, 2**62],
    pa.string(): [
        "2025-11-03T10:00:00", "2025-11-03T18:00:00+08:00", "2025-11-03T10:00:00Z", "2025-11-03",
        "1999-12-31", "9999-12-31T23:59:59-12:00", "soon", "", "2026-01-02", "2025-13-01",
    ],
    pa.null(): [None],
}  # fmt: skip
# table: Arrow type of an id -> odd values that it holds
IDS: dict[pa.DataType, list[Any]] = {
    pa.int64(): [2**63 - 1, -(2**63), None],
    pa.uint64(): [2**63 - 1, 2**63, 2**64 - 1, None],
    pa.int16(): [None, -5],
    pa.decimal128(38, 0): [Decimal(2**63), Decimal(2**63 - 1), None],
    pa.decimal128(20, 2): [Decimal("7.50"), None],
    pa.float64(): [7.5, math.inf, math.nan, 2.0**53, 2.0**60],
    pa.string(): ["", "  ", "A" * 256, "A" * 257, "编号7", None, "a\u2028b"],
    pa.large_string(): [" ", "B" * 300, None],
    pa.string_view(): ["", "B" * 300, None],
}
# table: Arrow type of a text -> odd values that it holds
TEXTS: dict[pa.DataType, list[Any]] = {
    pa.string(): ["daily", "travel", None, "y" * 1_024, "y" * 1_025, b"\xff\xfe"],
    pa.large_string(): ["daily", None, "用途"],
    pa.string_view(): ["daily", None, b"\x80 long enough to be outside"],
    pa.dictionary(pa.int8(), pa.string()): ["daily", None],
    pa.null(): [None],
}


def table(rows: int, seed: int) -> pa.Table:
    """Return applications of which each column has a type, and a tenth of its values is odd."""
    rng = np.random.default_rng(seed)
    frame = applications(rows, seed)
    columns = {}
    for name in frame.columns:
        kinds = _kinds(name)
        kind = list(kinds)[int(rng.integers(0, len(kinds)))]
        odd = kinds[kind]
        is_odd = rng.random(rows) < (0.03 if name != "as_of" else 0.1)
        common = _common(name, kind, frame)
        values = [
            odd[int(rng.integers(0, len(odd)))] if strange else plain
            for strange, plain in zip(is_odd.tolist(), common, strict=True)
        ]
        columns[name] = _array(values, kind)
    return pa.table(columns)


def _kinds(name: str) -> dict[pa.DataType, list[Any]]:
    if name == "application_id":
        return IDS
    if name == "as_of":
        return TIMES
    return TEXTS if name == "purpose" else NUMBERS


def _common(name: str, kind: pa.DataType, frame: pd.DataFrame) -> list[Any]:
    """Return valid values of a column in a type."""
    n = len(frame)
    if pa.types.is_null(kind):
        return [None] * n
    if name == "application_id":
        # Two of them are the same.
        ids = [1 if k == 2 else k for k in range(1, n + 1)]
        if pa.types.is_decimal(kind):
            return [Decimal(k) for k in ids]
        return (
            [f"A{k}" for k in ids]
            if not pa.types.is_primitive(kind)
            else [float(k) if pa.types.is_floating(kind) else k for k in ids]
        )
    if name == "as_of":
        return [TIMES[kind][_GOOD_TIME.get(kind, 3)]] * n
    if name == "purpose":
        return ["daily"] * n
    if name in FLAGS:
        return [NUMBERS[kind][0] if name.startswith("is") else _one(kind)] * n
    if name in NEEDS:
        return [_one(kind) if k % 7 else None for k in range(n)]
    return [_one(kind)] * n


_GOOD_TIME = {pa.date32(): 2, pa.date64(): 1, pa.string(): 1}


def _one(kind: pa.DataType) -> Any:
    if pa.types.is_decimal(kind):
        return Decimal(1)
    if pa.types.is_boolean(kind):
        return True
    return 1.0 if pa.types.is_floating(kind) else 1


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind) or pa.types.is_date64(kind):
        return pa.array(values, pa.int64()).cast(kind)
    if pa.types.is_date32(kind):
        return pa.array(values, pa.int32()).cast(kind)
    if pa.types.is_float16(kind):
        return pa.array([None if v is None else np.float16(v) for v in values], kind)
    if kind in (pa.string(), pa.string_view()):
        raw = [v.encode() if isinstance(v, str) else v for v in values]
        binary = pa.array(raw, pa.binary())
        # Not checked, as a file is not checked: some of the texts are no UTF-8.
        plain = pa.Array.from_buffers(pa.string(), len(binary), binary.buffers())
        return plain if kind == pa.string() else _views(raw)
    return pa.array(values, kind)


def _views(raw: list[bytes | None]) -> pa.Array:
    views = pa.array(raw, pa.binary_view())
    return pa.Array.from_buffers(pa.string_view(), len(views), views.buffers())


# The oracle: one row at a time, one value at a time.


def oracle(table: pa.Table, today: dt.date = TODAY) -> dict[int, str]:
    """Return the rule that each bad row breaks, by the row's number."""
    columns = {name: _plain(table[name].combine_chunks()) for name in table.column_names}
    ids = [_id(value)[0] for value in columns["application_id"]]
    bad = {}
    for k in range(table.num_rows):
        found = list(_faults({name: column[k] for name, column in columns.items()}, today))
        if ids[k] is not None and ids.count(ids[k]) > 1:
            found.append("id_duplicate")
        if found:
            bad[k] = min(found, key=ORDER.index)
    return bad


ORDER = (
    "id_null", "id_unreadable", "id_too_long", "id_blank", "id_duplicate", "as_of_null",
    "as_of_unreadable", "as_of_past", "as_of_future", "not_a_number", "not_exact", "not_finite",
    "below_range", "above_range", "not_text", "text_too_long", "no_consent",
)  # fmt: skip


def _plain(values: pa.Array) -> list[Any]:
    """Return the values one by one; texts as bytes, moments as microseconds since 1970."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _plain(values.dictionary_decode())
    if pa.types.is_string_view(kind):
        buffers = values.buffers()
        return pa.Array.from_buffers(pa.binary_view(), len(values), buffers).to_pylist()
    if pa.types.is_string(kind):
        return pa.Array.from_buffers(pa.binary(), len(values), values.buffers()).to_pylist()
    if pa.types.is_large_string(kind):
        return [None if v is None else v.encode() for v in values.to_pylist()]
    if pa.types.is_timestamp(kind) or pa.types.is_date64(kind):
        unit = kind.unit if pa.types.is_timestamp(kind) else "ms"
        each = {"s": 10**6, "ms": 10**3, "us": 1, "ns": 1}[unit]
        per = 1_000 if unit == "ns" else 1
        return [None if v is None else v * each // per for v in values.cast(pa.int64()).to_pylist()]
    if pa.types.is_date32(kind):
        days = values.cast(pa.int32()).to_pylist()
        return [None if v is None else v * 86_400 * 10**6 for v in days]
    return values.to_pylist()


def _faults(row: dict[str, Any], today: dt.date) -> Any:
    yield from _id(row["application_id"])[1]
    yield from _moment(row["as_of"], today)
    yield from _purpose(row["purpose"])
    for name in (*AMOUNTS, *COUNTS, *OWNERS):
        yield from _number(name, row[name])
    for name in FLAGS:
        if _value(row[name]) is not None and row[name] not in (0, 1):
            yield "not_exact" if _is_lost(row[name]) else "above_range"
    for name, consent in NEEDS.items():
        if _held(row[name]) and row[consent] != 1:
            yield "no_consent"


def _value(value: Any) -> Any:
    return None if value is None or value != value else value


def _held(value: Any) -> bool:
    return _value(value) is not None and not _is_lost(value)


def _is_lost(value: Any) -> bool:
    return isinstance(value, int | Decimal) and abs(value) > EXACT


def _number(name: str, value: Any) -> Any:
    if _value(value) is None:
        return
    if _is_lost(value):
        yield "not_exact"
    elif isinstance(value, float) and math.isinf(value):
        yield "not_finite"
    elif name not in OWNERS and value < 0:
        yield "below_range"
    elif value > HIGH.get(name, math.inf):
        yield "above_range"


def _id(value: Any) -> tuple[Any, list[str]]:
    if isinstance(value, bytes):
        if len(value) > 256:
            return None, ["id_too_long"]
        return value, [] if value.decode().strip() else ["id_blank"]
    if _value(value) is None:
        return None, ["id_null"]
    is_exact = not isinstance(value, float) or abs(value) < EXACT
    if not is_exact or value % 1 or not -(2**63) <= value < 2**63:
        return None, ["id_unreadable"]
    return int(value), []


def _moment(value: Any, today: dt.date) -> Any:
    if value is None:
        yield "as_of_null"
        return
    if isinstance(value, bytes):
        try:
            moment = dt.datetime.fromisoformat(value.decode())
            if moment.tzinfo:
                moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
        except (ValueError, OverflowError):
            yield "as_of_unreadable"
            return
        value = (moment - UNIX) // dt.timedelta(microseconds=1)
    if value < 946_684_800 * 10**6:
        yield "as_of_past"
    tomorrow = dt.datetime.combine(today, dt.time()) + dt.timedelta(days=1)
    if value >= (tomorrow - UNIX) // dt.timedelta(microseconds=1):
        yield "as_of_future"


def _purpose(value: bytes | None) -> Any:
    if value is None:
        return
    if len(value) > 1_024:
        yield "text_too_long"
        return
    try:
        value.decode()
    except UnicodeDecodeError:
        yield "not_text"
