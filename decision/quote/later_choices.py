"""What the borrower may choose after signing, each with its cost to the cent.

Early settlement (F13, S5-R50), extension (S1-R36), withdrawal in the cooling-off time (S2-R44) and
a month of use of a revolving line (F9, S3-R42).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..pricing.annual import fee_effective, fee_simple
from ..pricing.money import Number, exact_decimal
from ..pricing.revolving import statement
from ..pricing.schedule import Schedule
from ..pricing.settlement import cooling_off, extension_fee, settle, settle_instalment_fee
from ..pricing.table import DECIMALS, largest_fee
from ..rulebook.law import Law
from ..rulebook.price import cap_of
from ..rulebook.product import Product, Taken
from .most_allowed import CAP_BASIS
from .request import Request

# The time of withdrawal is stated in hours, interest runs by the day.
HOURS_PER_DAY = 24


def early_settlement(product: Product, plan: Schedule, request: Request) -> dict[str, Any] | None:
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
    end = settle(plan, len(paid), _share(product, "early_settlement"), days)
    instalment_fees = settle_instalment_fee(plan, len(paid), _saved(plan, request)).fee
    return {
        "on": request.settle_on.isoformat(),
        "after_payment": len(paid),
        "balance_cny": str(end.balance),
        "accrued_cny": str(end.accrued),
        "fee_cny": str(end.fee),
        "instalment_fees_cny": str(instalment_fees),
        "total_cny": str(end.total + instalment_fees),
    }


def extension(product: Product, law: Law, plan: Schedule) -> dict[str, Any] | None:
    """Return what one more tenor costs, a year too, and whether the cap allows it (T12).

    Null where the product has no extension. The fee takes the place of interest. It stands outside
    the all-in cost of the loan, which can be had without it (C25); its own price is held against
    the same cap.
    """
    share = _share(product, "extension")
    if not share:
        return None
    days = plan.loan.days
    fee = extension_fee(plan.principal, share)
    paid_share = float(fee / plan.principal)
    yearly = round(fee_simple(paid_share, days), DECIMALS)
    cap = cap_of(product.price, law.price_cap_of(product.lender))
    is_over_cap = yearly > cap
    largest = str(largest_fee(plan.principal, days, cap, CAP_BASIS)) if is_over_cap else None
    price = f"{fee} CNY, {100 * yearly:.2f} % a year"
    price_zh = f"{fee}元，折合年化{100 * yearly:.2f}%"
    if is_over_cap:
        bound = f"at most {largest} CNY, {100 * cap:g} % a year, are allowed"
        en = f"No extension: {days} more days would cost {price}; {bound}."
        zh = f"不提供展期：{days}天须收费{price_zh}，上限为{largest}元（年化{100 * cap:g}%）。"
    else:
        # S1-R37: who extends is assessed as at a new application.
        assessed = "It is assessed anew; days past due still count from the old day"
        en = f"{days} more days cost {price}. {assessed}."
        zh = f"展期{days}天收费{price_zh}；须重新审核，逾期天数仍按原到期日计算。"
    return {
        "days": days,
        "fee_cny": str(fee),
        "simple365": yearly,
        "effective": round(fee_effective(paid_share, days), DECIMALS),
        "decision": "refused" if is_over_cap else "offered",
        "largest_fee_cny": largest,
        "en": en,
        "zh": zh,
    }


def withdrawal(product: Product, plan: Schedule) -> dict[str, Any] | None:
    """Return what ends the contract within the cooling-off time; null where there is none."""
    hours = product.repayment.cooling_off
    if hours is None:
        return None
    # Part of a day costs the interest of a day, as the sources charge it.
    days = max(1, round(hours.value / HOURS_PER_DAY))
    due = cooling_off(plan.principal, plan.daily_rate, days)
    return {"within_hours": hours.value, "total_cny": str(due)}


def month_of_use(plan: Schedule, request: Request) -> dict[str, Any] | None:
    """Return the statement of the first month of a revolving line; null for other loans.

    All is drawn on the start, and repaid on the day of early settlement where that lies within the
    month.
    """
    if plan.loan.method != "revolving_daily":
        return None
    days = plan.loan.month_days
    events: list[tuple[int, Number]] = [(0, plan.principal)]
    used = days
    if request.settle_on is not None and 0 <= (request.settle_on - request.start).days <= days:
        used = (request.settle_on - request.start).days
        events.append((used, -plan.principal))
    month = statement(events, plan.daily_rate, days)
    used_up = f"{plan.principal} CNY used for {used} days cost {month.interest} CNY of interest"
    used_up_zh = f"使用{plan.principal}元{used}天，利息{month.interest}元"
    return {
        "days": days,
        "days_used": used,
        "drawn_cny": str(plan.principal),
        "interest_cny": str(month.interest),
        "balance_cny": str(month.balance),
        "en": f"{used_up}. It counts only the days of use, from the day the money arrives.",
        "zh": f"{used_up_zh}；自到账日起按实际使用天数计息。",
    }


def _share(product: Product, taken: Taken) -> Decimal:
    """Return the sum of the charges that one event brings, a share of principal."""
    return sum(
        (exact_decimal(c.rate.value) for c in product.charges if c.taken == taken), Decimal(0)
    )


def _saved(plan: Schedule, request: Request) -> Decimal:
    """Return what each period that is settled early saves of its fee, a share of principal.

    All of it, but for charges of the request that say less (T19, reading A).
    """
    still_due = (
        exact_decimal(e.rate) - exact_decimal(e.saved)
        for e in request.charges
        if e.saved is not None
    )
    return exact_decimal(plan.loan.per_period) - sum(still_due, Decimal(0))
