"""A warning about a table: how grave it is, what it is about, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.models.evaluation.groups.column_strength import Codes, Labels
from creditloom.models.sample.arrays import Mask

Level = Literal["grave", "warning"]

# A single column of credit data hardly reaches an AUC of .8. Above the first figure it knows the
# outcome, above the second it deserves a question.
GRAVE_AUC = 0.95
WARN_AUC = 0.90
# Fewer known rows or rows of a class tell nothing.
LEAST_ROWS = 20


@dataclass(frozen=True)
class TableWarning:
    """One thing that a colleague would say of the table.

    kind: leak, pure, copy, aged, period, copies, borrower, proxy. name: the column (or `copies`),
    by which it is accepted. figure: AUC or share. rows: how many rows it is about. is_accepted: a
    person accepted it by name.
    """

    level: Level
    kind: str
    name: str
    figure: float
    rows: int
    text: str
    next_step: str
    is_accepted: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the warning as it stands in metrics.json."""
        return vars(self).copy()


@dataclass(frozen=True)
class CheckedTable:
    """What the checks read: one entry per row each.

    frame: features, float64 or text, codes of missing as null. folds: the held-out rows of each
    fold. time_name: the column of the dates.
    """

    frame: pd.DataFrame
    label: Labels
    time: NDArray[np.datetime64] | None
    group: Codes | None
    folds: Sequence[Mask]
    time_name: str = "time"


def accepted(warnings: Sequence[TableWarning], names: Sequence[str]) -> tuple[TableWarning, ...]:
    """Return the warnings, those of the names as accepted."""
    return tuple(
        TableWarning(**{**vars(warning), "is_accepted": warning.name in names})
        for warning in warnings
    )
