"""The `evaluate` block of params.yaml."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EvaluateParams:
    """The settings of the figures.

    bootstrap: resamples of the share intervals. paired_draws: of the comparisons with rivals and of
    the calibration of groups. pd_draws: calibrations behind the interval of a group's mean PD.
    share_rows: number of out-of-time applicants from whom the family shares are computed.
    bins: of ECE and PSI.
    min_tier_bads: bads to which tiers are pooled (0.8).
    min_group: smallest group of the fairness audit, in rows.
    fairness_law: jurisdiction of products/law/fairness_tests.yaml whose tests count for everybody;
    null = those of each decision's law profile.
    account_cost_cny: of the profit of an account (domain 6, N24). cost_of_funds, lgd: the same
    where no product has its own.
    is_run_forward: the offers are run forward in a simulated world, for the bridge of the profit.
    reachable_rounds: trees of each booster that finds the reachable Gini.
    claims_applicants: number of applicants on whom the claims about a simulated world are measured.
    reason_rows: number of declines whose reasons are compared with the truth.
    reason_learning_rows: rows that the best predictor of true contributions learns from.
    training_rows: training applicants whose features are compared with the out-of-time ones.
    judged_features: number of features used for the reachable Gini and for the R2 of the states, in
    addition to those of the model. They are the features most related to the truth.
    """

    bootstrap: int
    share_rows: int
    bins: int
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
    is_run_forward: bool = True
    paired_draws: int = 500
    pd_draws: int = 100
    reason_rows: int = 2_500
    reason_learning_rows: int = 20_000
    fairness_law: str | None = None
    training_rows: int = 8_000
