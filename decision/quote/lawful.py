"""Whether the law of the day allows a loan at this price: refused with code and reason, never clipped (domain 5.3)."""

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
    """R1 price, R2 line, R3 tenor of a single payment, R10 undisclosed receiver, R15 penalty, L1 licence; empty where all is lawful."""
    cap, line, bound = (
        cap_of(product.price, law.price_cap_of(product.lender)),
        value(law.consumption_line),
        value(law.penalty_uplift),
    )
    loan, longest = loan_of(product), value(law.bullet_tenor) * product.repayment.month_days.value
    uplift = implied_uplift(penalty_of(product), cost.daily_rate)
    unnamed = [charge.name for charge in product.charges if not charge.receiver]
    unlicensed = [licence.kind for licence in product.licences if licence.number is None]
    found = (
        ("R1", cost.highest > cap, f"costs {cost.highest:.4%} a year, the cap is {cap:.4%}"),
        (
            "R2",
            amount > line,
            f"{amount:,.2f} CNY is over the line of {line:,.2f} CNY for consumption",
        ),
        (
            "R3",
            loan.method == "bullet" and loan.days > longest,
            f"one payment after {loan.days} days, at most {longest:g} are allowed",
        ),
        ("R10", bool(unnamed), f"nobody is named who receives: {', '.join(unnamed)}"),
        (
            "R15",
            uplift > bound,
            f"the penalty raises the contract rate by {_said(uplift)}, at most {bound:.0%} is allowed",
        ),
        (
            "L1",
            bool(unlicensed),
            f"no number of the licence for {', '.join(unlicensed)} is published",
        ),
    )
    return tuple(
        Refusal(code, f"{reason} ({law.id})") for code, is_broken, reason in found if is_broken
    )


def _said(uplift: float) -> str:
    return f"{uplift:.0%}" if math.isfinite(uplift) else "more than any share: it is due at once"
