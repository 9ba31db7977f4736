"""Stage `train`: selected features and labels of the training months to model.txt, its catalogue, the challenger and a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from creditloom.decision.base.catalogue import Catalogue
from creditloom.decision.base.strict_json import plain
from creditloom.models.learners.ridge import RidgeParams, to_json
from creditloom.models.sample.split import SplitParams
from creditloom.models.training.training import TrainParams, subset, train
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.matrix_reader import dataset, everyone
from creditloom.pipeline.base.params import section
from creditloom.pipeline.base.stage import run
from creditloom.storage.files.formats import RESULTS, read_document, write_document
from creditloom.storage.files.store import write_json, write_text


def main() -> dict[str, int]:
    """Write data/model/{model.txt,catalogue.json,ridge.json,training.json}; return the counts of rows, bads and features."""
    split = section("split", SplitParams)
    catalogue = Catalogue.from_json(paths.CATALOGUE.read_bytes())
    rows = dataset(everyone(split).training(), read_document(paths.SELECTED, RESULTS)["features"])
    trained = train(
        rows, catalogue, split, section("train", TrainParams), section("ridge", RidgeParams)
    )
    write_text(trained.booster.model_to_string(), paths.MODEL_TXT)
    write_json(plain(subset(catalogue, trained.names)), paths.MODEL_CATALOGUE)
    write_document(to_json(trained.ridge), paths.RIDGE, RESULTS)
    write_document(trained.record, paths.TRAINING, RESULTS)
    _show(trained.record)
    return {
        "loans": trained.record["n_rows"],
        "bads": trained.record["n_bads"],
        "features": trained.record["n_features"],
    }


def _show(record: Mapping[str, Any]) -> None:
    table = Table("train", "", title="train")
    table.add_row("labelled loans", f"{record['n_rows']:,} with {record['n_bads']:,} bads")
    table.add_row("features", f"{record['n_features']} selected, {record['n_signed']} with a sign")
    table.add_row("trees", f"{record['booster']['trees']}")
    table.add_row(
        "null safer than any value", f"{len(record['null_safer_than_any_value'])} features"
    )
    table.add_row("ridge penalty", f"{record['ridge_penalty']:g}")
    Console().print(table)


if __name__ == "__main__":
    run("train", main)
