"""Stage `tune` (frozen): searches booster parameters inside the training months.

It prints the block to commit in params.yaml.
"""

from __future__ import annotations

import sys
from dataclasses import asdict

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.sample.signs import signs_of
from creditloom.models.sample.split import SplitParams
from creditloom.models.training.training import TrainParams
from creditloom.models.training.tuning import TunedParameters, TuneParams, search
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.matrix_reader import dataset, everyone
from creditloom.pipeline.base.params import section
from creditloom.pipeline.base.stage import run
from creditloom.storage.files.formats import RESULTS, read_document
from creditloom.storage.files.store import write_json


def main() -> dict[str, int]:
    """Write data/tuning/best.json; return the number of trials.

    A journal is written beside it. With it a later run can continue where this one stopped.
    """
    split = section("split", SplitParams)
    catalogue = Catalogue.from_json(paths.CATALOGUE.read_bytes())
    selected = read_document(paths.SELECTED, RESULTS)["features"]
    rows = dataset(everyone(split).training(split.indeterminate_weight), selected)
    tuned = search(
        rows,
        signs_of(catalogue, rows.names),
        split,
        section("train", TrainParams).booster,
        section("tune", TuneParams),
        paths.TUNING / "journal.log",
        progress=sys.stderr.isatty(),
    )
    write_json(asdict(tuned), paths.TUNING / "best.json")
    _show(tuned)
    return {"trials": tuned.trials}


def _show(tuned: TunedParameters) -> None:
    console = Console()
    given = tuned.logloss_given
    committed = "not measured" if given is None else f"{given:.6f}"
    console.print(
        f"{tuned.trials} trials: log-loss over the rolling origins {committed} as committed, "
        f"{tuned.logloss:.6f} at best",
        soft_wrap=True,
    )
    console.print(
        "To train with the best, write this into `train:` of params.yaml and commit it:\n  booster:"
    )
    for name, value in asdict(tuned.best).items():
        # As YAML writes it: `true`, not `True`.
        console.print(f"    {name}: {str(value).lower() if isinstance(value, bool) else value}")


if __name__ == "__main__":
    run("tune", main)
