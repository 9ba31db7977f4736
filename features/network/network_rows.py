"""The rows behind a number that other people's rows say: a person's edges, their other ends.

Such a number also rests on rows that are nobody's edges of this person (a centrality on all of
them), so it is made again of the whole raw tables, which the caller knows by their sha256.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from .. import clock
from ..contract.tables import CONTACTS as CONTACTS_TABLE
from ..declare.declarations import FeatureSpec
from ..engine.raw_reader import RawFiles, literal, require
from ..policy_inputs.consents import statements
from ..policy_inputs.device_counts import CO_USE_DAYS
from .graph import networks, snapshots
from .graph_history import graph_history, positions_in
from .network_features import MEETINGS, SNAPSHOT, TRANSFERS
from .shared_devices import meetings
from .transfers import transfers

if TYPE_CHECKING:
    from ..engine.raw_reader import Connection

GRAPH_NAMES = frozenset(spec.name for spec in SNAPSHOT)
TRANSFER_NAMES = frozenset(spec.name for spec in TRANSFERS)
MEETING_NAMES = frozenset(spec.name for spec in MEETINGS)
# Edges of the graph: who lists whom, known before the first of the month of as_of. `other` is the
# person at the other end.
GRAPH_EDGES = """
SELECT '{table}' AS "table", filename AS file, file_row_number AS position,
    event_time, known_time, applicant_id = $me AS is_own,
    CASE WHEN applicant_id = $me THEN contact_id ELSE applicant_id END AS other
FROM read_parquet({files}, filename = true, file_row_number = true, hive_partitioning = false)
WHERE (applicant_id = $me OR contact_id = $me) AND applicant_id <> contact_id
    AND month_index(known_from(event_time, known_time)) < month_index($as_of::TIMESTAMP)
    AND month_index(known_from(event_time, known_time)) >= $first_month
"""
# Transfers of the person with another one, known before as_of.
TRANSFER_EDGES = """
SELECT 'payments' AS "table", filename AS file, file_row_number AS position,
    event_time, known_time, applicant_id = $me AS is_own,
    CASE WHEN applicant_id = $me THEN counterparty_id ELSE applicant_id END AS other
FROM read_parquet({files}, filename = true, file_row_number = true, hive_partitioning = false)
WHERE (applicant_id = $me OR counterparty_id = $me)
    AND counterparty_id <> applicant_id AND direction IN ('in', 'out')
    AND event_time < $as_of::TIMESTAMP AND known_time < $as_of::TIMESTAMP
"""
# Logins of the last days on an identifier of the person: the own ones and those of others.
LOGIN_EDGES = """
WITH logins AS (
    FROM read_parquet({files}, filename = true, file_row_number = true, hive_partitioning = false)
    WHERE event_time < $as_of::TIMESTAMP AND known_time < $as_of::TIMESTAMP
        AND event_time >= $as_of::TIMESTAMP - to_days($days)
), mine AS (SELECT DISTINCT device_id, ip_id FROM logins WHERE applicant_id = $me)
SELECT 'logins' AS "table", filename AS file, file_row_number AS position,
    event_time, known_time, applicant_id = $me AS is_own, applicant_id AS other
FROM logins
WHERE device_id IN (SELECT device_id FROM mine) OR ip_id IN (SELECT ip_id FROM mine)
"""


@dataclass(frozen=True)
class NetworkRows:
    """A person's edges, and per person at their other end the values that entered.

    `edges` has table, file, position, event_time, known_time, is_own, and `other`: a number from 1,
    the row of `others`. Nobody is named: an edge's row says who, to those who may read it.
    `others` has n_links, and the months since which a loan, a delay and a default are known, as
    dates, null where none is known.
    """

    edges: pa.Table
    others: pa.Table


def tables_of(spec: FeatureSpec) -> tuple[str, ...]:
    """Return the raw tables that a number of other people's rows is made of."""
    # Consents are stated in the applications.
    own = (spec.table, *spec.also)
    if spec.name in MEETING_NAMES:
        own = (*own, "identity_checks")
    return tuple(dict.fromkeys(("applications", *own)))


