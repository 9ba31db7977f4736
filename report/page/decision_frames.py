"""Turns metrics.json into the head of the page and its decision page: verdict, limits, figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from creditloom.models.evaluation.bars import figure
from creditloom.report.parts.blocks import is_null, show
from creditloom.report.parts.data import BarResult, ShownFigure, Text

Metrics = Mapping[str, Any]

# table: path in metrics.json, label, kind, path of the figure beside it, its words
FIGURES = (
    ("discrimination.auc_oot", Text("AUC, through the door", "AUC（全部申请人）"), "number",
     "discrimination.ridge_logit.auc_oot", "ridge {}"),
    ("observable.auc_oot", Text("AUC, booked loans", "AUC（已放款）"), "number",
     "observable.ridge_auc_oot", "ridge {}"),
    ("discrimination.ks_oot", Text("KS, through the door", "KS（全部申请人）"), "number",
     "discrimination.ridge_logit.ks_oot", "ridge {}"),
    ("observable.ks_oot", Text("KS, booked loans", "KS（已放款）"), "number",
     "observable.ridge_ks_oot", "ridge {}"),
    ("group_calibration.door.o_e", Text("observed / expected bads", "实际/预期坏客户"), "number",
     "group_calibration.booked.o_e", "booked {}"),
    ("calibration.calibration_in_the_large_p", Text("level of the PD, p", "PD 水平检验 p 值"),
     "p", "calibration.mean_pd", "mean PD {}"),
    ("group_calibration.door.slope.p_value", Text("slope of the PD is 1, p", "斜率为 1 的 p 值"),
     "p", "calibration.slope", "slope {}"),
    ("final.approve_rate", Text("approved, of the asked", "最终通过率"), "share",
     "final.asked", "of {} complete applications"),
    ("final.refer_rate", Text("referred to a person", "转人工"), "share", "", ""),
    ("final.decline_rate", Text("declined", "拒绝"), "share", "", ""),
    ("portfolio.approval_rate", Text("below the cut, before rules", "分界点以下（规则前）"),
     "share", "portfolio.bad_rate_approved", "bad rate {}"),
    ("final.bad_rate_true", Text("true bad rate of the approved", "获批客群真实坏账率"),
     "rate", "", ""),
    ("portfolio.expected_profit_cny", Text("expected profit of a year", "年预期利润"), "money",
     "profit_bridge.run_forward_profit_cny", "run forward {}"),
)  # fmt: skip
# table: path of the model's figure, label, kind, path of the ridge's, name in `duels`
BESIDE = (
    ("discrimination.auc_oot", Text("AUC, through the door", "AUC（全部申请人）"), "number",
     "discrimination.ridge_logit.auc_oot", "duels.incumbent_door.rival_auc"),
    ("observable.auc_oot", Text("AUC, booked loans", "AUC（已放款）"), "number",
     "observable.ridge_auc_oot", "duels.incumbent_booked.rival_auc"),
    ("discrimination.ks_oot", Text("KS, through the door", "KS（全部申请人）"), "number",
     "discrimination.ridge_logit.ks_oot", ""),
    ("observable.ks_oot", Text("KS, booked loans", "KS（已放款）"), "number",
     "observable.ridge_ks_oot", ""),
    ("calibration.bad_rate", Text("observed bad rate", "实际坏账率"), "rate", "", ""),
    ("calibration.mean_pd", Text("mean PD", "平均违约概率"), "rate",
     "calibration.ridge_logit.mean_pd", ""),
    ("calibration.calibration_in_the_large_p", Text("level of the PD, p", "PD 水平检验 p 值"), "p",
     "calibration.ridge_logit.calibration_in_the_large_p", ""),
    ("calibration.slope", Text("slope", "斜率"), "number", "calibration.ridge_logit.slope", ""),
    ("calibration.brier", Text("Brier score", "Brier 分数"), "number",
     "calibration.ridge_logit.brier", ""),
    ("portfolio.approval_rate", Text("approved at the cut", "分界点通过率"), "share",
     "portfolio.ridge_logit.approval_rate", ""),
    ("portfolio.bad_rate_approved", Text("bad rate of the approved", "获批坏账率"), "rate",
     "portfolio.ridge_logit.bad_rate_approved", ""),
)  # fmt: skip
KIND_OF_NOTE = {
    "final.asked": "count",
    "portfolio.bad_rate_approved": "rate",
    "calibration.mean_pd": "rate",
    "profit_bridge.run_forward_profit_cny": "money",
}
NOT_FOR = (
    "loans of another horizon, collections, marketing, people under age, another population "
    "without validation"
)
OUTCOME = "90 or more days past due, or written off, within the performance window"
PROTECTED = "none is a feature or a reason; they are kept for the audit"
LOSS = Text("expected loss of a year", "年预期损失")
WORST = Text("worst fairness ratio", "最差公平性比率")


def figures(
    metrics: Metrics, cutoffs: pd.DataFrame | None, rows: pd.DataFrame | None
) -> tuple[ShownFigure, ...]:
    """Return the figures to decide by; one that metrics.json does not have is left out."""
    shown = []
    for path, label, kind, beside_path, words in FIGURES:
        value = figure(metrics, path)
        if value is None:
            continue
        other = figure(metrics, beside_path) if beside_path else None
        told = show(other, KIND_OF_NOTE.get(beside_path, "number"))
        note = "" if other is None else words.format(told)
        shown.append(ShownFigure(path, label, value, kind, note))
    if (loss := _loss(cutoffs)) is not None:
        shown.append(ShownFigure("", LOSS, loss, "money", "of the offers, as priced"))
    if (worst := worst_row(rows)) is not None:
        note = f"{named(worst['group'])} · {named(worst['outcome'])}"
        state = "fail" if worst["state"] == "red" else ""
        shown.append(ShownFigure("", WORST, float(worst["against"]), "number", note, state))
    return tuple(shown)


def named(value: Any) -> str:
    """Return a name of a group or outcome as the tables write it."""
    return show(str(value), "name")


def _loss(cutoffs: pd.DataFrame | None) -> float | None:
    if cutoffs is None:
        return None
    present = cutoffs.loc[cutoffs["is_present"], "loss_cny"]
    return None if present.empty or is_null(present.iloc[0]) else float(present.iloc[0])


def worst_row(rows: pd.DataFrame | None) -> Mapping[Any, Any] | None:
    """Return the row of the fairness audit with the lowest ratio; None without any."""
    if rows is None or "measure" not in rows:
        return None
    is_other = rows["group"] != rows["best"]
    ratios = rows[(rows["measure"] == "ratio") & rows["against"].notna() & is_other]
    if ratios.empty:
        return None
    # Of equal ratios the first row of the audit.
    worst: Mapping[Any, Any] = ratios.sort_values("against", kind="stable").iloc[0].to_dict()
    return worst


def beside(metrics: Metrics) -> pd.DataFrame:
    """Return measure, kind, model, ridge and incumbent, one row per measure that there is."""
    rows = []
    for path, label, kind, ridge, incumbent in BESIDE:
        value = figure(metrics, path)
        if value is not None:
            others = [figure(metrics, one) if one else None for one in (ridge, incumbent)]
            rows.append((label.en, label.zh, kind, value, path, *others, ridge, incumbent))
    names = ["measure", "measure_zh", "kind", "model", "model_path", "ridge", "incumbent"]
    names += ["ridge_path", "incumbent_path"]
    return pd.DataFrame(rows, columns=names)


def verdict(
    metrics: Metrics, bars: tuple[BarResult, ...], rows: pd.DataFrame | None
) -> tuple[str, ...]:
    """Return the verdict in sentences: ranking, level, outcome, profit, bars, groups."""
    sentences = [*_ranking(metrics), *_outcome(metrics)]
    judged = [bar for bar in bars if bar.passed is not None]
    missed = [bar for bar in judged if bar.passed is False]
    sentences.append(
        f"{len(missed)} of {len(judged)} bars are missed."
        if missed
        else f"All {len(judged)} bars are met."
    )
    if rows is not None and len(rows):
        red = rows[rows["state"] == "red"]
        groups = len(red.drop_duplicates(["field", "group"]))
        is_open = int((red["decided"] == "open").sum())
        sentences.append(f"{groups} groups need a look; {is_open} red rows are not decided.")
    return tuple(sentences)


def _ranking(metrics: Metrics) -> Iterator[str]:
    door = figure(metrics, "discrimination.auc_oot")
    booked = figure(metrics, "observable.auc_oot")
    if door is not None:
        told = "" if booked is None else f" ({show(booked, 'number')} on booked loans)"
        yield f"Ranks everyone who applied with an AUC of {show(door, 'number')}{told}."
    level = figure(metrics, "group_calibration.door.o_e")
    if level is not None:
        yield f"{show(level, 'number')} bads come for each one that the PD expects."


def _outcome(metrics: Metrics) -> Iterator[str]:
    approved = figure(metrics, "final.approve_rate")
    bad = figure(metrics, "final.bad_rate_true")
    if approved is not None:
        told = "" if bad is None else f", {show(bad, 'rate')} of them truly bad"
        yield f"After every rule approves {show(approved, 'share')} of the asked{told}."
    profit = figure(metrics, "portfolio.expected_profit_cny")
    forward = figure(metrics, "profit_bridge.run_forward_profit_cny")
    if profit is not None:
        told = "" if forward is None else f"; run forward the book earns {show(forward, 'money')}"
        yield f"Expects {show(profit, 'money')} a year{told}."


def limits(has_truth: bool) -> tuple[str, ...]:
    """Return what may not be concluded from the page."""
    knowledge = (
        "Out of time is not out of knowledge: outcomes of the last months are read once, "
        "and a second look at them would be training."
    )
    profit = "Profit is a model of one year with its stated terms, not an account."
    reasons = "Reasons say what the score weighed, not what causes default."
    simulated = (
        "The lender and its people are simulated: nothing here is a statement about a real "
        "institution, and figures through the door are known only because the world is simulated."
    )
    own = "Outcomes of the refused are not known: figures stand for them by weights only."
    return (simulated if has_truth else own, knowledge, profit, reasons)


def card(
    metrics: Metrics, training: Mapping[str, Any], signed: int, share: float, product: str
) -> tuple[tuple[Text, str], ...]:
    """Return name and text of each entry of the model card."""
    n = training["n_features"]
    has_gain = f"{signed} of {n} features; {show(share, 'share')} of the gain"
    rows = f"{training['n_rows']:,} loans with {training['n_bads']:,} bads"
    stack = " + ".join(training["stack"])
    use = f"PD of twelve months for applicants of {product}, with reasons and an offer"
    # table: name, text
    return (
        (Text("what it is", "模型"), f"stacked margins ({stack}), calibrated by one affine step"),
        (Text("intended use", "预期用途"), use),
        (Text("not for", "不适用"), NOT_FOR),
        (Text("learnt from", "训练样本"), rows),
        (Text("known by", "信息截止"), str(training.get("known_by", "–"))),
        (Text("gain with a sign", "带符号约束的增益"), has_gain),
        (Text("outcome", "目标"), OUTCOME),
        (Text("protected fields", "受保护字段"), PROTECTED),
        (Text("out-of-time applicants", "时间外样本量"), show(metrics["rows"]["oot"], "count")),
    )


def flat(content: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, value) of nested settings.

    >>> dict(flat({"a": {"b": 1}, "c": 2}, "x"))
    {'x.a.b': 1, 'x.c': 2}
    """
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}.{name}")
        else:
            yield f"{prefix}.{name}", value


def plain(value: Any) -> str:
    """Return a setting as text: a number with six digits, a list with commas."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return ", ".join(map(plain, value)) if isinstance(value, list) else str(value)
