"""A consent withdrawn after the snapshot counts at the next decision, one's own and others'.

The batch, which sees the same statements, is asked as well: both say the same.
"""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import pyarrow as pa
import pytest

from creditloom.features.engine.engine import build
from creditloom.features.engine.shards import with_files
from creditloom.serving.applicant.online.online import OnlineFeatures
from creditloom.serving.applicant.online.persons.loading import load
from creditloom.serving.applicant.online.persons.rows.stored import OWN_TABLES
from creditloom.serving.applicant.online.persons.store import StoredPersons
from creditloom.serving.applicant.online.snapshot_check import OnlineSnapshot
from creditloom.serving.whole.batch_matrix import moved
from creditloom.storage.contract.contract import check_tables
from tests.features.raw import PARAMS, write_raw
from tests.online.world import AS_OF, World

# `make consumer` runs them: a network is made for them.
pytestmark = pytest.mark.slow

# What the graph of the month says of a person, and what the person's own contacts say.
GRAPH = ("soc_graph_pagerank_ratio_ever", "soc_graph_degree_ever")
OWN = ("friends_count",)
# After the first of the month, at which the snapshot stands, and before the decision.
WITHDRAWN = dt.datetime(2024, 6, 12)
NEW = 10**6


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World.made(tmp_path_factory.mktemp("consents"), people=14, seed=3, is_clean=True)


def withdrawal(world: World, person: int) -> pa.Table:
    """An application of a person which no longer agrees to the social network."""
    rows = world.raw["applications"]
    [row] = [one for one in rows.to_pylist() if one["applicant_id"] == person]
    gone = {**row, "application_id": NEW + person, "as_of": WITHDRAWN, "consent_social": False}
    return pa.Table.from_pylist([gone], rows.schema)


def features_of(store: StoredPersons, world: World, person: int) -> dict[str, float]:
    names = {*GRAPH, *OWN}
    tables = tuple(OWN_TABLES)
    graph = OnlineSnapshot.opened(store, names, tables, world.network, "")
    features = OnlineFeatures(store, names, graph, tables)
    made = features.made(person, AS_OF, None).application
    return {name: float(made[name]) for name in sorted(names)}


def of_batch(world: World, more: pa.Table, person: int, scratch: Path) -> dict[str, float]:
    """The same of a batch over all rows, the withdrawal among them."""
    raw = {**world.raw, "applications": pa.concat_tables([world.raw["applications"], more])}
    write_raw(raw, scratch / "raw")
    checked = check_tables(scratch / "raw", scratch / "q", scratch / "c", max_bad_share=1.0)
    moment = moved(checked.files, AS_OF, scratch / "applications.parquet")
    sources = with_files(checked.files, "applications", moment)
    rows = pa.concat_tables(build(sources, PARAMS)).to_pylist()
    # The last application of the person is the one that online decides.
    row = max((one for one in rows if one["applicant_id"] == person), key=_by_statement)
    found = {name: row[name] for name in sorted({*GRAPH, *OWN})}
    return {name: math.nan if value is None else value for name, value in found.items()}


def _by_statement(row: dict[str, object]) -> object:
    return row["application_id"]


def opened(world: World, scratch: Path) -> StoredPersons:
    store = StoredPersons.at(scratch / "store", is_new_allowed=True)
    load(store, world.folder)
    return store


def agreeing(world: World, store: StoredPersons) -> list[int]:
    """The people whom the network of the month knows, those with most neighbours first."""
    degree = {
        row["applicant_id"]: features_of(store, world, row["applicant_id"])[GRAPH[1]]
        for row in world.raw["applications"].to_pylist()
        if row["consent_social"] and row["as_of"] < WITHDRAWN
    }
    known = [person for person, value in degree.items() if value > 0]
    return sorted(known, key=lambda person: -degree[person])


def test_ones_own_withdrawal_takes_what_it_covers(network: World, tmp_path: Path) -> None:
    store = opened(network, tmp_path)
    person = agreeing(network, store)[0]
    before = features_of(store, network, person)
    assert all(not math.isnan(value) for value in before.values())
    more = withdrawal(network, person)
    store.append({"applications": more})
    after = features_of(store, network, person)
    assert all(math.isnan(value) for value in after.values())
    assert str(after) == str(of_batch(network, more, person, tmp_path / "batch"))


def test_a_neighbours_withdrawal_takes_the_neighbour_out(network: World, tmp_path: Path) -> None:
    store = opened(network, tmp_path)
    neighbour, *others = agreeing(network, store)
    before = {person: features_of(store, network, person) for person in others}
    more = withdrawal(network, neighbour)
    store.append({"applications": more})
    after = {person: features_of(store, network, person) for person in others}
    fewer = [person for person in others if after[person][GRAPH[1]] < before[person][GRAPH[1]]]
    assert fewer
    person = fewer[0]
    assert str(after[person]) == str(of_batch(network, more, person, tmp_path / "batch"))


def test_before_its_moment_a_withdrawal_changes_nothing(network: World, tmp_path: Path) -> None:
    """One of the future is in the store, and does not count yet."""
    store = opened(network, tmp_path)
    neighbour, person, *_ = agreeing(network, store)
    before = features_of(store, network, person)
    later = withdrawal(network, neighbour)
    moment = pa.array([AS_OF + dt.timedelta(days=1)], later.schema.field("as_of").type)
    at = later.schema.get_field_index("as_of")
    store.append({"applications": later.set_column(at, later.schema.field(at), moment)})
    assert str(features_of(store, network, person)) == str(before)
