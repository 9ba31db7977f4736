"""`creditloom rejects`: compares five ways of reject inference, at several control bands."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.learners.booster import signs_of
from creditloom.models.rejects.comparison import BandFigures, ComparisonParams, compare
from creditloom.models.rejects.reject_params import RejectParams, WayName
from creditloom.models.sample.split import SplitParams
from creditloom.models.training.training import TrainParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import section
from creditloom.pipeline.commands.origins.rejects.judged_rows import booked_sample, judges_of
from creditloom.pipeline.commands.origins.rejects.page import page_of
from creditloom.pipeline.commands.own_outputs import FIGURES, require_report
from creditloom.storage.files.formats import RESULTS, read_document
from creditloom.storage.files.store import write_json, write_text

_err = Console(stderr=True, soft_wrap=True, highlight=False)

PAGE = "page.md"
# Draws of the applicants: the ends of an interval are then known to a tenth of its width.
DRAWS = 300

BandsOption = Annotated[
    str, typer.Option("--bands", help="shares of the control band in per cent, with commas between")
]
SeedsOption = Annotated[int, typer.Option(help="trainings of each way; figures are means", min=1)]
TreesOption = Annotated[int, typer.Option(help="trees of the compared booster", min=1)]
OutOption = Annotated[Path, typer.Option(help="folder for the figures and the page")]


class RejectsError(ValueError):
    """The option --bands cannot be read."""


def rejects(
    bands: BandsOption = "0,1,2,5",
    seeds: SeedsOption = 3,
    trees: TreesOption = 300,
    out: OutOption = paths.REJECTS,
) -> None:
    """Compare five ways to learn from applicants who were refused, and say which one wins.

    Of the simulated world in data/: each way is judged by the true PD of everyone and of the
    refused, and by the loans of the control band, which a lender sees too.
    """
    require_report(out, [PAGE], "bands", "trees", "verdict")
    asked = ComparisonParams(shares_of(bands), seeds=seeds, draws=DRAWS, trees=trees)
    split = section("split", SplitParams)
    names = tuple(read_document(paths.SELECTED, RESULTS)["features"])
    compared = compare(
        booked_sample(split, names),
        signs_of(Catalogue.from_json(paths.CATALOGUE.read_bytes()), names),
        judges_of(split, names),
        section("train", TrainParams).booster,
        section("reject", RejectParams),
        asked,
        _err.print,
    )
    figures = {
        "seed": section("seed", int),
        "seeds": seeds,
        "draws": DRAWS,
        "trees": trees,
        "bands": [asdict(band) for band in compared],
        "verdict": verdict_of(compared[-1]),
    }
    text = page_of(figures)
    write_json(figures, out / FIGURES)
    write_text(text, out / PAGE)
    Console(soft_wrap=True).print(text)


def verdict_of(band: BandFigures) -> dict[str, WayName]:
    """Return the best way beyond its interval by group of judges, else `none`."""
    return {group: band.best(group) for group in band.ways[0].ginis}


def shares_of(text: str) -> tuple[float, ...]:
    """Return the shares of the control band, rising.

    Raise RejectsError for anything but per cents from 0 to 100.

    >>> shares_of("5,0,1")
    (0.0, 0.01, 0.05)
    """
    try:
        shares = sorted({float(part) / 100.0 for part in text.split(",")})
    except ValueError:
        shares = []
    if not shares or not 0.0 <= shares[0] <= shares[-1] <= 1.0:
        raise RejectsError(
            f"--bands {text}: expected per cents from 0 to 100 separated by commas, as 0,1,2,5"
        )
    return tuple(shares)
