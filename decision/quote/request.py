"""What is asked for, and the product as it would be lent: method, tenor and rate that the product has, or a refusal in words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ..base.errors import DecisionError
from ..rulebook.condition import SourcedValue
from ..rulebook.offer import listed_rate
from ..rulebook.price import rate_grid
from ..rulebook.product import STRICT, Charge, Method, Product, Taken
from ..score.tiers import Tiers


@dataclass(frozen=True)
class Extra:
    """A charge beside those of the product: a share of principal, and who collects it (R10 refuses a charge without)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    name: str
    taken: Taken
    rate: float
    receiver: str = ""


@dataclass(frozen=True)
class Request:
    """One loan. amount in CNY; tenor in the product's unit; daily_rate in per cent a day, or the tier whose price is asked.

    Null: method, tenor and law as the product and the date have them. settle_on: a day to settle early; overdue_days: for the example of
    the overdue cost.
    """

    product: str
    amount: float
    start: dt.date
    law: str | None = None
    method: Method | None = None
    tenor: int | None = None
    daily_rate: float | None = None
    tier: str | None = None
    settle_on: dt.date | None = None
    overdue_days: int = 10
    charges: tuple[Extra, ...] = ()


def lent(product: Product, request: Request) -> Product:
    """The product with the method, tenor and further charges of the request. Raises `DecisionError` for what it does not offer."""
    terms = product.repayment
    method = request.method or terms.method
    _among("method", (terms.method, *terms.other_methods), method)
    tenor = _tenor(product, request.tenor)
    low, high = (
        product.limit.minimum.value,
        max(product.limit.maximum.value, _value(product.limit.business_maximum)),
    )
    if not low <= request.amount <= high:
        raise _refusal(
            "amount", f"{low:,.2f} to {high:,.2f} CNY for {product.id}", f"{request.amount:,.2f}"
        )
    extra = tuple(
        Charge(e.name, e.taken, SourcedValue(e.rate, "share", "request"), e.receiver)
        for e in request.charges
    )
    return replace(
        product,
        repayment=replace(terms, method=method, tenor=tenor),
        charges=(*product.charges, *extra),
    )


def daily_rate(product: Product, request: Request, tiers: Tiers) -> float:
    """The rate asked for, a fraction a day: on the product's grid, or the price of the tier. Raises `DecisionError` otherwise."""
    if (request.daily_rate is None) == (request.tier is None):
        raise _refusal(
            "rate",
            "either a daily rate or a tier",
            f"rate {request.daily_rate}, tier {request.tier}",
        )
    if request.tier is not None:
        terms = {t.tier: t for t in product.tiers if t.decision != "decline"}
        _among("tier", tuple(terms), request.tier)
        return listed_rate(product, tiers, terms[request.tier])
    asked, grid = round((request.daily_rate or 0.0) / 100.0, 9), rate_grid(product.price)
    if asked not in grid:
        expected = f"{100 * grid[0]:g} to {100 * grid[-1]:g} % a day in steps of {product.price.grid.value:g}"
        raise _refusal("daily rate", expected, f"{request.daily_rate:g} % a day")
    return asked


def _tenor(product: Product, asked: int | None) -> SourcedValue:
    known = {
        int(figure.value): figure
        for figure in (product.repayment.tenor, *product.repayment.other_tenors)
    }
    if asked is None:
        return product.repayment.tenor
    if asked not in known:
        raise _refusal(
            "tenor",
            f"{', '.join(map(str, known))} {product.repayment.tenor.unit} for {product.id}",
            str(asked),
        )
    return known[asked]


def _among(what: str, known: tuple[str, ...], got: str) -> None:
    if got not in known:
        raise _refusal(what, f"one of {', '.join(known)}", got)


def _value(figure: SourcedValue | None) -> float:
    return 0.0 if figure is None else figure.value


def _refusal(where: str, expected: str, got: str) -> DecisionError:
    what = "the product does not offer this"
    return DecisionError(
        what, where=where, expected=expected, got=got, next_step="ask for what the product offers"
    )
