"""What was decided about red rows of the fairness audit: by which role, when, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from creditloom.models.evaluation.groups.fairness_rules import BASES, Basis, Outcome

# A red row whose decision nobody has recorded.
OPEN = "open"


@dataclass(frozen=True)
class RowDecision:
    """One decision about one group of a field, for the outcomes and bases that it names;
    without bases it is about all of them.

    decision: `accept` = the row stays as it is; `change` = something is changed; `look` = it is
    looked into until `review_by`. role: who decided, never a person's name.
    """

    field: str
    group: str
    outcomes: tuple[Outcome, ...]
    decision: Literal["accept", "change", "look"]
    reason: str
    role: str
    decided_on: dt.date
    review_by: dt.date
    bases: tuple[Basis, ...] = BASES

    @property
    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """Return the rows that it is about: field, group, outcome, basis."""
        for outcome in self.outcomes:
            for basis in self.bases:
                yield self.field, self.group, outcome, basis


@dataclass(frozen=True)
class RowDecisions:
    """The whole of products/fairness_decisions.yaml."""

    fairness_decisions: tuple[RowDecision, ...]

    def with_decisions(self, rows: pd.DataFrame, day: dt.date) -> pd.DataFrame:
        """Return the rows with decision, role, reason, decided_on and review_by.

        A red row without a decision is `open`. One whose review was due before `day` is `due`.
        Rows that are not red have none.
        """
        told = {row: one for one in self.fairness_decisions for row in one.rows}
        keys = zip(rows["field"], rows["group"], rows["outcome"], rows["basis"], strict=True)
        found = [
            _told(told.get(key), day) if state == "red" else dict.fromkeys(_NAMES)
            for key, state in zip(keys, rows["state"], strict=True)
        ]
        more = pd.DataFrame(found, columns=list(_NAMES), index=rows.index)
        return pd.concat([rows, more], axis=1)

    def about_no_row(self, rows: pd.DataFrame) -> list[str]:
        """Return the recorded rows that the table does not have, as field/group/outcome/basis."""
        known = set(zip(rows["field"], rows["group"], rows["outcome"], rows["basis"], strict=True))
        recorded = (row for one in self.fairness_decisions for row in one.rows)
        return ["/".join(row) for row in recorded if row not in known]


_NAMES = ("decided", "role", "reason", "decided_on", "review_by")


def _told(one: RowDecision | None, day: dt.date) -> dict[str, Any]:
    if one is None:
        return {**dict.fromkeys(_NAMES), "decided": OPEN}
    is_due = one.review_by < day
    # table: column -> value
    return {
        "decided": f"{one.decision}, review due" if is_due else one.decision,
        "role": one.role,
        "reason": one.reason,
        "decided_on": one.decided_on.isoformat(),
        "review_by": one.review_by.isoformat(),
    }
