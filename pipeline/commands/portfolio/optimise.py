"""`creditloom optimise`: rate per grade and limit per applicant as an optimum under budgets, beside the rule-based policy and simpler ones.

Out-of-time applications, in the optimiser's terms; in the simulated world every policy is run forward as well.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from creditloom.decision.bundle import Bundle
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.split import OOT, SplitParams, roles
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import section
from creditloom.pipeline.commands.portfolio import book_world
from creditloom.portfolio.optimiser import simple_policies
from creditloom.portfolio.optimiser.applicants import INPUTS, market
from creditloom.portfolio.optimiser.market import Market
from creditloom.portfolio.optimiser.optimise_params import OptimiseParams
from creditloom.portfolio.optimiser.optimised_policy import Chosen, Optimum, at_rates
from creditloom.portfolio.optimiser.optimised_policy import optimise as best
from creditloom.portfolio.optimiser.picture import picture
from creditloom.portfolio.optimiser.priced_choice import APPROVED, FUNDING, LOSS, PROFIT
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.files.store import read_frame, write_json

_out = Console()
CHOSEN = "optimum"


def optimise(
    forward: Annotated[
        bool, typer.Option(help="run every policy forward where the source is the simulated world")
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="the figures as JSON on standard output")
    ] = False,
) -> None:
    """Choose prices and limits for the out-of-time applications; write data/reports/optimum. The rule-based policy stays in force.

    "limits alone" keeps the listed prices, so that the gain of limits and that of prices can be told apart.
    """
    params, cost = (
        section("optimise", OptimiseParams),
        section("evaluate", EvaluateParams).account_cost_cny,
    )
    bundle, people = Bundle.load(paths.MODEL), _people()
    policy = bundle.policy
    if policy.product is None:
        raise ModelError(
            "optimise: expected a bundle with a product, got tiers alone: there is nothing to price. Set policy.product."
        )
    made = market(people, policy, policy.product, bundle.tiers, cost, params)
    rules = simple_policies.rule_based(made, people)
    budget, start = simple_policies.budget_of(rules, params), time.perf_counter()
    found = best(made, budget, params.threads)
    seconds = time.perf_counter() - start
    policies = {
        "rule-based": rules,
        "flat limit": simple_policies.flat(made, budget, rules.rate),
        "by tier": simple_policies.by_tier(made, budget, rules.rate, policy.product, bundle.tiers),
        "limits alone": best(at_rates(made, rules.rate), budget, params.threads).chosen,
        CHOSEN: found.chosen,
    }
    figures = {
        "applicants": len(people), "seconds": round(seconds, 2), "bound_cny": found.dual.bound, "gap": found.gap,
        "budget": {"expected_loss_cny": budget.expected_loss, "funding_cny": budget.funding, "approval_share": budget.approval_share},
        "dual_prices": found.dual.prices._asdict(), "policies": {name: _figures(made, one) for name, one in policies.items()},
    }  # fmt: skip
    if forward and section("source", SourceParams).kind == "world":
        figures["forward"] = _forward(made, people, policies, params, cost)
    write_json(figures, paths.OPTIMUM / "figures.json")
    picture(made, policies, bundle.tiers.names, paths.OPTIMUM / "policies.png")
    _report(figures, found, as_json)


def _people() -> pd.DataFrame:
    """Out-of-time applications with their decisions, in order of PD."""
    decided = read_frame(
        paths.DECISIONS, ["application_id", "as_of", "pd", "decision", "limit_cny", "daily_rate"]
    )
    rows = read_frame(paths.MATRIX, ["application_id", *INPUTS]).merge(
        decided, on="application_id", validate="one_to_one"
    )
    is_scored = rows["pd"].notna().to_numpy() & (
        roles(rows["as_of"].to_numpy(), section("split", SplitParams)) == OOT
    )
    return rows[is_scored].sort_values(["pd", "application_id"], ignore_index=True)


def _figures(made: Market, chosen: Chosen) -> dict[str, Any]:
    is_lent = chosen.limit > 0
    return {
        "profit_cny": float(chosen.used[PROFIT]), "expected_loss_cny": float(chosen.used[LOSS]), "funding_cny": float(chosen.used[FUNDING]),
        "approval_share": float(chosen.used[APPROVED] / len(made.pd)), "mean_limit_cny": float(chosen.limit[is_lent].mean()),
        "apr_by_tier": [None if r < 0 else float(made.apr[r]) for r in chosen.rate],
    }  # fmt: skip


def _forward(
    made: Market,
    people: pd.DataFrame,
    policies: Mapping[str, Chosen],
    params: OptimiseParams,
    cost: float,
) -> dict[str, Any]:
    """Each policy run forward in the world on the same lives; the same people take an equal offer up."""
    world, numbers = book_world.world_of_params()
    luck = np.random.default_rng(params.seed).random(len(people))
    found = {}
    for name, chosen in policies.items():
        is_taken = (chosen.limit > 0) & (luck < made.take_up[made.tier, chosen.rate[made.tier]])
        limit, rate = np.where(is_taken, chosen.limit, 0.0), made.rates[chosen.rate[made.tier]]
        grant = book_world.closed_loans(world, people["application_id"], limit, rate)
        course = book_world.run_forward(world, numbers, grant, params.months)
        earned = book_world.earned(course, numbers, made.costs.cost_of_funds, cost)
        found[name] = {
            "accounts": earned.accounts, "default_rate": earned.default_rate, "lent_cny": earned.lent_cny, "loss_cny": earned.loss_cny,
            "profit_cny": earned.profit_cny,
        }  # fmt: skip
    return found


def _report(figures: dict[str, Any], found: Optimum, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(figures, indent=1, sort_keys=True) + "\n")
        return
    table = Table(
        "policy",
        "profit",
        "loss",
        "funding",
        "approved",
        "mean limit",
        title="optimise: a year, CNY, expected",
    )
    for name, one in figures["policies"].items():
        money = (f"{one[key]:,.0f}" for key in ("profit_cny", "expected_loss_cny", "funding_cny"))
        table.add_row(name, *money, f"{one['approval_share']:.1%}", f"{one['mean_limit_cny']:,.0f}")
    _out.print(table)
    run = Table(
        "run forward",
        "profit",
        "loss",
        "lent",
        "accounts",
        "default rate",
        title="in the world, CNY",
    )
    for name, one in figures.get("forward", {}).items():
        run.add_row(
            name,
            *(f"{one[key]:,.0f}" for key in ("profit_cny", "loss_cny", "lent_cny", "accounts")),
            f"{one['default_rate']:.2%}",
        )
    if "forward" in figures:
        _out.print(run)
    prices = found.dual.prices
    _out.print(
        f"bound {found.dual.bound:,.0f} CNY, gap {found.gap:.3%}; one yuan more of expected loss brings {prices.loss:.2f}, of funding "
        f"{prices.funding:.3f}; an approval costs {prices.approval:.2f} CNY; {figures['seconds']} s, {figures['applicants']:,} applicants"
    )
