"""The decision on one applicant of tests/policy/situations: outcome, limit, price, reasons."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import Any

from tests.policy.officer import decided
from tests.policy.test_situations import product_of, rulebook, situations

TUPLES = ("law", "absent", "families")


@cache
def _by_name() -> dict[str, dict[str, Any]]:
    return {str(param.id): param.values[0] for param in situations()}


def names() -> set[str]:
    """Return `file: name` of every situation."""
    return set(_by_name())


def run(name: str) -> dict[str, Any]:
    """Return everything that the officer's outcome says."""
    situation = _by_name()[name]
    tuples = {key: tuple(situation[key]) for key in TUPLES if key in situation}
    found = decided(
        situation["grade"],
        product=product_of(situation),
        unconsented=situation.get("unconsented", False),
        rulebook=rulebook(situation),
        **tuples,
        **situation["given"],
    )
    return asdict(found)
