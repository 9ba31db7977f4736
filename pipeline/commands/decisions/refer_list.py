"""What waits for a person, in an order, with its age, and filtered; and why each case waits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
from rich.table import Table

from creditloom.decision.reasons.text import Language

Order = Literal["queue", "age", "pd", "limit", "score"]
# table: order -> column, and whether the smallest stands first
ORDERS: dict[str, tuple[str, bool]] = {
    "age": ("as_of", True),
    "pd": ("pd", False),
    "limit": ("limit_cny", False),
    "score": ("score", True),
}
# A decision_id has 32 characters. `override` needs all of them, so the column is never shortened.
ID_WIDTH = 32
# table: words of the table in English and Chinese
HEADS = {
    "en": ("decision_id, why a person", "application", "days", "tier", "PD %", "limit CNY"),
    "zh": ("decision_id，转人工原因", "申请编号", "已等待天数", "等级", "违约率%", "额度（元）"),
}
TITLE = {"en": "{} applications wait for a person", "zh": "{}份申请等待人工审核"}
BAND = {"en": "in the band that a person decides: ", "zh": "处于由人工决定的区间："}
CAP = "limit_"


@dataclass(frozen=True)
class Wanted:
    """Which waiting rows are shown, and in which order; null filters let every row pass.

    `code` is a code among the reasons, `waiting_from` days since as_of, inclusive.
    """

    order: Order = "queue"
    product: str | None = None
    tier: str | None = None
    code: str | None = None
    waiting_from: int = 0

    def of(self, rows: pd.DataFrame, today: dt.date) -> pd.DataFrame:
        """Return the wanted rows with their age in whole days, `days`."""
        days = (pd.Timestamp(today) - rows["as_of"].dt.normalize()).dt.days
        rows = rows.assign(days=days)
        keep = rows["days"] >= self.waiting_from
        if self.product is not None:
            keep &= rows["product"] == self.product
        if self.tier is not None:
            keep &= rows["tier"] == self.tier
        if self.code is not None:
            keep &= rows["reasons"].map(
                lambda reasons: self.code in [r["concept"] for r in reasons]
            )
        kept = rows[keep]
        if self.order == "queue":
            return kept
        column, is_ascending = ORDERS[self.order]
        # Stable, and nulls last: rows of one value keep the order of the queue.
        return kept.sort_values(column, ascending=is_ascending, kind="stable")

    def _has_code(self, reasons: Any) -> bool:
        return self.code in [reason["concept"] for reason in reasons]


def why(reasons: Any, language: Language, short: Mapping[str, str]) -> str:
    """Return why a case waits: the first rule that fired, else the band and the first concept.

    `short` are the words of the codes in the language.
    """
    rules = [r for r in reasons if r["points"] is None or r["points"] != r["points"]]
    rules = [r for r in rules if not r["concept"].startswith(CAP)]
    if rules:
        code = rules[0]["concept"]
        text = short.get(code) or rules[0]["text"]
        return f"{code} {text}"
    scored = [r for r in reasons if not r["concept"].startswith(CAP)]
    return BAND[language] + (scored[0]["text"] if scored else "-")


def listed(rows: pd.DataFrame, total: int, language: Language, short: Mapping[str, str]) -> Table:
    """Return the table of waiting rows; `total` is how many wait in all that are wanted."""
    table = Table(title=TITLE[language].format(f"{total:,}"))
    for k, name in enumerate(HEADS[language]):
        table.add_column(name, min_width=0 if k else ID_WIDTH)
    for row in rows.to_dict("records"):
        table.add_row(*_cells(row, language, short))
    return table


def _cells(row: Mapping[Any, Any], language: Language, short: Mapping[str, str]) -> list[str]:
    limit = "-" if pd.isna(row["limit_cny"]) else f"{row['limit_cny']:,.0f}"
    # Two lines in one cell: beside the other columns a narrow terminal has no room for words.
    case = f"{row['decision_id']}\n{why(row['reasons'], language, short)}"
    return [
        case,
        str(row["application_id"]),
        str(row["days"]),
        str(row["tier"]),
        f"{100 * row['pd']:.2f}",
        limit,
    ]
