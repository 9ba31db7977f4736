"""`creditloom keep`: how many features to keep, judged on rolling origins; the number is then committed as select.keep."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.sample.split import TRAIN, SplitParams
from creditloom.models.selection.feature_choice import SelectParams, offered, screen
from creditloom.models.selection.feature_count import Size, sizes
from creditloom.models.training.training import TrainParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.matrix_reader import dataset, everyone
from creditloom.pipeline.base.params import section
from creditloom.storage.files.store import write_json

_err = Console(stderr=True, soft_wrap=True, highlight=False)


class KeepError(ValueError):
    """The sizes asked for cannot be read."""


def keep(
    asked: Annotated[
        str, typer.Option("--sizes", help="numbers of features, separated by commas")
    ] = "100,150,200,300,450",
    out: Annotated[Path, typer.Option(help="where the figures are written")] = paths.KEEPING,
) -> None:
    """Log-loss by number of features on rolling origins inside the training months; take the smallest within one standard error."""
    split, params = section("split", SplitParams), section("select", SelectParams)
    catalogue = Catalogue.from_json(paths.CATALOGUE.read_bytes())
    names, _ = offered(catalogue, params)
    applications = everyone(split)
    left, _ = screen(
        dataset(applications.of(TRAIN).at_most(params.limits.rows), names, single=True), params
    )
    loans = dataset(applications.training(), left, single=True)
    found = sizes(
        loans,
        catalogue,
        split,
        params,
        section("train", TrainParams).booster,
        _sizes(asked),
        lambda said: _err.print(said),
    )
    write_json({"bads": int(loans.label.sum()), "sizes": [asdict(one) for one in found]}, out)
    Console().print(_table(found))


def _sizes(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() and int(part) for part in parts):
        raise KeepError(
            f"--sizes {text}: expected whole numbers above 0 separated by commas, as 100,200,300"
        )
    return tuple(int(part) for part in parts)


def _table(found: list[Size]) -> Table:
    shown = Table(
        "keep",
        "features",
        "trees",
        "log-loss",
        "AUC",
        "behind the best",
        "standard error",
        title="rolling origins",
    )
    for one in found:
        figures = (
            f"{one.logloss:.6f}",
            f"{one.auc:.4f}",
            f"{one.behind:.6f}",
            f"{one.behind_se:.6f}",
        )
        shown.add_row(f"{one.keep}", f"{one.features}", f"{one.trees}", *figures)
    return shown
