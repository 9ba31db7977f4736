"""Which applications wait for a person: the referred ones of a decisions table that nobody has decided yet."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .overrides import Override

COLUMNS = (
    "decision_id", "application_id", "as_of", "product", "law_profile", "grade", "tier", "pd", "score", "limit_cny", "daily_rate",
    "actions", "not_assessed", "reasons",
)  # fmt: skip


def referred(decisions: pa.Table) -> pa.Table:
    """The referred rows of a decisions table, with what a person needs to decide them."""
    return decisions.filter(pc.equal(decisions["decision"], "refer")).select(list(COLUMNS))


def waiting(queue: pd.DataFrame, overrides: tuple[Override, ...]) -> pd.DataFrame:
    """The rows of the queue without an override, in its order."""
    decided = {override.decision_id for override in overrides}
    return queue[~queue["decision_id"].isin(decided)]
