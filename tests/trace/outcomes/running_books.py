"""The lines of the incumbent run forward for four months in the shared world: what is drawn, paid.

After the second month every rate is cut by a tenth, as a review of prices would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.world.book.book_config import BookConfig
from creditloom.world.book.month_step import Changes
from creditloom.world.book.run import loans_as_booked, run_forward
from creditloom.world.merge_communities import everyone
from creditloom.world.world import Setting, solve_coefficients
from tests.trace.outcomes import worlds

LINES = "lines of the incumbent, rates cut after month 2"
MONTHS = 4
CHEAPER = 0.9


def names() -> set[str]:
    """Return the one course."""
    return {LINES}


def run(name: str) -> dict[str, Any]:
    """Return sum and count of every number of the panel, month by month."""
    setting = Setting.of(*worlds.settings("S2"), worlds.SEED)
    world = everyone(setting, solve_coefficients(setting))
    lines = replace(loans_as_booked(world), is_revolving=True)

    def review(panel: Sequence[pa.Table]) -> Changes:
        last = panel[-1]
        rates = last["daily_rate"].to_numpy() * CHEAPER
        still = np.zeros(len(rates), bool)
        return Changes(last["limit_fen"].to_numpy(), rates, still)

    course = run_forward(world, document(BookConfig, paths.BOOK), lines, MONTHS, review)
    return {f"month {k}": _sums(rows) for k, rows in enumerate(course.months)}


def _sums(rows: pa.Table) -> dict[str, list[float]]:
    frame = rows.to_pandas().select_dtypes("number")
    return {
        name: [float(f"{frame[name].sum():.9g}"), int((frame[name] != 0).sum())] for name in frame
    }
