"""The answer of a registered model: one row per application, a decision or the rule it breaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.types as kinds

from .arrow import STR, TEXT, frame_of, text
from .columns import ID
from .input_block import InputBlock

# The columns that stand behind those of a decision, null for a row that was decided.
REFUSED = {"refused_rule": TEXT, "refused_column": TEXT, "refused_reason": TEXT}


class Answer(pd.DataFrame):
    """The answers of a registered model: a frame whose `to_dict` gives None for a missing value.

    MLflow's server writes `to_dict("records")` as JSON, which has neither NaN nor pandas' NA.
    Frames derived from it are plain ones.
    """

    def to_dict(self, *args: Any, **options: Any) -> Any:
        """Return what pandas returns, with None for a missing value."""
        if (args == ("records",) and not options) or (not args and options == RECORDS):
            # As JSON wants it, column by column: pandas' own way costs as much as ten decisions.
            columns = [_plain(self.iloc[:, k]) for k in range(self.shape[1])]
            return [dict(zip(self.columns, row, strict=True)) for row in zip(*columns, strict=True)]
        return self.astype(object).where(self.notna(), None).to_dict(*args, **options)


RECORDS = {"orient": "records"}


def _plain(column: pd.Series) -> list[Any]:
    """Return a column's values as Python's own, None for a missing one."""
    values = column.tolist()
    # NaN and NaT alone are not equal to themselves.
    return [None if one is pd.NA or one != one else one for one in values]


def answered(decided: Mapping[str, Any], index: pd.Index) -> Answer:
    """Return decisions on every row as answers."""
    n = len(decided[ID])
    nothing = {name: text(None, n) for name in REFUSED}
    answer: Any = frame_of({**decided, **nothing}, index, Answer)
    return answer


def refused_only(
    block: InputBlock,
    bad: pd.DataFrame,
    index: pd.Index,
    decide: Callable[[InputBlock], Mapping[str, Any]],
) -> Answer:
    """Return the answers to a block of which some rows are bad: the others are decided.

    `bad` is what `row_rules.one_per_row` found. A bad row keeps its id and moment.
    """
    is_good = np.ones(len(block), dtype=bool)
    is_good[bad["row"].to_numpy()] = False
    decided = frame_of(decide(block.kept(is_good)), pd.RangeIndex(int(is_good.sum())))
    # Row -1 does not exist: reindexing gives null for it.
    place = np.where(is_good, np.cumsum(is_good) - 1, -1)
    whole = decided.reindex(place).set_axis(range(len(block)))
    whole[ID] = _ids(block.ids)
    if "as_of" in block.times:
        whole["as_of"] = block.times["as_of"]
    for name, source in zip(REFUSED, ("rule", "column", "reason"), strict=True):
        words = np.full(len(block), None, dtype=object)
        words[bad["row"].to_numpy()] = bad[source].to_numpy(object)
        whole[name] = pd.array(words, dtype=STR)
    return Answer(whole.set_axis(index))


def _ids(ids: pa.Array) -> Any:
    if kinds.is_string(ids.type):
        return STR.__from_arrow__(ids)
    if not ids.null_count:
        return ids.to_numpy(zero_copy_only=False)
    # pandas' own whole numbers: an id above 2^53 must not pass through a float.
    return pd.array(ids.to_pylist(), dtype="Int64")
