"""How well the model ranks: figures beside oracle, reachable and ridge, and the curves."""

from __future__ import annotations

import base64
from itertools import groupby

from creditloom.report.page import charts
from creditloom.report.parts.blocks import (
    ABSENT,
    Drawing,
    Drawings,
    Note,
    PageBlock,
    Section,
    TableColumn,
    table,
)
from creditloom.report.parts.data import Picture, ReportData, Text

POWER = (
    TableColumn("name", "predictor"), TableColumn("auc", "AUC", "number"), TableColumn("gini", "Gini", "number"), TableColumn("ks", "KS", "number"),
    TableColumn("gini_true", "Gini on true PD", "number"),
    TableColumn("share_of_reachable_gini", "of reachable", "share", bar=True), TableColumn("share_of_oracle_gini", "of oracle", "share"),
)  # fmt: skip
VALIDATION = (
    TableColumn("sample", "sample"), TableColumn("metric", "figure"), TableColumn("mean", "model", "number"), TableColumn("sd", "± sd", "number"),
    TableColumn("ridge_mean", "ridge logit", "number"), TableColumn("ridge_sd", "± sd", "number"),
)  # fmt: skip
LEAD = (
    "Oracle: the best that anyone could do who knows every latent state. Reachable: the best that the same features allow, fitted on the "
    "truth. Both, and the shares, are Ginis on the true PD, free of the luck of drawn outcomes. The ridge logit is the simple challenger."
)


def power(data: ReportData) -> Section | None:
    """AUC, Gini and KS side by side, cross-validated figures where a `fit` made them, ROC and KS curves."""
    blocks: list[PageBlock] = []
    if data.power is not None:
        blocks.append(table(data.power, POWER, "Ranking power, out-of-time applicants"))
        if not data.has_truth:
            blocks.append(Note(f"Oracle and reachable: {ABSENT}."))
    if data.validation is not None:
        blocks.append(table(data.validation, VALIDATION, "Cross-validated and out-of-time figures"))
    if curves := _curves(data):
        blocks.append(Drawings(curves))
    lead = (
        LEAD
        if data.power is not None and data.has_truth
        else "How well the model ranks applicants it has not seen."
    )
    return (
        Section("power", Text("Discrimination", "区分能力"), lead, tuple(blocks))
        if blocks
        else None
    )


def _curves(data: ReportData) -> tuple[Drawing, ...]:
    figures = []
    if data.roc is not None:
        caption = Text("ROC: bads declined for each share of goods declined", "ROC 曲线")
        figures.append(
            Drawing(
                caption,
                "ROC curves of " + ", ".join(map(str, data.roc["series"].unique())),
                charts.roc(data.roc),
            )
        )
    if data.ks is not None:
        caption = Text("KS: widest gap between bads and goods", "KS 曲线")
        alt = "Cumulative shares of bads and goods, safest applicants first"
        figures.append(Drawing(caption, alt, charts.ks(data.ks)))
    return tuple(figures)


# What drives the score: family shares against their targets, how well features show each state, concepts and pictures.

FAMILIES = (
    TableColumn("family", "family", "name"), TableColumn("share", "share", "share", bar=True),
    TableColumn("low", "from", "share"), TableColumn("high", "to", "share"),
    TableColumn("target", "target", "share"), TableColumn("tolerance", "± allowed", "share"), TableColumn("mean_abs_points", "mean |points|", "decimal"),
)  # fmt: skip
STATES = (
    TableColumn("family", "family", "name"),
    TableColumn("r2", "R²", "number", bar=True),
    TableColumn("aim", "aim", "number"),
)
CONCEPTS = (
    TableColumn("text", "concept"),
    TableColumn("family", "family", "name"),
    TableColumn("mean_abs_points", "mean |points|", "decimal", bar=True),
)


def families(data: ReportData) -> Section | None:
    """Covariance share of each family with its interval and target, and the R2 of each latent state from its own family's features."""
    blocks: list[PageBlock] = []
    if data.families is not None:
        caption, alt = (
            Text("Share of explained log-odds variance per family", "各类信息的贡献占比"),
            "Family shares beside their targets",
        )
        blocks.append(Drawings((Drawing(caption, alt, charts.families(data.families)),)))
        blocks.append(
            table(
                data.families,
                FAMILIES,
                "Family shares: Cov(Φ family, F) / Var(F), summing to 100 %",
            )
        )
    if data.states is not None:
        blocks.append(
            table(
                data.states,
                STATES,
                "How well features show each latent state (truth known only in the simulated world)",
            )
        )
    elif blocks and not data.has_truth:
        blocks.append(Note(f"R² of latent states: {ABSENT}."))
    lead = "How much of what the model explains comes from each kind of information, against the share that the source table gives it."
    return (
        Section("families", Text("Families", "信息类别"), lead, tuple(blocks)) if blocks else None
    )


def pictures(data: ReportData) -> Section | None:
    """Mean absolute points per concept, and the SHAP library's pictures in score points."""
    blocks: list[PageBlock] = []
    if data.pictures:
        alike = groupby(data.pictures, key=lambda picture: picture.name.rstrip("_0123456789"))
        blocks.extend(
            Drawings(tuple(_figure(picture) for picture in pictures)) for _, pictures in alike
        )
    if data.concepts is not None:
        frame = data.concepts.rename(columns={"text_en": "text"})
        blocks.append(table(frame, CONCEPTS, "Mean absolute points per concept", fold=12))
    lead = "Points are score points: a positive value raises the score. Drawn by the shap library on a sample of out-of-time applications."
    return (
        Section("drivers", Text("What moves the score", "评分驱动因素"), lead, tuple(blocks))
        if blocks
        else None
    )


def _figure(picture: Picture) -> Drawing:
    chinese = _address(picture.png_zh) if picture.png_zh else ""
    return Drawing(picture.caption, picture.caption.en, png=_address(picture.png), png_zh=chinese)


def _address(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
