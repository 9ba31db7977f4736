"""What became of a book, month by month: vintage curves, arrears, non-performing loans, expected loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.portfolio.book.review_rules import Provision


def months(
    panel: Sequence[pa.Table], accounts: Sequence[pd.DataFrame], rules: Provision
) -> pd.DataFrame:
    """One row per month on book: balances in yuan, shares overdue and non-performing by balance, ECL and stages where reviewed.

    npl_share is balance over 90 days past due and not written off over all balance; bad_share is by account, ever.
    """
    bad = np.zeros(panel[0].num_rows, bool)
    ecl = {int(frame["month_on_book"].iloc[0]): frame for frame in accounts}
    rows = []
    for table in panel:
        balance, dpd = table["balance_fen"].to_numpy() / 100.0, table["dpd_days"].to_numpy()
        bad |= dpd >= rules.default_from.value
        month = int(table["month_on_book"][0].as_py())
        own = ecl.get(month)
        rows.append(
            {
                "month_on_book": month,
                "balance_cny": float(balance.sum()),
                "limit_cny": float(table["limit_fen"].to_numpy().sum()) / 100.0,
                "overdue_30_share": _part(balance, dpd > rules.sicr_over.value),
                "npl_share": _part(balance, dpd > rules.substandard_over.value),
                "bad_share": float(bad.mean()),
                "ecl_cny": np.nan if own is None else float(own["ecl_fen"].sum()) / 100.0,
                **{
                    f"stage_{k}_share": np.nan if own is None else float((own["stage"] == k).mean())
                    for k in (1, 2, 3)
                },
            }
        )
    return pd.DataFrame(rows)


def vintage_curves(panel: Sequence[pa.Table], bad_dpd_days: float) -> pd.DataFrame:
    """Cumulative share of accounts ever bad, by vintage (rows) and month on book (columns)."""
    bad, curves = np.zeros(panel[0].num_rows, bool), {}
    vintage = panel[0]["vintage"].to_numpy()
    for table in panel:
        bad |= table["dpd_days"].to_numpy() >= bad_dpd_days
        curves[int(table["month_on_book"][0].as_py())] = pd.Series(bad).groupby(vintage).mean()
    return pd.DataFrame(curves).rename_axis("vintage")


def _part(balance: np.ndarray, mask: np.ndarray) -> float:
    return float(balance[mask].sum() / balance.sum()) if balance.sum() > 0 else 0.0
