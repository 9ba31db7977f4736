"""`creditloom certificate`: what is promised of decisions, held against decisions."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow.dataset as ds
import typer

from creditloom.features.contract.raw_changes import RawChanges
from creditloom.features.declare.registry import plan
from creditloom.features.policy_inputs.device_counts import CLUSTERED, SHARED
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import ParamsError, document
from creditloom.serving.applicant.recourse.actionable import Actionable
from creditloom.serving.applicant.recourse.recourse import Recourse
from creditloom.storage.files.formats import RESULTS, write_document

from .brute_force import brute_force, coarse
from .certificate import ChangedPeople, signed_features
from .decided import DecidedFolder
from .recourse_proof import asked, unmet

PARTS = ("features", "changes", "applied", "brute")
# The options of the command, each with its help.
PartsOption = Annotated[
    list[str] | None,
    typer.Option("--part", help="features, changes, applied or brute; default: all four"),
]
PeopleOption = Annotated[int, typer.Option(help="people of each signed feature and raw change")]
DeclinesOption = Annotated[int, typer.Option(help="declines of the two parts on recourse")]
SeedOption = Annotated[int, typer.Option(help="of the sample")]
BundleOption = Annotated[Path, typer.Option(help="folder of the bundle")]
MatrixOption = Annotated[Path, typer.Option(help="the matrix that it decides on")]
RawOption = Annotated[Path, typer.Option(help="the raw tables that the matrix was made of")]
DecisionsOption = Annotated[Path, typer.Option(help="the decisions, for the declines among them")]
OutputOption = Annotated[Path, typer.Option(help="where the figures are written")]


def certificate(
    part: PartsOption = None,
    people: PeopleOption = 10_000,
    declines: DeclinesOption = 200,
    seed: SeedOption = 11,
    bundle: BundleOption = paths.MODEL,
    matrix: MatrixOption = paths.MATRIX,
    raw: RawOption = paths.RAW,
    decisions: DecisionsOption = paths.DECISIONS,
    output: OutputOption = paths.REPORTS / "certificate.json",
) -> None:
    """Hold signs, raw changes and recourse against the decisions (minutes).

    features: every signed feature up to the offer, null included. changes: the committed raw
    changes from raw table to offer. applied: recourse applied in the raw tables reaches what it
    promised. brute: it is as cheap as the cheapest of all sets on a coarse list.
    """
    folder = DecidedFolder(bundle, matrix, raw)
    chosen = part or list(PARTS)
    for name in chosen:
        if name not in PARTS:
            raise ParamsError(
                f"creditloom certificate: --part: expected one of {', '.join(PARTS)}, got {name}"
            )
    actionable = document(Actionable, paths.ACTIONABLE)
    figures: dict[str, Any] = {}
    if "features" in chosen:
        figures["features"] = _features(folder, people, seed)
    if "changes" in chosen:
        figures["changes"] = _changes(folder, people)
    ids = _declined(decisions, declines, seed) if {"applied", "brute"} & set(chosen) else []
    if "applied" in chosen:
        figures["applied"] = _applied(folder, actionable, ids)
    if "brute" in chosen:
        figures["brute"] = _brute(folder, actionable, ids)
    write_document(figures, output, RESULTS)
    Console().print(f"figures: {output}")


def _features(folder: DecidedFolder, people: int, seed: int) -> dict[str, Any]:
    found = signed_features(folder, people, seed)
    broken = [one.feature for one in found if one.worse or one.null]
    Console().print(f"signed features: {len(found)}, broken up to the offer: {len(broken)}")
    counts = {"worse": sum(one.worse for one in found), "null": sum(one.null for one in found)}
    return {"signed": len(found), "people": people, "broken": broken, **counts}


def _changes(folder: DecidedFolder, people: int) -> list[dict[str, Any]]:
    changed = ChangedPeople(folder, people)
    found = []
    for change in document(RawChanges, paths.RAW_CHANGES).changes:
        one = changed.certificate(change)
        n = max(1, one.people)
        Console().print(
            f"{one.change}: {one.people} people, PD against the promise {one.fallen / n:.4%}, "
            f"offer {one.better / n:.4%}, by {dict(one.features)}"
        )
        found.append(one.record())
    return found


def _declined(decisions: Path, n: int, seed: int) -> list[int]:
    """Return a sample of declined applications, by id."""
    wanted = ds.field("decision") == "decline"
    table = ds.dataset(decisions, format="parquet").to_table(["application_id"], filter=wanted)
    ids = np.sort(table["application_id"].to_numpy())
    chosen = np.random.default_rng(seed).choice(ids, min(n, len(ids)), replace=False)
    return [int(one) for one in np.sort(chosen)]


def _applied(folder: DecidedFolder, actionable: Actionable, ids: Sequence[int]) -> dict[str, Any]:
    sample = asked(folder, actionable, ids)
    found = [one for one in sample.answers if one.is_found]
    with tempfile.TemporaryDirectory(prefix="creditloom-") as work:
        wrong = unmet(folder, actionable, sample, Path(work))
    figures: dict[str, Any] = {"people": len(ids), "found": len(found), "unmet": wrong}
    figures["wall_ms_p50"] = 1_000 * float(np.median(sample.wall))
    figures["cpu_ms_p50"] = 1_000 * float(np.median(sample.cpu))
    figures["wall_ms_p99"] = 1_000 * float(np.quantile(sample.wall, 0.99))
    Console().print(
        f"recourse of {len(ids)} declines: {len(found)} found, {len(wrong)} promises not met in "
        f"the raw tables, p50 {figures['wall_ms_p50']:.0f} ms (CPU {figures['cpu_ms_p50']:.0f})"
    )
    return figures


def _brute(folder: DecidedFolder, actionable: Actionable, ids: Sequence[int]) -> dict[str, Any]:
    short = coarse(actionable)
    sample = asked(folder, short, ids)
    names = [spec.name for spec in plan(folder.sources).snapshot]
    names += [one.name for one in (*SHARED, *CLUSTERED)]
    rows = folder.rows(ids, names)
    recourse = Recourse(folder.decider, short, tuple(folder.columns))
    unequal = []
    n_found = 0
    for k, (person, answer) in enumerate(zip(sample.people, sample.answers, strict=True)):
        others = {name: rows[name][k].as_py() for name in names}
        snapshot = {name: np.nan if v is None else float(v) for name, v in others.items()}
        best = brute_force(recourse, person, snapshot)
        n_found += best.cost is not None
        cost = answer.cost if answer.is_found else None
        if (cost, answer.months if answer.is_found else 0) != (best.cost, best.months):
            unequal.append((answer.application_id, cost, best.cost))
    Console().print(
        f"brute force on {len(ids)} declines: {n_found} found, {len(unequal)} not equal"
    )
    return {"people": len(ids), "found": n_found, "unequal": unequal}
