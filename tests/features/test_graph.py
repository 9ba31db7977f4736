"""The network's measures on a network one can draw, and what may be known of the neighbours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse

from creditloom.features.contract.tables import CONTACTS, INTERACTIONS, LOAN_PERFORMANCE, LOGINS
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
        is_restructured=[False, False],
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


def _stated(as_of: list[str], consents: list[bool]) -> pa.Table:
    """Person k applies at as_of[k] with that social consent, or without; person 0 comes last."""
    table = _people("2024-03-20", len(as_of))
    for name, values in (
        ("as_of", np.array(as_of, "datetime64[us]")),
        ("consent_social", consents),
    ):
        field = table.schema.field(name)
        at = table.column_names.index(name)
        table = table.set_column(at, field, pa.array(values, field.type))
    return table


def _around(tmp_path: Path, people: pa.Table) -> dict[str, float | None]:
    """Return the graph features of person 0, who knows 1 and 2 and is messaged by both."""
    contacts = _rows(
        CONTACTS.arrow_schema,
        applicant_id=[0, 0, 1, 2],
        contact_id=[1, 2, 2, 0],
        event_time=["2024-01-05"] * 4,
        known_time=["2024-01-06"] * 4,
    )
    messages = _rows(
        INTERACTIONS.arrow_schema,
        applicant_id=[1, 2, 0],
        contact_id=[0, 0, 1],
        kind=["chat"] * 3,
        n_messages=[5, 3, 2],
        event_time=["2024-01-07"] * 3,
        known_time=["2024-01-08"] * 3,
    )
    loans = _rows(
        LOAN_PERFORMANCE.arrow_schema,
        applicant_id=[1],
        application_id=[1],
        month_on_book=[4],
        dpd_days=[95],
        is_restructured=[False],
        event_time=["2024-01-31"],
        known_time=["2024-02-03"],
    )
    raw = {
        "applications": people, "contacts": contacts, "interactions": messages,
        "loan_performance": loans,
    }  # fmt: skip
    rows = pa.concat_tables(build(write_raw(raw, tmp_path), PARAMS)).to_pylist()
    of_zero = {row["applicant_id"]: row for row in rows if row["as_of"].month == 3}[0]
    return {k.removeprefix("soc_graph_"): v for k, v in of_zero.items()}


# table: when person 1 refuses, and how many neighbours and messages person 0 then has in March
@pytest.mark.parametrize(
    ("refused", "neighbours", "messages"),
    [("2024-02-10", 1, 3), ("2024-03-05", 2, 10), ("2024-04-01", 2, 10)],
)
def test_who_refused_before_the_month_is_nobodys_neighbour(
    tmp_path: Path, refused: str, neighbours: int, messages: int
) -> None:
    people = _stated(["2024-03-20", refused, "2024-02-01"], [True, False, True])
    found = _around(tmp_path, people)
    assert (found["degree_ever"], found["strength_count_ever"]) == (neighbours, messages)
    assert found["neighbour_loan_count_ever"] == found["neighbour_default_count_ever"]
    assert found["neighbour_loan_count_ever"] == neighbours - 1
    assert found["clustering_share_ever"] == (1.0 if neighbours == 2 else None)


def _again(people: pa.Table, person: int, *, consent: bool) -> pa.Table:
    """Return another application of a person, of 10 February."""
    [row] = people.slice(person, 1).to_pylist()
    moment = np.datetime64("2024-02-10", "us").item()
    other = {**row, "application_id": 9, "as_of": moment, "consent_social": consent}
    return pa.Table.from_pylist([other], schema=people.schema)


def test_the_last_word_before_the_month_counts(tmp_path: Path) -> None:
    """Person 1 refused in January and agreed in February."""
    people = _stated(["2024-03-20", "2024-01-10", "2024-02-01"], [True, False, True])
    again = _again(people, 1, consent=True)
    assert _around(tmp_path, pa.concat_tables([people, again]))["degree_ever"] == 2


def test_who_agrees_only_now_is_not_in_the_network_of_then(tmp_path: Path) -> None:
    people = _stated(["2024-03-20", "2024-02-10", "2024-02-01"], [True, True, True])
    earlier = _again(people, 0, consent=False)
    assert _around(tmp_path, pa.concat_tables([people, earlier]))["degree_ever"] is None


def test_others_at_an_address_count_unless_they_refused(tmp_path: Path) -> None:
    """Persons 0 and 1 share an address; 1 agreed to it in January and refused in February."""
    # table: columns of logins
    logins = _rows(
        LOGINS.arrow_schema,
        applicant_id=[0, 1],
        device_id=[1, 2],
        ip_id=[7, 7],
        ip_region=[3, 3],
        network=["wifi", "wifi"],
        is_fingerprint_match=[True, True],
        is_emulator=[False, False],
        event_time=["2024-03-10"] * 2,
        known_time=["2024-03-11"] * 2,
    )
    for refused, others in (("2024-02-10", 0), ("2024-03-20", 1)):
        rows = _people("2024-03-20", 2).to_pylist()
        moment = np.datetime64(refused, "us").item()
        rows[1] = {**rows[1], "as_of": moment, "consent_location": False}
        people = pa.Table.from_pylist(rows, schema=_people("2024-03-20", 2).schema)
        sources = write_raw({"applications": people, "logins": logins}, tmp_path / refused)
        first = pa.concat_tables(build(sources, PARAMS)).to_pylist()[0]
        assert first["dev_met_address_people_count_1m"] == others
        assert first["ip_applicants_30d"] == others + 1


def test_proved_wealth_is_null_where_assets_were_refused(tmp_path: Path) -> None:
    people = random_applications(50, np.random.default_rng(0))
    rows = pa.concat_tables(build(write_raw({"applications": people}, tmp_path), PARAMS))
    stated = {row["application_id"]: row["wealth_fen"] for row in people.to_pylist()}
    assert {row["consent_assets"] for row in rows.to_pylist()} == {True, False}
    for row in rows.to_pylist():
        expected = stated[row["application_id"]] if row["consent_assets"] else None
        assert row["wealth_fen"] == expected
