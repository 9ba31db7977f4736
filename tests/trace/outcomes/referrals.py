"""A frozen application that waits for a person, who finds the freeze wrong and approves."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from creditloom.decision.decide import Decider
from creditloom.decision.frames.arrow import decisions_table
from creditloom.serving.referral.overrides import (
    Override,
    ReferralError,
    append,
    read,
)
from creditloom.serving.referral.queue.cases import referred_cases, waiting_cases
from tests.decision import small

APPEAL = "a wrong freeze, found on appeal"


def names() -> set[str]:
    """Return the one appeal."""
    return {APPEAL}


def run(name: str) -> dict[str, Any]:
    """Return what was recorded and how many wait before and after; else why not, in words."""
    rows = small.frame(60).assign(is_remote_login=1.0, is_new_region_90d=1.0)
    with TemporaryDirectory() as folder:
        decider = Decider.load(small.write_bundle(Path(folder) / "bundle"), 1)
        queue = referred_cases(decisions_table(decider.decide(rows))).to_pandas()
        frozen = queue[queue["actions"].str.contains("freeze") & queue["limit_cny"].notna()]
        if frozen.empty:
            return {"waiting": len(queue), "frozen": 0}
        one = frozen.iloc[0]
        override = Override(
            date="2025-11-04T09:00:00+00:00",
            decision_id=one["decision_id"],
            application_id=str(one["application_id"]),
            outcome="approve",
            limit_cny=float(one["limit_cny"]),
            reason="the person was travelling, shown by tickets",
            role="senior underwriter",
        )
        record = Path(folder) / "overrides" / "overrides.jsonl"
        try:
            written = append(override, queue, record)
        except ReferralError as refusal:
            return {"refused": str(refusal).replace(folder, "")}
        decided = {entry.decision_id for entry in read(record)}
        waiting = waiting_cases(queue, decided)
    counts = {"waiting": len(queue), "frozen": len(frozen), "still": len(waiting)}
    return {**counts, "outcome": written.outcome, "limit": written.limit_cny}
