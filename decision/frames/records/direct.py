"""Decide one or few applications that come as dicts: no frame is made on the way in or out.

Rows are judged, decided and put into words by the code that decides a batch; only how they are read
and answered differs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...base.errors import DecisionError
from ...decide import Decider
from ..input_block import InputBlock
from .answers import Answered, records_of, with_refusals
from .read import Record, names_of, of_records

Options = Mapping[str, Any]


@dataclass(frozen=True)
class DirectDecider:
    """A bundle ready to decide dicts: the answers are those of `predict`, row by row."""

    decider: Decider
    names: dict[tuple[tuple[str, str], ...], tuple[str, ...]] = field(default_factory=dict)

    def answers(
        self, records: Sequence[Record], today: dt.date | None = None, **options: Any
    ) -> list[Answered]:
        """Return one answer per application, in their order: a decision, or the rule it breaks.

        records: values as JSON or Python has them, by the names of a frame's columns; a name that
        one record lacks and another has is null. today: the last day on which an as_of may lie;
        None is today in UTC. options: as of `Decider.decide`. An answer has the columns of a
        decision and `refused_rule`, `refused_column`, `refused_reason`; None is a missing value.
        Raises `DecisionError` for a name that is missing in all records, for a banned one (R7),
        and for an unknown option.
        """
        for record in records:
            _require_named(record)
        if not records:
            return []
        block = self._block(records, **options)
        return self.answers_of(block, today, **options)

    def answers_of(
        self, block: InputBlock, today: dt.date | None = None, **options: Any
    ) -> list[Answered]:
        """Return the answers to a block that was read: every row is judged, decided and counted."""
        decider = self.decider
        faults = decider.faults(block, today=today or dt.datetime.now(dt.UTC).date())
        scores = [np.empty(0)]

        def decide(good: InputBlock) -> dict[str, Any]:
            columns = decider.decide_block(good, **options)
            scores.append(columns["score_raw"])
            return columns

        if faults:
            found = with_refusals(block, faults, decide, lambda: self._names(block, options))
        else:
            found = records_of(decide(block), len(block))
        decider.count(block.features, len(block), scores[-1])
        return found

    def _block(self, records: Sequence[Record], **options: Any) -> InputBlock:
        decider = self.decider
        policy = decider.terms(options.get("product", ""), options.get("law", ""))[0]
        reader = decider.bundle.reader
        there = names_of(records)
        layout = reader.checked(there, policy.banned_columns)
        return reader.with_features(of_records(records, there, layout))

    def _names(self, block: InputBlock, options: Options) -> tuple[str, ...]:
        """Return the names of a decision by these options; worked out once, on no row."""
        key = tuple(sorted(options.items()))
        if key not in self.names:
            nothing = block.kept(np.zeros(len(block), dtype=bool))
            self.names[key] = tuple(self.decider.decide_block(nothing, **dict(options)))
        return self.names[key]


def _require_named(record: Any) -> None:
    """Raise `DecisionError` for what is no dict of values by name."""
    if not isinstance(record, Mapping) or not all(isinstance(name, str) for name in record):
        raise DecisionError(
            "the input is not an application",
            where="decide(application)",
            expected="a dict of values by the names of columns",
            got=type(record).__name__,
            next_step="correct the call; nothing was decided",
        )
