"""Turn the texts of a CSV into what the runtime reads of each column.

A text that training read by a reading of its own (`12.5%`, `31/01/2024`) is left to the runtime,
which knows the reading. Another number is a plain one, and a flag is true or false. What is none
sets its row aside; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from creditloom.decision.base.layout import Layout
from creditloom.decision.base.readings.stored_kinds import kind_of
from creditloom.decision.base.readings.text_numbers import TextReading, fits
from creditloom.decision.frames.accepted import level_text, quoted, read_numbers
from creditloom.decision.frames.row_rules import RowFault
from creditloom.serving.inputs import InputColumn
from creditloom.storage.contract.stored_types import WHOLE

# How a number is written where training read no texts; programs write NaN and null so.
PLAIN = TextReading("plain", ("NaN", "nan", "NULL", "null", "NA"))
# table: how a flag is written, in small letters -> its number as text
FLAGS = {"true": "1", "false": "0", "1": "1", "0": "0", "1.0": "1", "0.0": "0"}


@dataclass(frozen=True)
class TextColumns:
    """How the texts of a CSV become the columns that are read.

    `has_whole_ids`: ids are whole numbers, else text. `types` are the types by name that the
    columns had in training, as far as they are known.
    """

    columns: tuple[InputColumn, ...]
    has_whole_ids: bool
    types: Mapping[str, str]

    @classmethod
    def of(
        cls, columns: Sequence[InputColumn], layout: Layout | None, *, has_whole_ids: bool
    ) -> TextColumns:
        """Return how a CSV is read for a bundle with this layout."""
        known = () if layout is None else layout.columns
        types = {one.name: one.type for one in known}
        return cls(tuple(columns), has_whole_ids, types)

    def typed(self, block: pa.Table) -> tuple[pa.Table, list[RowFault]]:
        """Return a block of texts with the columns that are read, and the texts that are none.

        Such a text is null in the block.
        """
        faults: list[RowFault] = []
        columns = {}
        for column in self.columns:
            texts = block[column.read_from].combine_chunks()
            columns[column.read_from] = self._column(column, _array(texts), faults)
        return pa.table(columns), faults

    def ids(self, texts: pa.Array) -> pa.Array:
        """Return ids as `typed` does, null for a text that is none."""
        if not self.has_whole_ids or pa.types.is_null(texts.type):
            return texts
        is_whole = pc.match_substring_regex(texts, WHOLE)
        return pc.if_else(is_whole, texts, None).cast(pa.int64())

    def _column(self, column: InputColumn, texts: pa.Array, faults: list[RowFault]) -> pa.Array:
        if column.kind == "id":
            ids = self.ids(texts)
            words = "{} is no whole number, as the ids of training were"
            faults += _lost(texts, ids, "id_unreadable", column.told, words)
            return ids
        stored = self.types.get(column.read_from, "")
        if column.kind == "flag" or (column.kind == "number" and stored == "bool"):
            return _flag(column, texts, faults)
        if column.is_category and stored and _is_number(stored):
            return _levels(texts, is_flag=stored == "bool")
        if column.kind != "number" or column.is_days or column.reading is not None:
            return texts
        numbers = np.empty(len(texts))
        faults += read_numbers(replace(column, reading=PLAIN), numbers, texts)
        return pa.array(numbers)


def _array(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    return whole.cast(pa.string())


def _lost(texts: pa.Array, read: pa.Array, rule: str, column: str, words: str) -> list[RowFault]:
    """Return the texts that are there and were not read."""
    is_lost = pc.and_(texts.is_valid(), read.is_null())
    rows = np.flatnonzero(is_lost.to_numpy(zero_copy_only=False))
    if not len(rows):
        return []
    found = texts.take(pa.array(rows)).to_pylist()
    return [RowFault(rows, rule, column, [words.format(quoted(text)) for text in found])]


def _flag(column: InputColumn, texts: pa.Array, faults: list[RowFault]) -> pa.Array:
    lower = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    place = pc.index_in(lower, pa.array([*FLAGS]))
    flags = pa.array([*FLAGS.values()]).take(place).cast(pa.float64())
    known = pc.if_else(pc.is_in(lower, pa.array(["", *PLAIN.missing])), None, texts)
    words = "{} is neither true nor false"
    faults += _lost(known, flags, "not_a_number", column.told, words)
    return flags


def _is_number(stored: str) -> bool:
    """Return whether a type by Arrow's name is one of numbers."""
    try:
        return kind_of(pa.type_for_alias(stored)) in ("int", "float", "bool")
    except ValueError:
        # A type with parameters, as a decimal, or a dictionary of numbers.
        values = re.match(r"dictionary<values=([^,]+),", stored)
        return stored.startswith("decimal") if values is None else _is_number(values[1])


def _levels(texts: pa.Array, *, is_flag: bool) -> pa.Array:
    """Return numbers that stand for levels as training wrote them: 1.0 is the level 1.

    With `is_flag` the levels are truth values: true is the level 1.
    """
    coded = texts.dictionary_encode()
    is_number = fits(coded.dictionary, "plain").tolist()
    pairs = zip(coded.dictionary.to_pylist(), is_number, strict=True)
    words = [level_text(float(text)) if is_one else text for text, is_one in pairs]
    if is_flag:
        words = [FLAGS.get(text.strip().lower(), text) for text in words]
    return pa.array(words, pa.string()).take(coded.indices)


def has_whole_ids(ids: Iterable[pa.Array], layout: Layout | None) -> bool:
    """Return whether the ids of a CSV are whole numbers: as in training, or else by their look.

    `ids` are the texts of the whole input; they are looked at where training said nothing.
    """
    stored = "" if layout is None else layout.type_of(layout.id)
    if stored:
        return _is_number(stored)
    # Of no text at all this is true: ids that are all null have any type.
    whole = (pc.all(pc.match_substring_regex(some, WHOLE), min_count=0) for some in ids)
    return all(one.as_py() for one in whole)
