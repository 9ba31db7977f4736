"""The parts of `creditloom evidence`: what each measures, and which runs of the chain it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from creditloom.pipeline.proof.evidence import macro_paths, refits, run_parts
from creditloom.pipeline.proof.evidence.run_parts import Content

LARGE = "large"


@dataclass(frozen=True)
class EvidencePart:
    """What is measured together, of one run of the chain.

    measure: takes the folder of the run. run, last: the run, and the last stage that it needs.
    """

    measure: Callable[..., Content]
    run: str
    last: str


def runs(large: int) -> Mapping[str, Mapping[str, Any]]:
    """Return what differs in the parameters of each run. large: applicants of the large world."""
    return {
        "calm": {},
        "off": {"world.scenario": "off"},
        # The offers are not run forward: no bar of the large world asks for the bridge.
        LARGE: {"world.applicants": large, "evaluate.is_run_forward": False},
    }


# table: the parts in the order in which they are measured
PARTS: Mapping[str, EvidencePart] = {
    "run": EvidencePart(run_parts.run, "calm", "evaluate"),
    "paths": EvidencePart(macro_paths.macro_paths, "calm", "evaluate"),
    "information": EvidencePart(run_parts.information, "calm", "evaluate"),
    "backtest": EvidencePart(run_parts.backtest, "calm", "evaluate"),
    "off": EvidencePart(refits.off_groups, "off", "decide"),
    "refits": EvidencePart(refits.refits, "off", "decide"),
    LARGE: EvidencePart(run_parts.large, LARGE, "evaluate"),
}
