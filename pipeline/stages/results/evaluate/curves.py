"""The curves that `dvc plots` shows, as CSV: ROC, gains, calibration, vintages and tiers.

They are the report's tables, cut to the columns that are drawn. DVC reads no Parquet.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from creditloom.storage.files.store import write_text

# Digits of a plotted value: more than a screen has points.
DIGITS = 6
# table: curve -> the report's table that it is cut from, and the columns that are drawn
DRAWN: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "roc": ("roc", ("series", "fpr", "tpr")),
    "calibration": ("reliability", ("series", "mean_pd", "observed")),
    "vintages": ("vintages", ("vintage", "bad_rate", "mean_pd", "approval_rate")),
    "tiers": ("tiers", ("tier", "share", "mean_pd", "observed")),
}


def curves_of(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the five curves by name; `tables` are those of the stage evaluate."""
    found = {name: tables[table][list(columns)] for name, (table, columns) in DRAWN.items()}
    return found | {"gains": gains(tables["ks"])}


def gains(ks: pd.DataFrame) -> pd.DataFrame:
    """Return series, asked and bads: the bads among so large a share of the riskiest applicants.

    `ks` counts from the safest applicant, gains from the riskiest: both ends are turned round.
    """
    turned = pd.DataFrame(
        {"series": ks["series"], "asked": 1 - ks["score"], "bads": 1 - ks["bad_share"]}
    )
    # A share of applicants stands once a series: the order is whole without a tie-break.
    return turned.sort_values(["series", "asked"], kind="stable", ignore_index=True)


def write_curves(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write each curve as `folder`/NAME.csv."""
    for name, curve in curves_of(tables).items():
        text = curve.to_csv(index=False, float_format=f"%.{DIGITS}g", lineterminator="\n")
        write_text(text, folder / f"{name}.csv")
