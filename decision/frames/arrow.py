"""The decisions table: its columns, made for a whole batch at once, and their types.

The types are the same for every block of a batch, so that the files of a batch fit together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..reasons.words import Texts, repeated, word_column
from ..rulebook.offer import Offers
from ..rulebook.product import Product
from ..rules.batch_context import BatchContext
from ..rules.limit import CAPS
from ..rules.verdict import DECLINE, REFER, Verdicts
from ..score.contributions.digest import digests
from .columns import ID
from .input_frame import Frame

TEXT = pa.string()
DOUBLE = pa.float64()
# Texts of a pandas frame, as pandas itself reads them from Arrow: NaN stands for null.
STR: Any = pd.StringDtype(na_value=np.nan)
REASON = pa.struct([("concept", TEXT), ("points", pa.float64()), ("text", TEXT)])
# table: type of every column of the decisions, in its order
TYPES: dict[str, pa.DataType] = {
    "decision_id": TEXT,
    "product": TEXT,
    "law_profile": TEXT,
    "as_of": pa.timestamp("us"),
    "pd": DOUBLE,
    "score_raw": DOUBLE,
    "score": pa.int64(),
    "grade": TEXT,
    "tier": TEXT,
    "decision": TEXT,
    "limit_cny": DOUBLE,
    "limiting_cap": TEXT,
    "tenor": DOUBLE,
    "tenor_unit": TEXT,
    "method": TEXT,
    "daily_rate": DOUBLE,
    "apr_simple360": DOUBLE,
    "apr_simple365": DOUBLE,
    "apr_irr12": DOUBLE,
    "eff_annual": DOUBLE,
    "penalty_rate": DOUBLE,
    "overdue": TEXT,
    "charges": TEXT,
    "reasons": pa.list_(REASON),
    "refusal_codes": pa.list_(TEXT),
    "actions": TEXT,
    "not_assessed": TEXT,
    "model_version": TEXT,
    "policy_version": TEXT,
}


def schema(frame: pd.DataFrame) -> pa.Schema:
    """Return the types of a decided frame: the id is text or int64, columns of points float64."""
    is_whole = pd.api.types.is_integer_dtype(frame[ID].dtype)
    return pa.schema([(str(name), _type(str(name), is_whole)) for name in frame.columns])


def decisions_table(frame: pd.DataFrame) -> pa.Table:
    """Return what `Decider.decide` returned, as an Arrow table."""
    table = pa.Table.from_pandas(frame, schema=schema(frame), preserve_index=False)
    # Without pandas' metadata the bytes of a file do not hang on the version of pandas.
    return table.replace_schema_metadata(None)


def frame_of(
    columns: Mapping[str, Any], index: pd.Index, kind: type[pd.DataFrame] = pd.DataFrame
) -> pd.DataFrame:
    """Return the decisions for pandas, with the values of `table_of`.

    Nested Arrow values become lists of plain objects, and a score stays a whole number.
    """
    # By hand: for one row, a round trip through `Table.to_pandas` costs more than the decision.
    # Nobody else holds the arrays, so none is copied.
    values = {name: _for_pandas(column, name) for name, column in columns.items()}
    return kind(values, index=index, copy=False)


def _for_pandas(values: Any, name: str) -> Any:
    if name == ID:
        if np.issubdtype(values.dtype, np.integer):
            return values.astype(np.int64)
        return STR.__from_arrow__(pa.array(values, TEXT))
    if isinstance(values, list):
        # A column of few rows is one of Python's own values.
        if not pa.types.is_string(TYPES.get(name, TEXT)):
            return np.fromiter(values, object, len(values))
        values = pa.array(values, TEXT)
    if not isinstance(values, pa.Array):
        return values
    if pa.types.is_list(values.type):
        return np.fromiter(values.to_pylist(), object, len(values))
    return STR.__from_arrow__(values)


def table_of(columns: Mapping[str, Any]) -> pa.Table:
    """Return columns of arrays, of numpy or Arrow, as the decisions table; NaN becomes null."""
    is_whole = np.issubdtype(columns[ID].dtype, np.integer)
    arrays = {name: _array(values, _type(name, is_whole)) for name, values in columns.items()}
    return pa.table(arrays)


def _type(name: str, is_whole: bool) -> pa.DataType:
    if name == ID:
        return pa.int64() if is_whole else TEXT
    return TYPES.get(name, pa.float64())


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values, kind, from_pandas=True)


WHEN_TAKEN = {
    "upfront": "upfront",
    "per_period": "per period",
    "at_end": "at the end",
    "early_settlement": "left, when settled early",
    "extension": "when extended",
}
# The two hex digits of each byte, to write many digests without a call per row.
HEX_DIGITS = np.array([f"{byte:02x}" for byte in range(256)], dtype="S2")
# A decision id has 16 bytes, so 32 hex digits.
ID_BYTES = 16
# What a digest is of: part of the hash.
ID_OF = b"decision id"
RATES = ("daily_rate", "apr_simple360", "apr_simple365", "apr_irr12", "eff_annual", "penalty_rate")
OFFER_COLUMNS = (
    "limit_cny",
    "limiting_cap",
    "tenor",
    "tenor_unit",
    "method",
    *RATES,
    "overdue",
    "charges",
)


def text(word: str | None, n_rows: int) -> Texts:
    """Return a text column with the same word in every row."""
    return repeated(word, n_rows)


def decision_ids(
    rows: Frame,
    version: str,
    policy_version: str,
    chosen: str = "",
    content: np.ndarray | None = None,
) -> pa.Array:
    """Return one id per row, 32 hex digits, text: the same application decided alike has one id.

    `chosen` names product and law where they are not the bundle's default. `content` is a word per
    row of all its input (`content_words`), so that a corrected input is another decision: the id is
    then the BLAKE2b-128 of head, id, as_of and content, 64-bit words each. The head is the first
    half of sha256(bundle|policy|chosen|kind of id), the id two words where it is text. Bundles of
    format 2 and before have no content: the first half of
    sha256(application_id|as_of|bundle|policy[|chosen]).
    """
    if content is None:
        tail = f"|{version}|{policy_version}" + (f"|{chosen}" if chosen else "")
        moments = np.datetime_as_string(rows.as_of, unit="us").tolist()
        pairs = zip(rows.application_id.tolist(), moments, strict=True)
        made = [hashlib.sha256(f"{i}|{moment}{tail}".encode()).digest() for i, moment in pairs]
        ids = np.frombuffer(b"".join(made), np.uint8).reshape(-1, 2, ID_BYTES)[:, 0]
    else:
        ids = _content_digests(rows, f"{version}|{policy_version}|{chosen}", content)
    digits = HEX_DIGITS[ids.ravel()].tobytes()
    offsets = np.arange(len(ids) + 1, dtype=np.int32) * (2 * ID_BYTES)
    return pa.StringArray.from_buffers(len(ids), pa.py_buffer(offsets), pa.py_buffer(digits))


def _content_digests(rows: Frame, versions: str, content: np.ndarray) -> np.ndarray:
    """Return the digest of head, id, as_of and content, rows x 16 bytes; see `decision_ids`."""
    ids = rows.application_id
    n = len(content)
    is_whole = np.issubdtype(ids.dtype, np.integer)
    head = hashlib.sha256(f"{versions}|{'whole' if is_whole else 'text'}".encode()).digest()
    if is_whole:
        id_words = ids.astype("<i8").view("<u8")[None, :]
    else:
        # The one loop over rows here: hashlib takes one message at a time.
        spelled = (hashlib.sha256(text.encode()).digest()[:ID_BYTES] for text in ids.tolist())
        id_words = np.frombuffer(b"".join(spelled), "<u8").reshape(-1, 2).T
    moments = rows.as_of.astype("datetime64[us]").astype("<i8").view("<u8")
    head_words = np.broadcast_to(np.frombuffer(head[:ID_BYTES], "<u8")[:, None], (2, n))
    words = np.concatenate([head_words, id_words, moments[None, :], content[None, :]])
    # Every row has the same words: no entries vary, and nothing is salted.
    entries = np.zeros((0, 0), np.uint64)
    made = digests(words, np.zeros(n + 1, np.int64), entries, np.zeros((n, 2), np.uint64), ID_OF)
    return made.view(np.uint8).reshape(n, ID_BYTES)


def law_names(batch: BatchContext | None, n_rows: int) -> Texts:
    """Return the id of the law profile in force at as_of; null where none is."""
    if batch is None:
        return text(None, n_rows)
    return word_column([*(law.id for law in batch.policy.laws), None], batch.law)


def tier_names(batch: BatchContext | None, grades: Texts, is_scored: np.ndarray) -> Texts:
    """Return the product's tier of every row, null where it has none.

    Without a product the tier is the grade.
    """
    if batch is None:
        return grades
    names = [*(t.tier for t in batch.product.tiers), None]
    return word_column(names, np.where(is_scored, batch.tier, -1))


def offer_columns(batch: BatchContext | None, verdicts: Verdicts) -> dict[str, Any]:
    """Return limit and offer of every row; all null without a product.

    Limit in CNY, rates as fractions. The limit of a decline or refusal is 0, its offer null.
    """
    n = len(verdicts.outcome)
    if batch is None or verdicts.limits is None:
        return _no_offer(n)
    # A referred decline has no tier that lends, so a person who lends sets the terms.
    is_lent = (verdicts.outcome <= REFER) & (verdicts.by_tier != DECLINE)
    cap = np.where(is_lent | verdicts.is_limit_explained, verdicts.limits.cap, -1)
    limit = {
        "limit_cny": np.where(verdicts.outcome >= DECLINE, 0.0, verdicts.limits.cny),
        "limiting_cap": word_column([*CAPS, None], cap),
    }
    terms = batch.product.repayment
    repayment = {
        "tenor": np.where(is_lent, terms.tenor.value, np.nan),
        "tenor_unit": _words(is_lent, terms.tenor.unit),
        "method": _words(is_lent, terms.method),
    }
    costs = {
        **_rates(batch.offers, batch.tier, is_lent),
        "overdue": word_column(batch.offers.overdue, np.where(is_lent, batch.tier, -1)),
        "charges": _words(is_lent, charges(batch.product)),
    }
    return {**limit, **repayment, **costs}


def _no_offer(n_rows: int) -> dict[str, Any]:
    """Return the columns of `offer_columns` where nothing is priced."""
    # An array of its own for every column, as pandas uses them without a copy.
    return {
        name: np.full(n_rows, np.nan) if TYPES[name] == DOUBLE else text(None, n_rows)
        for name in OFFER_COLUMNS
    }


def charges(product: Product) -> str:
    """Return every charge beside interest, in words; `none` when there are none.

    R10 refuses a product with an undisclosed charge.
    """
    words = [
        f"{c.name} {100 * c.rate.value:g} % of principal {WHEN_TAKEN[c.taken]}, to {c.receiver}"
        for c in product.charges
    ]
    return "; ".join(words) or "none"


def _words(is_lent: np.ndarray, words: str) -> Texts:
    return word_column([None, words], is_lent.astype(np.int64))


def _rates(offers: Offers, tier: np.ndarray, is_lent: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.where(is_lent, getattr(offers, name)[tier], np.nan) for name in RATES}
