"""One row in a hundred is corrupted, in twelve ways.

Exactly those rows are set aside, each with its rule, and clean people's features do not change.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.features.engine.engine import build
from creditloom.features.feature_params import FeatureParams
from creditloom.storage.contract.checked import Checked
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.contract.row_rules import Period
from creditloom.storage.files.store import read_frame, read_table
from tests.features.raw import random_raw, write_raw

PERIOD = Period(dt.datetime(1990, 1, 1), dt.datetime(2026, 12, 31))
EPOCH = dt.datetime(1970, 1, 1)
LATE = dt.datetime(2031, 1, 1)

# rule -> (table, the cells that break it); a copy of a row breaks `repeated` as it is
# table: rule -> table and the cells that break it
KINDS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "amount_fen.null": ("payments", {"amount_fen": None}),
    "category.among": ("payments", {"category": "yachts"}),
    "amount_fen.below": ("payments", {"amount_fen": -500}),
    "amount_fen.above": (
        "red_packets",
        {"amount_fen": 20_000 * 100},
    ),  # 200 yuan, multiplied by 100 twice
    "utilisation.finite": ("bureau_snapshots", {"utilisation": float("nan")}),
    "known_time.skew": ("logins", {"known_time": dt.datetime(2001, 1, 1)}),
    "event_time.early": ("payments", {"event_time": EPOCH}),
    "event_time.future": ("enquiries", {"event_time": LATE, "known_time": LATE}),
    "applicant_id.unknown": ("repayments", {"applicant_id": 10**9}),
    "event_id.repeated": ("bills", {}),
    "amount_fen.unit": (
        "payments",
        {"direction": "in", "category": "salary", "amount_fen": 60},
    ),  # 6,000 yuan, divided by 100
    "applicant_id.consent": ("asset_balances", {"applicant_id": "refuses consent_assets"}),
}


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    """Random tables that keep the contract: what the check leaves of any."""
    folder = tmp_path_factory.mktemp("any")
    raw = {
        name: table
        for name, table in random_raw().items()
        if name not in ("loans", "loan_performance")
    }
    write_raw(raw, folder / "raw")
    found = check_tables(
        folder / "raw", folder / "bad", folder / "clean", max_bad_share=1.0, period=PERIOD
    )
    tables = {name: pa.concat_tables(map(read_table, files)) for name, files in found.files.items()}
    return {
        name: table.cast(pa.schema([field.with_nullable(True) for field in table.schema]))
        for name, table in tables.items()
    }


@pytest.fixture(scope="module")
def rows(clean: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the corrupt rows per rule.

    Copies of one row in a hundred of the table, at least three, with cells broken.
    """
    applications = clean["applications"].to_pandas()
    found = {}
    for rule, (name, cells) in KINDS.items():
        table = clean[name]
        rng = np.random.default_rng(len(found))
        copies = table.take(rng.choice(len(table), max(3, len(table) // 100), replace=False))
        new = (
            {}
            if rule.endswith("repeated")
            else {"event_id": 10**6 * (1 + len(found)) + np.arange(len(copies))}
        )
        for column, value in {**new, **cells}.items():
            if isinstance(value, str) and value.startswith("refuses"):
                value = int(
                    applications.loc[~applications[value.split()[1]], "applicant_id"].iloc[0]
                )
            at = table.schema.get_field_index(column)
            kind = table.schema.field(column).type
            copies = copies.set_column(
                at, column, pa.array(value if column == "event_id" else [value] * len(copies), kind)
            )
        found[rule] = copies.cast(table.schema)
    return found


def _matrix(files: Mapping[str, tuple[str, ...]]) -> pd.DataFrame:
    return (
        pa.concat_tables(build(files, FeatureParams(bucket_rows=10_000, threads=1, memory_mb=500)))
        .to_pandas()
        .set_index("applicant_id")
    )


def _check(folder: Path, tables: dict[str, pa.Table]) -> Checked:
    write_raw(tables, folder / "raw", parts=2)
    return check_tables(
        folder / "raw", folder / "bad", folder / "clean", max_bad_share=0.5, period=PERIOD
    )


@pytest.fixture(scope="module")
def untouched(clean: dict[str, pa.Table], tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("untouched")
    found = _check(folder, clean)
    assert found.bad == 0
    return _matrix(found.files)


def test_added_rows_are_set_aside_and_nobody_notices(
    clean: dict[str, pa.Table], rows: dict[str, pa.Table], untouched: pd.DataFrame, tmp_path: Path
) -> None:
    """Every feature of every person is that of the clean run, to the bit.

    Every corrupt row lies in quarantine under its rule.
    """
    tables = {
        name: pa.concat_tables([table, *(rows[r] for r, (n, _) in KINDS.items() if n == name)])
        for name, table in clean.items()
    }
    found = _check(tmp_path, tables)
    aside = {
        name: read_frame(tmp_path / "bad" / f"{name}.parquet")
        for name in {name for name, _ in KINDS.values()}
    }
    for rule, (name, _) in KINDS.items():
        assert sorted(aside[name].loc[aside[name]["rule"] == rule, "event_id"]) == sorted(
            rows[rule]["event_id"].to_pylist()
        ), rule
    assert found.bad == sum(map(len, aside.values())) == sum(map(len, rows.values()))
    expected: dict[str, dict[str, int]] = {name: {} for name in aside}
    for rule, (name, _) in sorted(KINDS.items()):
        expected[name][rule] = len(rows[rule])
    assert {check.table: dict(check.rules) for check in found.checks if check.bad} == expected
    pd.testing.assert_frame_equal(_matrix(found.files), untouched, check_exact=True)


def test_rows_broken_in_place_touch_only_their_own_person(
    clean: dict[str, pa.Table], untouched: pd.DataFrame, tmp_path: Path
) -> None:
    """Where a row is broken rather than added, its person loses an event; everybody else's features
    stay, to the bit.

    But for what is counted of transfers between people: a partner's view loses the same transfer.
    """
    payments = clean["payments"].to_pandas()
    hit = payments.index[payments["applicant_id"].isin([3, 17])][::5]
    payments.loc[hit, "category"] = "yachts"
    found = _check(
        tmp_path,
        {
            **clean,
            "payments": pa.Table.from_pandas(
                payments, schema=clean["payments"].schema, preserve_index=False
            ),
        },
    )
    assert (
        read_frame(tmp_path / "bad" / "payments.parquet")["event_id"].tolist()
        == payments.loc[hit, "event_id"].tolist()
    )
    matrix = _matrix(found.files)
    others = [person for person in untouched.index if person not in (3, 17)]
    own = [name for name in untouched.columns if not name.startswith("pay_peer_")]
    pd.testing.assert_frame_equal(
        matrix.loc[others, own], untouched.loc[others, own], check_exact=True
    )
    assert not matrix.loc[[3, 17]].equals(untouched.loc[[3, 17]])
    assert pq.read_metadata(tmp_path / "bad" / "payments.parquet").num_rows == len(hit)
