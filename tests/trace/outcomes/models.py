"""Decisions on the shared world from its features as they are rightly read.

For wrong readings of what a feature means to the model or to people: its sign, words and hints.
The names are those of `worlds`: `product by concept`.
"""

from __future__ import annotations

from typing import Any

import pyarrow.feather as feather

from tests.trace.outcomes import worlds


def names() -> set[str]:
    """Return each product by concept or family."""
    return {name for name in worlds.names() if " by " in name}


def run(name: str) -> dict[str, Any]:
    """Return the decisions, with the matrix of the right reading."""
    return worlds.decided(name, feather.read_table(worlds.kept() / "matrix.arrow").to_pandas())
