"""What only the page of `creditloom fit` has: warnings about the table, and its own glossary."""

from __future__ import annotations

from collections.abc import Iterator

from creditloom.report.parts.blocks import (
    Note,
    PageBlock,
    Section,
    TableColumn,
    table,
)
from creditloom.report.parts.data import ReportData, Text

# table: columns
WARNINGS = (
    TableColumn("level", "how grave"),
    TableColumn("name", "name"),
    TableColumn("text", "what was found"),
    TableColumn("next_step", "what to do"),
)
PROXIES = (
    TableColumn("field", "protected", "name"),
    TableColumn("feature", "feature that tells it best"),
    TableColumn("feature_auc", "AUC", "number", most=0.95),
    TableColumn("score_auc", "AUC of the score", "number", most=0.95),
    TableColumn("group", "group told best", "name"),
    TableColumn("hidden_rows", "rows in no shown group", "count"),
)
NONE_FOUND = (
    "No column tells the outcome by itself, no level is all bad, no period holds one class, no row "
    "stands in two folds, and no feature or score tells a protected column."
)
# table: term, Chinese term, meaning
OWN_GLOSSARY = (
    ("PD", "违约概率", "probability that a row is bad as the label says, after calibration"),
    ("bad", "坏客户", "a row whose label is 1"),
    (
        "held out",
        "留出",
        "by a model that did not learn from the row: figures, tiers and fairness here are so",
    ),
    (
        "out-of-time",
        "时间外样本",
        "the rows with the latest dates, judged by a model of the earlier ones",
    ),
    (
        "95 % interval",
        "95% 区间",
        "where a figure lies with the luck of the judged rows: rows, or borrowers, drawn again",
    ),
    ("AUC", "AUC", "chance that a bad scores below a good"),
    ("KS", "KS 值", "widest gap between the cumulative shares of bads and goods"),
    (
        "ridge logit",
        "岭回归",
        "the simple challenger: an additive logit on the same rows, one table per column",
    ),
    (
        "concept",
        "概念",
        "a column, or columns that share a stated name; their points are one reason",
    ),
    ("points", "分值", "score points: 20 points double the odds of repaying (PDO 20, 600 at 50:1)"),
    (
        "reference",
        "参照",
        "mean points of approved rows, frozen in the bundle; reasons are losses against it",
    ),
    ("tier", "信用等级", "band of PD, around the bad rate of the table; it alone decides"),
    (
        "proxy",
        "代理变量",
        "a feature that tells a protected column: AUC .5 tells nothing, 1 tells it in every row",
    ),
)


def warnings(data: ReportData) -> Section | None:
    """Return what a colleague would say of the table, the grave first, and the proxies."""
    if data.warnings is None and data.proxies is None:
        return None
    blocks = [*_told(data)]
    if data.proxies is not None and len(data.proxies):
        heading = "Protected columns: how well a feature and the score tell them"
        blocks.append(table(data.proxies, PROXIES, heading, name="proxies"))
    lead = "What the table itself gives away, judged one column and one row at a time."
    return Section("warnings", Text("Warnings", "警示"), lead, tuple(blocks))


def _told(data: ReportData) -> Iterator[PageBlock]:
    """Yield the warnings, below a mark where a grave one is not accepted."""
    if data.warnings is None:
        return
    is_open = data.warnings["level"] == "grave"
    if is_open.any():
        names = ", ".join(dict.fromkeys(data.warnings["name"][is_open]))
        yield Note(f"Grave and not accepted: {names}. Do not use this fit as it is.", "fail")
    if len(data.warnings):
        yield table(data.warnings, WARNINGS, "Warnings about the table", name="warnings")
    else:
        yield Note(NONE_FOUND, "pass")
