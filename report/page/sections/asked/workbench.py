"""The cut-off workbench: slider, curves, gains, densities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from creditloom.report.page.drawn import drawings
from creditloom.report.parts.blocks import (
    Drawing,
    Drawings,
    PageBlock,
    Section,
    TableColumn,
    Workbench,
    table,
)
from creditloom.report.parts.data import ReportData, Text

if TYPE_CHECKING:
    import pandas as pd

# table: columns
CUTOFFS = (
    TableColumn("pd_cut", "PD below", "rate"),
    TableColumn("approved", "approved", "count"),
    TableColumn("approval_rate", "approval", "share"),
    TableColumn("final_rate", "after every rule", "share"),
    TableColumn("bad_rate", "bad rate", "rate"),
    TableColumn("mean_pd", "mean PD", "rate"),
    TableColumn("profit_cny", "expected profit", "money"),
    TableColumn("loss_cny", "expected loss", "money"),
    TableColumn("bads_declined", "bads declined", "count"),
    TableColumn("bads_approved", "bads approved", "count"),
    TableColumn("goods_declined", "goods declined", "count"),
    TableColumn("goods_approved", "goods approved", "count"),
    TableColumn("moved", "more approved than now", "signed"),
    TableColumn("moved_bad_rate", "bad rate of the moved", "rate"),
    TableColumn("swap", "approved by the model only", "count"),
    TableColumn("model_only_bad_rate", "their bad rate", "rate"),
    TableColumn("ridge_only_bad_rate", "bad rate of the ridge's only", "rate"),
)
SEGMENTS = (
    TableColumn("pd_cut", "PD below", "rate"),
    TableColumn("field", "field"),
    TableColumn("group", "group", "name"),
    TableColumn("n", "n", "count"),
    TableColumn("approval_rate", "approval", "share"),
    TableColumn("bad_rate", "bad rate", "rate"),
)
# table: columns
GAINS = (
    TableColumn("band", "tenth, riskiest first", "count"),
    TableColumn("n", "n", "count"),
    TableColumn("bads", "bads", "count"),
    TableColumn("bad_rate", "bad rate", "rate"),
    TableColumn("mean_pd", "mean PD", "rate"),
    TableColumn("bads_so_far", "bads so far", "share", bar=True),
    TableColumn("goods_so_far", "goods so far", "share"),
    TableColumn("lift", "lift", "number"),
    TableColumn("ks", "gap (KS)", "number"),
)
DENSITY = (
    TableColumn("score", "score from", "count"),
    TableColumn("goods", "goods", "share"),
    TableColumn("bads", "bads", "share"),
)
LEAD = (
    "Move the slider to another cut. Approval counts the cut alone; what the rules stop besides is "
    "in the column after every rule. Up to the present cut profit sums the offers that were made; "
    "beyond it, it is an estimate at the mean offer of the last approving tier."
)
OWN_LEAD = (
    "Move the slider to another cut. Figures are of the PDs of models that did not learn from the "
    "row. The table has no offers, so no profit is counted."
)


def cutoffs(data: ReportData) -> Section | None:
    """Return slider, curves, and the tables of cuts and segments behind them."""
    if data.cutoffs is None:
        return None
    frame = data.cutoffs
    present = [k for k, here in enumerate(frame["is_present"]) if here]
    shown = [
        (column.head, column.name) for column in CUTOFFS[2:] if frame[column.name].notna().any()
    ]
    cards = tuple((Text(head), name) for head, name in shown)
    drawn = tuple(
        Drawing(caption, caption.en, _marked(svg)) for caption, svg in drawings.cut_curves(frame)
    )
    blocks: list[PageBlock] = [
        Workbench(cards, len(frame), present[0] if present else len(frame) // 2),
        Drawings(drawn),
        table(frame, CUTOFFS, "Every cut-off", fold=8, name="cutoffs"),
    ]
    if data.cutoff_segments is not None and len(data.cutoff_segments):
        caption = "Segments at the chosen cut-off"
        blocks.append(table(_at(data), SEGMENTS, caption, fold=100_000, name="cutoff_segments"))
    lead = OWN_LEAD if data.is_own else LEAD
    return Section("cutoffs", Text("Cut-off workbench", "分界点工作台"), lead, tuple(blocks))


def _marked(svg: str) -> str:
    """Return a chart with a mark that the script moves to the chosen cut."""
    named = svg.replace('class="chart"', 'class="chart cuts"', 1)
    return named.replace("</svg>", '<path class="marker"/></svg>', 1)


def _at(data: ReportData) -> pd.DataFrame:
    """Return the segments, those of the present cut first: a page without a script shows them."""
    assert data.cutoffs is not None and data.cutoff_segments is not None
    present = data.cutoffs.loc[data.cutoffs["is_present"], "pd_cut"]
    here = data.cutoff_segments["pd_cut"].isin(present)
    # Stable: within a cut the segments keep their order.
    return data.cutoff_segments.iloc[(~here).to_numpy().argsort(kind="stable")]


def gains(data: ReportData) -> Section | None:
    """Return the gains table and the densities of the score."""
    blocks: list[PageBlock] = []
    if data.score_density is not None:
        caption = Text("Score densities of goods and bads", "好坏客户的评分分布")
        svg = drawings.densities(data.score_density)
        blocks.append(Drawings((Drawing(caption, caption.en, svg),)))
        blocks.append(
            table(data.score_density, DENSITY, "Score densities", fold=8, name="score_density")
        )
    if data.gains is not None:
        caption_of = "Gains table: tenths of applicants, the riskiest first"
        blocks.insert(0, table(data.gains, GAINS, caption_of, name="gains"))
    if not blocks:
        return None
    lead = "How many of the bads stand in the riskiest tenths, and how goods and bads lie apart."
    return Section("gains", Text("Gains and densities", "增益与分布"), lead, tuple(blocks))
