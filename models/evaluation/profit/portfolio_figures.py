"""Measures the portfolio at the cut-off: approvals, bad rates, profit, and the ridge's choice.

It makes the blocks `portfolio`, `final` and `challenger` of metrics.json.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.pricing.profit import FEN_PER_CNY, ProfitTerms
from creditloom.decision.rulebook.policy import Policy
from creditloom.decision.score.tiers import Tiers
from creditloom.models.evaluation.cohort import Cohort, pd_of
from creditloom.models.evaluation.profit.profit_bridge import PricedOffers
from creditloom.models.sample.arrays import Floats, Mask

# Policy rules of an application that is not complete: the income is not verified. A person asks for
# the proof, so it is neither approved nor declined yet.
INCOMPLETE_CODES = frozenset({"M2"})
# The decision where consent, law or facts are missing: nothing is decided about the person.
NOT_DECIDED = "refuse"


def approval_mask(pd: Floats, tiers: Tiers, policy: Policy) -> Mask:
    """Return whether the tier of each PD is an approving one.

    Affordability, consent and all other rules are not considered here (domain 0.6).
    """
    approving = np.array([policy.verdicts.get(name) == "approve" for name in tiers.names])
    return approving[tiers.index(pd)]


def portfolio(
    cohort: Cohort, tiers: Tiers, policy: Policy, terms: ProfitTerms | None
) -> dict[str, Any]:
    """Return approval and bad rates at the tier cut for model and ridge.

    bad_rate_final_true is that of what the final decisions approve, after every rule (S5-R55).
    Limit, price and profit are those of the approved applications. They are null where none of
    these has an offer. The profit is the one they were priced at (`ProfitTerms`); null without
    `terms`, as where the tier alone decides.
    """
    is_approve = (cohort.decisions["decision"] == "approve").to_numpy()
    lent = cohort.decisions[is_approve]
    limit = pd_of(lent, "limit_cny")
    apr = pd_of(lent, "apr_irr12")
    total_profit = None
    if terms is not None:
        total_profit = PricedOffers.approved(cohort.decisions).profit_fen(terms) / FEN_PER_CNY
    shares = cohort.decisions["decision"].value_counts(normalize=True)
    decision_share = {str(name): float(share) for name, share in sorted(shares.items())}
    # The true PD at neutral macro is free of the luck of the months ahead.
    risk = None if cohort.truth is None else pd_of(cohort.truth, "pd_neutral")[is_approve]
    shown = {
        **_cut(cohort, cohort.pd, tiers, policy),
        "decision_share": decision_share,
        "bad_rate_final_true": None if risk is None else _mean(risk),
    }
    return {
        **shown,
        "mean_limit_cny": _mean(limit),
        "mean_apr_irr12": _mean(apr),
        "total_limit_cny": float(np.nansum(limit)),
        "expected_profit_cny": total_profit,
        "ridge_logit": _cut(cohort, cohort.ridge_pd, tiers, policy),
    }


def final_decisions(cohort: Cohort) -> dict[str, Any]:
    """Return what became of the applications after every rule; rates are of the `asked`.

    asked: complete, consented and lawful applications: neither refused nor without a verified
    income. Referred ones are counted apart: a person decides them. bad_rate_true: of the approved,
    at neutral macro; null without truth. A rate is null where nobody asked.
    """
    decision = cohort.decisions["decision"].to_numpy()
    is_complete = ~_has_code(cohort.decisions["reasons"], INCOMPLETE_CODES)
    asked = is_complete & (decision != NOT_DECIDED)
    n = int(asked.sum())
    rates = {
        f"{name}_rate": float((decision[asked] == name).mean()) if n else None
        for name in ("approve", "refer", "decline")
    }
    risk = None
    if cohort.truth is not None:
        risk = _mean(pd_of(cohort.truth, "pd_neutral")[decision == "approve"])
    return {
        "applications": len(decision),
        "asked": n,
        "incomplete": int((~is_complete & (decision != NOT_DECIDED)).sum()),
        **rates,
        "bad_rate_true": risk,
    }


def _has_code(reasons: pd.Series[Any], codes: frozenset[str]) -> Mask:
    """Return which lists of reasons hold one of the codes."""
    found = (
        one is not None and any(reason["concept"] in codes for reason in one) for one in reasons
    )
    return np.fromiter(found, bool, len(reasons))


def challenger(cohort: Cohort, tiers: Tiers, policy: Policy) -> dict[str, Any]:
    """Return the swap sets between model and ridge: counts and bad rates (domain 6).

    Both approve the same number of applications: the number that the model approves.
    """
    model = approval_mask(cohort.pd, tiers, policy)
    ridge = np.zeros(len(model), bool)
    # A stable sort: of equal PDs the earlier application is approved, on every machine.
    ridge[np.argsort(cohort.ridge_pd, kind="stable")[: model.sum()]] = True
    sets = {"model_only": model & ~ridge, "ridge_only": ridge & ~model, "both": model & ridge}
    swap = {
        name: {"n": int(mask.sum()), "bad_rate": _bad_rate(cohort, mask)}
        for name, mask in sets.items()
    }
    return {
        "name": "ridge_logit",
        "rank_correlation": _rank_correlation(cohort.pd, cohort.ridge_pd),
        "swap": swap,
    }


def _cut(cohort: Cohort, pd: Floats, tiers: Tiers, policy: Policy) -> dict[str, Any]:
    """Return approval rate and bad rates of the approved at the tier cut of one PD."""
    approved = approval_mask(pd, tiers, policy)
    true_rate = None
    if cohort.truth is not None and approved.any():
        true_rate = float(pd_of(cohort.truth, "pd_neutral")[approved].mean())
    return {
        "approval_rate": float(approved.mean()),
        "bad_rate_approved_true": true_rate,
        "bad_rate_approved": _bad_rate(cohort, approved),
    }


def _bad_rate(cohort: Cohort, mask: Mask) -> float | None:
    """Return the bad rate of the rows of `mask`; None where none of them has a known outcome."""
    outcomes = cohort.door
    weight = outcomes.weight * mask[outcomes.rows]
    return float(weight @ outcomes.y / weight.sum()) if weight.sum() > 0 else None


def _mean(values: Floats) -> float | None:
    """Return the mean of the values that are not null; None where there are none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def _rank_correlation(a: Floats, b: Floats) -> float:
    """Return Spearman's rank correlation."""
    from scipy.stats import spearmanr

    return float(spearmanr(a, b).statistic)
