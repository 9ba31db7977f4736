"""Make the market of one product from applicants as the rule-based policy decided them.

The caps are those that any policy must respect.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.pricing.capacity import enquiry_cut
from creditloom.decision.pricing.profit import ProfitTerms
from creditloom.decision.rulebook.condition import value
from creditloom.decision.rulebook.policy import Policy
from creditloom.decision.rulebook.price import cap_of, minimum_daily, price_list
from creditloom.decision.rulebook.product import Product
from creditloom.decision.score.tiers import Tiers
from creditloom.models.evaluation.profit.profit_bridge import PricedOffers
from creditloom.portfolio.book.review_rules import FEN_PER_CNY
from creditloom.portfolio.optimiser.market import Costs, Market
from creditloom.portfolio.optimiser.optimise_params import OptimiseParams
from creditloom.portfolio.optimiser.optimised_policy import Chosen

INPUTS = (
    "verified_income_fen",
    "debt_service_fen",
    "exposure_fen",
    "hard_enquiries_90d",
    "is_student",
    "is_repeat",
)
# Of a daily rate. The grid's rates are decimal, the minimum price is computed: a rate that equals
# it must not fall out by the last bit.
RATE_TOLERANCE = 1e-12


def market(
    people: pd.DataFrame,
    policy: Policy,
    product: Product,
    tiers: Tiers,
    terms: ProfitTerms,
    params: OptimiseParams,
) -> Market:
    """Return the market of one product.

    `people` has one row per applicant in order of `pd`, with INPUTS, `decision` and `limit_cny`. A
    grade that the product does not approve is not lent to. `terms` are those of the expected profit
    (N24).
    """
    table = price_list(product)
    # A loan of one payment has no IRR: its price is the simple one.
    apr = np.array([row.apr_simple360 if row.apr_irr12 is None else row.apr_irr12 for row in table])
    pds = people["pd"].to_numpy()
    costs = Costs(terms.lgd, terms.cost_of_funds, terms.account_cost)
    cap = caps(people, product, tiers, params.income_multiple)
    is_allowed = allowed_rates(policy, product, tiers)
    take_up = params.take_up.table(apr, len(tiers.names))
    # table: the parts of a market
    return Market(
        # The floor is the product's: no one is priced as if they could not default.
        pd=np.maximum(pds, terms.pd_floor),
        tier=tiers.index(pds),
        cap=cap,
        capacity=capacity(people, product),
        rates=_daily_rates(product),
        apr=apr,
        is_allowed=is_allowed,
        take_up=take_up,
        costs=costs,
        exposure_share=terms.exposure_share(_daily_rates(product)),
        **_terms(product),
    )


def offers_of(market: Market, people: pd.DataFrame, policy: Chosen) -> PricedOffers:
    """Return what a policy offers, in order of application_id; `people` are those of the market.

    Who is not lent to has no offer.
    """
    # Ids are unique; a stable sort gives one order on every machine.
    in_order = np.argsort(people["application_id"].to_numpy(), kind="stable")
    lent = in_order[policy.limit[in_order] > 0]
    rate = policy.rate[market.tier[lent]]
    return PricedOffers(
        application_id=people["application_id"].to_numpy()[lent],
        limit_cny=policy.limit[lent],
        daily_rate=market.rates[rate],
        apr=market.apr[rate],
        priced_pd=market.pd[lent],
    )


def _terms(product: Product) -> dict[str, Any]:
    """Return tenor and days of a month of the repayment, step and minimum of a limit in CNY."""
    return {
        "tenor": int(product.repayment.tenor.value),
        "month_days": int(product.repayment.month_days.value),
        "step": product.limit.step.value,
        "minimum": product.limit.minimum.value,
    }


def _daily_rates(product: Product) -> np.ndarray:
    return np.array([row.daily_rate for row in price_list(product)])


def allowed_rates(policy: Policy, product: Product, tiers: Tiers) -> np.ndarray:
    """Return which rates of the grid each grade may have (bool, grades x rates).

    A rate is at least the minimum price of the grade's worst PD (F18), and under every law's cap
    (R1).
    """
    price_caps = [cap_of(product.price, law.price_cap_of(product.lender)) for law in policy.laws]
    is_lawful = [not any(row.highest > cap for cap in price_caps) for row in price_list(product)]
    minimum = np.array(
        [
            minimum_daily(tier.pd_high, product.price)
            # No rate is high enough for a grade that is not approved.
            if policy.verdicts.get(tier.tier) == "approve"
            else np.inf
            for tier in tiers.tiers
        ]
    )
    is_enough = _daily_rates(product) >= minimum[:, None] - RATE_TOLERANCE
    return is_enough & np.array(is_lawful)


def caps(
    people: pd.DataFrame, product: Product, tiers: Tiers, income_multiple: float
) -> np.ndarray:
    """Return the highest limit of each person, CNY; 0 for whom a rule keeps out.

    The caps are: product, exposure, incomes, student, new customer, enquiries. The limits of tiers
    and formula F16 are the rule-based policy's own choice and do not bind here.
    """
    rules = product.limit
    income = people["verified_income_fen"].to_numpy(np.float64) / FEN_PER_CNY
    exposure = people["exposure_fen"].to_numpy(np.float64) / FEN_PER_CNY
    room = np.maximum(rules.customer_total.value - exposure, 0.0)
    limit = np.minimum(rules.maximum.value, room)
    limit = np.minimum(limit, income_multiple * income)
    if rules.student is not None:
        is_student = people["is_student"].to_numpy() == 1
        limit = np.where(is_student, np.minimum(limit, rules.student.value), limit)
    is_repeat = people["is_repeat"].to_numpy() == 1
    new_user_cap = _new_user_caps(product, tiers)[tiers.index(people["pd"].to_numpy())]
    limit = np.where(is_repeat, limit, np.minimum(limit, new_user_cap))
    limit = enquiry_cut(
        limit,
        people["hard_enquiries_90d"].to_numpy(np.float64),
        value(rules.enquiries_over),
        1.0 if rules.enquiry_factor is None else rules.enquiry_factor.value,
    )
    # Not known (NaN) income or exposure: nothing may be lent.
    return np.where(is_open(people), np.nan_to_num(limit), 0.0)


def _new_user_caps(product: Product, tiers: Tiers) -> np.ndarray:
    """Return the limit of a new customer per grade, CNY; infinite where the product sets none."""
    by_tier = {
        terms.tier: np.inf if terms.new_user_limit is None else terms.new_user_limit.value
        for terms in product.tiers
    }
    return np.array([by_tier.get(name, np.inf) for name in tiers.names])


def is_open(people: pd.DataFrame) -> np.ndarray:
    """Return who was approved, or declined for nothing but a limit under the minimum (bool)."""
    decision = people["decision"].to_numpy()
    is_without_limit = people["limit_cny"].to_numpy(np.float64) == 0
    return (decision == "approve") | ((decision == "decline") & is_without_limit)


def capacity(people: pd.DataFrame, product: Product) -> np.ndarray:
    """Return the CNY a month that income leaves beside debt service (F15).

    0 where income or debt service is not known.
    """
    rules = product.affordability
    income = people["verified_income_fen"].to_numpy(np.float64) / FEN_PER_CNY
    debt = people["debt_service_fen"].to_numpy(np.float64) / FEN_PER_CNY
    dti = np.where(income < rules.median_wage.value, rules.dti_low_income.value, rules.dti.value)
    return np.nan_to_num(np.maximum(income * dti - debt, 0.0))
