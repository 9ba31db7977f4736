"""The market of one product: applicants as the rule-based policy decided them, with the caps that any policy must respect."""

from __future__ import annotations

import numpy as np
import pandas as pd

from creditloom.decision.pricing.capacity import enquiry_cut
from creditloom.decision.rulebook.condition import value
from creditloom.decision.rulebook.policy import Policy
from creditloom.decision.rulebook.price import cap_of, minimum_daily, price_list
from creditloom.decision.rulebook.product import Product
from creditloom.decision.score.tiers import Tiers
from creditloom.portfolio.optimiser.market import Costs, Market
from creditloom.portfolio.optimiser.optimise_params import OptimiseParams

INPUTS = (
    "verified_income_fen",
    "debt_service_fen",
    "exposure_fen",
    "hard_enquiries_90d",
    "is_student",
    "is_repeat",
)
FEN = 100.0


def market(
    people: pd.DataFrame,
    policy: Policy,
    product: Product,
    tiers: Tiers,
    cost: float,
    params: OptimiseParams,
) -> Market:
    """`people`: one row per applicant in order of `pd`, with INPUTS, `decision` and `limit_cny`.

    A grade that the product does not approve is not lent to. `cost` is that of an account, CNY (N24).
    """
    table = price_list(product)
    apr = np.array([row.apr_simple360 if row.apr_irr12 is None else row.apr_irr12 for row in table])
    return Market(
        pd=np.maximum(people["pd"].to_numpy(), product.price.pd_floor.value),
        tier=tiers.index(people["pd"].to_numpy()),
        cap=caps(people, product, tiers, params.income_multiple),
        capacity=capacity(people, product),
        rates=np.array([row.daily_rate for row in table]),
        apr=apr,
        is_allowed=allowed_rates(policy, product, tiers),
        take_up=params.take_up.table(apr, len(tiers.names)),
        costs=Costs(product.price.lgd.value, product.price.cost_of_funds.value, cost),
        tenor=int(product.repayment.tenor.value),
        month_days=int(product.repayment.month_days.value),
        step=product.limit.step.value,
        minimum=product.limit.minimum.value,
    )


def allowed_rates(policy: Policy, product: Product, tiers: Tiers) -> np.ndarray:
    """Grades x rates of the grid: at least the minimum price of the grade's worst PD (F18), under every law's cap (R1)."""
    table = price_list(product)
    highest = [cap_of(product.price, law.price_cap_of(product.lender)) for law in policy.laws]
    is_lawful = np.array([not any(row.highest > cap for cap in highest) for row in table])
    least = np.array(
        [
            minimum_daily(t.pd_high, product.price)
            if policy.verdicts.get(t.tier) == "approve"
            else np.inf
            for t in tiers.tiers
        ]
    )
    return (np.array([row.daily_rate for row in table]) >= least[:, None] - 1e-12) & is_lawful


def caps(
    people: pd.DataFrame, product: Product, tiers: Tiers, income_multiple: float
) -> np.ndarray:
    """Highest limit of each person, CNY: product, exposure, student, new customer, incomes, enquiries; 0 for whom a rule keeps out.

    The limits of tiers and formula F16 are the rule-based policy's own choice and do not bind here.
    """
    rules = product.limit
    amount = {
        name: people[f"{name}_fen"].to_numpy(np.float64) / FEN
        for name in ("verified_income", "exposure")
    }
    found = np.minimum(
        rules.maximum.value, np.maximum(rules.customer_total.value - amount["exposure"], 0.0)
    )
    found = np.minimum(found, income_multiple * amount["verified_income"])
    if rules.student is not None:
        found = np.where(
            people["is_student"].to_numpy() == 1, np.minimum(found, rules.student.value), found
        )
    new = {
        t.tier: np.inf if t.new_user_limit is None else t.new_user_limit.value
        for t in product.tiers
    }
    by_tier = np.array([new.get(name, np.inf) for name in tiers.names])[
        tiers.index(people["pd"].to_numpy())
    ]
    found = np.where(people["is_repeat"].to_numpy() == 1, found, np.minimum(found, by_tier))
    factor = 1.0 if rules.enquiry_factor is None else rules.enquiry_factor.value
    found = enquiry_cut(
        found,
        people["hard_enquiries_90d"].to_numpy(np.float64),
        value(rules.enquiries_over),
        factor,
    )
    return np.where(is_open(people), np.nan_to_num(found), 0.0)


def is_open(people: pd.DataFrame) -> np.ndarray:
    """Approved by the rules, or declined for nothing but a limit under the minimum."""
    decision = people["decision"].to_numpy()
    return (decision == "approve") | (
        (decision == "decline") & (people["limit_cny"].to_numpy(np.float64) == 0)
    )


def capacity(people: pd.DataFrame, product: Product) -> np.ndarray:
    """CNY a month that income leaves beside debt service (F15); 0 where income or debt service is not known."""
    rules = product.affordability
    income, debt = (
        people[f"{name}_fen"].to_numpy(np.float64) / FEN
        for name in ("verified_income", "debt_service")
    )
    dti = np.where(income < rules.median_wage.value, rules.dti_low_income.value, rules.dti.value)
    return np.nan_to_num(np.maximum(income * dti - debt, 0.0))
