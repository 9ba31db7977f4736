"""The input frame, checked once: columns by name, types without guessing, null as NaN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..base.catalogue import Catalogue
from ..base.layout import Layout
from ..reasons.words import FEW
from . import row_rules
from .columns import (
    REMEMBERED_SHAPES,
    InputLayout,
    check_columns,
    feature_columns,
    input_columns,
    refusal,
)
from .feature_values import FeaturePlan, FeatureValues, plan_of
from .input_block import InputBlock, of_frame, of_table


@dataclass(frozen=True)
class Frame:
    """One row per application, checked.

    `numbers` holds amounts (fen), counts and flags (0/1) as float64, NaN = not known; optional
    facts (rulebook/condition.py) are among them where the frame has them. `as_of` is
    datetime64[us] in UTC, NaT = not given; `purpose` is text or None; `x` is rows x features in
    model order, float64, NaN = null. `features` are the features as they were given too; None in a
    frame that was not read of an input.
    """

    application_id: np.ndarray
    as_of: np.ndarray
    purpose: np.ndarray
    numbers: Mapping[str, np.ndarray]
    x: np.ndarray
    features: FeatureValues | None = None


@dataclass(frozen=True, eq=False)
class InputReader:
    """Reads what a bundle asks of an input: its features, and the inputs of its rule book.

    `consents` names, per input and fact, the consent without which it counts as not known. `own` is
    the layout of the table that was trained on. `is_beyond_refused` says that the rule book refuses
    a row that holds what training never saw.
    """

    catalogue: Catalogue
    inputs: tuple[str, ...]
    consents: Mapping[str, str]
    own: Layout | None = None
    is_beyond_refused: bool = False

    # Remembered per shape of frame: one row must not pay again for what the row before it paid.
    @lru_cache(maxsize=REMEMBERED_SHAPES)  # noqa: B019, readers live as long as the process
    def layout(self, there: tuple[str, ...]) -> InputLayout:
        """Return what is read of an input that has these columns."""
        columns = input_columns(self.inputs, self.catalogue, there, self.own)
        return InputLayout(columns, len(feature_columns(self.catalogue)))

    def block(self, frame: pd.DataFrame | pa.Table, banned: tuple[str, ...] = ()) -> InputBlock:
        """Return the columns that a decision reads, each in its one form.

        Columns may stand in any order; columns that no decision uses are not read. `banned` are
        names that may not be there (R7). Raises `DecisionError` for a missing, banned, doubled or
        mistyped column.
        """
        if isinstance(frame, pa.Table):
            block = of_table(frame, self.checked(tuple(frame.column_names), banned))
        else:
            there = tuple(map(str, frame.columns.tolist()))
            block = of_frame(frame, there, self.checked(there, banned))
        return self.with_features(block)

    def checked(self, there: tuple[str, ...], banned: tuple[str, ...]) -> InputLayout:
        """Return what is read of an input that has these columns; raises as `block`."""
        layout = self.layout(there)
        check_columns(there, layout.sources, banned)
        return layout

    def with_features(self, block: InputBlock) -> InputBlock:
        """Return the block with its features, as the catalogue declares them."""
        return replace(block, features=self._plan.read(block))

    @cached_property
    def _plan(self) -> FeaturePlan:
        return plan_of(self.catalogue)

    def frame(self, block: InputBlock) -> Frame:
        """Return a block without bad rows as the rules and the model read it."""
        facts = block.layout.facts
        numbers = dict(zip(facts, block.matrix, strict=False))
        features = block.features or self._plan.read(block)
        return Frame(
            application_id=block.ids.to_numpy(zero_copy_only=False),
            as_of=_as_of(block),
            purpose=_purpose(block),
            numbers=withheld(numbers, self._facts_by_consent(facts)),
            x=features.x,
            features=features,
        )

    @lru_cache(maxsize=REMEMBERED_SHAPES)  # noqa: B019, as above
    def _facts_by_consent(self, facts: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Return, per consent, the facts that count as not known without it."""
        there = [name for name in facts if name in self.consents]
        needed = sorted({self.consents[name] for name in there})
        return {one: tuple(f for f in there if self.consents[f] == one) for one in needed}

    def decidable(self, frame: pd.DataFrame | pa.Table, banned: tuple[str, ...] = ()) -> Frame:
        """Return a frame of which every row can be decided.

        Raises `DecisionError` as `block`, and for the first row that holds a value that no decision
        may rest on. An id may repeat, and a moment may lie in the future, as in a plan.
        """
        block = self.block(frame, banned)
        # Consent is left to the rule book, which refuses the row by R6.
        faults = row_rules.find(block, None, None, with_consents=False)
        faults += self.beyond_faults(block)
        if faults:
            raise _first(faults)
        return self.frame(block)

    def beyond_faults(self, block: InputBlock) -> list[row_rules.RowFault]:
        """Return the rows of a block that the rule book refuses as beyond training."""
        if not self.is_beyond_refused or block.features is None:
            return []
        return row_rules.beyond_training(block.features)


def _first(faults: Iterable[row_rules.RowFault]) -> Exception:
    """Return the refusal of the first bad row, by the first rule that it breaks."""
    first = row_rules.one_per_row(faults).iloc[0]
    return refusal(
        "a row holds a value that no decision may rest on",
        f"column {first['column']}, row {first['row']}",
        row_rules.EXPECTED[first["rule"]],
        f"{first['reason']} ({first['rule']})",
    )


def _as_of(block: InputBlock) -> np.ndarray:
    times = block.times.get("as_of")
    return np.full(len(block), np.datetime64("NaT", "us")) if times is None else times


def _purpose(block: InputBlock) -> np.ndarray:
    texts = block.texts.get("purpose")
    if texts is None:
        return np.full(len(block), None, dtype=object)
    words: np.ndarray = texts.to_numpy(zero_copy_only=False)
    return words


def factorized(words: np.ndarray) -> tuple[np.ndarray, list[Any]]:
    """Return which of the distinct words each row holds (-1 = null), and the words."""
    if len(words) > FEW:
        which, distinct = pd.factorize(words)
        return which, list(distinct)
    place: dict[Any, int] = {}
    given = words.tolist()
    # A text that is missing may be NaN too, which is not equal to itself.
    codes = [
        -1 if one is None or one != one else place.setdefault(one, len(place)) for one in given
    ]
    return np.array(codes, np.int64), [*place]


def withheld(
    numbers: dict[str, np.ndarray], by_consent: Mapping[str, tuple[str, ...]]
) -> dict[str, np.ndarray]:
    """Return the facts with null where their consent is not given; one that is absent was not."""
    for consent, facts in by_consent.items():
        given = numbers.get(consent)
        if given is None:
            numbers |= {name: np.full(len(numbers[name]), np.nan) for name in facts}
            continue
        is_refused = given != 1
        if is_refused.any():
            numbers |= {name: np.where(is_refused, np.nan, numbers[name]) for name in facts}
    return numbers


def read(
    frame: pd.DataFrame | pa.Table,
    catalogue: Catalogue,
    inputs: Iterable[str],
    banned: Iterable[str] = (),
) -> Frame:
    """Check and convert an input, as `InputReader.decidable` does."""
    return InputReader(catalogue, tuple(inputs), {}).decidable(frame, tuple(banned))
