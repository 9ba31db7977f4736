"""First page: the bars with what was measured, the flow from raw events to reasons, and the volumes behind them."""

from __future__ import annotations

from models.report.blocks import Block, Card, Cards, Flow, Note, Section
from models.report.data import Bar, ReportData, Text
from models.report.text import ABSENT, Column, show, table

VOLUMES = (Column("table", "raw table"), Column("family", "family", "name"), Column("rows", "rows", "count", bar=True))


def bars(data: ReportData) -> Section | None:
    """The promises of the run as cards: value, aim, met or not. Figures without an aim are plain figures, and nothing is judged."""
    if not data.bars:
        return None
    cards = Cards(tuple(_card(bar) for bar in data.bars))
    if not any(bar.aim for bar in data.bars):
        return Section("bars", Text("Summary", "概要"), "", (cards,))
    missed = [bar.name.en for bar in data.bars if bar.passed is False]
    judged = sum(bar.passed is not None for bar in data.bars)
    met = f"All {judged} judged bars are met." if judged else "No bar could be judged here."
    verdict = Note(f"Missed: {', '.join(missed)}." if missed else met, "fail" if missed else "pass" if judged else "")
    lead = "What was promised before the run, and what came out on the out-of-time months."
    return Section("bars", Text("Bars", "达标情况"), lead, (verdict, cards))


def _card(bar: Bar) -> Card:
    absent = bar.value is None
    state = "" if absent or bar.passed is None else "pass" if bar.passed else "fail"
    notes = (f"aim {bar.aim}" if bar.aim else "", ABSENT if absent else bar.note)
    return Card(bar.name, show(bar.value, bar.kind), " · ".join(filter(None, notes)), state)


def flow(data: ReportData) -> Section | None:
    """From raw events to reasons, with the count that leaves each step, and the rows of each raw table."""
    if not data.flow and data.volumes is None:
        return None
    blocks: list[Block] = []
    if data.flow:
        blocks.append(Flow(tuple((step.name, show(step.count, "count"), step.unit) for step in data.flow)))
    if data.volumes is not None:
        blocks.append(table(data.volumes, VOLUMES, f"Rows per raw table, {show(int(data.volumes['rows'].sum()), 'count')} in all", fold=10))
    lead = "A feature sees an event only if it had happened and was known before the application." if data.volumes is not None else ""
    return Section("flow", Text("From raw events to reasons", "从原始事件到决策理由"), lead, tuple(blocks))
