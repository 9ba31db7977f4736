"""The simulated world against the numbers that the sources name."""

from __future__ import annotations

from models.report.blocks import Section
from models.report.data import ReportData, Text
from models.report.text import Column, table

CLAIMS = (
    Column("what", "claim"), Column("source", "source"), Column("target", "target", "number"), Column("tolerance", "±", "number"),
    Column("found", "found", "number"), Column("n", "n", "count"), Column("holds", "holds", "name"), Column("why_not", "why not"),
)  # fmt: skip
LEAD = (
    "Every number that the sources name for the population, its events and its loans, beside what this world shows. Some cannot hold "
    "together, or ask what this world does not answer: they stand with their reason."
)


def claims(data: ReportData) -> Section | None:
    """Each claim with target, tolerance and what was found; null in `found` where the world gives no answer."""
    if data.claims is None:
        return None
    frame = data.claims.astype(object).where(data.claims.notna(), None)
    return Section("claims", Text("The simulated world", "模拟世界"), LEAD, (table(frame, CLAIMS, "Claims about the world"),))
