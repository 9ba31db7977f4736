"""Draw a book run forward: vintage curves, arrears, expected loss."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


def picture(by_month: pd.DataFrame, curves: pd.DataFrame, path: Path) -> None:
    """Draw the tables of `portfolio` to a PNG at `path`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.6), layout="constrained")
    # A canvas of its own: pyplot would keep the figure, and choose a backend with windows.
    FigureCanvasAgg(figure)
    vintages, arrears, expected_loss = figure.subplots(1, 3)
    for vintage, curve in curves.iterrows():
        vintages.plot(curve.index, 100 * curve, label=f"vintage {vintage}")
    vintages.set(
        title="ever 90 days past due, by vintage", xlabel="month on book", ylabel="% of accounts"
    )
    vintages.legend(fontsize=7, frameon=False)
    month = by_month["month_on_book"]
    for name, label in (("overdue_30_share", "over 30 days"), ("npl_share", "over 90 days (NPL)")):
        arrears.plot(month, 100 * by_month[name], label=label)
    arrears.set(title="arrears", xlabel="month on book", ylabel="% of balance")
    arrears.legend(fontsize=7, frameon=False)
    expected_loss.plot(month, 100 * by_month["ecl_cny"] / by_month["balance_cny"])
    expected_loss.set(title="expected loss (IFRS 9)", xlabel="month on book", ylabel="% of balance")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the version of matplotlib, so that the same figures give the same bytes.
    figure.savefig(path, dpi=110, metadata={"Software": None})
