"""The quotation of one loan: schedule, charges, yearly rates, refusals, choices and notices."""

from __future__ import annotations

import datetime as dt
from typing import Any

from creditloom.decision.base.errors import DecisionError
from creditloom.decision.quote.quote import quote
from creditloom.decision.quote.request import Extra, Request
from creditloom.decision.rulebook.law import Law
from creditloom.decision.rulebook.product import Product
from creditloom.decision.score.tiers import Tiers
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from tests.decision.small import EDGES
from tests.trace.outcomes.situation_files import situations


def names() -> set[str]:
    """Return the names of quotes.yaml."""
    return set(situations("quotes"))


def run(name: str) -> dict[str, Any]:
    """Return the whole quotation; where the product does not offer the loan, that in words."""
    asked = dict(situations("quotes")[name])
    product = document(Product, paths.PRODUCTS / f"{asked['product']}.yaml")
    law = document(Law, paths.LAW / f"{asked.pop('law')}.yaml")
    asked["charges"] = tuple(Extra(**charge) for charge in asked.get("charges", ()))
    for day in ("start", "settle_on"):
        if day in asked:
            asked[day] = dt.date.fromisoformat(asked[day])
    try:
        return quote(product, law, Tiers.from_edges(EDGES), Request(**asked))
    except DecisionError as refusal:
        return {"not offered": str(refusal)}
