"""All families and the features that a given set of raw tables can carry."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from . import assets, bureau, device_stability, identity, payment_flow, social_graph
from .grid import Block, Family, FeatureSpec, Ratio, Stream, expand

FAMILIES: tuple[Family, ...] = tuple(m.FAMILY for m in (payment_flow, social_graph, assets, device_stability, bureau, identity))


def streams(present: Collection[str]) -> Iterator[tuple[Family, Stream, tuple[Block, ...]]]:
    """Every stream whose raw table is there."""
    for family in FAMILIES:
        for stream, blocks in family.streams:
            if stream.table.name in present:
                yield family, stream, blocks


def specs(present: Collection[str]) -> tuple[FeatureSpec, ...]:
    """The features of the tables present, in matrix order: streams, then graph, then ratios. An absent table's features are not built."""
    of_streams = [spec for f, s, blocks in streams(present) for b in blocks for _, _, spec in expand(f, s, b)]
    of_graph = [spec for f in FAMILIES for spec in f.snapshot if spec.table in present]
    names = {spec.name for spec in of_streams}
    return tuple(of_streams + of_graph + [r.spec for r in _ratios(names)])


def ratios(present: Collection[str]) -> tuple[Ratio, ...]:
    """The ratios whose two sides are built."""
    return tuple(_ratios({spec.name for f, s, blocks in streams(present) for b in blocks for _, _, spec in expand(f, s, b)}))


def _ratios(names: Collection[str]) -> Iterator[Ratio]:
    return (r for f in FAMILIES for r in f.ratios if {r.top, r.bottom} <= set(names))
