"""Reads how loans did month by month on book, for the curves of the vintages."""

from __future__ import annotations

import pandas as pd

from creditloom.models.evaluation.rivals.power_by_group import curves_on_book
from creditloom.pipeline.base import paths
from creditloom.storage.files.store import read_frame

TABLE = "loan_performance"
COLUMNS = ["application_id", "month_on_book", "dpd_days"]


def book_curves() -> dict[str, pd.DataFrame]:
    """Return the table `curves_on_book`; nothing where no performance of loans lies in data/raw."""
    files = sorted((paths.RAW / TABLE).glob("**/*.parquet"))
    if not files:
        return {}
    rows = pd.concat([read_frame(file, COLUMNS) for file in files], ignore_index=True)
    applications = read_frame(paths.MATRIX, ["application_id", "as_of"])
    month = applications["as_of"].dt.strftime("%Y-%m")
    vintage = pd.Series(month.to_numpy(), index=applications["application_id"].to_numpy())
    return {"curves_on_book": curves_on_book(rows, vintage)}
