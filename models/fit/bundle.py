"""Write the bundle of a model of a user's table, in the format of every other bundle."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from creditloom.decision.base.catalogue import VERSION as CATALOGUE_VERSION
from creditloom.decision.base.layout import FILE as LAYOUT
from creditloom.decision.base.layout import Layout
from creditloom.decision.base.strict_json import canonical, plain
from creditloom.decision.bundle import load_scorer, write_manifest
from creditloom.decision.rulebook.policy import Policy, tiers_only_policy
from creditloom.decision.score.scorer import Reference, Scorer
from creditloom.decision.score.tiers import Tiers
from creditloom.models.calibration import calibration
from creditloom.models.calibration.calibration import CalibrationParams
from creditloom.models.fit.encoding import EncodedColumn
from creditloom.models.fit.fitted_model import CalibratedModel
from creditloom.models.fit.training_table import TrainingTable
from creditloom.models.policy.bundle_policy import PolicyParams, moved_edges, reference
from creditloom.models.sample.arrays import Floats, one_thread
from creditloom.models.stacking.concept_errors import concept_errors
from creditloom.models.stacking.refits import RefitParams

# Position of the inner edge between G6, the last tier that approves, and G7.
APPROVAL_EDGE = 5
# Decimals of the share of nulls in the catalogue.
SHARE_DECIMALS = 9
METHOD = "stack of margins on held-out rows; then slope and level"


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
    return Tiers.from_edges(moved_edges(house, house[APPROVAL_EDGE], base_rate))


def write(
    folder: Path,
    fitted: CalibratedModel,
    table: TrainingTable,
    tiers: Tiers,
    words: ColumnTexts,
    scale: CalibrationParams,
    house: PolicyParams,
    layout: Layout | None,
    refits: RefitParams,
) -> str:
    """Write the bundle into the new `folder`; return its version, the sha256 of the manifest.

    table: the training rows. The approved ones are the reference of the reasons.
    layout: of the user's own table; None where the features are the house's own.
    refits: how the error of a concept is measured.
    """
    folder.mkdir(parents=True)
    # The text is hashed, so its line ends must be the same on every machine.
    (folder / "model.txt").write_text(fitted.model.text, encoding="utf-8", newline="\n")
    rules = tiers_only_policy(beyond_training=house.beyond_training)
    documents = {
        "catalogue.json": _catalogue(fitted, words),
        "calibration.json": _line(fitted, scale),
        "tiers.json": plain(tiers),
        "policy.json": rules,
        **({} if layout is None else {LAYOUT: plain(layout)}),
    }
    for name, content in documents.items():
        _write(folder / name, content)
    # The reference is computed by the scorer, which reads the files written above.
    policy = Policy.from_json(json.dumps(rules))
    x = fitted.model.features(table.frame)
    errors = _concept_errors(fitted, x, words, refits)
    compared = _compared(load_scorer(folder), tiers, policy, x, house, fitted, errors)
    _write(folder / "reference.json", plain(compared))
    return write_manifest(folder)


def _compared(
    scorer: Scorer,
    tiers: Tiers,
    policy: Policy,
    x: Floats,
    house: PolicyParams,
    fitted: CalibratedModel,
    errors: Mapping[str, float],
) -> Reference:
    """Return what reasons compare with, of the training rows `x`."""
    # Not strict: where every row has the base rate as its PD, the cut lies there too.
    return reference(
        scorer,
        tiers,
        policy,
        [x],
        house.reference_rows,
        is_strict=False,
        # Rows that no inner fold held out have no such margin.
        held_out=fitted.held_out[~np.isnan(fitted.held_out)],
        concept_errors=errors,
        unexplained_share=house.unexplained_share,
    )


def _line(fitted: CalibratedModel, scale: CalibrationParams) -> dict[str, Any]:
    """Return the content of calibration.json."""
    return {**calibration.to_json(fitted.calibration, scale, fitted.level), "method": METHOD}


def _concept_errors(
    fitted: CalibratedModel, x: Floats, words: ColumnTexts, refits: RefitParams
) -> dict[str, float]:
    """Return how far each concept moves when the stack learns from other rows of the table."""
    if fitted.recipe is None:
        return {}
    columns = fitted.model.encoding.columns
    concepts = [str(words.features[column.column]["concept"]) for column in columns]
    # A sum that threads share has another last bit on another machine.
    with one_thread():
        margin = fitted.model.margin_of(x)
        return concept_errors(fitted.recipe.refits(refits), concepts, x, margin, refits.rows)


def _catalogue(fitted: CalibratedModel, words: ColumnTexts) -> dict[str, Any]:
    """Return the entries of the model's own features, in model order."""
    model = fitted.model
    # Codes with an indicator are no nulls to the catalogue where training had no other null.
    is_told = ~np.isnan(model.untold)
    null_share = np.where(is_told, 0.0, model.null_share).tolist()
    stand_ins = np.where(is_told, model.untold, model.stand_in).tolist()
    features = [
        _entry(column, stand_in, share, words)
        for column, stand_in, share in zip(
            model.encoding.columns, stand_ins, null_share, strict=True
        )
    ]
    used = {feature["concept"] for feature in features}
    return {
        "version": CATALOGUE_VERSION,
        "concepts": [concept for concept in words.concepts if concept["id"] in used],
        "features": features,
    }


def _entry(
    column: EncodedColumn, stand_in: float, null_share: float, words: ColumnTexts
) -> dict[str, Any]:
    """Return the catalogue entry of one feature: the texts of its column, and how it is read."""
    read = {
        "name": column.name,
        "categories": list(column.levels),
        "codes": list(column.codes),
        "unseen": column.unseen,
        "special_codes": list(column.special_codes),
        "null_share": round(null_share, SHARE_DECIMALS),
        "typical": None if np.isnan(stand_in) else stand_in,
    }
    entry = {**words.features[column.column], **read}
    if column.name == column.column:
        return entry
    # The indicator of a special code: more words, and no sign of its own.
    said = {key: f"{entry[key]} ({column.code:g})" for key in ("text_en", "text_zh")}
    return {**entry, **said, "column": column.column, "code": column.code, "direction": 0}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """Write canonical JSON."""
    path.write_bytes(canonical(content))
