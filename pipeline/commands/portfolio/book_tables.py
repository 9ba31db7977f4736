"""The tables that `forward` and `optimise` show of a book run forward."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from rich.table import Table


def month_table(by_month: pd.DataFrame) -> Table:
    """Return the table of the book, one row per month on book."""
    names = [name.replace("_", " ") for name in by_month.columns]
    table = Table(*names, title="the book, month by month", show_lines=False)
    for month_on_book, *figures in by_month.itertuples(index=False):
        table.add_row(f"{month_on_book:.0f}", *map(_number, figures))
    return table


def _number(figure: float) -> str:
    # Shares are below 1 and need decimals. Counts and yuan do not.
    return f"{figure:,.0f}" if abs(figure) >= 2 else f"{figure:.4f}"


def score_table(rows: list[dict[str, Any]]) -> Table:
    """Return the table that compares behaviour and booking score, one row per month reviewed."""
    names = ("month", "accounts", "n", "bads", "AUC behaviour", "AUC booking")
    table = Table(*names, title="behaviour score, out-of-time accounts")
    for row in rows:
        cells = (f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row.values())
        table.add_row(*cells)
    return table


def money_table(money: dict[str, dict[str, float]]) -> Table:
    """Return the table of what each course earned, yuan; one column per course."""
    table = Table("", *money, title="money, yuan")
    for name in money["reviewed"]:
        decimals = 4 if name.endswith("rate") else 0
        table.add_row(name, *(f"{course[name]:,.{decimals}f}" for course in money.values()))
    return table


def bridge_tables(bridges: Mapping[str, dict[str, Any] | None]) -> tuple[Table, ...]:
    """Return the table that commands show of bridges by name (`ProfitBridge.to_json`).

    One row per step, yuan to the cent. There is no table where there is no bridge.
    """
    made = {name: bridge for name, bridge in bridges.items() if bridge is not None}
    if not made:
        return ()
    steps = [step["step"] for step in next(iter(made.values()))["steps"]]
    title = "profit in the first year, yuan: as priced, and what each step adds"
    table = Table("step", *(name or "amount" for name in made), title=title)
    for at, step in enumerate(steps):
        table.add_row(step.replace("_", " "), *(_amount(one, at) for one in made.values()))
    table.add_row("run forward", *(_total(one) for one in made.values()), style="bold")
    return (table,)


def _amount(bridge: dict[str, Any], at: int) -> str:
    # A bridge of nobody ends early.
    steps = bridge["steps"]
    return f"{steps[at]['amount_cny']:,.2f}" if at < len(steps) else "-"


def _total(bridge: dict[str, Any]) -> str:
    return f"{bridge['steps'][-1]['profit_cny']:,.2f}"
