"""A batch decided by a small registered bundle, with columns added or changed."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from creditloom.decision.base.errors import DecisionError
from creditloom.decision.decide import Decider
from tests.decision import small
from tests.trace.outcomes.situation_files import situations
from tests.trace.outcomes.tables import as_records


def names() -> set[str]:
    """Return the names of frames.yaml."""
    return set(situations("frames"))


def run(name: str) -> dict[str, Any]:
    """Return all decisions row by row; where the frame is not read, that in words."""
    asked = situations("frames")[name]
    rows = small.frame(asked["rows"]).assign(**asked["columns"])
    with TemporaryDirectory() as folder:
        book = small.rules(profiles=small.laws(*asked["laws"]))
        decider = Decider.load(small.write_bundle(Path(folder) / "bundle", book), 1)
        try:
            decisions = decider.decide(rows, explain="all", language=asked["language"])
        except DecisionError as refusal:
            return {"not read": str(refusal)}
    return {"decisions": as_records(decisions.drop(columns=["decision_id"], errors="ignore"))}
