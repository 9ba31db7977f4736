"""Compute one 64-bit hash per row of an Arrow table, column by column.

The same values give the same hash whatever the file, the width of a number or the encoding of a
text: numbers are hashed as float64 (the id exactly), null and every NaN as one word, text as UTF-8.

Each step is a bijection of the running hash and of the value. So a change of one value always
changes the hash; a change of several values is missed with a chance of one in 2^64. That suffices
because a row's hash is only ever compared with the one recorded for that row. It is no defence
against someone who forges both: files, parts and batches carry sha256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds
from numpy.typing import NDArray

from creditloom.decision.frames.accepted import fill, read_array
from creditloom.decision.frames.columns import InputColumn, InputLayout
from creditloom.decision.frames.input_block import of_table
from creditloom.features.compiled import jit

# The canonical table: what the decision reads, in declared order, in one type per kind.


def canonical(table: pa.Table, columns: Iterable[InputColumn]) -> pa.Table:
    """Return the columns of `table` that are read, each in the one type of its kind.

    The id is int64 or text, times are naive us, numbers and flags are float64 without nulls (null
    is the one NaN), texts are spelled out. Numbers and flags lie one after the other in one piece
    of memory, which the runtime takes as its matrix without copying. The forms are the runtime's
    (`decision/frames/accepted.py`); a value that its form cannot hold is null.
    """
    return of_table(table, InputLayout(tuple(columns), 0)).table()


def id_column(table: pa.Table, columns: Sequence[InputColumn]) -> pa.Array:
    """Return the ids of a table, int64 or text; the first of the columns names the application."""
    ids: pa.Array = read_array(columns[0], _whole(table[columns[0].read_from])).data
    return ids


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """Return the column as one array; `combine_chunks` copies, so a single chunk is taken as is."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def floats(values: pa.Array) -> NDArray[np.float64]:
    """Return numbers or flags as float64, with one bit pattern for null and any NaN."""
    numbers = np.empty(len(values))
    fill(numbers, values, "")
    return numbers


# The hash of a row: the words of its values, folded one after the other.

HashWords = NDArray[np.uint64]

# The one column hashed as a whole number: above 2^53 float64 would take two ids for one.
EXACT_COLUMN = "application_id"
# The bits of the standard NaN: a null number, a NaN and a null text are the same word.
NULL_WORD = np.uint64(0x7FF8_0000_0000_0000)
# Odd, so that multiplying by it is a bijection modulo 2^64; its bits look random.
MULTIPLIER = np.uint64(0xD6E8_FEB8_6659_FD93)
# Half of the 64 bits: multiplying moves information up only, the shift brings it down again.
SHIFT_BITS = np.uint64(32)
# Odd, so that its powers can be divided by modulo 2^64.
RADIX = 0x9E37_79B9_7F4A_7C15
# The word of each byte of a text: 256 of 8 bytes, the same on every machine.
BYTE_WORDS = np.frombuffer(hashlib.shake_256(b"creditloom ledger").digest(8 * 256), np.uint64)
# Powers of RADIX kept at least, so that short texts share one table.
MIN_POWERS = 1 << 16


def row_hashes(table: pa.Table, *, is_canonical: bool = False) -> HashWords:
    """Return one hash per row over names and values of all columns, in the table's column order.

    `is_canonical` promises a table from `canonical`, whose numbers are not checked again.
    """
    names = hashlib.sha256("\0".join(table.schema.names).encode()).digest()
    running = np.full(len(table), np.frombuffer(names, np.uint64)[0])
    for name, column in zip(table.schema.names, table.columns, strict=True):
        whole = _whole(column)
        if is_canonical and kinds.is_float64(whole.type):
            _fold(running, whole.to_numpy().view(np.uint64))
        else:
            _fold(running, words(whole, is_exact=name == EXACT_COLUMN))
    return _mixed(running)


def words(values: pa.Array, *, is_exact: bool = False) -> HashWords:
    """Return the values of one column as 64-bit words."""
    kind = values.type
    if kinds.is_dictionary(kind):
        return _coded(values)
    if kinds.is_string(kind) or kinds.is_large_string(kind):
        # Most texts repeat: each level is hashed once.
        return _coded(values.dictionary_encode())
    if kinds.is_list(kind):
        return _lists(values)
    if kinds.is_struct(kind):
        return _structs(values)
    if kinds.is_temporal(kind):
        return _whole_numbers(values.cast(pa.timestamp("us")).cast(pa.int64()))
    if is_exact and kinds.is_integer(kind):
        return _whole_numbers(values.cast(pa.int64()))
    return floats(values).view(np.uint64)


