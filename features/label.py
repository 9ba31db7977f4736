"""The label: whether a booked loan went bad.

An instalment loan is bad at 90 DPD within twelve months of booking, or once it is restructured
because of arrears (unlikely to pay). A short loan is bad at 30 DPD within 45 days. Where both kinds
of loan are on record, the label is of the kind that `label.loans` names. The short loan then has a
label beside it, from which a model may learn as a second task.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from .engine.raw_reader import RawFiles, require
from .feature_params import LabelParams


@dataclass(frozen=True)
class LoanTables:
    """The raw tables of one kind of loan, and the column that counts its age."""

    loans: str
    performance: str
    clock: str


TABLES_OF = {
    "instalment": LoanTables("loans", "loan_performance", "month_on_book"),
    "short": LoanTables("short_loans", "short_loan_performance", "day_on_book"),
}
# Column of the performance of loans: in default as unlikely to pay.
RESTRUCTURED = "is_restructured"
# Days past due at which a short loan is bad (domain 0.12).
SHORT_BAD_DPD_DAYS = 30
# table: columns of the label
SCHEMA = pa.schema(
    {
        "application_id": pa.int64(),
        "is_booked": pa.bool_(),
        "is_complete": pa.bool_(),
        "label": pa.int8(),
        "is_indeterminate": pa.bool_(),
        "max_dpd_days": pa.int16(),
        "is_control": pa.bool_(),
        "weight": pa.float64(),
        "default_known_time": pa.timestamp("us"),
        "short_label": pa.int8(),
        "short_known_time": pa.timestamp("us"),
    }
)

MONTHS_READ = ("application_id", "month_on_book", "known_time", "dpd_days")
# table: columns of the months on book
MONTHS_SCHEMA = pa.schema(
    {
        "application_id": pa.int64(),
        "month_on_book": pa.int16(),
        "known_time": pa.timestamp("us"),
        "is_late": pa.bool_(),
    }
)


def labels(sources: RawFiles, params: LabelParams) -> pa.Table:
    """Return one row per application, by application_id, with the columns of SCHEMA.

    `label` is 1 (bad), 0 (good) or null: not booked, window not complete, or indeterminate.
    `max_dpd_days` is the worst DPD in the window.
    `is_complete` means that the last month of the window is on record, or that the loan went bad
    before it.
    `weight` is one over the propensity of having been booked, null when not booked.
    `default_known_time` is when the default could first be known.
    `short_label` is 1 or 0 for the short loan of the same application, null where there is none,
    where its window is not complete, or where the label itself is of short loans.
    `short_known_time` is when it could first be known.
    Without a loans table nothing is booked. Source: domain 6.
    Raises FeatureError where the applications are missing.
    """
    applications = _read(sources, "applications", ["application_id"])
    applications = applications.sort_values("application_id", ignore_index=True)
    labelled = _label(_with_loans(applications, sources, params), params)
    labelled = labelled.merge(_short_labels(sources, params), on="application_id", how="left")
    table = pa.Table.from_pandas(labelled, schema=SCHEMA, preserve_index=False)
    # Without pandas' own metadata the file depends on its values alone.
    return table.replace_schema_metadata(None)


def loan_months(sources: RawFiles, params: LabelParams) -> pa.Table:
    """Return one row per loan and month on book within the window: MONTHS_SCHEMA, in that order.

    A month is late where it ended with at least `late_dpd_days` days past due, or restructured.
    Short loans have no months. Without a table of performance, and where the label is of short
    loans, there is no row.
    Raises FeatureError where the applications are missing.
    """
    tables = TABLES_OF["instalment"]
    if params.loans == "short" or not sources.get(tables.performance):
        return MONTHS_SCHEMA.empty_table()
    months = _read(sources, tables.performance, list(MONTHS_READ), optional=(RESTRUCTURED,))
    # Earlier loans of the same people have no application, and no row of the matrix.
    ids = _read(sources, "applications", ["application_id"])["application_id"]
    is_asked = months["application_id"].isin(ids) & (months["month_on_book"] <= params.window)
    months = months[is_asked]
    months = months.sort_values(["application_id", "month_on_book"], ignore_index=True)
    is_behind = months["dpd_days"] >= params.late_dpd_days
    # A restructured loan shows no arrears any more, and its months are no paid ones.
    months["is_late"] = is_behind | months[RESTRUCTURED]
    table = pa.Table.from_pandas(months[MONTHS_SCHEMA.names], schema=MONTHS_SCHEMA)
    return table.replace_schema_metadata(None)


def _with_loans(applications: pd.DataFrame, sources: RawFiles, params: LabelParams) -> pd.DataFrame:
    """Add the loan and its outcome to each application, null where none was booked."""
    tables = TABLES_OF[params.loans]
    if not (sources.get(tables.loans) and sources.get(tables.performance)):
        empty = ("is_control", "booking_propensity", "max_dpd_days", "age", "default_known_time")
        return applications.assign(**dict.fromkeys(empty, np.nan))
    loans = _read(sources, tables.loans, ["application_id", "is_control", "booking_propensity"])
    booked = applications.merge(loans, on="application_id", how="left")
    return booked.merge(_outcomes(sources, params), on="application_id", how="left")


def _label(frame: pd.DataFrame, params: LabelParams) -> pd.DataFrame:
    """Return the columns of SCHEMA from applications with their loans and outcomes."""
    booked = frame["booking_propensity"].notna()
    worst_dpd = frame["max_dpd_days"]
    bad = frame["default_known_time"].notna()
    # A bad loan needs no further months: later ones cannot make it good again.
    complete = bad | (frame["age"] >= params.window)
    indeterminate = complete & ~bad & (worst_dpd >= params.indeterminate_dpd_days)
    label = pd.Series(np.where(booked & complete & ~indeterminate, bad, np.nan))
    # Nullable types of pandas: a missing label or DPD stays null and does not become a float.
    is_control = frame["is_control"].astype("boolean").fillna(False)
    # table: columns of the label
    columns: dict[str, pd.Series] = {
        "is_booked": booked,
        "is_complete": complete,
        "label": label.astype("Int8"),
        "is_indeterminate": indeterminate,
        "max_dpd_days": worst_dpd.astype("Int16"),
        "is_control": is_control,
        "weight": 1.0 / frame["booking_propensity"],
        "default_known_time": pd.to_datetime(frame["default_known_time"]),
    }
    return frame.assign(**columns)[["application_id", *columns]]


def _short_labels(sources: RawFiles, params: LabelParams) -> pd.DataFrame:
    """Return application_id, short_label and short_known_time of short loans as a second task."""
    short = TABLES_OF["short"]
    columns = ["application_id", "short_label", "short_known_time"]
    if params.loans == "short" or not sources.get(short.performance):
        return pd.DataFrame({name: [] for name in columns}).astype(
            {"application_id": "int64", "short_label": "Int8", "short_known_time": "datetime64[us]"}
        )
    of_short = replace(params, loans="short", bad_dpd_days=SHORT_BAD_DPD_DAYS)
    found = _outcomes(sources, of_short)
    is_bad = found["default_known_time"].notna()
    is_whole = found["age"] >= of_short.window
    label = pd.Series(np.where(is_bad | is_whole, is_bad, np.nan))
    # A default is known when it happens, a good loan at the end of its window.
    known = found["default_known_time"].where(is_bad, found["last_known_time"])
    return found.assign(
        short_label=label.astype("Int8"), short_known_time=known.where(is_bad | is_whole)
    )[columns]


def _outcomes(sources: RawFiles, params: LabelParams) -> pd.DataFrame:
    """Return one row per loan: worst DPD, last age, when known, and first default in the window."""
    tables = TABLES_OF[params.loans]
    columns = ["application_id", tables.clock, "dpd_days", "known_time"]
    months = _read(sources, tables.performance, columns, optional=(RESTRUCTURED,))
    months = months[months[tables.clock] <= params.window]
    outcomes = months.groupby("application_id").agg(
        max_dpd_days=("dpd_days", "max"),
        age=(tables.clock, "max"),
        last_known_time=("known_time", "max"),
    )
    # A restructured loan shows no arrears any more, and is in default all the same.
    is_default = (months["dpd_days"] >= params.bad_dpd_days) | months[RESTRUCTURED]
    known = months[is_default].groupby("application_id")["known_time"].min()
    return outcomes.assign(default_known_time=known).reset_index()


def _read(
    sources: RawFiles, name: str, columns: list[str], optional: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Return the columns of a raw table that must be there.

    `optional` are flags: a table may lack them, and false stands for null.
    """
    dataset = ds.dataset(require(sources, name), format="parquet")
    present = [column for column in optional if column in dataset.schema.names]
    frame = dataset.to_table(columns=[*columns, *present]).to_pandas()
    flags = {
        column: frame[column].fillna(False).astype(bool) if column in present else False
        for column in optional
    }
    return frame.assign(**flags)
