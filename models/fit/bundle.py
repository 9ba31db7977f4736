"""The bundle of a user's table: the same text files as the house's, with the tier alone deciding."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from creditloom.decision.base.strict_json import canonical, plain
from creditloom.decision.bundle import load_scorer, write_manifest
from creditloom.decision.rulebook.policy import Policy, tiers_only_policy
from creditloom.decision.score.tiers import Tiers
from creditloom.models.calibration import calibration
from creditloom.models.calibration.calibration import CalibrationParams
from creditloom.models.fit.learner import Calibrated, Floats
from creditloom.models.policy.bundle_policy import PolicyParams, reference
from creditloom.models.sample.metrics import expit, logit

APPROVAL_EDGE = 5  # the inner edge between G6 and G7


@dataclass(frozen=True)
class ColumnTexts:
    """What the catalogue says of columns: concepts, and one entry per feature by its name."""

    concepts: Sequence[Mapping[str, str]]
    features: Mapping[str, Mapping[str, Any]]


def tiers_around(base_rate: float, house: tuple[float, ...]) -> Tiers:
    """The house's PD bands moved on the logit so that the approval cut (G6/G7) lies at the table's base rate.

    logit(edge) = logit(house edge) + logit(base rate) - logit(house cut): a tier keeps its odds relative to the cut, because a
    table with 22 % bads would otherwise fall into the last tier whole.
    """
    moved = expit(logit(house) + logit(base_rate) - logit(house[APPROVAL_EDGE]))
    return Tiers.from_edges(tuple(float(edge) for edge in np.round(moved, 6)))


def write(
    folder: Path,
    fitted: Calibrated,
    x: Floats,
    tiers: Tiers,
    words: ColumnTexts,
    scale: CalibrationParams,
    house: PolicyParams,
) -> str:
    """Write the bundle into `folder` and return its version (sha256 of the manifest).

    x: encoded training rows, of whom the approved are the reference of the reasons.
    """
    folder.mkdir(parents=True)
    (folder / "model.txt").write_text(
        fitted.model.booster.model_to_string(), encoding="utf-8", newline="\n"
    )
    _write(folder / "catalogue.json", _catalogue(fitted, words))
    _write(
        folder / "calibration.json",
        {
            **calibration.to_json(fitted.calibration, scale),
            "method": "affine on the logit, on held-out margins",
        },
    )
    rules = tiers_only_policy()
    _write(folder / "tiers.json", plain(tiers))
    _write(folder / "policy.json", rules)
    compared = reference(
        load_scorer(folder), tiers, Policy.from_json(json.dumps(rules)), [x], house.reference_rows
    )
    _write(folder / "reference.json", plain(compared))
    return write_manifest(folder)


def _catalogue(fitted: Calibrated, words: ColumnTexts) -> dict[str, Any]:
    """Entries of the model's own columns in model order, a category's levels in the order of their codes."""
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
    path.write_bytes(canonical(content))
