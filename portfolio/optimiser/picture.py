"""One picture of policies side by side: mean limit by PD, rate by grade, profit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from creditloom.portfolio.optimiser.market import Market
from creditloom.portfolio.optimiser.optimised_policy import Chosen
from creditloom.portfolio.optimiser.priced_choice import PROFIT

BANDS = 40  # groups of applicants of equal size, by PD


def picture(
    market: Market, policies: Mapping[str, Chosen], grades: tuple[str, ...], path: Path
) -> None:
    """Draw limit, price and expected profit of each policy to a PNG at `path`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    left, middle, right = figure.subplots(1, 3)
    bands = np.array_split(np.arange(len(market.pd)), BANDS)
    for name, chosen in policies.items():
        left.plot(
            [100 * market.pd[b].mean() for b in bands],
            [chosen.limit[b].mean() for b in bands],
            label=name,
        )
        lent = np.flatnonzero(chosen.rate >= 0)
        middle.plot(lent, 36_000 * market.rates[chosen.rate[lent]], marker="o", label=name)
    left.set(title="mean limit by PD, refused as 0", xlabel="PD, %", ylabel="CNY", xscale="log")
    middle.set(
        title="price by grade",
        ylabel="% a year (x 360)",
        xticks=range(len(grades)),
        xticklabels=grades,
    )
    middle.legend(fontsize=7, frameon=False)
    right.barh(list(policies), [chosen.used[PROFIT] / 1e6 for chosen in policies.values()])
    right.set(title="expected profit a year", xlabel="million CNY")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
