"""Rows of one table of a user's own in every accepted type, and the bundle that is fitted on it.

The bundle has what catalogue version 2 brings: levels with codes, special codes with indicators,
stand-ins for nulls that training never had, and a date.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tests.fit.bundles import FittedBundle, fitted

N = 300
OPTIONS = {"time": "day", "column_codes": {"tenure": (-9.0,)}, "categorical": ("branch",)}
# Rows of `rows()` with a null that training never had, and with levels that it did not hold.
NULLS = (0, 1)
UNSEEN = (2, 3)


def table() -> pd.DataFrame:
    """The table that is fitted; nothing in it is null but `asset`."""
    rng = np.random.default_rng(12)
    place = np.arange(N)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(place, "D")
    kind = rng.choice(["own", "rent", "lodger"], N)
    amount = rng.integers(-200, 2_000, N) / 10
    tenure = np.where(rng.random(N) < 0.1, -9, rng.integers(1, 100, N))
    logit = -1.5 - 0.01 * amount + 1.0 * (kind == "lodger") - 0.01 * tenure
    # table: a column a line
    columns = {
        "loan": [f"0{k:04}" for k in place],
        "day": day,
        "opened": day - pd.to_timedelta(rng.integers(1, 900, N), "D"),
        "amount": amount,
        "asset": np.where(rng.random(N) < 0.2, np.nan, rng.integers(0, 9, N)),
        "is_member": rng.random(N) < 0.5,
        "kind": kind,
        "branch": rng.integers(1, 5, N),
        "tenure": tenure,
        "bad": (rng.random(N) < 1 / (1 + np.exp(-logit))).astype(int),
    }
    return pd.DataFrame(columns)


def bundle(place: Path) -> FittedBundle:
    """Fit the table, stored as Parquet."""
    table().to_parquet(place / "t.parquet", index=False)
    return fitted(place / "t.parquet", place / "bundle", **OPTIONS)


def rows() -> pd.DataFrame:
    """Forty new rows without the label, some of them beyond training."""
    frame = table().drop(columns="bad").head(40).astype({"kind": object, "amount": object})
    frame.loc[[*NULLS], "amount"] = None
    frame.loc[[*UNSEEN], "kind"] = "houseboat"
    frame.loc[UNSEEN[0], "branch"] = 77
    return frame.astype({"amount": float})


def arrow(**columns: pa.Array) -> pa.Table:
    """The rows in Arrow, with some columns stored in another way."""
    found = pa.Table.from_pandas(rows(), preserve_index=False)
    for name, values in columns.items():
        found = found.set_column(found.column_names.index(name), name, values)
    return found


def decimals(scale: int) -> pa.Array:
    """The amounts as decimals: to a tenth, as people write them."""
    exact = [None if pd.isna(one) else Decimal(str(one)) for one in rows()["amount"]]
    return pa.array(exact, pa.decimal128(20, scale))


def stored(name: str, kind: pa.DataType) -> pa.Array:
    """One column in another type."""
    values = arrow()[name].combine_chunks()
    return values.cast(kind)


# table: accepted type -> the same rows in it
TYPES: dict[str, Callable[[], pa.Table | pd.DataFrame]] = {
    "numpy": rows,
    "small widths": lambda: rows().astype(
        {"asset": "float32", "branch": "int8", "tenure": "int16"}
    ),
    "pandas nullable": lambda: rows().convert_dtypes(),
    "Arrow in pandas": lambda: arrow().to_pandas(types_mapper=pd.ArrowDtype),
    "objects": lambda: rows().astype(object),
    "category": lambda: rows().astype({"kind": "category", "branch": "category"}),
    "Arrow": arrow,
    "decimal": lambda: arrow(amount=decimals(1), tenure=stored("tenure", pa.decimal128(20, 0))),
    "wide decimal": lambda: arrow(amount=decimals(1).cast(pa.decimal256(50, 12))),
    "bool as number": lambda: arrow(is_member=stored("is_member", pa.int8())),
    "unsigned": lambda: arrow(branch=stored("branch", pa.uint64())),
    "large_string": lambda: arrow(kind=stored("kind", pa.large_string())),
    "string_view": lambda: arrow(kind=stored("kind", pa.string_view())),
    "dictionary": lambda: arrow(
        kind=stored("kind", pa.string()).dictionary_encode(),
        branch=stored("branch", pa.int64()).dictionary_encode(),
    ),
    "zone": lambda: arrow(
        day=stored("day", pa.timestamp("us", "UTC")),
        opened=stored("opened", pa.timestamp("ms", "Asia/Shanghai")),
    ),
    "dates": lambda: arrow(day=stored("day", pa.date32()), opened=stored("opened", pa.date64())),
}


def in_pandas(given: pa.Table | pd.DataFrame) -> pd.DataFrame:
    """The rows as pandas holds them; it knows no views of text."""
    if isinstance(given, pd.DataFrame):
        return given
    plain = {f.name: pa.string() if f.type == pa.string_view() else f.type for f in given.schema}
    return given.cast(pa.schema(plain)).to_pandas(types_mapper=pd.ArrowDtype)


def in_arrow(given: pa.Table | pd.DataFrame) -> pa.Table:
    """The rows in Arrow."""
    is_arrow = isinstance(given, pa.Table)
    return given if is_arrow else pa.Table.from_pandas(given, preserve_index=False)


def records() -> list[dict[str, Any]]:
    """The rows as a client writes JSON: numbers, true and false, texts of dates, null."""
    frame = rows()
    for name in ("day", "opened"):
        frame[name] = frame[name].dt.strftime("%Y-%m-%d")
    plain = frame.astype(object)
    found: list[dict[str, Any]] = plain.where(frame.notna(), None).to_dict("records")
    return found
