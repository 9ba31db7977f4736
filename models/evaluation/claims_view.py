"""What a claim about the world is judged by: a sample of applicants, their truth, their raw tables, and the figures of the portfolio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

COLUMNS = {  # what claims read of each raw table, beside applicant_id
    "payments": ("event_time", "known_time", "category"),
    "red_packets": ("event_time", "known_time", "direction", "amount_fen"),
    "bills": ("event_time", "known_time", "days_late"),
    "contacts": ("contact_id",),
    "logins": ("event_time", "known_time", "device_id", "is_emulator"),
    "enquiries": ("event_time", "known_time", "kind"),
    "repayments": ("event_time", "known_time", "days_late"),
    "bureau_snapshots": ("event_time", "known_time", "utilisation", "bureau_score"),
    "identity_checks": ("event_time", "known_time", "kind", "is_pass"),
    "contributions": ("event_time", "known_time", "kind"),
}
APPLICATION = ("as_of", "is_invited", "pay_score", "opens_per_day")


@dataclass(frozen=True)
class Found:
    """A figure and what it rests on."""

    value: float
    n: int


def share(flags: pd.Series) -> Found:
    """How many of the flags are set."""
    return Found(float(flags.mean()), len(flags))


@dataclass(frozen=True)
class World:
    """`people`: truth and application of a sample, indexed by applicant_id; `raw`: their rows of `COLUMNS`; `meta`: how it was made."""

    people: pd.DataFrame
    raw: Mapping[str, pd.DataFrame]
    meta: Mapping[str, Any]
    portfolio: Mapping[str, Any] = field(default_factory=dict)

    def seen(self, name: str, days: int) -> pd.DataFrame:
        """Rows of a raw table of the last `days` before the application and known by then."""
        rows = self.raw[name]
        as_of = self.people["as_of"].reindex(rows["applicant_id"]).to_numpy()
        recent = rows["event_time"].to_numpy() >= as_of - pd.Timedelta(days=days)
        return rows[recent & (rows["known_time"].to_numpy() < as_of)]

    def per_person(self, counts: pd.Series, among: pd.Series) -> pd.Series:
        """Counts by applicant_id for the people `among` (a mask over `people`), 0 where there is none."""
        return counts.reindex(self.people.index[among], fill_value=0)
