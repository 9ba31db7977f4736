"""`creditloom products`: lists every product with its terms and what each law profile says to it.

It also lists the figures of other lenders that the sources name.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.table import Table

from creditloom.decision.rulebook.law import Law
from creditloom.decision.rulebook.offer import offers
from creditloom.decision.rulebook.policy import DataSources, Policy, compile_policy
from creditloom.decision.rulebook.product import Product
from creditloom.decision.score.tiers import Tiers
from creditloom.models.policy.bundle_policy import PolicyParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import section
from creditloom.pipeline.products.product_folder import ProductFolder
from creditloom.portfolio.benchmarks import Benchmarks

ProductRow = dict[str, Any]
JsonOption = Annotated[
    bool, typer.Option("--json", help="one JSON object per line instead of tables")
]


def products(json_out: JsonOption = False) -> None:
    """List every product: lender, limits, rates, tiers, and what each law profile refuses of it.

    Under a law profile stand the codes that refuse the product; none = it may be lent.
    """
    folder = ProductFolder.of()
    laws = tuple(folder.law(name) for name in folder.ids("law"))
    sources = folder.only("sources", DataSources)
    rows = [_row(product, laws, sources) for product in folder.products()]
    console = Console()
    if json_out:
        for row in rows:
            console.print_json(json.dumps(row), indent=None)
        return
    benchmarks = folder.only("benchmarks", Benchmarks)
    console.print(_product_table(rows, laws), _benchmark_table(benchmarks))


def _row(product: Product, laws: tuple[Law, ...], sources: DataSources) -> ProductRow:
    """Return one product as JSON: amounts in CNY, rates in per cent a day, codes per law."""
    # The tiers are those of params.yaml, because products are listed before there is a bundle.
    tiers = Tiers.from_edges(section("policy", PolicyParams, paths.params_file()).edges)
    limit = product.limit
    price = product.price
    terms = {
        "product": product.id,
        "lender": product.lender,
        "from": limit.minimum.value,
        "to": limit.maximum.value,
        "daily_low": price.daily_low.value,
        "daily_high": price.daily_high.value,
        "method": product.repayment.method,
        "tiers": [tier.tier for tier in product.tiers],
    }
    refused = {law.id: _refused(product, law, tiers, sources) for law in laws}
    return {**terms, "refused": refused}


def _refused(product: Product, law: Law, tiers: Tiers, sources: DataSources) -> list[str]:
    """Return the codes that refuse the product, and R1 with the tiers whose price it refuses."""
    # Compile the rules as for a bundle with only this product and this law. Listing and decision
    # then use the same rules.
    book = compile_policy(product, (law,), sources=sources, horizon_days=product.horizon.value)
    offered = offers(Policy.from_json(json.dumps(book)), product, tiers)
    # There is one law, so there is one row. Its tiers are in the order of the product.
    priced = zip(product.tiers, offered.is_over_cap[0], strict=False)
    over_cap = [tier.tier for tier, is_over in priced if is_over]
    codes = list(offered.refused[0])
    return [*codes, f"R1 ({' '.join(over_cap)})"] if over_cap else codes


def _product_table(rows: list[ProductRow], laws: tuple[Law, ...]) -> Table:
    table = Table(title="products; below each law what refuses", padding=0)
    for name in ("product", "lender", "limit CNY", "% a day", "tiers", *(law.id for law in laws)):
        table.add_column(name)
    for row in rows:
        limit = f"{row['from']:,.0f}-{row['to']:,.0f}"
        rates = f"{row['daily_low']:g}-{row['daily_high']:g}"
        refused = ["; ".join(codes) or "-" for codes in row["refused"].values()]
        tiers = " ".join(row["tiers"])
        table.add_row(row["product"], row["lender"], limit, rates, tiers, *refused)
    return table


def _benchmark_table(benchmarks: Benchmarks) -> Table:
    table = Table(title="other lenders in the sources, never used in a decision", padding=0)
    for name in ("lender", "figure", "value", "unit", "source"):
        table.add_column(name)
    for lender in benchmarks.benchmarks:
        for figure in lender.figures:
            value = figure.value
            table.add_row(lender.name_en, figure.name, f"{value.value:g}", value.unit, value.source)
    return table
