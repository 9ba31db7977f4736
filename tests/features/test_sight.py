"""Rows in memory give an application the same visible rows as the relational form.

Sorted files are read once, and only where they must be.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.features.contract.tables import EVENT_TABLES, PAYMENTS
from creditloom.features.declare.declarations import Stream
from creditloom.features.declare.registry import plan
from creditloom.features.engine import point_in_time, row_groups
from creditloom.features.engine.point_in_time import Sight, columns_asked, events, joined
from creditloom.features.engine.row_groups import RowGroups
from tests.features.raw import DAY, Raw, write_raw
from tests.features.test_spark import soiled

STREAMS = [stream for stream, _ in plan([table.name for table in EVENT_TABLES]).streams]


def several(applications: pa.Table) -> pa.Table:
    """Return raw tables in which each third person applies again, ten days later.

    Sorted by person, as the engine reads them.
    """
    again = applications.take(np.arange(0, len(applications), 3))
    later = pa.array(again.column("as_of").to_numpy() + 10 * DAY, pa.timestamp("us"))
    again = again.set_column(
        again.schema.get_field_index("as_of"), applications.schema.field("as_of"), later
    )
    return pa.concat_tables([applications, again]).sort_by("applicant_id").combine_chunks()


def by_sql(rows: pa.Table, spine: pa.Table, stream: Stream) -> list[str]:
    con = ibis.duckdb.connect()
    numbered = spine.append_column("row", pa.array(np.arange(len(spine))))
    con.con.register("happened", rows)
    con.con.register("spine", numbered)
    return written(events(con.table("happened"), con.table("spine"), stream).to_pyarrow())


def written(rows: pa.Table) -> list[str]:
    """Rows as texts in one order, as an order of rows is promised by nobody."""
    return sorted(map(repr, rows.select(sorted(rows.column_names)).to_pylist()))


@pytest.mark.parametrize("stream", STREAMS, ids=[stream.table.name for stream in STREAMS])
@pytest.mark.parametrize("dirty", [False, True], ids=["clean", "dirty"])
def test_the_join_in_memory_is_the_relational_one(
    raw: Raw, tmp_path: Path, stream: Stream, dirty: bool
) -> None:
    rows = (soiled(raw) if dirty else raw)[stream.table.name]
    files = write_raw({stream.table.name: rows}, tmp_path, parts=3)[stream.table.name]
    spine = several(raw["applications"]).slice(5, 25)
    seen = Sight(spine).seen(RowGroups(files, columns_asked(stream)), stream)
    assert len(seen) > 100
    assert written(seen) == by_sql(rows, spine, stream)


def test_nothing_is_seen_in_files_of_other_people(raw: Raw, tmp_path: Path) -> None:
    stream = next(stream for stream in STREAMS if stream.table is PAYMENTS)
    rows = raw[PAYMENTS.name]
    files = write_raw(
        {PAYMENTS.name: rows.filter(pa.array(rows.column("applicant_id").to_numpy() > 20))},
        tmp_path,
    )[PAYMENTS.name]
    seen = Sight(raw["applications"].slice(0, 20)).seen(
        RowGroups(files, columns_asked(stream)), stream
    )
    assert len(seen) == 0 and seen.column("category").type == pa.int8()


def test_each_group_of_sorted_files_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in range(3):
        ids = np.sort(np.random.default_rng(part).integers(part * 100, (part + 1) * 100, 1_000))
        pq.write_table(
            pa.table({"applicant_id": ids}), tmp_path / f"{part}.parquet", row_group_size=300
        )
    read: list[row_groups.Group] = []
    whole = row_groups._read
    monkeypatch.setattr(
        row_groups, "_read", lambda group, columns: read.append(group) or whole(group, columns)
    )
    groups = RowGroups(
        [str(tmp_path / f"{part}.parquet") for part in range(3)], [PAYMENTS.columns[1]]
    )
    for low in range(0, 300, 7):
        found = np.concatenate(
            [rows.column("applicant_id").to_numpy() for rows in groups.read(low, low + 6)]
        )
        all_ids = np.concatenate(
            [
                pq.read_table(file).column("applicant_id").to_numpy()
                for file in sorted(tmp_path.iterdir())
            ]
        )
        asked = (all_ids >= low) & (all_ids <= low + 6)
        assert np.array_equal(found[(found >= low) & (found <= low + 6)], all_ids[asked])
    assert groups.rows == 3_000 and len(read) == len(set(map(id, read))) == 12


def test_runs_are_read_once_each_and_old_or_later_groups_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    for month in range(6):
        ids = np.sort(rng.integers(0, 90, 400))
        moments = pa.array((month * 30 + rng.integers(0, 30, 400)) * DAY.astype(np.int64))
        time = moments.cast(pa.timestamp("us"))
        rows = pa.table({"applicant_id": ids, "event_time": time, "known_time": time})
        pq.write_table(rows, tmp_path / f"{month}.parquet", row_group_size=100)
    read: list[row_groups.Group] = []
    whole = row_groups._read
    monkeypatch.setattr(
        row_groups, "_read", lambda group, columns: read.append(group) or whole(group, columns)
    )
    files = sorted(map(str, tmp_path.iterdir()))
    groups = RowGroups(files, [PAYMENTS.columns[k] for k in (1, 2, 3)])
    day = int(DAY.astype(np.int64))
    moments_asked = row_groups.SeenMoments(oldest=60 * day, end=150 * day)
    rows_read = 0
    for low in range(0, 90, 10):
        for rows in groups.read(low, low + 9, moments_asked):
            ids = rows.column("applicant_id").to_numpy()
            assert len(ids) == 0 or (ids.min() >= low and ids.max() <= low + 9)
            rows_read += len(rows)
    # Of six months those of days 60 to 149 may be seen, each of their 12 groups once.
    assert rows_read == 1_200 and len(read) == len(set(map(id, read))) == 12
    assert {group.path for group in read} == set(files[2:5])


def test_runs_are_joined_in_their_order_and_another_schema_stands_apart() -> None:
    runs = [pa.table({"event_id": [k]}) for k in (3, 1, 2)]
    other = pa.table({"event_id": pa.array([0], pa.int32())})
    found = [rows["event_id"].to_pylist() for rows in joined([*runs, other, *runs])]
    assert found == [[3, 1, 2], [0], [3, 1, 2]]


def test_no_more_groups_are_held_than_their_bytes_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files in no order hand on each whole group: a table must not be held at once.

    A slice of one row counts as the group that it keeps in memory.
    """
    read: list[int] = []

    def groups() -> Iterator[pa.Table]:
        for k in range(9):
            read.append(k)
            yield pa.table({"event_id": np.arange(1_000)}).slice(k, 1)

    # Two groups of 8,000 bytes reach it.
    monkeypatch.setattr(point_in_time, "JOINED_BYTES", 16_000)
    # The group after those that are joined is read before they are handed on.
    assert [(len(rows), len(read)) for rows in joined(groups())] == [
        (2, 3),
        (2, 5),
        (2, 7),
        (2, 9),
        (1, 9),
    ]
