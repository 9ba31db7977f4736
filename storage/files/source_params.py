"""Define the `source` block of params.yaml.

It is a module of its own, so that `simulate` does not depend on how tables are checked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class ColumnWords:
    """What a person states of one column of a table of their own.

    sign: +1 where a higher value is riskier, -1 where it is safer, 0 = free. concept: what a reason
    names; columns of one concept are one reason; "" = the column itself. text_en, text_zh: its
    words on the page and in reasons; "" = its name. unit: of its values.
    """

    sign: Literal[-1, 0, 1] = 0
    concept: str = ""
    text_en: str = ""
    text_zh: str = ""
    unit: str = ""


@dataclass(frozen=True)
class SourceParams:
    """Where raw tables come from, and what the contract leaves to the house.

    `kind`: `world` and `tables` read the folder `path` of raw tables, `matrix` reads the table
    at `path`: a file of Parquet or CSV, or a folder of its parts.
    `max_bad_share`: a table with a larger share of bad rows stops the run.
    `earliest`, `latest`: days outside which an event is bad. In a lender's own tables an event
    after now is bad too.
    `without`: tables of events that a lender does not have, or does not want to be read. Of kind
    `tables` any other must be there.

    The other keys are for `matrix` only. `label` holds 1 for bad and 0 for good, `id` names a row,
    `time` is the date of the application. `protected` columns are reported on and never modelled.
    `categorical` columns are categories whatever their type; texts always are. Numbers equal to one
    of `special_codes` mean missing; `column_codes` adds codes of single columns. `drop` columns are
    left out, and `keep` columns are features although they look like ids. `group` names the
    borrower: rows of one stay together in every fold. `weight` is how often a row counts. `columns`
    states sign, concept and words of single columns. `is_time_beside`: the time is known of these
    rows only, and will be no column of what is scored: dates are then no features.
    """

    kind: Literal["world", "tables", "matrix"]
    path: str
    max_bad_share: float = 0.05
    # No event is older: such a date is an unset clock.
    earliest: dt.date = dt.date(1990, 1, 1)
    latest: dt.date | None = None
    without: tuple[str, ...] = ()
    label: str | None = None
    id: str | None = None
    time: str | None = None
    protected: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    special_codes: tuple[float, ...] = ()
    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    group: str | None = None
    weight: str | None = None
    column_codes: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    columns: Mapping[str, ColumnWords] = field(default_factory=dict)
    is_time_beside: bool = False

    def codes_of(self, name: str) -> tuple[float, ...]:
        """Return the special codes of one column: those of all columns, then its own."""
        return tuple(dict.fromkeys((*self.special_codes, *self.column_codes.get(name, ()))))
