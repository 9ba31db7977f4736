"""The parts of the report in reading order; each takes the whole `ReportData` and returns its section, or None when its data is absent."""

from __future__ import annotations

from collections.abc import Callable

from creditloom.report.page.sections import answers, grades, power, summary
from creditloom.report.parts.blocks import Section
from creditloom.report.parts.data import ReportData

ORDER: tuple[Callable[[ReportData], Section | None], ...] = (
    summary.bars, summary.flow, power.power, grades.calibration, grades.tiers, grades.vintages, grades.portfolio,
    power.families, answers.answers, power.pictures, summary.fairness, summary.claims, summary.selection, summary.runtime, summary.glossary,
)  # fmt: skip


def sections(data: ReportData) -> tuple[Section, ...]:
    """Every section that `data` has something for."""
    return tuple(section for build in ORDER if (section := build(data)) is not None)
