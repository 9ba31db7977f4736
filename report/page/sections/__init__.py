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
# table: the chapters in reading order, each with its sections
CHAPTERS: tuple[tuple[str, Text, tuple[Build, ...]], ...] = (
    ("decision", Text("Decision", "决策"), (
        decision.figures,
        own_table.warnings,
        summary.bars,
        rivals.duels,
        decision.beside,
        grades.portfolio,
    )),
    ("cutoff", Text("Cut-off", "分界点"), (
        workbench.cutoffs,
        workbench.gains,
        decision.swaps,
    )),
    ("model", Text("Model", "模型"), (
        model_card.card,
        summary.flow,
        model_card.samples,
        model_card.settings,
        model_card.features,
        power.families,
        power.pictures,
    )),
    ("validation", Text("Validation", "验证"), (
        power.power,
        validation.samples,
        grades.vintages,
        validation.segments,
        grades.calibration,
        grades.tiers,
        validation.drift,
        validation.on_book,
    )),
    ("fairness", Text("Fairness", "公平性"), (
        fairness.rows,
        summary.fairness,
        fairness.proxies,
        fairness.laws,
    )),
    ("applicants", Text("Applicants", "申请人"), (
        people.applicants,
        answers.answers,
        true_reasons.true_reasons,
    )),
    ("appendix", Text("Appendix", "附录"), (
        summary.claims,
        summary.selection,
        summary.beyond,
        summary.runtime,
        summary.glossary,
    )),
)  # fmt: skip
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
