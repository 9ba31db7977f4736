"""The data dictionary: what `catalogue.json` says of every feature and every reason concept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from .registry import FAMILIES, plan

VERSION = 1


def catalogue(tables_present: Collection[str]) -> dict[str, Any]:
    """Version, concepts and features (in matrix order) of the raw tables present, as JSON-ready values.

    A concept is listed when at least one feature carries it.
    """
    features = [_public(asdict(spec)) for spec in plan(tables_present).specs]
    used = {feature["concept"] for feature in features}
    concepts = [{**asdict(c), "family": f.name} for f in FAMILIES for c in f.concepts if c.id in used]
    return {"version": VERSION, "concepts": concepts, "features": features}


def _public(spec: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key not in ("table", "consent")}
