"""Declare the columns that a bundle's folder reads of a table of applications.

The declaration itself is the runtime's (`decision/frames/columns.py`), one for every door.
"""

from __future__ import annotations

import json
from collections.abc import Container
from pathlib import Path
from typing import Any

from creditloom.decision.base.catalogue import Catalogue
from creditloom.decision.base.layout import FILE as LAYOUT
from creditloom.decision.base.layout import Layout
from creditloom.decision.frames.columns import InputColumn as InputColumn
from creditloom.decision.frames.columns import InputKind as InputKind
from creditloom.decision.frames.columns import input_columns


def columns(bundle: Path, there: Container[str] = ()) -> tuple[InputColumn, ...]:
    """Return the columns that the bundle in this folder reads.

    The order is: the id, the policy inputs as declared, the policy's optional facts that are among
    `there` (the columns of a frame), the columns of the features in the model's order. Id and time
    have the names of the user's own table where the bundle knows its layout.
    """
    policy: list[str] = _json(bundle / "policy.json")["inputs"]
    catalogue = Catalogue.from_json((bundle / "catalogue.json").read_bytes())
    return input_columns(policy, catalogue, there, layout_of(bundle))


def layout_of(bundle: Path) -> Layout | None:
    """Return the layout of the table that the bundle in this folder was trained on; None without.

    Only a file that the manifest lists is part of the bundle.
    """
    if LAYOUT not in _json(bundle / "manifest.json")["files"]:
        return None
    return Layout.from_json((bundle / LAYOUT).read_bytes())


def banned(bundle: Path, law: str = "") -> tuple[str, ...]:
    """Return the names that no input may hold (R7) under the bundle's laws, or the one chosen."""
    policy = _json(bundle / "policy.json")
    chosen = [one for one in policy["other_laws"] if one["id"] == law]
    laws = [*policy["laws"], *chosen]
    return tuple(dict.fromkeys(name for one in laws for name in one["banned_columns"]))


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))
