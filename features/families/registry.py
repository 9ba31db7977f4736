"""What a set of raw tables can carry: the plan that the engine follows, and the catalogue of it.

The families give more than 2,000 features (S5-R21, S4-R28, C19).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from ..declare.declarations import (
    AggregateBlock,
    Family,
    FeatureConcept,
    FeatureSpec,
    Mark,
    Ratio,
    Stream,
)
from .expand import expand
from .families import FAMILIES
from .ratios import MARKS, RATIOS


@dataclass(frozen=True)
class PlanStep:
    """One block of one stream, and its features as (slice, index of the block's window, spec)."""

    block: AggregateBlock
    features: tuple[tuple[str, int, FeatureSpec], ...]

    @property
    def specs(self) -> tuple[FeatureSpec, ...]:
        """The features of the block."""
        return tuple(spec for _, _, spec in self.features)


@dataclass(frozen=True)
class Plan:
    """Everything that is built from the tables present, in the order of the matrix.

    First come the streams with their blocks, then features of other people's rows (`snapshot`),
    then what is made of features.
    """

    streams: tuple[tuple[Stream, tuple[PlanStep, ...]], ...]
    snapshot: tuple[FeatureSpec, ...]
    ratios: tuple[Ratio, ...]
    marks: tuple[Mark, ...]

    @property
    def specs(self) -> tuple[FeatureSpec, ...]:
        """All features in the order of the matrix."""
        of_streams = tuple(
            spec for _, steps in self.streams for step in steps for spec in step.specs
        )
        of_ratios = tuple(ratio.spec for ratio in self.ratios)
        of_marks = tuple(mark.spec for mark in self.marks)
        return of_streams + self.snapshot + of_ratios + of_marks


def plan(present: Collection[str]) -> Plan:
    """Return the plan for the raw tables that are there.

    Features of an absent table are not built, nor is what is made of them.
    """
    return _plan(frozenset(present))


# Kept, as every bucket asks for the plan and expanding the features is slow.
@cache
def _plan(present: frozenset[str]) -> Plan:
    streams = tuple(
        (stream, tuple(_step(family, stream, block) for block in blocks))
        for family in FAMILIES
        for stream, blocks in family.streams
        if stream.table.name in present
    )
    snapshot = tuple(
        spec for family in FAMILIES for spec in family.snapshot if spec.table in present
    )
    of_streams = {spec.name for _, steps in streams for step in steps for spec in step.specs}
    names = of_streams | {spec.name for spec in snapshot}
    return Plan(
        streams=streams,
        snapshot=snapshot,
        ratios=tuple(ratio for ratio in RATIOS if {ratio.top, ratio.bottom} <= names),
        marks=tuple(mark for mark in MARKS if mark.of in names),
    )


def _step(family: Family, stream: Stream, block: AggregateBlock) -> PlanStep:
    features = tuple(
        (name, block.windows.index(window), spec)
        for name, window, spec in expand(family, stream, block)
    )
    return PlanStep(block, features)


# The catalogue: what `catalogue.json` says of every feature and every reason concept.

# Version of the catalogue's format.
VERSION = 1
# What a spec holds for the engine and the catalogue leaves out.
ENGINE_FIELDS = ("table", "consent")


def catalogue(tables_present: Collection[str]) -> dict[str, Any]:
    """Return version, concepts and features of the raw tables present, ready for JSON.

    Features come in the order of the matrix. A concept is listed if a feature carries it.
    """
    features = [_public(asdict(spec)) for spec in plan(tables_present).specs]
    used = {feature["concept"] for feature in features}
    concepts = [
        {**_words(concept), "family": family.name}
        for family in FAMILIES
        for concept in family.concepts
        if concept.id in used
    ]
    return {"version": VERSION, "concepts": concepts, "features": features}


def _words(concept: FeatureConcept) -> dict[str, Any]:
    """Return what a reader of the catalogue needs of a concept; its source is said by features."""
    return {name: value for name, value in asdict(concept).items() if name != "source"}


def _public(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a spec without what only the engine needs."""
    return {key: value for key, value in spec.items() if key not in ENGINE_FIELDS}
