"""What `creditloom products` prints about our products and those of others."""

from __future__ import annotations

import json
from typing import Any

from creditloom.decision.base.strict_json import canonical
from creditloom.pipeline.products.product_folder import ProductFolder
from creditloom.portfolio.benchmarks import Benchmarks

BENCHMARKS = "other lenders"


def names() -> set[str]:
    """Return the one listing."""
    return {BENCHMARKS}


def run(name: str) -> dict[str, Any]:
    """Return each figure of the other lenders, as it is printed beside our products."""
    found = ProductFolder.of().only("benchmarks", Benchmarks)
    whole: dict[str, Any] = json.loads(canonical(found))
    return whole
