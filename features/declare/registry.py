"""Lists the features that the raw tables present allow: the engine's plan, and the catalogue.

The families give more than 2,000 features (S5-R21, S4-R28, C19).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from ..aggregates.aggregates import AGGREGATES
from ..contract.tables import LOGINS, TABLES
from ..families.families import FAMILIES
from ..policy_inputs.device_counts import CLUSTERED, SHARED
from ..policy_inputs.policy_inputs import FACTS, NAMES, OBSERVED
from .declarations import (
    AggregateBlock,
    Family,
    FeatureConcept,
    FeatureSpec,
    Mark,
    Measure,
    Ratio,
    Slice,
    Stream,
)
from .ratios import MARKS, RATIOS
from .sentences import FeatureWords, Sayings, clause, feature_words, plain_sayings, sayings, text
from .texts import UNIT_AFTER, UNIT_SUFFIX

# From the declared blocks of a family to its features, each with name, texts and unit.


def expand(
    family: Family, stream: Stream, block: AggregateBlock
) -> Iterator[tuple[str, str, FeatureSpec]]:
    """Return (slice, window, spec) for every feature of one block, in declared order."""
    aggregate = AGGREGATES[block.aggregate]
    source_of = {concept.id: concept.source for concept in family.concepts}
    measure = stream.measure(block.measure) if block.measure else None
    unit = aggregate.unit or (measure.unit if measure else "count")
    for name in block.slices:
        part = stream.slice(name)
        wording = stream.wording(block.aggregate, block.measure, name) or aggregate
        stem = aggregate.stem.format(
            slice=name, measure=block.measure, over=block.over, level=f"{block.level:g}"
        )
        for window in block.windows:
            en = text(wording.en, _filling(stream, block, name, window, "en"), "en")
            zh = text(wording.zh, _filling(stream, block, name, window, "zh"), "zh")
            # table: fields of one feature
            spec = FeatureSpec(
                name=f"{family.prefix}_{stem}{UNIT_SUFFIX[unit]}_{window}",
                family=family.name,
                concept=block.concept,
                measure=block.measure or "rows",
                slice=name,
                aggregate=block.aggregate,
                window=window,
                unit=unit,
                direction=block.direction,
                null_meaning=aggregate.null,
                text_en=en,
                text_zh=zh,
                source=_source(block, part, measure) or source_of.get(block.concept, ""),
                table=stream.table.name,
                **_sayings(stream, block, name, window, (en, zh)),
            )
            yield name, window, spec


def _sayings(
    stream: Stream, block: AggregateBlock, name: str, window: str, texts: tuple[str, str]
) -> Sayings:
    """Return the sentences of one feature; of an aggregate that cannot be said, its texts."""
    aggregate = AGGREGATES[block.aggregate]
    if not aggregate.is_sayable:
        return plain_sayings(
            *texts, is_sayable=False, concept=block.concept, aggregate=block.aggregate
        )
    wording = stream.wording(block.aggregate, block.measure, name) or aggregate
    en = clause(wording.say_en, _filling(stream, block, name, window, "en", is_said=True))
    zh = clause(wording.say_zh, _filling(stream, block, name, window, "zh", is_said=True))
    return sayings(en, zh, is_sayable=True, concept=block.concept, aggregate=block.aggregate)


def _filling(
    stream: Stream,
    block: AggregateBlock,
    name: str,
    window: str,
    language: str,
    *,
    is_said: bool = False,
) -> FeatureWords:
    """Return what the templates of one feature are filled with."""
    measure = stream.measure(block.measure) if block.measure else None
    return feature_words(
        stream.slice(name),
        stream.slice(block.over or name),
        measure,
        level=_level(block, measure, language),
        counter=stream.counter,
        window=window,
        language=language,
        is_said=is_said,
    )


def _level(block: AggregateBlock, measure: Measure | None, language: str) -> str:
    """Return the level of a block with its unit, as a person reads it."""
    unit = measure.unit if measure else ""
    return f"{block.level:,g}" + UNIT_AFTER.get((unit, language), "")


def _source(block: AggregateBlock, part: Slice, measure: Measure | None) -> str:
    """Return the nearest source that is stated: the block's, the slice's, the measure's."""
    return block.source or part.source or (measure.source if measure else "")


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
    then what is made of features. `facts` are the policy inputs that are built beside them.
    """

    streams: tuple[tuple[Stream, tuple[PlanStep, ...]], ...]
    snapshot: tuple[FeatureSpec, ...]
    ratios: tuple[Ratio, ...]
    marks: tuple[Mark, ...]
    facts: tuple[str, ...] = NAMES

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


def needed_tables(names: Collection[str]) -> tuple[str, ...]:
    """Return the raw tables that features and policy inputs of these names are made of.

    They come in the order of their declarations. A name that is neither needs none.
    """
    everything = plan(TABLES)
    made_of = {spec.name: {spec.table, *spec.also} for spec in everything.specs}
    for ratio in everything.ratios:
        made_of[ratio.spec.name] = made_of[ratio.top] | made_of[ratio.bottom]
    for mark in everything.marks:
        made_of[mark.spec.name] = made_of[mark.of]
    for fact in FACTS:
        made_of[fact.name] = made_of[fact.of]
    for observation in OBSERVED:
        made_of[observation.name] = made_of.get(observation.name, set()) | {observation.table}
    made_of |= {shared.name: {LOGINS.name} for shared in (*SHARED, *CLUSTERED)}
    needed = {table for name in names for table in made_of.get(name, ())}
    return tuple(name for name in TABLES if name in needed)


# The catalogue: what `catalogue.json` says of every feature and every reason concept.

# Version of the catalogue's format.
VERSION = 3
# What a spec holds for the engine and the catalogue leaves out.
ENGINE_FIELDS = ("table", "consent", "also")


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
