"""`creditloom review`: the monthly job for a book.

It computes the behaviour score, limits, prices, collections and IFRS 9 of each account, and writes
the changes with their notices. It reads a panel, which has one row per account and month.
`creditloom forward` writes one, and portfolio/book/account_history.py lists its columns.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import pyarrow as pa
import typer
from rich.table import Table

from creditloom.models.policy.bundle_policy import PolicyParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import document, section
from creditloom.pipeline.commands.own_outputs import require_table, write_kind
from creditloom.pipeline.commands.portfolio import behaviour
from creditloom.pipeline.commands.portfolio.call_list import CALLS, require_calls, write_calls
from creditloom.portfolio.book import account_history
from creditloom.portfolio.book.bcard import ReviewParams
from creditloom.portfolio.book.monthly import Month, from_frame, month, to_frame
from creditloom.portfolio.book.review import Standing
from creditloom.portfolio.book.review_rules import BookError, ReviewRules
from creditloom.storage.files.formats import STANDING, check_table
from creditloom.storage.files.outputs import require_apart
from creditloom.storage.files.store import read_frame, read_table

_err = Console(stderr=True, soft_wrap=True, highlight=False)
# Money is stored in fen and shown in yuan.
FEN_PER_CNY = 100.0
COUNTED = ("state", "stage", "asset_class", "collection")  # columns of accounts, by value
# The tables that a review writes, and the format of each that has one.
WRITTEN = {"standing": STANDING, "changes": None, "accounts": None}
NON_PERFORMING = ("substandard", "doubtful", "loss")  # asset classes
WHOLE_NUMBERS = ("accounts", "balance_cny", "ecl_cny")  # figures shown without decimals


# The options of the command, each with its help.
PanelOption = Annotated[Path, typer.Option(help="the book: one row per account and month, Parquet")]
BookedOption = Annotated[Path, typer.Option(help="application_id and the pd at booking, Parquet")]
StandingOption = Annotated[
    Path | None, typer.Option(help="what the last review left; none on the first")
]
OutputOption = Annotated[Path, typer.Option(help="folder for standing, changes and accounts")]
MonthOption = Annotated[
    int | None, typer.Option(help="review as of this month; default: the panel's last")
]
JsonOption = Annotated[bool, typer.Option("--json", help="the summary as JSON on standard output")]


def review(
    panel: PanelOption = paths.BOOK_PANEL,
    booked: BookedOption = paths.DECISIONS,
    standing: StandingOption = None,
    output: OutputOption = paths.BOOK_REVIEW,
    month_on_book: MonthOption = None,
    as_json: JsonOption = False,
) -> None:
    """Review every account once and write what changes.

    standing.parquet, changes.parquet (with reason and notice), accounts.parquet, and calls.csv:
    whom to contact about what is overdue, by what, and in which hours.
    """
    require_calls(output)
    require_apart([output / f"{name}.parquet" for name in WRITTEN], [panel, booked])
    params = section("review", ReviewParams)
    rules = document(ReviewRules, paths.REVIEW_RULES / f"{params.rules}.yaml")
    before = None if standing is None else _before(standing)
    pds = read_frame(booked, ["application_id", "pd"]).set_index("application_id")["pd"]
    history = _until(panel, month_on_book)
    edges = section("policy", PolicyParams).edges
    done = month(history, before, pds, behaviour.read(), edges, rules)
    _write(output, (to_frame(done.standing), done.changes, done.accounts))
    calls = write_calls(done.accounts, output)
    _report(summary(done) | {"to_call": calls}, output, as_json)


def _write(output: Path, frames: tuple[pd.DataFrame, ...]) -> None:
    """Write the tables of WRITTEN, in its order, or none where one would replace another file."""
    tables = [pa.Table.from_pandas(frame, preserve_index=False) for frame in frames]
    for name, table in zip(WRITTEN, tables, strict=True):
        require_table(output / f"{name}.parquet", name, table.column_names)
    for (name, version), table in zip(WRITTEN.items(), tables, strict=True):
        write_kind(table, output / f"{name}.parquet", name, version)


def _before(path: Path) -> Standing:
    """Return the standing that an earlier review wrote. Raises DataError for a later release's."""
    # Check the version before reading. A later format might be read without an error and mean
    # something else.
    check_table(path, STANDING)
    return from_frame(read_frame(path))


def _until(path: Path, last: int | None) -> pa.Table:
    """Return the panel up to month `last` on book, or all of it.

    The month of booking (0) is left out: nothing falls due in it. Raises BookError for no months.
    """
    # Read only the columns that the review needs: a panel has more.
    rows = read_table(path, [*account_history.KEYS, *account_history.COLUMNS])
    month_on_book = pa.compute.field("month_on_book")
    is_wanted = month_on_book > 0
    if last is not None:
        is_wanted = is_wanted & (month_on_book <= last)
    wanted = rows.filter(is_wanted)
    if not wanted.num_rows:
        raise BookError(
            f"{path}: no months on book from 1 to {last}; expected at least one. "
            "Ask for another --month-on-book."
        )
    return wanted


def summary(done: Month) -> dict[str, Any]:
    """Return the counts of a review: accounts, changes by code, states, stages, classes, ladder.

    Money is in yuan; `npl_share` is 0 for a book without balance.
    """
    accounts = done.accounts
    balances = accounts["balance_fen"]
    balance = float(balances.sum()) / FEN_PER_CNY
    non_performing = balances[accounts["asset_class"].isin(NON_PERFORMING)]
    npl = float(non_performing.sum()) / FEN_PER_CNY
    ecl = float(accounts["ecl_fen"].sum()) / FEN_PER_CNY
    return {
        "accounts": len(accounts),
        "changes": _counts(done.changes["code"]),
        **{name: _counts(accounts[name]) for name in COUNTED},
        "balance_cny": balance,
        "npl_share": npl / balance if balance else 0.0,
        "ecl_cny": ecl,
    }


def _counts(values: pd.Series[Any]) -> dict[str, int]:
    return {str(name): int(count) for name, count in values.value_counts().sort_index().items()}


def _report(figures: dict[str, Any], output: Path, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(figures, indent=1, sort_keys=True) + "\n")
        return
    table = Table("review", "", title="monthly review")
    for name, figure in figures.items():
        table.add_row(name, _shown(name, figure))
    _err.print(table)
    _err.print(f"written: {output}; {figures['to_call']:,} to contact in {output / CALLS}")
    _err.print(f"next: --standing {output / 'standing.parquet'} with next month's panel")


def _shown(name: str, figure: Any) -> str:
    if isinstance(figure, dict):
        return ", ".join(f"{key} {count:,}" for key, count in figure.items())
    return f"{figure:,.0f}" if name in WHOLE_NUMBERS else f"{figure:,.4g}"
