"""`creditloom review`: the monthly job for a book: behaviour score, limits, prices, collections, IFRS 9; changes with their notices out.

A panel holds one row per account and month: `creditloom forward` writes one, and portfolio/book/account_history.py lists its columns.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import pyarrow as pa
import typer
from rich.console import Console
from rich.table import Table

from creditloom.models.policy.bundle_policy import PolicyParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document, section
from creditloom.pipeline.commands.portfolio import behaviour
from creditloom.portfolio.book import account_history
from creditloom.portfolio.book.bcard import ReviewParams
from creditloom.portfolio.book.monthly import Month, from_frame, month, to_frame
from creditloom.portfolio.book.review import Standing
from creditloom.portfolio.book.review_rules import BookError, ReviewRules
from creditloom.storage.files.formats import STANDING, check_table
from creditloom.storage.files.store import read_frame, read_table, write_table

_err = Console(stderr=True, soft_wrap=True, highlight=False)


def review(
    panel: Annotated[
        Path, typer.Option(help="the book: one row per account and month, Parquet")
    ] = paths.BOOK_PANEL,
    booked: Annotated[
        Path, typer.Option(help="application_id and the pd at booking, Parquet")
    ] = paths.DECISIONS,
    standing: Annotated[
        Path | None, typer.Option(help="what the last review left; none on the first")
    ] = None,
    output: Annotated[
        Path, typer.Option(help="folder for standing, changes and accounts")
    ] = paths.BOOK_REVIEW,
    month_on_book: Annotated[
        int | None, typer.Option(help="review as of this month; default: the panel's last")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="the summary as JSON on standard output")
    ] = False,
) -> None:
    """Review every account once and write standing.parquet, changes.parquet (with reason and notice) and accounts.parquet."""
    params = section("review", ReviewParams)
    rules = document(ReviewRules, paths.REVIEW_RULES / f"{params.rules}.yaml")
    before = _before(standing) if standing is not None else None
    pds = read_frame(booked, ["application_id", "pd"]).set_index("application_id")["pd"]
    done = month(
        _until(panel, month_on_book),
        before,
        pds,
        behaviour.read(),
        section("policy", PolicyParams).tier_edges,
        rules,
    )
    for name, frame in (
        ("standing", to_frame(done.standing)),
        ("changes", done.changes),
        ("accounts", done.accounts),
    ):
        version = STANDING if name == "standing" else None
        write_table(
            pa.Table.from_pandas(frame, preserve_index=False),
            output / f"{name}.parquet",
            version=version,
        )
    _report(summary(done), output, as_json)


def _before(path: Path) -> Standing:
    """The standing that an earlier review wrote; DataError for one of a later release."""
    check_table(path, STANDING)
    return from_frame(read_frame(path))


def _until(path: Path, last: int | None) -> pa.Table:
    """The panel up to a month; the month of booking (0) is left out."""
    rows = read_table(path, [*account_history.KEYS, *account_history.COLUMNS])
    at = pa.compute.field("month_on_book")
    kept = rows.filter((at > 0) if last is None else (at > 0) & (at <= last))
    if not kept.num_rows:
        raise BookError(
            f"{path}: no months on book from 1 to {last}; expected at least one. Ask for another --month-on-book."
        )
    return kept


def summary(done: Month) -> dict[str, Any]:
    """Counts of a review: accounts, changes by code, states, stages, asset classes, ladder; money in yuan."""
    accounts = done.accounts
    counts = {
        name: _counts(accounts[name]) for name in ("state", "stage", "asset_class", "collection")
    }
    non_performing = accounts["asset_class"].isin(("substandard", "doubtful", "loss"))
    balance = float(accounts["balance_fen"].sum()) / 100.0
    return {
        "accounts": len(accounts),
        "changes": _counts(done.changes["code"]),
        **counts,
        "balance_cny": balance,
        "npl_share": float(accounts["balance_fen"][non_performing].sum()) / 100.0 / balance
        if balance
        else 0.0,
        "ecl_cny": float(accounts["ecl_fen"].sum()) / 100.0,
    }


def _counts(values: pd.Series[Any]) -> dict[str, int]:
    return {str(name): int(count) for name, count in values.value_counts().sort_index().items()}


def _report(found: dict[str, Any], output: Path, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(found, indent=1, sort_keys=True) + "\n")
        return
    table = Table("review", "", title="monthly review")
    for name, value in found.items():
        shown = (
            ", ".join(f"{key} {count:,}" for key, count in value.items())
            if isinstance(value, dict)
            else f"{value:,.4g}"
        )
        table.add_row(
            name, shown if name not in ("accounts", "balance_cny", "ecl_cny") else f"{value:,.0f}"
        )
    _err.print(table)
    _err.print(f"written: {output}")
