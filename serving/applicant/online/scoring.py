"""The door through which one application is decided: names to values in, names to values out.

`OneScorer` is the seam: whatever answers as the batch does may stand behind it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from creditloom.decision.decide import Decider
from creditloom.decision.frames.answer import REFUSED
from creditloom.decision.frames.row_rules import one_per_row
from creditloom.decision.loader import DecisionModel
from creditloom.serving.inputs import InputColumn
from creditloom.serving.whole.batch_matrix import TYPES

ID = "application_id"
AS_OF = "as_of"


class OneScorer(Protocol):
    """Decides one application."""

    def decide(self, application: Mapping[str, Any], *, today: dt.date) -> dict[str, Any]:
        """Return the answer to one application: a decision, or the rule that it breaks.

        The answer has the columns of a decision and those of REFUSED. `today`: the last day on
        which an as_of may lie.
        """


class BatchOfOne:
    """Decides by the code of a batch, one row at a time."""

    def __init__(
        self, decider: Decider, columns: tuple[InputColumn, ...], options: Mapping[str, str]
    ) -> None:
        self._model = DecisionModel(decider)
        self._types = {one.name: TYPES.get(one.kind, pa.float64()) for one in columns}
        self._options = dict(options)

    def decide(self, application: Mapping[str, Any], *, today: dt.date) -> dict[str, Any]:
        """Return what a batch says of the row, see `OneScorer`."""
        table = self.row(application)
        block, faults = self._model.judge(table, pa.array([], pa.null()), today)
        if faults:
            bad = one_per_row(faults).iloc[0]
            said = (bad["rule"], bad["column"], bad["reason"])
            kept = {ID: application[ID], AS_OF: application.get(AS_OF)}
            return {**kept, **dict(zip(REFUSED, said, strict=True))}
        decided = self._model.predict_judged(block, self._options).to_pylist()[0]
        return {**decided, **dict.fromkeys(REFUSED)}

    def row(self, application: Mapping[str, Any]) -> pa.Table:
        """Return the table of one application, as a batch of raw events writes it."""
        arrays = [one_column([application.get(name)], kind) for name, kind in self._types.items()]
        return pa.Table.from_arrays(arrays, names=list(self._types))


def one_column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return values of one column in Arrow, null for None and NaN; `kind` where all are null.

    A flag may come as true and false or as 1 and 0, and whole numbers beside others: the door reads
    them alike.
    """
    known = [None if value is None or value != value else value for value in values]
    kinds = {type(value) for value in known if value is not None}
    if not kinds:
        return pa.nulls(len(known), kind)
    if kinds == {bool, float}:
        return pa.array([None if one is None else float(one) for one in known], pa.float64())
    return pa.array(known, pa.float64() if kinds == {int, float} else None)
