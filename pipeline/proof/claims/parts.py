"""The parts of `creditloom claims`: which claims each measures, and which runs it needs.

Every claim that is not withdrawn stands in exactly one part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from creditloom.models.evaluation.world_claims.measures import MEASURES
from creditloom.pipeline.proof.claims import chain_parts, labelled_parts
from creditloom.pipeline.proof.claims.labelled_parts import Figures


@dataclass(frozen=True)
class ClaimPart:
    """Claims that are measured together.

    - `measure`: takes a LabelledWorld where the part needs no run, else the folder of each run.
    - `runs`: the runs that it needs, each with the last stage that it needs of it.
    """

    claims: frozenset[str]
    measure: Callable[..., Figures]
    runs: tuple[tuple[str, str], ...] = ()


# table: a run of the chain -> what of its parameters differs from those of the command
RUNS: Mapping[str, Mapping[str, Any]] = {
    "run": {},
    "quarter": {"world.activity_scale": 0.25},
    "full": {"world.activity_scale": 1.0},
}
OF_DECISIONS = ("approval", "merchant_uplift", "blue_collar_served", "contributions_uplift")


def _labelled(measure: Callable[..., Figures], *claims: str) -> ClaimPart:
    return ClaimPart(frozenset(claims), measure)


# table: the parts in the order in which they are measured, the quick ones first
PARTS: Mapping[str, ClaimPart] = {
    "economy": _labelled(labelled_parts.economy, "macro_off", "recession"),
    "arm": _labelled(labelled_parts.arm, "challenger_arm"),
    "drift": _labelled(labelled_parts.drift, "drift_pd", "drift_segment"),
    "alternative": _labelled(labelled_parts.alternative, "planted_alternative", "planted_price"),
    "book": _labelled(
        labelled_parts.book,
        "same_rules_in_the_book",
        "drawdown",
        "prepayment",
        "recoveries",
        "recoveries_half",
    ),
    "period": _labelled(labelled_parts.period, "macro_period"),
    "drifted_events": _labelled(labelled_parts.drifted_events, "drift_null", "drift_shift"),
    "income": _labelled(labelled_parts.income, "macro_income"),
    "sample": ClaimPart(
        frozenset((*MEASURES, *OF_DECISIONS)), chain_parts.sample, (("run", "evaluate"),)
    ),
    "incumbent": ClaimPart(
        frozenset(("incumbent_gap",)), chain_parts.incumbent, (("run", "evaluate"),)
    ),
    "forward": ClaimPart(
        frozenset(("cash_increase", "two_proofs")), chain_parts.forward, (("run", "decide"),)
    ),
    "flow": ClaimPart(
        frozenset(("flow_refusals", "flow_scale")),
        chain_parts.flow,
        (("quarter", "bundle"), ("full", "bundle")),
    ),
}
