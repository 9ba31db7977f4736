"""Berka's bank (PKDD 1999) as raw tables in our contract: loans are applications, the account's transactions are events.

    python -m examples.berka.map --source FOLDER --out TABLES

Only what the bank knew strictly before the day of the loan is mapped. The table `order` bears no date and is not used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import pyarrow as pa
import typer

from creditloom.features.contract.tables import TABLES
from creditloom.storage.files.store import read_frame, write_table

FIRST_LOAN = pd.Timestamp(
    "1997-01-01"
)  # of the loans of 1994-04..1996-12 the public cut holds no transactions
INFLOW = {"credit in cash": "merchant_receipt", "collection from another bank": "salary"}
OUTFLOW = {
    "withdrawal in cash": "withdrawal",
    "credit card withdrawal": "shopping",
    "remittance to another bank": "transfer",
}
PURPOSE = {
    "household": "rent",
    "insurrance payment": "health",
    "payment for statement": "utilities",
    "interest credited": "refund",
}
SANCTION = "sanction interest if negative balance"
WEEK = pd.Timedelta(days=7)


def main(
    source: Annotated[
        Path,
        typer.Option(help="folder with loan, account, client, disp and trans_preloan as Parquet"),
    ],
    out: Annotated[Path, typer.Option(help="folder for the raw tables")],
) -> None:
    """Write applications (with the label `is_bad`) and the event tables that Berka can fill."""
    loans = applications(source)
    moves = transactions(source, loans)
    write("applications", loans, out, extra={"is_bad": pa.int8()})
    for name, make in EVENTS.items():
        write(name, make(moves), out)


def applications(source: Path) -> pd.DataFrame:
    """One row per loan from 1997 on: as_of is the morning of its day, so that a transaction of that day is not seen."""
    loans = read_frame(source / "loan.parquet").rename(
        columns={"loan_id": "application_id", "account_id": "applicant_id"}
    )
    loans["as_of"] = pd.to_datetime(loans["date"].astype(str), format="%y%m%d")
    loans = loans[loans["as_of"] >= FIRST_LOAN].merge(
        _owners(source), on="applicant_id", how="left"
    )
    loans["age_years"] = (loans["as_of"].dt.year - loans["birth_year"]).astype("Int16")
    consents = dict.fromkeys(
        ("consent_bureau", "consent_social", "consent_assets", "consent_location"), True
    )  # the bank's own records
    return loans.assign(is_bad=loans["target"].astype("int8"), **consents)


def _owners(source: Path) -> pd.DataFrame:
    """applicant_id and birth_year of the owner of each account (birth_number is YYMMDD, women's months plus 50)."""
    owners = (
        read_frame(source / "disp.parquet")
        .query("type == 'OWNER'")
        .merge(read_frame(source / "client.parquet"), on="client_id")
    )
    return pd.DataFrame(
        {
            "applicant_id": owners["account_id"],
            "birth_year": 1900 + owners["birth_number"] // 10_000,
        }
    )


def transactions(source: Path, loans: pd.DataFrame) -> pd.DataFrame:
    """The accounts' transactions before the loan, by account and day; amounts and balances in hundredths of a crown."""
    moves = read_frame(source / "trans_preloan.parquet").rename(
        columns={"account_id": "applicant_id", "trans_id": "event_id"}
    )
    moves = moves.assign(
        event_time=moves["date_dt"], known_time=moves["date_dt"]
    )  # a bank knows its own ledger on the day
    moves = moves.merge(loans[["applicant_id", "as_of"]], on="applicant_id").query(
        "event_time < as_of"
    )
    moves["amount_fen"] = (moves["amount"] * 100).round().astype("int64")
    moves["balance_fen"] = (moves["balance"] * 100).round().astype("int64")
    return moves.sort_values(["applicant_id", "event_time", "event_id"], ignore_index=True)


def payments(moves: pd.DataFrame) -> pd.DataFrame:
    """Every transaction: its purpose where the bank notes one, else the way it was made."""
    made = moves["operation"].map({**INFLOW, **OUTFLOW}).fillna("transfer")
    direction = np.where(moves["type"] == "credit", "in", "out")
    is_cash = moves["operation"].isin(("credit in cash", "withdrawal in cash"))
    return moves.assign(
        direction=direction,
        category=moves["k_symbol"].map(PURPOSE).fillna(made),
        is_offline=is_cash,
    )


def asset_balances(moves: pd.DataFrame) -> pd.DataFrame:
    """The balance at the end of each day with a transaction; below zero counts as nothing (the debt is in bureau_snapshots)."""
    ends = moves.groupby(["applicant_id", "event_time"], as_index=False).last()
    return ends.assign(account="lqt", balance_fen=ends["balance_fen"].clip(lower=0))


def wallet_snapshots(moves: pd.DataFrame) -> pd.DataFrame:
    """Seven days after each inflow: what of it the lowest balance of those days leaves."""
    inflows = moves[
        (moves["type"] == "credit") & (moves["k_symbol"] != "interest credited")
    ].rename(columns={"amount_fen": "inflow_fen"})
    later = inflows[["event_id", "applicant_id", "event_time", "as_of", "inflow_fen"]].merge(
        moves[["applicant_id", "event_time", "balance_fen"]],
        on="applicant_id",
        suffixes=("", "_later"),
    )
    later = later[
        later["event_time_later"].between(later["event_time"], later["event_time"] + WEEK)
    ]
    lowest = later.groupby("event_id")["balance_fen"].min().clip(lower=0)
    retained = np.minimum(inflows["inflow_fen"], inflows["event_id"].map(lowest))
    moment = inflows["event_time"] + WEEK
    return inflows.assign(event_time=moment, known_time=moment, retained_fen=retained)[
        moment < inflows["as_of"]
    ]


def bureau_snapshots(moves: pd.DataFrame) -> pd.DataFrame:
    """A month's statement of the account: the deepest debt; Berka tells of no other lender, card line or score."""
    monthly = moves.groupby(["applicant_id", moves["event_time"].dt.to_period("M")])
    found = monthly.agg(
        event_id=("event_id", "last"),
        event_time=("event_time", "last"),
        lowest=("balance_fen", "min"),
    )
    found = found.reset_index("applicant_id").reset_index(drop=True)
    debt = (-found["lowest"]).clip(lower=0)
    return found.assign(
        known_time=found["event_time"],
        active_lenders=0,
        debt_fen=debt,
        utilisation=np.nan,
        bureau_score=pd.NA,
    )


def repayments(moves: pd.DataFrame) -> pd.DataFrame:
    """A sanction for a negative balance is a debt to the house that was not paid in time: one month late, as the bank charges monthly."""
    found = moves[moves["k_symbol"] == SANCTION]
    return found.assign(lender_id=0, days_late=30)


EVENTS = {
    f.__name__: f
    for f in (payments, asset_balances, wallet_snapshots, bureau_snapshots, repayments)
}


def write(
    name: str, frame: pd.DataFrame, out: Path, extra: dict[str, pa.DataType] | None = None
) -> None:
    """Write one raw table as declared; a nullable column that Berka does not know is null."""
    declared = TABLES[name]
    schema = pa.schema([*declared.arrow_schema, *(extra or {}).items()])
    unknown = [c.name for c in declared.columns if c.nullable and c.name not in frame]
    ordered = frame.assign(**dict.fromkeys(unknown, None))[schema.names].sort_values(
        list(declared.key)
    )
    write_table(
        pa.Table.from_pandas(ordered, schema=schema, preserve_index=False), out / f"{name}.parquet"
    )


if __name__ == "__main__":
    typer.run(main)
