"""Summarise a book month by month: vintage curves, arrears, NPL, expected loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.portfolio.book.review_rules import FEN_PER_CNY, Provision

IFRS_STAGES = (1, 2, 3)


def months(
    panel: Sequence[pa.Table], accounts: Sequence[pd.DataFrame], rules: Provision
) -> pd.DataFrame:
    """Return one row per month on book; `panel` is one table per month, in their order.

    Balances in yuan, shares overdue and non-performing by balance. ECL and stages are null in a
    month that was not reviewed. npl_share is the balance over 90 days past due and not written off
    over all balance. bad_share is by account, ever.
    """
    # Ever bad: each month adds to it.
    is_bad = np.zeros(panel[0].num_rows, bool)
    reviewed = {int(frame["month_on_book"].iloc[0]): frame for frame in accounts}
    rows = []
    for table in panel:
        is_bad |= table["dpd_days"].to_numpy() >= rules.default_from.value
        month = int(table["month_on_book"][0].as_py())
        balances = {"month_on_book": month, **_balances(table, rules)}
        rows.append(
            {**balances, "bad_share": float(is_bad.mean()), **_reviewed(reviewed.get(month))}
        )
    return pd.DataFrame(rows)


def _balances(table: pa.Table, rules: Provision) -> dict[str, float]:
    balance = table["balance_fen"].to_numpy() / FEN_PER_CNY
    limit_fen = table["limit_fen"].to_numpy()
    dpd = table["dpd_days"].to_numpy()
    return {
        "balance_cny": float(balance.sum()),
        "limit_cny": float(limit_fen.sum()) / FEN_PER_CNY,
        "overdue_30_share": _share(balance, dpd > rules.sicr_over.value),
        "npl_share": _share(balance, dpd > rules.substandard_over.value),
    }


def _reviewed(accounts: pd.DataFrame | None) -> dict[str, Any]:
    """Return ECL and stages of a month's review; null without one."""
    names = [f"stage_{stage}_share" for stage in IFRS_STAGES]
    if accounts is None:
        return dict.fromkeys(["ecl_cny", *names], np.nan)
    shares = [float((accounts["stage"] == stage).mean()) for stage in IFRS_STAGES]
    ecl = float(accounts["ecl_fen"].sum()) / FEN_PER_CNY
    return {"ecl_cny": ecl, **dict(zip(names, shares, strict=True))}


def vintage_curves(panel: Sequence[pa.Table], bad_dpd_days: float) -> pd.DataFrame:
    """Return the cumulative share of accounts ever bad, by vintage (rows) and month on book."""
    is_bad = np.zeros(panel[0].num_rows, bool)
    curves = {}
    vintage = panel[0]["vintage"].to_numpy()
    for table in panel:
        is_bad |= table["dpd_days"].to_numpy() >= bad_dpd_days
        month = int(table["month_on_book"][0].as_py())
        curves[month] = pd.Series(is_bad).groupby(vintage).mean()
    return pd.DataFrame(curves).rename_axis("vintage")


def _share(balance: np.ndarray, mask: np.ndarray) -> float:
    return float(balance[mask].sum() / balance.sum()) if balance.sum() > 0 else 0.0
