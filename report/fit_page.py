"""The report of a fitted table, made of the parts that the house's report knows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from creditloom.decision.decide import Decider
from creditloom.models.evaluation.audit import reason_table
from creditloom.models.evaluation.figures import curves, reliability, tier_table
from creditloom.models.fit.judgement import Fitted, fairness_table, held_out, validation
from creditloom.report.parts.data import BarResult, Example, FlowStep, ReportData, Text
from creditloom.report.parts.examples import choose, examples

BINS, EXAMPLES, SAMPLE = 10, 4, 2_000


def report(fitted: Fitted, decider: Decider, frame: pd.DataFrame, title: str) -> ReportData:
    """All parts. Figures are of held-out PDs (mean over the repeats), decisions and points of the final model.

    `frame` is what was decided: application_id and the feature columns.
    """
    cohort = held_out(fitted)
    roc, ks = curves(cohort)
    concepts, chosen = decider.bundle.scorer.catalogue.concepts, choose(fitted.decisions, EXAMPLES)
    texts = pd.DataFrame(
        [
            {"concept": c.id, "text_en": c.text_en, "text_zh": c.text_zh, "family": c.family}
            for c in concepts
        ]
    )
    sample = np.unique(np.linspace(0, len(frame) - 1, min(SAMPLE, len(frame))).astype(int))
    mean_points = decider.points(frame.iloc[sample])[1].abs().mean()
    return ReportData(
        title=title, subtitle="A table of your own: figures are of rows unseen in training", has_truth=False,
        facts=(("bundle", decider.bundle.version[:16]), ("decisions by", "the final model, of all rows"), ("tier cut", _cut(fitted))),
        bars=_cards(fitted), flow=_flow(fitted), validation=validation(fitted), roc=roc, ks=ks, reliability=reliability(cohort, BINS),
        tiers=tier_table(cohort, fitted.tiers), reasons=reason_table(fitted.decisions).merge(texts, on="concept", how="left"),
        examples=_examples(decider, frame.iloc[chosen]), fairness=fairness_table(fitted) if len(fitted.protected.columns) else None,
        concepts=texts.assign(mean_abs_points=texts["concept"].map(mean_points)).sort_values("mean_abs_points", ascending=False),
        selection=_left_out(fitted),
    )  # fmt: skip


def _examples(decider: Decider, rows: pd.DataFrame) -> tuple[Example, ...]:
    base, points = decider.points(rows)
    english, chinese = (
        decider.decide(rows, explain="all", language=language) for language in ("en", "zh")
    )
    return examples(english, chinese, points, base, decider.bundle.scorer.catalogue.concepts)


def _cards(fitted: Fitted) -> tuple[BarResult, ...]:
    model, ridge = (pd.DataFrame(folds).mean() for folds in (fitted.cv.model, fitted.cv.ridge))
    named = (
        ("auc", "cross-validated AUC", "交叉验证 AUC"),
        ("ks", "cross-validated KS", "交叉验证 KS"),
        ("brier", "Brier score", "Brier 分数"),
    )
    return tuple(
        BarResult(Text(en, zh), float(model[name]), "number", "", None, f"ridge {ridge[name]:.4f}")
        for name, en, zh in named
    )


def _flow(fitted: Fitted) -> tuple[FlowStep, ...]:
    n, encoding = len(fitted.label), fitted.final.model.encoding
    return (
        FlowStep(
            Text("rows", "样本"),
            n,
            f"{int(fitted.label.sum()):,} bad, {fitted.bad_rows:,} set aside",
        ),
        FlowStep(
            Text("features", "特征"),
            len(encoding.names),
            f"{len(encoding.categories):,} of them categories",
        ),
        FlowStep(Text("model", "模型"), fitted.final.model.booster.num_trees(), "trees"),
        FlowStep(Text("decisions", "决策"), n, "one per row"),
    )


def _cut(fitted: Fitted) -> str:
    return f"approved below PD {fitted.tiers.tiers[6].pd_low:.2%}, the table's bad rate"


def _left_out(fitted: Fitted) -> pd.DataFrame | None:
    rows = [
        (fall.name, fall.reason, fall.of or f"{fall.figure:g}")
        for fall in fitted.final.model.fallen
    ]
    return pd.DataFrame(rows, columns=["feature", "why", "detail"]) if rows else None
