"""Declare the columns that a bundle's folder reads of a table of applications.

The declaration itself is the runtime's (`decision/frames/columns.py`), one for every door.
"""

from __future__ import annotations

import json
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from creditloom.decision.frames.columns import InputColumn as InputColumn
from creditloom.decision.frames.columns import InputKind as InputKind
from creditloom.decision.frames.columns import input_columns


@dataclass(frozen=True)
class _Feature:
    """What is asked of a feature here, as catalogue.json says it."""

    name: str
    family: str
    concept: str
    categories: tuple[str, ...]


def columns(bundle: Path, there: Container[str] = ()) -> tuple[InputColumn, ...]:
    """Return the columns that the bundle in this folder reads.

    The order is: the id, the policy inputs as declared, the policy's optional facts that are among
    `there` (the columns of a frame), the features in the model's order.
    """
    policy: list[str] = _json(bundle / "policy.json")["inputs"]
    features = _json(bundle / "catalogue.json")["features"]
    return input_columns(policy, [_feature(one) for one in features], there)


def banned(bundle: Path, law: str = "") -> tuple[str, ...]:
    """Return the names that no input may hold (R7) under the bundle's laws, or the one chosen."""
    policy = _json(bundle / "policy.json")
    chosen = [one for one in policy["other_laws"] if one["id"] == law]
    laws = [*policy["laws"], *chosen]
    return tuple(dict.fromkeys(name for one in laws for name in one["banned_columns"]))


def _feature(feature: dict[str, Any]) -> _Feature:
    categories = tuple(feature.get("categories") or ())
    return _Feature(feature["name"], feature["family"], feature["concept"], categories)


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))