def values_again(
    con: Connection, sources: RawFiles, applications: pa.Table, names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return these features of the applications, made of the whole raw tables."""
    wanted = set(names)
    made: dict[str, np.ndarray] = {}
    for group, make in (
        (GRAPH_NAMES, snapshots),
        (TRANSFER_NAMES, transfers),
        (MEETING_NAMES, meetings),
    ):
        if wanted & group:
            made |= make(con, sources, applications, wanted)
    return {name: made[name] for name in names}


def network_rows(
    con: Connection, sources: RawFiles, application: pa.Table, spec: FeatureSpec
) -> NetworkRows:
    """Return the edges of one application's person that a number was made of."""
    as_of = application.column("as_of")[0].as_py()
    asked = {"me": application.column("applicant_id")[0].as_py(), "as_of": as_of}
    if spec.name in GRAPH_NAMES:
        month = int(clock.month_index(np.array([as_of], "datetime64[us]"))[0])
        first = {"contacts": 0, "interactions": month - clock.N_MONTHS}
        tables = ["contacts", *(name for name in spec.also if name in first)]
        queries = [
            (GRAPH_EDGES.format(table=name, files=_files(sources, name)), first[name])
            for name in tables
        ]
        edges = pa.concat_tables(
            con.sql(query, params={**asked, "first_month": since}).to_arrow_table()
            for query, since in queries
        )
        refused = _refused(con, sources, application)
        # People who had refused the consent are at nobody's other end.
        edges = edges.filter(pa.array(~np.isin(edges.column("other").to_numpy(), refused)))
        return _numbered(edges, _graph_values(con, sources, edges, month, refused))
    if spec.name in TRANSFER_NAMES:
        query = TRANSFER_EDGES.format(files=_files(sources, "payments"))
    else:
        query = LOGIN_EDGES.format(files=_files(sources, "logins"))
        asked["days"] = CO_USE_DAYS
    return _numbered(con.sql(query, params=asked).to_arrow_table(), None)


def _files(sources: RawFiles, name: str) -> str:
    texts = [literal(file).replace("'", "''") for file in require(sources, name)]
    return "[" + ", ".join(f"'{text}'" for text in texts) + "]"


def _refused(con: Connection, sources: RawFiles, application: pa.Table) -> np.ndarray:
    """Return the people who are left out of the network of one application."""
    stated = statements(con, sources, str(CONTACTS_TABLE.consent))
    ((_, _, refused),) = networks(stated, application)
    return refused


def _graph_values(
    con: Connection, sources: RawFiles, edges: pa.Table, month: int, refused: np.ndarray
) -> tuple[np.ndarray, dict[str, pa.Array]]:
    """Return the people at the other ends, and the values of each in the graph of the month."""
    history = graph_history(con, sources)
    hidden = np.isin(history.nodes, refused)
    links = history.without(hidden, refused).links
    others = np.unique(edges.column("other").to_numpy())
    position, is_node = positions_in(history.nodes, others)
    degree = np.zeros(len(others))
    degree[is_node] = np.diff(links.adjacency(month).indptr)[position]
    values: dict[str, pa.Array] = {"n_links": pa.array(degree)}
    for name, known in (
        ("loan_since", history.loan_month),
        ("late_since", history.late_month),
        ("default_since", history.bad_month),
    ):
        months = np.full(len(others), month)
        months[is_node] = known[position]
        dates = months.astype("datetime64[M]").astype("datetime64[D]")
        # What became known in the month or later did not enter.
        values[name] = pa.array(dates, mask=months >= month)
    return others, values


def _numbered(edges: pa.Table, found: tuple[np.ndarray, dict[str, pa.Array]] | None) -> NetworkRows:
    """Return the edges with a number in place of the other person's id."""
    order = [("table", "ascending"), ("file", "ascending"), ("position", "ascending")]
    edges = edges.sort_by(order)
    ids = edges.column("other").to_numpy()
    people, values = found if found else (np.unique(ids), {})
    number = np.searchsorted(people, ids) + 1
    edges = edges.set_column(edges.column_names.index("other"), "other", pa.array(number))
    others = pa.table({"other": pa.array(np.arange(1, len(people) + 1)), **values})
    return NetworkRows(edges, others)
