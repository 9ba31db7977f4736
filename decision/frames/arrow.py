"""Arrow in, Arrow out: the input read column by column, and the decisions table with the same types in every block."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..base.catalogue import Catalogue
from ..reasons.text import picked
from ..rulebook.offer import Offers
from ..rulebook.product import Product
from ..rules.batch_context import BatchContext
from ..rules.limit import CAPS
from ..rules.verdict import DECLINE, REFER, Verdicts
from .input_frame import ID, ColumnSource, Frame, assemble, wrong_type

TEXT = pa.string()
DOUBLE = pa.float64()
FLOAT = 8  # bytes of a float64
STR: Any = pd.StringDtype(na_value=np.nan)  # texts of a frame, as pandas reads them itself
REASON = pa.struct([("concept", TEXT), ("points", pa.float64()), ("text", TEXT)])
TYPES: dict[str, pa.DataType] = {
    "decision_id": TEXT, "product": TEXT, "law_profile": TEXT, "as_of": pa.timestamp("us"), "pd": pa.float64(), "score_raw": pa.float64(),
    "score": pa.int64(), "grade": TEXT, "tier": TEXT, "decision": TEXT, "limit_cny": pa.float64(), "limiting_cap": TEXT,
    "tenor": pa.float64(), "tenor_unit": TEXT, "method": TEXT, "daily_rate": pa.float64(), "apr_simple360": pa.float64(),
    "apr_simple365": pa.float64(), "apr_irr12": pa.float64(), "eff_annual": pa.float64(), "penalty_rate": pa.float64(), "overdue": TEXT,
    "charges": TEXT, "reasons": pa.list_(REASON), "refusal_codes": pa.list_(TEXT), "actions": TEXT, "not_assessed": TEXT,
    "model_version": TEXT, "policy_version": TEXT,
}  # fmt: skip


def schema(frame: pd.DataFrame) -> pa.Schema:
    """Types of a decided frame: the id is text or int64, columns of points are float64."""
    is_whole = pd.api.types.is_integer_dtype(frame[ID].dtype)
    return pa.schema([(str(name), _type(str(name), is_whole)) for name in frame.columns])


def decisions_table(frame: pd.DataFrame) -> pa.Table:
    """What `Decider.decide` returned, as an Arrow table."""
    return pa.Table.from_pandas(
        frame, schema=schema(frame), preserve_index=False
    ).replace_schema_metadata(None)


def frame_of(
    columns: Mapping[str, Any], index: pd.Index, kind: type[pd.DataFrame] = pd.DataFrame
) -> pd.DataFrame:
    """The decisions for pandas, with the values of `table_of`: lists of plain objects where Arrow nests, a score that stays whole.

    By hand, as a round trip through `Table.to_pandas` costs one row more than its decision; the arrays are ours alone, so none is copied.
    """
    return kind(
        {name: _for_pandas(values, name) for name, values in columns.items()},
        index=index,
        copy=False,
    )


def _for_pandas(values: Any, name: str) -> Any:
    if name == ID:
        return (
            values.astype(np.int64)
            if np.issubdtype(values.dtype, np.integer)
            else STR.__from_arrow__(pa.array(values, TEXT))
        )
    if not isinstance(values, pa.Array):
        return values
    return (
        np.fromiter(values.to_pylist(), object, len(values))
        if pa.types.is_list(values.type)
        else STR.__from_arrow__(values)
    )


def table_of(columns: Mapping[str, Any]) -> pa.Table:
    """Columns of arrays, numpy's or Arrow's, as the decisions table; NaN is null."""
    is_whole = np.issubdtype(columns[ID].dtype, np.integer)
    return pa.table(
        {name: _array(values, _type(name, is_whole)) for name, values in columns.items()}
    )


def read_table(
    table: pa.Table, catalogue: Catalogue, inputs: Iterable[str], banned: Iterable[str] = ()
) -> Frame:
    """The input as Arrow, checked and converted like a frame; features go column by column, no pandas between.

    Columns that lie evenly in memory as float64 without nulls are taken as they are.
    """
    plain = (
        {name: table[name] for name in dict.fromkeys(table.column_names)}
        if len(set(table.column_names)) == table.num_columns
        else {}
    )

    def series(name: str) -> pd.Series:
        found: pd.Series = _decoded(plain[name]).to_pandas()
        found.name = name
        return found

    def numbers(names: Sequence[str]) -> np.ndarray:
        evenly = _evenly([plain[name] for name in names])
        if evenly is not None:
            return evenly.T
        x = np.empty((len(names), table.num_rows))
        for k, name in enumerate(names):
            x[k] = _number(plain[name], name)
        return x.T

    return assemble(
        ColumnSource(table.column_names, table.num_rows, series, numbers), catalogue, inputs, banned
    )


class _Memory:
    """Columns at even distances, for numpy; whoever reads it keeps them alive.

    Called writable, as the kernel is compiled for such memory and would copy other; nobody writes to it.
    """

    def __init__(self, columns: Sequence[pa.ChunkedArray], address: int, step: int) -> None:
        self.columns, shape = columns, (len(columns), len(columns[0]))
        place = {"data": (address, False), "shape": shape, "strides": (step, FLOAT)}
        self.__array_interface__ = {**place, "typestr": np.dtype(np.float64).str, "version": 3}


def _evenly(columns: Sequence[pa.ChunkedArray]) -> np.ndarray | None:
    """Columns x rows without a copy: whole columns one after the other, or a piece of such a table; None where they do not lie so."""
    places = []
    for column in columns:
        if column.num_chunks != 1 or column.type != DOUBLE or column.null_count:
            return None
        values = column.chunk(0)
        places.append(values.buffers()[1].address + FLOAT * values.offset)
    steps = {after - before for before, after in pairwise(places)}
    if len(steps) != 1 or min(steps) < FLOAT * len(columns[0]) or not len(columns[0]):
        return None
    return np.asarray(_Memory(columns, places[0], steps.pop()))


def _type(name: str, is_whole: bool) -> pa.DataType:
    return (pa.int64() if is_whole else TEXT) if name == ID else TYPES.get(name, pa.float64())


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values, kind, from_pandas=True)


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _number(column: pa.ChunkedArray, name: str) -> np.ndarray:
    column = _decoded(column)
    kind = column.type
    if not (
        pa.types.is_floating(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_null(kind)
    ):
        raise wrong_type(name, str(kind))
    values: np.ndarray = column.cast(pa.float64(), safe=False).to_numpy()
    return values


# The decisions table: which columns, of which type, null when.

_WHEN = {
    "upfront": "upfront", "per_period": "per period", "at_end": "at the end", "early_settlement": "left, when settled early",
    "extension": "when extended",
}  # fmt: skip
HEX = np.array([f"{byte:02x}" for byte in range(256)], dtype="S2")
RATES = ("daily_rate", "apr_simple360", "apr_simple365", "apr_irr12", "eff_annual", "penalty_rate")


def text(word: str | None, n_rows: int) -> pa.Array:
    """A text column that says the same in every row."""
    return pa.repeat(pa.scalar(word, pa.string()), n_rows)


def decision_ids(rows: Frame, version: str, policy_version: str, chosen: str = "") -> pa.Array:
    """First 32 hex digits of sha256(application_id|as_of|bundle|policy[|chosen]): the same application decided alike has one id.

    `chosen` names product and law where they are not the bundle's default.
    """
    tail = f"|{version}|{policy_version}" + (f"|{chosen}" if chosen else "")
    moments = np.datetime_as_string(rows.as_of, unit="us").tolist()
    pairs = zip(rows.application_id.tolist(), moments, strict=True)
    digests = b"".join(
        [hashlib.sha256(f"{i}|{moment}{tail}".encode()).digest() for i, moment in pairs]
    )
    half = np.frombuffer(digests, np.uint8).reshape(-1, 2, 16)[:, 0]
    digits = HEX[half.ravel()].tobytes()
    ends = np.arange(len(half) + 1, dtype=np.int32) * 32
    return pa.StringArray.from_buffers(len(half), pa.py_buffer(ends), pa.py_buffer(digits))


def law_names(case: BatchContext | None, n_rows: int) -> pa.Array:
    """Id of the law profile in force at as_of."""
    return (
        text(None, n_rows)
        if case is None
        else picked([*(law.id for law in case.policy.laws), None], case.law)
    )


def tier_names(case: BatchContext | None, grades: pa.Array, is_scored: np.ndarray) -> pa.Array:
    """The product's tier of every row, null where it has none; without a product the grade."""
    return (
        grades
        if case is None
        else picked(
            [*(t.tier for t in case.product.tiers), None], np.where(is_scored, case.tier, -1)
        )
    )


