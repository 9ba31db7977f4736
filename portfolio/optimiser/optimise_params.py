"""Define the `optimise` block of params.yaml."""

from __future__ import annotations

from dataclasses import dataclass

from creditloom.portfolio.optimiser.market import TakeUp


@dataclass(frozen=True)
class OptimiseParams:
    """Take-up, budgets and bounds of `creditloom optimise`.

    loss_budget, funding_budget: shares of what the rule-based policy is expected to lose and to
    lend. approval_share: least share of applicants with an offer. income_multiple: no limit above
    so many verified monthly incomes, because the PD is taken as given while a limit beyond means
    raises it. months: how long policies run forward. threads: that compute. seed: of who takes an
    offer up.
    """

    take_up: TakeUp
    loss_budget: float
    funding_budget: float
    approval_share: float
    income_multiple: float
    months: int
    threads: int
    seed: int
