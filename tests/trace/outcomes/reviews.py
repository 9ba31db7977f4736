"""The monthly review of one account: state, line, price, collection, provision and notices."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.portfolio.book.account_history import COLUMNS, OPTIONAL
from creditloom.portfolio.book.monthly import month, to_frame
from creditloom.portfolio.book.review_rules import ReviewRules
from tests.book.books import GOOD, MONTHS
from tests.decision.small import EDGES
from tests.trace.outcomes.situation_files import situations


@dataclass(frozen=True)
class KnownScore:
    """A behaviour score that gives every account the PD of the situation."""

    level: float

    def pd(self, columns: np.ndarray) -> np.ndarray:
        """Return the same PD for all."""
        return np.full(len(columns), self.level)

    def weakest(self, columns: np.ndarray) -> list[tuple[str, str]]:
        """Return the words of one behaviour, whatever was seen."""
        return [("payments", "支付")] * len(columns)


def names() -> set[str]:
    """Return the names of reviews.yaml."""
    return set(situations("reviews"))


def run(name: str) -> dict[str, Any]:
    """Return standing, changes and account after `reviews` monthly reviews, the last in full."""
    asked = situations("reviews")[name]
    rules = document(ReviewRules, paths.REVIEW_RULES / "house_v1.yaml")
    card: Any = KnownScore(asked["pd"])
    booked = pd.Series([asked["pd_booked"]], index=[1])
    standing = None
    last = asked["month_on_book"]
    for month_on_book in range(last - asked["reviews"] + 1, last + 1):
        panel = _panel(month_on_book, last, asked["columns"])
        done = month(panel, standing, booked, card, EDGES, rules)
        standing = done.standing
    frames = {"standing": to_frame(done.standing), "changes": done.changes}
    return {
        key: json.loads(frame.to_json(orient="records"))
        for key, frame in {**frames, "account": done.accounts}.items()
    }


def _panel(month_on_book: int, last: int, columns: dict[str, Any]) -> pa.Table:
    """Return the months up to `month_on_book` of an account that is ordinary but for `columns`.

    A list holds the latest months of the last review first, a number all months.
    """
    months = range(max(0, month_on_book - MONTHS + 1), month_on_book + 1)
    rows = []
    for at in months:
        row: dict[str, Any] = {name: float(GOOD.get(name, 0)) for name in (*COLUMNS, *OPTIONAL)}
        for name, given in columns.items():
            values = given if isinstance(given, list) else [given] * (last + 1)
            if last - at < len(values):
                row[name] = np.nan if values[last - at] is None else float(values[last - at])
        rows.append({**row, "application_id": 1, "month_on_book": at, "is_written_off": False})
    return pa.Table.from_pandas(pd.DataFrame(rows), preserve_index=False)
