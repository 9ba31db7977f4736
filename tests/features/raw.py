"""A small random set of raw tables, made from the contract alone.

Shapes are realistic, meanings are not.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from creditloom.features.contract.tables import (
    APPLICATIONS,
    EVENT_TABLES,
    LOAN_PERFORMANCE,
    LOANS,
    Column,
    Table,
)
from creditloom.features.feature_params import FeatureParams

AS_OF = np.datetime64("2024-06-15T10:30:00", "us")
DAY = np.timedelta64(1, "D").astype("timedelta64[us]")
PARAMS = FeatureParams(bucket_rows=2_000, threads=1, memory_mb=500)
Raw = dict[str, pa.Table]


def _values(column: Column, n: int, rng: np.random.Generator, people: int) -> np.ndarray | list:
    if column.name in ("applicant_id", "contact_id", "counterparty_id"):
        values = rng.integers(0, people, n)
    elif column.name in ("device_id", "ip_id", "lender_id"):
        values = rng.integers(0, 5, n)
    elif column.type == pa.string():
        values = rng.choice(np.array(column.among or ("a", "b")), n)
    elif column.type == pa.bool_():
        values = rng.random(n) < 0.7
    elif column.type == pa.float64():
        values = rng.uniform(column.low or 0.0, min(column.high or 1.0, 1.0), n)
    else:
        top = 9_000 if column.type == pa.int16() else 200_000
        values = rng.integers(int(column.low or 0), int(min(column.high or top, top)) + 1, n)
    if column.nullable:
        return [
            None if gone else v
            for v, gone in zip(values.tolist(), rng.random(n) < 0.1, strict=True)
        ]
    return values


def random_events(
    table: Table, n: int, people: int, rng: np.random.Generator, first_id: int = 0
) -> pa.Table:
    """`n` rows of one event table around AS_OF; about one in ten lies after it."""
    event = AS_OF + (rng.uniform(-500, 60, n) * DAY.astype(np.int64)).astype(np.int64).astype(
        "timedelta64[us]"
    )
    fixed = {
        "event_id": first_id + np.arange(n),
        "event_time": event,
        "known_time": event + rng.integers(1, 20, n) * DAY,
    }
    columns = [
        pa.array(fixed[c.name] if c.name in fixed else _values(c, n, rng, people), c.type)
        for c in table.columns
    ]
    return pa.Table.from_arrays(columns, schema=table.arrow_schema)


def random_applications(people: int, rng: np.random.Generator) -> pa.Table:
    """Return one application per person, about a month around AS_OF.

    Nine people in ten give each consent.
    """
    fixed: dict[str, np.ndarray] = {
        c.name: rng.random(people) < 0.9
        for c in APPLICATIONS.columns
        if c.name.startswith("consent_")
    }
    fixed["application_id"] = fixed["applicant_id"] = np.arange(people)
    fixed["as_of"] = AS_OF + rng.integers(-20, 20, people) * DAY
    columns = [
        pa.array(fixed[c.name] if c.name in fixed else _values(c, people, rng, people), c.type)
        for c in APPLICATIONS.columns
    ]
    return pa.Table.from_arrays(columns, schema=APPLICATIONS.arrow_schema)


def random_raw(people: int = 30, seed: int = 1) -> Raw:
    """All raw tables for `people` applicants; person 0 has no events at all."""
    rng = np.random.default_rng(seed)
    raw = {"applications": random_applications(people, rng)}
    for table in (*EVENT_TABLES, LOAN_PERFORMANCE):
        rows = random_events(table, people * 40, people, rng)
        raw[table.name] = rows.filter(pa.array(rows.column("applicant_id").to_numpy() > 0))
    # table: the columns of loans
    raw["loans"] = pa.table(
        {
            "application_id": np.arange(people),
            "applicant_id": np.arange(people),
            "booked_time": np.full(people, AS_OF),
            "principal_fen": np.full(people, 100_000),
            "daily_rate": np.full(people, 0.0005),
            "tenor_months": np.full(people, 12, np.int16),
            "is_control": rng.random(people) < 0.1,
            "booking_propensity": rng.uniform(0.1, 1.0, people),
        },
        schema=LOANS.arrow_schema,
    )
    return raw


def write_raw(raw: Raw, root: Path, parts: int = 1) -> dict[str, tuple[str, ...]]:
    """Write each table in `parts` files; gives what `build` takes."""
    sources = {}
    for name, table in raw.items():
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        size = max(1, -(-len(table) // parts))
        files = [folder / f"part-{i:05d}.parquet" for i in range(parts)]
        for i, file in enumerate(files):
            pq.write_table(table.slice(i * size, size), file)
        sources[name] = tuple(str(file) for file in files)
    return sources
