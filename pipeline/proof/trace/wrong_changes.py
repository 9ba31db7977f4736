"""Reads tests/trace/wrong: which situation comes out differently when a rule is read wrongly."""

from __future__ import annotations

from pathlib import Path

from creditloom.pipeline.base.params import parse_value

WRONG = Path("tests/trace/wrong")


def wrong_changes(house: Path) -> dict[str, str]:
    """Return per rule the situation that its wrong reading changes, as `kind: name`.

    Raises KeyError for a wrong reading that names no rule or no situation.
    """
    changes: dict[str, str] = {}
    for path in sorted((house / WRONG).glob("*.yaml")):
        for reading in parse_value(path.read_text(encoding="utf-8")) or ():
            changes[reading["rule"]] = reading["changes"]
    return changes
