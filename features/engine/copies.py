"""Features of many changed copies of one person's rows: what recourse asks of the engine.

A feature of a stream is made of the rows of one table alone. So copies are made table by table,
and the columns of a table hold for every combination with other tables. Ratios, marks and what
repeats a feature are made afterwards, of the combined columns.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache, cached_property, partial

import numpy as np
import pyarrow as pa

from ..aggregates.event_columns import VisibleRows, divide
from ..contract.tables import Column
from ..declare.cut import cut, parents_of
from ..declare.declarations import Stream
from ..declare.registry import Plan, PlanStep, plan
from ..policy_inputs.policy_inputs import FACTS, OBSERVED, observed_inputs
from .bucket import FeatureColumns, block_features, consents_given, flag, scale_by
from .point_in_time import Sight, columns_asked

# Policy inputs that are counted in more than one table: no table alone says what they are.
SHARED_INPUTS = frozenset(
    one.name for one in OBSERVED if sum(other.name == one.name for other in OBSERVED) > 1
)


class CopiesEngine:
    """The features and policy inputs `names` of copies of one person's rows.

    tables: the raw tables that there are.
    """

    def __init__(self, names: Collection[str], tables: Collection[str]) -> None:
        whole = plan(tables)
        self.names = frozenset(names)
        self.wanted = parents_of(whole, names)
        self.plan: Plan = cut(whole, names)

    @cached_property
    def streams(self) -> dict[str, tuple[Stream, tuple[PlanStep, ...]]]:
        """By table, its stream and the blocks that are asked for."""
        return {stream.table.name: (stream, steps) for stream, steps in self.plan.streams}

    def columns_read(self, table: str) -> tuple[Column, ...]:
        """Return the columns of a table that its features read."""
        return columns_asked(self.streams[table][0])

    def columns(self, table: str, rows: pa.Table, spine: pa.Table) -> FeatureColumns:
        """Return the columns that a table gives: one value for each row of the spine.

        spine: the application once for each copy, applicant_id counted from 0. rows: the raw rows
        of all copies. Policy inputs that repeat a feature are among the columns.
        """
        stream, steps = self.streams[table]
        as_of = spine.column("as_of").cast(pa.int64()).to_numpy()
        # One column is asked for by many blocks.
        allowed = cache(partial(consents_given, spine))
        seen = VisibleRows(stream, Sight(spine).seen_of([rows], stream), as_of)
        columns: FeatureColumns = {}
        scale_of = scale_by(allowed)
        for step in steps:
            columns.update(block_features(step, seen, scale_of))
        for name, values in observed_inputs(seen, allowed, self.names - SHARED_INPUTS):
            columns[name] = values
        for fact in FACTS:
            if fact.name in self.names and fact.of in columns:
                columns[fact.name] = columns[fact.of] * fact.per_unit
        seen.release()
        return columns

    def parents(self, moved: Collection[str]) -> frozenset[str]:
        """Return what the ratios and marks are made of that have one of `moved` in them."""
        pairs = [{ratio.top, ratio.bottom} for ratio in self.plan.ratios]
        pairs += [{mark.of} for mark in self.plan.marks]
        return frozenset().union(*(pair for pair in pairs if pair & set(moved)))

    def combined(self, columns: Mapping[str, np.ndarray], moved: Collection[str]) -> FeatureColumns:
        """Return the ratios and marks that have one of `moved` in them.

        columns: what they are made of.
        """
        made = {}
        for ratio in self.plan.ratios:
            if ratio.top in moved or ratio.bottom in moved:
                made[ratio.spec.name] = divide(columns[ratio.top], columns[ratio.bottom])
        for mark in self.plan.marks:
            if mark.of in moved:
                made[mark.spec.name] = flag(mark, columns[mark.of])
        return made
