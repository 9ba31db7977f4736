"""The parts of the report in reading order; each takes the whole `ReportData` and returns its section, or None when its data is absent."""

from __future__ import annotations

from collections.abc import Callable

from models.report.blocks import Section
from models.report.data import ReportData

from . import answers, audit, drivers, grades, power, summary, world

ORDER: tuple[Callable[[ReportData], Section | None], ...] = (
    summary.bars, summary.flow, power.power, grades.calibration, grades.tiers, grades.vintages, grades.portfolio,
    drivers.families, answers.answers, drivers.pictures, audit.fairness, world.claims, audit.selection, audit.runtime, audit.glossary,
)  # fmt: skip


def sections(data: ReportData) -> tuple[Section, ...]:
    """Every section that `data` has something for."""
    return tuple(section for build in ORDER if (section := build(data)) is not None)
