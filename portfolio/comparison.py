"""Compare products on one population: outcomes, limits, rates, refusals and expected profit.

The comparison is made as figures and as a picture.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.pricing.profit import FEN_PER_CNY, ProfitTerms
from creditloom.decision.rules.verdict import OUTCOMES
from creditloom.models.evaluation.profit.profit_bridge import PricedOffers

# What is read of a decision.
COLUMNS = (
    "application_id",
    "pd",
    "decision",
    "limit_cny",
    "daily_rate",
    "apr_irr12",
    "apr_simple360",
    "refusal_codes",
)
# One per outcome, from lending (green) to refusing (red).
OUTCOME_COLOURS = ("#2f7d4f", "#c9a227", "#9aa0a6", "#b23b3b")
FIGURE_COLOUR = "#3b6ea5"
# Key in the summary, factor to the unit shown, title.
PANELS = (
    ("mean_limit_cny", 1.0, "mean limit, CNY"),
    ("mean_apr", 100.0, "mean price, % a year"),
    ("expected_profit_cny", 1e-6, "profit, million CNY"),
)


def summary(decisions: pd.DataFrame, product: str, terms: ProfitTerms) -> dict[str, Any]:
    """Return the figures of one product; `decisions` has one row per application with COLUMNS.

    Limits in CNY and rates as fractions are means over approvals, null where there is none. Profit
    is a year's and the sum over approvals in CNY, to the cent (`ProfitTerms`). For a loan of one
    payment or by the day the APR is simple360.
    """
    offers = PricedOffers.approved(decisions)
    codes = Counter(code for of_row in decisions["refusal_codes"] for code in of_row)
    shares = {f"{name}_share": float((decisions["decision"] == name).mean()) for name in OUTCOMES}
    means = {
        "mean_limit_cny": _mean(offers.limit_cny),
        "mean_daily_rate": _mean(offers.daily_rate),
        "mean_apr": _mean(offers.apr),
        "mean_pd": _mean(offers.priced_pd),
    }
    return {
        "product": product,
        "rows": len(decisions),
        **shares,
        **means,
        "expected_profit_cny": offers.profit_fen(terms) / FEN_PER_CNY,
        "refusals": dict(sorted(codes.items())),
    }


def picture(figures: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Draw outcomes, mean limit, mean rate and expected profit of each product to a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = list(figures)
    figure = Figure(figsize=(13, 0.6 + 0.3 * len(names)), layout="constrained")
    # A canvas of its own: pyplot would keep the figure, and choose a backend with windows.
    FigureCanvasAgg(figure)
    outcomes, *panels = figure.subplots(1, 4, sharey=True)
    left = np.zeros(len(names))
    for outcome, colour in zip(OUTCOMES, OUTCOME_COLOURS, strict=True):
        share = np.array([100 * product[f"{outcome}_share"] for product in figures.values()])
        outcomes.barh(names, share, left=left, label=outcome, color=colour)
        left += share
    outcomes.set(title="outcome, % of applications")
    outcomes.legend(
        fontsize=7, ncols=4, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.08)
    )
    # The first product on top, as in the table.
    outcomes.invert_yaxis()
    for axes, (key, unit, title) in zip(panels, PANELS, strict=True):
        values = [unit * (product[key] or 0.0) for product in figures.values()]
        axes.barh(names, values, color=FIGURE_COLOUR)
        axes.set(title=title)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the version of matplotlib, so that the same figures give the same bytes.
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None
