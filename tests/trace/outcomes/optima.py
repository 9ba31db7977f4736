"""Prices and limits that the optimiser chooses for 300 people between two PDs (domain 0.15)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.rulebook.economics import Economics
from creditloom.decision.rulebook.policy import Policy
from creditloom.decision.score.tiers import Tiers
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import section
from creditloom.pipeline.products.product_folder import ProductFolder
from creditloom.portfolio.optimiser import simple_policies
from creditloom.portfolio.optimiser.applicants import market
from creditloom.portfolio.optimiser.optimise_params import OptimiseParams
from creditloom.portfolio.optimiser.optimised_policy import optimise
from tests.decision.small import EDGES, house, laws, rules

WHOLE = "300 people of G1 to G6"
ACCOUNT_COST = 60.0


def names() -> set[str]:
    """Return the one population."""
    return {WHOLE}


def run(name: str) -> dict[str, Any]:
    """Return the rate of each tier, and what the policy uses and earns, CNY."""
    tiers = Tiers.from_edges(EDGES)
    policy = Policy.from_json(json.dumps(rules(house(), laws())))
    params = section("optimise", OptimiseParams, paths.DEFAULTS)
    people = _people(tiers)
    terms = ProductFolder.of().only("economics", Economics).terms_of(house(), ACCOUNT_COST)
    open_ = market(people, policy, house(), tiers, terms, replace(params, threads=1))
    by_rules = simple_policies.rule_based(open_, people)
    found = optimise(open_, simple_policies.budget_of(by_rules, params)).chosen
    rates = [None if k < 0 else float(open_.rates[k]) for k in found.rate.tolist()]
    return {"rates": rates, "used": [float(f"{value:.9g}") for value in found.used]}


def _people(tiers: Tiers) -> pd.DataFrame:
    n = 300
    pds = np.linspace(0.001, 0.02, n)
    listed = np.array([0.0002, 0.00025, 0.0003, 0.00035, 0.0004, 0.00045])
    # table: one person a row
    return pd.DataFrame({
        "pd": pds, "decision": "approve", "limit_cny": 500.0 + 7.0 * np.arange(n),
        "daily_rate": listed[tiers.index(pds)], "verified_income_fen": 800_000,
        "debt_service_fen": 150_000, "exposure_fen": 0, "hard_enquiries_90d": 0, "is_student": 0,
        "is_repeat": 1,
    })  # fmt: skip
