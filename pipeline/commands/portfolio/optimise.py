"""`creditloom optimise`: chooses a rate per grade and a limit per applicant under budgets.

The optimum is compared with the rule-based policy and with simpler ones, on the out-of-time
applications. In the simulated world every policy is also run forward.
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
from rich.table import Table

from creditloom.decision.bundle import Bundle
from creditloom.decision.pricing.profit import FEN_PER_CNY, ProfitTerms
from creditloom.decision.rulebook.economics import Economics
from creditloom.decision.rulebook.product import Product
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.evaluation.profit.profit_bridge import PricedOffers
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.split import OOT, SplitParams, roles
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import section
from creditloom.pipeline.book import book_world
from creditloom.pipeline.book.priced_book import taken_up
from creditloom.pipeline.commands.own_outputs import require_report
from creditloom.pipeline.commands.portfolio.book_tables import bridge_tables
from creditloom.pipeline.products.product_folder import ProductFolder
from creditloom.portfolio.optimiser import simple_policies
from creditloom.portfolio.optimiser.applicants import INPUTS, RATE_TOLERANCE, market, offers_of
from creditloom.portfolio.optimiser.market import Budget, Market
from creditloom.portfolio.optimiser.optimise_params import OptimiseParams
from creditloom.portfolio.optimiser.optimised_policy import Chosen, Optimum, at_rates
from creditloom.portfolio.optimiser.optimised_policy import optimise as best
from creditloom.portfolio.optimiser.picture import picture
from creditloom.portfolio.optimiser.priced_choice import APPROVED, FUNDING, LOSS, PROFIT
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.files.store import read_frame, write_json

_out = Console()
DECISION_COLUMNS = ("application_id", "as_of", "pd", "decision", "limit_cny", "daily_rate")

ForwardOption = Annotated[
    bool, typer.Option(help="run every policy forward where the source is the simulated world")
]
JsonOption = Annotated[bool, typer.Option("--json", help="the figures as JSON on standard output")]


def optimise(forward: ForwardOption = True, as_json: JsonOption = False) -> None:
    """Choose prices and limits for the out-of-time applications; write data/reports/optimum.

    The rule-based policy stays in force. "limits alone" keeps the listed prices, so that the gain
    from limits is separate from the gain from prices.
    """
    require_report(paths.OPTIMUM, ["policies.png"], "applicants", "budget", "policies")
    params = section("optimise", OptimiseParams)
    bundle = Bundle.load(paths.MODEL)
    product = bundle.policy.product
    if product is None:
        raise ModelError(
            "optimise: expected a bundle with a product, got tiers alone: "
            "there is nothing to price. Set policy.product."
        )
    people = _people()
    terms = _profit_terms(product)
    offers = market(people, bundle.policy, product, bundle.tiers, terms, params)
    rules = simple_policies.rule_based(offers, people)
    # All policies get the budget that the rule-based one spends: loss, funding and approvals.
    budget = simple_policies.budget_of(rules, params)
    start = time.perf_counter()
    optimum = best(offers, budget, params.threads)
    seconds = time.perf_counter() - start
    listed_prices = at_rates(offers, rules.rate)
    policies = {
        "rule-based": rules,
        "flat limit": simple_policies.flat(offers, budget, rules.rate),
        "by tier": simple_policies.by_tier(offers, budget, rules.rate, product, bundle.tiers),
        "limits alone": best(listed_prices, budget, params.threads).chosen,
        "optimum": optimum.chosen,
    }
    given = {name: offers_of(offers, people, policy) for name, policy in policies.items()}
    figures = _figures(offers, policies, optimum, budget, seconds)
    _add_priced(figures["policies"], given, terms)
    if forward and section("source", SourceParams).kind == "world":
        figures["forward"] = _forward(offers, people, given, params, terms)
    write_json(figures, paths.OPTIMUM / "figures.json")
    picture(offers, policies, bundle.tiers.names, paths.OPTIMUM / "policies.png")
    _report(figures, optimum, as_json)


def _profit_terms(product: Product) -> ProfitTerms:
    """Return what the expected profit of the product's accounts depends on."""
    cost = section("evaluate", EvaluateParams).account_cost_cny
    return ProductFolder.of().only("economics", Economics).terms_of(product, cost)


def _people() -> pd.DataFrame:
    """Return the scored out-of-time applications with their decisions, in the order of PD."""
    decided = read_frame(paths.DECISIONS, list(DECISION_COLUMNS))
    matrix = read_frame(paths.MATRIX, ["application_id", *INPUTS])
    rows = matrix.merge(decided, on="application_id", validate="one_to_one")
    is_oot = roles(rows["as_of"].to_numpy(), section("split", SplitParams)) == OOT
    is_scored = rows["pd"].notna().to_numpy() & is_oot
    # Applications with equal PD are sorted by id, so that the order is always the same.
    return rows[is_scored].sort_values(["pd", "application_id"], ignore_index=True)


