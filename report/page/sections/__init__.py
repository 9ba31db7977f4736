"""The chapters and sections of the report in reading order.

Each section takes the whole `ReportData` and returns itself, or None when its data is absent.
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
from creditloom.report.page.sections.asked import (
    decision,
    model_card,
    people,
    validation,
    workbench,
)
from creditloom.report.parts.blocks import Chapter, Section
from creditloom.report.parts.data import ReportData, Text

Build = Callable[[ReportData], Section | None]
# table: sections of a chapter, in reading order
DECISION: tuple[Build, ...] = (
    decision.figures,
    own_table.warnings,
    summary.bars,
    rivals.duels,
    decision.beside,
    grades.portfolio,
)
# table: sections of a chapter, in reading order
CUTOFF: tuple[Build, ...] = (
    workbench.cutoffs,
    workbench.gains,
    decision.swaps,
)
# table: sections of a chapter, in reading order
MODEL: tuple[Build, ...] = (
    model_card.card,
    summary.flow,
    model_card.samples,
    model_card.settings,
    model_card.features,
    power.families,
    power.pictures,
)
# table: sections of a chapter, in reading order
VALIDATION: tuple[Build, ...] = (
    power.power,
    validation.samples,
    grades.vintages,
    validation.segments,
    grades.calibration,
    grades.tiers,
    validation.drift,
    validation.on_book,
)
# table: sections of a chapter, in reading order
FAIRNESS: tuple[Build, ...] = (
    fairness.rows,
    summary.fairness,
    fairness.proxies,
    fairness.laws,
)
# table: sections of a chapter, in reading order
APPLICANTS: tuple[Build, ...] = (
    people.applicants,
    answers.answers,
    true_reasons.true_reasons,
)
# table: sections of a chapter, in reading order
APPENDIX: tuple[Build, ...] = (
    summary.claims,
    summary.selection,
    summary.beyond,
    summary.runtime,
    summary.glossary,
)
# table: the chapters in reading order
CHAPTERS: tuple[tuple[str, Text, tuple[Build, ...]], ...] = (
    ("decision", Text("Decision", "决策"), DECISION),
    ("cutoff", Text("Cut-off", "分界点"), CUTOFF),
    ("model", Text("Model", "模型"), MODEL),
    ("validation", Text("Validation", "验证"), VALIDATION),
    ("fairness", Text("Fairness", "公平性"), FAIRNESS),
    ("applicants", Text("Applicants", "申请人"), APPLICANTS),
    ("appendix", Text("Appendix", "附录"), APPENDIX),
)
ORDER: tuple[Build, ...] = tuple(build for _, _, builds in CHAPTERS for build in builds)


def chapters(data: ReportData) -> tuple[Chapter, ...]:
    """Return the chapters that `data` has a section for."""
    found = []
    for id_, title, builds in CHAPTERS:
        built = (build(data) for build in builds)
        shown = tuple(section for section in built if section is not None)
        if shown:
            found.append(Chapter(id_, title, shown))
    return tuple(found)


def sections(data: ReportData) -> tuple[Section, ...]:
    """Return every section that `data` has something for, in reading order."""
    return tuple(section for chapter in chapters(data) for section in chapter.sections)
