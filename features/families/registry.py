"""All families, and what a given set of raw tables can carry: the plan that the kernel follows.

More than 2,000 features (S5-R21, S4-R28, C19).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from ..declare.declarations import AggregateBlock, Family, FeatureSpec, Mark, Ratio, Stream, expand
from . import assets, bureau, device_stability, identity, payment_flow, social_graph
from .ratios import MARKS, RATIOS

FAMILIES: tuple[Family, ...] = tuple(
    m.FAMILY for m in (payment_flow, social_graph, assets, device_stability, bureau, identity)
)


@dataclass(frozen=True)
class PlanStep:
    """One block of one stream with its features, each as (slice, index of its window in the block, spec)."""

    block: AggregateBlock
    features: tuple[tuple[str, int, FeatureSpec], ...]


@dataclass(frozen=True)
class Plan:
    """Everything built from the tables present: streams with steps, then what other people's rows say, then what is made of features."""

    streams: tuple[tuple[Stream, tuple[PlanStep, ...]], ...]
    snapshot: tuple[FeatureSpec, ...]
    ratios: tuple[Ratio, ...]
    marks: tuple[Mark, ...]

    @property
    def specs(self) -> tuple[FeatureSpec, ...]:
        """All features in matrix order."""
        of_streams = tuple(
            spec for _, steps in self.streams for step in steps for _, _, spec in step.features
        )
        return (
            of_streams
            + self.snapshot
            + tuple(r.spec for r in self.ratios)
            + tuple(m.spec for m in self.marks)
        )


def plan(present: Collection[str]) -> Plan:
    """The plan for the raw tables that are there. An absent table's features are not built, nor what is made of them."""
    return _plan(frozenset(present))


@cache
def _plan(present: frozenset[str]) -> Plan:
    streams = tuple(
        (s, tuple(_step(f, s, b) for b in blocks))
        for f in FAMILIES
        for s, blocks in f.streams
        if s.table.name in present
    )
    snapshot = tuple(spec for f in FAMILIES for spec in f.snapshot if spec.table in present)
    names = {
        spec.name for _, steps in streams for step in steps for _, _, spec in step.features
    } | {spec.name for spec in snapshot}
    ratios = tuple(r for r in RATIOS if {r.top, r.bottom} <= names)
    return Plan(streams, snapshot, ratios, tuple(mark for mark in MARKS if mark.of in names))


def _step(family: Family, stream: Stream, block: AggregateBlock) -> PlanStep:
    return PlanStep(
        block,
        tuple(
            (name, block.windows.index(window), spec)
            for name, window, spec in expand(family, stream, block)
        ),
    )


# The data dictionary: what `catalogue.json` says of every feature and every reason concept.

VERSION = 1


def catalogue(tables_present: Collection[str]) -> dict[str, Any]:
    """Version, concepts and features (in matrix order) of the raw tables present, as JSON-ready values.

    A concept is listed when at least one feature carries it.
    """
    features = [_public(asdict(spec)) for spec in plan(tables_present).specs]
    used = {feature["concept"] for feature in features}
    concepts = [
        {**asdict(c), "family": f.name} for f in FAMILIES for c in f.concepts if c.id in used
    ]
    return {"version": VERSION, "concepts": concepts, "features": features}


def _public(spec: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key not in ("table", "consent")}
