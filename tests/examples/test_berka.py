"""Berka's mapping, on a made account small enough to follow by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from creditloom.pipeline.commands.tables.mapping_file import read_mapping
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.files.store import read_frame
from creditloom.storage.mapped.convert import convert
from tests.checkout import ROOT

MAPPING = ROOT / "examples" / "berka" / "mapping.yaml"

# table: the movements of one account
MOVES = [  # day, type, operation, k_symbol, amount, balance after it
    ("1997-01-10", "credit", "credit in cash", None, 1000.0, 1000.0),
    ("1997-01-12", "withdrawal", "withdrawal in cash", None, 700.0, 300.0),
    ("1997-01-15", "withdrawal", "remittance to another bank", "household", 500.0, -200.0),
    (
        "1997-01-31",
        "withdrawal",
        "withdrawal in cash",
        "sanction interest if negative balance",
        5.0,
        -205.0,
    ),
    (
        "1997-02-20",
        "credit",
        "collection from another bank",
        None,
        900.0,
        695.0,
    ),  # the day of the loan: not known before it
]


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    source = tmp_path / "berka"
    source.mkdir()
    loans = {
        "loan_id": [1, 2],
        "account_id": [7, 8],
        "date": [970220, 940101],
        "amount": 100,
        "duration": 12,
        "payments": 9.0,
        "status": "B",
        "target": 1,
    }
    pd.DataFrame(loans).to_parquet(source / "loan.parquet")
    pd.DataFrame(
        {"disp_id": [1], "client_id": [1], "account_id": [7], "type": ["OWNER"]}
    ).to_parquet(source / "disp.parquet")
    pd.DataFrame({"client_id": [1], "birth_number": [706213], "district_id": [1]}).to_parquet(
        source / "client.parquet"
    )
    moves = pd.DataFrame(
        MOVES, columns=["date_dt", "type", "operation", "k_symbol", "amount", "balance"]
    )
    moves.assign(
        date_dt=pd.to_datetime(moves["date_dt"]), account_id=7, trans_id=range(len(moves))
    ).to_parquet(source / "trans_preloan.parquet")
    convert(read_mapping(MAPPING), source, tmp_path / "raw", max_bad_share=0.0)
    return tmp_path / "raw"


def test_the_tables_keep_the_contract(tables: Path, tmp_path: Path) -> None:
    checked = check_tables(tables, tmp_path / "bad", tmp_path / "clean", max_bad_share=0.0)
    assert set(checked.files) == {
        "applications",
        "payments",
        "asset_balances",
        "wallet_snapshots",
        "bureau_snapshots",
        "repayments",
    }


def test_a_loan_is_an_application_with_its_label(tables: Path) -> None:
    (row,) = read_frame(tables / "applications.parquet").to_dict("records")
    assert (
        row["application_id"],
        row["applicant_id"],
        row["as_of"],
        row["age_years"],
        row["is_bad"],
    ) == (
        1,
        7,
        pd.Timestamp("1997-02-20"),
        27,
        1,
    )


def test_nothing_of_the_day_of_the_loan_is_mapped(tables: Path) -> None:
    payments = read_frame(tables / "payments.parquet")
    assert payments["event_id"].tolist() == [0, 1, 2, 3]
    assert payments["amount_fen"].tolist() == [100_000, 70_000, 50_000, 500]
    assert payments["direction"].tolist() == ["in", "out", "out", "out"]
    assert payments["category"].tolist() == ["merchant_receipt", "withdrawal", "rent", "withdrawal"]


def test_balances_debt_and_sanction(tables: Path) -> None:
    assert read_frame(tables / "asset_balances.parquet")["balance_fen"].tolist() == [
        100_000,
        30_000,
        0,
        0,
    ]
    assert read_frame(tables / "bureau_snapshots.parquet")["debt_fen"].tolist() == [20_500]
    assert read_frame(tables / "repayments.parquet")["amount_fen"].tolist() == [500]


def test_what_is_left_of_an_inflow_after_a_week(tables: Path) -> None:
    (row,) = read_frame(tables / "wallet_snapshots.parquet").to_dict("records")
    assert (row["event_time"], row["inflow_fen"], row["retained_fen"]) == (
        pd.Timestamp("1997-01-17"),
        100_000,
        0,
    )
