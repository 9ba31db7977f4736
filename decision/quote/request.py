"""A request for a quotation, and the product as it would be lent for it.

Method, tenor and rate must be ones that the product offers.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from ..base.errors import DecisionError
from ..pricing.table import GRID_DECIMALS, Method
from ..rulebook.condition import SourcedValue
from ..rulebook.offer import listed_rate
from ..rulebook.price import rate_grid
from ..rulebook.product import Charge, PenaltyTerms, Product, Taken
from ..score.tiers import Tiers

# Days past due in the example of the overdue cost, where the request names none.
EXAMPLE_OVERDUE_DAYS = 10


@dataclass(frozen=True)
class Extra:
    """A charge beside those of the product: a share of principal, and who receives it.

    R10 refuses a charge without a receiver. `saved` is for a charge `per_period`: the share of
    principal that each period settled early saves of it (S5-R50); null saves the whole charge.
    """

    name: str
    taken: Taken
    rate: float
    receiver: str = ""
    saved: float | None = None


@dataclass(frozen=True)
class Request:
    """One loan: amount in CNY, tenor in the product's unit, and a rate or a tier.

    `daily_rate` is in per cent a day; `tier` asks for the price of that tier. Null method, tenor
    and law are those of the product and the date. `settle_on` is a day to settle early,
    `overdue_days` the days past due in the example of the overdue cost. `shown_rate` is the yearly
    rate that an advertisement shows, in per cent: the quotation says whether it is near enough.
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
    overdue_days: int = EXAMPLE_OVERDUE_DAYS
    charges: tuple[Extra, ...] = ()
    shown_rate: float | None = None


def requested_product(product: Product, request: Request) -> Product:
    """Return the product with the method, tenor and further charges of the request.

    Raises `DecisionError` for what it does not offer.
    """
    terms = product.repayment
    method = request.method or terms.method
    _check_among("method", (terms.method, *terms.other_methods), method)
    tenor = _tenor(product, request.tenor)
    _check_amount(product, request.amount)
    _check_saved(request.charges)
    extra = tuple(
        Charge(e.name, e.taken, SourcedValue(e.rate, "share", "request"), e.receiver)
        for e in request.charges
    )
    return replace(
        product,
        repayment=replace(terms, method=method, tenor=tenor, penalty=_penalty(product, request)),
        charges=(*product.charges, *extra),
        # The penalty of the tier is that of the whole product now: others would contradict it.
        tiers=tuple(replace(tier, penalty=None) for tier in product.tiers),
    )


def _penalty(product: Product, request: Request) -> PenaltyTerms:
    """Return the penalty of the tier asked for; without a tier that of the product (S5-R28)."""
    penalty = product.repayment.penalty
    own = next((t.penalty for t in product.tiers if t.tier == request.tier), None)
    return replace(penalty, rate=own or penalty.rate)


def daily_rate(product: Product, request: Request, tiers: Tiers) -> float:
    """Return the rate asked for, a fraction a day.

    It must lie on the product's grid, or is the price of the tier. Raises `DecisionError` for
    another rate, an unknown tier, and both or neither of them.
    """
    if (request.daily_rate is None) == (request.tier is None):
        raise _refusal(
            "rate",
            "either a daily rate or a tier",
            f"rate {request.daily_rate}, tier {request.tier}",
        )
    if request.tier is not None:
        terms = {t.tier: t for t in product.tiers if t.decision != "decline"}
        _check_among("tier", tuple(terms), request.tier)
        return listed_rate(product, tiers, terms[request.tier])
    # Rounded as the grid is, so that both are the same float.
    rate = round((request.daily_rate or 0.0) / 100.0, GRID_DECIMALS)
    grid = rate_grid(product.price)
    if rate not in grid:
        band = f"{100 * grid[0]:g} to {100 * grid[-1]:g} % a day"
        expected = f"{band} in steps of {product.price.grid.value:g}"
        raise _refusal("daily rate", expected, f"{request.daily_rate:g} % a day")
    return rate


def _tenor(product: Product, wanted: int | None) -> SourcedValue:
    terms = product.repayment
    if wanted is None:
        return terms.tenor
    offered = {int(tenor.value): tenor for tenor in (terms.tenor, *terms.other_tenors)}
    if wanted not in offered:
        expected = f"{', '.join(map(str, offered))} {terms.tenor.unit} for {product.id}"
        raise _refusal("tenor", expected, str(wanted))
    return offered[wanted]


def _check_amount(product: Product, amount: float) -> None:
    limit = product.limit
    low = limit.minimum.value
    # The line for a business may be the higher one; a quotation does not ask for the purpose.
    high = max(limit.maximum.value, _value(limit.business_maximum))
    if not low <= amount <= high:
        expected = f"{low:,.2f} to {high:,.2f} CNY for {product.id}"
        raise _refusal("amount", expected, f"{amount:,.2f}")


def _check_saved(charges: tuple[Extra, ...]) -> None:
    for charge in charges:
        # Nobody saves more than the charge, which only a charge of every period leaves open.
        most = charge.rate if charge.taken == "per_period" else 0.0
        if charge.saved is not None and not 0.0 <= charge.saved <= most:
            raise _refusal(
                "saved", f"a share from 0 to {most:g} of {charge.name}", f"{charge.saved:g}"
            )


def _check_among(what: str, offered: tuple[str, ...], got: str) -> None:
    if got not in offered:
        raise _refusal(what, f"one of {', '.join(offered)}", got)


def _value(figure: SourcedValue | None) -> float:
    return 0.0 if figure is None else figure.value


def _refusal(where: str, expected: str, got: str) -> DecisionError:
    return DecisionError(
        "the product does not offer this",
        where=where,
        expected=expected,
        got=got,
        next_step="ask for what the product offers",
    )
