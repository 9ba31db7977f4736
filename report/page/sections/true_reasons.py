"""The section on how true the reasons are, which only a simulated world can tell."""

from __future__ import annotations

from creditloom.report.parts.blocks import Note, Section, TableColumn, table
from creditloom.report.parts.data import ReportData, Text

COLUMNS = (
    TableColumn("figure", "figure"),
    TableColumn("model", "model", "number"),
    TableColumn("best", "best predictor", "number"),
    TableColumn("of_best", "of the best", "share"),
    TableColumn("reading", "how to read it"),
)
CAPTION = "Cited concepts of out-of-time declines, by the truth"
LEAD = (
    "The simulated world knows what each concept truly cost a person. The best predictor is the "
    "learner of the house, taught by these true costs from the same columns: it says how much of "
    "the truth they can tell. It cites as many concepts of each person as the model does."
)


def true_reasons(data: ReportData) -> Section | None:
    """Return the figures of the reasons beside the best predictor's; None without a truth."""
    if data.true_reasons is None:
        return None
    rows = table(data.true_reasons, COLUMNS, CAPTION, name="true_reasons")
    blocks = (rows,)
    if data.asked_reasons is None:
        return Section("true-reasons", Text("Reasons by the truth", "理由的真实性"), LEAD, blocks)
    persons, cited = data.asked_reasons
    asked = Note(f"{persons:,} declines with {cited:,} cited concepts.")
    title = Text("Reasons by the truth", "理由的真实性")
    return Section("true-reasons", title, LEAD, (asked, *blocks))
