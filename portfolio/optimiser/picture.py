"""Draw policies side by side: mean limit by PD, rate by grade, profit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from creditloom.portfolio.optimiser.market import Market
from creditloom.portfolio.optimiser.optimised_policy import Chosen
from creditloom.portfolio.optimiser.priced_choice import PROFIT

# Groups of applicants of equal size, by PD: enough for a line.
BANDS = 40
# From a rate a day, a fraction, to percent a year of 360 days.
PERCENT_A_YEAR = 36_000


def picture(
    market: Market, policies: Mapping[str, Chosen], grades: tuple[str, ...], path: Path
) -> None:
    """Draw limit, price and expected profit of each policy to a PNG at `path`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.6), layout="constrained")
    # A canvas of its own: pyplot would keep the figure, and choose a backend with windows.
    FigureCanvasAgg(figure)
    limits, prices, profits = figure.subplots(1, 3)
    bands = np.array_split(np.arange(len(market.pd)), BANDS)
    mean_pds = [100 * market.pd[band].mean() for band in bands]
    for name, policy in policies.items():
        limits.plot(mean_pds, [policy.limit[band].mean() for band in bands], label=name)
        lent = np.flatnonzero(policy.rate >= 0)
        yearly = PERCENT_A_YEAR * market.rates[policy.rate[lent]]
        prices.plot(lent, yearly, marker="o", label=name)
    limits.set(title="mean limit by PD, refused as 0", xlabel="PD, %", ylabel="CNY", xscale="log")
    prices.set(
        title="price by grade",
        ylabel="% a year (x 360)",
        xticks=range(len(grades)),
        xticklabels=grades,
    )
    prices.legend(fontsize=7, frameon=False)
    profits.barh(list(policies), [policy.used[PROFIT] / 1e6 for policy in policies.values()])
    profits.set(title="expected profit a year", xlabel="million CNY")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the version of matplotlib, so that the same figures give the same bytes.
    figure.savefig(path, dpi=110, metadata={"Software": None})