def offer_columns(case: BatchContext | None, verdicts: Verdicts) -> dict[str, Any]:
    """Limit and offer of every row; all null without a product."""
    n = len(verdicts.outcome)
    is_lent = verdicts.outcome <= REFER
    if case is None or verdicts.limits is None:
        return {
            "limit_cny": np.full(n, np.nan), "limiting_cap": text(None, n), "tenor": np.full(n, np.nan), "tenor_unit": text(None, n),
            "method": text(None, n), **{name: np.full(n, np.nan) for name in RATES}, "overdue": text(None, n), "charges": text(None, n),
        }  # fmt: skip
    cap = np.where(is_lent | verdicts.is_limit_told, verdicts.limits.cap, -1)
    return {
        "limit_cny": np.where(verdicts.outcome >= DECLINE, 0.0, verdicts.limits.cny),
        "limiting_cap": picked([*CAPS, None], cap),
        "tenor": np.where(is_lent, case.product.repayment.tenor.value, np.nan),
        "tenor_unit": _words(is_lent, case.product.repayment.tenor.unit),
        "method": _words(is_lent, case.product.repayment.method),
        **_rates(case.offers, case.tier, is_lent),
        "overdue": picked(case.offers.overdue, np.where(is_lent, case.tier, -1)),
        "charges": _words(is_lent, charges(case.product)),
    }


def charges(product: Product) -> str:
    """Every charge beside interest, in words; `none` when there are none (R10: no undisclosed charge)."""
    return (
        "; ".join(
            f"{c.name} {100 * c.rate.value:g} % of principal {_WHEN[c.taken]}, to {c.receiver}"
            for c in product.charges
        )
        or "none"
    )


def _words(is_lent: np.ndarray, words: str) -> pa.Array:
    return picked([None, words], is_lent.astype(np.int64))


def _rates(offers: Offers, tier: np.ndarray, is_lent: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.where(is_lent, getattr(offers, name)[tier], np.nan) for name in RATES}
