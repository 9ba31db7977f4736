"""The quotation: annual figures, charges, schedule, overdue cost and early ending of one loan.

Every cost stands in it, with its receiver (C28, S1-R65, S4-R03).
"""

from __future__ import annotations

from typing import Any

from ..pricing.annual import AnnualCost
from ..pricing.money import cents, exact, missing_elements
from ..pricing.penalty import overdue_cost
from ..pricing.schedule import Payment, Schedule, schedule
from ..pricing.settlement import cooling_off, settle
from ..pricing.table import annual_table
from ..rulebook.law import Law
from ..rulebook.offer import overdue_words, penalty_of
from ..rulebook.price import loan_of
from ..rulebook.product import Product
from ..score.tiers import Tiers
from .lawful import Refusal, refusals
from .notices import notices
from .request import Request, daily_rate, lent

HOURS_PER_DAY = 24
# Decimals of figures that are written out: enough for the finest rate grid, too few to show the
# last bit of a float.
PERCENT_DECIMALS = 7
XIRR_DECIMALS = 9


def quote(product: Product, law: Law, tiers: Tiers, request: Request) -> dict[str, Any]:
    """Return the answer to one request, ready for JSON.

    Money is text to the cent (CNY), rates are fractions, daily rates in per cent. A loan that the
    law refuses has its annual figures and its refusals, and no schedule. Raises `DecisionError` for
    what the product does not offer.
    """
    product = lent(product, request)
    rate = daily_rate(product, request, tiers)
    cost = annual_table(loan_of(product), [rate])[0]
    plan = schedule(loan_of(product), exact(request.amount), exact(rate), request.start)
    # The three elements that no offer may lack.
    elements = {
        "annualised_rate": cost.highest if cost.apr_irr12 is None else cost.apr_irr12,
        "repayment_method": product.repayment.method,
        "overdue_cost": overdue_words(product, rate),
    }
    refused = [
        *refusals(product, law, cost, request.amount),
        *(Refusal("R10", f"the offer lacks its {name}") for name in missing_elements(elements)),
    ]
    head = {
        **_terms(product, law, plan, request, rate),
        "decision": "refused" if refused else "offered",
        "refusals": [refusal._asdict() for refusal in refused],
        **elements,
        "annual": _annual(cost, plan),
    }
    return head if refused else {**head, **_body(product, plan, request)}


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


def _body(product: Product, plan: Schedule, request: Request) -> dict[str, Any]:
    sums = {
        "received_cny": str(cents(plan.received)),
        "interest_cny": str(plan.interest),
        "charges_cny": str(plan.charges),
        "total_cost_cny": str(plan.interest + plan.charges),
    }
    return {
        **sums,
        "charges": _charges(product, plan),
        "overdue": _overdue(product, plan, request.overdue_days),
        "early_settlement": _settlement(product, plan, request),
        "cooling_off": _cooling_off(product, plan),
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
        amount = cents(plan.principal * exact(charge.rate.value)) * times.get(charge.taken, 1)
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
    """Return what the first payment costs when it is `days` late."""
    # The first payment of some methods repays no principal; then all of it is taken as late.
    late = plan.payments[0].principal or plan.principal
    cost = overdue_cost(penalty_of(product), late, plan.daily_rate, days)
    return {
        "days": days,
        "principal_cny": str(late),
        "interest_cny": str(cost.interest),
        "penalty_cny": str(cost.penalty),
        "total_cny": str(cost.total),
    }


def _settlement(product: Product, plan: Schedule, request: Request) -> dict[str, Any] | None:
    """Return the cost of ending the loan on the day asked, after the payments due by then.

    Null where no day is asked, or one before the start.
    """
    if request.settle_on is None or not plan.payments or request.settle_on < request.start:
        return None
    paid = [p for p in plan.payments if p.due is not None and p.due <= request.settle_on]
    since = paid[-1].due if paid and paid[-1].due else request.start
    # Interest runs on contractual months, so a longer calendar month accrues no more than one.
    longest = plan.loan.days if plan.loan.is_single else plan.loan.month_days
    days = min((request.settle_on - since).days, longest)
    fee = sum(exact(c.rate.value) for c in product.charges if c.taken == "early_settlement")
    end = settle(plan, len(paid), fee, days)
    return {
        "on": request.settle_on.isoformat(),
        "after_payment": len(paid),
        "balance_cny": str(end.balance),
        "accrued_cny": str(end.accrued),
        "fee_cny": str(end.fee),
        "total_cny": str(end.total),
    }


def _cooling_off(product: Product, plan: Schedule) -> dict[str, Any] | None:
    hours = product.repayment.cooling_off
    if hours is None:
        return None
    # Part of a day costs the interest of a day, as the sources charge it.
    days = max(1, round(hours.value / HOURS_PER_DAY))
    due = cooling_off(plan.principal, plan.daily_rate, days)
    return {"within_hours": hours.value, "total_cny": str(due)}


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
