"""The quotation: annual figures, charges, schedule, overdue cost and early ending of one loan.

Every cost stands in it, with its receiver (C28, S1-R65, S4-R03).
"""

from __future__ import annotations

from typing import Any

from ..pricing.annual import AnnualCost
from ..pricing.money import TOLERANCE, cents, exact_decimal, is_within, missing_elements
from ..pricing.penalty import overdue_cost
from ..pricing.schedule import Payment, Schedule, schedule
from ..pricing.table import annual_table
from ..rulebook.law import Law
from ..rulebook.offer import is_reported, overdue_words, penalty_of
from ..rulebook.price import loan_of
from ..rulebook.product import Product
from ..score.tiers import Tiers
from .later_choices import early_settlement, extension, month_of_use, withdrawal
from .lawful import Refusal, refusals
from .most_allowed import most_allowed
from .notices import notices
from .request import Request, daily_rate, requested_product

# Code of the rule that refuses a price above the cap.
PRICE_CODE = "R1"
# Decimals of figures that are written out: enough for the finest rate grid, too few to show the
# last bit of a float.
PERCENT_DECIMALS = 7
XIRR_DECIMALS = 9


def quote(product: Product, law: Law, tiers: Tiers, request: Request) -> dict[str, Any]:
    """Return the answer to one request, ready for JSON.

    Money is text to the cent (CNY), rates are fractions, daily rates in per cent. A loan that the
    law refuses has its annual figures, its refusals and, where its price is refused, the most that
    would be allowed; it has no schedule. Raises `DecisionError` for what the product does not
    offer.
    """
    product = requested_product(product, request)
    rate = daily_rate(product, request, tiers)
    cost = annual_table(loan_of(product), [rate])[0]
    plan = schedule(
        loan_of(product), exact_decimal(request.amount), exact_decimal(rate), request.start
    )
    yearly = cost.highest if cost.apr_irr12 is None else cost.apr_irr12
    # The three elements that no offer may lack.
    elements = {
        "annualised_rate": yearly,
        "repayment_method": product.repayment.method,
        "overdue_cost": overdue_words(product, rate),
    }
    refused = [
        *refusals(product, law, cost, request.amount),
        *(Refusal("R10", f"the offer lacks its {name}") for name in missing_elements(elements)),
    ]
    is_price_refused = any(refusal.code == PRICE_CODE for refusal in refused)
    allowed = most_allowed(product, law, request.amount, rate) if is_price_refused else None
    head = {
        **_terms(product, law, plan, request, rate),
        "decision": "refused" if refused else "offered",
        "refusals": [refusal._asdict() for refusal in refused],
        "most_allowed": allowed,
        **elements,
        "annual": _annual(cost, plan),
        **_shown(request, yearly),
    }
    return head if refused else {**head, **_body(product, law, plan, request)}


def _terms(
    product: Product, law: Law, plan: Schedule, request: Request, rate: float
) -> dict[str, Any]:
    amount = str(cents(plan.principal))
    return {
        "product": product.id,
        "lender": product.lender,
        "law_profile": law.id,
        "start": request.start.isoformat(),
        "amount_cny": amount,
        "tenor": f"{plan.loan.tenor} {plan.loan.unit}",
        "daily_rate_percent": round(100 * rate, PERCENT_DECIMALS),
    }


def _annual(cost: AnnualCost, plan: Schedule) -> dict[str, Any]:
    return {
        "simple360": cost.apr_simple360,
        "simple365": cost.apr_simple365,
        "irr12": cost.apr_irr12,
        "effective": cost.eff_annual,
        "xirr_of_the_schedule": round(plan.xirr, XIRR_DECIMALS),
    }


def _shown(request: Request, annualised_rate: float) -> dict[str, Any]:
    """Return whether an advertised yearly rate is near the true one (S2-R43); {} without one."""
    if request.shown_rate is None:
        return {}
    # As decimals: 18.5 % against 18 % lies on the bound, which a division of floats might miss.
    is_right = is_within(exact_decimal(request.shown_rate) / 100, annualised_rate)
    words = "differs by at most" if is_right else "differs by more than"
    points = f"{100 * exact_decimal(TOLERANCE):f}".rstrip("0").rstrip(".")
    return {
        "shown_rate": {
            "percent": request.shown_rate,
            "is_within": is_right,
            "en": f"{request.shown_rate} % shown {words} {points} points",
        }
    }


def _body(product: Product, law: Law, plan: Schedule, request: Request) -> dict[str, Any]:
    sums = {
        "received_cny": str(cents(plan.received)),
        "interest_cny": str(plan.interest),
        "charges_cny": str(plan.charges),
        "total_cost_cny": str(plan.interest + plan.charges),
    }
    choices = {
        "early_settlement": early_settlement(product, plan, request),
        "extension": extension(product, law, plan),
        "cooling_off": withdrawal(product, plan),
        "month_of_use": month_of_use(plan, request),
    }
    return {
        **sums,
        "charges": _charges(product, plan),
        "overdue": _overdue(product, plan, request.overdue_days),
        **choices,
        "schedule": [_row(payment) for payment in plan.payments],
        "notices": notices(product),
    }


def _charges(product: Product, plan: Schedule) -> list[dict[str, Any]]:
    """Return interest and every charge, each with its standard and receiver.

    The amount of a charge that only an event brings is that of one event.
    """
    times = {"per_period": len(plan.payments)}
    interest = {
        "item": "interest",
        "taken": "with every payment",
        "amount_cny": str(plan.interest),
        "receiver": "lender",
    }
    rows = [interest]
    for charge in product.charges:
        amount = cents(plan.principal * exact_decimal(charge.rate.value)) * times.get(
            charge.taken, 1
        )
        row = {
            "item": charge.name,
            "taken": charge.taken,
            "standard": f"{100 * charge.rate.value:g} % of principal",
            "amount_cny": str(amount),
            "receiver": charge.receiver,
        }
        rows.append(row)
    return rows


def _overdue(product: Product, plan: Schedule, days: int) -> dict[str, Any]:
    """Return what the first payment costs when it is `days` late, and whether the bureau is told.

    S2-R36, S3-R48, S4-R35.
    """
    # The first payment of some methods repays no principal; then all of it is taken as late.
    late = plan.payments[0].principal or plan.principal
    cost = overdue_cost(penalty_of(product), late, plan.daily_rate, days)
    reported_from = int(product.repayment.report_dpd.value)
    return {
        "days": days,
        "principal_cny": str(late),
        "interest_cny": str(cost.interest),
        "penalty_cny": str(cost.penalty),
        "total_cny": str(cost.total),
        # S1-R40, S2-R36, S3-R48: the bureau is told from this day past due on.
        "reported_from_days": reported_from,
        "is_reported": is_reported(product, days),
    }


def _row(payment: Payment) -> dict[str, Any]:
    return {
        "number": payment.number,
        "due": payment.due.isoformat() if payment.due else None,
        "principal_cny": str(payment.principal),
        "interest_cny": str(payment.interest),
        "charges_cny": str(payment.charges),
        "total_cny": str(payment.total),
        "balance_cny": str(payment.balance),
    }
