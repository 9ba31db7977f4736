"""The input frame, checked once: columns by name, types without guessing, null as NaN."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from ..base.catalogue import Catalogue, Feature
from ..base.errors import DecisionError
from ..rulebook.condition import FLAG_FACTS, OPTIONAL

ID = "application_id"
# Amounts of money are whole fen, 1/100 CNY.
AMOUNTS = (
    "verified_income_fen",
    "debt_service_fen",
    "card_limits_fen",
    "wealth_fen",
    "annual_volume_fen",
    "exposure_fen",
)
COUNTS = ("age_years", "months_on_book", "hard_enquiries_90d")
FLAGS = (
    "is_student",
    "has_second_source",
    "is_repeat",
    "consent_bureau",
    "consent_social",
    "consent_assets",
    "consent_location",
)
POLICY_INPUTS = ("as_of", "purpose", *AMOUNTS, *COUNTS, *FLAGS)
# Types of numpy that convert to float64 without a look at each value.
NUMBER_TYPES = frozenset(
    map(np.dtype, ("f8", "f4", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"))
)
ID_TYPES = frozenset(map(np.dtype, ("i8", "i4")))  # ids of these types cannot be null
# Values that are checked at once. So many float64 (512 KiB) stay in the L2 cache of a core.
VALUES_PER_CHECK = 65_536
# Frames differ little from call to call; so many shapes of them are remembered as checked.
REMEMBERED_SHAPES = 8
# Mask of the rows, column, what was expected, and the values.
Fault = tuple[np.ndarray, str, str, np.ndarray]


@dataclass(frozen=True)
class Frame:
    """One row per application, checked.

    `numbers` holds amounts (fen), counts and flags (0/1) as float64, NaN = not known; optional
    facts (rulebook/condition.py) are among them where the frame has them. `as_of` is
    datetime64[us] in UTC, NaT = not given; `purpose` is text or None; `x` is rows x features in
    model order, float64, NaN = null.
    """

    application_id: np.ndarray
    as_of: np.ndarray
    purpose: np.ndarray
    numbers: Mapping[str, np.ndarray]
    x: np.ndarray


def read(
    frame: pd.DataFrame, catalogue: Catalogue, inputs: Iterable[str], banned: Iterable[str] = ()
) -> Frame:
    """Check and convert `frame`.

    Columns may stand in any order; integers and booleans are as good as floats; columns that no
    decision uses are not read. `inputs` are the policy inputs that must be there; `banned` are
    names that may not (R7). Raises `DecisionError` for a missing, banned or mistyped column and for
    values that no decision may rest on.
    """
    return assemble(_source(frame), catalogue, inputs, banned)


@dataclass(frozen=True)
class ColumnSource:
    """An input that gives one column as a series, or many as float64, rows x names, NaN for null.

    Many columns come in one call, because hundreds of calls would slow down a single row.
    """

    names: list[str]
    n_rows: int
    series: Callable[[str], pd.Series]
    numbers: Callable[[Sequence[str]], np.ndarray]


def _source(frame: pd.DataFrame) -> ColumnSource:
    """Return a frame as a source: plain numbers are read together, each other column by itself."""
    names = [str(name) for name in frame.columns.tolist()]
    kinds = frame.dtypes.tolist()
    position = {name: k for k, name in enumerate(names)}

    def plain(at: np.ndarray) -> np.ndarray:
        # One row goes through objects: pandas takes four times as long to pick its columns.
        if len(frame) == 1:
            chosen = frame.to_numpy(object)[:, at]
        else:
            chosen = frame.iloc[:, at].to_numpy(np.float64)
        return chosen.astype(np.float64, copy=False)

    def numbers(wanted: Sequence[str]) -> np.ndarray:
        at = np.array([position[name] for name in wanted], dtype=np.int64)
        is_plain = np.array([kinds[k] in NUMBER_TYPES for k in at.tolist()], dtype=bool)
        if is_plain.all():
            return plain(at)
        # Columns x rows, so that the values of a column lie together in memory.
        x = np.empty((len(at), len(frame)))
        x[is_plain] = plain(at[is_plain]).T
        for k in np.flatnonzero(~is_plain).tolist():
            x[k] = _number(frame.iloc[:, at[k]], wanted[k])
        return x.T

    def series(name: str) -> pd.Series:
        return frame[frame.columns[position[name]]]

    return ColumnSource(names, len(frame), series, numbers)


def assemble(
    source: ColumnSource, catalogue: Catalogue, inputs: Iterable[str], banned: Iterable[str]
) -> Frame:
    """Return the columns that a decision reads, checked. Raises `DecisionError` as `read` does."""
    inputs = tuple(inputs)
    there = tuple(source.names)
    _check_columns(there, (ID, *inputs, *catalogue.names), tuple(banned))
    facts = _numeric_inputs(there, inputs)
    values = source.numbers((*facts, *catalogue.plain_names))
    # Read in this order, which decides what an input with two faults is refused for.
    as_of = _as_of(source, there)
    purpose = _purpose(source, inputs)
    application_id = _identity(source.series(ID))
    frame = Frame(
        application_id=application_id,
        as_of=as_of,
        purpose=purpose,
        numbers=dict(zip(facts, values.T[: len(facts)], strict=True)),
        x=_features(source, catalogue, values[:, len(facts) :]),
    )
    for mask, column, expected, column_values in faults(frame, catalogue, inputs):
        if mask.any():
            row = int(np.argmax(mask))
            raise _refusal(
                "a row holds a value that no decision may rest on",
                f"column {column}, row {row}",
                expected,
                str(column_values[row]),
            )
    return frame


def _as_of(source: ColumnSource, there: tuple[str, ...]) -> np.ndarray:
    if "as_of" in there:
        return _time(source.series("as_of"))
    return np.full(source.n_rows, np.datetime64("NaT", "us"))


def _purpose(source: ColumnSource, inputs: tuple[str, ...]) -> np.ndarray:
    if "purpose" in inputs:
        return _text(source.series("purpose"))
    return np.full(source.n_rows, None, dtype=object)


def faults(frame: Frame, catalogue: Catalogue, inputs: tuple[str, ...]) -> Iterable[Fault]:
    """Yield, per check: the rows that fail it (mask), the column, what was expected, the values."""
    if "as_of" in inputs:
        yield np.isnat(frame.as_of), "as_of", "a moment", frame.as_of
    flags = [name for name in frame.numbers if name in FLAGS or name in FLAG_FACTS]
    amounts = [name for name in frame.numbers if name not in flags]
    yield from _wrong(
        frame, amounts, _is_no_amount, "a finite number that is not negative, or null"
    )
    yield from _wrong(frame, flags, _is_no_flag, "true, false or null")
    for start, features in _groups(catalogue.names, len(frame.x)):
        infinite = np.isinf(frame.x[:, start : start + len(features)])
        # Nearly always nothing is infinite: ask for the whole group first, then for its columns.
        for k in np.flatnonzero(infinite.any(axis=0)).tolist() if infinite.any() else ():
            yield infinite[:, k], features[k], "a finite number or null", frame.x[:, start + k]


def _wrong(
    frame: Frame, names: Sequence[str], is_wrong: Callable[[np.ndarray], np.ndarray], expected: str
) -> Iterable[Fault]:
    for _, group in _groups(names, len(frame.x)):
        mask = is_wrong(np.array([frame.numbers[name] for name in group]))
        for k in np.flatnonzero(mask.any(axis=1)).tolist() if mask.any() else ():
            yield mask[k], group[k], expected, frame.numbers[group[k]]


def _groups(names: Sequence[str], n_rows: int) -> Iterable[tuple[int, Sequence[str]]]:
    """Return groups of columns that are checked at once, each with the position of its first.

    A single row must not pay for a call per column, and a large batch must not leave the cache.
    """
    step = max(1, VALUES_PER_CHECK // max(n_rows, 1))
    return ((start, names[start : start + step]) for start in range(0, len(names), step))


def _is_no_amount(values: np.ndarray) -> np.ndarray:
    return np.isinf(values) | (values < 0)


def _is_no_flag(values: np.ndarray) -> np.ndarray:
    return ~(np.isnan(values) | (values == 0) | (values == 1))


# Remembered per shape of frame: one row must not pay again for what the row before it paid.
@lru_cache(maxsize=REMEMBERED_SHAPES)
def _check_columns(
    there: tuple[str, ...], wanted: tuple[str, ...], banned: tuple[str, ...]
) -> None:
    """Raise `DecisionError` for a column that is there twice, missing, or banned (R7)."""
    if len(set(there)) < len(there):
        doubled = min(c for c in there if there.count(c) > 1)
        count = str(there.count(doubled))
        raise _refusal("a column is there twice", f"column {doubled}", "one", count)
    missing = sorted(set(wanted) - set(there))
    if missing:
        nearest = difflib.get_close_matches(missing[0], there, n=1)
        hint = f"; nearest is {nearest[0]}" if nearest else ""
        # Five names are enough to see what kind of columns are missing.
        names = ", ".join(missing[:5])
        got = f"no such column{hint} ({len(missing)} missing: {names})"
        raise _refusal("a column is missing", f"column {missing[0]}", "a column of this name", got)
    prefixes = tuple(f"{name}_" for name in banned)
    caught = next((c for c in there if c in banned or c.startswith(prefixes)), None)
    if caught:
        name = next(n for n in banned if caught == n or caught.startswith(f"{n}_"))
        raise _refusal(
            "a column may not be processed at all (R7)",
            f"column {caught}",
            f"no {name} data",
            "such a column",
        )


@lru_cache(maxsize=REMEMBERED_SHAPES)
def _numeric_inputs(there: tuple[str, ...], inputs: tuple[str, ...]) -> tuple[str, ...]:
    """Return the policy's numeric columns: the required ones, then the optional facts in the frame.

    Facts are read only where the policy asks for any input at all.
    """
    optional = [name for name in OPTIONAL if inputs and name in there]
    numeric = {*AMOUNTS, *COUNTS, *FLAGS, *optional}
    return tuple(name for name in (*inputs, *optional) if name in numeric)


def _features(source: ColumnSource, catalogue: Catalogue, plain: np.ndarray) -> np.ndarray:
    """Return rows x features in model order; `plain` are the features that need no translation.

    The values of a feature lie together in memory, because blocks of rows are read from it column
    by column.
    """
    if plain.shape[1] == len(catalogue.features):
        return plain
    x = np.empty((len(catalogue.features), source.n_rows))
    plain_columns = iter(plain.T)
    for k, feature in enumerate(catalogue.features):
        x[k] = _coded(source, feature) if feature.is_coded else next(plain_columns)
    return x.T


def _coded(source: ColumnSource, feature: Feature) -> np.ndarray:
    if feature.categories:
        texts = pd.Index(_levels(source.series(feature.name)), dtype=object)
        codes = pd.Index(feature.categories, dtype=object).get_indexer(texts)
        # A text that training never saw has code -1; the model reads it as null.
        return np.where(codes < 0, np.nan, codes)
    values = source.numbers([feature.name])[:, 0]
    return np.where(np.isin(values, feature.special_codes), np.nan, values)


def _levels(series: pd.Series) -> np.ndarray:
    """Return the texts of a category; numbers that stand for one as they are usually written.

    So 1.0 becomes "1" and 2.5 becomes "2.5".
    """
    if not pd.api.types.is_any_real_numeric_dtype(series.dtype):
        return _text(series)
    values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    # 15 digits: every decimal number of so many digits survives as a float64.
    return np.array([None if np.isnan(v) else f"{v:.15g}" for v in values], dtype=object)


def _number(series: pd.Series, name: str) -> np.ndarray:
    # Only a column of objects has to be inferred; a look at every value is slow.
    kind = pd.api.types.infer_dtype(series, skipna=True) if series.dtype == object else ""
    if kind in ("floating", "integer", "mixed-integer-float", "boolean", "empty"):
        return series.where(series.notna(), np.nan).astype("float64").to_numpy()
    is_real = pd.api.types.is_any_real_numeric_dtype(series.dtype)
    is_number = is_real or pd.api.types.is_bool_dtype(series.dtype)
    if kind or not is_number:
        raise wrong_type(name, kind or str(series.dtype))
    return series.to_numpy(dtype=np.float64, na_value=np.nan)


def _text(series: pd.Series) -> np.ndarray:
    values = series.to_numpy(object, copy=True)
    null = pd.isna(values)
    kinds = () if isinstance(series.dtype, pd.StringDtype) else {*map(type, values[~null])}
    wrong = sorted(kind.__name__ for kind in kinds if not issubclass(kind, str))
    if wrong:
        raise _refusal(
            "a column has the wrong type", f"column {series.name}", "text, null allowed", wrong[0]
        )
    values[null] = None
    return values


def _time(series: pd.Series) -> np.ndarray:
    if series.dtype == object:
        kind = pd.api.types.infer_dtype(series, skipna=True)
        if kind in ("datetime", "datetime64", "date", "empty"):
            series = pd.to_datetime(series)
    if not pd.api.types.is_datetime64_any_dtype(series.dtype):
        raise _refusal(
            "a column has the wrong type", "column as_of", "timestamps (UTC)", str(series.dtype)
        )
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    return series.to_numpy().astype("datetime64[us]")


def _identity(series: pd.Series) -> np.ndarray:
    if series.dtype in ID_TYPES:
        return series.to_numpy()
    if series.isna().any():
        row = int(np.argmax(series.isna()))
        raise _refusal("an application has no id", f"column {ID}, row {row}", "an id", "null")
    if pd.api.types.is_float_dtype(series.dtype):
        # pandas reads whole numbers as floats where another row of the file was null.
        if (series % 1 != 0).any():
            raise _refusal(
                "a column has the wrong type",
                f"column {ID}",
                "whole numbers or texts",
                str(series.dtype),
            )
        return series.to_numpy(np.int64)
    return series.to_numpy()


def wrong_type(name: str, got: str) -> DecisionError:
    """Return the refusal of a column that should hold numbers."""
    return _refusal(
        "a column has the wrong type",
        f"column {name}",
        "numbers (float, integer or boolean), null allowed",
        got,
    )


def _refusal(what: str, where: str, expected: str, got: str) -> DecisionError:
    return DecisionError(
        what,
        where=where,
        expected=expected,
        got=got,
        next_step="correct the input; nothing was decided",
    )
