"""A plan cut to the features that somebody asks for: a model reads one in ten of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import cache

from ..policy_inputs.policy_inputs import FACTS, NAMES, OBSERVED
from .registry import Plan, PlanStep, plan


def parents_of(what: Plan, names: Collection[str]) -> frozenset[str]:
    """Return the names with the features that those of them are made of."""
    wanted = set(names)
    wanted |= {fact.of for fact in FACTS if fact.name in wanted}
    wanted |= {mark.of for mark in what.marks if mark.spec.name in wanted}
    for ratio in what.ratios:
        if ratio.spec.name in wanted:
            wanted |= {ratio.top, ratio.bottom}
    return frozenset(wanted)


def cut(what: Plan, names: Collection[str]) -> Plan:
    """Return the plan with only what these features and policy inputs are made of."""
    wanted = parents_of(what, names)
    streams = []
    for stream, steps in what.streams:
        kept = tuple(short for step in steps if (short := _cut_step(step, wanted)).features)
        streams.append((stream, kept))
    snapshot = tuple(spec for spec in what.snapshot if spec.name in wanted)
    ratios = tuple(ratio for ratio in what.ratios if ratio.spec.name in wanted)
    marks = tuple(mark for mark in what.marks if mark.spec.name in wanted)
    asked = tuple(name for name in NAMES if name in names)
    return Plan(streams=tuple(streams), snapshot=snapshot, ratios=ratios, marks=marks, facts=asked)


def plan_of(present: Collection[str], names: Collection[str] | None) -> Plan:
    """Return the plan for the raw tables that are there, cut to these names; None asks for all.

    A stream is left out where neither a feature nor a policy input of its table is asked for: its
    rows are not read. A name that no present table gives is left out, as `plan` leaves it out.
    """
    tables = frozenset(present)
    return plan(tables) if names is None else _plan_of(tables, frozenset(names))


# Kept, as every bucket of a Spark worker asks for it.
@cache
def _plan_of(present: frozenset[str], names: frozenset[str]) -> Plan:
    short = cut(plan(present), names)
    observed = {one.table for one in OBSERVED if one.name in names}
    busy = tuple(
        (stream, steps) for stream, steps in short.streams if steps or stream.table.name in observed
    )
    return replace(short, streams=busy)


def made_of_others(what: Plan) -> frozenset[str]:
    """Return the names of a plan's features and policy inputs that other people's rows may give."""
    return frozenset((*(spec.name for spec in what.snapshot), *what.facts))


def _cut_step(step: PlanStep, wanted: Collection[str]) -> PlanStep:
    features = tuple(one for one in step.features if one[2].name in wanted)
    slices = tuple(dict.fromkeys(name for name, _, _ in features))
    return PlanStep(replace(step.block, slices=slices), features)
