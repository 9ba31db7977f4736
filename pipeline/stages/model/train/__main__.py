"""Stage `train`: trains booster and challenger on the labelled loans of the training months."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from rich.table import Table

from creditloom.decision.base.catalogue import Catalogue
from creditloom.decision.base.strict_json import plain
from creditloom.models.learners.ridge import RidgeParams, to_json
from creditloom.models.rejects.known_applicants import RefusedApplicants
from creditloom.models.rejects.reject_params import RejectParams
from creditloom.models.rejects.ways import needs_refused
from creditloom.models.rejects.widened_learner import RejectInference
from creditloom.models.sample.dataset import ChosenFeatures, Dataset
from creditloom.models.sample.split import CALIBRATION, TRAIN, SplitParams
from creditloom.models.stacking.concept_errors import concept_errors
from creditloom.models.stacking.refits import Refit
from creditloom.models.training.training import TrainingResult, TrainParams, train
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.matrix_reader import dataset, everyone
from creditloom.pipeline.base.params import section
from creditloom.pipeline.base.stage import run
from creditloom.pipeline.stages.model.train.refused_rows import refused_applicants
from creditloom.storage.files.formats import RESULTS, read_document, write_document
from creditloom.storage.files.store import write_json, write_table, write_text

# Applicants among whom the risky and the safe are looked for, at even steps.
RISK_ROWS = 10_000


def main() -> dict[str, int]:
    """Write data/model/{model.txt,catalogue.json,ridge.json,training.json}, margins and refits.

    Returns the numbers of loans, bads and features.
    """
    split = section("split", SplitParams)
    params = section("train", TrainParams)
    catalogue = Catalogue.from_json(paths.CATALOGUE.read_bytes())
    selected = read_document(paths.SELECTED, RESULTS)
    features = ChosenFeatures(
        final=tuple(selected["features"]),
        origins=tuple(tuple(names) for names in selected["origins"]),
    )
    applications = everyone(split)
    rows = dataset(applications.training(split.indeterminate_weight), features.names)
    applicants = dataset(_later(applications, split), features.names)
    inference = _inference(split, params, rows)
    ridge = section("ridge", RidgeParams)
    trained = train(rows, catalogue, split, params, ridge, features, inference.learner, applicants)
    record = {**trained.record, "rejects": inference.record()}
    # After the record: a refit would be the last fit that it tells of.
    record["concept_errors"] = _concept_errors(trained, applicants, params)
    write_table(pa.table(vars(trained.held_out)), paths.HELD_OUT)
    write_table(pa.table(vars(trained.applicants)), paths.HELD_OUT_APPLICANTS)
    write_text(trained.text, paths.MODEL_TXT)
    write_json(plain(trained.catalogue), paths.MODEL_CATALOGUE)
    write_document(to_json(trained.ridge), paths.RIDGE, RESULTS)
    write_document(record, paths.TRAINING, RESULTS)
    _show(record)
    return {
        "loans": trained.record["n_rows"],
        "bads": trained.record["n_bads"],
        "features": trained.record["n_features"],
    }


def _inference(split: SplitParams, params: TrainParams, loans: Dataset) -> RejectInference:
    """Return the way of reject inference; it reads refused applicants only where it needs them."""
    reject = section("reject", RejectParams)
    if needs_refused(reject):
        return RejectInference.of(refused_applicants(split, loans.names), params.booster, reject)
    nobody = RefusedApplicants(loans.where(np.zeros(len(loans.label), bool)), np.empty(0, np.int64))
    return RejectInference.of(nobody, params.booster, reject)


def _concept_errors(
    trained: TrainingResult, applicants: Dataset, params: TrainParams
) -> dict[str, float]:
    """Return how far each concept moves under retraining, in log-odds of the margin."""
    recipe = trained.recipe
    assert recipe is not None
    # Some of the applicants tell which of them are risky as well as all.
    known = applicants.with_features(trained.names)
    asked = known.features[:: max(1, len(known.features) // RISK_ROWS)]
    margin = np.asarray(trained.booster.predict(asked, raw_score=True, num_threads=2))
    concepts = [feature.concept for feature in trained.catalogue.features]
    refits = _written(recipe.refits(params.refits))
    return concept_errors(refits, concepts, asked, margin, params.refits.rows)


def _written(refits: Iterator[Refit]) -> Iterator[Refit]:
    """Yield each refit when its text is written; those of an earlier training are taken away."""
    for old in paths.REFITS.glob("*.txt"):
        old.unlink()
    for k, refit in enumerate(refits, start=1):
        write_text(refit.text(), paths.REFITS / f"refit_{k:02}.txt")
        yield refit


def _later(applications: Dataset, split: SplitParams) -> Dataset:
    """Return the applicants from the first judged month on that came before out-of-time."""
    first = split.train_months - split.origins * split.origin_months
    is_early = np.isin(applications.role, (TRAIN, CALIBRATION))
    return applications.where(is_early & (applications.month >= first))


def _show(record: Mapping[str, Any]) -> None:
    table = Table("train", "", title="train")
    table.add_row("known by", record["known_by"])
    table.add_row("labelled loans", f"{record['n_rows']:,} with {record['n_bads']:,} bads")
    rejects = record["rejects"]
    factor = "" if rejects["factor"] is None else f", factor {rejects['factor']:.2f}"
    table.add_row("reject inference", f"{rejects['way']}{factor}")
    table.add_row("features", f"{record['n_features']} selected, {record['n_signed']} with a sign")
    weights = ", ".join(f"{name} {weight:.2f}" for name, weight in record["stack"].items())
    table.add_row("stack", weights)
    table.add_row("trees", f"{record['trees']:,} with {record['leaves']:,} leaves")
    null_safer = len(record["null_safer_than_any_value"])
    table.add_row("null safer than any value", f"{null_safer} features")
    table.add_row("ridge penalty", f"{record['ridge_penalty']:g}")
    table.add_row("AUC on held-out months", _inner(record))
    Console().print(table)


def _inner(record: Mapping[str, Any]) -> str:
    """Return the AUC of all judged months and of each origin; a dash where one class is missing."""
    values = [record["inner_auc"], *(one["auc"] for one in record["inner_auc_by_origin"])]
    pooled, *origins = ("-" if value is None else f"{value:.3f}" for value in values)
    return f"{pooled} (by origin {', '.join(origins)})"


if __name__ == "__main__":
    run("train", main)
