"""Makes the page of `creditloom simulate`: figures of the world beside published facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from creditloom.report.page.render import render
from creditloom.report.page.sections import summary
from creditloom.report.parts.blocks import (
    Card,
    Cards,
    Drawing,
    Drawings,
    Note,
    Section,
    TableColumn,
    table,
)
from creditloom.report.parts.data import ReportData, Text
from creditloom.report.world_page import world_charts

if TYPE_CHECKING:
    import pandas as pd

# table: columns of the page's tables
DECISIONS = (
    TableColumn("decision", "the incumbent's decision"),
    TableColumn("applicants", "applicants", "count"),
    TableColumn("share", "share", "share", bar=True),
    TableColumn("defaults", "defaults", "count"),
    TableColumn("bad_rate", "defaulted", "rate"),
    TableColumn("mean_pd", "mean true PD", "rate"),
)
ROLLS = (
    TableColumn("bucket", "days past due"),
    TableColumn("month", "month on book", "count"),
    TableColumn("accounts", "accounts", "count"),
    TableColumn("rolled", "one bucket worse a month later", "rate"),
    TableColumn("cured", "current a month later", "rate"),
)
SOURCES = (
    TableColumn("source", "source", "name"),
    TableColumn("signal", "best plain signal"),
    TableColumn("n", "known of", "count"),
    TableColumn("auc", "its AUC", "number"),
    TableColumn("auc_state", "AUC of all it holds", "number"),
)
PUBLISHED = (
    TableColumn("what", "published"),
    TableColumn("figure", "figure"),
    TableColumn("unit", "unit"),
    TableColumn("here", "this world"),
    TableColumn("measured", "measured here"),
    TableColumn("source", "source"),
    TableColumn("year", "year", "name"),
    TableColumn("caution", "differs in"),
)
# Rows of a table that are shown before it is folded.
SHOWN_ROWS = 12


@dataclass(frozen=True)
class WorldPage:
    """What the page shows; the frames as `world_figures` returns them.

    - `facts`: (name, value) at the head. `cards`: (English, Chinese, value, note).
    - `published`: what, figure, unit, here, measured, source, year, caution: one row a fact.
    - `published_auc`: source, value. `notes`: what the figures are measured on, by section.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    cards: tuple[tuple[str, str, str, str], ...]
    volumes: pd.DataFrame
    rolls: pd.DataFrame
    curves: pd.DataFrame
    sources: pd.DataFrame
    pds: pd.DataFrame
    timing: pd.DataFrame
    decisions: pd.DataFrame
    incumbent: pd.DataFrame
    published: pd.DataFrame
    published_auc: pd.DataFrame
    claims: pd.DataFrame
    notes: Mapping[str, str]


def world_page(page: WorldPage) -> str:
    """Return the page as one HTML text that fetches nothing."""
    data = ReportData(
        title=page.title,
        subtitle="A simulated lender: no person and no loan in it is real",
        has_truth=True,
        facts=page.facts,
        volumes=page.volumes,
        claims=page.claims,
    )
    parts = (
        _summary(page),
        _published(page),
        _arrears(page),
        _risk(page),
        _sources(page),
        summary.flow(data),
        summary.claims(data),
    )
    return render(data, tuple(part for part in parts if part is not None))


def _summary(page: WorldPage) -> Section:
    cards = tuple(Card(Text(en, zh), value, note) for en, zh, value, note in page.cards)
    return Section("summary", Text("Summary", "概要"), page.notes["summary"], (Cards(cards),))


def _published(page: WorldPage) -> Section:
    rows = table(page.published, PUBLISHED, "Published facts, and the figure of this world")
    title = Text("Beside published facts", "与公开数据对照")
    return Section("published", title, page.notes["published"], (rows,))


def _arrears(page: WorldPage) -> Section:
    rolls = Drawing(
        Text("Roll rates by month on book", "各账龄滚动率"),
        "Lines: share of accounts one bucket worse a month later, by bucket and month on book",
        svg=world_charts.roll_rates(page.rolls),
    )
    curves = Drawing(
        Text("Vintage curves", "账龄曲线"),
        "Lines: share of booked loans in default so far, by month on book and half-year",
        svg=world_charts.vintage_curves(page.curves),
    )
    rows = table(page.rolls, ROLLS, "Roll rates and cures", fold=SHOWN_ROWS)
    title = Text("Arrears of booked loans", "已放款逾期")
    return Section("arrears", title, page.notes["arrears"], (Drawings((rolls, curves)), rows))


def _risk(page: WorldPage) -> Section:
    # table: the drawings of the section
    drawings = (
        Drawing(
            Text("True PD", "真实违约概率"),
            "Histogram of the true PD, booked and declined",
            svg=world_charts.pd_distribution(page.pds),
        ),
        Drawing(
            Text("When default comes", "违约时间"),
            "Bars: share of the defaults of twelve months by month on book",
            svg=world_charts.timing(page.timing),
        ),
        Drawing(
            Text("The incumbent's score", "原有评分"),
            "Bars: mean true PD by tenth of the score; line: share approved",
            svg=world_charts.incumbent(page.incumbent),
        ),
    )
    rows = table(page.decisions, DECISIONS, "Everyone who applied, the declined too")
    title = Text("Risk through the door", "全体申请人风险")
    return Section("risk", title, page.notes["risk"], (Drawings(drawings), rows))


def _sources(page: WorldPage) -> Section:
    drawing = Drawing(
        Text("AUC by source", "各数据源 AUC"),
        "Points: AUC of the best plain signal of each source; bars: of all that it holds",
        svg=world_charts.auc_by_source(page.sources, page.published_auc),
    )
    rows = table(page.sources, SOURCES, "How well each source ranks default")
    note = Note(page.notes["ceiling"])
    title = Text("What the data can tell", "数据所含信息")
    return Section("sources", title, page.notes["sources"], (Drawings((drawing,)), rows, note))
