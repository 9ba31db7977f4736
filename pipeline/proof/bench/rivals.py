"""Makes payment features in Polars and in pandas: the rivals of our feature engine.

They are written as most people would. `compared_features` lists the features that all three make
with the same values: counts, sums, means and maxima of payments by direction and category over
months.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from creditloom.features.declare.declarations import FeatureSpec, Slice
from creditloom.features.declare.registry import plan

if TYPE_CHECKING:
    import polars as pl

# Window -> days: the 30-day bins of the clock.
WINDOW_DAYS = {"1m": 30, "3m": 90, "6m": 180, "12m": 360}
AGGREGATES = ("count", "sum", "mean", "max")
COLUMNS = ["applicant_id", "event_time", "known_time", "direction", "category", "amount_fen"]
SPINE_COLUMNS = ["application_id", "applicant_id", "as_of"]
FEN_PER_CNY = 100.0
ComparedFeatures = list[tuple[FeatureSpec, Slice]]


def compared_features() -> ComparedFeatures:
    """Return the features compared, each with its slice of payments; amounts are in yuan."""
    ((stream, steps),) = plan(["payments"]).streams
    features = []
    for step in steps:
        for name, _, spec in step.features:
            part = stream.slice(name)
            if _is_compared(spec) and _is_plain(part):
                features.append((spec, part))
    return features


def _is_compared(spec: FeatureSpec) -> bool:
    is_simple = spec.aggregate in AGGREGATES and spec.measure in ("rows", "amount")
    return is_simple and spec.window in WINDOW_DAYS


def _is_plain(part: Slice) -> bool:
    """Return whether a slice filters by direction and category alone."""
    return bool(part.where) and all(
        condition.column in ("direction", "category") and len(condition.values) > 0
        for condition in part.where
    )


def _zero_where_absent(features: ComparedFeatures) -> list[str]:
    """Return the names of counts and sums; without a payment they are 0, the others are null."""
    return [spec.name for spec, _ in features if spec.aggregate in ("count", "sum")]


def with_polars(payments: Sequence[str], applications: Sequence[str]) -> pl.DataFrame:
    """Return one row per application, by one wide lazy aggregation with a filter per feature."""
    import polars as pl

    features = compared_features()
    spine = pl.scan_parquet(list(applications)).select(SPINE_COLUMNS)
    rows = pl.scan_parquet(list(payments)).select(COLUMNS).join(spine, on="applicant_id")
    has_happened = pl.col("event_time") < pl.col("as_of")
    is_known = pl.col("known_time") < pl.col("as_of")
    age = pl.col("as_of") - pl.col("event_time")
    amount = pl.col("amount_fen") / FEN_PER_CNY
    rows = rows.filter(has_happened & is_known).with_columns(age=age, amount=amount)
    expressions = (_expression(pl, spec, part).alias(spec.name) for spec, part in features)
    wide = rows.group_by("application_id").agg(expressions)
    joined = spine.select("application_id").join(wide, on="application_id", how="left")
    filled = joined.with_columns(pl.col(_zero_where_absent(features)).fill_null(0))
    # Use the streaming engine, which holds no more rows at once than our engine.
    return filled.sort("application_id").collect(engine="streaming")


def _expression(pl: Any, spec: FeatureSpec, part: Slice) -> pl.Expr:
    is_counted = pl.col("age") <= pl.duration(days=WINDOW_DAYS[spec.window])
    for condition in part.where:
        is_counted &= pl.col(condition.column).is_in(list(condition.values))
    values = pl.col("amount").filter(is_counted)
    make: dict[str, Callable[[], pl.Expr]] = {
        "count": values.len,
        "sum": values.sum,
        "mean": values.mean,
        "max": values.max,
    }
    return make[spec.aggregate]()


def with_pandas(payments: Sequence[str], applications: Sequence[str]) -> pd.DataFrame:
    """Return one row per application, by a groupby per slice, window and aggregate."""
    features = compared_features()
    spine = pd.concat(pd.read_parquet(file, columns=SPINE_COLUMNS) for file in applications)
    events = pd.concat([pd.read_parquet(file, columns=COLUMNS) for file in payments])
    rows = events.merge(spine, on="applicant_id")
    rows = rows[(rows["event_time"] < rows["as_of"]) & (rows["known_time"] < rows["as_of"])]
    age = rows["as_of"] - rows["event_time"]
    rows = rows.assign(age=age, amount=rows["amount_fen"] / FEN_PER_CNY)
    columns: dict[str, pd.Series] = {}
    # `dict.fromkeys` and not a set, so that the slices keep the order of their declaration.
    for part in dict.fromkeys(part for _, part in features):
        specs = [spec for spec, one in features if one == part]
        columns |= _aggregated(rows[_mask(rows, part)], specs)
    names = [spec.name for spec, _ in features]
    wide = pd.DataFrame(columns).reindex(sorted(spine["application_id"]))[names]
    return wide.fillna(dict.fromkeys(_zero_where_absent(features), 0.0)).reset_index()


def _mask(rows: pd.DataFrame, part: Slice) -> pd.Series:
    mask = pd.Series(True, index=rows.index)
    for condition in part.where:
        mask &= rows[condition.column].isin(list(condition.values))
    return mask


def _aggregated(rows: pd.DataFrame, specs: Sequence[FeatureSpec]) -> dict[str, pd.Series]:
    """Return the features of one slice by name, each by application_id."""
    columns = {}
    for window in dict.fromkeys(spec.window for spec in specs):
        recent = rows[rows["age"] <= pd.Timedelta(days=WINDOW_DAYS[window])]
        amounts = recent.groupby("application_id")["amount"]
        for spec in specs:
            if spec.window == window:
                columns[spec.name] = amounts.agg(spec.aggregate)
    return columns
