"""First page: the bars with what was measured, the flow from raw events to reasons, and the volumes behind them."""

from __future__ import annotations

from creditloom.report.parts.blocks import (
    ABSENT,
    Card,
    Cards,
    Flow,
    Note,
    PageBlock,
    Section,
    TableColumn,
    TermList,
    show,
    table,
)
from creditloom.report.parts.data import BarResult, ReportData, Text

VOLUMES = (
    TableColumn("table", "raw table"),
    TableColumn("family", "family", "name"),
    TableColumn("rows", "rows", "count", bar=True),
)


def bars(data: ReportData) -> Section | None:
    """The promises of the run as cards: value, aim, met or not. Figures without an aim are plain figures, and nothing is judged."""
    if not data.bars:
        return None
    cards = Cards(tuple(_card(bar) for bar in data.bars))
    if not any(bar.aim for bar in data.bars):
        return Section("bars", Text("Summary", "概要"), "", (cards,))
    missed = [bar.name.en for bar in data.bars if bar.passed is False]
    judged = sum(bar.passed is not None for bar in data.bars)
    met = f"All {judged} judged bars are met." if judged else "No bar could be judged here."
    verdict = Note(
        f"Missed: {', '.join(missed)}." if missed else met,
        "fail" if missed else "pass" if judged else "",
    )
    lead = "What was promised before the run, and what came out on the out-of-time months."
    return Section("bars", Text("Bars", "达标情况"), lead, (verdict, cards))


def _card(bar: BarResult) -> Card:
    absent = bar.value is None
    state = "" if absent or bar.passed is None else "pass" if bar.passed else "fail"
    notes = (f"aim {bar.aim}" if bar.aim else "", ABSENT if absent else bar.note)
    return Card(bar.name, show(bar.value, bar.kind), " · ".join(filter(None, notes)), state)


def flow(data: ReportData) -> Section | None:
    """From raw events to reasons, with the count that leaves each step, and the rows of each raw table."""
    if not data.flow and data.volumes is None:
        return None
    blocks: list[PageBlock] = []
    if data.flow:
        blocks.append(
            Flow(tuple((step.name, show(step.count, "count"), step.unit) for step in data.flow))
        )
    if data.volumes is not None:
        blocks.append(
            table(
                data.volumes,
                VOLUMES,
                f"Rows per raw table, {show(int(data.volumes['rows'].sum()), 'count')} in all",
                fold=10,
            )
        )
    lead = (
        "A feature sees an event only if it had happened and was known before the application."
        if data.volumes is not None
        else ""
    )
    return Section(
        "flow", Text("From raw events to reasons", "从原始事件到决策理由"), lead, tuple(blocks)
    )


# The simulated world against the numbers that the sources name.

CLAIMS = (
    TableColumn("what", "claim"), TableColumn("source", "source"), TableColumn("target", "target", "number"), TableColumn("tolerance", "±", "number"),
    TableColumn("found", "found", "number"), TableColumn("n", "n", "count"), TableColumn("holds", "holds", "name"), TableColumn("why_not", "why not"),
)  # fmt: skip
LEAD = (
    "Every number that the sources name for the population, its events and its loans, beside what this world shows. Some cannot hold "
    "together, or ask what this world does not answer: they stand with their reason."
)


def claims(data: ReportData) -> Section | None:
    """Each claim with target, tolerance and what was found; null in `found` where the world gives no answer."""
    if data.claims is None:
        return None
    frame = data.claims.astype(object).where(data.claims.notna(), None)
    return Section(
        "claims",
        Text("The simulated world", "模拟世界"),
        LEAD,
        (table(frame, CLAIMS, "Claims about the world"),),
    )


# Parts for audit: fairness by protected field, features that fell and why, seconds per stage, glossary.

FAIRNESS = (
    TableColumn("field", "field", "name"), TableColumn("group", "group", "name"), TableColumn("n", "n", "count"),
    TableColumn("approval_rate", "approved", "share", bar=True), TableColumn("approval_ratio", "ratio to best group", "number", least=0.8),
    TableColumn("mean_pd", "mean PD", "rate"), TableColumn("bad_rate", "bad rate", "rate"),
)  # fmt: skip
SELECTION = (
    TableColumn("feature", "feature"), TableColumn("why", "why it fell"), TableColumn("figure", "figure", "number"), TableColumn("of", "doubles"),
    TableColumn("detail", "detail"),
)  # fmt: skip
RUNTIME = (
    TableColumn("stage", "stage"),
    TableColumn("seconds", "seconds", "seconds", bar=True),
    TableColumn("counts", "counts"),
)
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
        "one of six kinds of information: payment flow, social graph, assets, device stability, bureau, identity",
    ),
    ("points", "分值", "score points: 20 points double the odds of repaying (PDO 20, 600 at 50:1)"),
    (
        "reference",
        "参照",
        "mean points of approved training applicants, frozen in the bundle; reasons are losses against it",
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
        "chance that the old policy booked a loan; its inverse weighs booked loans up to all who applied",
    ),
)


def fairness(data: ReportData) -> Section | None:
    """Approval, PD and bad rate by protected and audit field; none of them is a feature."""
    if data.fairness is None or data.fairness.empty:
        return None
    lead = "None of these fields is a feature or a reason; they are kept to audit the outcome. A ratio under 0.80 calls for a look."
    return Section(
        "fairness",
        Text("Fairness", "公平性审计"),
        lead,
        (table(data.fairness, FAIRNESS, "Outcomes by audit field", fold=30),),
    )


def selection(data: ReportData) -> Section | None:
    """Features that were left out, inside the training months only, with the reason of each."""
    if data.selection is None:
        return None
    counts = data.selection["why"].value_counts()
    lead = (
        f"{show(len(data.selection), 'count')} features fell: "
        + ", ".join(f"{n} {why}" for why, n in counts.items())
        + "."
    )
    rows = table(data.selection, SELECTION, "Features that fell, and why", fold=10)
    return Section("selection", Text("Selection", "特征筛选"), lead, (rows,))


def runtime(data: ReportData) -> Section | None:
    """Seconds of each stage of the run."""
    if data.runtime is None or data.runtime.empty:
        return None
    lead = f"{show(float(data.runtime['seconds'].sum()), 'seconds')} in all, as measured when each stage last ran on this machine."
    return Section(
        "runtime",
        Text("Runtime", "运行时间"),
        lead,
        (table(data.runtime, RUNTIME, "Seconds per stage"),),
    )


def glossary(_: ReportData) -> Section:
    """The words of this page, whatever it shows."""
    return Section("glossary", Text("Glossary", "术语"), "", (TermList(GLOSSARY),))
