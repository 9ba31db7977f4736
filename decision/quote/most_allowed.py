"""What the law's price cap would allow for a loan that it refuses for its price (N19, T10, T24).

The price itself is never clipped (domain 5.3): these are figures to ask again with.
"""

from __future__ import annotations

from typing import Any

from ..pricing.money import exact_decimal
from ..pricing.table import (
    Loan,
    floored_daily,
    floored_fee,
    largest_fee,
    monthly_fee_at,
    upfront_fee_at,
)
from ..rulebook.law import Law
from ..rulebook.price import cap_of, loan_of, rate_grid
from ..rulebook.product import Product

# Days of a year on which the simple rate is compared with a cap (domain 4.1).
CAP_BASIS = 365


def most_allowed(product: Product, law: Law, amount: float, rate: float) -> dict[str, Any]:
    """Return the highest rate and the largest charges under the cap, with words.

    `daily_rate_percent` is the highest of the product's grid without any charge. The others hold
    at the asked `rate`, a fraction a day: for one payment `cost_cny`, interest and charges together
    at its end; for instalments `upfront_percent` or `per_period_percent` of principal, one of
    them alone. Null where nothing is left, or where the figure has no meaning.
    """
    cap = cap_of(product.price, law.price_cap_of(product.lender))
    highest = floored_daily(cap, CAP_BASIS)
    rates = [offered for offered in rate_grid(product.price) if exact_decimal(offered) <= highest]
    loan = loan_of(product)
    # Of instalments no sum is bounded: what they may cost depends on when each is due.
    cost = str(largest_fee(amount, loan.days, cap, CAP_BASIS)) if loan.is_single else None
    figures = {
        "daily_rate_percent": float(100 * exact_decimal(rates[-1])) if rates else None,
        "cost_cny": cost,
        **_charges(loan, rate, cap, is_rate_lawful=exact_decimal(rate) <= highest),
    }
    return {"cap": cap, **figures, "en": _english(cap, figures), "zh": _chinese(cap, figures)}


def _charges(loan: Loan, rate: float, cap: float, *, is_rate_lawful: bool) -> dict[str, Any]:
    """Return the largest charge of instalments, per cent of principal; null beside no charge."""
    shares = {}
    if is_rate_lawful and not loan.is_single:
        shares = {
            "upfront_percent": floored_fee(upfront_fee_at(loan, rate, cap)),
            "per_period_percent": floored_fee(monthly_fee_at(loan, rate, cap)),
        }
    percents = {name: float(100 * share) for name, share in shares.items() if share > 0}
    return {"upfront_percent": None, "per_period_percent": None, **percents}


def _english(cap: float, figures: dict[str, Any]) -> str:
    rate = figures["daily_rate_percent"]
    texts = [
        f"without charges at most {rate:g} % a day"
        if rate is not None
        else "no rate of the product is allowed"
    ]
    if figures["cost_cny"] is not None:
        cost = figures["cost_cny"]
        texts.append(f"interest and charges together at most {cost} CNY, due at the end")
    if figures["upfront_percent"] is not None:
        texts.append(
            f"at this rate at most {figures['upfront_percent']:g} % of principal kept back at the "
            f"start, or {figures['per_period_percent']:g} % due with every payment"
        )
    return f"Under the cap of {100 * cap:g} % a year: {'; '.join(texts)}."


def _chinese(cap: float, figures: dict[str, Any]) -> str:
    rate = figures["daily_rate_percent"]
    texts = [f"不另收费时日利率最高{rate:g}%" if rate is not None else "该产品没有合规的利率"]
    if figures["cost_cny"] is not None:
        texts.append(f"到期一次支付的利息与费用合计最多{figures['cost_cny']}元")
    if figures["upfront_percent"] is not None:
        texts.append(
            f"按此利率，期初扣收最多为本金的{figures['upfront_percent']:g}%，"
            f"或每期收取最多{figures['per_period_percent']:g}%"
        )
    return f"年化上限{100 * cap:g}%之内：{'；'.join(texts)}。"
