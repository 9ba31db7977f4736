"""What usual values would change of a decision on a table of one's own: arithmetic on the score.

Nobody has said which columns of such a table a person can change, and there are no raw tables to
make features of again. So single values are put in place of the person's, and the same bundle
decides again: the median of the approved for a number, each other level for a category.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from creditloom.decision.base.catalogue import Feature
from creditloom.decision.frames.columns import feature_name
from creditloom.decision.reasons import text
from creditloom.decision.reasons.text import Language, quantities, singular
from creditloom.pipeline.commands.letters.found import FoundDecision
from creditloom.pipeline.commands.letters.weights import given_word

# Decimals with which a number is said, by unit: what is tried is what is said.
SAID_DECIMALS = {"share": 3, "CNY": 0}
OTHER_DECIMALS = 2


@dataclass(frozen=True)
class Tried:
    """One value in place of the person's: place of the feature, its column, the value in words."""

    feature: int
    column: str
    value: pa.Array
    instead: str


def usual_of(found: FoundDecision, language: Language) -> dict[str, Any] | None:
    """Return what usual values would change; None but for a decline of a table of one's own.

    `is_found`: with the `changes` (name, yours, instead) the same bundle approves. They are one
    value where one is enough, that of the weightiest reason first; else as few of the reasons'
    values together as approve. Every claim is a decision of the bundle on the changed row.
    """
    if not found.is_own or found.row["decision"] != "decline":
        return None
    frame = found.decider.read(found.source)
    names = found.rules.catalogue.names
    single: list[Tried] = []
    for feature in _reason_features(found):
        k = names.index(feature.name)
        tried = [one for one in _tried(found, feature, k, language) if one is not None]
        single += _nearest_first(found, tried)
    changes = _alone(found, single) or _together(found, single)
    features = found.rules.catalogue.features
    told = [
        {
            "name": text.feature_name(features[one.feature], language),
            "yours": given_word(frame, features, one.feature, language),
            "instead": one.instead,
        }
        for one in changes
    ]
    return {"is_found": bool(told), "changes": told}


def _reason_features(found: FoundDecision) -> Iterator[Feature]:
    """Yield the features of the concepts that are reasons, in the order of the reasons."""
    for reason in found.row["reasons"]:
        for feature in found.rules.catalogue.features:
            if feature.concept == reason["concept"] and not feature.is_indicator:
                yield feature


def _tried(
    found: FoundDecision, feature: Feature, k: int, language: Language
) -> Iterator[Tried | None]:
    """Yield the values to try in the column of a feature; None for one that the column cannot hold.

    A date is no number: nothing is tried in its place.
    """
    column = feature_name(feature.read_column)
    if column not in found.source.column_names:
        return
    kind = found.source.schema.field(column).type
    own = found.source[column][0]
    if feature.categories:
        for level in feature.categories:
            if str(own) != level:
                yield _cast(k, column, pa.array([level]), kind, level)
        return
    usual = found.decider.bundle.reference.typical.get(feature.name)
    if usual is None or not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return
    decimals = SAID_DECIMALS.get(feature.unit, OTHER_DECIMALS)
    value = round(usual, 0 if pa.types.is_integer(kind) else decimals)
    words = quantities([feature], np.zeros(1, np.int64), np.array([value]), language)[0]
    yield _cast(k, column, pa.array([value]), kind, singular(str(words)))


def _cast(k: int, column: str, value: pa.Array, kind: pa.DataType, instead: str) -> Tried | None:
    try:
        return Tried(k, column, value.cast(kind), instead)
    except pa.ArrowInvalid:
        # A level that was pooled of others is no value of the column.
        return None


def _nearest_first(found: FoundDecision, tried: Sequence[Tried]) -> list[Tried]:
    """Return the values that lower the PD, the least change of the PD first."""
    before = float(found.row["pd"])
    pds = [float(one["pd"]) for one in _decided(found, [[one] for one in tried])]
    # Stable: of equal PDs the first level of the catalogue stands first.
    order = np.argsort(-np.array(pds), kind="stable").tolist() if pds else []
    return [tried[place] for place in order if pds[place] < before]


def _alone(found: FoundDecision, single: Sequence[Tried]) -> list[Tried]:
    """Return the first value that is enough by itself; [] where none is."""
    decided = _decided(found, [[one] for one in single])
    enough = [one for one, row in zip(single, decided, strict=True) if _is_approved(row)]
    return enough[:1]


def _together(found: FoundDecision, single: Sequence[Tried]) -> list[Tried]:
    """Return the values that approve together, without those that are not needed; [] for none."""
    # The last of a column lowers the PD most.
    best = list({one.feature: one for one in single}.values())
    sets = [best[:count] for count in range(1, len(best) + 1)]
    decided = _decided(found, sets)
    enough = [chosen for chosen, row in zip(sets, decided, strict=True) if _is_approved(row)]
    if not enough:
        return []
    needed = enough[0]
    for one in list(needed):
        fewer = [other for other in needed if other is not one]
        if fewer and _is_approved(_decided(found, [fewer])[0]):
            needed = fewer
    return needed


def _is_approved(row: dict[str, Any]) -> bool:
    return bool(row["decision"] == "approve")


def _decided(found: FoundDecision, sets: Sequence[Sequence[Tried]]) -> list[dict[str, Any]]:
    """Return the decision of the row with each set of values in place of the person's."""
    if not sets:
        return []
    rows = []
    for values in sets:
        row = found.source
        for one in values:
            row = row.set_column(
                row.column_names.index(one.column), row.schema.field(one.column), one.value
            )
        rows.append(row)
    table = pa.concat_tables(rows).combine_chunks()
    decided: list[dict[str, Any]] = found.decider.decide_table(table, explain="none").to_pylist()
    return decided
