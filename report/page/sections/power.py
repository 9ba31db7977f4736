"""The sections on ranking power and on what drives the score.

They show the model beside oracle, reachable and ridge logit, then curves, family shares, concepts
and pictures.
"""

from __future__ import annotations

import base64
from itertools import groupby
from typing import TYPE_CHECKING

from creditloom.report.page import charts
from creditloom.report.page.drawn import drawings
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

if TYPE_CHECKING:
    import pandas as pd

POWER = (
    TableColumn("name", "predictor"),
    TableColumn("auc", "AUC", "number"),
    TableColumn("gini", "Gini", "number"),
    TableColumn("ks", "KS", "number"),
    TableColumn("gini_true", "Gini on true PD", "number"),
    TableColumn("share_of_reachable_gini", "of reachable", "share", bar=True),
    TableColumn("share_of_oracle_gini", "of oracle", "share"),
)
VALIDATION = (
    TableColumn("sample", "sample"),
    TableColumn("metric", "figure"),
    TableColumn("model", "model"),
    TableColumn("model_interval", "95 % interval"),
    TableColumn("ridge", "ridge logit"),
    TableColumn("ridge_interval", "95 % interval"),
    TableColumn("difference", "model less ridge"),
    TableColumn("difference_interval", "95 % interval"),
)
LEAD = (
    "Oracle: the best that anyone could do who knows every latent state. Reachable: the best that "
    "the same features allow, fitted on the truth. Both, and the shares, are Ginis on the true PD, "
    "free of the luck of drawn outcomes. The ridge logit is the simple challenger."
)
LEAD_WITHOUT_TRUTH = "How well the model ranks applicants it has not seen."
OWN_LEAD = "How well the model ranks rows that it did not learn from."


def power(data: ReportData) -> Section | None:
    """Return AUC, Gini and KS side by side, figures of a `fit`, ROC and KS curves."""
    blocks: list[PageBlock] = []
    if data.power is not None:
        blocks.append(
            table(data.power, POWER, "Ranking power, out-of-time applicants", name="power")
        )
        if not data.has_truth:
            blocks.append(Note(f"Oracle and reachable: {ABSENT}."))
    if data.uncertain is not None:
        blocks += [Note(sentence, "fail") for sentence in data.uncertain["text"]]
    if data.validation is not None:
        blocks.append(
            table(data.validation, VALIDATION, _judged_by(data.validation), name="validation")
        )
    if curves := _curves(data):
        blocks.append(Drawings(curves))
    if not blocks:
        return None
    shows_truth = data.power is not None and data.has_truth
    lead = LEAD if shows_truth else LEAD_WITHOUT_TRUTH
    lead = OWN_LEAD if data.is_own else lead
    return Section("power", Text("Discrimination", "区分能力"), lead, tuple(blocks))


def _judged_by(validation: pd.DataFrame) -> str:
    """Return the heading of the figures; out-of-time ones need dates."""
    has_late = "oot" in set(validation["sample"])
    return "Cross-validated and out-of-time figures" if has_late else "Cross-validated figures"


def _curves(data: ReportData) -> tuple[Drawing, ...]:
    drawings = []
    if data.roc is not None:
        caption = Text("ROC: bads declined for each share of goods declined", "ROC 曲线")
        alt = "ROC curves of " + ", ".join(map(str, data.roc["series"].unique()))
        drawings.append(Drawing(caption, alt, charts.roc(data.roc)))
    if data.ks is not None:
        caption = Text("KS: widest gap between bads and goods", "KS 曲线")
        alt = "Cumulative shares of bads and goods, safest applicants first"
        drawings.append(Drawing(caption, alt, charts.ks(data.ks)))
    return tuple(drawings)


# What drives the score.

FAMILIES = (
    TableColumn("family", "family", "name"),
    TableColumn("share", "share", "share", bar=True),
    TableColumn("low", "from", "share"),
    TableColumn("high", "to", "share"),
    TableColumn("target", "target", "share"),
    TableColumn("tolerance", "± allowed", "share"),
    TableColumn("mean_abs_points", "mean |points|", "decimal"),
)
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
DRAWN_BY = " Drawn by the shap library on a sample of out-of-time applications."


def families(data: ReportData) -> Section | None:
    """Return the share of each family, and how well its features predict its latent state.

    A share is shown with its interval and its target. The prediction is measured by R2.
    """
    blocks: list[PageBlock] = []
    if data.families is not None:
        caption = Text("Share of explained log-odds variance per family", "各类信息的贡献占比")
        alt = "Family shares beside their targets"
        blocks.append(Drawings((Drawing(caption, alt, charts.families(data.families)),)))
        heading = "Family shares: Cov(Φ family, F) / Var(F), summing to 100 %"
        blocks.append(table(data.families, FAMILIES, heading, name="families"))
    if data.states is not None:
        heading = (
            "How well features show each latent state (truth known only in the simulated world)"
        )
        blocks.append(table(data.states, STATES, heading, name="states"))
    elif blocks and not data.has_truth:
        blocks.append(Note(f"R² of latent states: {ABSENT}."))
    if not blocks:
        return None
    lead = (
        "How much of what the model explains comes from each kind of information, against the "
        "share that the source table gives it."
    )
    return Section("families", Text("Families", "信息类别"), lead, tuple(blocks))


def pictures(data: ReportData) -> Section | None:
    """Return mean absolute points per concept, and the shap library's pictures in score points."""
    blocks: list[PageBlock] = []
    if data.swarm:
        words = {row["feature"]: Text(row["text_en"], row["text_zh"]) for row in data.swarm}
        caption = Text("Points of each applicant, strongest features", "最强特征的分值分布")
        blocks.append(Drawings((Drawing(caption, caption.en, drawings.swarm(data.swarm, words)),)))
    # Pictures of one kind (`dependence_1`, `dependence_2`) stand side by side.
    for _, group in groupby(data.pictures, key=_kind_of_picture):
        blocks.append(Drawings(tuple(_drawing(picture) for picture in group)))
    if data.concepts is not None:
        frame = data.concepts.rename(columns={"text_en": "text"})
        blocks.append(
            table(frame, CONCEPTS, "Mean absolute points per concept", fold=100, name="concepts")
        )
    if not blocks:
        return None
    title = Text("What moves the score", "评分驱动因素")
    lead = "Points are score points: a positive value raises the score."
    lead += " Means over evenly spaced rows of the table." if data.is_own else DRAWN_BY
    return Section("drivers", title, lead, tuple(blocks))


def _kind_of_picture(picture: Picture) -> str:
    return picture.name.rstrip("_0123456789")


def _drawing(picture: Picture) -> Drawing:
    chinese = _address(picture.png_zh) if picture.png_zh else ""
    return Drawing(picture.caption, picture.caption.en, png=_address(picture.png), png_zh=chinese)


def _address(png: bytes) -> str:
    """Return a PNG as a data URL, so that the page needs no second file."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
