"""The sections on fairness: red rows with what was decided, every row, proxies, what laws ask."""

from __future__ import annotations

from creditloom.report.parts.blocks import Note, PageBlock, Section, TableColumn, table
from creditloom.report.parts.data import ReportData, Text

# table: columns of the red rows
RED = (
    TableColumn("field", "field", "name"),
    TableColumn("group", "group", "name"),
    TableColumn("outcome", "outcome", "name"),
    TableColumn("among", "among"),
    TableColumn("best", "best group", "name"),
    TableColumn("against", "against the best", "number"),
    TableColumn("against_low", "95 % from", "number"),
    TableColumn("against_high", "to", "number"),
    TableColumn("decided", "decided", "name"),
    TableColumn("role", "by", "name"),
    TableColumn("decided_on", "on", "name"),
    TableColumn("review_by", "again by", "name"),
    TableColumn("reason", "why"),
)
# table: columns of all rows
ROWS = (
    TableColumn("field", "field", "name"),
    TableColumn("group", "group", "name"),
    TableColumn("outcome", "outcome", "name"),
    TableColumn("among", "among"),
    TableColumn("n", "n", "count"),
    TableColumn("value", "value", "number"),
    TableColumn("low", "95 % from", "number"),
    TableColumn("high", "to", "number"),
    TableColumn("against", "against the best", "number"),
    TableColumn("against_low", "95 % from", "number"),
    TableColumn("against_high", "to", "number"),
    TableColumn("state", "state", "name"),
)
# table: columns of the proxies
PROXIES = (
    TableColumn("field", "field", "name"),
    TableColumn("group", "group", "name"),
    TableColumn("n", "n", "count"),
    TableColumn("by", "told by", "name"),
    TableColumn("name", "name"),
    TableColumn("auc", "AUC", "number"),
    TableColumn("low", "95 % from", "number"),
    TableColumn("high", "to", "number"),
)
# table: columns of the tests by law
LAWS = (
    TableColumn("jurisdiction", "jurisdiction", "name"),
    TableColumn("of", "test of", "name"),
    TableColumn("name", "name", "name"),
    TableColumn("standing", "standing", "name"),
    TableColumn("since", "since", "name"),
    TableColumn("applications", "applications", "count"),
    TableColumn("computed", "computed here", "name"),
    TableColumn("source", "source"),
    TableColumn("note", "note"),
)
# table: basis -> who is compared
AMONG = {
    "plain": "all who applied",
    "given_pd": "people of like PD",
    "truly_good": "the truly good, by truth",
    "seen_good": "loans seen to be good, weighted to the door",
}
RED_CAPTION = "Red rows and what was decided about them"
LEAD = (
    "Each group is held against the best one of its field: a ratio of rates or means (below 1 is "
    "worse), for referral and refusal the difference of rates. A row is red where it lies beyond "
    "its edge and its interval leaves out that the groups are even; fairness.yaml has the edges."
)


def rows(data: ReportData) -> Section | None:
    """Return the red rows with what was decided about each, and all rows."""
    if data.fairness_rows is None or data.fairness_rows.empty:
        return None
    shown = data.fairness_rows.assign(among=data.fairness_rows["basis"].map(AMONG))
    shown = shown.astype(object).where(shown.notna(), None)
    red = shown[shown["state"] == "red"]
    is_open = int((red["decided"] == "open").sum())
    verdict = Note(
        f"{len(red)} of {len(shown)} rows are red; of {is_open} nobody has recorded a decision.",
        "fail" if is_open else "pass",
    )
    blocks: list[PageBlock] = [verdict]
    # Without a red row the heads stand: a reader sees that none was left out.
    blocks.append(table(red, RED, RED_CAPTION, fold=500, name="fairness_red"))
    blocks.append(
        table(shown, ROWS, "Every group, outcome and basis", fold=10, name="fairness_rows")
    )
    title = Text("Fairness of what decisions give", "各项决策结果的公平性")
    return Section("fairness-rows", title, LEAD, tuple(blocks))


def proxies(data: ReportData) -> Section | None:
    """Return what tells a group too well: features, concepts, the score."""
    if data.fairness_proxies is None or data.fairness_proxies.empty:
        return None
    found = data.fairness_proxies
    named = found[found["is_named"].astype(bool)]
    lead = (
        "How well the score, the best concepts and the best features tell who belongs to a group: "
        "0.5 nothing, 1 all. What lies above the edge of fairness.yaml is listed first."
    )
    blocks: list[PageBlock] = []
    if len(named):
        blocks.append(table(named, PROXIES, "Proxies above the edge", fold=200))
    blocks.append(table(found, PROXIES, "Every group", fold=10, name="fairness_proxies"))
    title = Text("Proxies of groups", "群体的替代变量")
    return Section("fairness-proxies", title, lead, tuple(blocks))


def laws(data: ReportData) -> Section | None:
    """Return which tests the laws of these decisions require or forbid, and what was done."""
    if data.fairness_laws is None or data.fairness_laws.empty:
        return None
    told = data.fairness_laws["is_computed"].astype(bool)
    shown = data.fairness_laws.assign(computed=told.map({True: "yes", False: "no, forbidden"}))
    left_out = [str(name) for name in shown.loc[~told, "id"]]
    text = "Nothing was left out."
    if left_out:
        text = f"Not computed, as a law forbids it: {', '.join(left_out)}."
    rows_of_law = table(shown, LAWS, "Tests by law", name="fairness_laws")
    title = Text("Fairness tests that the law asks for", "法律要求或禁止的公平性检验")
    return Section("fairness-laws", title, "", (Note(text), rows_of_law))
