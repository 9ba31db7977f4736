"""A model of one concept on the shared world, registered and asked for everyone's decision."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.base.catalogue import Catalogue
from creditloom.decision.base.strict_json import canonical
from creditloom.decision.bundle import load_scorer, write_manifest
from creditloom.decision.decide import Decider
from creditloom.decision.reasons.hints import hints
from creditloom.decision.rulebook.policy import Policy
from creditloom.decision.rulebook.product import Product
from creditloom.decision.score.tiers import Tiers
from creditloom.features.contract.tables import EVENT_TABLES
from creditloom.features.declare.registry import catalogue
from creditloom.models.learners.booster import BoosterParams, boost, signs_of
from creditloom.models.policy.bundle_policy import reference
from creditloom.models.sample.dataset import undated_dataset
from creditloom.models.training.training import subset
from creditloom.pipeline.products.product_folder import ProductFolder
from tests.decision.small import EDGES, laws, rules

# In place of a concept or family: a model on all features.
EVERYTHING = "everything"
TREES = 60
# Small leaves: the world has about a hundred bads.
GROWTH = BoosterParams(
    feature_fraction=0.5,
    bagging_fraction=1.0,
    is_extra_trees=False,
    min_data_in_leaf=20,
    min_sum_hessian=1.0,
    threads=1,
)
CALIBRATION = {
    "a": 1.0,
    # The world has more bads than the tiers were cut for; half of all are to be approved.
    "b": -1.5,
    "pd_decimals": 12,
    "pdo": 20.0,
    "base_score": 600.0,
    "base_odds": 50.0,
    "n_rows": 2000,
    "n_bads": 200,
}
REFERENCE_ROWS = 1_000


def decisions(
    matrix: pd.DataFrame, label: pd.DataFrame, product: str, concept: str
) -> pd.DataFrame:
    """Return one decision per applicant, with points and reasons, in the order of the matrix."""
    words = Catalogue.from_json(
        json.dumps(catalogue([table.name for table in EVENT_TABLES]), default=str)
    )
    chosen = tuple(
        f.name
        for f in words.features
        if concept in (f.concept, f.family, EVERYTHING) and f.name in matrix.columns
    )
    x = matrix[list(chosen)].to_numpy(np.float64)
    known = (label["label"].fillna(-1).to_numpy() >= 0) & label["is_booked"].to_numpy(bool)
    y = label["label"].fillna(0).to_numpy(np.float64)
    rows = undated_dataset(x[known], chosen, y[known], "train")
    model = boost(rows, signs_of(words, chosen), GROWTH, TREES).model_to_string()
    with TemporaryDirectory() as folder:
        bundle = _bundle(Path(folder), model, subset(words, chosen), product, x)
        decider = Decider.load(bundle, 1)
        found = decider.decide(matrix, explain="all")
    told = decider.bundle.scorer.catalogue
    # What `creditloom decide` tells beside each decision.
    found["hints"] = [hints(told, reasons, "en") for reasons in found["reasons"]]
    return found.drop(columns=["decision_id", "model_version"], errors="ignore")


def house_rules(product: Product) -> tuple[Tiers, Policy]:
    """Return the tiers, and the rule book around a product of twelve months."""
    return Tiers.from_edges(EDGES), Policy.from_json(json.dumps(rules(product, laws())))


def _bundle(folder: Path, model: str, words: Catalogue, product: str, x: np.ndarray) -> Path:
    """Write a whole bundle around a model."""
    chosen = next(p for p in ProductFolder.of().products() if p.id == product)
    # Every product is decided with a model of its own horizon.
    book: dict[str, Any] = rules(chosen, laws(), horizon_days=chosen.horizon.value)
    tiers = Tiers.from_edges(EDGES)
    (folder / "model.txt").write_text(model)
    for name, content in (
        ("catalogue", words),
        ("calibration", CALIBRATION),
        ("tiers", tiers),
        ("policy", book),
    ):
        (folder / f"{name}.json").write_bytes(canonical(content))
    policy = Policy.from_json(json.dumps(book))
    compared = reference(load_scorer(folder, 1), tiers, policy, [x], REFERENCE_ROWS)
    (folder / "reference.json").write_bytes(canonical(compared))
    write_manifest(folder)
    return folder
