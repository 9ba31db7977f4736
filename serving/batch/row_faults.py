"""Find the rows of a batch that cannot be decided, by the rules of the runtime that decides.

The rules themselves are in `decision/frames/row_rules.py`: a registered version brings its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa

from creditloom.decision.frames import row_rules
from creditloom.decision.frames.columns import InputColumn, InputLayout
from creditloom.decision.frames.input_block import of_table
from creditloom.decision.frames.row_rules import RULES as RULES
from creditloom.serving.own.text_columns import TextColumns

# Takes a table, the repeated ids and the last day; gives the table in its one form, and its faults.
Judge = Callable[[pa.Table, pa.Array, dt.date], tuple[pa.Table, list[Any]]]


@dataclass(frozen=True)
class RowFaultInputs:
    """What the rules need to know.

    `columns` are the columns read, `duplicates` the ids that occur more than once in the whole
    batch, `today` the last day on which an as_of may lie. `texts` reads the texts of a CSV; None
    where the table has types.
    """

    columns: tuple[InputColumn, ...]
    duplicates: pa.Array
    today: dt.date
    texts: TextColumns | None = None

    @cached_property
    def layout(self) -> InputLayout:
        """The columns with the places of their numbers."""
        return InputLayout(self.columns, 0)

    @cached_property
    def repeated(self) -> pa.Array:
        """The repeated ids in their one form, without those that are none."""
        ids = self.duplicates if self.texts is None else self.texts.ids(self.duplicates)
        return row_rules.block_ids(ids)


def judged(
    table: pa.Table, rules: RowFaultInputs, judge: Judge | None = None
) -> tuple[pa.Table, pd.DataFrame]:
    """Return a block in its one form, and its bad rows, each once, by the first rule it breaks.

    Columns of the bad rows: `row` (position), `rule`, `column`, `reason`. `judge` is that of the
    runtime that decides; a version registered before runtimes had one is judged by today's rules.
    """
    unread: list[Any] = []
    if rules.texts is not None:
        table, unread = rules.texts.typed(table)
    if judge is not None:
        canonical, faults = judge(table, rules.repeated, rules.today)
        # A version may name rules that this checkout does not know: they come after those it knows.
        return canonical, row_rules.one_per_row([*unread, *faults])
    block = of_table(table, rules.layout)
    faults = row_rules.find(block, rules.repeated, rules.today)
    return block.table(), row_rules.one_per_row([*unread, *faults])
