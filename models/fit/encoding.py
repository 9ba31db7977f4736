"""From columns to the numbers that learners read, learnt from training rows alone.

A number stays as it is; each special code of it becomes null, and an indicator of its own. A level
of a category becomes its smoothed bad rate. Of a category with many levels the training rows
themselves get rates in which they have no part (out of fold): a rate that holds a row's own outcome
would tell it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.models.sample.arrays import Floats

# Steps between two codes that would be equal: every level has a code of its own.
CODE_STEP = 1e-9
CODE_DECIMALS = 9

# By column: the numbers that mean missing.
Codes = Mapping[str, tuple[float, ...]]
# The number of the group of each row.
Groups = NDArray[np.int64]


@dataclass(frozen=True)
class EncodingParams:
    """How levels become numbers.

    smoothing: rows with the mean bad rate that are added to each level.
    folds: the training rows of a category with many levels get the rates of the other folds.
    bads_per_level: a category with fewer bads per level than this has many levels.
    min_code_rows: a special code with fewer rows gets no indicator.
    """

    smoothing: float = 20.0
    folds: int = 5
    bads_per_level: float = 20.0
    min_code_rows: int = 20


@dataclass(frozen=True)
class EncodedColumn:
    """One model feature.

    name: of the feature. column: of the frame. code: the special code whose indicator it is, or
    None. special_codes: values that are null. levels, codes: of a category, safest first, and the
    number of each. unseen: the number of a level that is not among them.
    """

    name: str
    column: str
    code: float | None = None
    special_codes: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    codes: tuple[float, ...] = ()
    unseen: float | None = None

    @property
    def is_category(self) -> bool:
        """Return whether the column holds texts."""
        return bool(self.levels)

    def read(self, values: pd.Series) -> Floats:
        """Return the numbers of the column's values, shape (n,); null is NaN."""
        if self.is_category:
            return self._of_levels(values)
        numbers = values.to_numpy(np.float64)
        if self.code is not None:
            return (numbers == self.code).astype(np.float64)
        if self.special_codes:
            return np.where(np.isin(numbers, self.special_codes), np.nan, numbers)
        return numbers

    def _of_levels(self, texts: pd.Series) -> Floats:
        position = pd.Index(self.levels, dtype=object).get_indexer(pd.Index(texts, dtype=object))
        unseen = np.nan if self.unseen is None else self.unseen
        # pandas says -1 for null and for a level that is not among the categories.
        numbers = np.append(np.array(self.codes), unseen)[position]
        return np.where(texts.isna().to_numpy(), np.nan, numbers)


