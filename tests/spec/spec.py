"""How a spec is written: small tables as text in, one feature as `{person: value}` out.

Column `ago` is how many days before the application an event happened. It is known an hour later
unless `known_ago` says otherwise. Columns left out hold the stand-in of their type. Everybody
applies at AS_OF and has given every consent unless `people` says otherwise.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.features.contract.tables import APPLICATIONS, TABLES, Column
from creditloom.features.engine.engine import build
from creditloom.features.feature_params import FeatureParams

AS_OF = np.datetime64("2024-07-01T12:00:00", "us")
DAY_US = 86_400_000_000
Features = dict[str, dict[int, float | None]]


def rows_of(text: str) -> list[dict[str, str]]:
    """Lines of `a | b | c` under a line of column names."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def features(folder: Path, people: str = "who\n1\n2", **tables: str) -> Features:
    """All features made of the tables given, each as {person: value}; null is None."""
    raw = {
        "applications": _applications(rows_of(people)),
        **{name: _events(name, rows_of(text)) for name, text in tables.items()},
    }
    sources = {}
    for name, table in raw.items():
        pq.write_table(table, folder / f"{name}.parquet")
        sources[name] = (str(folder / f"{name}.parquet"),)
    matrix = pa.concat_tables(build(sources, FeatureParams(threads=1, memory_mb=200)))
    who = matrix.column("application_id").to_pylist()
    return {
        name: dict(zip(who, matrix.column(name).to_pylist(), strict=True))
        for name in matrix.column_names
    }


def _applications(rows: list[dict[str, str]]) -> pa.Table:
    def cells(column: Column) -> list:
        if column.name in ("application_id", "applicant_id"):
            return [int(row["who"]) for row in rows]
        if column.name == "as_of":
            return [AS_OF] * len(rows)
        return [
            row.get(column.name, "true") == "true" if column.name.startswith("consent_") else None
            for row in rows
        ]

    return pa.table({c.name: pa.array(cells(c), c.type) for c in APPLICATIONS.columns})


def _events(name: str, rows: list[dict[str, str]]) -> pa.Table:
    def cells(column: Column) -> list:
        if column.name == "event_id":
            return list(range(len(rows)))
        if column.name == "applicant_id":
            return [int(row["who"]) for row in rows]
        if column.name == "event_time":
            return [_before(row["ago"]) for row in rows]
        if column.name == "known_time":
            return [
                _before(row["known_ago"])
                if "known_ago" in row
                else _before(row["ago"]) + np.timedelta64(1, "h")
                for row in rows
            ]
        return [_cell(column, row.get(column.name)) for row in rows]

    return pa.table({c.name: pa.array(cells(c), c.type) for c in TABLES[name].columns})


def _before(days: str) -> np.datetime64:
    return AS_OF - np.timedelta64(round(float(days) * DAY_US), "us")


def _cell(column: Column, text: str | None) -> object:
    if text in (None, ""):
        text = None if column.nullable else (column.among or ("1",))[0]
    if text is None or column.type == pa.string():
        return text
    if column.type == pa.bool_():
        return text in ("true", "1")
    return float(text) if column.type == pa.float64() else int(text)


def close(expected: dict[int, float | None]) -> dict[int, object]:
    """Equal up to the last bits, for results of division."""
    return {
        who: None if value is None else pytest.approx(value, rel=1e-12)
        for who, value in expected.items()
    }
