"""What an applicant is told: how often each principal reason is given, and a few decisions taken apart point by point."""

from __future__ import annotations

from creditloom.report.parts.blocks import (
    Bridge,
    Note,
    PageBlock,
    Section,
    TableColumn,
    Waterfall,
    show,
    table,
)
from creditloom.report.parts.data import Coverage, Example, ReportData, Text

REASONS = (
    TableColumn("text", "reason"), TableColumn("family", "family", "name"), TableColumn("n", "times given", "count"),
    TableColumn("share", "of decisions with reasons", "share", bar=True), TableColumn("mean_points", "mean points", "points"),
)  # fmt: skip
LEAD = (
    "Base points plus the points of every concept are the score, exactly. Reasons are the concepts that lost most points against the "
    "mean of approved training applicants; each names the behaviour with its number."
)
SHOWN = 12


def answers(data: ReportData) -> Section | None:
    """Frequencies of principal reasons, then the example decisions."""
    blocks: list[PageBlock] = []
    if data.coverage is not None:
        blocks.append(_coverage(data.coverage))
    if data.reasons is not None:
        frame = data.reasons.rename(columns={"text_en": "text"})
        blocks.append(table(frame, REASONS, "How often each reason is given", fold=12))
    blocks.extend(waterfall(example) for example in data.examples)
    return Section("reasons", Text("Reasons", "决策理由"), LEAD, tuple(blocks)) if blocks else None


def _coverage(found: Coverage) -> Note:
    whole = found.share_with_reason is None or found.share_with_reason == 1
    share = f"{show(found.share_with_reason, 'share')} of them with a reason, {found.mean_per_adverse or 0:.1f} each on average"
    told = (
        f"{found.adverse:,} declines and refusals, {share}"
        if found.adverse
        else "No declines or refusals"
    )
    return Note(
        f"{told}. Points miss the score by at most {found.largest_sum_error_points:.0e}.",
        "pass" if whole else "fail",
    )


def waterfall(example: Example) -> Waterfall:
    """One decision as a ladder from base points to score; small steps beyond the largest `SHOWN` are summed in one line."""
    steps = _largest(example.steps)
    levels = [example.base]
    for _, points in steps:
        levels.append(levels[-1] + points)
    low, high = min(levels), max(levels)
    pad = 0.06 * (high - low) or 1.0
    scale = 100 / (high - low + 2 * pad)
    bridges = [
        Bridge(
            Text("base points", "基准分"),
            f"{example.base:.1f}",
            0.0,
            (example.base - low + pad) * scale,
            "total",
        )
    ]
    for (label, points), start in zip(steps, levels, strict=False):
        left = (min(start, start + points) - low + pad) * scale
        bridges.append(
            Bridge(
                label,
                show(points, "points"),
                left,
                abs(points) * scale,
                "up" if points > 0 else "down",
            )
        )
    total = Text("score before rounding", "取整前分数")
    bridges.append(
        Bridge(total, f"{example.score_raw:.1f}", 0.0, (levels[-1] - low + pad) * scale, "total")
    )
    return Waterfall(
        example,
        f"Application {example.application_id}",
        _facts(example),
        tuple(bridges),
        _sum_line(example),
    )


def _largest(steps: tuple[tuple[Text, float], ...]) -> list[tuple[Text, float]]:
    ranked = sorted(steps, key=lambda step: -abs(step[1]))
    rest = ranked[SHOWN:]
    if not rest:
        return ranked
    return [
        *ranked[:SHOWN],
        (
            Text(f"{len(rest)} smaller concepts", f"其余 {len(rest)} 项"),
            sum(points for _, points in rest),
        ),
    ]


def _facts(example: Example) -> str:
    limit = f" · limit {show(example.limit_cny, 'money')}" if example.limit_cny else ""
    return f"{example.decision} · tier {example.tier} · PD {show(example.pd, 'rate')} · score {example.score}{limit}"


def _sum_line(example: Example) -> str:
    steps = sum(points for _, points in example.steps)
    rounding = example.score - example.score_raw
    return (
        f"base {example.base:.6f}, concepts {steps:+.6f}, together {example.score_raw:.6f}; rounding and clipping {rounding:+.6f} "
        f"give {example.score}. The sum is {'exact' if example.gap == 0 else f'exact to {abs(example.gap):.0e}'}."
    )
