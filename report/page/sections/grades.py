"""The sections on the PD's level: calibration, reliability, tiers, vintages and portfolio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from creditloom.report.page import charts
from creditloom.report.page.drawn import drawings
from creditloom.report.page.sections.asked.decision import mixed
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
    pass

# table: columns
TIERS = (
    TableColumn("tier", "tier"),
    TableColumn("pd_low", "PD from", "rate"),
    TableColumn("pd_high", "below", "rate"),
    TableColumn("n", "n", "count"),
    TableColumn("share", "share", "share", bar=True),
    TableColumn("mean_pd", "mean PD", "rate"),
    TableColumn("observed", "observed", "rate"),
    TableColumn("bads", "bads", "count"),
    TableColumn("jeffreys_p", "p (Jeffreys)", "p"),
    TableColumn("binomial_p", "p (binomial)", "p"),
    TableColumn("daily_rate", "daily rate", "daily"),
    TableColumn("apr", "APR", "rate"),
    TableColumn("limit_cny", "mean limit", "money"),
)
# A score PSI above 0.25 is marked: it asks for action. The text of the section says so too.
# table: columns
VINTAGES = (
    TableColumn("vintage", "month"),
    TableColumn("role", "used for"),
    TableColumn("n", "applications", "count"),
    TableColumn("bad_rate", "bad rate", "rate"),
    TableColumn("mean_pd", "mean PD", "rate"),
    TableColumn("approval_rate", "approved", "share"),
    TableColumn("auc", "AUC, booked", "number"),
    TableColumn("o_e", "observed / expected", "number"),
    TableColumn("psi", "score PSI", "number", bar=True, most=0.25),
)
# Columns without a kind of their own: each figure is formatted by the `kind` of its row.
FIGURES = (TableColumn("model", "model", ""), TableColumn("ridge", "ridge logit", ""))
TESTS = (TableColumn("test", "test"), *FIGURES, TableColumn("reading", "how to read it"))
BRIDGE = (
    TableColumn("step", "step"),
    TableColumn("amount_cny", "adds, yuan", "cents"),
    TableColumn("profit_cny", "profit then, yuan", "cents"),
)
MEASURES = (TableColumn("measure", "measure"), *FIGURES)
# An adjusted p-value below 0.01 is marked: the PD of this group is wrong.
# table: columns
GROUPS = (
    TableColumn("sample", "on", "name"),
    TableColumn("field", "field"),
    TableColumn("group", "group", "name"),
    TableColumn("n", "n", "count"),
    TableColumn("bads", "bads", "count"),
    TableColumn("mean_pd", "mean PD", "rate"),
    TableColumn("mean_pd_low", "95 % from", "rate"),
    TableColumn("mean_pd_high", "to", "rate"),
    TableColumn("o_e", "observed / expected", "number"),
    TableColumn("low", "95 % from", "number"),
    TableColumn("high", "to", "number"),
    TableColumn("p_holm", "p (Holm)", "p", least=0.01),
    TableColumn("shape_o_e", "level aligned", "number"),
    TableColumn("shape_p_holm", "p (Holm)", "p", least=0.01),
)
GROUPS_HEADING = "Calibration of groups: observed against expected bads"
CALIBRATED = (
    "A PD of 2 % should mean that two of a hundred such applicants default. "
    "One affine step on the log-odds, fitted on months of its own, sees to that."
)
OWN_CALIBRATED = (
    "A PD of 2 % should mean that two of a hundred such rows are bad. "
    "The level is fitted on PDs of rows that the model did not learn from."
)


def calibration(data: ReportData) -> Section | None:
    """Return the reliability plot and the table of tests, ridge beside model."""
    blocks: list[PageBlock] = []
    if data.reliability is not None:
        caption = Text("Observed bad rate against mean PD, with its interval", "可靠性图")
        alt = "Observed bad rate by mean PD"
        blocks.append(Drawings((Drawing(caption, alt, charts.reliability(data.reliability)),)))
    if data.tests is not None:
        blocks.append(mixed(data.tests, TESTS, "Calibration tests", "tests"))
    if data.groups is not None:
        blocks.append(table(data.groups, GROUPS, GROUPS_HEADING, fold=500, name="groups"))
    if not blocks:
        return None
    lead = OWN_CALIBRATED if data.is_own else CALIBRATED
    return Section("calibration", Text("Calibration", "校准"), lead, tuple(blocks))


def tiers(data: ReportData) -> Section | None:
    """Return the tier table and its picture."""
    if data.tiers is None:
        return None
    caption = Text("Tiers: share of applicants, mean PD and observed bad rate", "等级分布")
    alt = f"Share, mean PD and observed bad rate of {len(data.tiers)} tiers"
    drawing = Drawing(caption, alt, charts.tiers(data.tiers))
    heading = "Tiers of applicants that the model was not trained on"
    lead = "Tiers are bands of PD. Same tier, product and date means the same price."
    if data.is_own:
        heading = "Tiers by held-out PDs"
        lead = "Tiers are bands of PD around the table's bad rate. The tier alone decides."
    rows = table(data.tiers, TIERS, heading, name="tiers")
    return Section("tiers", Text("Tiers", "信用等级"), lead, (Drawings((drawing,)), rows))


def vintages(data: ReportData) -> Section | None:
    """Return bad rate, mean PD and score PSI by month of application."""
    if data.vintages is None:
        return None
    caption = Text("Bad rate and mean PD by month of application", "各月坏账率")
    alt = f"Bad rate and mean PD over {len(data.vintages)} months"
    drawing = Drawing(caption, alt, charts.vintages(data.vintages))
    rows = table(data.vintages, VINTAGES, "Application months", fold=100, name="vintages")
    title = Text("Vintages and stability", "账龄与稳定性")
    lead = (
        "Score PSI compares each month with the training months: below 0.10 stable, to 0.25 watch, "
        "above it act."
    )
    drawn = [drawing]
    if "auc" in data.vintages and (svg := drawings.month_lines(data.vintages)):
        told = Text("AUC of booked loans by month of application", "各月已放款贷款的 AUC")
        drawn.append(Drawing(told, told.en, svg))
    return Section("vintages", title, lead, (Drawings(tuple(drawn)), rows))


def portfolio(data: ReportData) -> Section | None:
    """Return approval, bad rate, limits, rates and profit of both models at the same cut-off."""
    blocks: list[PageBlock] = []
    if data.portfolio is not None:
        blocks.append(
            mixed(data.portfolio, MEASURES, "Portfolio of the out-of-time months", "portfolio")
        )
    if data.profit_bridge is not None:
        caption = "Profit of a year, step by step: from the price to the book run forward"
        blocks.append(table(data.profit_bridge, BRIDGE, caption, name="profit_bridge"))
    if not blocks:
        return None
    lead = "What the decisions add up to; approval is counted before affordability and consent."
    return Section("portfolio", Text("Portfolio", "资产组合"), lead, tuple(blocks))
