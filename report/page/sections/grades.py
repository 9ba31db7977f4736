"""Whether a PD means what it says: calibration tests, reliability, tiers, vintages and portfolio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from creditloom.report.page import charts
from creditloom.report.parts.blocks import (
    Drawing,
    Drawings,
    PageBlock,
    PageTable,
    Section,
    TableCell,
    TableColumn,
    show,
    table,
)
from creditloom.report.parts.data import ReportData, Text

if TYPE_CHECKING:
    import pandas as pd

TIERS = (
    TableColumn("tier", "tier"), TableColumn("pd_low", "PD from", "rate"), TableColumn("pd_high", "below", "rate"), TableColumn("n", "n", "count"),
    TableColumn("share", "share", "share", bar=True), TableColumn("mean_pd", "mean PD", "rate"), TableColumn("observed", "observed", "rate"),
    TableColumn("bads", "bads", "count"), TableColumn("daily_rate", "daily rate", "daily"), TableColumn("apr", "APR", "rate"),
    TableColumn("limit_cny", "mean limit", "money"),
)  # fmt: skip
VINTAGES = (
    TableColumn("vintage", "month"), TableColumn("role", "used for"), TableColumn("n", "applications", "count"), TableColumn("bad_rate", "bad rate", "rate"),
    TableColumn("mean_pd", "mean PD", "rate"), TableColumn("approval_rate", "approved", "share"),
    TableColumn("psi", "score PSI", "number", bar=True, most=0.25),
)  # fmt: skip
FIGURES = (
    TableColumn("model", "model", ""),
    TableColumn("ridge", "ridge logit", ""),
)  # these read by the `kind` of their row
TESTS = (TableColumn("test", "test"), *FIGURES, TableColumn("reading", "how to read it"))
SWAPS = (
    TableColumn("who", "approved by"),
    TableColumn("n", "applicants", "count"),
    TableColumn("bad_rate", "bad rate", "rate"),
)
MEASURES = (TableColumn("measure", "measure"), *FIGURES)
CALIBRATED = (
    "A PD of 2 % should mean that two of a hundred such applicants default. "
    "One affine step on the log-odds, fitted on months of its own, sees to that."
)


def calibration(data: ReportData) -> Section | None:
    """Reliability plot and the table of tests, the ridge's figures beside the model's."""
    blocks: list[PageBlock] = []
    if data.reliability is not None:
        caption, alt = (
            Text("Observed bad rate against mean PD, with its interval", "可靠性图"),
            "Observed bad rate by mean PD",
        )
        blocks.append(Drawings((Drawing(caption, alt, charts.reliability(data.reliability)),)))
    if data.tests is not None:
        blocks.append(_mixed(data.tests, TESTS, "Calibration tests"))
    return (
        Section("calibration", Text("Calibration", "校准"), CALIBRATED, tuple(blocks))
        if blocks
        else None
    )


def tiers(data: ReportData) -> Section | None:
    """The tier table and its picture."""
    if data.tiers is None:
        return None
    caption = Text("Tiers: share of applicants, mean PD and observed bad rate", "等级分布")
    figure = Drawing(
        caption,
        f"Share, mean PD and observed bad rate of {len(data.tiers)} tiers",
        charts.tiers(data.tiers),
    )
    lead = "Tiers are bands of PD. Same tier, product and date means the same price."
    blocks = (
        Drawings((figure,)),
        table(data.tiers, TIERS, "Tiers of applicants that the model was not trained on"),
    )
    return Section("tiers", Text("Tiers", "信用等级"), lead, blocks)


def vintages(data: ReportData) -> Section | None:
    """Bad rate, mean PD and score PSI by month of application."""
    if data.vintages is None:
        return None
    caption = Text("Bad rate and mean PD by month of application", "各月坏账率")
    figure = Drawing(
        caption,
        f"Bad rate and mean PD over {len(data.vintages)} months",
        charts.vintages(data.vintages),
    )
    lead = "Score PSI compares each month with the training months: below 0.10 stable, to 0.25 watch, above it act."
    blocks = (Drawings((figure,)), table(data.vintages, VINTAGES, "Application months", fold=12))
    return Section("vintages", Text("Vintages and stability", "账龄与稳定性"), lead, blocks)


def portfolio(data: ReportData) -> Section | None:
    """Approval, bad rate, limits, rates and profit at the same cut, ridge beside the model."""
    blocks: list[PageBlock] = []
    if data.portfolio is not None:
        blocks.append(_mixed(data.portfolio, MEASURES, "Portfolio of the out-of-time months"))
    if data.swaps is not None:
        blocks.append(
            table(
                data.swaps,
                SWAPS,
                "Whom model and ridge logit choose apart, at the same number of approvals",
            )
        )
    lead = "What the decisions add up to; approval is counted before affordability and consent."
    return (
        Section("portfolio", Text("Portfolio", "资产组合"), lead, tuple(blocks)) if blocks else None
    )


def _mixed(frame: pd.DataFrame, columns: tuple[TableColumn, ...], caption: str) -> PageTable:
    """A table whose figures (columns without a kind) read by the row's `kind`; an all-null column is left out."""
    kept = [
        column for column in columns if column.name in frame and not frame[column.name].isna().all()
    ]
    records = frame.to_dict("records")
    rows = tuple(
        tuple(
            TableCell(Text(show(record[column.name], column.kind or record["kind"])))
            for column in kept
        )
        for record in records
    )
    return PageTable(caption, tuple(c.head for c in kept), tuple(not c.kind for c in kept), rows)
