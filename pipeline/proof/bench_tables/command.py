"""`creditloom bench tables`: judges our learner beside other methods on many tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.commands.own_outputs import require_figures, require_page
from creditloom.pipeline.proof.bench_tables import described, generators, page
from creditloom.pipeline.proof.bench_tables.bench_table import BenchTable
from creditloom.pipeline.proof.bench_tables.contest import Journal, run
from creditloom.pipeline.proof.bench_tables.contestants import (
    RIVALS,
    contestants_of,
    earlier_learner,
)
from creditloom.pipeline.proof.bench_tables.judge import TableVerdict, bars, judged
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import write_json, write_text

FIGURES = "bench_tables.json"
PAGE = "bench_tables.md"
JOURNAL = "journal"
# Name of a table -> how it is made.
Sources = dict[str, Callable[[], BenchTable]]
WIDTH = 180  # characters of the tables where the output is no wide terminal
_err = Console(stderr=True, soft_wrap=True, highlight=False)

# The options of the command, each with its help.
FolderOption = Annotated[
    Path | None, typer.Option(help="folder with a sub-folder or a Parquet file for each table")
]
DescriptionsOption = Annotated[
    Path,
    typer.Option(help="folder with one description for each table, NAME.yaml", show_default=False),
]
GeneratedOption = Annotated[
    bool, typer.Option("--generated", help="tables of stated structure, drawn from --seed")
]
SeedOption = Annotated[int, typer.Option(help="of the generated tables, the folds and the rivals")]
RivalsOption = Annotated[str, typer.Option(help="who competes with ours, separated by commas")]
FoldsOption = Annotated[int, typer.Option(help="outer folds of a table", min=2)]
OnlyOption = Annotated[str, typer.Option(help="names of tables, separated by commas")]
AgainOption = Annotated[
    str, typer.Option(help="contestants that are run again although the journal has them: ours")
]
EarlierOption = Annotated[
    Path | None,
    typer.Option(help="a checkout of an earlier commit, whose learner competes as `earlier`"),
]
OutOption = Annotated[Path, typer.Option(help="folder of the journal, the figures and the page")]


ALL_RIVALS = ",".join(RIVALS)
Split = tuple[int, int]  # number of outer folds, and their seed


def tables(
    folder: FolderOption = None,
    descriptions: DescriptionsOption = described.DESCRIPTIONS,
    generated: GeneratedOption = False,
    seed: SeedOption = 11,
    rivals: RivalsOption = ALL_RIVALS,
    folds: FoldsOption = 5,
    only: OnlyOption = "",
    again: AgainOption = "",
    earlier: EarlierOption = None,
    out: OutOption = paths.BENCH_TABLES,
) -> None:
    """Judge our learner beside other methods: same rows, same folds, paired differences.

    What a contestant has told of a fold is kept, and not asked again. Exit code 1 unless every bar
    is met.
    """
    contestants = contestants_of(_names(rivals))
    contestants += () if earlier is None else (earlier_learner(earlier),)
    sources = _drawn(seed) if generated else {}
    read = {} if folder is None else _read(folder, descriptions)
    _require_apart(sources, read)
    sources |= read
    chosen = _chosen(sources, _names(only))
    require_figures(out / FIGURES, "settings", "tables", "bars")
    require_page(out / PAGE, page.TITLE)
    journal = Journal(folder=out / JOURNAL, again=_names(again))
    verdicts = [
        judged(run(make(), contestants, (folds, seed), journal, _err.print)) for make in chosen
    ]
    if not tell(verdicts, (folds, seed), out):
        raise typer.Exit(1)


def tell(verdicts: Sequence[TableVerdict], split: Split, out: Path) -> bool:
    """Write and show the verdicts; return whether every bar is met."""
    met = bars(verdicts)
    missed = [one for one in met if one.is_met is False]
    folds, seed = split
    write_json(page.content(verdicts, met, {"folds": folds, "seed": seed}), out / FIGURES)
    how = f"{len(verdicts)} tables, {folds} folds, seed {seed}."
    write_text(page.markdown(verdicts, met, how), out / PAGE)
    console = Console(width=max(Console().width, WIDTH))
    for table in page.console_tables(verdicts, met):
        console.print(table)
    _err.print(f"{out / PAGE}: {len(missed)} of {len(met)} bars not met")
    return not missed


def _drawn(seed: int) -> Sources:
    """Return the generated tables by name; each is drawn when its turn comes."""
    return {spec.name: partial(generators.draw, spec, seed) for spec in generators.declared()}


def _read(folder: Path, descriptions: Path) -> Sources:
    """Return the tables of a folder by name; each is read when its turn comes."""
    names = described.names_in(folder)
    return {name: partial(described.read, folder, name, descriptions) for name in names}


def _require_apart(drawn: Sources, read: Sources) -> None:
    """Raise DataError where a table of the folder has the name of a generated one."""
    both = [name for name in read if name in drawn]
    if both:
        raise DataError.of(
            "Two tables have one name",
            where="--folder",
            expected="other names than those of the generated tables",
            got=both[0],
            next_step="rename the sub-folder and its description, or leave out --generated",
        )


def _chosen(sources: Sources, only: Sequence[str]) -> list[Callable[[], BenchTable]]:
    """Return the tables of `only`, or all. Raises DataError where there is none of that name."""
    unknown = [name for name in only if name not in sources]
    if unknown or not sources:
        raise DataError.of(
            "No such table" if unknown else "No table to judge on",
            where="--only" if unknown else "creditloom bench tables",
            expected=f"some of {', '.join(sources)}" if sources else "--generated, --folder DIR",
            got=unknown[0] if unknown else "neither",
            next_step="correct the name" if sources else "give one of them or both",
        )
    return [sources[name] for name in only or sources]


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