def _figures(
    offers: Market,
    policies: Mapping[str, Chosen],
    optimum: Optimum,
    budget: Budget,
    seconds: float,
) -> dict[str, Any]:
    limits = {
        "expected_loss_cny": budget.expected_loss,
        "funding_cny": budget.funding,
        "approval_share": budget.approval_share,
    }
    dual = optimum.dual
    return {
        "applicants": len(offers.pd),
        "seconds": round(seconds, 2),
        "bound_cny": dual.bound,
        "gap": optimum.gap,
        "budget": limits,
        "dual_prices": dual.prices._asdict(),
        "policies": {name: _spent(offers, policy) for name, policy in policies.items()},
    }


def _add_priced(
    figures: dict[str, Any], given: Mapping[str, PricedOffers], terms: ProfitTerms
) -> None:
    """Add the profit that the offers of each policy are priced at, CNY: as if all were taken up."""
    for name, offers in given.items():
        figures[name]["expected_profit_cny"] = offers.profit_fen(terms) / FEN_PER_CNY


def _spent(offers: Market, policy: Chosen) -> dict[str, Any]:
    """Return profit, loss, funding (CNY), approvals, mean limit and APR per tier of a policy."""
    lent = policy.limit[policy.limit > 0]
    used = policy.used
    # A rate below zero means no rate: the policy lends nothing to that tier.
    apr_by_tier = [None if rate < 0 else float(offers.apr[rate]) for rate in policy.rate]
    return {
        "profit_cny": float(used[PROFIT]),
        "expected_loss_cny": float(used[LOSS]),
        "funding_cny": float(used[FUNDING]),
        "approval_share": float(used[APPROVED] / len(offers.pd)),
        "mean_limit_cny": float(lent.mean()),
        "apr_by_tier": apr_by_tier,
    }


def _forward(
    offers: Market,
    people: pd.DataFrame,
    given: Mapping[str, PricedOffers],
    params: OptimiseParams,
    terms: ProfitTerms,
) -> dict[str, Any]:
    """Return accounts, default rate, money (CNY) and bridge of each policy, run forward.

    All policies are run on the same lives. An equal offer is taken up by the same people. The
    bridge goes from the profit that all offers were priced at over the share that is taken up; it
    is null where fewer or more than twelve months are run.
    """
    world, numbers = book_world.world_of_params()
    # One random draw per person serves all policies. So a better offer is taken up by the same
    # people and by more.
    luck = np.random.default_rng(params.seed).random(len(people))
    row_of = pd.Series(np.arange(len(people)), index=people["application_id"].to_numpy())
    figures = {}
    for name, policy in given.items():
        row = row_of.loc[policy.application_id].to_numpy()
        rate = np.searchsorted(offers.rates, policy.daily_rate - RATE_TOLERANCE)
        is_taken = luck[row] < offers.take_up[offers.tier[row], rate]
        figures[name] = taken_up(world, numbers, policy, is_taken, params.months, terms)
    return figures


def _report(figures: dict[str, Any], optimum: Optimum, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(figures, indent=1, sort_keys=True) + "\n")
        return
    _out.print(_policy_table(figures["policies"]))
    if "forward" in figures:
        _out.print(_forward_table(figures["forward"]))
        bridges = {name: one["profit_bridge"] for name, one in figures["forward"].items()}
        _out.print(*bridge_tables(bridges))
    prices = optimum.dual.prices
    bound = f"bound {optimum.dual.bound:,.0f} CNY, gap {optimum.gap:.3%}"
    loss = f"one yuan more of expected loss brings {prices.loss:.2f}"
    funding = f"of funding {prices.funding:.3f}"
    approval = f"an approval costs {prices.approval:.2f} CNY"
    run = f"{figures['seconds']} s, {figures['applicants']:,} applicants"
    _out.print(f"{bound}; {loss}, {funding}; {approval}; {run}")


def _policy_table(policies: dict[str, dict[str, Any]]) -> Table:
    names = ("policy", "as priced", "taken up", "loss", "funding", "approved", "mean limit")
    table = Table(*names, title="optimise: profit of a year, CNY, expected")
    for name, policy in policies.items():
        # The profit if every offer is taken up, to the cent; all else is of those taken up.
        money = (policy[key] for key in ("profit_cny", "expected_loss_cny", "funding_cny"))
        cells = [f"{policy['expected_profit_cny']:,.2f}", *(f"{one:,.0f}" for one in money)]
        cells += [f"{policy['approval_share']:.1%}", f"{policy['mean_limit_cny']:,.0f}"]
        table.add_row(name, *cells)
    return table


def _forward_table(policies: dict[str, dict[str, Any]]) -> Table:
    names = ("run forward", "profit", "loss", "lent", "accounts", "default rate")
    table = Table(*names, title="in the world, CNY")
    for name, policy in policies.items():
        counts = (policy[key] for key in ("profit_cny", "loss_cny", "lent_cny", "accounts"))
        cells = [f"{count:,.0f}" for count in counts]
        table.add_row(name, *cells, f"{policy['default_rate']:.2%}")
    return table
