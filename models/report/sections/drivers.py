"""What drives the score: family shares against their targets, how well features show each state, concepts and pictures."""

from __future__ import annotations

import base64
from itertools import groupby

from models.report import charts
from models.report.blocks import Block, Figure, Figures, Note, Section
from models.report.data import Picture, ReportData, Text
from models.report.text import ABSENT, Column, table

FAMILIES = (
    Column("family", "family", "name"), Column("share", "share", "share", bar=True),
    Column("low", "from", "share"), Column("high", "to", "share"),
    Column("target", "target", "share"), Column("tolerance", "± allowed", "share"), Column("mean_abs_points", "mean |points|", "decimal"),
)  # fmt: skip
STATES = (Column("family", "family", "name"), Column("r2", "R²", "number", bar=True), Column("aim", "aim", "number"))
CONCEPTS = (Column("text", "concept"), Column("family", "family", "name"), Column("mean_abs_points", "mean |points|", "decimal", bar=True))


def families(data: ReportData) -> Section | None:
    """Covariance share of each family with its interval and target, and the R2 of each latent state from its own family's features."""
    blocks: list[Block] = []
    if data.families is not None:
        caption, alt = Text("Share of explained log-odds variance per family", "各类信息的贡献占比"), "Family shares beside their targets"
        blocks.append(Figures((Figure(caption, alt, charts.families(data.families)),)))
        blocks.append(table(data.families, FAMILIES, "Family shares: Cov(Φ family, F) / Var(F), summing to 100 %"))
    if data.states is not None:
        blocks.append(table(data.states, STATES, "How well features show each latent state (truth known only in the simulated world)"))
    elif blocks and not data.has_truth:
        blocks.append(Note(f"R² of latent states: {ABSENT}."))
    lead = "How much of what the model explains comes from each kind of information, against the share that the source table gives it."
    return Section("families", Text("Families", "信息类别"), lead, tuple(blocks)) if blocks else None


def pictures(data: ReportData) -> Section | None:
    """Mean absolute points per concept, and the SHAP library's pictures in score points."""
    blocks: list[Block] = []
    if data.pictures:
        alike = groupby(data.pictures, key=lambda picture: picture.name.rstrip("_0123456789"))
        blocks.extend(Figures(tuple(_figure(picture) for picture in pictures)) for _, pictures in alike)
    if data.concepts is not None:
        frame = data.concepts.rename(columns={"text_en": "text"})
        blocks.append(table(frame, CONCEPTS, "Mean absolute points per concept", fold=12))
    lead = "Points are score points: a positive value raises the score. Drawn by the shap library on a sample of out-of-time applications."
    return Section("drivers", Text("What moves the score", "评分驱动因素"), lead, tuple(blocks)) if blocks else None


def _figure(picture: Picture) -> Figure:
    chinese = _address(picture.png_zh) if picture.png_zh else ""
    return Figure(picture.caption, picture.caption.en, png=_address(picture.png), png_zh=chinese)


def _address(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
