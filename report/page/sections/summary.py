"""The first sections (bars, flow, volumes) and the last ones: claims, audit, runtime, glossary."""

from __future__ import annotations

from creditloom.report.page.sections.own_table import OWN_GLOSSARY
from creditloom.report.parts.blocks import (
    ABSENT,
    Card,
    Cards,
    Flow,
    Note,
    PageBlock,
    PageTable,
    Section,
    TableCell,
    TableColumn,
    TermList,
    show,
    table,
)
from creditloom.report.parts.data import BarResult, ReportData, Text

# A table of so many rows is never folded: it shows its first ones, and can be searched.
MANY = 1_000_000
BEYOND = (
    TableColumn("column", "column", "text"),
    TableColumn("nulls", "null", "count"),
    TableColumn("unseen", "level unseen", "count"),
    TableColumn("share", "share of rows", "share", bar=True),
)
VOLUMES = (
    TableColumn("table", "raw table"),
    TableColumn("family", "family", "name"),
    TableColumn("rows", "rows", "count", bar=True),
)


def bars(data: ReportData) -> Section | None:
    """Return the bars of the run: value, aim, met or not; what is missed is named first.

    When no figure has an aim, the figures are only shown as cards and none is judged.
    """
    if not data.bars:
        return None
    if not any(bar.aim for bar in data.bars):
        cards = Cards(tuple(map(_card, data.bars)))
        return Section("bars", Text("Summary", "概要"), "", (cards,))
    missed = [bar for bar in data.bars if bar.passed is False]
    judged = sum(bar.passed is not None for bar in data.bars)
    if missed:
        english = ", ".join(bar.name.en for bar in missed)
        chinese = "、".join(bar.name.zh or bar.name.en for bar in missed)
        verdict = Note(Text(f"Missed: {english}.", f"未达标：{chinese}。"), "fail")
    elif judged:
        verdict = Note(f"All {judged} judged bars are met.", "pass")
    else:
        verdict = Note("No bar could be judged here.")
    lead = "What was promised before the run, and what came out on the out-of-time months."
    return Section("bars", Text("Bars", "达标情况"), lead, (verdict, _bar_table(data.bars)))


BAR_HEADS = ("bar", "found", "aim", "verdict", "ridge logit")


def _bar_table(bars_: tuple[BarResult, ...]) -> PageTable:
    rows = []
    for bar in bars_:
        state = "" if bar.passed is None else "pass" if bar.passed else "fail"
        said = {"pass": "met", "fail": "missed"}.get(state, "not judged")
        absent = ABSENT if bar.passed is None else "not measured"
        value = show(bar.value, bar.kind) if bar.value is not None else absent
        ridge = bar.note.removeprefix("ridge ")
        texts = (bar.name, Text(value), Text(bar.aim), Text(said), Text(ridge))
        states = ("", state, "", state, "")
        cells = zip(texts, states, strict=True)
        rows.append(tuple(TableCell(text, state=mark) for text, mark in cells))
    # table: the parts of the table
    return PageTable(
        caption="Bars of the run",
        heads=BAR_HEADS,
        numeric=(False, True, True, False, True),
        rows=tuple(rows),
        name="bars",
        columns=("name", "value", "aim", "verdict", "ridge"),
        shown=len(rows),
    )


def _card(bar: BarResult) -> Card:
    return Card(bar.name, show(bar.value, bar.kind), bar.note)


def flow(data: ReportData) -> Section | None:
    """Return the steps from raw events to reasons with their counts, and the rows of raw tables."""
    if not data.flow and data.volumes is None:
        return None
    blocks: list[PageBlock] = []
    lead = ""
    if data.flow:
        steps = ((step.name, show(step.count, "count"), step.unit) for step in data.flow)
        blocks.append(Flow(tuple(steps)))
    if data.volumes is not None:
        rows = show(int(data.volumes["rows"].sum()), "count")
        heading = f"Rows per raw table, {rows} in all"
        blocks.append(table(data.volumes, VOLUMES, heading, fold=10, name="volumes"))
        lead = (
            "A feature sees an event only if it had happened and was known before the application."
        )
    title = Text("From raw events to reasons", "从原始事件到决策理由")
    if data.is_own:
        title = Text("From rows to decisions", "从样本到决策")
    return Section("flow", title, lead, tuple(blocks))


# Compares the simulated world with the claims about it (world/claims.yaml).

# table: columns
CLAIMS = (
    TableColumn("what", "claim"),
    TableColumn("data", "on"),
    TableColumn("source", "source"),
    TableColumn("bound", "bound", "name"),
    TableColumn("unit", "unit", "name"),
    TableColumn("found", "found", "number"),
    TableColumn("n", "n", "count"),
    TableColumn("verdict", "verdict", "name"),
    TableColumn("withdrawn", "withdrawn because"),
)
LEAD = (
    "What was stated about the simulated data before the code that makes them, beside what this "
    "run shows: {met} claims are met, {missed} missed, {withdrawn} withdrawn. A claim that needs "
    "another run is neither here: `make claims` measures it."
)


def claims(data: ReportData) -> Section | None:
    """Return each claim with its bound, the figure found and whether it is met.

    The figure is null where this run cannot measure the claim. None without a simulated world.
    """
    if data.claims is None:
        return None
    counts = data.claims["verdict"].value_counts()
    lead = LEAD.format(**{name: counts.get(name, 0) for name in ("met", "missed", "withdrawn")})
    frame = data.claims.astype(object).where(data.claims.notna(), None)
    rows = table(frame, CLAIMS, "Claims about the world", name="claims", fold=MANY)
    return Section("claims", Text("The simulated world", "模拟世界"), lead, (rows,))


# For audit: fairness by protected field, dropped features with the reason, seconds per stage,
# glossary.

