"""How well each source of data ranks default: the best of some plain signals, and all it can hold.

Signals are read from raw rows that were known before the application. They are plain on purpose:
what anybody would count first. The engine's features of a source rank better.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from creditloom.models.evaluation.world_claims.claim_sample import ClaimSample
from creditloom.models.sample.metrics import auc

# Days before the application that are looked at: a year, and a quarter for enquiries.
YEAR = 365
QUARTER = 90
# Columns of applications that signals read, beside those that claims read.
APPLICATION = ("wealth_fen",)
# A signal must be known for so many people to be shown (choice): an AUC of a handful is luck.
LEAST_PEOPLE = 200

SignalValues = Callable[[ClaimSample], pd.Series]


@dataclass(frozen=True)
class SourceSignal:
    """One plain signal: `values` by applicant_id, higher is riskier, NaN or absent = not known."""

    source: str
    name: str
    values: SignalValues


def _last_bureau_score(sample: ClaimSample) -> pd.Series:
    rows = sample.visible_rows("bureau_snapshots", YEAR).dropna(subset=["bureau_score"])
    # Stable, so that two statements of one moment keep their order.
    rows = rows.sort_values(["applicant_id", "event_time"], kind="stable")
    return -rows.groupby("applicant_id")["bureau_score"].last().astype(float)


def _count(table: str, days: int, sign: float = 1.0) -> SignalValues:
    """Return a signal: the number of visible rows, 0 for a person without any."""

    def values(sample: ClaimSample) -> pd.Series:
        counts = sample.visible_rows(table, days).groupby("applicant_id").size()
        return sign * counts.reindex(sample.people.index, fill_value=0).astype(float)

    return values


def _late_share(table: str) -> SignalValues:
    """Return a signal: the share of a year's visible rows that were paid late."""

    def values(sample: ClaimSample) -> pd.Series:
        rows = sample.visible_rows(table, YEAR)
        return (rows["days_late"] > 0).groupby(rows["applicant_id"]).mean()

    return values


def _column(name: str, sign: float) -> SignalValues:
    """Return a signal: a column of the application."""
    return lambda sample: sign * sample.people[name].astype(float)


def _gambling_share(sample: ClaimSample) -> pd.Series:
    rows = sample.visible_rows("payments", QUARTER)
    return (rows["category"] == "gambling_like").groupby(rows["applicant_id"]).mean()


def _degree(sample: ClaimSample) -> pd.Series:
    counts = sample.raw["contacts"].groupby("applicant_id").size()
    return -counts.reindex(sample.people.index, fill_value=0).astype(float)


def _red_packets_out(sample: ClaimSample) -> pd.Series:
    rows = sample.visible_rows("red_packets", YEAR)
    return (rows["direction"] == "out").groupby(rows["applicant_id"]).mean()


def _devices(sample: ClaimSample) -> pd.Series:
    rows = sample.visible_rows("logins", YEAR)
    return rows.groupby("applicant_id")["device_id"].nunique().astype(float)


def _failed_checks(sample: ClaimSample) -> pd.Series:
    rows = sample.visible_rows("identity_checks", YEAR)
    return 1.0 - rows["is_pass"].astype(float).groupby(rows["applicant_id"]).mean()


# table: the signals of each source
SIGNALS = (
    SourceSignal("bureau", "bureau score, last statement", _last_bureau_score),
    SourceSignal("bureau", "enquiries in 90 days", _count("enquiries", QUARTER)),
    SourceSignal("bureau", "instalments paid late", _late_share("repayments")),
    SourceSignal("payment_flow", "payment score", _column("pay_score", -1.0)),
    SourceSignal("payment_flow", "bills paid late", _late_share("bills")),
    SourceSignal("payment_flow", "payments like gambling", _gambling_share),
    SourceSignal("social_graph", "contacts", _degree),
    SourceSignal("social_graph", "red packets sent", _red_packets_out),
    SourceSignal("assets", "proved wealth", _column("wealth_fen", -1.0)),
    SourceSignal("device_stability", "devices in a year", _devices),
    SourceSignal("device_stability", "logins in 90 days", _count("logins", QUARTER, -1.0)),
    SourceSignal("identity", "checks failed", _failed_checks),
)


def auc_by_source(sample: ClaimSample) -> pd.DataFrame:
    """Return source, signal, n, auc, auc_state: one row a source, in the order of SIGNALS.

    `auc` is that of the best signal for the true PD, over the people of whom it is known; null
    where too few are. `auc_state` is that of the source's latent state: all that its rows hold.
    """
    best: dict[str, dict[str, object]] = {}
    for signal in SIGNALS:
        row = _row(signal, sample)
        held = best.get(signal.source)
        if held is None or _order(row) > _order(held):
            best[signal.source] = row
    return pd.DataFrame(list(best.values()))


def _row(signal: SourceSignal, sample: ClaimSample) -> dict[str, object]:
    people = sample.people
    pd_true = people["pd_true"].to_numpy()
    values = signal.values(sample).reindex(people.index).to_numpy(float)
    known = ~np.isnan(values)
    is_enough = known.sum() >= LEAST_PEOPLE
    # The true PD instead of the outcome: the same AUC without the luck of the draw.
    found = float(auc(pd_true[known], values[known])) if is_enough else None
    # table: one row of the table
    return {
        "source": signal.source,
        "signal": signal.name,
        "n": int(known.sum()),
        "auc": found,
        "auc_state": float(auc(pd_true, -people[f"z_{signal.source}"].to_numpy())),
    }


def _order(row: dict[str, object]) -> float:
    """Return what ranks the signals of one source; the first one stays where none is known."""
    value = row["auc"]
    return value if isinstance(value, float) else 0.0


def incumbent_auc(sample: ClaimSample) -> float:
    """Return the AUC of the incumbent's score for the true PD, through the door."""
    people = sample.people
    # More points are safer.
    return float(auc(people["pd_true"], -people["incumbent_score"].astype(float)))


def incumbent_bands(sample: ClaimSample, bands: int = 10) -> pd.DataFrame:
    """Return band, n, mean_score, mean_pd, approved: bands of equal size, worst score first."""
    # Stable: people of one score keep the order of their ids, so that bands are always the same.
    people = sample.people.sort_values("incumbent_score", kind="stable")
    band = np.arange(len(people)) * bands // len(people)
    # table: one row per band
    return (
        people.groupby(band)
        .agg(
            n=("pd_true", "size"),
            mean_score=("incumbent_score", "mean"),
            mean_pd=("pd_true", "mean"),
            approved=("is_approved", "mean"),
        )
        .rename_axis("band")
        .reset_index()
    )
