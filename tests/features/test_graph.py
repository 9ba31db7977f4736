"""The network's measures on a network one can draw, and what may be known of the neighbours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse

from creditloom.features.contract.tables import CONTACTS, LOAN_PERFORMANCE
from creditloom.features.engine.engine import build
from creditloom.features.network import graph_measures
from tests.features.raw import PARAMS, random_applications, write_raw

# a triangle 0-1-2 with a tail 2-3, a pair 4-5, and 6 alone
EDGES = [(0, 1), (1, 2), (0, 2), (2, 3), (4, 5)]


@pytest.fixture(scope="module")
def adjacency() -> sparse.csr_matrix:
    a, b = np.array(EDGES).T
    return sparse.csr_matrix((np.ones(10), (np.r_[a, b], np.r_[b, a])), shape=(7, 7))


def test_core_numbers(adjacency: sparse.csr_matrix) -> None:
    assert graph_measures.core_numbers(adjacency).tolist() == [2, 2, 2, 1, 1, 1, 0]


def test_clustering(adjacency: sparse.csr_matrix) -> None:
    found, _ = graph_measures.neighbourhoods(adjacency, np.arange(7), np.zeros((7, 1)))
    assert found[:3].tolist() == [1.0, 1.0, 1 / 3]  # of the three pairs around 2 only 0-1 is linked
    assert np.isnan(found[3:]).all()


def test_component_shares(adjacency: sparse.csr_matrix) -> None:
    assert graph_measures.component_shares(adjacency).tolist() == [
        4 / 6,
        4 / 6,
        4 / 6,
        4 / 6,
        2 / 6,
        2 / 6,
        0,
    ]


def test_pagerank_averages_one(adjacency: sparse.csr_matrix) -> None:
    rank = graph_measures.pagerank(adjacency)
    assert rank[:6].mean() == pytest.approx(1.0)
    assert rank[2] > rank[0] == rank[1] > rank[3] and rank[4] == pytest.approx(1.0) and rank[6] == 0


def test_neighbour_max(adjacency: sparse.csr_matrix) -> None:
    assert graph_measures.neighbour_max(adjacency, np.arange(7.0) * 10)[:6].tolist() == [
        20,
        20,
        30,
        20,
        50,
        40,
    ]
    assert np.isnan(graph_measures.neighbour_max(adjacency, np.arange(7.0))[6])


def _people(as_of: str, n: int = 4) -> pa.Table:
    table = random_applications(n, np.random.default_rng(0))
    for at, field in enumerate(table.schema):
        if field.name == "as_of" or field.name.startswith("consent_"):
            value = np.datetime64(as_of, "us") if field.name == "as_of" else True
            table = table.set_column(at, field, pa.array([value] * n, field.type))
    return table


def _rows(schema: pa.Schema, **columns: list) -> pa.Table:
    n = len(columns["applicant_id"])
    times = {k: np.array(columns[k], "datetime64[us]") for k in ("event_time", "known_time")}
    return (
        pa.table({"event_id": np.arange(n), **columns, **times}).select(schema.names).cast(schema)
    )


def _features(tmp_path: Path, as_of: str, default_known: str, defaulter: int) -> dict[int, dict]:
    contacts = _rows(
        CONTACTS.arrow_schema,
        applicant_id=[0, 0, 1],
        contact_id=[1, 2, 0],
        event_time=["2024-01-05"] * 3,
        known_time=["2024-01-06", "2024-03-10", "2024-01-06"],
    )
    performance = _rows(
        LOAN_PERFORMANCE.arrow_schema,
        applicant_id=[1, defaulter],
        application_id=[1, defaulter],
        month_on_book=[1, 4],
        dpd_days=[0, 95],
        event_time=["2024-01-31", "2024-02-20"],
        known_time=["2024-02-03", default_known],
    )
    raw = {"applications": _people(as_of), "contacts": contacts, "loan_performance": performance}
    rows = pa.concat_tables(build(write_raw(raw, tmp_path), PARAMS)).to_pylist()
    return {
        row["application_id"]: {k.removeprefix("soc_graph_"): v for k, v in row.items()}
        for row in rows
    }


def test_only_what_was_known_before_the_first_of_the_month_counts(tmp_path: Path) -> None:
    march = _features(tmp_path / "march", "2024-03-20", "2024-02-25", defaulter=1)[0]
    assert (march["degree_ever"], march["mutual_share_ever"]) == (
        1,
        1.0,
    )  # the edge 0-2 is known from 10 March only
    assert (march["neighbour_loan_count_ever"], march["neighbour_default_share_ever"]) == (1, 1.0)
    april = _features(tmp_path / "april", "2024-04-02", "2024-02-25", defaulter=1)[0]
    assert (april["degree_ever"], april["mutual_share_ever"]) == (2, 1 / 2)


def test_a_neighbours_default_counts_only_once_known(tmp_path: Path) -> None:
    before = _features(tmp_path, "2024-03-20", "2024-03-01", defaulter=1)[0]
    assert (before["neighbour_default_count_ever"], before["neighbour_default_share_ever"]) == (
        0,
        0.0,
    )


def test_ones_own_default_never_counts(tmp_path: Path) -> None:
    own = _features(tmp_path, "2024-05-02", "2024-02-25", defaulter=0)
    assert own[0]["neighbour_default_count_ever"] == 0
    assert own[1]["neighbour_default_count_ever"] == 1  # person 1 knows person 0


def test_people_outside_the_network(tmp_path: Path) -> None:
    alone = _features(tmp_path, "2024-05-02", "2024-02-25", defaulter=1)[3]
    assert (
        alone["degree_ever"],
        alone["mutual_share_ever"],
        alone["neighbour_default_share_ever"],
    ) == (0, None, None)
