"""The label: did a booked loan ever reach 90 days past due within twelve months of booking, or a short one 30 days within 45."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from .engine.raw_reader import RawFiles, require
from .feature_params import LabelParams

TABLES_OF = {  # loans -> (the loans, their performance, its clock)
    "instalment": ("loans", "loan_performance", "month_on_book"),
    "short": ("short_loans", "short_loan_performance", "day_on_book"),
}
SCHEMA = pa.schema(
    {
        "application_id": pa.int64(), "is_booked": pa.bool_(), "is_complete": pa.bool_(), "label": pa.int8(),
        "is_indeterminate": pa.bool_(), "max_dpd_days": pa.int16(), "is_control": pa.bool_(), "weight": pa.float64(),
        "default_known_time": pa.timestamp("us"),
    }
)  # fmt: skip


def labels(sources: RawFiles, params: LabelParams) -> pa.Table:
    """One row per application, by application_id.

    `label` is 1 (bad), 0 (good) or null (not booked, window not complete, or indeterminate); `max_dpd_days` is over the months of the
    window; `is_complete` means the last month of the window is on record or the loan went bad before it; `weight` is one over the
    propensity of having been booked, null when not booked; `default_known_time` is when the default could first be known.
    Source: domain 6. Without a loans table nothing is booked.
    """
    frame = _read(sources, "applications", ["application_id"]).sort_values(
        "application_id", ignore_index=True
    )
    booked, performance, _ = TABLES_OF[params.loans]
    if sources.get(booked) and sources.get(performance):
        loans = _read(sources, booked, ["application_id", "is_control", "booking_propensity"])
        frame = frame.merge(loans, on="application_id", how="left").merge(
            _outcomes(sources, params), on="application_id", how="left"
        )
    else:
        empty = ("is_control", "booking_propensity", "max_dpd_days", "age", "default_known_time")
        frame = frame.assign(**dict.fromkeys(empty, np.nan))
    return pa.Table.from_pandas(
        _judge(frame, params), schema=SCHEMA, preserve_index=False
    ).replace_schema_metadata(None)


def _judge(frame: pd.DataFrame, params: LabelParams) -> pd.DataFrame:
    booked, worst = frame["booking_propensity"].notna(), frame["max_dpd_days"]
    bad = worst >= params.bad_dpd_days
    complete = bad | (frame["age"] >= params.window)
    unclear = complete & ~bad & (worst >= params.indeterminate_dpd_days)
    label = pd.Series(np.where(booked & complete & ~unclear, bad, np.nan)).astype("Int8")
    return frame.assign(
        is_booked=booked, is_complete=complete, label=label, is_indeterminate=unclear, max_dpd_days=worst.astype("Int16"),
        is_control=frame["is_control"].astype("boolean").fillna(False), weight=1.0 / frame["booking_propensity"],
        default_known_time=pd.to_datetime(frame["default_known_time"]),
    )[SCHEMA.names]  # fmt: skip


def _outcomes(sources: RawFiles, params: LabelParams) -> pd.DataFrame:
    """Per loan: worst days past due and last age on record within the window, and when a default was first known."""
    _, performance, clock = TABLES_OF[params.loans]
    rows = _read(sources, performance, ["application_id", clock, "dpd_days", "known_time"])
    rows = rows[rows[clock] <= params.window]
    outcome = rows.groupby("application_id").agg(
        max_dpd_days=("dpd_days", "max"), age=(clock, "max")
    )
    bad = (
        rows[rows["dpd_days"] >= params.bad_dpd_days].groupby("application_id")["known_time"].min()
    )
    return outcome.assign(default_known_time=bad).reset_index()


def _read(sources: RawFiles, name: str, columns: list[str]) -> pd.DataFrame:
    return (
        ds.dataset(require(sources, name), format="parquet").to_table(columns=columns).to_pandas()
    )
