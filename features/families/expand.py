"""From the declared blocks of a family to its features, each with name, texts and unit."""

from __future__ import annotations

from collections.abc import Iterator

from ..aggregates.aggregates import AGGREGATES
from ..declare.declarations import AggregateBlock, Family, FeatureSpec, Measure, Slice, Stream
from ..declare.texts import LAST_EN, LAST_ZH, UNIT_SUFFIX


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
        over = stream.slice(block.over) if block.over else part
        words = {"slice": part, "over": over, "measure": measure}
        en = _phrase(aggregate.en, words, block.level, "en")
        zh = _phrase(aggregate.zh, words, block.level, "zh")
        stem = aggregate.stem.format(
            slice=name, measure=block.measure, over=block.over, level=f"{block.level:g}"
        )
        for window in block.windows:
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
                text_en=f"{en} {LAST_EN[window]}",
                text_zh=f"{LAST_ZH[window]}{zh}",
                source=_source(block, part, measure) or source_of.get(block.concept, ""),
                table=stream.table.name,
            )
            yield name, window, spec


def _source(block: AggregateBlock, part: Slice, measure: Measure | None) -> str:
    """Return the nearest source that is stated: the block's, the slice's, the measure's."""
    return block.source or part.source or (measure.source if measure else "")


def _phrase(
    template: str, words: dict[str, Slice | Measure | None], level: float, language: str
) -> str:
    """Return a template filled with the words of one language; a missing word is empty."""
    texts = {key: getattr(word, language) if word else "" for key, word in words.items()}
    return template.format(**texts, level=f"{level:,g}")
