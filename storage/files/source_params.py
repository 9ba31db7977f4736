"""Define the `source` block of params.yaml.

It is a module of its own, so that `simulate` does not depend on how tables are checked.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class SourceParams:
    """Where raw tables come from, and what the contract leaves to the house.

    `kind`: `world` and `tables` read the folder `path` of raw tables, `matrix` reads the Parquet
    file `path`.
    `max_bad_share`: a table with a larger share of bad rows stops the run.
    `earliest`, `latest`: days outside which an event is bad. In a lender's own tables an event
    after now is bad too.
    `without`: tables of events that a lender does not have, or does not want to be read. Of kind
    `tables` any other must be there.

    The other keys are for `matrix` only. `label` holds 1 for bad and 0 for good, `id` names a row,
    `time` is the date of the application. `protected` columns are reported on and never modelled.
    `categorical` columns are categories whatever their type; texts always are. Numbers equal to one
    of `special_codes` mean missing. `drop` columns are left out.
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
