"""Makes the report of `creditloom fit`: turns a fitted table into the data of a report page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from creditloom.decision.decide import Decider
from creditloom.models.evaluation.figures import curves, reliability, tier_table
from creditloom.models.evaluation.groups.audit import reason_table
from creditloom.models.fit.judgement.reported import (
    FittedTable,
    fairness_table,
    few_told,
    held_out,
    validation,
)
from creditloom.models.fit.judgement.validation import MODEL, RIDGE
from creditloom.models.fit.leaks.proxies import ProxyFigure
from creditloom.models.fit.leaks.table_warning import TableWarning
from creditloom.report.fit_parts import fit_parts
from creditloom.report.parts.data import BarResult, FlowStep, ReportData, Text

BINS = 10  # of the reliability plot
# Rows from which the mean points per concept are computed: enough for a mean, and still fast.
SAMPLE = 2_000


def report(fitted: FittedTable, decider: Decider, frame: pd.DataFrame, title: str) -> ReportData:
    """Return the data of the page.

    Figures are computed on held-out PDs (mean over the repeats). Decisions and points come from the
    final model. `frame` holds the decided rows: application_id and the feature columns.
    """
    cohort = held_out(fitted)
    roc, ks = curves(cohort)
    texts = _texts(decider)
    reasons = reason_table(fitted.decisions).merge(texts, on="concept", how="left")
    has_protected = len(fitted.protected.columns) > 0
    # table: part -> content
    return ReportData(
        title=title,
        subtitle="A table of your own: figures are of rows that the model did not learn from",
        has_truth=False,
        is_own=True,
        facts=_facts(fitted, decider),
        bars=_cards(fitted),
        flow=_flow(fitted),
        validation=validation(fitted),
        uncertain=pd.DataFrame({"text": few_told(fitted)}),
        roc=roc,
        ks=ks,
        reliability=reliability(cohort, BINS),
        tiers=tier_table(cohort, fitted.tiers),
        reasons=reasons,
        fairness=fairness_table(fitted) if has_protected else None,
        concepts=_concepts(decider, frame, texts),
        selection=_left_out(fitted),
        **fit_parts(fitted, cohort, decider, frame, sample_places(len(frame))),
    )


def with_warnings(
    page: ReportData, found: Sequence[TableWarning], figures: Sequence[ProxyFigure]
) -> ReportData:
    """Return the page with the section of warnings."""
    rows = []
    for warning in found:
        level = "accepted" if warning.is_accepted else warning.level
        rows.append((level, warning.name, warning.text, warning.next_step))
    return replace(
        page,
        warnings=pd.DataFrame(rows, columns=["level", "name", "text", "next_step"]),
        proxies=pd.DataFrame([vars(figure) for figure in figures]),
    )


def _facts(fitted: FittedTable, decider: Decider) -> tuple[tuple[str, str], ...]:
    return (
        ("bundle", decider.bundle.version[:16]),
        ("behind the figures", fitted.cv.evidence.told),
        ("decisions by", "the final model, of all rows"),
        ("tier cut", _cut(fitted)),
    )


def _texts(decider: Decider) -> pd.DataFrame:
    """Return concept, text_en, text_zh, family: one row per concept."""
    names = ("text_en", "text_zh", "family")
    rows = []
    for concept in decider.bundle.scorer.catalogue.concepts:
        rows.append({"concept": concept.id, **{name: getattr(concept, name) for name in names}})
    return pd.DataFrame(rows)


def _concepts(decider: Decider, frame: pd.DataFrame, texts: pd.DataFrame) -> pd.DataFrame:
    """Return the concepts with their mean absolute points on a sample, most points first."""
    sample = frame.iloc[sample_places(len(frame))]
    mean_points = decider.points(sample)[1].abs().mean()
    rows = texts.assign(mean_abs_points=texts["concept"].map(mean_points))
    return rows.sort_values("mean_abs_points", ascending=False)


def sample_places(n: int) -> np.ndarray:
    """Return the places of at most `SAMPLE` of `n` rows, evenly spaced.

    The same table gives the same rows, and no seed is needed.
    """
    return np.unique(np.linspace(0, n - 1, min(SAMPLE, n)).astype(int))


def _cards(fitted: FittedTable) -> tuple[BarResult, ...]:
    """Return the cross-validated figures as cards, each with its interval.

    No figure is judged, because no bar was set before the fit.
    """
    named = (
        ("auc", "cross-validated AUC", "交叉验证 AUC"),
        ("ks", "cross-validated KS", "交叉验证 KS"),
        ("brier", "Brier score", "Brier 分数"),
    )
    cards = []
    for name, english, chinese in named:
        model = fitted.cv.figures[MODEL][name]
        ridge = fitted.cv.figures[RIDGE][name]
        note = f"95 %: {model.interval_told}; ridge {ridge.told}"
        cards.append(BarResult(Text(english, chinese), model.told, "text", "", None, note))
    return tuple(cards)


def _flow(fitted: FittedTable) -> tuple[FlowStep, ...]:
    n = len(fitted.label)
    model = fitted.final.model
    columns = model.encoding.names
    rows = f"{int(fitted.label.sum()):,} bad, {fitted.bad_rows:,} set aside"
    n_categories = sum(column.is_category for column in model.encoding.columns)
    categories = f"{n_categories:,} of them categories"
    return (
        FlowStep(Text("rows", "样本"), n, rows),
        FlowStep(Text("features", "特征"), len(columns), categories),
        FlowStep(Text("model", "模型"), model.n_trees, "trees"),
        FlowStep(Text("decisions", "决策"), n, "one per row"),
    )


def _cut(fitted: FittedTable) -> str:
    # The seventh tier, G7, is the first that is not approved.
    return f"approved below PD {fitted.tiers.tiers[6].pd_low:.2%}, the table's bad rate"


def _left_out(fitted: FittedTable) -> pd.DataFrame | None:
    rows = []
    for fall in fitted.final.model.fallen:
        rows.append((fall.name, fall.reason, fall.of or f"{fall.figure:g}"))
    return pd.DataFrame(rows, columns=["feature", "why", "detail"]) if rows else None
