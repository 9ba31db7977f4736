"""`creditloom backtest`: what the nested choices promise at earlier origins, and what followed."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.learners.ridge import RidgeParams
from creditloom.models.sample.split import (
    CALIBRATION,
    OPTIMISTIC,
    TRAIN,
    SplitParams,
    known_day,
)
from creditloom.models.selection.feature_choice import SelectParams, offered_features, screen
from creditloom.models.training.backtest import (
    BacktestOrigin,
    BacktestParams,
    backtest,
    ended_months,
)
from creditloom.models.training.training import TrainParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.matrix_reader import dataset, everyone
from creditloom.pipeline.base.params import section
from creditloom.pipeline.commands.own_outputs import require_figures
from creditloom.storage.files.store import write_json

_err = Console(stderr=True, soft_wrap=True, highlight=False)

KnownByOption = Annotated[
    str | None,
    typer.Option("--known-by", help="embargo, optimistic or a date; default: split.known_by"),
]
OutOption = Annotated[Path, typer.Option(help="where the figures are written")]


def run_backtest(known_by: KnownByOption = None, out: OutOption = paths.BACKTEST) -> None:
    """Inner estimate and AUC on the following months, at rolling origins before out-of-time.

    Needs the tables of `featurize`. Everything is chosen anew at each origin. The following months
    are judged by what became of their loans, or by what is known so far where they have not ended.
    """
    require_figures(out, "known_by", "origins")
    given = section("split", SplitParams)
    split = given if known_by is None else replace(given, known_by=known_by)
    # A text that is no date is refused before anything is read.
    known_day(split)
    select = section("select", SelectParams)
    catalogue = Catalogue.from_json(paths.CATALOGUE.read_bytes())
    names, _ = offered_features(catalogue, select)
    applications = everyone(split)
    sample = applications.of(TRAIN, CALIBRATION).at_most(select.limits.rows)
    screened = dataset(sample, names, single=True)
    # What falls without any label is not read for the loans: it would double the memory.
    left, _ = screen(screened, select)
    training = applications.training(split.indeterminate_weight)
    loans = dataset(training, left, single=True)
    ended = ended_months(applications, everyone(replace(split, known_by=OPTIMISTIC)))
    became = dataset(ended.training(split.indeterminate_weight), left, single=True)
    params = BacktestParams(
        split, select, section("train", TrainParams), section("ridge", RidgeParams)
    )
    sampled = screened.with_features(left)
    found = list(backtest(sampled, loans, became, catalogue, params, _err.print))
    write_json({"known_by": split.known_by, "origins": [_written(one) for one in found]}, out)
    Console().print(_table(found, split.known_by))
    young = [f"{one.first_month}" for one in found if not one.is_ended]
    if young:
        _err.print(f"months from {', '.join(young)}: loans have not ended, judged so far only")


def _written(one: BacktestOrigin) -> dict[str, float | int | None]:
    """Return the figures of an origin; null where one class only was there."""
    return {key: None if np.isnan(value) else value for key, value in asdict(one).items()}


def _table(found: list[BacktestOrigin], known_by: str) -> Table:
    table = Table(title=f"backtest, known by: {known_by}")
    for name in (
        "months from",
        "bads before",
        "bads after",
        "inner AUC",
        "AUC after",
        "inner less",
    ):
        table.add_column(name)
    table.add_column("ridge logit")
    for one in found:
        table.add_row(
            f"{one.first_month}",
            f"{one.bads}",
            f"{one.following_bads}",
            f"{one.inner_auc:.4f}",
            f"{one.auc:.4f}",
            f"{one.promised_too_much:+.4f}",
            f"{one.ridge_auc:.4f}",
        )
    return table
