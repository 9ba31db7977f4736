"""One 64-bit hash per row of an Arrow table, worked out column by column.

The same values give the same hash whatever the file, the width of a number or the encoding of a text: numbers are hashed as float64 (the id
exactly), null and every NaN as one word, text as UTF-8. Each step is a bijection of the running hash and of the value, so a change of one
value always changes the hash; of several, but for one chance in 2^64. That suffices because a row's hash is only ever compared with the one
written down for that row. It is no defence against someone who forges both: files, parts and batches carry sha256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds
from numpy.typing import NDArray

from creditloom.serving.inputs import InputColumn

# A table as the decision reads it: its columns in declared order, numbers as float64 where null is the one NaN, texts spelled out.

NUMERIC = ("number", "flag")


def canonical(table: pa.Table, columns: Iterable[InputColumn]) -> pa.Table:
    """The columns of `table` that are read: id (int64 or text), times (naive us), numbers and flags (float64 without nulls), texts.

    Numbers and flags lie one after the other in one piece of memory, which the runtime takes as its matrix without copying.
    """
    columns = tuple(columns)
    x = iter(np.empty((sum(column.kind in NUMERIC for column in columns), len(table))))
    return pa.table(
        {column.name: _plain(_whole(table[column.name]), column, x) for column in columns}
    )


def _whole(column: pa.ChunkedArray) -> pa.Array:
    whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return whole.cast(whole.type.value_type) if kinds.is_dictionary(whole.type) else whole


def _plain(values: pa.Array, column: InputColumn, x: Iterator[NDArray[np.float64]]) -> pa.Array:
    if column.kind in NUMERIC:
        return pa.array(_fill(next(x), values))
    if column.kind == "time":
        return values.cast(pa.timestamp("us"), safe=False)
    return values.cast(pa.int64() if kinds.is_integer(values.type) else pa.string())


def floats(values: pa.Array) -> NDArray[np.float64]:
    """Numbers or flags as float64 with one bit pattern for null and any NaN."""
    return _fill(np.empty(len(values)), values)


def _fill(numbers: NDArray[np.float64], values: pa.Array) -> NDArray[np.float64]:
    if kinds.is_null(values.type):
        numbers.fill(np.nan)
        return numbers
    plain = values if kinds.is_float64(values.type) else values.cast(pa.float64())
    start, stop = plain.offset, plain.offset + len(plain)
    numbers[:] = np.frombuffer(plain.buffers()[1], np.float64)[start:stop]
    if plain.null_count:
        valid = np.unpackbits(
            np.frombuffer(plain.buffers()[0], np.uint8), count=stop, bitorder="little"
        )[start:]
        numbers[np.flatnonzero(valid == 0)] = np.nan
    is_nan = np.isnan(numbers)
    if (
        np.count_nonzero(is_nan) != plain.null_count
    ):  # those not from nulls may have any bit pattern
        numbers[is_nan] = np.nan
    return numbers


HashWords = NDArray[np.uint64]

EXACT = "application_id"  # a whole number above 2^53 is another one as float64
NULL = np.uint64(0x7FF8_0000_0000_0000)
MULTIPLIER = np.uint64(0xD6E8_FEB8_6659_FD93)
HALF = np.uint64(32)
RADIX = 0x9E37_79B9_7F4A_7C15  # odd, so its powers can be divided by modulo 2^64
BYTES = np.frombuffer(
    hashlib.shake_256(b"creditloom ledger").digest(8 * 256), np.uint64
)  # the word of each byte of a text


def row_hashes(table: pa.Table, *, is_canonical: bool = False) -> HashWords:
    """One hash per row over names and values of all columns, in the table's order of columns.

    `is_canonical` promises a table from `canonical`, whose numbers need no second look.
    """
    names = hashlib.sha256("\0".join(table.schema.names).encode()).digest()
    running = np.full(len(table), np.frombuffer(names, np.uint64)[0])
    for name, column in zip(table.schema.names, table.columns, strict=True):
        whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        is_ready = is_canonical and kinds.is_float64(whole.type)
        _fold(
            running,
            whole.to_numpy().view(np.uint64) if is_ready else words(whole, is_exact=name == EXACT),
        )
    return _mixed(running)


def words(values: pa.Array, *, is_exact: bool = False) -> HashWords:
    """The values of one column as 64-bit words."""
    kind = values.type
    if kinds.is_dictionary(kind):
        return _coded(values)
    if kinds.is_string(kind) or kinds.is_large_string(kind):
        return _coded(values.dictionary_encode())  # most texts repeat
    if kinds.is_list(kind):
        return _lists(values)
    if kinds.is_struct(kind):
        return _structs(values)
    if kinds.is_temporal(kind):
        return _whole_numbers(values.cast(pa.timestamp("us")).cast(pa.int64()))
    if is_exact and kinds.is_integer(kind):
        return _whole_numbers(values.cast(pa.int64()))
    return floats(values).view(np.uint64)


def _fold(running: HashWords, values: HashWords) -> None:
    """running = mix(running xor value), in place."""
    running ^= values
    running *= MULTIPLIER
    running ^= running >> HALF


def _mixed(values: HashWords) -> HashWords:
    mixed = values * MULTIPLIER
    mixed ^= mixed >> HALF
    mixed *= MULTIPLIER
    return mixed


def _whole_numbers(values: pa.Array) -> HashWords:
    found = pc.fill_null(values, 0).to_numpy(zero_copy_only=False).view(np.uint64)
    return np.where(_is_null(values), NULL, found) if values.null_count else found


def _coded(values: pa.DictionaryArray) -> HashWords:
    kind = values.type.value_type
    is_text = kinds.is_string(kind) or kinds.is_large_string(kind)
    found = (
        _texts(values.dictionary.cast(pa.large_string())) if is_text else words(values.dictionary)
    )
    levels = np.append(found, NULL)
    return levels[
        pc.fill_null(values.indices.cast(pa.int64()), len(levels) - 1).to_numpy(
            zero_copy_only=False
        )
    ]


def _texts(values: pa.LargeStringArray) -> HashWords:
    """sum of word(byte) * RADIX^place over the bytes of each text, from running sums over the whole buffer, then mixed with its length."""
    ends = np.frombuffer(values.buffers()[1], np.int64)[
        values.offset : values.offset + len(values) + 1
    ]
    first, last = int(ends[0]), int(ends[-1])
    data = np.frombuffer(values.buffers()[2] or b"", np.uint8)[first:last]
    up, down = _powers(max(1 << 16, 1 << (last - first).bit_length()))
    sums = np.zeros(last - first + 1, np.uint64)
    np.cumsum(BYTES[data] * up[: len(data)], out=sums[1:])
    starts, stops = ends[:-1] - first, ends[1:] - first
    found = _mixed((sums[stops] - sums[starts]) * down[starts] ^ (stops - starts).view(np.uint64))
    return np.where(_is_null(values), NULL, found) if values.null_count else found


@lru_cache(maxsize=2)
def _powers(size: int) -> tuple[HashWords, HashWords]:
    """RADIX^0, RADIX^1, ... and their inverses modulo 2^64."""
    tables = []
    for base in (RADIX, pow(RADIX, -1, 1 << 64)):
        powers = np.full(size, base, np.uint64)
        powers[0] = 1
        tables.append(np.cumprod(powers, dtype=np.uint64))
    return tables[0], tables[1]


def _lists(values: pa.ListArray) -> HashWords:
    """Entries count by value and place."""
    ends = values.offsets.to_numpy().astype(np.int64)
    first, last = int(ends[0]), int(ends[-1])
    entries = words(values.values[first:last])
    lengths = np.diff(ends)
    places = np.arange(last - first) - np.repeat(ends[:-1] - first, lengths)
    sums = np.zeros(last - first + 1, np.uint64)
    np.cumsum(_mixed(entries ^ _mixed(places.view(np.uint64))), out=sums[1:])
    return _mixed((sums[ends[1:] - first] - sums[ends[:-1] - first]) ^ lengths.view(np.uint64))


def _structs(values: pa.StructArray) -> HashWords:
    running = np.zeros(len(values), np.uint64)
    for field in values.flatten():
        _fold(running, words(field))
    return running


def _is_null(values: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(values.is_null().to_numpy(zero_copy_only=False), dtype=bool)


def decision_hashes(decisions: pa.Table) -> HashWords:
    """The row hash of decisions without their key and the wording of reasons, which follows from concept, points and input."""
    kept = decisions.drop_columns(["decision_id"])
    place = kept.schema.get_field_index("reasons")
    entries = kept.column(place).combine_chunks()
    told = entries.values
    bare = pa.StructArray.from_arrays(
        [told.field("concept"), told.field("points")], ["concept", "points"]
    )
    return row_hashes(
        kept.set_column(place, "reasons", pa.ListArray.from_arrays(entries.offsets, bare))
    )
