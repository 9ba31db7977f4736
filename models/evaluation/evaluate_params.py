"""The `evaluate` block of params.yaml."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EvaluateParams:
    """How figures are taken.

    bootstrap: resamples of the share intervals.
    share_rows: out-of-time applicants whose contributions are taken.
    bins: of ECE and PSI.
    macro_sd: relative standard deviation of the bad rate between months; 0 with the macro path off
    (domain 0.7).
    min_tier_bads: bads to which tiers are pooled (0.8).
    min_group: smallest group of the fairness table, in rows.
    cost_of_funds, lgd, account_cost_cny: of the profit of an account (domain 6, N24).
    reachable_rounds: trees of each booster that finds the reachable Gini.
    claims_applicants: sample on which the claims about a simulated world are judged.
    judged_features: features, beside those of the model, from which the reachable Gini and the R2
    of the states are found: those most related to the truth.
    """

    bootstrap: int
    share_rows: int
    bins: int
    macro_sd: float
    min_tier_bads: float
    min_group: int
    cost_of_funds: float
    lgd: float
    account_cost_cny: float
    reachable_rounds: int
    claims_applicants: int
    judged_features: int
    threads: int
    seed: int
