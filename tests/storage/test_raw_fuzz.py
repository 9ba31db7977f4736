"""Raw tables of every Arrow type and extreme: what is set aside is what an oracle says.

What goes on has the values that the oracle reads. No row stops the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.features.contract.tables import EVENT_TABLES, TABLES, Column, Table
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.contract.row_rules import Period
from creditloom.storage.contract.stored_types import ACCEPTED, role
from tests.storage.raw_oracle import EARLIEST, LATEST, Oracle, Row, Stored

PEOPLE = 12
DAY_MS = 86_400_000
# Microseconds of a good moment.
GOOD = 1_704_110_400_000_000
BIG = Decimal("99999999999999999999999999999999.00")
# table: values of int64 at and beyond the edges of what features hold
INT64 = (-(2**63), -(2**63) + 1, -1, 0, 2**53, 2**53 + 1, 2**62, 2**63 - 1)
# table: stored whole numbers -> values at and beyond the edges
INTS: dict[pa.DataType, tuple[int, ...]] = {
    pa.int8(): (-128, -1, 0, 127), pa.int16(): (-(2**15), 0, 2**15 - 1),
    pa.int32(): (-(2**31), 0, 2**31 - 1), pa.int64(): INT64,
    pa.uint8(): (0, 255), pa.uint16(): (0, 2**16 - 1), pa.uint32(): (0, 2**32 - 1),
    pa.uint64(): (0, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1),
}  # fmt: skip
# table: stored floats -> values at and beyond the edges
FLOATS: dict[pa.DataType, tuple[float, ...]] = {
    pa.float16(): (float("nan"), float("inf"), 0.5, -1.0, 2048.0),
    pa.float32(): (float("nan"), float("-inf"), 1.5, -1.0, 2.0**24, 2.0**60, 3e38),
    pa.float64(): (float("nan"), float("inf"), 0.1, -1.0, 2.0**53, 2.0**53 + 2, 1e300, 5e-324),
}
# table: stored decimals -> values at and beyond the edges
DECIMALS: dict[pa.DataType, tuple[Decimal, ...]] = {
    pa.decimal128(38, 2): (Decimal("5.10"), Decimal("-1.00"), BIG, Decimal("0.01")),
    pa.decimal256(76, 2): (Decimal("7.00"), BIG * 10**30, Decimal("9007199254740993.00")),
    pa.decimal128(18, 0): (Decimal(10**18 - 1), Decimal(0)),
    pa.decimal32(7, 2): (Decimal("0.10"), Decimal("99999.99")),
    pa.decimal64(18, 1): (Decimal("0.5"), Decimal(10**16)),
}
# table: texts of all kinds of columns
TEXTS = (
    b"", b" ", b"\xff\xfe", b"a\x00b", "ü\u2028\u0085".encode(), b"\xed\xa0\x80", b"out; DROP",
    b"x" * 2_000,
    b"7", b"-3", b"007", b"+5", b"1.0", b"1e3", b"9223372036854775807", b"9223372036854775808",
    b"-9223372036854775808", "\u0663".encode(), b"null", b"NaN", b"[/red]", b"-0", b"-",
    b"2024-01-01", b"2024-01-01T10:00", b"2024-01-01 10:00:00.123456789+08:00", b"2024-02-30",
    b"2024-01-01T00:00:00Z", b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00",
    b"2024-01-01T25:00", b"1704110400000", b"2024-01-01T10:00:60", b"20240101", b"01/02/2024",
)  # fmt: skip
TEXT_TYPES = (
    pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())
)  # fmt: skip
# Parquet has no seconds: theirs are stored as milliseconds and must fit them.
# table: unit of a stored time -> ticks at and beyond the edges
TICKS: dict[str, tuple[int, ...]] = {
    "s": ((2**63 - 1) // 1000, -((2**63 - 1) // 1000), 253_402_300_800, -62_135_596_801),
    "ms": (2**63 - 1, -(2**63) + 1, -(2**63), 2**62, 253_402_300_800_000, GOOD),
    "us": (2**63 - 1, -(2**63) + 1, -(2**63), 253_402_300_800_000_000, 0, GOOD + 1),
    "ns": (2**63 - 1, -(2**63), -1, GOOD * 1000 + 999),
}
ZONES = (None, "UTC", "+08:00", "Asia/Shanghai", "America/New_York")
ODD_SHARE = 0.08
# Columns that nobody asked for, with names that readers use themselves.
EXTRAS = ("filename", "File_Row_Number", "_row", "rule", "AMOUNT_FEN")


def column_values(
    column: Column, good: list[Any], rng: np.random.Generator
) -> tuple[pa.Array, list[Stored]]:
    """Store good values in a type drawn among the accepted ones, some replaced by extremes."""
    kind = rng.choice([name for name in ACCEPTED[role(column)] if name != "null"])
    if rng.random() < 0.03:
        return pa.nulls(len(good)), [Stored("null", None)] * len(good)
    if kind == "timestamp":
        unit = str(rng.choice(list(TICKS)))
        zone = ZONES[rng.integers(len(ZONES))]
        per_tick = {"s": 10**6, "ms": 10**3, "us": 1, "ns": 1}[unit]
        usual = [micros // per_tick * (1000 if unit == "ns" else 1) for micros in good]
        raws = _with_odd(usual, TICKS[unit], rng)
        stored = pa.array(raws, pa.int64()).view(pa.timestamp(unit, zone))
        return stored, [Stored(unit, raw) for raw in raws]
    raws, arrow = _stored(str(kind), column, good, rng)
    label = {"date32[day]": "day", "date64[ms]": "ms"}.get(str(arrow.type), str(arrow.type))
    return arrow, [Stored(label, raw) for raw in raws]


def _with_odd(usual: list[Any], odd: tuple[Any, ...], rng: np.random.Generator) -> list[Any]:
    draws = rng.random(len(usual))
    picks = rng.integers(len(odd), size=len(usual))
    return [
        odd[pick] if draw < ODD_SHARE else None if draw < 1.5 * ODD_SHARE else value
        for value, draw, pick in zip(usual, draws, picks, strict=True)
    ]


def _stored(
    kind: str, column: Column, good: list[Any], rng: np.random.Generator
) -> tuple[list[Any], pa.Array]:
    if kind == "text":
        # A text among good moments is one in ISO 8601.
        is_time = role(column) == "time"
        usual = [(_iso(v) if is_time else str(v)).encode() for v in good]
        raws = _with_odd(usual, TEXTS, rng)
        return raws, _texts(raws, TEXT_TYPES[rng.integers(len(TEXT_TYPES))])
    if kind == "date":
        days = [micros // (DAY_MS * 1000) for micros in good]
        raws = _with_odd(days, (2**31 - 1, -(2**31), 0), rng)
        if rng.random() < 0.5:
            return raws, pa.array(raws, pa.int32()).view(pa.date32())
        ms = [None if day is None else day * DAY_MS for day in raws]
        return ms, pa.array(ms, pa.int64()).view(pa.date64())
    if kind == "bool":
        raws = _with_odd([bool(v) for v in good], (True, False), rng)
        return raws, pa.array(raws, pa.bool_())
    pools: dict[str, Mapping[pa.DataType, tuple[Any, ...]]] = {
        "int": INTS, "float": FLOATS, "decimal": DECIMALS,
    }  # fmt: skip
    types = list(pools[kind])
    arrow = types[rng.integers(len(types))]
    usual = [_number(v, arrow) for v in good]
    raws = _with_odd(usual, pools[kind][arrow], rng)
    values = pa.array([None if v is None else _narrow(v, arrow) for v in raws], arrow)
    # What is stored is what the type holds: 0.1 as a float32 is another number.
    return values.to_pylist(), values


def _iso(micros: int) -> str:
    return str(np.datetime64(micros, "us"))


def _number(value: Any, arrow: pa.DataType) -> Any:
    """Return a good value as a narrow type can hold it, whatever it then means."""
    if pa.types.is_decimal(arrow):
        return Decimal(int(value) % 10_000).scaleb(0)
    if pa.types.is_floating(arrow):
        return float(value % 2_000) if arrow == pa.float16() else float(value)
    top = int(np.iinfo(arrow.to_pandas_dtype()).max)
    return int(value) % min(top, 2**62)


def _narrow(value: Any, arrow: pa.DataType) -> Any:
    if arrow == pa.float16():
        return np.float16(value)
    return value


def _texts(raws: list[bytes | None], arrow: pa.DataType) -> pa.Array:
    """Return texts without a look at their bytes, as a careless writer does it."""
    if pa.types.is_dictionary(arrow):
        plain = pa.array(raws, pa.binary()).dictionary_encode()
        words = plain.dictionary.view(pa.string())
        return pa.DictionaryArray.from_arrays(plain.indices, words, safe=False)
    binary = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary()}
    return pa.array(raws, binary.get(arrow, pa.binary_view())).view(arrow)


def good_values(column: Column, n: int, first: int, rng: np.random.Generator) -> list[Any]:
    """Return values that break no rule; those of time are microseconds."""
    if column.name in ("event_id", "application_id"):
        # A few come twice.
        return [first + int(k) for k in np.where(rng.random(n) < 0.05, 0, np.arange(n))]
    if column.name == "applicant_id":
        return rng.integers(0, PEOPLE, n).tolist()
    if role(column) == "time":
        later = 10**12 if column.name == "known_time" else 0
        return (GOOD + later + rng.integers(0, 10**11, n) * 10).tolist()
    if role(column) == "flag":
        return (rng.random(n) < 0.7).tolist()
    if role(column) == "text":
        return rng.choice(np.array(column.among or ("a", "b")), n).tolist()
    low = int(column.low or 0)
    return rng.integers(low, min(int(column.high or 10_000), 10_000) + 1, n).tolist()


def write_table(table: Table, root: Path, n: int, rng: np.random.Generator) -> list[Row]:
    """Write a table in three files, each with types of its own; return its rows."""
    rows: list[Row] = []
    for part in range(3):
        own = {
            column.name: column_values(column, good_values(column, n, n * part, rng), rng)
            for column in table.columns
        }
        stored = pa.table({name: array for name, (array, _) in own.items()})
        for name in EXTRAS:
            if rng.random() < 0.2:
                stored = stored.append_column(name, pa.array(["x"] * n))
        folder = root / table.name / f"day={part}"
        folder.mkdir(parents=True)
        pq.write_table(stored, folder / "a.parquet", row_group_size=max(1, n // 2))
        rows += [{name: values[k] for name, (_, values) in own.items()} for k in range(n)]
    # A quiet day, as pandas writes it.
    (root / table.name / "day=3").mkdir()
    pq.write_table(pa.table({"event_id": pa.nulls(0)}), root / table.name / "day=3" / "a.parquet")
    return rows


def compare(root: Path, n: int, seed: int, names: tuple[str, ...]) -> None:
    """Write tables with `n` rows a file, check them, and compare with the oracle."""
    rng = np.random.default_rng(seed)
    tables = {
        table.name: write_table(table, root / "raw", n, rng)
        for table in (TABLES["applications"], *(TABLES[name] for name in names))
    }
    oracle = Oracle(tables)
    found = check_tables(
        root / "raw",
        root / "bad",
        root / "clean",
        max_bad_share=1.0,
        period=Period(EARLIEST, LATEST),
    )
    for name in tables:
        expected = oracle.rules(name)
        assert _set_aside(root / "bad" / f"{name}.parquet", n) == expected, name
        good = [values for k, (values, _) in enumerate(oracle.read[name]) if k not in expected]
        assert _handed_on(found.files[name]) == [_shown(values) for values in good], name


def _set_aside(file: Path, n: int) -> dict[int, set[str]]:
    if not file.exists():
        return {}
    aside = pq.read_table(file, columns=["file", "row", "rule", "reason"]).to_pylist()
    assert all(len(row["reason"].split("; ")) == len(row["rule"].split("; ")) for row in aside)
    first = {f"day={part}/a.parquet": part * n for part in range(3)}
    return {first[row["file"]] + row["row"]: set(row["rule"].split("; ")) for row in aside}


def _handed_on(files: tuple[str, ...]) -> list[str]:
    tables = [pq.ParquetFile(file).read() for file in files]
    return [_shown(row) for table in tables for row in _plain(table).to_pylist()]


def _plain(table: pa.Table) -> pa.Table:
    """Return times as whole numbers: Python has none with microseconds of all years."""
    fields = [
        pa.field(f.name, pa.int64() if pa.types.is_timestamp(f.type) else f.type)
        for f in table.schema
    ]
    return table.cast(pa.schema(fields))


def _shown(row: Mapping[str, Any]) -> str:
    return repr(sorted(row.items()))


# Each table has a rule or a type that no other has.
FEW = ("payments", "asset_proofs", "logins", "bureau_snapshots")


@pytest.mark.parametrize("seed", range(1))
def test_what_is_set_aside_is_what_the_oracle_says(tmp_path: Path, seed: int) -> None:
    compare(tmp_path, 20, seed, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 6))
def test_twenty_thousand_rows_are_judged_as_the_oracle_judges_them(
    tmp_path: Path, seed: int
) -> None:
    compare(tmp_path, 450, seed, tuple(table.name for table in EVENT_TABLES))
