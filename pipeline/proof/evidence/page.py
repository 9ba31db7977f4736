"""The page docs/evidence.md: all bars with the figures of each seed, and a log of every run.

The log is only added to: who looks at the judged seeds often enough finds what he wants, so each
look is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from creditloom.models.evaluation.bars import Bar, Bars, figure
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.pipeline.commands.own_outputs import require_page
from creditloom.storage.files.store import write_text

TITLE = "# Evidence: the statistical bars at several seeds"
ABOUT = """Written by `creditloom evidence --page docs/evidence.md` (`make evidence`). A bar that
was not measured is not met. Figures by seed hold the interval over drawn applicants where there is
one; the last two columns judge all seeds together. What each bar asks and why:
[evidence_bars.yaml](../models/evaluation/bars/evidence_bars.yaml) and
[bars.yaml](../models/evaluation/bars/bars.yaml)."""
LOG = "## Every run on seeds 1-5"
ENTRY = "- "
# The verdicts in words.
MET = "met"
MISSED = "MISSED"
NOT_MEASURED = "not measured"
# Stands for a figure that is absent.
ABSENT = "-"
# What is told and not judged: what, figure, edges.
TOLD = (
    ("final approvals, S5's range", "approval", 0.62, 0.75),
    ("share of the reachable, optimistic split", "optimistic", 0.945, 1.0),
)


@dataclass(frozen=True)
class BarRow:
    """A bar with the figures of each seed and of all, as texts; is_met of all seeds together."""

    name: str
    aim: str
    by_seed: tuple[str, ...]
    pooled: str
    is_met: bool

    @property
    def verdict(self) -> str:
        """Return the verdict in words."""
        if self.pooled == ABSENT:
            return NOT_MEASURED
        return MET if self.is_met else MISSED


def rows_of(found: Mapping[str, Any], runs: Mapping[int, Mapping[str, Any]]) -> list[BarRow]:
    """Return every bar: those of all seeds together, then those of each run.

    found: the document of `judges.figures`. runs: metrics of each seed, empty where there are none.
    """
    pooled = [_pooled(bar, found, list(runs)) for bar in document(Bars, paths.EVIDENCE_BARS).bars]
    return pooled + [_by_run(bar, runs) for bar in document(Bars, paths.BARS).bars]


def _pooled(bar: Bar, found: Mapping[str, Any], seeds: Sequence[int]) -> BarRow:
    block = found.get(bar.figure.partition(".")[0], {})
    cells = tuple(_cell(block, seed) for seed in seeds)
    value = figure(found, bar.figure)
    # A simulated world has a truth, so an absent figure is a bar that nobody has shown to hold.
    is_met = bar.judge({**found, "has_truth": True}) is True
    return BarRow(bar.name, bar.aim, cells, _shown(value), is_met)


def _cell(block: Mapping[str, Any], seed: int) -> str:
    """Return the figure of a seed, with the interval over drawn applicants where there is one."""
    value = figure(block.get("by_seed", {}), str(seed))
    low, high = block.get("applicants", {}).get(str(seed), (None, None))
    if value is None or low is None or high is None:
        return _shown(value)
    return f"{value:.4f} ({low:.4f} to {high:.4f})"


def _by_run(bar: Bar, runs: Mapping[int, Mapping[str, Any]]) -> BarRow:
    """Return a bar that each run must meet."""
    values = [figure(metrics, bar.figure) for metrics in runs.values()]
    is_met = all(bar.judge({**metrics, "has_truth": True}) is True for metrics in runs.values())
    known = [value for value in values if value is not None]
    mean = sum(known) / len(known) if known and len(known) == len(values) else None
    cells = tuple(_shown(value) for value in values)
    return BarRow(f"each run: {bar.name}", bar.aim, cells, _shown(mean), bool(runs) and is_met)


def _shown(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.4f}"


def written_page(evidence: Mapping[str, Any], rows: Sequence[BarRow], earlier: str) -> str:
    """Return the text of the page. earlier: its text before, whose log is kept."""
    judged = set(document(Bars, paths.EVIDENCE_BARS).seeds)
    lines = log_lines(earlier)
    new = [entry(one) for one in evidence["log"] if judged & set(one["seeds"])]
    lines += [line for line in new if line not in lines]
    made = evidence["made_from"]
    versions = f"version {made['version']}, code {made['code']}, world {made['world']}"
    made_from = f"Made from {versions}; {evidence['applicants']:,} applicants."
    figures = [*_table(evidence, rows), "", *_told(evidence["figures"])]
    body = [TITLE, "", ABOUT, "", made_from, "", *figures]
    return "\n".join([*body, "", LOG, "", *(lines or ["None yet."]), ""])


def write_page(evidence: Mapping[str, Any], rows: Sequence[BarRow], path: Path) -> None:
    """Write the page. Raise DataError where something else is at `path`."""
    require_page(path, TITLE)
    earlier = path.read_text(encoding="utf-8") if path.is_file() else ""
    write_text(written_page(evidence, rows, earlier), path)


def log_lines(text: str) -> list[str]:
    """Return the entries of the log in a page; none where it has no log yet."""
    _, _, after = text.partition(LOG)
    return [line for line in after.splitlines() if line.startswith(ENTRY)]


def entry(one: Mapping[str, Any]) -> str:
    """Return the line of a run in the log."""
    seeds = ", ".join(map(str, one["seeds"]))
    measured = ", ".join(one["measured"]) or "nothing new"
    made = f"version {one['version']}, code {one['code']}"
    asked = f"seeds {seeds}, {one['applicants']:,} applicants"
    return f"{ENTRY}{one['time']}: {made}; {asked}: {measured}"


def _table(evidence: Mapping[str, Any], rows: Sequence[BarRow]) -> list[str]:
    seeds = [f"seed {seed}" for seed in evidence["seeds"]]
    lines = [_line("bar", "aim", *seeds, "all", "verdict"), _line(*["---"] * (len(seeds) + 4))]
    return lines + [_line(row.name, row.aim, *row.by_seed, row.pooled, row.verdict) for row in rows]


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _told(found: Mapping[str, Any]) -> list[str]:
    """Return what is told and not judged, and the intervals over seeds."""
    lines = []
    for words, block, least, most in TOLD:
        mean = figure(found, f"{block}.mean")
        is_inside = mean is not None and least <= mean <= most
        verdict = "-" if mean is None else f"{mean:.4f}, {MET if is_inside else MISSED.lower()}"
        lines.append(f"{ENTRY}Told, not judged: {words} ({least:g}-{most:g}): {verdict}.")
    keys = ("mean", "low", "high")
    for block in ("reachable", "plain", "ridge", "ceiling"):
        middle, *ends = (_shown(figure(found, f"{block}.{key}")) for key in keys)
        shown = f"{middle} ({' to '.join(ends)})"
        lines.append(f"{ENTRY}Mean over seeds of `{block}`, with its 95 % interval: {shown}.")
    return lines
