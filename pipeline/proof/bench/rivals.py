"""Payment features as one would write them in Polars and in pandas: the rivals of the feature engine, to the same values.

`asked` names the features that all three make: counts, sums, means and maxima of payments by direction and category over months.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from creditloom.features.declare.declarations import FeatureSpec, Slice
from creditloom.features.families.registry import plan

if TYPE_CHECKING:
    import polars as pl

MONTHS = {"1m": 30, "3m": 90, "6m": 180, "12m": 360}
AGGREGATES = ("count", "sum", "mean", "max")
COLUMNS = ["applicant_id", "event_time", "known_time", "direction", "category", "amount_fen"]
SPINE = ["application_id", "applicant_id", "as_of"]
FEN = 100.0


def asked() -> list[tuple[FeatureSpec, Slice]]:
    """The features compared, each with its slice of payments; amounts are in yuan."""
    ((stream, steps),) = plan(["payments"]).streams
    made = [
        (spec, stream.slice(name))
        for step in steps
        for name, _, spec in step.features
        if spec.aggregate in AGGREGATES
    ]
    return [
        (spec, part)
        for spec, part in made
        if spec.window in MONTHS and spec.measure in ("rows", "amount") and _plain(part)
    ]


def _plain(part: Slice) -> bool:
    return bool(part.where) and all(
        c.column in ("direction", "category") and len(c.values) > 0 for c in part.where
    )


def with_polars(payments: Sequence[str], applications: Sequence[str]) -> pl.DataFrame:
    """One wide lazy aggregation with a filter per feature, run by the streaming engine."""
    import polars as pl

    spine = pl.scan_parquet(list(applications)).select(SPINE)
    rows = pl.scan_parquet(list(payments)).select(COLUMNS).join(spine, on="applicant_id")
    rows = rows.filter(
        (pl.col("event_time") < pl.col("as_of")) & (pl.col("known_time") < pl.col("as_of"))
    )
    rows = rows.with_columns(
        age=pl.col("as_of") - pl.col("event_time"), amount=pl.col("amount_fen") / FEN
    )
    wide = rows.group_by("application_id").agg(
        _expression(pl, spec, part).alias(spec.name) for spec, part in asked()
    )
    zero = [spec.name for spec, _ in asked() if spec.aggregate in ("count", "sum")]
    joined = (
        spine.select("application_id")
        .join(wide, on="application_id", how="left")
        .with_columns(pl.col(zero).fill_null(0))
    )
    return joined.sort("application_id").collect(engine="streaming")


def _expression(pl: Any, spec: FeatureSpec, part: Slice) -> pl.Expr:
    of = pl.col("age") <= pl.duration(days=MONTHS[spec.window])
    for condition in part.where:
        of &= pl.col(condition.column).is_in(list(condition.values))
    values = pl.col("amount").filter(of)
    make: dict[str, Callable[[], pl.Expr]] = {
        "count": values.len,
        "sum": values.sum,
        "mean": values.mean,
        "max": values.max,
    }
    return make[spec.aggregate]()


def with_pandas(payments: Sequence[str], applications: Sequence[str]) -> pd.DataFrame:
    """A groupby per slice, window and aggregate on the joined rows."""
    spine = pd.concat(pd.read_parquet(file, columns=SPINE) for file in applications)
    rows = pd.concat([pd.read_parquet(file, columns=COLUMNS) for file in payments]).merge(
        spine, on="applicant_id"
    )
    rows = rows[(rows["event_time"] < rows["as_of"]) & (rows["known_time"] < rows["as_of"])]
    rows = rows.assign(age=rows["as_of"] - rows["event_time"], amount=rows["amount_fen"] / FEN)
    made, wanted = {}, asked()
    for part in dict.fromkeys(part for _, part in wanted):
        mask = pd.Series(True, index=rows.index)
        for condition in part.where:
            mask &= rows[condition.column].isin(list(condition.values))
        mine = rows[mask]
        for window in dict.fromkeys(spec.window for spec, one in wanted if one == part):
            groups = mine[mine["age"] <= pd.Timedelta(days=MONTHS[window])].groupby(
                "application_id"
            )["amount"]
            for spec in (spec for spec, one in wanted if one == part and spec.window == window):
                made[spec.name] = groups.agg(spec.aggregate)
    wide = pd.DataFrame(made).reindex(sorted(spine["application_id"]))[
        [spec.name for spec, _ in wanted]
    ]
    zero = [spec.name for spec, _ in wanted if spec.aggregate in ("count", "sum")]
    return wide.fillna(dict.fromkeys(zero, 0.0)).reset_index()
