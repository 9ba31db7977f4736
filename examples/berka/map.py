"""Maps Berka's bank (PKDD 1999) to raw tables in our contract.

    python -m examples.berka.map --source FOLDER --out TABLES

Loans become applications, the account's transactions become events. Only what the bank knew
strictly before the day of the loan is mapped. The table `order` bears no date and is not used.
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

# Of the loans of 1994-04..1996-12 the public cut holds no transactions.
FIRST_LOAN = pd.Timestamp("1997-01-01")
# What Berka calls a transaction -> category of our contract.
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
# The bank's own records: nothing had to be asked of anyone else.
CONSENTS = ("consent_bureau", "consent_social", "consent_assets", "consent_location")
DAYS_LATE = 30  # of a sanction: the bank charges monthly

SourceOption = Annotated[
    Path,
    typer.Option(help="folder with loan, account, client, disp and trans_preloan as Parquet"),
]
OutOption = Annotated[Path, typer.Option(help="folder for the raw tables")]


def main(source: SourceOption, out: OutOption) -> None:
    """Write applications (with the label `is_bad`) and the event tables that Berka can fill."""
    loans = applications(source)
    moves = transactions(source, loans)
    write("applications", loans, out, extra={"is_bad": pa.int8()})
    for name, make in EVENTS.items():
        write(name, make(moves), out)


def applications(source: Path) -> pd.DataFrame:
    """Return one row per loan from 1997 on.

    as_of is the morning of its day, so that a transaction of that day is not seen.
    """
    names = {"loan_id": "application_id", "account_id": "applicant_id"}
    loans = read_frame(source / "loan.parquet").rename(columns=names)
    loans["as_of"] = pd.to_datetime(loans["date"].astype(str), format="%y%m%d")
    loans = loans[loans["as_of"] >= FIRST_LOAN]
    loans = loans.merge(_owners(source), on="applicant_id", how="left")
    loans["age_years"] = (loans["as_of"].dt.year - loans["birth_year"]).astype("Int16")
    is_bad = loans["target"].astype("int8")
    return loans.assign(is_bad=is_bad, **dict.fromkeys(CONSENTS, True))


def _owners(source: Path) -> pd.DataFrame:
    """Return applicant_id and birth_year of the owner of each account."""
    owners = read_frame(source / "disp.parquet").query("type == 'OWNER'")
    owners = owners.merge(read_frame(source / "client.parquet"), on="client_id")
    # birth_number is YYMMDD, women's months plus 50; everyone was born in the 1900s.
    birth_year = 1900 + owners["birth_number"] // 10_000
    return pd.DataFrame({"applicant_id": owners["account_id"], "birth_year": birth_year})


def transactions(source: Path, loans: pd.DataFrame) -> pd.DataFrame:
    """Return the accounts' transactions before the loan, by account and day.

    Amounts and balances are hundredths of a crown.
    """
    names = {"account_id": "applicant_id", "trans_id": "event_id"}
    moves = read_frame(source / "trans_preloan.parquet").rename(columns=names)
    # A bank knows its own ledger on the day.
    moves = moves.assign(event_time=moves["date_dt"], known_time=moves["date_dt"])
    moves = moves.merge(loans[["applicant_id", "as_of"]], on="applicant_id")
    moves = moves.query("event_time < as_of")
    moves["amount_fen"] = (moves["amount"] * 100).round().astype("int64")
    moves["balance_fen"] = (moves["balance"] * 100).round().astype("int64")
    return moves.sort_values(["applicant_id", "event_time", "event_id"], ignore_index=True)


def payments(moves: pd.DataFrame) -> pd.DataFrame:
    """Return every transaction with its purpose or, where Berka notes none, its way."""
    way = moves["operation"].map({**INFLOW, **OUTFLOW}).fillna("transfer")
    category = moves["k_symbol"].map(PURPOSE).fillna(way)
    direction = np.where(moves["type"] == "credit", "in", "out")
    is_cash = moves["operation"].isin(("credit in cash", "withdrawal in cash"))
    return moves.assign(direction=direction, category=category, is_offline=is_cash)


def asset_balances(moves: pd.DataFrame) -> pd.DataFrame:
    """Return the balance at the end of each day with a transaction."""
    ends = moves.groupby(["applicant_id", "event_time"], as_index=False).last()
    # Below zero counts as nothing: the debt is in bureau_snapshots.
    return ends.assign(account="lqt", balance_fen=ends["balance_fen"].clip(lower=0))


def wallet_snapshots(moves: pd.DataFrame) -> pd.DataFrame:
    """Return for each inflow what of it is left seven days later.

    That is what the lowest balance of those days leaves; interest is no inflow.
    """
    is_inflow = (moves["type"] == "credit") & (moves["k_symbol"] != "interest credited")
    inflows = moves[is_inflow].rename(columns={"amount_fen": "inflow_fen"})
    balances = moves[["applicant_id", "event_time", "balance_fen"]]
    later = inflows[["event_id", "applicant_id", "event_time", "as_of", "inflow_fen"]].merge(
        balances, on="applicant_id", suffixes=("", "_later")
    )
    week_end = later["event_time"] + WEEK
    later = later[later["event_time_later"].between(later["event_time"], week_end)]
    lowest = later.groupby("event_id")["balance_fen"].min().clip(lower=0)
    retained = np.minimum(inflows["inflow_fen"], inflows["event_id"].map(lowest))
    moment = inflows["event_time"] + WEEK
    snapshots = inflows.assign(event_time=moment, known_time=moment, retained_fen=retained)
    # A week that ends after the application is not known in time.
    return snapshots[moment < inflows["as_of"]]


def bureau_snapshots(moves: pd.DataFrame) -> pd.DataFrame:
    """Return a month's statement of the account: the deepest debt.

    Berka knows of no other lender, card line or score.
    """
    months = moves["event_time"].dt.to_period("M")
    statements = moves.groupby(["applicant_id", months]).agg(
        event_id=("event_id", "last"),
        event_time=("event_time", "last"),
        lowest=("balance_fen", "min"),
    )
    statements = statements.reset_index("applicant_id").reset_index(drop=True)
    debt = (-statements["lowest"]).clip(lower=0)
    return statements.assign(
        known_time=statements["event_time"],
        active_lenders=0,
        debt_fen=debt,
        utilisation=np.nan,
        bureau_score=pd.NA,
    )


def repayments(moves: pd.DataFrame) -> pd.DataFrame:
    """Return sanctions for a negative balance, as debts to the bank paid one month late."""
    sanctions = moves[moves["k_symbol"] == SANCTION]
    return sanctions.assign(lender_id=0, days_late=DAYS_LATE)


MAKERS = (payments, asset_balances, wallet_snapshots, bureau_snapshots, repayments)
# Raw table -> the function of its name that makes it.
EVENTS = {make.__name__: make for make in MAKERS}


def write(
    name: str, frame: pd.DataFrame, out: Path, extra: dict[str, pa.DataType] | None = None
) -> None:
    """Write one raw table as declared; a nullable column that Berka does not know is null."""
    declared = TABLES[name]
    schema = pa.schema([*declared.arrow_schema, *(extra or {}).items()])
    unknown = [c.name for c in declared.columns if c.nullable and c.name not in frame]
    filled = frame.assign(**dict.fromkeys(unknown, None))
    ordered = filled[schema.names].sort_values(list(declared.key))
    rows = pa.Table.from_pandas(ordered, schema=schema, preserve_index=False)
    write_table(rows, out / f"{name}.parquet")


if __name__ == "__main__":
    typer.run(main)
