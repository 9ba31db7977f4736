"""Outcomes: what a whole decision, quotation, review or world comes to, as plain JSON.

`outcome("quote: one month late")` runs a named situation and returns all that it leads to.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

Outcome = dict[str, Any]

# Kind -> module that has `names()` and `run(name)`. A module is loaded when its kind is asked for,
# so that a wrong reading in one room breaks no outcome of another.
KINDS = {
    "decision": "decisions",
    "quote": "quotes",
    "review": "reviews",
    "frame": "frames",
    "listing": "listings",
    "world": "worlds",
    "model": "models",
    "raw": "raws",
    "claim": "claim_figures",
    "book": "running_books",
    "optimum": "optima",
    "referral": "referrals",
}


def parts(change: str) -> tuple[str, str]:
    """Return kind and name of a situation written as `kind: name`."""
    kind, _, name = change.partition(": ")
    return kind, name


def names(kind: str) -> frozenset[str]:
    """Return the names of all situations of a kind; empty for an unknown kind."""
    if kind not in KINDS:
        return frozenset()
    return frozenset(_module(kind).names())


def outcome(change: str) -> Outcome:
    """Run one situation; what refuses to run is an outcome too, in its words."""
    kind, name = parts(change)
    run: Callable[[str], Outcome] = _module(kind).run
    return run(name)


def _module(kind: str) -> Any:
    return import_module(f"tests.trace.outcomes.{KINDS[kind]}")
