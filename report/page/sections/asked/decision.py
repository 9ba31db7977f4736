"""The decision page: the figures to decide by, and the model beside ridge and incumbent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from creditloom.report.parts.blocks import (
    Card,
    Cards,
    PageTable,
    Section,
    TableCell,
    TableColumn,
    show,
    table,
)
from creditloom.report.parts.data import ReportData, Text

if TYPE_CHECKING:
    import pandas as pd

# table: columns
BESIDE = (
    TableColumn("measure", "measure"),
    TableColumn("model", "model", ""),
    TableColumn("ridge", "ridge logit", ""),
    TableColumn("incumbent", "incumbent scorecard", ""),
)
SWAPS = (
    TableColumn("who", "approved by"),
    TableColumn("n", "applicants", "count"),
    TableColumn("bad_rate", "bad rate", "rate"),
)


def figures(data: ReportData) -> Section | None:
    """Return the figures to decide by, as cards; each carries its path in metrics.json."""
    if not data.figures:
        return None
    cards = tuple(
        Card(one.label, show(one.value, one.kind), one.note, one.state, one.path)
        for one in data.figures
    )
    lead = (
        "Out-of-time applicants, whom the model has not seen. Through the door: everyone who "
        "applied; booked: loans that were paid out, whose outcome a lender sees."
    )
    return Section("figures", Text("Figures to decide by", "决策所需指标"), lead, (Cards(cards),))


def beside(data: ReportData) -> Section | None:
    """Return the model beside the ridge and the scorecard in force."""
    if data.beside is None:
        return None
    rows = mixed(data.beside, BESIDE, "Model beside ridge logit and incumbent", "beside")
    lead = (
        "The ridge logit is the simple challenger. The incumbent scorecard is what decided before: "
        "a first champion has no other model beside it."
    )
    return Section(
        "beside", Text("Beside champion and challenger", "与现行及挑战者对比"), lead, (rows,)
    )


def mixed(
    frame: pd.DataFrame, columns: tuple[TableColumn, ...], caption: str, name: str, fold: int = 40
) -> PageTable:
    """Return a table. Columns without a kind are formatted by the `kind` of each row.

    A column without any value is left out.
    """
    kept = [c for c in columns if c.name in frame and not frame[c.name].isna().all()]
    rows = []
    for record in frame.to_dict("records"):
        cells = []
        for column in kept:
            chinese = record.get(f"{column.name}_zh") or ""
            text = Text(show(record[column.name], column.kind or record["kind"]), chinese)
            path = record.get(f"{column.name}_path") or ""
            cells.append(TableCell(text, figure=str(path)))
        rows.append(tuple(cells))
    # table: the parts of the table
    return PageTable(
        caption=caption,
        heads=tuple(column.head for column in kept),
        numeric=tuple(not column.kind for column in kept),
        rows=tuple(rows),
        fold=fold,
        name=name,
        columns=tuple(column.name for column in kept),
    )


def swaps(data: ReportData) -> Section | None:
    """Return whom model and ridge choose apart at today's number of approvals."""
    if data.swaps is None:
        return None
    caption = "Whom model and ridge logit choose apart, at the same number of approvals"
    rows = table(data.swaps, SWAPS, caption, name="swaps")
    return Section("swaps", Text("Swap set", "互换客群"), "", (rows,))
