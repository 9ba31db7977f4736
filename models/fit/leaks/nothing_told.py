"""Refuse a table that tells nothing, in words that say so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd

from creditloom.models.evaluation.groups.column_strength import luck_of_auc, strongest_column
from creditloom.models.fit.leaks.row_copies import row_codes
from creditloom.models.fit.training_table import TrainingTable
from creditloom.models.sample.errors import ModelError

# Columns that an error names.
SHOWN_COLUMNS = 8


def refuse_constant(frame: pd.DataFrame) -> None:
    """Raise ModelError where every column has one value in all rows; null is a value too."""
    # By the first value, null or not: counting all values of all columns would take seconds.
    if any((row_codes(frame[[name]]) != 0).any() for name in frame):
        return
    raise ModelError(
        f"No column tells one row from another: all {frame.shape[1]} hold one value in every row "
        f"({', '.join(map(str, frame.columns[:SHOWN_COLUMNS]))}). "
        "Expected a column with two values at least; add one."
    )


@contextmanager
def luck_told(table: TrainingTable) -> Iterator[None]:
    """Say that no column tells bads from goods, where that is why nothing could be fitted."""
    try:
        yield
    except ModelError as error:
        best, figure = strongest_column(table.frame, table.label)
        if figure >= luck_of_auc(table.label, table.frame.shape[1]):
            raise
        raise ModelError(
            f"No column tells bads from goods: the best of {table.frame.shape[1]}, `{best}`, has "
            f"AUC {figure:.3f}, which is luck. Expected one that "
            f"tells more; add columns that know the applicant. ({error})"
        ) from error
