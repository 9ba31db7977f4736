"""The model: its card, the rows it was made from, its settings, and every feature."""

from __future__ import annotations

from typing import Any

from creditloom.report.page.drawn.svg import spark
from creditloom.report.parts.blocks import (
    PageTable,
    Section,
    TableCell,
    TableColumn,
    TermList,
    is_null,
    show,
    table,
)
from creditloom.report.parts.data import ReportData, Text

# table: columns
SAMPLE = (
    TableColumn("role", "used for"),
    TableColumn("months", "months"),
    TableColumn("applications", "applications", "count", bar=True),
    TableColumn("booked", "booked, with an outcome", "count"),
    TableColumn("bads", "bads", "count"),
    TableColumn("indeterminate", "neither good nor bad", "count"),
)
SETTINGS = (TableColumn("setting", "setting"), TableColumn("value", "value"))
# table: column of the features, heading, kind; "" = shown by its own rule
FEATURES = (
    ("feature", "feature", "code"),
    ("text", "meaning", ""),
    ("family", "family", "name"),
    ("sign", "direction", ""),
    ("gain_share", "share of gain", "rate"),
    ("mean_abs_points", "mean |points|", "decimal"),
    ("iv", "IV", "number"),
    ("missing_training", "missing in training", "share"),
    ("missing", "missing now", "share"),
    ("psi", "PSI", "number"),
    ("typical_approved", "typical of the approved", "value"),
    ("typical_all", "median now", "value"),
    ("p10", "10 %", "value"),
    ("p90", "90 %", "value"),
    ("dependence", "points by value", "curve"),
)
SIGNS = {
    1: Text("riskier when higher", "越高越险"),
    -1: Text("safer when higher", "越高越稳"),
    0: Text("free", "不限"),
}
# A feature PSI above it asks for action, as that of the score.
MOST_PSI = 0.25
LEAD = (
    "Every feature of the model, the strongest first. The direction is the sign that the model "
    "must keep; the curve shows mean points against the approved, from low values to high ones."
)


def card(data: ReportData) -> Section | None:
    """Return the model card."""
    if not data.card:
        return None
    terms = tuple((name.en, name.zh, text) for name, text in data.card)
    return Section("card", Text("Model card", "模型卡"), "", (TermList(terms),))


def samples(data: ReportData) -> Section | None:
    """Return which rows were used for what."""
    if data.sample_flow is None:
        return None
    rows = table(data.sample_flow, SAMPLE, "Sample flow", name="sample_flow")
    lead = "From all applications to those that were learnt from, calibrated on and judged."
    return Section("sample-flow", Text("Sample flow", "样本流向"), lead, (rows,))


def settings(data: ReportData) -> Section | None:
    """Return the settings of the learner."""
    if data.hyperparameters is None:
        return None
    rows = table(data.hyperparameters, SETTINGS, "Hyperparameters", fold=12, name="hyperparameters")
    return Section("hyperparameters", Text("Hyperparameters", "超参数"), "", (rows,))


def features(data: ReportData) -> Section | None:
    """Return every feature of the model with its figures and its curve."""
    if data.features is None or data.features.empty:
        return None
    frame = data.features
    kept = [one for one in FEATURES if one[0] in frame and not frame[one[0]].isna().all()]
    records = frame.to_dict("records")
    rows = tuple(
        tuple(_cell({str(k): v for k, v in record.items()}, name, kind) for name, _, kind in kept)
        for record in records
    )
    # table: the parts of the table
    shown = PageTable(
        caption=f"All {len(frame)} features of the model",
        heads=tuple(head for _, head, _ in kept),
        numeric=tuple(kind not in ("", "code", "name", "curve") for _, _, kind in kept),
        rows=rows,
        fold=100_000,
        name="features",
        columns=tuple(name for name, _, _ in kept),
    )
    return Section("features", Text("Features", "全部特征"), LEAD, (shown,))


def _cell(record: dict[str, Any], name: str, kind: str) -> TableCell:
    value = record[name]
    if kind == "curve":
        curve = value if isinstance(value, dict) else {"x": [], "y": []}
        low, high = (show(f(curve["y"]), "points") if curve["y"] else "" for f in (min, max))
        return TableCell(Text(f"{low} … {high}"), svg=spark(curve["x"], curve["y"]))
    if name == "text":
        return TableCell(Text(str(value), str(record.get("text_zh") or "")))
    if name == "sign":
        return TableCell(SIGNS[int(value)])
    if kind == "value":
        return TableCell(Text(shown_value(value)))
    if kind == "code":
        return TableCell(Text(str(value), str(value)))
    state = "fail" if name == "psi" and not is_null(value) and value > MOST_PSI else ""
    return TableCell(Text(show(value, kind)), state=state)


def shown_value(value: Any) -> str:
    """Return a value of a feature in its own unit, with four digits; null is a dash.

    >>> shown_value(1234.567), shown_value(0.012345), shown_value(None)
    ('1,235', '0.01235', '–')
    """
    if is_null(value):
        return show(None, "number")
    size = abs(float(value))
    text = f"{value:,.0f}" if size >= 1000 else f"{value:.4g}"
    return text.replace("-", "−")
