"""Put the content of a table into 64-bit words, row by row, for the digests of its rows.

Two rows that differ in a value or in the name of a column have other words; null and NaN are alike.
The words depend on values alone: not on how a text is encoded, nor on the other rows of the table.
So a row has the same words when others were taken out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds
from numpy.typing import NDArray

from creditloom.decision.score.contributions.digest import DIGEST_BYTES, Words
from creditloom.serving.ledger.hashing import NULL_WORD, floats
from creditloom.storage.files.errors import DataError

# Columns in which nearly every row has a text of its own: their texts are not counted as levels.
UNIQUE_TEXTS = ("application_id", "decision_id")
# A decision's id is 32 characters: they are four words as they are, without a hash.
ID_CHARACTERS = 32
ID_WORDS = 4
# Stands between the entries of a list of texts; none of our codes holds it.
SEPARATOR = "\x1f"
# Codes of combined levels are numbered anew before they could pass the largest int64.
MAX_CODES = 1 << 62
# Texts whose digest is remembered: the wordings of reasons recur in every block.
REMEMBERED_TEXTS = 1 << 16


@dataclass(frozen=True)
class RowWords:
    """The words of a table's rows.

    `fixed` holds words x rows, `varying` words x entries of the list of structs; those of row k are
    the entries `starts[k]` up to `starts[k + 1]`.
    """

    fixed: Words
    starts: NDArray[np.int64]
    varying: Words


def row_words(table: pa.Table) -> RowWords:
    """Return the words of a table with at most one column of lists of structs.

    Raises DataError for a column of another type, or a list entry with the separator.
    """
    content = _Content(len(table))
    for name, column in zip(table.schema.names, table.columns, strict=True):
        content.add(name, _whole(column))
    return content.words()


@dataclass
class _Content:
    """The words as they are gathered, column by column; texts wait until all are known."""

    size: int
    heads: list[str] = field(default_factory=list)
    numbers: list[Words] = field(default_factory=list)
    levels: list[_Levels] = field(default_factory=list)
    starts: NDArray[np.int64] | None = None
    varying: Words = field(default_factory=lambda: np.zeros((0, 0), np.uint64))

    def add(self, name: str, values: pa.Array) -> None:
        """Take in one column."""
        kind = values.type
        if kinds.is_list(kind) and kinds.is_struct(kind.value_type):
            self._take_structs(name, values)
        elif kinds.is_list(kind):
            self.heads.append(f"{name} texts")
            self.levels.append(_Levels.of(_joined(values)))
        elif _is_text(kind):
            self.heads.append(f"{name} text")
            self._take_texts(name.rpartition(".")[2], values)
        else:
            self.heads.append(f"{name} {'float' if kinds.is_floating(kind) else 'whole'}")
            self.numbers.append(_numbers(name, values))

    def _take_texts(self, name: str, values: pa.Array) -> None:
        if name not in UNIQUE_TEXTS:
            self.levels.append(_Levels.of(values))
        elif name == "decision_id":
            self.numbers.extend(_id_words(values))
        else:
            self.numbers.extend(_unique_words(values))

    def _take_structs(self, name: str, values: pa.ListArray) -> None:
        if self.starts is not None:
            raise _unknown(name, "a second list of structs")
        offsets = values.offsets.to_numpy().astype(np.int64)
        entries = values.values[int(offsets[0]) : int(offsets[-1])]  # noqa: PD011 - of Arrow
        fields = list(entries.type)
        self.heads.append(f"{name} of {' '.join(entry.name for entry in fields)}")
        columns = [
            word
            for place, entry in enumerate(fields)
            for word in _entry_words(entry.name, entries.field(place))
        ]
        self.starts = offsets - offsets[0]
        self.varying = np.stack(columns, dtype=np.uint64)

    def words(self) -> RowWords:
        """Return numbers, then two words for the columns' names and all texts; then the lists."""
        names = "\n".join(self.heads).encode()
        texts = _combined(names, self.levels, self.size).T
        fixed = np.stack([*self.numbers, *texts], dtype=np.uint64)
        starts = np.zeros(self.size + 1, np.int64) if self.starts is None else self.starts
        return RowWords(fixed, starts, self.varying)


# Texts: each level is hashed once.


@dataclass(frozen=True)
class _Levels:
    """A column of texts: the code of each row, and 16 bytes for each level; the last is null."""

    codes: NDArray[np.int32]
    digests: NDArray[np.uint8]

    @classmethod
    def of(cls, values: pa.Array) -> _Levels:
        """Return the levels of a column, coded or not."""
        if _is_constant(values):
            content = text_digest(values[0].as_py()) + text_digest(None)
            digests = np.frombuffer(content, np.uint8).reshape(-1, DIGEST_BYTES)
            return cls(np.zeros(len(values), np.int32), digests)
        coded = values if kinds.is_dictionary(values.type) else values.dictionary_encode()
        texts = coded.dictionary.to_pylist()
        content = b"".join(map(text_digest, (*texts, None)))
        codes = coded.indices
        if codes.null_count:
            codes = pc.fill_null(codes, pa.scalar(len(texts), codes.type))
        digests = np.frombuffer(content, np.uint8).reshape(-1, DIGEST_BYTES)
        return cls(codes.to_numpy(zero_copy_only=False), digests)


