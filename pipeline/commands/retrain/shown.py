"""Say what a retrain does and what came out, in words and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from creditloom.models.evaluation.rivals.young_loans import PairedFigures, YoungFigures
from creditloom.pipeline.commands.retrain.proposal import Proposal
from creditloom.pipeline.commands.retrain.retrain_month import RetrainMonth
from creditloom.pipeline.commands.retrain.run_folder import PROPOSAL
from creditloom.serving.registry.lookup import Version


def plan(months: RetrainMonth, champion: Version | None, source: Path, folder: Path) -> str:
    """Return what will be done, before it is."""
    split = months.split
    beside = "nobody is champion yet"
    if champion is not None:
        beside = f"beside {champion.name} version {champion.version}"
    first = split.start.isoformat()[:7]
    judged = f"{months.judged_from} up to {months.month - 1}"
    lines = (
        f"retrain as of {months.month}: raw tables of {source} as known before {months.day}",
        f"  learns from {first} up to {months.judged_from - 1}",
        f"  judged on {judged}, by the defaults known so far; {beside}",
        f"  written to {folder}; killed, it goes on from there",
    )
    return "\n".join(lines)


def already(champion: Version | None, answer: Mapping[str, Any] | None) -> str:
    """Return what is said where the model of this run decides already."""
    number = "" if champion is None else f", version {champion.version}"
    stands = "" if answer is None else f"; its proposal of {answer['as_of']} stands"
    return f"the model of this run is champion{number}{stands}: nothing to do"


def table(proposal: Proposal) -> Table:
    """Return the new model beside the champion."""
    judged = proposal.judged
    beside = judged.champion
    title = f"{judged.loans:,} loans of {proposal.month.judged_from} to "
    title += f"{proposal.month.month - 1}, {judged.bads} bad so far"
    shown = Table(title=title)
    for name in ("", "new model", "champion"):
        shown.add_column(name)
    theirs = None if beside is None else beside.figures
    for label, cells in _figures(judged.figures, theirs):
        shown.add_row(label, *cells)
    approved = "-" if beside is None else _percent(beside.approved)
    shown.add_row("approved", _percent(judged.approved), approved)
    if beside is not None:
        shown.add_row("approved by this one only", f"{beside.swapped_in}", f"{beside.swapped_out}")
        shown.add_row("AUC less the champion's", paired(beside.paired), "")
    for name, figures in judged.rivals.items():
        shown.add_row(f"AUC less that of the {name}", paired(figures), "")
    return shown


def paired(figures: PairedFigures) -> str:
    """Return a difference with its interval and verdict."""
    between = f"({figures.low:+.4f} to {figures.high:+.4f})"
    return f"{figures.delta:+.4f} {between}, {figures.verdict}"


def _figures(ours: YoungFigures, theirs: YoungFigures | None) -> list[tuple[str, tuple[str, str]]]:
    # table: label -> how a model's figures are shown
    ways = {
        "AUC, booked loans": lambda one: f"{one.auc:.4f}",
        "AUC, weighted to the door": lambda one: f"{one.weighted_auc:.4f}",
        "bads so far, observed / expected": lambda one: f"{one.o_e:.2f} (p {one.p:.3f})",
        "mean PD of twelve months": lambda one: _percent(one.mean_pd, 2),
    }
    return [
        (label, (way(ours), "-" if theirs is None else way(theirs))) for label, way in ways.items()
    ]


def words(proposal: Proposal) -> str:
    """Return the answer, with every reason and what the figures cannot tell."""
    judged = proposal.judged
    beside = judged.champion
    lines = ["proposed" if proposal.is_proposed else "not proposed:"]
    lines += [f"  {reason}" for reason in proposal.reasons]
    if proposal.is_proposed and beside is not None:
        lines = [f"proposed: {beside.paired.verdict} with the champion in AUC, and newer"]
    lines.append(
        f"  these loans have shown {100 * judged.exposure:.0f} % of their defaults: an AUC is that "
        "of early defaults, and expected bads are PDs times this exposure"
    )
    lines.append(
        "  the new model knows what became of older loans in these months, and the champion does "
        "not: its level is flattered a little"
    )
    return "\n".join(lines)


def next_step(proposal: Proposal, folder: Path, asked: str) -> str:
    """Return what to do next. asked: promote, register or nothing ("")."""
    answer = f"{folder / PROPOSAL} holds every figure"
    if not proposal.is_proposed:
        return f"next: {answer}; the champion stays. Retrain again with the next month"
    if asked == "promote":
        return 'next: to go back: creditloom promote --previous --reason "WHY"'
    if asked == "register":
        return 'next: creditloom promote --version N --reason "WHY" (see creditloom history)'
    again = f"creditloom retrain --as-of {proposal.month.month} --out {folder}"
    return f"next: {answer}; to register it run the same with --register: {again} --register"


def _percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"
