"""Validation: ranking by segment and sample, drift of features, vintages by months on book."""

from __future__ import annotations

from typing import TYPE_CHECKING

from creditloom.report.page.drawn import drawings
from creditloom.report.parts.blocks import (
    Drawing,
    Drawings,
    PageBlock,
    Section,
    TableColumn,
    table,
)
from creditloom.report.parts.data import ReportData, Text

if TYPE_CHECKING:
    import pandas as pd

# table: figures of a sample
RANKED = (
    TableColumn("n", "n", "count"),
    TableColumn("bads", "bads", "count"),
    TableColumn("auc", "AUC", "number"),
    TableColumn("ks", "KS", "number"),
    TableColumn("mean_pd", "mean PD", "rate"),
    TableColumn("bad_rate", "bad rate", "rate"),
    TableColumn("o_e", "observed / expected", "number"),
)
SEGMENTS = (TableColumn("field", "field"), TableColumn("group", "group", "name"), *RANKED)
SAMPLES = (TableColumn("sample", "sample"), *RANKED)
# A PSI above it asks for action, as that of the score.
MOST_PSI = 0.25


def segments(data: ReportData) -> Section | None:
    """Return the ranking in each segment, in thin files, of new and repeat customers."""
    if data.segment_power is None or data.segment_power.empty:
        return None
    rows = table(data.segment_power, SEGMENTS, "Ranking and level by segment", name="segment_power")
    lead = "Through the door. A group with fewer than ten bads has no AUC: it would be luck."
    return Section("segment-power", Text("By segment", "分客群"), lead, (rows,))


def samples(data: ReportData) -> Section | None:
    """Return what the model does where it has learnt, where it has not, and out of time."""
    if data.samples is None or data.samples.empty:
        return None
    rows = table(data.samples, SAMPLES, "Training against out-of-time", name="samples")
    lead = (
        "A model that does far better where it has learnt has learnt by heart. Rows learnt from "
        "are a sample; held-out ones were scored by models that had not learnt from them."
    )
    return Section("samples", Text("Overfitting", "过拟合检验"), lead, (rows,))


def drift(data: ReportData) -> Section | None:
    """Return the PSI of each feature by month, the largest first."""
    if data.feature_psi is None or data.feature_psi.empty:
        return None
    months = [
        str(name) for name in data.feature_psi.columns if name not in ("feature", "text", "text_zh")
    ]
    frame = data.feature_psi.assign(largest=data.feature_psi[months].max(axis=1))
    # By name where the largest are equal, so that the page has one order.
    frame = frame.sort_values(["largest", "feature"], ascending=[False, True])
    columns = (
        TableColumn("feature", "feature"),
        *(TableColumn(month, month, "number", most=MOST_PSI) for month in months),
    )
    rows = table(frame, columns, "PSI of each feature by month", fold=100_000, name="feature_psi")
    title = Text("Drift of features", "特征漂移")
    lead = "Each month against a sample of the training months: below 0.10 stable, above 0.25 act."
    return Section("drift", title, lead, (rows,))


def on_book(data: ReportData) -> Section | None:
    """Return the share of loans gone bad by months on book, per quarter of application."""
    if data.curves_on_book is None or data.curves_on_book.empty:
        return None
    frame = data.curves_on_book
    blocks: list[PageBlock] = []
    svg = drawings.book_curves(frame)
    if svg:
        caption = Text("Loans gone bad by months on book", "各账龄累计坏账率")
        blocks.append(Drawings((Drawing(caption, caption.en, svg),)))
    blocks.append(_curve_table(frame))
    lead = (
        "Loans 90 or more days past due so far, by quarter of application. A month that not every "
        "loan of the quarter has reached is left open."
    )
    return Section(
        "on-book", Text("Vintages by months on book", "按账龄的批次表现"), lead, tuple(blocks)
    )


def _curve_table(frame: pd.DataFrame) -> PageBlock:
    months = [name for name in frame.columns if name[0] == "m" and name[1:].isdigit()]
    columns = (
        TableColumn("vintage", "quarter"),
        TableColumn("loans", "loans", "count"),
        *(TableColumn(name, name[1:], "rate") for name in months),
    )
    return table(frame, columns, "Gone bad so far, by month on book", name="curves_on_book")
