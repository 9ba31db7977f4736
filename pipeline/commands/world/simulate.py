"""`creditloom simulate`: makes a synthetic lender with its truth, card, claims and page.

Everything goes into one new folder, which is written beside its place and then renamed. The same
options and versions give the same bytes, in any folder and with any number of processes.
"""

from __future__ import annotations

import platform
import sys
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from creditloom import __version__
from creditloom.models.evaluation.world_claims.claims import Claims
from creditloom.models.evaluation.world_figures.published import PublishedFacts
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import document, section
from creditloom.pipeline.commands.world.data_card import CardContent, card
from creditloom.pipeline.commands.world.lender_figures import (
    LenderFigures,
    claims_document,
    figures_document,
    measure,
    page_of,
)
from creditloom.pipeline.commands.world.lender_switches import OPTIONS, notes_of, switches_of
from creditloom.report.world_page.world_page import world_page
from creditloom.storage.files.formats import RESULTS, write_document
from creditloom.storage.files.outputs import FolderKind, new_folder, require_local
from creditloom.storage.files.store import write_text
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.simulate import RAW_NAMES, TRUTH_NAMES
from creditloom.world.simulate import simulate as simulate_world

# It runs from any folder, even without a params.yaml, and always uses the committed parameters:
# the same command gives the same lender everywhere.
PARAMS = paths.DEFAULTS
# Applicants of a lender, and of a small one to look at.
APPLICANTS = 20_000
SMALL_APPLICANTS = 2_000
# A folder with this file was written by `simulate`, so `simulate` may replace the folder.
MARK = "truth/meta.json"
LENDER = FolderKind(
    what="a simulated lender",
    mark=MARK,
    keys=frozenset({"seed", "communities"}),
    names=(
        *(f"raw/{name}" for name in RAW_NAMES),
        *(f"truth/{name}" for name in TRUTH_NAMES),
        "truth/oracle.parquet",
        "CARD.md",
        "claims.json",
        "figures.json",
        "index.html",
    ),
)
# Libraries on whose versions the bytes may depend.
LIBRARIES = ("numpy", "scipy", "scikit-learn", "numba", "pyarrow")

# The options of the command, each with its help.
OutOption = Annotated[Path, typer.Option(help="the folder to write; an earlier lender is replaced")]
ApplicantsOption = Annotated[
    int | None,
    typer.Option(help=f"how many people apply; {APPLICANTS:,} unless told", min=100),
]
SmallOption = Annotated[
    bool, typer.Option("--small", help=f"{SMALL_APPLICANTS:,} applicants: to look at, in a minute")
]
SeedOption = Annotated[int, typer.Option(help="another seed, other people", min=0)]
ScenarioOption = Annotated[
    str | None, typer.Option(help="the economy by calendar month: off, calm or recession")
]
MacroSeedOption = Annotated[
    int | None, typer.Option(help="another path of the economy over the same people", min=0)
]
BaseRateOption = Annotated[
    float | None, typer.Option(help="share of applicants who default in a neutral economy")
]
ScaleOption = Annotated[
    float | None,
    typer.Option(help="events of payments and the like, 1 = as many as real people have"),
]
ProfileOption = Annotated[
    str | None, typer.Option(help="what the sources of data weigh: S1-A, S1-B, S2, S3-auth or S5")
]
SwitchOption = Annotated[
    list[str] | None,
    typer.Option("--switch", help=f"turn a part of the world on, repeatable: {', '.join(OPTIONS)}"),
]
ProcessesOption = Annotated[
    int | None, typer.Option(help="worker processes; the bytes are the same", min=1)
]


@dataclass(frozen=True)
class LenderRequest:
    """What is to be made: the world's parameters and the seed."""

    world: WorldParams
    seed: int

    @property
    def command(self) -> str:
        """The command that makes the same lender; without what changes no byte."""
        committed = section("world", WorldParams, PARAMS)
        options = [f"--applicants {self.world.applicants}", f"--seed {self.seed}"]
        for name in ("scenario", "macro_seed", "base_rate", "activity_scale", "profile"):
            value = getattr(self.world, name)
            if value != getattr(committed, name):
                options.append(f"--{name.replace('_', '-')} {value}")
        options += [f"--switch {note.option}" for note in notes_of(asdict(self.world.switches))]
        return f"creditloom simulate {' '.join(options)} --out lender"


