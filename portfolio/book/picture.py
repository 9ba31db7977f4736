"""One picture of a book run forward: vintage curves, arrears, expected loss."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


def picture(by_month: pd.DataFrame, curves: pd.DataFrame, path: Path) -> None:
    """Draw the tables of `portfolio` to a PNG at `path`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    left, middle, right = figure.subplots(1, 3)
    for vintage, curve in curves.iterrows():
        left.plot(curve.index, 100 * curve, label=f"vintage {vintage}")
    left.set(
        title="ever 90 days past due, by vintage", xlabel="month on book", ylabel="% of accounts"
    )
    left.legend(fontsize=7, frameon=False)
    for name, label in (("overdue_30_share", "over 30 days"), ("npl_share", "over 90 days (NPL)")):
        middle.plot(by_month["month_on_book"], 100 * by_month[name], label=label)
    middle.set(title="arrears", xlabel="month on book", ylabel="% of balance")
    middle.legend(fontsize=7, frameon=False)
    right.plot(by_month["month_on_book"], 100 * by_month["ecl_cny"] / by_month["balance_cny"])
    right.set(title="expected loss (IFRS 9)", xlabel="month on book", ylabel="% of balance")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
