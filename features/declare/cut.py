"""A plan cut to the features that somebody asks for: a model reads one in ten of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ..policy_inputs.policy_inputs import FACTS
from .registry import Plan, PlanStep


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
    return Plan(streams=tuple(streams), snapshot=snapshot, ratios=ratios, marks=marks)


def _cut_step(step: PlanStep, wanted: Collection[str]) -> PlanStep:
    features = tuple(one for one in step.features if one[2].name in wanted)
    slices = tuple(dict.fromkeys(name for name, _, _ in features))
    return PlanStep(replace(step.block, slices=slices), features)
