"""What `creditloom products` prints of other lenders, and how many features are declared."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from creditloom.decision.base.strict_json import canonical
from creditloom.features.contract.tables import EVENT_TABLES
from creditloom.features.declare.registry import catalogue
from creditloom.pipeline.products.product_folder import ProductFolder
from creditloom.portfolio.benchmarks import Benchmarks

BENCHMARKS = "other lenders"
FEATURES = "features by family"


def names() -> set[str]:
    """Return the names of the listings."""
    return {BENCHMARKS, FEATURES}


def run(name: str) -> dict[str, Any]:
    """Return each figure of the other lenders, or the number of features of each family."""
    if name == FEATURES:
        declared = catalogue([table.name for table in EVENT_TABLES])["features"]
        return {"total": len(declared), **Counter(feature["family"] for feature in declared)}
    found = ProductFolder.of().only("benchmarks", Benchmarks)
    whole: dict[str, Any] = json.loads(canonical(found))
    return whole
