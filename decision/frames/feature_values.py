"""Turn the columns of a block into the numbers that the model reads, as the catalogue declares.

What training never saw is marked on the way: a null where training had none, and a level that is
not among the categories. Neither is read as 0 or as null in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..base.catalogue import Catalogue, Feature
from ..reasons.words import distinct_of
from ..score.contributions.column_loops import columns_with_null
from .accepted import level_text
from .columns import REMEMBERED_SHAPES, feature_name
from .input_block import InputBlock

Mask = NDArray[np.bool_]
# Positions of a text that is no category, and of null.
UNSEEN = -1
NULL = -2


@dataclass(frozen=True)
class BeyondRows:
    """Which rows of a block hold what training never saw, per column; only columns that have some.

    `nulls` marks a null (or a special code, which means null) where training had none, `unseen` a
    level that training did not hold. Both are masks over the rows of the block.
    """

    nulls: Mapping[str, Mask] = field(default_factory=dict)
    unseen: Mapping[str, Mask] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.nulls or self.unseen)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns with such rows, each once."""
        return tuple(dict.fromkeys((*self.nulls, *self.unseen)))

    def rows(self, n_rows: int) -> Mask:
        """Return the rows with at least one such value."""
        is_beyond = np.zeros(n_rows, dtype=bool)
        for mask in (*self.nulls.values(), *self.unseen.values()):
            is_beyond |= mask
        return is_beyond


@dataclass(frozen=True)
class FeatureValues:
    """The features of a block: as the model reads them, and as they were given.

    `x` is rows x features in model order, float64, NaN = null; the values of a feature lie together
    in memory. `numbers` is columns x rows and `texts` Arrow's strings by column, as given.
    """

    plan: FeaturePlan
    x: np.ndarray
    numbers: np.ndarray
    texts: Mapping[str, pa.Array]
    beyond: BeyondRows

    def is_given(self, k: int, rows: NDArray[np.int64]) -> Mask:
        """Return which of these rows hold any value in the column of feature `k`."""
        column = self.plan.columns[k]
        if column in self.texts:
            words = self.texts[column].take(pa.array(rows))
            return np.asarray(words.is_valid().to_numpy(zero_copy_only=False), dtype=bool)
        given: Mask = ~np.isnan(self.numbers[self.plan.places[column], rows])
        return given


