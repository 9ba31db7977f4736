"""The features that the quantities of recourse can move: what is called actionable."""

from __future__ import annotations

from creditloom.features.contract.tables import EVENT_TABLES
from creditloom.features.declare.declarations import AggregateBlock, RowCondition, Stream
from creditloom.features.declare.registry import plan

from .actionable import Actionable, Quantity


def moved_features(actionable: Actionable) -> frozenset[str]:
    """Return the names of all features that some quantity can move.

    A change of cells moves what reads their column; rows that come or go move every slice that may
    hold them; ratios and marks follow what they are made of.
    """
    what = plan([table.name for table in EVENT_TABLES])
    moved = set()
    for stream, steps in what.streams:
        for quantity in actionable.of_table(stream.table.name):
            for step in steps:
                for name, _, spec in step.features:
                    if _is_moved(quantity, stream, step.block, name):
                        moved.add(spec.name)
    moved |= {ratio.spec.name for ratio in what.ratios if {ratio.top, ratio.bottom} & moved}
    moved |= {mark.spec.name for mark in what.marks if mark.of in moved}
    return frozenset(moved)


def _is_moved(quantity: Quantity, stream: Stream, block: AggregateBlock, name: str) -> bool:
    slices = [stream.slice(one) for one in {name, block.over or name}]
    conditions = [condition for part in slices for condition in part.where]
    if quantity.changed_columns:
        read = {condition.column for condition in conditions}
        if block.measure:
            read |= set(stream.measure(block.measure).columns)
        is_apart = any(_excludes(quantity, part.where) for part in slices[:1])
        return bool(read & quantity.changed_columns) and not is_apart
    return not all(_excludes(quantity, part.where) for part in slices)


def _excludes(quantity: Quantity, where: tuple[RowCondition, ...]) -> bool:
    """Return whether a slice holds no row that the quantity touches."""
    touched = {**{name: (value,) for name, value in quantity.values.items()}, **quantity.where}
    if quantity.kinds:
        touched[quantity.column] = quantity.kinds
    return any(
        bool(condition.values)
        and condition.column in touched
        and not set(condition.values) & set(touched[condition.column])
        for condition in where
    )
