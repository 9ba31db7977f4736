"""Declare the columns that a bundle reads of a table of applications.

The batch's checks and the registered model's signature both read this one declaration.
"""

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

    `low` is the smallest valid value (inclusive). `consent` names the flag without which the
    column must be null.
    """

    name: str
    kind: InputKind
    low: float | None = None
    consent: str | None = None


def columns(bundle: Path, there: Container[str] = ()) -> tuple[InputColumn, ...]:
    """Return the columns that the bundle in this folder reads.

    The order is: the id, the policy inputs as declared, the policy's optional facts that are among
    `there` (the columns of a frame), the features in the model's order.
    """
    policy: list[str] = _json(bundle / "policy.json")["inputs"]
    features = _json(bundle / "catalogue.json")["features"]
    # A bundle without policy inputs only scores: it asks for no optional fact either.
    optional = [name for name in OPTIONAL if policy and name in there]
    return (
        InputColumn(ID, "id"),
        *(_policy_input(name) for name in (*policy, *optional)),
        *(_feature(feature, policy) for feature in features),
    )


def banned(bundle: Path) -> tuple[str, ...]:
    """Return the names that no input may hold under the bundle's laws (R7), each once."""
    laws = _json(bundle / "policy.json")["laws"]
    return tuple(dict.fromkeys(name for law in laws for name in law["banned_columns"]))


def _policy_input(name: str) -> InputColumn:
    if name in (*AMOUNTS, *COUNTS, *OPTIONAL) and name not in FLAG_FACTS:
        return InputColumn(name, "number", low=0)
    if name in (*FLAGS, *FLAG_FACTS):
        return InputColumn(name, "flag")
    return InputColumn(name, "time" if name == "as_of" else "text")


def _feature(feature: dict[str, Any], policy: list[str]) -> InputColumn:
    consent = CONSENTED.get(feature["family"]) or CONSENTED_CONCEPTS.get(feature["concept"])
    kind: InputKind = "text" if feature.get("categories") else "number"
    # A consent that the policy does not ask for is not in the table: it cannot be tested.
    return InputColumn(feature["name"], kind, consent=consent if consent in policy else None)


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))
