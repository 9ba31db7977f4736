"""Blocks `portfolio` and `challenger`: whom the cut lets through, what they are worth, and how the ridge would have chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from creditloom.decision.pricing.capacity import expected_profit
from creditloom.decision.rulebook.policy import Policy
from creditloom.decision.score.tiers import Tiers
from creditloom.models.evaluation.cohort import Cohort, Floats, pd_of
from creditloom.models.evaluation.evaluate_params import EvaluateParams


def approved_by(pd: Floats, tiers: Tiers, policy: Policy) -> NDArray[np.bool_]:
    """Whether the tier of each PD is an approving one: before affordability, consent and every other rule (domain 0.6)."""
    approving = np.array([policy.verdicts.get(name) == "approve" for name in tiers.names])
    return approving[tiers.index(pd)]


def profit(ead: Floats, apr: Floats, pd: Floats, params: EvaluateParams) -> Floats:
    """Expected yuan of an account: EAD (APR (1 - PD/2) - CoF) - EAD PD LGD - cost (domain 6, N24)."""
    return expected_profit(
        ead,
        apr,
        pd,
        lgd=params.lgd,
        cost_of_funds=params.cost_of_funds,
        account_cost=params.account_cost_cny,
    )


def portfolio(
    cohort: Cohort, tiers: Tiers, policy: Policy, params: EvaluateParams
) -> dict[str, Any]:
    """Approval and bad rates at the tier cut for model and ridge; limit, price and profit of what was decided to approve."""
    is_approve = (cohort.decisions["decision"] == "approve").to_numpy()
    lent = cohort.decisions[is_approve]
    limit, apr = pd_of(lent, "limit_cny"), pd_of(lent, "apr_irr12")
    risk = cohort.pd if cohort.truth is None else pd_of(cohort.truth, "pd_neutral")
    gains = profit(limit, apr, risk[is_approve], params)
    known = ~np.isnan(gains)
    shares = cohort.decisions["decision"].value_counts(normalize=True)
    return {
        **_cut(cohort, cohort.pd, tiers, policy),
        "decision_share": {str(name): float(share) for name, share in sorted(shares.items())},
        "mean_limit_cny": _mean(limit), "mean_apr_irr12": _mean(apr), "total_limit_cny": float(np.nansum(limit)),
        "expected_profit_cny": float(gains[known].sum()) if known.any() else None,
        "ridge_logit": _cut(cohort, cohort.ridge_pd, tiers, policy),
    }  # fmt: skip


def challenger(cohort: Cohort, tiers: Tiers, policy: Policy) -> dict[str, Any]:
    """Swap sets between model and ridge, each at the same number of approvals as the model: counts and bad rates (domain 6)."""
    model = approved_by(cohort.pd, tiers, policy)
    ridge = np.zeros(len(model), bool)
    ridge[np.argsort(cohort.ridge_pd, kind="stable")[: model.sum()]] = True
    sets = {"model_only": model & ~ridge, "ridge_only": ridge & ~model, "both": model & ridge}
    found = {
        name: {"n": int(mask.sum()), "bad_rate": _bad_rate(cohort, mask)}
        for name, mask in sets.items()
    }
    return {
        "name": "ridge_logit",
        "rank_correlation": _rank_correlation(cohort.pd, cohort.ridge_pd),
        "swap": found,
    }


def _cut(cohort: Cohort, pd: Floats, tiers: Tiers, policy: Policy) -> dict[str, Any]:
    approved = approved_by(pd, tiers, policy)
    true = None
    if cohort.truth is not None and approved.any():
        true = float(pd_of(cohort.truth, "pd_neutral")[approved].mean())
    return {
        "approval_rate": float(approved.mean()),
        "bad_rate_approved_true": true,
        "bad_rate_approved": _bad_rate(cohort, approved),
    }


def _bad_rate(cohort: Cohort, mask: NDArray[np.bool_]) -> float | None:
    seen = cohort.door
    weight = seen.weight * mask[seen.rows]
    return float(weight @ seen.y / weight.sum()) if weight.sum() > 0 else None


def _mean(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def _rank_correlation(a: Floats, b: Floats) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(a, b).statistic)