@dataclass(frozen=True, eq=False)
class FeaturePlan:
    """How the features of a catalogue are read; worked out once per catalogue."""

    features: tuple[Feature, ...]

    @classmethod
    # A process holds a few bundles at most.
    @lru_cache(maxsize=REMEMBERED_SHAPES)
    def of(cls, features: tuple[Feature, ...]) -> FeaturePlan:
        """Return the plan of these features, made once."""
        return cls(features)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Per feature, the column that it reads, by its name in a block."""
        return tuple(feature_name(feature.read_column) for feature in self.features)

    @cached_property
    def text_columns(self) -> frozenset[str]:
        """The columns that are read as text: those of a category."""
        pairs = zip(self.columns, self.features, strict=True)
        return frozenset(column for column, feature in pairs if feature.categories)

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Per column of numbers, its place among those of all features."""
        names = dict.fromkeys(name for name in self.columns if name not in self.text_columns)
        return {name: k for k, name in enumerate(names)}

    @cached_property
    def content_names(self) -> tuple[str, ...]:
        """The columns of numbers by the names that name their content (`content_words`)."""
        # It begins otherwise than that of an input, so that both of one name count.
        return tuple(f"feature {name}" for name in self.places)

    @cached_property
    def feature_places(self) -> NDArray[np.int64]:
        """Per feature, the place of its column of numbers; -1 where it reads text."""
        return np.array([self.places.get(name, -1) for name in self.columns], np.int64)

    @cached_property
    def is_worded(self) -> Mask:
        """Per feature, whether some of its values are told in words of their own."""
        pairs = zip(self.features, self.columns, strict=True)
        worded = [feature.is_coded or name in self.text_columns for feature, name in pairs]
        return np.array(worded, dtype=bool)

    @cached_property
    def is_never_null(self) -> Mask:
        """Per feature, whether training had no null of it."""
        return np.array([feature.is_never_null for feature in self.features], dtype=bool)

    @cached_property
    def is_plain(self) -> bool:
        """Whether every feature is a column of numbers of its own, read as it is."""
        is_coded = any(feature.is_coded for feature in self.features)
        return not is_coded and len(self.places) == len(self.features)

    @cached_property
    def never_null(self) -> NDArray[np.int64]:
        """Positions of the features of which training had no null: only these are looked at."""
        return np.flatnonzero(self.is_never_null)

    def read(self, block: InputBlock) -> FeatureValues:
        """Return the features of a block."""
        numbers = block.matrix[len(block.layout.facts) :]
        texts = {name: block.texts[name] for name in self.text_columns}
        nulls: dict[str, Mask] = {}
        unseen: dict[str, Mask] = {}
        if self.is_plain:
            x = numbers
        else:
            x = np.empty((len(self.features), len(block)))
            levels = {name: _Levels(words) for name, words in texts.items()}
            for k, (feature, column) in enumerate(zip(self.features, self.columns, strict=True)):
                if column in levels:
                    x[k] = self._of_text(feature, column, levels[column], unseen)
                else:
                    x[k] = _of_number(feature, numbers[self.places[column]])
        x = self._filled(x, numbers, nulls)
        return FeatureValues(self, x.T, numbers, texts, BeyondRows(nulls, unseen))

    def _of_text(
        self, feature: Feature, column: str, levels: _Levels, unseen: dict[str, Mask]
    ) -> np.ndarray:
        """Return what the model reads of a column of text; mark the levels that it never saw."""
        if feature.is_indicator:
            return levels.is_text(level_text(feature.code or 0.0)).astype(np.float64)
        special = [level_text(code) for code in feature.special_codes]
        position = levels.positions(feature.categories, special)
        is_unseen = position == UNSEEN
        if is_unseen.any():
            unseen[column] = unseen.get(column, False) | is_unseen
        codes = feature.codes or tuple(map(float, range(len(feature.categories))))
        # The two last entries are those of null and of an unseen level, at -2 and -1.
        at_unseen = np.nan if feature.unseen is None else feature.unseen
        return np.array([*codes, np.nan, at_unseen])[position]

    @cached_property
    def told_codes(self) -> Mapping[int, tuple[float, ...]]:
        """Per feature of numbers, the special codes of its column that have an indicator.

        Such a code is known to the model, also where training had no other null.
        """
        codes: dict[str, list[float]] = {}
        for feature, column in zip(self.features, self.columns, strict=True):
            if feature.code is not None:
                codes.setdefault(column, []).append(feature.code)
        pairs = enumerate(zip(self.features, self.columns, strict=True))
        return {
            k: tuple(codes[column])
            for k, (feature, column) in pairs
            if column in codes and column in self.places and not feature.is_indicator
        }

    def _filled(self, x: np.ndarray, numbers: np.ndarray, nulls: dict[str, Mask]) -> np.ndarray:
        """Return x (features x rows) with the typical value where training had no null.

        x is copied first where it is the memory of the caller, or of what was given: `numbers`.
        """
        found = columns_with_null(x, self.never_null).tolist()
        if found and self.is_plain:
            x = x.copy()
        for k in found:
            is_null = np.isnan(x[k])
            column = self.columns[k]
            if k in self.told_codes:
                is_null &= ~np.isin(numbers[self.places[column]], self.told_codes[k])
                if not is_null.any():
                    continue
            typical = self.features[k].typical
            # Checked when the catalogue was read: where training had no null, there is one.
            x[k, is_null] = np.nan if typical is None else typical
            nulls[column] = nulls.get(column, False) | is_null
        return x


class _Levels:
    """The texts of a column, each distinct one looked at once."""

    def __init__(self, texts: pa.Array) -> None:
        # Null points to one more entry at the end.
        self.distinct, self.codes = distinct_of(texts)

    def positions(self, categories: Iterable[str], special: Iterable[str]) -> NDArray[np.int64]:
        """Return the position of each row's text among the categories, or UNSEEN, or NULL."""
        at = {text: k for k, text in enumerate(categories)}
        at.update(dict.fromkeys(special, NULL))
        found = [at.get(text, UNSEEN) for text in self.distinct]
        return np.array([*found, NULL], np.int64)[self.codes]

    def is_text(self, wanted: str) -> Mask:
        """Return the rows that hold this text."""
        is_wanted = [text == wanted for text in self.distinct]
        return np.array([*is_wanted, False], bool)[self.codes]


def _of_number(feature: Feature, values: np.ndarray) -> np.ndarray:
    """Return what the model reads of a column of numbers."""
    if feature.is_indicator:
        return (values == feature.code).astype(np.float64)
    if not feature.special_codes:
        return values
    return np.where(np.isin(values, feature.special_codes), np.nan, values)


def plan_of(catalogue: Catalogue) -> FeaturePlan:
    """Return how the features of a catalogue are read."""
    return FeaturePlan.of(catalogue.features)
