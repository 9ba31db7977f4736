"""One population under several products: outcomes, limits, rates, refusals by code and expected profit, as figures and as a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.pricing.capacity import expected_profit
from creditloom.decision.rulebook.product import Product
from creditloom.decision.rules.verdict import OUTCOMES

COLUMNS = (
    "pd",
    "decision",
    "limit_cny",
    "daily_rate",
    "apr_irr12",
    "apr_simple360",
    "refusal_codes",
)


def summary(decisions: pd.DataFrame, product: Product, account_cost: float) -> dict[str, Any]:
    """Figures of one product; `decisions` has one row per application with COLUMNS.

    Limits in CNY and rates as fractions are means over approvals, null where there is none. Profit is a year's, N24 on the whole limit,
    with the product's LGD and cost of funds; for a loan of one payment or by the day the APR is simple360.
    """
    lent = decisions[decisions["decision"] == "approve"]
    apr = (
        lent["apr_irr12"]
        .astype(np.float64)
        .fillna(lent["apr_simple360"].astype(np.float64))
        .to_numpy()
    )
    limit, pd_ = (lent[name].to_numpy(np.float64) for name in ("limit_cny", "pd"))
    price = product.price
    profit = expected_profit(
        limit,
        apr,
        pd_,
        lgd=price.lgd.value,
        cost_of_funds=price.cost_of_funds.value,
        account_cost=account_cost,
    )
    codes = Counter(code for found in decisions["refusal_codes"] for code in found)
    return {
        "product": product.id,
        "rows": len(decisions),
        **{f"{name}_share": float((decisions["decision"] == name).mean()) for name in OUTCOMES},
        "mean_limit_cny": _mean(limit),
        "mean_daily_rate": _mean(lent["daily_rate"].to_numpy(np.float64)),
        "mean_apr": _mean(apr),
        "mean_pd": _mean(pd_),
        "expected_profit_cny": float(np.sum(profit)),
        "refusals": dict(sorted(codes.items())),
    }


def picture(figures: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Draw outcomes, mean limit, mean rate and expected profit of each product to a PNG at `path`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = list(figures)
    figure = Figure(figsize=(13, 0.6 + 0.3 * len(names)), layout="constrained")
    FigureCanvasAgg(figure)
    outcomes, *rest = figure.subplots(1, 4, sharey=True)
    left = np.zeros(len(names))
    for outcome, colour in zip(OUTCOMES, ("#2f7d4f", "#c9a227", "#9aa0a6", "#b23b3b"), strict=True):
        share = np.array([100 * one[f"{outcome}_share"] for one in figures.values()])
        outcomes.barh(names, share, left=left, label=outcome, color=colour)
        left += share
    outcomes.set(title="outcome, % of applications")
    outcomes.legend(
        fontsize=7, ncols=4, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.08)
    )
    outcomes.invert_yaxis()
    shown = (
        ("mean_limit_cny", 1.0, "mean limit, CNY"),
        ("mean_apr", 100.0, "mean price, % a year"),
        ("expected_profit_cny", 1e-6, "profit, million CNY"),
    )
    for axes, (key, unit, title) in zip(rest, shown, strict=True):
        axes.barh(names, [unit * (one[key] or 0.0) for one in figures.values()], color="#3b6ea5")
        axes.set(title=title)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None