# Compiled: numpy would go over the running hashes once per step, for hundreds of columns.
@jit
def _fold(running, values):  # type: ignore[no-untyped-def]
    """Set running = mix(running xor value), in place: a column must not cost a new array."""
    for row in range(len(running)):
        mixed = (running[row] ^ values[row]) * MULTIPLIER
        running[row] = mixed ^ (mixed >> SHIFT_BITS)


def _mixed(values: HashWords) -> HashWords:
    mixed = values * MULTIPLIER
    mixed ^= mixed >> SHIFT_BITS
    mixed *= MULTIPLIER
    return mixed


def _whole_numbers(values: pa.Array) -> HashWords:
    numbers = pc.fill_null(values, 0).to_numpy(zero_copy_only=False).view(np.uint64)
    return np.where(_is_null(values), NULL_WORD, numbers) if values.null_count else numbers


def _coded(values: pa.DictionaryArray) -> HashWords:
    dictionary = values.dictionary
    is_text = kinds.is_string(dictionary.type) or kinds.is_large_string(dictionary.type)
    level_words = _texts(dictionary.cast(pa.large_string())) if is_text else words(dictionary)
    # One more level at the end, which the null codes point to.
    levels = np.append(level_words, NULL_WORD)
    codes = pc.fill_null(values.indices.cast(pa.int64()), len(levels) - 1)
    return levels[codes.to_numpy(zero_copy_only=False)]


def _texts(values: pa.LargeStringArray) -> HashWords:
    """Return sum of word(byte) * RADIX^place over the bytes of each text, mixed with its length.

    The sums come from running sums over the whole buffer, without a loop over texts: a text's sum
    is the difference at its two ends, divided by the power of RADIX at its start.
    """
    _, offsets, content = values.buffers()
    ends = np.frombuffer(offsets, np.int64)[values.offset : values.offset + len(values) + 1]
    first = int(ends[0])
    last = int(ends[-1])
    # A buffer of no bytes is None in Arrow.
    data = np.frombuffer(content or b"", np.uint8)[first:last]
    # A power of two, so that the cache of powers is hit by most blocks.
    powers, inverses = _powers(max(MIN_POWERS, 1 << (last - first).bit_length()))
    sums = np.zeros(last - first + 1, np.uint64)
    np.cumsum(BYTE_WORDS[data] * powers[: len(data)], out=sums[1:])
    starts = ends[:-1] - first
    stops = ends[1:] - first
    lengths = (stops - starts).view(np.uint64)
    hashes = _mixed((sums[stops] - sums[starts]) * inverses[starts] ^ lengths)
    return np.where(_is_null(values), NULL_WORD, hashes) if values.null_count else hashes


@lru_cache(maxsize=2)
def _powers(size: int) -> tuple[HashWords, HashWords]:
    """Return RADIX^0, RADIX^1, ... and their inverses modulo 2^64."""
    tables = []
    for base in (RADIX, pow(RADIX, -1, 1 << 64)):
        powers = np.full(size, base, np.uint64)
        powers[0] = 1
        # uint64 overflows silently, which is the arithmetic modulo 2^64 that is meant.
        tables.append(np.cumprod(powers, dtype=np.uint64))
    return tables[0], tables[1]


def _lists(values: pa.ListArray) -> HashWords:
    """Return one word per list: the sum of its entries' words, each mixed with its place."""
    ends = values.offsets.to_numpy().astype(np.int64)
    first = int(ends[0])
    last = int(ends[-1])
    starts = ends[:-1] - first
    stops = ends[1:] - first
    entry_words = words(values.values[first:last])
    lengths = np.diff(ends)
    places = np.arange(last - first) - np.repeat(starts, lengths)
    # The place is mixed in, as a sum alone would not see two entries change places.
    placed = _mixed(entry_words ^ _mixed(places.view(np.uint64)))
    sums = np.zeros(last - first + 1, np.uint64)
    np.cumsum(placed, out=sums[1:])
    return _mixed((sums[stops] - sums[starts]) ^ lengths.view(np.uint64))


def _structs(values: pa.StructArray) -> HashWords:
    running = np.zeros(len(values), np.uint64)
    for field in values.flatten():
        _fold(running, words(field))
    return running


def _is_null(values: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(values.is_null().to_numpy(zero_copy_only=False), dtype=bool)


def decision_hashes(decisions: pa.Table) -> HashWords:
    """Return the row hash of decisions, without their key and the wording of their reasons.

    The wording follows from concept, points and input, and may be improved by a later release.
    """
    content = decisions.drop_columns(["decision_id"])
    place = content.schema.get_field_index("reasons")
    reasons = content.column(place).combine_chunks()
    reason_fields = [reasons.values.field("concept"), reasons.values.field("points")]
    bare = pa.StructArray.from_arrays(reason_fields, ["concept", "points"])
    unworded = pa.ListArray.from_arrays(reasons.offsets, bare)
    return row_hashes(content.set_column(place, "reasons", unworded))
