"""Numbers of the `evaluate` block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class EvaluateParams:
    """How figures are taken.

    bootstrap: resamples of the share intervals; share_rows: out-of-time applicants whose contributions are taken; bins: of ECE and PSI;
    macro_sd: relative sd of the bad rate between months, 0 with the macro path off (domain 0.7); min_tier_bads: pooling of tiers (0.8);
    min_group: smallest group of the fairness table; cost_of_funds, lgd, account_cost_cny: of the profit of an account (domain 6, N24);
    claims_applicants: sample on which the claims about a simulated world are judged; judged_features: how many features, beside those of
    the model, the judges look at (reachable Gini, R2 of the states): those most related to the truth.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

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
