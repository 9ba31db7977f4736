"""Makes the page of `creditloom whatif`: who moves under another policy, why, and what it earns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from creditloom.report.page.render import render
from creditloom.report.parts.blocks import Card, Cards, Note, Section, TableColumn, show, table
from creditloom.report.parts.data import ReportData, Text

# table: columns of the page's tables
CHANGES = (
    TableColumn("what", "value of the policy"),
    TableColumn("before", "before"),
    TableColumn("after", "after"),
)
MOVES = (
    TableColumn("before", "before"),
    TableColumn("after", "after"),
    TableColumn("why", "why"),
    TableColumn("applications", "applications", "count", bar=True),
    TableColumn("profit", "change of profit", "money"),
)
CAUSES = (TableColumn("code", "cause"), TableColumn("words", "in words"))
REFUSALS = (
    TableColumn("code", "rule"),
    TableColumn("before", "refused before", "count"),
    TableColumn("after", "refused after", "count"),
)
# table: columns of the table of segments
SEGMENTS = (
    TableColumn("segment", "segment"),
    TableColumn("label", "group"),
    TableColumn("applications", "applications", "count"),
    TableColumn("moved", "moved", "share", bar=True),
    TableColumn("before", "approved before", "share"),
    TableColumn("after", "approved after", "share"),
    TableColumn("change", "change of profit", "money"),
    TableColumn("low", "90 % from", "money"),
    TableColumn("high", "to", "money"),
)
INTERVAL = (
    "Profit is the expected profit of a year of the approved, as in the report. Its interval of "
    "90 % holds chance, who of the approved defaults, and the level, how far the bad rate of the "
    "months ahead may lie from the PDs. The same people have the same fate under both policies, so "
    "the change is surer than its parts. Take-up is not in it: who is offered another price may "
    "answer otherwise."
)


def whatif_page(figures: Mapping[str, Any]) -> str:
    """Return the page of the figures of a what-if as one HTML text that fetches nothing."""
    # table: head of the page
    data = ReportData(
        title="What another policy would decide",
        subtitle="Recorded decisions decided again; nothing of it is published",
        has_truth=False,
        facts=(
            ("policy", str(figures["policy"])),
            ("batch", str(figures["batch"])),
            ("decisions", f"{figures['decisions']:,}"),
            ("not as recorded", f"{figures['differing']:,}"),
        ),
    )
    return render(data, (_summary(figures), _changes(figures), _moves(figures), _groups(figures)))


def _summary(figures: Mapping[str, Any]) -> Section:
    whole = figures["segments"][0]
    approved = " to ".join(f"{whole[side]['approve']:,}" for side in ("before", "after"))
    change = whole["profit_change_cny"]
    ends = f"90 %: {show(change['low'], 'money')} to {show(change['high'], 'money')}"
    cards = (
        Card(Text("decisions that move", "发生变化的决策"), f"{whole['moved']:,}"),
        Card(Text("approved", "批准"), approved),
        Card(Text("change of profit", "利润变化"), show(change["expected"], "money"), ends),
    )
    title = Text("Summary", "概要")
    return Section("summary", title, INTERVAL, (Cards(cards),))


def _changes(figures: Mapping[str, Any]) -> Section:
    rows = pd.DataFrame(figures["changes"], columns=["what", "before", "after"]).astype(str)
    shown = table(rows, CHANGES, "What the two policies differ in")
    title = Text("The policy", "政策差异")
    return Section(
        "policy", title, "Sources and notes are left out: they decide nothing.", (shown,)
    )


def _moves(figures: Mapping[str, Any]) -> Section:
    rows = pd.DataFrame([*_told(figures["moves"])], columns=[c.name for c in MOVES])
    causes = pd.DataFrame([*figures["causes"].items()], columns=["code", "words"])
    codes = sorted({*figures["refusals"]["before"], *figures["refusals"]["after"]})
    refused = pd.DataFrame(
        [
            (code, *(figures["refusals"][side].get(code, 0) for side in ("before", "after")))
            for code in codes
        ],
        columns=["code", "before", "after"],
    )
    blocks = (
        table(rows, MOVES, "Who moves, and what did it"),
        table(causes, CAUSES, "The causes in words"),
        table(refused, REFUSALS, "Refusing rules that fire"),
        Note("`now`: the cause holds now. `no longer`: it held before. `offer`: the offer moved."),
    )
    return Section("moves", Text("Who moves and why", "变化及原因"), "", blocks)


def _told(moves: list[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for move in moves:
        grades = f" {' to '.join(move['grades'])}" if move["grades"] else ""
        causes = ", ".join(move["causes"]) or "not known"
        why = f"{move['way']}: {causes}{grades}"
        yield move["before"], move["after"], why, move["applications"], move["profit_change_cny"]


def _groups(figures: Mapping[str, Any]) -> Section:
    # table: one row a group
    rows = pd.DataFrame(
        [
            {
                "segment": row["segment"],
                "label": row["label"],
                "applications": row["applications"],
                "moved": row["moved"] / row["applications"],
                "before": row["before"]["approve"] / row["applications"],
                "after": row["after"]["approve"] / row["applications"],
                "change": row["profit_change_cny"]["expected"],
                "low": row["profit_change_cny"]["low"],
                "high": row["profit_change_cny"]["high"],
            }
            for row in figures["segments"]
        ]
    )
    shown = table(rows, SEGMENTS, "By segment")
    return Section("segments", Text("By segment", "分组"), "", (shown,))
