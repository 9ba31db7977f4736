"""Raw tables and the runtime accept the same stored types, and read the same moments in them.

Storage may not import the runtime, so each states the table; this test holds the two together.
"""

from __future__ import annotations

import pyarrow as pa
import pytest

from creditloom.decision.frames import accepted
from creditloom.decision.frames.columns import InputColumn
from creditloom.features.contract.tables import TABLES, Column
from creditloom.storage.contract.moments import moment
from creditloom.storage.contract.stored_types import converted, is_accepted

# table: types in which a Parquet file may store a column
TYPES = (
    pa.null(), pa.bool_(), pa.int8(), pa.int64(), pa.uint8(), pa.uint64(), pa.float16(),
    pa.float32(), pa.float64(), pa.decimal128(38, 2), pa.decimal256(76, 2), pa.string(),
    pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()), pa.binary(),
    pa.timestamp("s"), pa.timestamp("ms", "UTC"), pa.timestamp("us", "Asia/Shanghai"),
    pa.timestamp("ns", "+08:00"), pa.date32(), pa.date64(), pa.time64("us"), pa.duration("us"),
    pa.list_(pa.int64()), pa.struct([("a", pa.int64())]), pa.uuid(),
)  # fmt: skip
COLUMNS = {column.name: column for table in TABLES.values() for column in table.columns}
# table: kind of a column in the runtime -> a raw column of that kind
OF_KIND = {
    "id": COLUMNS["event_id"], "time": COLUMNS["as_of"], "number": COLUMNS["utilisation"],
    "flag": COLUMNS["is_student"], "text": COLUMNS["purpose"],
}  # fmt: skip
MOMENTS = ("2025-11-03", "2025-11-03T10:00", "2025-11-03 10:00:00.123456789+08:00", "20251103",
           "2025-11-03T10:00:00Z", "0001-01-01T00:00+14:00", "2025-02-30", "1762164000", "", " ",
           "9999-12-31T23:59:59-14:00", "2025-W45-1", "03/11/2025")  # fmt: skip


@pytest.mark.parametrize("kind", OF_KIND)
def test_both_accept_the_same_types(kind: str) -> None:
    raw: Column = OF_KIND[kind]
    one = InputColumn(raw.name, kind)
    stored = {str(t) for t in TYPES if is_accepted(raw, t)}
    read = {str(t) for t in TYPES if accepted.is_accepted(one, t)}
    # Ids of raw tables are whole numbers: a mapping numbers texts and UUIDs.
    assert stored == read - ({"extension<arrow.uuid>"} if kind == "id" else set())


@pytest.mark.parametrize("text", MOMENTS)
def test_both_read_a_text_as_the_same_moment(text: str) -> None:
    read = accepted.read_array(InputColumn("as_of", "time"), pa.array([text]))
    micros = None if read.faults else int(read.data.astype("int64")[0])
    assert moment(text) == micros


# table: values that both must read alike
VALUES = [
    pa.array([1, None], pa.timestamp("ms", "Asia/Shanghai")),
    pa.array([-1], pa.timestamp("ns")),
    pa.array([19_000], pa.date32()),
    pa.array([5.0, 5.5]),
    pa.array([2**64 - 1], pa.uint64()),
]


@pytest.mark.parametrize("values", VALUES)
def test_both_read_the_same_values(values: pa.Array) -> None:
    kind = "id" if pa.types.is_floating(values.type) or values.type == pa.uint64() else "time"
    theirs = accepted.read_array(InputColumn("as_of", kind), values)
    _, is_unfit = converted(pa.chunked_array([values]), OF_KIND[kind])
    assert is_unfit.tolist() == [
        any(row in fault.rows for fault in theirs.faults) for row in range(len(values))
    ]