@dataclass(frozen=True)
class Encoding:
    """The features in model order."""

    columns: tuple[EncodedColumn, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the features, in model order."""
        return tuple(column.name for column in self.columns)

    def apply(self, frame: pd.DataFrame) -> Floats:
        """Return float64 of shape (rows, features); null is NaN."""
        out = np.empty((len(frame), len(self.columns)))
        for k, column in enumerate(self.columns):
            out[:, k] = column.read(frame[column.column])
        return out

    def only(self, names: tuple[str, ...]) -> Encoding:
        """Return the encoding of the features `names`, in its own order."""
        wanted = set(names)
        return Encoding(tuple(column for column in self.columns if column.name in wanted))

    def with_unseen(self, unseen: Mapping[str, float]) -> Encoding:
        """Return the encoding with these numbers for unseen levels, by name of the feature."""
        columns = tuple(
            replace(column, unseen=unseen.get(column.name, column.unseen))
            for column in self.columns
        )
        return Encoding(columns)


@dataclass(frozen=True)
class Encoded:
    """An encoding and the training rows that it was learnt from, as learners read them.

    features: shape (n, p). They differ from `encoding.apply` where rates are out of fold.
    signs: +1, -1 or 0 per feature.
    """

    encoding: Encoding
    features: Floats
    signs: tuple[int, ...] = field(default=())


def learn_encoding(
    frame: pd.DataFrame,
    label: NDArray[np.int8],
    signs: Mapping[str, int],
    special_codes: Codes,
    params: EncodingParams,
    seed: int,
    weight: Floats | None = None,
    group: Groups | None = None,
) -> Encoded:
    """Return the encoding of these rows, and the rows encoded.

    Pass training rows only, because levels are ordered by the labels.
    weight: one per row; None = 1 each. group: rows of one group have no part in each other's rates.
    """
    rows = _Outcomes.of(label, weight, group, params, seed)
    read: list[_ReadColumn] = []
    taken = set(map(str, frame.columns))
    for name in map(str, frame.columns):
        series = frame[name]
        if pd.api.types.is_numeric_dtype(series):
            codes = tuple(special_codes.get(name, ()))
            read.append(_number(name, series, codes, signs.get(name, 0)))
            read.extend(_indicators(name, series, codes, params, taken))
        else:
            column, numbers = _category(name, series, rows, params)
            # A higher code is a riskier level: no level may be safer in the model than a better
            # one, and a level that nobody has seen can be placed.
            read.append(_ReadColumn(column, numbers, 1))
    numbers_read = [one.numbers for one in read]
    features = np.stack(numbers_read, axis=1) if read else np.empty((len(frame), 0))
    columns = tuple(one.column for one in read)
    return Encoded(Encoding(columns), features, tuple(one.sign for one in read))


class _ReadColumn(NamedTuple):
    """One model feature, the numbers of its training rows, and its sign."""

    column: EncodedColumn
    numbers: Floats
    sign: int


def _number(name: str, series: pd.Series, codes: tuple[float, ...], sign: int) -> _ReadColumn:
    """Return a number as it stands, its special codes null."""
    column = EncodedColumn(name, name, special_codes=codes)
    return _ReadColumn(column, column.read(series), sign)


def _indicators(
    name: str, series: pd.Series, codes: tuple[float, ...], params: EncodingParams, taken: set[str]
) -> Iterator[_ReadColumn]:
    """Yield an indicator per special code that enough rows hold; `taken` gets its name."""
    for code in _frequent(series, codes, params.min_code_rows):
        flag = EncodedColumn(_free_name(f"{name}={code:g}", taken), name, code=code)
        yield _ReadColumn(flag, flag.read(series), 0)


def _frequent(series: pd.Series, codes: tuple[float, ...], min_rows: int) -> list[float]:
    """Return the special codes that enough rows hold, and enough do not."""
    numbers = series.to_numpy(np.float64)
    counts = {code: int((numbers == code).sum()) for code in codes}
    return [code for code, n in counts.items() if min_rows <= n <= len(numbers) - min_rows]


def _free_name(wanted: str, taken: set[str]) -> str:
    """Return a name that no column has, and take it."""
    name = wanted
    while name in taken:
        name += "'"
    taken.add(name)
    return name


@dataclass(frozen=True)
class _Outcomes:
    """The outcomes that rates are made of, one per row: label, weight, and the fold of the row.

    bads: rows that are bad, each counted once.
    """

    label: Floats
    weight: Floats
    fold: NDArray[np.int64]
    bads: int

    @property
    def mean_rate(self) -> float:
        """Return the weighted bad rate of all rows, rounded as codes are."""
        return float(np.round(np.average(self.label, weights=self.weight), CODE_DECIMALS))

    @classmethod
    def of(
        cls,
        label: NDArray[np.int8],
        weight: Floats | None,
        group: NDArray[np.int64] | None,
        params: EncodingParams,
        seed: int,
    ) -> _Outcomes:
        """Return the outcomes, their weights brought to mean 1, and folds drawn by the seed."""
        n = len(label)
        # A borrower's other loans tell of this one: all are in one fold.
        drawn = np.arange(n) if group is None else pd.factorize(group)[0]
        n_drawn = int(drawn.max(initial=-1)) + 1
        # Folds of equal size; classes need no balance here.
        fold = np.random.default_rng(seed).permutation(n_drawn) % params.folds
        w = np.ones(n) if weight is None else weight / weight.mean()
        return cls(label.astype(float), w, fold[drawn], int(label.sum()))

    def rates(
        self, position: NDArray[np.int64], mask: NDArray[np.bool_], n_levels: int, smoothing: float
    ) -> Floats:
        """Return (bads + smoothing p) / (n + smoothing) per level, p the rate of the rows of mask.

        position: of each row's level, -1 for null.
        """
        p = np.average(self.label[mask], weights=self.weight[mask])
        known = mask & (position >= 0)
        bads = np.bincount(position[known], (self.weight * self.label)[known], n_levels)
        n = np.bincount(position[known], self.weight[known], n_levels)
        return np.asarray((bads + smoothing * p) / (n + smoothing))


def _category(
    name: str, texts: pd.Series, rows: _Outcomes, params: EncodingParams
) -> tuple[EncodedColumn, Floats]:
    """Return the feature of a category, and the numbers of its training rows."""
    position, found = pd.factorize(texts, sort=True)
    levels = [str(level) for level in found]
    if not levels:
        column = EncodedColumn(name, name, levels=("",), codes=(0.0,), unseen=rows.mean_rate)
        return column, np.full(len(texts), np.nan)
    rates = rows.rates(position, np.ones(len(texts), bool), len(levels), params.smoothing)
    # Stable: levels of one rate keep their order by text.
    order = np.argsort(rates, kind="stable")
    codes = _distinct(rates[order])
    column = EncodedColumn(
        name,
        name,
        levels=tuple(levels[k] for k in order),
        codes=tuple(codes.tolist()),
        # The rate of a level without rows, so that held-out margins, on which the stack is fitted,
        # lean to neither side. `cautious_codes` adds the caution of scoring.
        unseen=rows.mean_rate,
    )
    if rows.bads >= params.bads_per_level * len(levels):
        return column, column.read(texts)
    return column, _out_of_fold(position, rows, len(levels), params)


def _distinct(ascending: Floats) -> Floats:
    """Return the rates rounded, equal ones a step apart, so that each level has its own code."""
    codes = np.round(ascending, CODE_DECIMALS)
    for k in range(1, len(codes)):
        codes[k] = max(codes[k], codes[k - 1] + CODE_STEP)
    return np.asarray(np.round(codes, CODE_DECIMALS))


def _out_of_fold(
    position: NDArray[np.int64], rows: _Outcomes, n_levels: int, params: EncodingParams
) -> Floats:
    """Return for each row the rate of its level in the other folds; null stays null."""
    out = np.full(len(position), np.nan)
    for k in range(params.folds):
        own = rows.fold == k
        # A single group is in one fold, and then there are no others.
        others = ~own if not own.all() else own
        rates = rows.rates(position, others, n_levels, params.smoothing)
        own &= position >= 0
        out[own] = rates[position[own]]
    return out