def _is_constant(values: pa.Array) -> bool:
    """Return whether plain texts are the same in every row, as the versions of a batch are."""
    n = len(values)
    if not n or values.null_count or kinds.is_dictionary(values.type):
        return False
    # Three rows tell nearly all other columns apart, before all rows are compared.
    first = values[0]
    is_likely = values[n // 2] == first and values[n - 1] == first
    return is_likely and bool(pc.all(pc.equal(values, first)).as_py())


@lru_cache(maxsize=REMEMBERED_TEXTS)
def text_digest(text: str | None) -> bytes:
    """Return 16 bytes of a text; null has bytes that no text has."""
    content = b"\0" if text is None else b"\1" + text.encode()
    return hashlib.blake2b(content, digest_size=DIGEST_BYTES).digest()


def _combined(names: bytes, columns: Sequence[_Levels], size: int) -> Words:
    """Return two words per row: the digest of the columns' names and of the row's texts.

    Rows repeat each other's texts, so few digests are made.
    """
    first, inverse = _groups(columns, size)
    head = hashlib.blake2b(names, digest_size=DIGEST_BYTES).digest()
    texts = [column.digests[column.codes[first]] for column in columns]
    # A combination a row, each level's bytes one after the other.
    spelled = np.concatenate(texts, axis=1) if texts else np.zeros((len(first), 0), np.uint8)
    made = [
        hashlib.blake2b(head + line.tobytes(), digest_size=DIGEST_BYTES).digest()
        for line in spelled
    ]
    return np.frombuffer(b"".join(made), np.uint64).reshape(-1, 2)[inverse]


def _groups(columns: Sequence[_Levels], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first row of each combination of codes, and the combination of each row."""
    running = np.zeros(size, np.int64)
    count = 1
    for column in columns:
        # A column with the same text everywhere tells no rows apart.
        if not size or (column.codes == column.codes[0]).all():
            continue
        levels = len(column.digests)
        if count * levels >= MAX_CODES:
            running, unique = pd.factorize(running)
            count = len(unique)
        running = running * levels + column.codes
        count *= levels
    inverse, unique = pd.factorize(running)
    first = np.empty(len(unique), np.int64)
    # From the last row to the first, so that the first row of a combination stays.
    first[inverse[::-1]] = np.arange(size - 1, -1, -1)
    return first, inverse


def _joined(values: pa.ListArray) -> pa.Array:
    if values.type.value_type != pa.string():
        values = values.cast(pa.list_(pa.string()))
    if pc.any(pc.match_substring(values.values, SEPARATOR)).as_py():
        raise _unknown("a list", "an entry with the character that stands between entries")
    joined = pc.binary_join(values, SEPARATOR)
    # With the number of entries: no entry and one empty text would be joined alike.
    lengths = pc.list_value_length(values).cast(pa.string())
    return pc.binary_join_element_wise(lengths, joined, SEPARATOR)


def _entry_words(name: str, values: pa.Array) -> Iterable[Words]:
    """Return the words of one field of the structs in a list."""
    if not _is_text(values.type):
        return [_numbers(name, values)]
    levels = _Levels.of(values)
    return levels.digests.view(np.uint64)[levels.codes].T


def _id_words(values: pa.Array) -> Iterator[Words]:
    """Yield four words per text: its 32 characters, or the digest of any other text and zeros."""
    plain = values.cast(pa.large_string())
    lengths = pc.fill_null(pc.binary_length(plain), 0).to_numpy(zero_copy_only=False)
    if len(lengths) and (lengths == ID_CHARACTERS).all():
        _, ends, content = plain.buffers()
        start = int(np.frombuffer(ends, np.int64)[plain.offset])
        piece = np.frombuffer(content, np.uint8)[start : start + ID_CHARACTERS * len(lengths)]
        # A copy, as the piece may begin where no word does.
        yield from piece.copy().view(np.uint64).reshape(-1, ID_WORDS).T
        return
    spelled = b"".join(map(_id_bytes, plain.to_pylist()))
    yield from np.frombuffer(spelled, np.uint64).reshape(-1, ID_WORDS).T


def _id_bytes(text: str | None) -> bytes:
    content = (text or "").encode()
    is_usual = len(content) == ID_CHARACTERS
    return content if is_usual else text_digest(text).ljust(ID_CHARACTERS, b"\0")


def _unique_words(values: pa.Array) -> Iterator[Words]:
    """Yield two words per text: its digest, without the memory that texts which recur have."""
    spelled = values.cast(pa.string()).to_pylist()
    # The one loop over rows here: hashlib takes one message at a time.
    made = b"".join(map(text_digest.__wrapped__, spelled))
    yield from np.frombuffer(made, np.uint64).reshape(-1, 2).T


# Numbers.


def _numbers(name: str, values: pa.Array) -> Words:
    kind = values.type
    if kinds.is_floating(kind) or kinds.is_null(kind):
        return floats(values).view(np.uint64)
    if kinds.is_temporal(kind):
        values = values.cast(pa.timestamp("us")).cast(pa.int64())
    elif kinds.is_boolean(kind):
        values = values.cast(pa.int64())
    elif not kinds.is_integer(kind):
        raise _unknown(name, str(kind))
    filled = pc.fill_null(values, 0) if values.null_count else values
    whole = filled.to_numpy(zero_copy_only=False)
    words = whole.astype(np.uint64 if kinds.is_uint64(kind) else np.int64).view(np.uint64)
    if values.null_count:
        words[values.is_null().to_numpy(zero_copy_only=False)] = NULL_WORD
    return words


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _is_text(kind: pa.DataType) -> bool:
    plain = kind.value_type if kinds.is_dictionary(kind) else kind
    return bool(kinds.is_string(plain) or kinds.is_large_string(plain))


def _unknown(name: str, got: str) -> DataError:
    return DataError.of(
        "A row cannot be put into words",
        where=name,
        expected="numbers, moments, texts, lists of texts, one list of structs of these",
        got=got,
        next_step="restore the file from its copy; creditloom writes no such column",
    )
