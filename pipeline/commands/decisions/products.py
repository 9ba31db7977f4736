"""`creditloom products`: every product with its terms, what each law profile says to it, and other lenders beside it."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from creditloom.decision.rulebook.law import Law
from creditloom.decision.rulebook.offer import offers
from creditloom.decision.rulebook.policy import DataSources, Policy, compile_policy
from creditloom.decision.rulebook.product import Product
from creditloom.decision.score.tiers import Tiers
from creditloom.models.policy.bundle_policy import PolicyParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document, section
from creditloom.pipeline.stages.bundle.__main__ import every_product
from creditloom.portfolio.benchmarks import Benchmarks


def products(
    json_out: Annotated[
        bool, typer.Option("--json", help="one JSON object per line instead of tables")
    ] = False,
) -> None:
    """List every product: lender, limits, rates, tiers, and under each law profile the codes that refuse it (none = it may be lent)."""
    laws = tuple(document(Law, file) for file in sorted(paths.LAW.glob("*.yaml")))
    rows = [_row(product, laws) for product in every_product()]
    console = Console()
    if json_out:
        for row in rows:
            console.print_json(json.dumps(row), indent=None)
        return
    console.print(_table(rows, laws), _others())


def _row(product: Product, laws: tuple[Law, ...]) -> dict[str, Any]:
    tiers = Tiers.from_edges(section("policy", PolicyParams, paths.params_file()).tier_edges)
    return {
        "product": product.id, "lender": product.lender, "from": product.limit.minimum.value, "to": product.limit.maximum.value,
        "daily_low": product.price.daily_low.value, "daily_high": product.price.daily_high.value, "method": product.repayment.method,
        "tiers": [tier.tier for tier in product.tiers], "refused": {law.id: _refused(product, law, tiers) for law in laws},
    }  # fmt: skip


def _refused(product: Product, law: Law, tiers: Tiers) -> list[str]:
    """Codes that refuse the product, and R1 with the tiers whose price it refuses."""
    sources = document(DataSources, paths.SOURCES)
    book = compile_policy(product, (law,), sources=sources, horizon_days=product.horizon.value)
    found = offers(Policy.from_json(json.dumps(book)), product, tiers)
    dear = [
        tier.tier
        for tier, is_over in zip(product.tiers, found.is_over_cap[0], strict=False)
        if is_over
    ]
    return [*found.refused[0], *([f"R1 ({' '.join(dear)})"] if dear else [])]


def _table(rows: list[dict[str, Any]], laws: tuple[Law, ...]) -> Table:
    table = Table(title="products; below each law what refuses", padding=0)
    for name in ("product", "lender", "limit CNY", "% a day", "tiers", *(law.id for law in laws)):
        table.add_column(name)
    for row in rows:
        said = ["; ".join(codes) or "-" for codes in row["refused"].values()]
        cells = [
            f"{row['from']:,.0f}-{row['to']:,.0f}",
            f"{row['daily_low']:g}-{row['daily_high']:g}",
            " ".join(row["tiers"]),
        ]
        table.add_row(row["product"], row["lender"], *cells, *said)
    return table


def _others() -> Table:
    table = Table(title="other lenders in the sources, never used in a decision", padding=0)
    for name in ("lender", "figure", "value", "unit", "source"):
        table.add_column(name)
    for other in document(Benchmarks, paths.BENCHMARKS).benchmarks:
        for figure in other.figures:
            table.add_row(
                other.name_en,
                figure.name,
                f"{figure.value.value:g}",
                figure.value.unit,
                figure.value.source,
            )
    return table
