"""The sections of the report in reading order.

Each takes the whole `ReportData` and returns its section, or None when its data is absent.
"""

from __future__ import annotations

from collections.abc import Callable

from creditloom.report.page.sections import (
    answers,
    fairness,
    grades,
    own_table,
    power,
    rivals,
    summary,
    true_reasons,
)
from creditloom.report.parts.blocks import Section
from creditloom.report.parts.data import ReportData

# table: the sections in reading order
ORDER: tuple[Callable[[ReportData], Section | None], ...] = (
    rivals.duels,
    summary.bars,
    own_table.warnings,
    summary.flow,
    power.power,
    grades.calibration,
    grades.tiers,
    grades.vintages,
    grades.portfolio,
    power.families,
    answers.answers,
    true_reasons.true_reasons,
    power.pictures,
    summary.fairness,
    fairness.rows,
    fairness.proxies,
    fairness.laws,
    summary.claims,
    summary.selection,
    summary.beyond,
    summary.runtime,
    summary.glossary,
)


def sections(data: ReportData) -> tuple[Section, ...]:
    """Return every section that `data` has something for."""
    built = (build(data) for build in ORDER)
    return tuple(section for section in built if section is not None)
