"""Who may be lent how much at which rate, and what the optimum is compared with.

See domain 0.15, F15, R1, F18.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from creditloom.decision.rulebook.economics import Economics
from creditloom.decision.rulebook.policy import Policy, compile_policy
from creditloom.decision.rulebook.product import Product
from creditloom.decision.score.tiers import Tiers
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.portfolio.optimiser import simple_policies
from creditloom.portfolio.optimiser.applicants import allowed_rates, capacity, caps, market
from creditloom.portfolio.optimiser.market import TakeUp
from creditloom.portfolio.optimiser.optimise_params import OptimiseParams
from creditloom.portfolio.optimiser.optimised_policy import optimise
from creditloom.portfolio.optimiser.priced_choice import FUNDING, LOSS, PROFIT
from tests.decision.small import EDGES, laws

HOUSE = document(Product, paths.PRODUCTS / "house_v1.yaml")
TIERS = Tiers.from_edges(EDGES)
TERMS = Economics(()).terms_of(HOUSE, 60.0)
PARAMS = OptimiseParams(TakeUp(0.6, 0.144, 0.06, 0.03), 1.0, 1.5, 0.0, 3.0, 12, 1, 1)
ONE = {
    "pd": 0.004, "decision": "approve", "limit_cny": 5000.0, "daily_rate": 0.00025,
    "verified_income_fen": 800_000, "debt_service_fen": 150_000, "exposure_fen": 0,
    "hard_enquiries_90d": 0, "is_student": 0, "is_repeat": 1,
}  # fmt: skip


def rule_book() -> Policy:
    return Policy.from_json(json.dumps(compile_policy(HOUSE, laws())))


def person(**facts: object) -> pd.DataFrame:
    return pd.DataFrame([{**ONE, **facts}])


def test_dearer_offers_are_taken_less_and_good_risks_mind_most() -> None:
    """S4-R46: the better tier leaves sooner as the rate rises; S4-R48: the worst bears it."""
    taken = TakeUp(0.6, 0.144, 0.06, 0.03).table(np.array([0.144, 0.20, 0.24]), tiers=3)
    assert taken[:, 0].tolist() == [0.6] * 3
    assert (np.diff(taken, axis=1) < 0).all() and (np.diff(taken[:, 1:], axis=0) > 0).all()


# table: a case a row
@pytest.mark.parametrize(
    ("what", "facts", "cap"),
    [
        ("three incomes of 8,000", {}, 24_000),
        ("a new customer in G2", {"is_repeat": 0}, 20_000),
        ("a new customer in G5", {"is_repeat": 0, "pd": 0.012}, 5_000),
        ("what exposure leaves of the customer's total", {"exposure_fen": 19_000_000}, 10_000),
        ("a student", {"is_student": 1}, 1_000),
        ("five enquiries", {"hard_enquiries_90d": 5}, 12_000),
        ("four enquiries", {"hard_enquiries_90d": 4}, 24_000),
        ("the product's maximum", {"verified_income_fen": 90_000_000}, 200_000),
        ("refused by a rule", {"decision": "refuse"}, 0),
        (
            "declined for a limit under the minimum",
            {"decision": "decline", "limit_cny": 0.0},
            24_000,
        ),
        ("income not known", {"verified_income_fen": None}, 0),
    ],
)
def test_the_cap_of_a_person(what: str, facts: dict[str, object], cap: float) -> None:
    assert caps(person(**facts), HOUSE, TIERS, 3.0).tolist() == [cap], what


def test_capacity_is_what_income_leaves_beside_debt() -> None:
    """N20: half of 8,000 less 1,500; 0.4 of an income under the median wage."""
    assert capacity(person(), HOUSE).tolist() == [2500.0]
    assert capacity(person(verified_income_fen=400_000, debt_service_fen=0), HOUSE).tolist() == [
        1600.0
    ]


def test_rates_lie_between_minimum_price_and_cap_and_only_where_the_product_approves() -> None:
    allowed = allowed_rates(rule_book(), HOUSE, TIERS)
    grid = np.round(np.arange(20, 66) * 1e-5, 9)
    assert [TIERS.names[t] for t in np.flatnonzero(allowed.any(axis=1))] == [
        "G1",
        "G2",
        "G3",
        "G4",
        "G5",
        "G6",
    ]
    assert (
        grid[allowed[5]][0] == pytest.approx(0.00022) and grid[allowed[5]][-1] == 0.00065
    )  # (.06 + .024 x .75) / .988 / 360 = .02193 %


def test_every_policy_keeps_the_budget_and_the_optimum_earns_most() -> None:
    people = pd.concat(
        [
            person(pd=p, limit_cny=float(500 + 7 * k))
            for k, p in enumerate(np.linspace(0.001, 0.02, 300))
        ]
    )
    by_grade = np.array([0.0002, 0.00025, 0.0003, 0.00035, 0.0004, 0.00045])
    people["daily_rate"] = by_grade[TIERS.index(people["pd"].to_numpy())]
    made = market(people, rule_book(), HOUSE, TIERS, TERMS, PARAMS)
    rules = simple_policies.rule_based(made, people)
    budget = simple_policies.budget_of(rules, PARAMS)
    found = [
        simple_policies.flat(made, budget, rules.rate),
        simple_policies.by_tier(made, budget, rules.rate, HOUSE, TIERS),
        optimise(made, budget).chosen,
    ]
    for chosen in found:
        share = max(chosen.used[LOSS] / budget.expected_loss, chosen.used[FUNDING] / budget.funding)
        assert (
            0.9 < share <= 1.0
        )  # the budget that binds is used up but for one step of 100 CNY each
    assert found[-1].used[PROFIT] > max(
        rules.used[PROFIT], *(chosen.used[PROFIT] for chosen in found[:-1])
    )
