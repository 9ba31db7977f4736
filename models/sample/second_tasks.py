"""Learn from more than the label: short loans, and each month that a loan was paid or in arrears.

The label of a loan says once, after a year, whether it went bad. Two records say more, and sooner:
the loan of a week or two of the same application, and the months on book, of which one in thirty is
in arrears while one loan in forty goes bad. They are no outcome of the loan, so they only teach,
each with a weight. Nothing is judged on them; level and line of the PD never see them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import IN_ARREARS, PAID, Dataset, stacked


@dataclass(frozen=True)
class SecondTasks:
    """How much each record teaches beside a whole outcome of a loan, which has 1; 0 is nothing.

    short_weight: of a short loan. month_weight: of a month on book.
    """

    short_weight: float = 0.0
    month_weight: float = 0.0

    def taught(self, rows: Dataset) -> Dataset:
        """Return the rows to be fitted on: those given first, then what the tasks add."""
        return with_loan_months(with_short_loans(rows, self.short_weight), self.month_weight)


def with_short_loans(rows: Dataset, weight: float) -> Dataset:
    """Return the rows to be fitted on where short loans count `weight` of a long one.

    Where both loans of an application ended alike, its row counts more. Where they did not, the
    short loan follows as a row of its own; these rows come last. With weight 0, and where nobody
    has a short loan, the rows are returned as they are.
    """
    short = rows.short_labels
    is_told = ~np.isnan(short)
    bad = np.where(is_told, weight * short, 0.0)
    good = np.where(is_told, weight * (1.0 - short), 0.0)
    return _with(rows, bad, good)


def with_loan_months(rows: Dataset, weight: float) -> Dataset:
    """Return the rows to be fitted on where each month on book counts `weight` of a whole loan.

    A month in arrears teaches as a bad loan does, a paid one as a good loan does. Months of the
    loan's own label add to its row; the others follow as one row of a loan; these rows come last.
    With weight 0, and where no month is on record, the rows are returned as they are.
    """
    months = weight * rows.month_counts
    return _with(rows, months[:, IN_ARREARS], months[:, PAID])


def _with(rows: Dataset, bad: Floats, good: Floats) -> Dataset:
    """Return the rows with so much more of bad and of good, in whole outcomes."""
    if not (bad.any() or good.any()):
        return rows
    is_bad = rows.label == 1
    own = rows.learning_share + np.where(is_bad, bad, good)
    other = np.where(is_bad, good, bad)
    is_told = other > 0
    unlike = rows.where(is_told)
    label = 1.0 - unlike.label
    # Without the records themselves: the next task would count them once more.
    added = replace(
        unlike, label=label, outcome=label, share=other[is_told], short_label=None, loan_months=None
    )
    return stacked([replace(rows, share=own), added])
