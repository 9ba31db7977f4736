"""What a feature is, declared: family x measure x slice x aggregate x window.

A family file declares `Stream`s (a raw table with its slices and measures) and `Block`s (which aggregates of which slices over which
windows, for which concept). `expand` turns them into one `FeatureSpec` per feature, with its name, texts, unit and meaning of null.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..contract.tables import Table
from .aggregates import AGGREGATES, LAST_EN, LAST_ZH, UNIT_SUFFIX


@dataclass(frozen=True)
class RowCondition:
    """One condition on a column: among `values`, or within [`low`, `high`] (inclusive, null fails)."""

    column: str
    values: tuple[str | bool | int, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Slice:
    """A named part of a stream's rows: those that meet all conditions. `en`/`zh` are plural noun phrases."""

    name: str
    en: str
    zh: str
    where: tuple[RowCondition, ...] = ()


@dataclass(frozen=True)
class Measure:
    """A number per row: `form` over `columns` (see `cube.FORMS`), shown divided by `per`. A null leaves the row out.

    Form `id` compares `columns[0]` for equality only: how many devices, which of them mostly, how often changed.
    """

    name: str
    unit: str
    en: str
    zh: str
    columns: tuple[str, ...]
    form: str = "plain"
    per: float = 1.0


@dataclass(frozen=True)
class Stream:
    """How one raw table is read. `has_memory` keeps rows older than twelve months, for the window `ever`."""

    table: Table
    slices: tuple[Slice, ...]
    measures: tuple[Measure, ...] = ()
    has_memory: bool = False

    def slice(self, name: str) -> Slice:
        return next(s for s in self.slices if s.name == name)

    def measure(self, name: str) -> Measure:
        return next(m for m in self.measures if m.name == name)


@dataclass(frozen=True)
class AggregateBlock:
    """One aggregate of some slices over some windows: the unit of declaration.

    `over` is the slice compared with; `consent` a further consent that is needed; `direction` the sign imposed on the
    log-odds of default, 0 where the sources support none; `source` the rows that ask for it; `level` a published threshold that
    monthly totals are held against, in the measure's unit.
    """

    concept: str
    aggregate: str
    slices: tuple[str, ...]
    windows: tuple[str, ...]
    measure: str = ""
    over: str = ""
    direction: int = 0
    consent: str = ""
    source: str = "domain 7.4"
    level: float = 0.0


@dataclass(frozen=True)
class FeatureSpec:
    """One feature, as the catalogue tells it, with the stream (`table`) and the block it comes from.

    `consent`: what a feature made of other people's rows needs beside its table's.
    """

    name: str
    family: str
    concept: str
    measure: str
    slice: str
    aggregate: str
    window: str
    unit: str
    direction: int
    null_meaning: str
    text_en: str
    text_zh: str
    source: str
    table: str
    consent: str = ""


@dataclass(frozen=True)
class Ratio:
    """A feature made of two others, possibly of two families: `top / bottom`, null where the bottom is 0 or either is null."""

    spec: FeatureSpec
    top: str
    bottom: str


@dataclass(frozen=True)
class Mark:
    """A flag made of another feature: 1 where it lies within [`low`, `high`], 0 where not, null where it is null."""

    spec: FeatureSpec
    of: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class FeatureConcept:
    """A reason concept: what a group of features says about a person. A hint is what the person may do, empty where nothing fits."""

    id: str
    text_en: str
    text_zh: str
    hint_en: str = ""
    hint_zh: str = ""


@dataclass(frozen=True)
class Family:
    """One family: prefix of its names, its concepts, its streams with their blocks, and what it makes of other people's rows."""

    name: str
    prefix: str
    concepts: tuple[FeatureConcept, ...]
    streams: tuple[tuple[Stream, tuple[AggregateBlock, ...]], ...]
    snapshot: tuple[FeatureSpec, ...] = ()


def expand(
    family: Family, stream: Stream, block: AggregateBlock
) -> Iterator[tuple[str, str, FeatureSpec]]:
    """(slice, window, spec) for every feature of one block, in declared order."""
    aggregate = AGGREGATES[block.aggregate]
    measure = stream.measure(block.measure) if block.measure else None
    unit = aggregate.unit or (measure.unit if measure else "count")
    for name in block.slices:
        part = stream.slice(name)
        over = stream.slice(block.over) if block.over else part
        words = {"slice": part, "over": over, "measure": measure}
        en, zh = (
            _phrase(text, words, block.level, key)
            for text, key in ((aggregate.en, "en"), (aggregate.zh, "zh"))
        )
        stem = aggregate.stem.format(
            slice=name, measure=block.measure, over=block.over, level=f"{block.level:g}"
        )
        for window in block.windows:
            yield name, window, FeatureSpec(
                f"{family.prefix}_{stem}{UNIT_SUFFIX[unit]}_{window}", family.name, block.concept, block.measure or "rows", name,
                block.aggregate, window, unit, block.direction, aggregate.null, f"{en} {LAST_EN[window]}", f"{LAST_ZH[window]}{zh}",
                block.source, stream.table.name,
            )  # fmt: skip


def _phrase(
    template: str, words: dict[str, Slice | Measure | None], level: float, language: str
) -> str:
    return template.format(
        **{key: getattr(word, language) if word else "" for key, word in words.items()},
        level=f"{level:,g}",
    )


def is_(column: str, *values: str | bool | int) -> RowCondition:
    """The column holds one of `values`."""
    return RowCondition(column, values)


def between(column: str, low: float | None = None, high: float | None = None) -> RowCondition:
    """The column lies within the bounds, both inclusive."""
    return RowCondition(column, (), low, high)
