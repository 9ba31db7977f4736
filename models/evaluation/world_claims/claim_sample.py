"""The sample of applicants on which claims about the world are measured, and its figures' type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from creditloom.models.evaluation.world_claims.loan_path import LoanPath, loan_path
from creditloom.models.sample.dataset import Dataset

# table: columns that claims read of each raw table, beside applicant_id
COLUMNS = {
    "payments": ("event_time", "known_time", "category"),
    "red_packets": ("event_time", "known_time", "direction", "amount_fen"),
    "bills": ("event_time", "known_time", "days_late"),
    "contacts": ("contact_id",),
    "logins": ("event_time", "known_time", "device_id", "ip_id", "is_emulator"),
    "enquiries": ("event_time", "known_time", "kind"),
    "repayments": ("event_time", "known_time", "days_late"),
    "bureau_snapshots": ("event_time", "known_time", "utilisation", "bureau_score"),
    "identity_checks": ("event_time", "known_time", "kind", "is_pass"),
    "loans": ("application_id", "principal_fen", "daily_rate", "tenor_months"),
    "loan_performance": (
        "application_id",
        "event_time",
        "month_on_book",
        "dpd_days",
        "is_restructured",
    ),
    "short_loan_performance": ("application_id", "day_on_book", "dpd_days"),
}
# The tables of loans among them. They are small: a few dozen rows a person.
LOAN_TABLES = ("loans", "loan_performance", "short_loan_performance")
# Columns that claims read of the applications.
APPLICATION = (
    "as_of",
    "is_invited",
    "pay_score",
    "opens_per_day",
    "is_repeat",
    "verified_income_fen",
    "declared_income_fen",
    "pulled_bureau_score",
    "incumbent_score",
    "is_override",
)


@dataclass(frozen=True)
class ClaimFigure:
    """A figure, and the number of people or rows behind it."""

    value: float
    n: int


def share(flags: pd.Series) -> ClaimFigure:
    """Return the share of the flags that are set."""
    return ClaimFigure(value=float(flags.mean()), n=len(flags))


@dataclass(frozen=True)
class ClaimFeatures:
    """Features of applications for the AUC of single features.

    `rows` holds everyone before out-of-time, booked or not. `defaulted` is their true outcome, in
    the order of `rows`; `family_of` the family of each feature.
    """

    rows: Dataset
    defaulted: pd.Series
    family_of: Mapping[str, str]


@dataclass(frozen=True)
class ClaimSample:
    """A sample of applicants.

    people: truth and application of each, indexed by applicant_id.
    raw: their rows of `COLUMNS` by table.
    meta: how the world was made.
    portfolio: figures of the decisions; empty where there are none.
    decisions: `actions` (what the filters ask for) and `is_fraud` of every application of the
    world, one row each; None where nothing was decided.
    features: None where no features were computed.
    """

    people: pd.DataFrame
    raw: Mapping[str, pd.DataFrame]
    meta: Mapping[str, Any]
    portfolio: Mapping[str, Any] = field(default_factory=dict)
    decisions: pd.DataFrame | None = None
    features: ClaimFeatures | None = None

    def visible_rows(self, name: str, days: int) -> pd.DataFrame:
        """Return rows of a raw table from the last `days` before `as_of`, and known by then."""
        rows = self.raw[name]
        as_of = self.people["as_of"].reindex(rows["applicant_id"]).to_numpy()
        is_recent = rows["event_time"].to_numpy() >= as_of - pd.Timedelta(days=days)
        return rows[is_recent & (rows["known_time"].to_numpy() < as_of)]

    def per_person(self, counts: pd.Series, among: pd.Series) -> pd.Series:
        """Return counts by applicant_id for the people `among`, 0 where there is none.

        among: a mask over `people`.
        """
        return counts.reindex(self.people.index[among], fill_value=0)

    @cached_property
    def booked(self) -> LoanPath:
        """The booked twelve-month loans of the applications, without the earlier ones."""
        rows = self.raw["loan_performance"]
        return loan_path(rows[rows["application_id"].isin(self.people["application_id"])])

    @cached_property
    def earlier(self) -> pd.DataFrame:
        """The instalments of earlier loans of repeat customers, as rows of loan_performance."""
        rows = self.raw["loan_performance"]
        return rows[~rows["application_id"].isin(self.people["application_id"])]
