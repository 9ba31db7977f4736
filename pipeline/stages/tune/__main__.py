"""Stage `tune` (frozen): searches booster parameters inside the training months and prints the block to commit in params.yaml."""

from __future__ import annotations

import sys
from dataclasses import asdict

from rich.console import Console

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.sample.split import SplitParams
from creditloom.models.training.training import TrainParams, signs_of
from creditloom.models.training.tuning import TunedParameters, TuneParams, search
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.matrix_reader import dataset, everyone
from creditloom.pipeline.base.params import section
from creditloom.pipeline.base.stage import run
from creditloom.storage.files.formats import RESULTS, read_document
from creditloom.storage.files.store import write_json


def main() -> dict[str, int]:
    """Write data/tuning/best.json; the journal beside it lets a later run go on where this one stopped."""
    split, given = section("split", SplitParams), section("train", TrainParams)
    catalogue = Catalogue.from_json(paths.CATALOGUE.read_bytes())
    rows = dataset(everyone(split).training(), read_document(paths.SELECTED, RESULTS)["features"])
    journal, signs = paths.TUNING / "journal.log", signs_of(catalogue, rows.names)
    found = search(
        rows,
        signs,
        split,
        given.booster,
        section("tune", TuneParams),
        journal,
        progress=sys.stderr.isatty(),
    )
    write_json(asdict(found), paths.TUNING / "best.json")
    _show(found)
    return {"trials": found.trials}


def _show(found: TunedParameters) -> None:
    console = Console()
    committed = "not measured" if found.logloss_given is None else f"{found.logloss_given:.6f}"
    console.print(
        f"{found.trials} trials: log-loss over the rolling origins {committed} as committed, {found.logloss:.6f} at best",
        soft_wrap=True,
    )
    console.print(
        "To train with the best, write this into `train:` of params.yaml and commit it:\n  booster:"
    )
    for name, value in asdict(found.best).items():
        console.print(f"    {name}: {str(value).lower() if isinstance(value, bool) else value}")


if __name__ == "__main__":
    run("tune", main)
