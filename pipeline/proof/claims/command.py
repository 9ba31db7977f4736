"""`creditloom claims`: measures every claim about the world at several seeds.

Claims that need another scenario, a switch, the book or the decisions of a product are measured
beside those of one run. The figures of each seed and part are kept, so that a run that was stopped
goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from creditloom.models.evaluation.world_claims.claims import Claim, Claims
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import document
from creditloom.pipeline.commands.model.params import assignments
from creditloom.pipeline.commands.own_outputs import require_figures
from creditloom.pipeline.proof.claims import verdicts
from creditloom.pipeline.proof.claims.labelled_parts import Figures
from creditloom.pipeline.proof.claims.labelled_world import LabelledWorld
from creditloom.pipeline.proof.claims.parts import PARTS
from creditloom.pipeline.proof.claims.seed_folder import SeedFolder
from creditloom.pipeline.proof.claims.verdicts import ClaimVerdict
from creditloom.storage.files.outputs import held_folder
from creditloom.storage.files.store import write_json

# Outside a terminal rich uses 80 columns, but several seeds need more.
WIDTH = 180
SUMMARY = "claims.json"

# The options of the command, each with its help.
SeedsOption = Annotated[str, typer.Option(help="seeds, separated by commas")]
ApplicantsOption = Annotated[int, typer.Option(help="applicants of each world", min=1_000)]
OnlyOption = Annotated[
    str, typer.Option(help="ids of claims, separated by commas; default: all that stand")
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="another parameter, as world.processes=1")
]
OutOption = Annotated[Path, typer.Option(help="folder of the figures by seed and part")]


class ClaimsOptionError(ValueError):
    """The option --seeds or --only cannot be read."""


def claims(
    seeds: SeedsOption = "1,2,3,4,5",
    applicants: ApplicantsOption = 100_000,
    only: OnlyOption = "",
    change: SetOption = None,
    out: OutOption = paths.WORLD_CLAIMS,
) -> None:
    """Measure every claim of world/claims.yaml at several seeds, each by the run that it needs.

    A part that is there is not measured again. Exit code 1 unless every claim is met. Raises
    DataError where another command works in the same folder.
    """
    require_figures(out / SUMMARY, "applicants", "claims", "seeds")
    declared = document(Claims, paths.CLAIMS)
    wanted = _wanted(declared, only)
    numbers = _seeds(seeds)
    changes = {"world.applicants": applicants, **assignments(change)}
    place = out.resolve()
    # Two commands would write the same runs and figures over each other.
    with held_folder(place):
        folders = {
            seed: SeedFolder(place / f"seed-{seed}", {**changes, "seed": seed}) for seed in numbers
        }
        judged = _judged(folders, declared, wanted)
        write_json(_summary(judged, applicants, numbers), place / SUMMARY)
    Console(width=None if Console().is_terminal else WIDTH).print(
        _table(judged, applicants, numbers)
    )
    if not verdicts.held(judged):
        raise typer.Exit(1)


def _wanted(declared: Claims, only: str) -> tuple[Claim, ...]:
    """Return the claims that stand, or those of `only`. Raises ClaimsOptionError."""
    standing = {claim.id: claim for claim in declared.claims if not claim.withdrawn}
    names = [name.strip() for name in only.split(",") if name.strip()] or list(standing)
    unknown = sorted(set(names) - set(standing))
    if unknown:
        raise ClaimsOptionError(
            f"--only {only}: expected ids of claims that stand in world/claims.yaml, got "
            f"{', '.join(unknown)}; correct them"
        )
    return tuple(standing[name] for name in dict.fromkeys(names))


def _seeds(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() for part in parts):
        raise ClaimsOptionError(
            f"--seeds {text}: expected whole numbers separated by commas, as 11,12; correct it"
        )
    return tuple(dict.fromkeys(int(part) for part in parts))


def _judged(
    folders: Mapping[int, SeedFolder], declared: Claims, wanted: Sequence[Claim]
) -> list[ClaimVerdict]:
    """Return the wanted claims with their figures of every seed."""
    measured = {seed: _measured(folder, declared, wanted) for seed, folder in folders.items()}
    return [
        verdicts.over_seeds(claim, {seed: figures[claim.id] for seed, figures in measured.items()})
        for claim in wanted
    ]


def _measured(
    folder: SeedFolder, declared: Claims, wanted: Sequence[Claim]
) -> dict[str, verdicts.SeedFigure]:
    """Return the wanted claims of one seed, judged alone; measure the parts that are not there."""
    folder.open(declared.version)
    labelled = LabelledWorld.of(folder.place)
    ids = {claim.id for claim in wanted}
    figures: Figures = {}
    failures: dict[str, str] = {}
    needed = [name for name, part in PARTS.items() if part.claims & ids]
    for place, name in enumerate(needed, start=1):
        label = f"{folder.place.name} {name} ({place}/{len(needed)})"
        try:
            figures |= _part(folder, labelled, name, label)
        except ValueError as error:
            # Not kept: the next run of the command tries again.
            failures |= dict.fromkeys(PARTS[name].claims, f"{type(error).__name__}: {error}")
            _say(f"{label}: {type(error).__name__}: {error}")
    folder.remove_measured_runs({name: [run for run, _ in PARTS[name].runs] for name in needed})
    base_rate = labelled.params.base_rate
    return {
        claim.id: verdicts.of_seed(
            claim, figures.get(claim.id), base_rate, failures.get(claim.id, "")
        )
        for claim in wanted
    }


def _part(folder: SeedFolder, labelled: LabelledWorld, name: str, label: str) -> Figures:
    """Return the figures of a part: those that are there, else measured and kept."""
    there = folder.figures(name)
    if there is not None:
        _say(f"{label}: there already")
        return there
    start = time.perf_counter()
    _say(f"{label}: begins")
    part = PARTS[name]
    runs = [folder.run(run, last, lambda text: _say(f"{label}: {text}")) for run, last in part.runs]
    found = part.measure(*runs) if runs else part.measure(labelled)
    seconds = time.perf_counter() - start
    folder.keep(name, {key: found.get(key) for key in part.claims}, seconds)
    _say(f"{label}: {seconds:.0f} s")
    # As it was written, so that a first and a second run judge the same figures.
    return folder.figures(name) or {}


def _say(text: str) -> None:
    Console(stderr=True).print(f"{time.strftime('%H:%M:%S')} {text}", soft_wrap=True)


def _summary(
    judged: Sequence[ClaimVerdict], applicants: int, seeds: Sequence[int]
) -> dict[str, Any]:
    """Return what claims.json of the folder holds."""
    return {
        "applicants": applicants,
        "seeds": list(seeds),
        "held": verdicts.held(judged),
        "claims": {one.claim.id: _block(one) for one in judged},
    }


def _block(one: ClaimVerdict) -> dict[str, Any]:
    by_seed = {str(seed): _seed_block(figure) for seed, figure in one.seeds.items()}
    return {
        "bound": one.claim.bound,
        "verdict": one.verdict,
        "mean": one.mean,
        "seeds": by_seed,
    }


def _seed_block(one: verdicts.SeedFigure) -> Mapping[str, Any]:
    is_figure = one.figure is not None and one.figure.value == one.figure.value
    figure = asdict(one.figure) if one.figure is not None and is_figure else None
    return {"figure": figure, "verdict": one.verdict, "reason": one.reason}


def _table(judged: Sequence[ClaimVerdict], applicants: int, seeds: Sequence[int]) -> Table:
    counts = [f"{sum(one.verdict == name for one in judged)} {name}" for name in verdicts.ORDER]
    table = Table(title=f"claims, {applicants:,} applicants: {', '.join(counts)}")
    for heading in ("claim", "bound", *(f"seed {seed}" for seed in seeds), "mean", "verdict"):
        table.add_column(heading, overflow="fold")
    for one in judged:
        cells = [_cell(one.seeds[seed]) for seed in seeds]
        mean = "-" if one.mean is None else f"{one.mean:.4g}"
        table.add_row(one.claim.id, one.claim.bound, *cells, mean, one.verdict)
    return table


def _cell(one: verdicts.SeedFigure) -> str:
    """Return figure, n and verdict of a seed; the reason where it could not be measured."""
    if one.reason or one.figure is None:
        # The first line: the console has told the rest.
        return f"{one.verdict}: {one.reason.partition(chr(10))[0]}"
    return f"{one.figure.value:.4g} (n {one.figure.n:,}) {one.verdict}"
