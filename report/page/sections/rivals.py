"""The first section of the page: who ranks better, model or rivals, by how much, how surely."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from creditloom.report.parts.blocks import (
    Card,
    Cards,
    PageBlock,
    Section,
    TableColumn,
    show,
    table,
)
from creditloom.report.parts.data import ReportData, Text

# table: columns
DUELS = (
    TableColumn("rival", "rival"),
    TableColumn("sample", "on"),
    TableColumn("n", "n", "count"),
    TableColumn("bads", "bads", "count"),
    TableColumn("auc", "AUC", "number"),
    TableColumn("rival_auc", "of the rival", "number"),
    TableColumn("auc_delta", "difference", "number"),
    TableColumn("low", "95 % from", "number"),
    TableColumn("high", "to", "number"),
    TableColumn("p_delong", "p (DeLong)", "p"),
    TableColumn("share_delta", "share of reachable", "share"),
    TableColumn("share_low", "95 % from", "share"),
    TableColumn("share_high", "to", "share"),
    TableColumn("verdict", "the model is"),
)
# table: verdict -> state of its card; a draw is neither met nor missed
STATES = {"ahead": "pass", "behind": "fail"}
LEAD = (
    "The model beside its rivals on the out-of-time months, the same applicants for both. With a "
    "truth: the difference in the share of the reachable Gini, through the door. Without: in AUC. "
    "The interval holds 95 % of drawn samples of applicants; one that holds 0 shows no winner."
)
DOOR = "door"


def duels(data: ReportData) -> Section | None:
    """Return a card per rival, through the door, and the table of all comparisons."""
    if data.duels is None or data.duels.empty:
        return None
    door = data.duels[data.duels["sample_id"] == DOOR]
    blocks: list[PageBlock] = [Cards(tuple(_card(row) for row in door.to_dict("records")))]
    blocks.append(table(data.duels, DUELS, "All comparisons, model less rival", name="duels"))
    return Section("duels", Text("Who wins", "谁胜出"), LEAD, tuple(blocks))


def _card(row: Mapping[Any, Any]) -> Card:
    """Return the card of one rival: the verdict in its label, the difference and its interval."""
    has_share = row["share_delta"] is not None and row["share_delta"] == row["share_delta"]
    keys = ("share_delta", "share_low", "share_high") if has_share else ("auc_delta", "low", "high")
    kind = "share" if has_share else "number"
    delta, low, high = (_signed(row[key], kind) for key in keys)
    label = Text(f"{row['verdict']}: {row['rival']}", f"{row['verdict_zh']}：{row['rival_zh']}")
    of = "of reachable" if has_share else "AUC"
    return Card(label, delta, f"{of} · 95 %: {low} to {high}", STATES.get(str(row["verdict"]), ""))


def _signed(value: float, kind: str) -> str:
    """Return a difference with its sign."""
    text = show(value, kind)
    return text if text.startswith("−") else f"+{text}"
