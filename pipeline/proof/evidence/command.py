"""`creditloom evidence`: measures the statistical bars at several seeds, kept by seed and part.

A statistical bar can hold on one seed by chance. So it is judged on the fixed seeds 1-5 together.
Whoever develops looks at other seeds: each look at the judged ones is logged.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from creditloom import __version__
from creditloom.models.evaluation.bars import Bars
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import document
from creditloom.pipeline.commands.model.params import assignments
from creditloom.pipeline.commands.own_outputs import require_figures, require_page
from creditloom.pipeline.proof.claims.seed_folder import SeedFolder, code_digest
from creditloom.pipeline.proof.evidence import judges
from creditloom.pipeline.proof.evidence.page import TITLE, BarRow, rows_of, write_page
from creditloom.pipeline.proof.evidence.parts import LARGE, PARTS, runs
from creditloom.storage.files.outputs import held_folder
from creditloom.storage.files.store import read_json, write_json

# Outside a terminal rich uses 80 columns, but several seeds need more.
WIDTH = 180
SUMMARY = "evidence.json"

# The options of the command, each with its help.
ApplicantsOption = Annotated[int, typer.Option(help="applicants of each world", min=1_000)]
SeedsOption = Annotated[str, typer.Option(help="seeds, separated by commas")]
OnlyOption = Annotated[
    str, typer.Option(help=f"parts, separated by commas, of {', '.join(PARTS)}; default: all")
]
LargeOption = Annotated[
    int, typer.Option(help="applicants of the large world at the first seed; 0 = none", min=0)
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="another parameter, as world.processes=1")
]
CheckOption = Annotated[bool, typer.Option("--check", help="say what is missing, run nothing")]
PageOption = Annotated[
    Path | None, typer.Option(help="page with all bars and the log, as docs/evidence.md")
]
OutOption = Annotated[Path, typer.Option(help="folder of the figures by seed and part")]


class EvidenceOptionError(ValueError):
    """The option --seeds or --only cannot be read."""


@dataclass
class _Work:
    """The folders of the seeds, the parts asked of each, and what this run has measured."""

    folders: Mapping[int, SeedFolder]
    asked: Mapping[int, tuple[str, ...]]
    measured: list[str] = field(default_factory=list)


def evidence(
    seeds: SeedsOption = "1,2,3,4,5",
    applicants: ApplicantsOption = 100_000,
    large: LargeOption = 400_000,
    only: OnlyOption = "",
    change: SetOption = None,
    check: CheckOption = False,
    page: PageOption = None,
    out: OutOption = paths.EVIDENCE,
) -> None:
    """Measure the statistical bars at several seeds, each part by the run that it needs.

    A part that is there is not measured again. Exit code 1 unless every bar is met, or where
    --check finds something missing.
    """
    require_figures(out / SUMMARY, "applicants", "bars", "figures", "log")
    if page is not None:
        require_page(page, TITLE)
    changes = {"world.applicants": applicants, **assignments(change)}
    place = out.resolve()
    work = _work(place, _seeds(seeds), changes, _parts(only), large)
    if check:
        _tell_missing(work)
        return
    # Two commands would write the same runs and figures over each other.
    with held_folder(place):
        for seed in work.folders:
            _measure_seed(work, seed)
        found, rows = _judged(work, applicants, _earlier_log(place / SUMMARY))
        write_json(found, place / SUMMARY)
    _end(found, rows, page)


def _end(found: Mapping[str, Any], rows: Sequence[BarRow], target: Path | None) -> None:
    """Write the page, show the table, and end with exit code 1 unless every bar is met."""
    if target is not None:
        write_page(found, rows, target)
    Console(width=None if Console().is_terminal else WIDTH).print(_table(found, rows))
    judged = set(found["seeds"]) & set(document(Bars, paths.EVIDENCE_BARS).seeds)
    if target is None and judged:
        _say("These are judged seeds: log this run by --page docs/evidence.md")
    if not all(row.is_met for row in rows):
        raise typer.Exit(1)


def _work(
    place: Path, seeds: Sequence[int], changes: Mapping[str, Any], parts: Sequence[str], large: int
) -> _Work:
    folders = {
        seed: SeedFolder(place / f"seed-{seed}", {**changes, "seed": seed}, runs(large))
        for seed in seeds
    }
    small = tuple(name for name in parts if name != LARGE)
    asked = dict.fromkeys(seeds, small)
    if large and LARGE in parts:
        asked[seeds[0]] = (*small, LARGE)
    return _Work(folders, asked)


def _seeds(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() for part in parts):
        raise EvidenceOptionError(
            f"--seeds {text}: expected whole numbers separated by commas, as 11,12; correct it"
        )
    return tuple(dict.fromkeys(int(part) for part in parts))


def _parts(text: str) -> tuple[str, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()] or list(PARTS)
    unknown = sorted(set(names) - set(PARTS))
    if unknown:
        raise EvidenceOptionError(
            f"--only {text}: expected parts of {', '.join(PARTS)}, got {', '.join(unknown)}; "
            "correct them"
        )
    return tuple(name for name in PARTS if name in names)


def _tell_missing(work: _Work) -> None:
    """Say which parts are missing by seed. Exit code 1 where some are."""
    is_complete = True
    for seed, folder in work.folders.items():
        missing = [name for name in work.asked[seed] if folder.content(name) is None]
        is_complete = is_complete and not missing
        Console().print(f"seed {seed}: {', '.join(missing) or 'nothing'} missing", soft_wrap=True)
    if not is_complete:
        raise typer.Exit(1)


def _measure_seed(work: _Work, seed: int) -> None:
    """Measure the parts of a seed that are not there, then remove the runs that are used up."""
    folder = work.folders[seed]
    folder.open()
    for place, name in enumerate(work.asked[seed], start=1):
        label = f"seed {seed} {name} ({place}/{len(work.asked[seed])})"
        if folder.content(name) is not None:
            _say(f"{label}: there already")
            continue
        try:
            _measure(folder, name, label)
        except ValueError as error:
            # Not kept: the next run of the command tries again.
            _say(f"{label}: {type(error).__name__}: {error}")
        else:
            work.measured.append(f"{name} of {seed}")
    folder.remove_measured_runs({name: [PARTS[name].run] for name in work.asked[seed]})


def _measure(folder: SeedFolder, name: str, label: str) -> None:
    start = time.perf_counter()
    _say(f"{label}: begins")
    part = PARTS[name]
    run = folder.run(part.run, part.last, lambda text: _say(f"{label}: {text}"))
    found = part.measure(run)
    seconds = time.perf_counter() - start
    folder.keep_content(name, found, seconds)
    _say(f"{label}: {seconds:.0f} s")


def _say(text: str) -> None:
    Console(stderr=True).print(f"{time.strftime('%H:%M:%S')} {text}", soft_wrap=True)


def _judged(
    work: _Work, applicants: int, log: list[dict[str, Any]]
) -> tuple[dict[str, Any], list[BarRow]]:
    """Return what evidence.json holds, and the rows of all bars.

    Every part that is there is judged, whether it was asked for now or earlier.
    """
    contents = {
        seed: {name: one for name in PARTS if (one := folder.content(name)) is not None}
        for seed, folder in work.folders.items()
    }
    large = next((parts[LARGE] for parts in contents.values() if LARGE in parts), None)
    figures = judges.figures(contents, large)
    metrics = {seed: parts.get("run", {}).get("metrics", {}) for seed, parts in contents.items()}
    rows = rows_of(figures, metrics)
    made = {"version": __version__, "code": code_digest(), "world": code_digest(("world",))}
    seeds = list(work.folders)
    now = {"time": time.strftime("%Y-%m-%d %H:%M"), "seeds": seeds, "applicants": applicants}
    kept = {key: made[key] for key in ("version", "code")}
    found = {
        "made_from": made,
        "applicants": applicants,
        "seeds": seeds,
        "figures": figures,
        "bars": {row.name: vars(row) for row in rows},
        "log": [*log, {**now, **kept, "measured": work.measured}],
    }
    return found, rows


def _earlier_log(file: Path) -> list[dict[str, Any]]:
    log: list[dict[str, Any]] = read_json(file)["log"] if file.is_file() else []
    return log


def _table(found: Mapping[str, Any], rows: Sequence[BarRow]) -> Table:
    n_met = sum(row.is_met for row in rows)
    table = Table(title=f"{found['applicants']:,} applicants: {n_met} of {len(rows)} bars met")
    seeds = [f"seed {seed}" for seed in found["seeds"]]
    for heading in ("bar", "aim", *seeds, "all", "verdict"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(row.name, row.aim, *row.by_seed, row.pooled, row.verdict)
    return table
