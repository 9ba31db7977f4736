"""Learn from short loans too: a second task for the same trees.

A loan of a week or two shows within weeks what one of twelve months shows in a year, and the same
purse pays both. Under the embargo its bads are nearly as many as those that are known of the long
loans. They are no outcome of the long loan, so they only teach, with a weight. Nothing is judged on
them, and level and line of the PD never see them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from creditloom.models.sample.dataset import Dataset, stacked


def with_short_loans(rows: Dataset, weight: float) -> Dataset:
    """Return the rows to be fitted on where short loans count `weight` of a long one.

    Where both loans of an application ended alike, its row counts more. Where they did not, the
    short loan follows as a row of its own; these rows come last. With weight 0, and where nobody
    has a short loan, the rows are returned as they are.
    """
    short = rows.short_labels
    is_told = ~np.isnan(short)
    if not weight or not is_told.any():
        return rows
    is_same = is_told & (short == rows.label)
    # A bad counts by its weight, a good loan by its exposure: see `Dataset.learning_share`.
    is_bad = rows.label == 1
    row_weight = np.where(is_same & is_bad, (1.0 + weight) * rows.weight, rows.weight)
    exposure = np.where(is_same & ~is_bad, rows.exposures + weight, rows.exposures)
    both = replace(rows, weight=row_weight, exposure=exposure)
    other = rows.where(is_told & ~is_same)
    of_short = other.short_labels
    short_weight = np.where(of_short == 1, weight * other.weight, other.weight)
    alone = replace(
        other,
        label=of_short,
        outcome=of_short,
        weight=short_weight,
        exposure=np.full(len(of_short), weight),
    )
    return stacked([both, alone])
