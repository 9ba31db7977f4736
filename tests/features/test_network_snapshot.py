"""A snapshot of the network gives the bits that all raw rows give, on any day of its month.

The slow obvious way - the whole raw tables, without a snapshot - is the oracle.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from creditloom.features import clock
from creditloom.features.engine.raw_reader import RawFiles, applications, connect
from creditloom.features.feature_params import FeatureError
from creditloom.features.network import snapshot_tables
from creditloom.features.network.graph import Network, others
from creditloom.features.network.network_features import OF_OTHERS
from creditloom.features.network.snapshot_making import snapshot_of
from creditloom.features.network.snapshot_reading import NetworkSnapshot
from creditloom.features.policy_inputs.consents import STATED
from tests.features.raw import PARAMS, Raw, write_raw

MONTH = int(clock.month_index(np.array(["2024-06-01"], "datetime64[us]"))[0])
BEFORE = "2024-05-02"
WITHIN = "2024-06-03"
SOCIAL = "consent_social"
# table: days of decisions, who withdraws, when: nobody; after the snapshot was made, though before
# the month; within the month, before and after the decision
DAYS = (
    ("2024-06-01T00:00", (), BEFORE),
    ("2024-06-02T07:00", (), BEFORE),
    ("2024-06-15T10:30", (3, 7), BEFORE),
    ("2024-06-15T10:30", (3, 7, 9), WITHIN),
    ("2024-06-02T23:00", (3, 7), WITHIN),
    ("2024-06-30T23:59", (5,), WITHIN),
)


def decided(raw: Raw, file: Path, moment: str, refused: Sequence[int], stated: str) -> list[str]:
    """Write the applications as of one moment; `refused` withdrew two consents at `stated`."""
    rows = raw["applications"]
    own = rows["as_of"].to_numpy().astype("datetime64[us]").copy()
    own[list(refused)] = np.datetime64(stated, "us")
    columns = {"as_of": np.full(len(rows), np.datetime64(moment, "us"))}
    for consent in (SOCIAL, "consent_location"):
        given = rows[consent].to_numpy(zero_copy_only=False).astype(bool).copy()
        given[list(refused)] = False
        columns[consent] = given
    for name, values in columns.items():
        at = rows.schema.get_field_index(name)
        rows = rows.set_column(at, name, pa.array(values, rows.schema.field(at).type))
    pq.write_table(rows.append_column(STATED, pa.array(own)), file)
    return [str(file)]


@pytest.fixture(scope="module")
def sources(raw: Raw, tmp_path_factory: pytest.TempPathFactory) -> RawFiles:
    return write_raw(raw, tmp_path_factory.mktemp("network"), 1)


def made(sources: RawFiles, folder: Path, month: int = MONTH) -> NetworkSnapshot:
    con = connect(PARAMS)
    files = {}
    for table, rows in snapshot_of(con, sources, month):
        assert rows.schema == table.schema
        files[table.name] = str(folder / f"{table.name}.parquet")
        pq.write_table(rows, files[table.name])
    return NetworkSnapshot(files, month)


@pytest.fixture(scope="module")
def snapshot(sources: RawFiles, tmp_path_factory: pytest.TempPathFactory) -> NetworkSnapshot:
    return made(sources, tmp_path_factory.mktemp("snapshot"))


def values(sources: RawFiles, network: Network = others) -> dict[str, np.ndarray]:
    """Return what other people's rows say, as the engine asks for it; the kernel nulls later."""
    con = connect(PARAMS)
    return network(con, sources, applications(con, sources), OF_OTHERS)


def differing(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> list[str]:
    assert set(a) == set(b) == OF_OTHERS
    left, right = ({name: one[name].astype(float).tobytes() for name in one} for one in (a, b))
    return [name for name in left if left[name] != right[name]]


@pytest.mark.parametrize(("moment", "refused", "stated"), DAYS)
def test_every_value_is_that_of_all_raw_rows(
    raw: Raw,
    sources: RawFiles,
    snapshot: NetworkSnapshot,
    tmp_path: Path,
    moment: str,
    refused: Sequence[int],
    stated: str,
) -> None:
    people = decided(raw, tmp_path / "people.parquet", moment, refused, stated)
    there = {**sources, "applications": people}
    assert not differing(values(there), values(there, snapshot.others))


def test_a_consent_withdrawn_within_the_month_counts_for_neighbours_at_once(
    raw: Raw, sources: RawFiles, snapshot: NetworkSnapshot, tmp_path: Path
) -> None:
    """The snapshot knows nothing of it: it comes from the applications at hand."""
    degrees = []
    for refused in ((), (3,)):
        people = decided(
            raw, tmp_path / f"{len(refused)}.parquet", "2024-06-15T10:30", refused, WITHIN
        )
        table = values({**sources, "applications": people}, snapshot.others)
        degrees.append(table["soc_graph_degree_ever"].tolist())
    links = pq.read_table(snapshot.files["links"])
    mine = set(links.filter(pc.equal(links["person"], 3))["other"].to_pylist())
    assert mine
    for person, (before, after) in enumerate(zip(*degrees, strict=True)):
        if person == 3:
            assert np.isnan(after)
        else:
            assert before - after == (person in mine)


def test_each_table_is_needed(
    sources: RawFiles, snapshot: NetworkSnapshot, raw: Raw, tmp_path: Path
) -> None:
    """The plausible fault: a reader that passes over a table. Each moves some value."""
    people = decided(raw, tmp_path / "people.parquet", "2024-06-15T10:30", (3,), WITHIN)
    there = {**sources, "applications": people}
    whole = values(there)
    # `refused` only says whether the graph is measured again; `graph` is looked at by column.
    for name in set(snapshot_tables.TABLES) - {"refused", "graph"}:
        rows = pq.read_table(snapshot.files[name])
        fewer = rows.slice(0, len(rows) - max(1, len(rows) // 4))
        assert differing(whole, values(there, _with(snapshot, name, fewer, tmp_path))), name
    for column in ("has_loan", "has_late", "has_default"):
        rows = pq.read_table(snapshot.files["graph"])
        at = rows.schema.get_field_index(column)
        other = rows.set_column(at, column, pc.invert(rows[column]))
        assert differing(whole, values(there, _with(snapshot, "graph", other, tmp_path))), column


def _with(snapshot: NetworkSnapshot, name: str, rows: pa.Table, folder: Path) -> Network:
    """Return the reader of the snapshot with other rows in one table."""
    file = folder / f"{name}.parquet"
    pq.write_table(rows, file)
    return NetworkSnapshot({**snapshot.files, name: str(file)}, MONTH).others


def test_a_decision_of_another_month_is_refused(
    sources: RawFiles, snapshot: NetworkSnapshot, raw: Raw, tmp_path: Path
) -> None:
    people = decided(raw, tmp_path / "july.parquet", "2024-07-01T00:00", (), BEFORE)
    with pytest.raises(FeatureError, match=r"expected decisions of 2024-06.*as 2024-07"):
        values({**sources, "applications": people}, snapshot.others)


def test_without_a_table_there_is_nothing_of_it(sources: RawFiles, tmp_path: Path) -> None:
    few = {name: sources[name] for name in ("applications", "logins")}
    assert set(made(few, tmp_path).files) == {"devices", "addresses", "linked"}
