"""What a bundle reads of a frame: one declaration for the batch's checks and for the registered model's signature."""

from __future__ import annotations

import json
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from creditloom.decision.decide import CONSENTED, CONSENTED_CONCEPTS
from creditloom.decision.frames.input_frame import AMOUNTS, COUNTS, FLAGS, ID
from creditloom.decision.rulebook.condition import FLAG_FACTS, OPTIONAL

InputKind = Literal["id", "time", "number", "flag", "text"]


@dataclass(frozen=True)
class InputColumn:
    """One column that the decision reads; all but the id may be null in a row.

    `low` is the least value (inclusive); `consent` names the flag without which the column must be null.
    """

    name: str
    kind: InputKind
    low: float | None = None
    consent: str | None = None


def columns(bundle: Path, there: Container[str] = ()) -> tuple[InputColumn, ...]:
    """The columns that the bundle in this folder reads: the id, the policy inputs in declared order, the features in model order.

    Between inputs and features stand the optional facts of the policy that are among `there`, the columns of a frame.
    """
    policy: list[str] = _json(bundle / "policy.json")["inputs"]
    features = _json(bundle / "catalogue.json")["features"]
    inputs = [*policy, *(name for name in OPTIONAL if policy and name in there)]
    return (
        InputColumn(ID, "id"),
        *(_policy_input(name) for name in inputs),
        *(_feature(feature, policy) for feature in features),
    )


def banned(bundle: Path) -> tuple[str, ...]:
    """Names that no input may hold under the bundle's laws (R7)."""
    return tuple(
        dict.fromkeys(
            name for law in _json(bundle / "policy.json")["laws"] for name in law["banned_columns"]
        )
    )


def _policy_input(name: str) -> InputColumn:
    if name in (*AMOUNTS, *COUNTS, *OPTIONAL) and name not in FLAG_FACTS:
        return InputColumn(name, "number", low=0)
    if name in (*FLAGS, *FLAG_FACTS):
        return InputColumn(name, "flag")
    return InputColumn(name, "time" if name == "as_of" else "text")


def _feature(feature: dict[str, Any], policy: list[str]) -> InputColumn:
    consent = CONSENTED.get(feature["family"]) or CONSENTED_CONCEPTS.get(feature["concept"])
    kind: InputKind = "text" if feature.get("categories") else "number"
    return InputColumn(feature["name"], kind, consent=consent if consent in policy else None)


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))
