"""The queue of referred applications: what waits for a person, and what a person sees of it."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

# What a person sees of a decision.
COLUMNS = (
    "decision_id",
    "application_id",
    "as_of",
    "product",
    "law_profile",
    "grade",
    "tier",
    "pd",
    "score",
    "limit_cny",
    "daily_rate",
    "actions",
    "not_assessed",
    "reasons",
)


def referred_cases(decisions: pa.Table) -> pa.Table:
    """Return the referred rows of a decisions table, with what a person needs to decide them."""
    return decisions.filter(pc.equal(decisions["decision"], "refer")).select(list(COLUMNS))


def waiting_cases(queue: pd.DataFrame, decided: Collection[str]) -> pd.DataFrame:
    """Return the rows of the queue without an override, in its order.

    `decided` are the decision ids of the overrides.
    """
    return queue[~queue["decision_id"].isin(list(decided))]
