"""The section on reasons: how often each is given, and a few decisions explained point by point."""

from __future__ import annotations

from creditloom.report.parts.blocks import (
    Bridge,
    Card,
    Cards,
    PageBlock,
    Section,
    TableColumn,
    Waterfall,
    show,
    table,
)
from creditloom.report.parts.data import Coverage, Example, ReportData, Text

REASONS = (
    TableColumn("text", "reason"),
    TableColumn("family", "family", "name"),
    TableColumn("n", "times given", "count"),
    TableColumn("share", "of decisions with reasons", "share", bar=True),
    TableColumn("mean_points", "mean points", "points"),
)
LEAD = (
    "Base points plus the points of every concept are the score, exactly. Reasons are the concepts "
    "that lost most points against the mean of approved training applicants; each names the "
    "behaviour with its number."
)
ADVERSE = Text("declines and refusals", "拒绝与不予受理")
WITH_REASON = Text("of them with a reason", "其中附理由")
EACH = Text("reasons of one, on average", "平均理由数")
ERROR = Text("points miss the score by at most", "分值与评分最大差")
# Concepts of a waterfall that have a bar of their own; the others share one.
SHOWN = 12
MARGIN = 0.06  # of the drawn range, left free on both sides


def answers(data: ReportData) -> Section | None:
    """Return the frequencies of principal reasons, then the example decisions."""
    blocks: list[PageBlock] = []
    if data.coverage is not None:
        blocks.append(_coverage(data.coverage))
    if data.reasons is not None:
        frame = data.reasons.rename(columns={"text_en": "text"})
        blocks.append(
            table(frame, REASONS, "How often each reason is given", fold=100, name="reasons")
        )
    blocks.extend(waterfall(example) for example in data.examples)
    return Section("reasons", Text("Reasons", "决策理由"), LEAD, tuple(blocks)) if blocks else None


def _coverage(coverage: Coverage) -> Cards:
    """Return the figures on reasons as cards; the share is marked where a decision has none."""
    is_whole = coverage.share_with_reason is None or coverage.share_with_reason == 1
    share = show(coverage.share_with_reason, "share")
    error = show(coverage.largest_sum_error_points, "error")
    state = "pass" if is_whole else "fail"
    # table: label, value, note, state, path in metrics.json
    return Cards(
        (
            Card(ADVERSE, show(coverage.adverse, "count"), "", "", "reasons.adverse"),
            Card(WITH_REASON, share, "", state, "reasons.share_with_reason"),
            Card(EACH, show(coverage.mean_per_adverse, "decimal")),
            Card(ERROR, error, "", "", "reasons.largest_sum_error_points"),
        )
    )


def waterfall(example: Example) -> Waterfall:
    """Return one decision as a waterfall chart, from base points to score.

    The `SHOWN` largest steps have a bar each. All other steps are summed in one bar.
    """
    steps = _largest(example.steps)
    levels = [example.base]
    for _, points in steps:
        levels.append(levels[-1] + points)
    low = min(levels)
    high = max(levels)
    # A decision without any step has no range: 1 keeps the scale finite.
    pad = MARGIN * (high - low) or 1.0
    scale = 100 / (high - low + 2 * pad)

    def place(level: float) -> float:
        """Return where a level lies, in percent of the drawn range."""
        return (level - low + pad) * scale

    base = Text("base points", "基准分")
    total = Text("score before rounding", "取整前分数")
    bridges = [Bridge(base, f"{example.base:.1f}", 0.0, place(example.base), "total")]
    for (label, points), start in zip(steps, levels, strict=False):
        left = place(min(start, start + points))
        sign = "up" if points > 0 else "down"
        bridges.append(Bridge(label, show(points, "points"), left, abs(points) * scale, sign))
    bridges.append(Bridge(total, f"{example.score_raw:.1f}", 0.0, place(levels[-1]), "total"))
    heading = f"Application {example.application_id}"
    return Waterfall(example, heading, _facts(example), tuple(bridges), _sum_line(example))


def _largest(steps: tuple[tuple[Text, float], ...]) -> list[tuple[Text, float]]:
    ranked = sorted(steps, key=lambda step: -abs(step[1]))
    rest = ranked[SHOWN:]
    if not rest:
        return ranked
    label = Text(f"{len(rest)} smaller concepts", f"其余 {len(rest)} 项")
    return [*ranked[:SHOWN], (label, sum(points for _, points in rest))]


def _facts(example: Example) -> str:
    facts = [
        example.decision,
        f"tier {example.tier}",
        f"PD {show(example.pd, 'rate')}",
        f"score {example.score}",
    ]
    if example.limit_cny:
        facts.append(f"limit {show(example.limit_cny, 'money')}")
    return " · ".join(facts)


def _sum_line(example: Example) -> str:
    steps = sum(points for _, points in example.steps)
    rounding = example.score - example.score_raw
    exact = "exact" if example.gap == 0 else f"exact to {abs(example.gap):.0e}"
    return (
        f"base {example.base:.6f}, concepts {steps:+.6f}, together {example.score_raw:.6f}; "
        f"rounding and clipping {rounding:+.6f} give {example.score}. The sum is {exact}."
    )
