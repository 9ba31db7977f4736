"""Answers as plain dicts: the values of the frame of `frames/answer.py`, row by row.

A missing value is None, a moment a naive datetime of UTC, a list of reasons a list of dicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from ..answer import REFUSED
from ..columns import AS_OF, ID
from ..input_block import InputBlock
from ..row_rules import RowFault, first_per_row

Answered = dict[str, Any]


def records_of(columns: Mapping[str, Any], n_rows: int) -> list[Answered]:
    """Return decided columns as one dict per row, none of which was refused."""
    names = (*columns, *REFUSED)
    values = [_plain(column) for column in columns.values()]
    values += [[None] * n_rows for _ in REFUSED]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def with_refusals(
    block: InputBlock,
    faults: Iterable[RowFault],
    decide: Callable[[InputBlock], Mapping[str, Any]],
    names: Callable[[], Sequence[str]],
) -> list[Answered]:
    """Return the answers to a block of which some rows are bad: the others are decided.

    `names` are those of a decision, asked for where no row is decided. A bad row keeps its id and
    moment.
    """
    bad = {one.row: one for one in first_per_row(faults)}
    is_good = np.ones(len(block), dtype=bool)
    is_good[[*bad]] = False
    decided: list[Answered] = []
    if is_good.any():
        decided = records_of(decide(block.kept(is_good)), int(is_good.sum()))
    found = [*decided[0]] if decided else [*names(), *REFUSED]
    ids = block.ids.to_pylist()
    moments = _plain(block.times[AS_OF]) if AS_OF in block.times else [None] * len(block)
    answers = iter(decided)
    rows = []
    for k in range(len(block)):
        if k not in bad:
            rows.append(next(answers))
            continue
        told = dict(zip(REFUSED, (bad[k].rule, bad[k].column, bad[k].reason), strict=True))
        rows.append({**dict.fromkeys(found), ID: ids[k], AS_OF: moments[k], **told})
    return rows


def _plain(values: Any) -> list[Any]:
    """Return a column as plain values, None for a missing one."""
    if isinstance(values, list):
        return values
    if isinstance(values, np.ndarray):
        # NaN alone is not equal to itself.
        return [one if one == one else None for one in values.tolist()]
    if isinstance(values, pa.Array):
        return list(values.to_pylist())
    # pandas' own whole numbers, whose null is no number.
    return [one if isinstance(one, int) else None for one in values.tolist()]