def simulate(
    out: OutOption,
    applicants: ApplicantsOption = None,
    small: SmallOption = False,
    seed: SeedOption = 1,
    scenario: ScenarioOption = None,
    macro_seed: MacroSeedOption = None,
    base_rate: BaseRateOption = None,
    activity_scale: ScaleOption = None,
    profile: ProfileOption = None,
    switch: SwitchOption = None,
    processes: ProcessesOption = None,
) -> None:
    """Make a synthetic lender: raw tables, the truth about all, a data card and a page.

    raw/ is what a lender sees, some 700 rows an applicant. truth/ is what nobody sees: true PDs,
    and the outcomes of the declined. CARD.md says what the data are and what not to do with them,
    index.html shows them beside published facts.

    Example: creditloom simulate --applicants 20000 --seed 7 --out lender
    Then:    creditloom fit --data lender/raw --out fitted
    """
    if small and applicants is not None:
        raise typer.BadParameter("--small sets the applicants: give --small or --applicants")
    given = {
        "applicants": SMALL_APPLICANTS if small else applicants or APPLICANTS,
        "scenario": scenario,
        "macro_seed": macro_seed,
        "base_rate": base_rate,
        "activity_scale": activity_scale,
        "profile": profile,
        "processes": processes,
    }
    told: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    committed = section("world", WorldParams, PARAMS)
    switches = replace(committed.switches, **switches_of(switch or ()))
    request = LenderRequest(replace(committed, **told, switches=switches), seed)
    figures = run(request, out)
    _show(figures, out)


def run(request: LenderRequest, out: Path) -> LenderFigures:
    """Write the lender into the folder `out`, whole or not at all; return its figures.

    Raises WorldError for parameters that cannot be, and DataError where `out` holds something else
    than an earlier lender.
    """
    require_local(out, "--out")
    nature = document(WorldConfig, paths.WORLD)
    calendar = section("calendar", Calendar, PARAMS)
    declared = document(Claims, paths.CLAIMS)
    published = document(PublishedFacts, paths.PUBLISHED)
    with new_folder(out, LENDER) as folder:
        rows = simulate_world(
            request.world,
            nature,
            calendar,
            folder / "raw",
            folder / "truth",
            seed=request.seed,
            progress=sys.stderr.isatty(),
        )
        start = np.datetime64(calendar.applications_start, "M")
        figures = measure(folder, rows, declared, start, calendar.n_vintages)
        facts = _facts(request, declared)
        write_document(claims_document(figures, declared), folder / "claims.json", RESULTS)
        write_document(figures_document(figures), folder / "figures.json", RESULTS)
        write_text(card(_card_content(request, figures, facts)), folder / "CARD.md")
        title = f"A simulated lender of {request.world.applicants:,} applicants"
        write_text(world_page(page_of(figures, published, title, facts)), folder / "index.html")
    return figures


def _facts(request: LenderRequest, declared: Claims) -> tuple[tuple[str, str], ...]:
    """Return what the lender was made with; nothing of the machine, the folder or the hour."""
    world = request.world
    is_own = world.macro_seed is None
    path = "" if is_own else f", path of seed {world.macro_seed}"
    switches = ", ".join(note.option for note in notes_of(asdict(world.switches)))
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    # table: name, value
    return (
        ("applicants", f"{world.applicants:,}"),
        ("seed", str(request.seed)),
        ("economy", f"{world.scenario}{path}"),
        ("base rate", f"{world.base_rate:g}"),
        ("activity scale", f"{world.activity_scale:g}"),
        ("profile", world.profile),
        ("switches", switches or "none"),
        ("creditloom", __version__),
        ("claims", f"version {declared.version}"),
        ("python", platform.python_version()),
        ("libraries", libraries),
    )


def _card_content(
    request: LenderRequest, figures: LenderFigures, facts: tuple[tuple[str, str], ...]
) -> CardContent:
    return CardContent(
        facts=facts,
        rows=figures.rows,
        columns=figures.columns,
        claims=figures.claims,
        people=figures.people,
        switches=figures.switches,
        ceilings=figures.ceilings,
        command=request.command,
    )


def _show(figures: LenderFigures, out: Path) -> None:
    table = Table("raw table", "rows", title=f"simulate: {out}")
    for name, count in figures.rows.items():
        table.add_row(name, f"{count:,}")
    table.add_row("all", f"{sum(figures.rows.values()):,}", style="bold")
    console = Console()
    console.print(table)
    console.print(f"page: {out / 'index.html'}; card: {out / 'CARD.md'}", soft_wrap=True)
