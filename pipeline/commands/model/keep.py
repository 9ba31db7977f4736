"""`creditloom keep`: measures how many features to keep, on rolling origins.

The number is then committed as `select.keep` of params.yaml.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.sample.split import CALIBRATION, TRAIN, SplitParams
from creditloom.models.selection.feature_choice import SelectParams, offered_features, screen
from creditloom.models.selection.feature_count import Size, sizes
from creditloom.models.training.training import TrainParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.matrix_reader import dataset, everyone
from creditloom.pipeline.base.params import section
from creditloom.pipeline.commands.own_outputs import require_figures
from creditloom.storage.files.store import write_json

_err = Console(stderr=True, soft_wrap=True, highlight=False)

SizesOption = Annotated[
    str, typer.Option("--sizes", help="numbers of features, separated by commas")
]
OutOption = Annotated[Path, typer.Option(help="where the figures are written")]


class KeepError(ValueError):
    """The option --sizes cannot be read."""


def keep(asked: SizesOption = "100,150,200,300,450", out: OutOption = paths.KEEPING) -> None:
    """Log-loss by number of features on rolling origins inside the training months.

    Take the smallest number within one standard error of the best.
    """
    require_figures(out, "bads", "sizes")
    split = section("split", SplitParams)
    params = section("select", SelectParams)
    catalogue = Catalogue.from_json(paths.CATALOGUE.read_bytes())
    names, _ = offered_features(catalogue, params)
    # Do as the stage `select` does: screen the features on all training applications, and rank them
    # on labelled loans.
    applications = everyone(split)
    screened = dataset(
        applications.of(TRAIN, CALIBRATION).at_most(params.limits.rows), names, single=True
    )
    left, _ = screen(screened, params)
    loans = dataset(applications.training(split.indeterminate_weight), left, single=True)
    booster = section("train", TrainParams).booster
    measured = sizes(loans, catalogue, split, params, booster, _sizes(asked), _err.print)
    rows = [asdict(size) for size in measured]
    write_json({"bads": int(loans.label.sum()), "sizes": rows}, out)
    Console().print(_table(measured))


def _sizes(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() and int(part) for part in parts):
        raise KeepError(
            f"--sizes {text}: expected whole numbers above 0 separated by commas, as 100,200,300"
        )
    return tuple(int(part) for part in parts)


def _table(measured: list[Size]) -> Table:
    table = Table(title="rolling origins")
    for name in ("keep", "features", "trees", "log-loss", "AUC", "behind the best"):
        table.add_column(name)
    table.add_column("standard error")
    for size in measured:
        table.add_row(
            f"{size.keep}",
            f"{size.features}",
            f"{size.trees}",
            f"{size.logloss:.6f}",
            f"{size.auc:.4f}",
            f"{size.behind:.6f}",
            f"{size.behind_se:.6f}",
        )
    return table
