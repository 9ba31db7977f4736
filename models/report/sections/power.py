"""How well the model ranks: figures beside oracle, reachable and ridge, and the curves."""

from __future__ import annotations

from models.report import charts
from models.report.blocks import Block, Figure, Figures, Note, Section
from models.report.data import ReportData, Text
from models.report.text import ABSENT, Column, table

POWER = (
    Column("name", "predictor"), Column("auc", "AUC", "number"), Column("gini", "Gini", "number"), Column("ks", "KS", "number"),
    Column("gini_true", "Gini on true PD", "number"),
    Column("share_of_reachable_gini", "of reachable", "share", bar=True), Column("share_of_oracle_gini", "of oracle", "share"),
)  # fmt: skip
VALIDATION = (
    Column("sample", "sample"), Column("metric", "figure"), Column("mean", "model", "number"), Column("sd", "± sd", "number"),
    Column("ridge_mean", "ridge logit", "number"), Column("ridge_sd", "± sd", "number"),
)  # fmt: skip
LEAD = (
    "Oracle: the best that anyone could do who knows every latent state. Reachable: the best that the same features allow, fitted on the "
    "truth. Both, and the shares, are Ginis on the true PD, free of the luck of drawn outcomes. The ridge logit is the simple challenger."
)


def power(data: ReportData) -> Section | None:
    """AUC, Gini and KS side by side, cross-validated figures where a `fit` made them, ROC and KS curves."""
    blocks: list[Block] = []
    if data.power is not None:
        blocks.append(table(data.power, POWER, "Ranking power, out-of-time applicants"))
        if not data.has_truth:
            blocks.append(Note(f"Oracle and reachable: {ABSENT}."))
    if data.validation is not None:
        blocks.append(table(data.validation, VALIDATION, "Cross-validated and out-of-time figures"))
    if curves := _curves(data):
        blocks.append(Figures(curves))
    lead = LEAD if data.power is not None and data.has_truth else "How well the model ranks applicants it has not seen."
    return Section("power", Text("Discrimination", "区分能力"), lead, tuple(blocks)) if blocks else None


def _curves(data: ReportData) -> tuple[Figure, ...]:
    figures = []
    if data.roc is not None:
        caption = Text("ROC: bads declined for each share of goods declined", "ROC 曲线")
        figures.append(Figure(caption, "ROC curves of " + ", ".join(map(str, data.roc["series"].unique())), charts.roc(data.roc)))
    if data.ks is not None:
        caption = Text("KS: widest gap between bads and goods", "KS 曲线")
        alt = "Cumulative shares of bads and goods, safest applicants first"
        figures.append(Figure(caption, alt, charts.ks(data.ks)))
    return tuple(figures)
