"""`creditloom compare`: decides the same applications under several products, side by side.

The result is a table, JSON and a picture.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from rich.progress import track
from rich.table import Table

from creditloom.decision.decide import Decider
from creditloom.decision.rulebook.economics import Economics
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.split import OOT, SplitParams, roles
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import section
from creditloom.pipeline.commands.own_outputs import require_comparison
from creditloom.pipeline.products.product_folder import ProductFolder
from creditloom.portfolio.comparison import COLUMNS, picture, summary
from creditloom.storage.files.store import iter_tables, open_parquet, read_frame, write_json

# Rows read at a time while the out-of-time ones are picked.
ROWS = 20_000
OUTCOMES = ("approve", "refer", "decline", "refuse")
# A day after the last application, so that the default of --until leaves nothing out.
FAR_FUTURE = "9999-01-01"
_out = Console()
_err = Console(stderr=True)

# The options of the command, each with its help.
ProductOption = Annotated[
    list[str] | None,
    typer.Option(help="a product of the bundle; again for another; default: all"),
]
LawOption = Annotated[
    str,
    typer.Option(
        help="a law profile of the bundle; default: those in force on the day of each application"
    ),
]
UntilOption = Annotated[
    str,
    typer.Option(
        help="only applications before this day, as 2025-10-01: most sources are lawful until then"
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="the figures as JSON on standard output")]


def compare(
    product: ProductOption = None,
    law: LawOption = "",
    until: UntilOption = "",
    as_json: JsonOption = False,
) -> None:
    """Decide the out-of-time applications under each product; write data/reports/compare."""
    require_comparison(paths.COMPARE, ["products.png"])
    decider = Decider.load(paths.MODEL)
    products = {one.id: one for one in decider.bundle.policy.products}
    if not products:
        raise ModelError(
            "compare: expected a bundle with products, got tiers alone. "
            "Set policy.product and run the bundle stage."
        )
    cost = section("evaluate", EvaluateParams).account_cost_cny
    economics = ProductFolder.of().only("economics", Economics)
    people = _people(decider, until)
    names = product or list(products)
    figures = {}
    for name in track(names, "products", console=_err, disable=not sys.stderr.isatty()):
        decided = decider.decide(people, explain="none", product=name, law=law)
        terms = economics.terms_of(products[name], cost)
        figures[name] = summary(decided[list(COLUMNS)], name, terms)
    write_json(figures, paths.COMPARE / "figures.json")
    picture(figures, paths.COMPARE / "products.png")
    if as_json:
        sys.stdout.write(json.dumps(figures, indent=1, sort_keys=True) + "\n")
    else:
        _show(figures, law)


def _people(decider: Decider, until: str) -> pd.DataFrame:
    """Return the out-of-time rows of the matrix before a day, with the columns of a decision."""
    as_of = read_frame(paths.MATRIX, ["as_of"])["as_of"].to_numpy()
    is_oot = (roles(as_of, section("split", SplitParams)) == OOT) & (as_of < _day(until))
    if not is_oot.any():
        raise ModelError(
            f"compare: expected out-of-time applications before {until or 'any day'}, got none. "
            "Give a later day."
        )
    with open_parquet(paths.MATRIX) as matrix:
        columns = decider.columns(set(matrix.schema_arrow.names))
    blocks: list[pd.DataFrame] = []
    start = 0
    for block in iter_tables(paths.MATRIX, columns, ROWS):
        chosen = np.flatnonzero(is_oot[start : start + len(block)])
        blocks.append(block.take(chosen).to_pandas(ignore_metadata=True))
        start += len(block)
    return pd.concat(blocks, ignore_index=True)


def _day(text: str) -> np.datetime64:
    try:
        return np.datetime64(text or FAR_FUTURE, "us")
    except ValueError as error:
        raise ModelError(
            f"compare: --until: expected a day as 2025-10-01, got {text!r}. Correct it."
        ) from error


def _show(figures: dict[str, dict[str, Any]], law: str) -> None:
    rows = next(iter(figures.values()))["rows"]
    title = f"compare: {rows:,} out-of-time applications, law {law or 'of the day'}"
    table = Table(title=title)
    for name in ("product", *OUTCOMES, "limit", "APR", "profit"):
        table.add_column(name, justify="left" if name == "product" else "right", no_wrap=True)
    for name, product in figures.items():
        table.add_row(name, *_cells(product))
    _out.print(table)
    for name, product in figures.items():
        # The most frequent code comes first. Codes with equal counts are sorted by name.
        codes = sorted(product["refusals"].items(), key=lambda pair: (-pair[1], pair[0]))
        shares = ", ".join(f"{code} {count / rows:.1%}" for code, count in codes)
        _out.print(f"{name} refused by: {shares or 'nothing'}")


def _cells(product: dict[str, Any]) -> list[str]:
    """Return shares per outcome, mean limit and APR of what is approved, and profit in CNY."""
    shares = [f"{product[f'{outcome}_share']:.1%}" for outcome in OUTCOMES]
    profit = f"{product['expected_profit_cny']:,.2f}"
    if product["mean_limit_cny"] is None:
        return [*shares, "-", "-", profit]
    means = [f"{product['mean_limit_cny']:,.0f}", f"{product['mean_apr']:.1%}"]
    return [*shares, *means, profit]
