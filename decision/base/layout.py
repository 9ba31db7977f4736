"""The layout of the table that a model was trained on: its columns under their own names.

`layout.json` is an optional file of a bundle. By it every door reads the user's own table as it is:
the id under its own name, and columns that are no features left alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from .errors import DecisionError
from .readings.moments import DateReading
from .readings.text_numbers import TextReading
from .strict_json import check_format, parse

# Version of the format of `layout.json`, stored in it under the key `version`.
# Version 2 brought `dates`; a layout of version 1 has none.
VERSION = 2
FILE = "layout.json"
TRUTH = TextReading("truth")


@dataclass(frozen=True)
class LayoutColumn:
    """One column of the table: its name, and the type that it was stored in, by Arrow's name.

    `part` is what it was: feature, id, time, label, group, weight, protected or left out. `reading`
    is how its texts become numbers, `dates` how it becomes moments: a feature of dates is the
    number of days from them to the time column. Null where it is not read so.
    """

    name: str
    type: str = ""
    part: str = "feature"
    reading: TextReading | None = None
    dates: DateReading | None = None


@dataclass(frozen=True)
class Layout:
    """Which column of the table names a row, which dates it, which is the label; null = none.

    `columns` are all columns of the table, in its order. Raises `DecisionError` where one column
    plays two of these parts.
    """

    id: str | None = None
    time: str | None = None
    label: str | None = None
    columns: tuple[LayoutColumn, ...] = ()
    version: int = VERSION

    @cached_property
    def readings(self) -> Mapping[str, TextReading]:
        """How texts become numbers, by the column that holds them: of truth values true is 1."""
        read = {one.name: one.reading for one in self.columns if one.reading is not None}
        # A person who holds a CSV as texts has true and false as words.
        return {**{one.name: TRUTH for one in self.columns if one.type == "bool"}, **read}

    @cached_property
    def day_readings(self) -> Mapping[str, DateReading]:
        """How dates are read, by the column whose feature is the days from them."""
        days = ((one.name, one.dates) for one in self.columns if one.part == "feature")
        return {name: dates for name, dates in days if dates is not None}

    @cached_property
    def time_reading(self) -> DateReading | None:
        """How the texts of the time column are read; None without a word on it."""
        return next((one.dates for one in self.columns if one.name == self.time), None)

    def type_of(self, name: str | None) -> str:
        """Return the type that a column was stored in, by Arrow's name; "" where none is known."""
        return next((one.type for one in self.columns if one.name == name), "")

    def __post_init__(self) -> None:
        parts = [name for name in (self.id, self.time, self.label) if name]
        if len(set(parts)) < len(parts):
            raise DecisionError(
                "a column of the layout plays two parts",
                where=FILE,
                expected="id, time and label in columns of their own",
                got=", ".join(parts),
                next_step="train again, and name another column for one of them",
            )

    @classmethod
    def from_json(cls, text: str | bytes) -> Layout:
        """Read `layout.json`; keys that the runtime does not use are ignored.

        Raises `DecisionError` for a later format and for a value of the wrong type.
        """
        content = json.loads(text)
        check_format(content, VERSION, FILE, "version")
        return parse(cls, content, FILE, extra="ignore")
