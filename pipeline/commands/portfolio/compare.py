"""`creditloom compare`: the same applications under several products side by side, as a table, as JSON and as a picture."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from creditloom.decision.decide import Decider
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.split import OOT, SplitParams, roles
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import section
from creditloom.portfolio.comparison import COLUMNS, picture, summary
from creditloom.storage.files.store import iter_tables, open_parquet, read_frame, write_json

ROWS = 20_000
_out, _err = Console(), Console(stderr=True)


def compare(
    product: Annotated[
        list[str] | None,
        typer.Option(help="a product of the bundle; again for another; default: all"),
    ] = None,
    law: Annotated[
        str,
        typer.Option(
            help="a law profile of the bundle; default: those in force on the day of each application"
        ),
    ] = "",
    until: Annotated[
        str,
        typer.Option(
            help="only applications before this day, as 2025-10-01: most sources are lawful until then"
        ),
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="the figures as JSON on standard output")
    ] = False,
) -> None:
    """Decide the out-of-time applications under each product; write data/reports/compare."""
    decider = Decider.load(paths.MODEL)
    products = {one.id: one for one in decider.bundle.policy.products}
    if not products:
        raise ModelError(
            "compare: expected a bundle with products, got tiers alone. Set policy.product and run the bundle stage."
        )
    cost, people = section("evaluate", EvaluateParams).account_cost_cny, _people(decider, until)
    asked = track(
        product or list(products), "products", console=_err, disable=not sys.stderr.isatty()
    )
    decided = {
        name: decider.decide(people, explain="none", product=name, law=law)[list(COLUMNS)]
        for name in asked
    }
    figures = {name: summary(rows, products[name], cost) for name, rows in decided.items()}
    write_json(figures, paths.COMPARE / "figures.json")
    picture(figures, paths.COMPARE / "products.png")
    if as_json:
        sys.stdout.write(json.dumps(figures, indent=1, sort_keys=True) + "\n")
    else:
        _show(figures, law)


def _people(decider: Decider, until: str) -> pd.DataFrame:
    """Rows of the matrix of the out-of-time months (before a day), with the columns that a decision reads."""
    as_of = read_frame(paths.MATRIX, ["as_of"])["as_of"].to_numpy()
    is_oot = (roles(as_of, section("split", SplitParams)) == OOT) & (as_of < _day(until))
    if not is_oot.any():
        raise ModelError(
            f"compare: expected out-of-time applications before {until or 'any day'}, got none. Give a later day."
        )
    with open_parquet(paths.MATRIX) as matrix:
        columns = decider.columns(set(matrix.schema_arrow.names))
    blocks, start = list[pd.DataFrame](), 0
    for block in iter_tables(paths.MATRIX, columns, ROWS):
        chosen = np.flatnonzero(is_oot[start : start + len(block)])
        blocks.append(block.take(chosen).to_pandas(ignore_metadata=True))
        start += len(block)
    return pd.concat(blocks, ignore_index=True)


def _day(text: str) -> np.datetime64:
    try:
        return np.datetime64(text or "9999-01-01", "us")
    except ValueError as error:
        raise ModelError(
            f"compare: --until: expected a day as 2025-10-01, got {text!r}. Correct it."
        ) from error


def _show(figures: dict[str, dict[str, Any]], law: str) -> None:
    rows = next(iter(figures.values()))["rows"]
    table = Table(title=f"compare: {rows:,} out-of-time applications, law {law or 'of the day'}")
    for name in ("product", "approve", "refer", "decline", "refuse", "limit", "APR", "profit"):
        table.add_column(name, justify="left" if name == "product" else "right", no_wrap=True)
    for name, one in figures.items():
        shares = (
            f"{one[f'{outcome}_share']:.1%}"
            for outcome in ("approve", "refer", "decline", "refuse")
        )
        means = (
            (f"{one['mean_limit_cny']:,.0f}", f"{one['mean_apr']:.1%}")
            if one["mean_limit_cny"] is not None
            else ("-", "-")
        )
        table.add_row(name, *shares, *means, f"{one['expected_profit_cny'] / 1e6:,.2f} M")
    _out.print(table)
    for name, one in figures.items():
        codes = sorted(one["refusals"].items(), key=lambda pair: (-pair[1], pair[0]))
        _out.print(
            f"{name} refused by: "
            + (", ".join(f"{code} {count / rows:.1%}" for code, count in codes) or "nothing")
        )
