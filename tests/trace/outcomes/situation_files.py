"""Situations of tests/trace/situations: one file a kind, each situation with its defaults."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[1] / "situations"


@cache
def situations(kind: str) -> dict[str, dict[str, Any]]:
    """Return the situations of one file by name, without the name, defaults filled in."""
    content = yaml.safe_load((FOLDER / f"{kind}.yaml").read_text(encoding="utf-8"))
    found: dict[str, dict[str, Any]] = {}
    for one in content["situations"]:
        whole = {**content["defaults"], **one}
        name = whole.pop("name")
        if name in found:
            raise LookupError(f"{kind}.yaml: two situations `{name}`; expected one. Rename one.")
        found[name] = whole
    return found
