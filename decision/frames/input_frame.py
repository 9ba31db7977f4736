"""The input frame, checked once at the door: columns by name, types without guessing, null as NaN."""

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
PLAIN = frozenset(map(np.dtype, ("f8", "f4", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?")))
WHOLE = frozenset(map(np.dtype, ("i8", "i4")))  # of ids, which then have no null
IN_CACHE = 65_536  # values looked at together
Fault = tuple[np.ndarray, str, str, np.ndarray]
"""Mask of the rows, column, what was expected, and the values."""
POLICY_INPUTS = ("as_of", "purpose", *AMOUNTS, *COUNTS, *FLAGS)


@dataclass(frozen=True)
class Frame:
    """One row per application. `numbers` holds amounts (fen), counts and flags (0/1) as float64, NaN = not known.

    Optional facts (facts.py) are among them where the frame has them. `as_of` is datetime64[us] UTC, NaT = not given; `purpose` is text
    or None; `x` is rows x features in model order.
    """

    application_id: np.ndarray
    as_of: np.ndarray
    purpose: np.ndarray
    numbers: Mapping[str, np.ndarray]
    x: np.ndarray


def read(
    frame: pd.DataFrame, catalogue: Catalogue, inputs: Iterable[str], banned: Iterable[str] = ()
) -> Frame:
    """Check and convert `frame`: any column order, integers and booleans as well as floats; unused columns are not looked at.

    `inputs` are the policy inputs that must be there; `banned` are names that may not (R7).
    Raises `DecisionError` for a missing, banned or mistyped column and for values that no decision may rest on.
    """
    return assemble(_source(frame), catalogue, inputs, banned)


@dataclass(frozen=True)
class ColumnSource:
    """An input that can be asked for a column as a series, and for many as float64, rows x names, NaN for null.

    Many at once: one row must not pay for hundreds of columns one by one.
    """

    names: list[str]
    n_rows: int
    series: Callable[[str], pd.Series]
    numbers: Callable[[Sequence[str]], np.ndarray]


def _source(frame: pd.DataFrame) -> ColumnSource:
    """What pandas has as plain numbers is read together, each other column by itself."""
    names, kinds = [str(name) for name in frame.columns.tolist()], frame.dtypes.tolist()
    place = {name: k for k, name in enumerate(names)}

    def plain(at: np.ndarray) -> np.ndarray:
        """One row as objects first: pandas takes four times as long to pick its columns."""
        chosen = (
            frame.to_numpy(object)[:, at]
            if len(frame) == 1
            else frame.iloc[:, at].to_numpy(np.float64)
        )
        return chosen.astype(np.float64, copy=False)

    def numbers(asked: Sequence[str]) -> np.ndarray:
        at = np.array([place[name] for name in asked], dtype=np.int64)
        is_plain = np.array([kinds[k] in PLAIN for k in at.tolist()], dtype=bool)
        if is_plain.all():
            return plain(at)
        x = np.empty((len(at), len(frame)))
        x[is_plain] = plain(at[is_plain]).T
        for k in np.flatnonzero(~is_plain).tolist():
            x[k] = _number(frame.iloc[:, at[k]], asked[k])
        return x.T

    return ColumnSource(names, len(frame), lambda name: frame[frame.columns[place[name]]], numbers)


def assemble(
    source: ColumnSource, catalogue: Catalogue, inputs: Iterable[str], banned: Iterable[str]
) -> Frame:
    """The columns that a decision reads, checked. Raises `DecisionError` as `read` does."""
    inputs, there, n = tuple(inputs), tuple(source.names), source.n_rows
    _check_columns(there, (ID, *inputs, *catalogue.names), tuple(banned))
    asked = _asked(there, inputs)
    read = source.numbers((*asked, *catalogue.plain_names))
    numbers = dict(zip(asked, read.T[: len(asked)], strict=True))
    as_of = (
        _time(source.series("as_of"))
        if "as_of" in there
        else np.full(n, np.datetime64("NaT", "us"))
    )
    purpose = (
        _text(source.series("purpose")) if "purpose" in inputs else np.full(n, None, dtype=object)
    )
    frame = Frame(
        _identity(source.series(ID)),
        as_of,
        purpose,
        numbers,
        _features(source, catalogue, read[:, len(asked) :]),
    )
    for mask, column, expected, got in faults(frame, catalogue, inputs):
        if mask.any():
            row = int(np.argmax(mask))
            raise _refusal(
                "a row holds a value that no decision may rest on",
                f"column {column}, row {row}",
                expected,
                str(got[row]),
            )
    return frame


def faults(frame: Frame, catalogue: Catalogue, inputs: tuple[str, ...]) -> Iterable[Fault]:
    """Per check: the mask of rows that fail it, the column, what was expected, and the values."""
    if "as_of" in inputs:
        yield np.isnat(frame.as_of), "as_of", "a moment", frame.as_of
    flags = [name for name in frame.numbers if name in FLAGS or name in FLAG_FACTS]
    yield from _wrong(
        frame,
        [name for name in frame.numbers if name not in flags],
        _is_no_amount,
        "a finite number that is not negative, or null",
    )
    yield from _wrong(frame, flags, _is_no_flag, "true, false or null")
    for start, features in _groups(catalogue.names, len(frame.x)):
        infinite = np.isinf(frame.x[:, start : start + len(features)])
        for k in np.flatnonzero(infinite.any(axis=0)).tolist() if infinite.any() else ():
            yield infinite[:, k], features[k], "a finite number or null", frame.x[:, start + k]


def _wrong(
    frame: Frame, names: Sequence[str], is_wrong: Callable[[np.ndarray], np.ndarray], expected: str
) -> Iterable[Fault]:
    for _, group in _groups(names, len(frame.x)):
        found = is_wrong(np.array([frame.numbers[name] for name in group]))
        for k in np.flatnonzero(found.any(axis=1)).tolist() if found.any() else ():
            yield found[k], group[k], expected, frame.numbers[group[k]]


def _groups(names: Sequence[str], n_rows: int) -> Iterable[tuple[int, Sequence[str]]]:
    """As many columns as are looked at together, with the place of the first: one row must not pay for each column by itself."""
    step = max(1, IN_CACHE // max(n_rows, 1))
    return ((start, names[start : start + step]) for start in range(0, len(names), step))


def _is_no_amount(values: np.ndarray) -> np.ndarray:
    return np.isinf(values) | (values < 0)


def _is_no_flag(values: np.ndarray) -> np.ndarray:
    return ~(np.isnan(values) | (values == 0) | (values == 1))


@lru_cache(maxsize=8)
def _check_columns(
    there: tuple[str, ...], wanted: tuple[str, ...], banned: tuple[str, ...]
) -> None:
    """Once per shape of frame: one row must not pay again for what the row before it had."""
    doubled = (
        sorted({c for c in there if there.count(c) > 1}) if len(set(there)) < len(there) else []
    )
    if doubled:
        raise _refusal(
            "a column is there twice", f"column {doubled[0]}", "one", str(there.count(doubled[0]))
        )
    missing = sorted(set(wanted) - set(there))
    if missing:
        near = difflib.get_close_matches(missing[0], there, n=1)
        got = f"no such column{f'; nearest is {near[0]}' if near else ''} ({len(missing)} missing: {', '.join(missing[:5])})"
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


@lru_cache(maxsize=8)
def _asked(there: tuple[str, ...], inputs: tuple[str, ...]) -> tuple[str, ...]:
    """The policy's numbers: required ones and, where the policy asks anything at all, the optional facts that are there."""
    optional = [name for name in OPTIONAL if inputs and name in there]
    return tuple(
        name for name in (*inputs, *optional) if name in (*AMOUNTS, *COUNTS, *FLAGS, *optional)
    )


def _features(source: ColumnSource, catalogue: Catalogue, plain: np.ndarray) -> np.ndarray:
    """Each feature's values lie together: blocks of rows are read from it column by column. `plain` are those that are numbers as such."""
    if plain.shape[1] == len(catalogue.features):
        return plain
    x, rest = np.empty((len(catalogue.features), source.n_rows)), iter(plain.T)
    for k, feature in enumerate(catalogue.features):
        x[k] = _coded(source, feature) if feature.is_coded else next(rest)
    return x.T


def _coded(source: ColumnSource, feature: Feature) -> np.ndarray:
    if feature.categories:
        codes = pd.Index(feature.categories, dtype=object).get_indexer(
            pd.Index(_levels(source.series(feature.name)), dtype=object)
        )
        return np.where(codes < 0, np.nan, codes)  # a text never seen in training is null
    values = source.numbers([feature.name])[:, 0]
    return np.where(np.isin(values, feature.special_codes), np.nan, values)


def _levels(series: pd.Series) -> np.ndarray:
    """Texts of a category; numbers that stand for categories as they are usually written (1, 2.5)."""
    if not pd.api.types.is_any_real_numeric_dtype(series.dtype):
        return _text(series)
    values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.array([None if np.isnan(v) else f"{v:.15g}" for v in values], dtype=object)


def _number(series: pd.Series, name: str) -> np.ndarray:
    kind = pd.api.types.infer_dtype(series, skipna=True) if series.dtype == object else ""
    if kind in ("floating", "integer", "mixed-integer-float", "boolean", "empty"):
        return series.where(series.notna(), np.nan).astype("float64").to_numpy()
    is_number = pd.api.types.is_any_real_numeric_dtype(series.dtype) or pd.api.types.is_bool_dtype(
        series.dtype
    )
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
    dated = series.dtype == object and pd.api.types.infer_dtype(series, skipna=True) in (
        "datetime",
        "datetime64",
        "date",
        "empty",
    )
    if dated:
        series = pd.to_datetime(series)
    if not pd.api.types.is_datetime64_any_dtype(series.dtype):
        raise _refusal(
            "a column has the wrong type", "column as_of", "timestamps (UTC)", str(series.dtype)
        )
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    return series.to_numpy().astype("datetime64[us]")


def _identity(series: pd.Series) -> np.ndarray:
    if series.dtype in WHOLE:
        return series.to_numpy()
    if series.isna().any():
        raise _refusal(
            "an application has no id",
            f"column {ID}, row {int(np.argmax(series.isna()))}",
            "an id",
            "null",
        )
    if pd.api.types.is_float_dtype(series.dtype):
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
    """The refusal of a column that should hold numbers."""
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
