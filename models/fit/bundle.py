"""Write the bundle of a model of a user's table, in the format of every other bundle."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from creditloom.decision.base.strict_json import canonical, plain
from creditloom.decision.bundle import load_scorer, write_manifest
from creditloom.decision.rulebook.policy import Policy, tiers_only_policy
from creditloom.decision.score.tiers import Tiers
from creditloom.models.calibration import calibration
from creditloom.models.calibration.calibration import CalibrationParams
from creditloom.models.fit.learner import CalibratedModel
from creditloom.models.policy.bundle_policy import PolicyParams, reference
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.metrics import logit

# Position of the inner edge between G6, the last tier that approves, and G7.
APPROVAL_EDGE = 5
# Decimals of a moved edge: enough for a PD, few enough to be read.
EDGE_DECIMALS = 6
METHOD = "affine on the logit, on held-out margins"


@dataclass(frozen=True)
class ColumnTexts:
    """The texts of the catalogue: the concepts, and one entry per feature by its name."""

    concepts: Sequence[Mapping[str, str]]
    features: Mapping[str, Mapping[str, Any]]


def tiers_around(base_rate: float, house: tuple[float, ...]) -> Tiers:
    """Return the house's PD bands, moved so that the approval cut lies at the table's base rate.

    logit(edge) = logit(house edge) + logit(base rate) - logit(house cut). The house's cut lies
    between G6 and G7. Each edge keeps its odds relative to the cut. Without the move nearly all
    rows of a table with 22 % bads would fall into the last tier.
    """
    moved = expit(logit(house) + logit(base_rate) - logit(house[APPROVAL_EDGE]))
    return Tiers.from_edges(tuple(float(edge) for edge in np.round(moved, EDGE_DECIMALS)))


def write(
    folder: Path,
    fitted: CalibratedModel,
    x: Floats,
    tiers: Tiers,
    words: ColumnTexts,
    scale: CalibrationParams,
    house: PolicyParams,
) -> str:
    """Write the bundle into the new `folder`; return its version, the sha256 of the manifest.

    x: encoded training rows. The approved ones are the reference of the reasons.
    """
    folder.mkdir(parents=True)
    model_text = fitted.model.booster.model_to_string()
    # The text is hashed, so its line ends must be the same on every machine.
    (folder / "model.txt").write_text(model_text, encoding="utf-8", newline="\n")
    line = {**calibration.to_json(fitted.calibration, scale), "method": METHOD}
    rules = tiers_only_policy()
    _write(folder / "catalogue.json", _catalogue(fitted, words))
    _write(folder / "calibration.json", line)
    _write(folder / "tiers.json", plain(tiers))
    _write(folder / "policy.json", rules)
    # The reference is computed by the scorer, which reads the files written above.
    policy = Policy.from_json(json.dumps(rules))
    compared = reference(load_scorer(folder), tiers, policy, [x], house.reference_rows)
    _write(folder / "reference.json", plain(compared))
    return write_manifest(folder)


def _catalogue(fitted: CalibratedModel, words: ColumnTexts) -> dict[str, Any]:
    """Return the entries of the model's own columns, in model order.

    The levels of a category stand in the order of their codes.
    """
    encoding = fitted.model.encoding
    features = [
        {**words.features[name], "categories": list(encoding.categories.get(name, ()))}
        for name in encoding.names
    ]
    used = {feature["concept"] for feature in features}
    return {
        "version": 1,
        "concepts": [concept for concept in words.concepts if concept["id"] in used],
        "features": features,
    }


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """Write canonical JSON."""
    path.write_bytes(canonical(content))