# A group is marked when its approval rate is below 0.80 of the best group's. The lead says so too.
# table: columns
FAIRNESS = (
    TableColumn("field", "field", "name"),
    TableColumn("group", "group", "name"),
    TableColumn("n", "n", "count"),
    TableColumn("bads", "bads", "count"),
    TableColumn("approval_rate", "approved", "share", bar=True),
    TableColumn("approval_low", "95 % from", "share"),
    TableColumn("approval_high", "to", "share"),
    TableColumn("approval_ratio", "ratio to best group", "number", least=0.8),
    TableColumn("mean_pd", "mean PD", "rate"),
    TableColumn("bad_rate", "bad rate", "rate"),
    TableColumn("bad_low", "95 % from", "rate"),
    TableColumn("bad_high", "to", "rate"),
)
SELECTION = (
    TableColumn("feature", "feature"),
    TableColumn("why", "why it fell"),
    TableColumn("figure", "figure", "number"),
    TableColumn("of", "doubles"),
    TableColumn("detail", "detail"),
)
RUNTIME = (
    TableColumn("stage", "stage"),
    TableColumn("seconds", "seconds", "seconds", bar=True),
    TableColumn("counts", "counts"),
)
# table: term, Chinese term, meaning
GLOSSARY = (
    (
        "PD",
        "违约概率",
        "probability of default within twelve months of the application, after calibration",
    ),
    ("bad", "坏客户", "90 or more days past due, or written off, within the performance window"),
    ("DPD", "逾期天数", "days past due, counted from the contractual date"),
    ("as_of", "观察时点", "the moment of application; nothing known later may be used"),
    ("vintage", "账龄批次", "all applications of one month"),
    (
        "out-of-time",
        "时间外样本",
        "the last months, never used to train, tune or calibrate; read once",
    ),
    ("AUC, Gini", "AUC、基尼系数", "chance that a bad scores below a good; Gini = 2 AUC − 1"),
    ("KS", "KS 值", "widest gap between the cumulative shares of bads and goods"),
    ("PSI", "群体稳定性指数", "how far a distribution has moved from the training months"),
    (
        "oracle, reachable",
        "理论上限、可达上限",
        "best ranking with every latent state known; best ranking that the same features allow",
    ),
    (
        "concept",
        "概念",
        "a nameable behaviour; the points of its features are summed and given as one reason",
    ),
    (
        "family",
        "信息类别",
        (
            "one of six kinds of information: payment flow, social graph, assets, "
            "device stability, bureau, identity"
        ),
    ),
    ("points", "分值", "score points: 20 points double the odds of repaying (PDO 20, 600 at 50:1)"),
    (
        "reference",
        "参照",
        (
            "mean points of approved training applicants, frozen in the bundle; "
            "reasons are losses against it"
        ),
    ),
    ("tier", "信用等级", "band of PD; sets price and the most that may be lent"),
    (
        "APR",
        "年化利率",
        "all-in yearly cost; the higher of simple 365-day and IRR × 12 is held against the law",
    ),
    (
        "propensity",
        "获批概率",
        (
            "chance that the old policy booked a loan; "
            "its inverse weighs booked loans up to all who applied"
        ),
    ),
)


def fairness(data: ReportData) -> Section | None:
    """Return approval, PD and bad rate by protected and audit field; none of them is a feature."""
    if data.fairness is None or data.fairness.empty:
        return None
    lead = (
        "None of these fields is a feature or a reason; they are kept to audit the outcome. "
        "A ratio under 0.80 calls for a look."
    )
    rows = table(data.fairness, FAIRNESS, "Outcomes by audit field", fold=10, name="fairness")
    return Section("audit-fields", Text("Audit fields", "公平性审计"), lead, (rows,))


def selection(data: ReportData) -> Section | None:
    """Return the features that were left out, with the reason.

    They were chosen inside the training months only.
    """
    if data.selection is None:
        return None
    counts = data.selection["why"].value_counts()
    reasons = ", ".join(f"{n} {why}" for why, n in counts.items())
    lead = f"{show(len(data.selection), 'count')} features fell: {reasons}."
    rows = table(
        data.selection, SELECTION, "Features that fell, and why", fold=MANY, name="selection"
    )
    return Section("selection", Text("Selection", "特征筛选"), lead, (rows,))


def beyond(data: ReportData) -> Section | None:
    """Return the columns that hold what training never saw, of all rows that were decided."""
    if data.beyond is None or data.beyond.empty:
        return None
    lead = (
        "A null where training had none, or a level that training did not hold. Such a row is "
        "treated as policy.beyond_training says."
    )
    if data.beyond_rows is not None:
        some, every = (show(count, "count") for count in data.beyond_rows)
        lead = f"{some} of {every} rows hold something beyond training. {lead}"
    rows = table(data.beyond, BEYOND, "Rows beyond training, per column", fold=10, name="beyond")
    return Section("beyond", Text("Beyond training", "训练之外"), lead, (rows,))


def runtime(data: ReportData) -> Section | None:
    """Return the seconds of each stage of the run."""
    if data.runtime is None or data.runtime.empty:
        return None
    seconds = show(float(data.runtime["seconds"].sum()), "seconds")
    lead = f"{seconds} in all, as measured when each stage last ran on this machine."
    rows = table(data.runtime, RUNTIME, "Seconds per stage", name="runtime")
    return Section("runtime", Text("Runtime", "运行时间"), lead, (rows,))


def glossary(data: ReportData) -> Section:
    """Return the section that explains the words of the page. It is always shown."""
    terms = OWN_GLOSSARY if data.is_own else GLOSSARY
    return Section("glossary", Text("Glossary", "术语"), "", (TermList(terms),))
