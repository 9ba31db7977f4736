"""What one column of a table of the user's own becomes, and what is said of it as it is read.

The parts that a column may play are read in modules of their own: `row_parts` (label, weight,
borrower), `dates` (time, and dates that are features), `features` (numbers and categories).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from creditloom.decision.base.readings.moments import DateReading
from creditloom.decision.base.readings.text_numbers import TextReading
from creditloom.storage.contract.stored_types import values_type


class ColumnNote(NamedTuple):
    """What is said of a column as it is read."""

    column: str
    text: str


@dataclass(frozen=True)
class OwnColumn:
    """One column of the user's table, as the layout of a bundle keeps it.

    type: Arrow's name of the stored type; of a CSV the one that its texts are read as. part: id,
    time, label, group, weight, protected, feature or left out. reading: how texts become numbers.
    dates: how they become moments.
    """

    name: str
    type: str
    part: str
    reading: TextReading | None = None
    dates: DateReading | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the column as it stands in the layout."""
        content: dict[str, Any] = {"name": self.name, "type": self.type, "part": self.part}
        if self.reading is not None:
            content["reading"] = self.reading.to_json()
        if self.dates is not None:
            content["dates"] = self.dates.to_json()
        return content


class FeatureColumn(NamedTuple):
    """A feature: float64 (null = NaN), objects (text, None) or moments, and how it was read.

    reading: of texts that are numbers. dates: of moments, which become days before the time column
    or are left out; None for what is no date. whole: the same as whole numbers of Arrow, where it
    holds nothing else; else None. stored_as: Arrow's name of the type that texts of a CSV stand
    for, where it is another one than their values tell.
    """

    data: pd.Series
    reading: TextReading | None = None
    whole: pa.ChunkedArray | None = None
    notes: tuple[ColumnNote, ...] = ()
    dates: DateReading | None = None
    stored_as: str = ""


@dataclass(frozen=True)
class ColumnSource:
    """The table whose columns are read.

    where: the file, as errors name it. is_csv: every column is text, as nothing was converted.
    """

    table: pa.Table
    where: object
    is_csv: bool

    def plain(self, name: str) -> pa.Array:
        """Return a column as one array of plain values, without dictionary coding."""
        column = self.table[name]
        whole = column.cast(values_type(column.type)).combine_chunks()
        return whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
