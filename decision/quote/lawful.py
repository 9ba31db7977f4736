"""Whether the law of the day allows a loan at this price.

A loan that it does not allow is refused with code and reason; its price is never clipped
(domain 5.3).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ..pricing.annual import AnnualCost
from ..pricing.penalty import implied_uplift
from ..rulebook.condition import value
from ..rulebook.law import Law
from ..rulebook.offer import penalty_of
from ..rulebook.price import cap_of, loan_of
from ..rulebook.product import Product


class Refusal(NamedTuple):
    """Code of the rule that refuses, and why in words."""

    code: str
    reason: str


def refusals(product: Product, law: Law, cost: AnnualCost, amount: float) -> tuple[Refusal, ...]:
    """Return what refuses a loan of `amount` CNY; empty where all is lawful.

    R1 price, R2 line, R3 tenor of a single payment, R10 undisclosed receiver, R15 penalty,
    L1 licence. A figure that the law does not set is NaN, and no comparison with NaN refuses.
    """
    broken = [
        *_price_and_line(product, law, cost, amount),
        *_single_tenor(product, law),
        *_undisclosed(product),
        *_penalty(product, law, cost),
        *_unlicensed(product),
    ]
    return tuple(Refusal(code, f"{reason} ({law.id})") for code, reason in broken)


def _price_and_line(
    product: Product, law: Law, cost: AnnualCost, amount: float
) -> list[tuple[str, str]]:
    broken = []
    cap = cap_of(product.price, law.price_cap_of(product.lender))
    if cost.highest > cap:
        broken.append(("R1", f"costs {cost.highest:.4%} a year, the cap is {cap:.4%}"))
    line = value(law.consumption_line)
    if amount > line:
        over = f"{amount:,.2f} CNY is over the line of {line:,.2f} CNY for consumption"
        broken.append(("R2", over))
    return broken


def _single_tenor(product: Product, law: Law) -> list[tuple[str, str]]:
    loan = loan_of(product)
    longest = value(law.bullet_tenor) * product.repayment.month_days.value
    if loan.method == "bullet" and loan.days > longest:
        return [
            ("R3", f"one payment after {loan.days} days, at most {longest:g} are allowed"),
        ]
    return []


def _undisclosed(product: Product) -> list[tuple[str, str]]:
    unnamed = [charge.name for charge in product.charges if not charge.receiver]
    if unnamed:
        return [("R10", f"nobody is named who receives: {', '.join(unnamed)}")]
    return []


def _penalty(product: Product, law: Law, cost: AnnualCost) -> list[tuple[str, str]]:
    uplift = implied_uplift(penalty_of(product), cost.daily_rate)
    bound = value(law.penalty_uplift)
    if uplift > bound:
        raised = f"the penalty raises the contract rate by {_share(uplift)}"
        return [("R15", f"{raised}, at most {bound:.0%} is allowed")]
    return []


def _unlicensed(product: Product) -> list[tuple[str, str]]:
    unlicensed = [licence.kind for licence in product.licences if licence.number is None]
    if unlicensed:
        kinds = ", ".join(unlicensed)
        return [("L1", f"no number of the licence for {kinds} is published")]
    return []


def _share(uplift: float) -> str:
    return f"{uplift:.0%}" if math.isfinite(uplift) else "more than any share: it is due at once"
