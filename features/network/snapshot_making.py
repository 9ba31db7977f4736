"""Makes a snapshot of the network of a month from raw tables, by DuckDB and scipy.

The values are those that the engine makes without a snapshot: the same code makes both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from .. import clock
from ..contract.tables import CONTACTS, IDENTITY_CHECKS, LOGINS, PAYMENTS
from ..engine.raw_reader import RawFiles, fetch, view
from ..policy_inputs.consents import statements
from ..policy_inputs.device_counts import CO_USE_DAYS, make_shared
from . import snapshot_tables as st
from .graph import MonthGraph
from .graph_history import GraphHistory, graph_history
from .network_features import SNAPSHOT
from .shared_devices import DeviceLinks, make_begun
from .snapshot_tables import SnapshotTable, ordered
from .transfers import MOVED, transfer_links

if TYPE_CHECKING:
    from ..engine.raw_reader import Connection

# From the earliest moment that a decision of the month looks back to.
RECENT_TRANSFERS = """
WITH recent AS (FROM moved WHERE event_time >= $first::TIMESTAMP - to_days($days))
SELECT payer AS person, payee AS other, true AS is_paid, event_time, known_time FROM recent
UNION ALL SELECT payee, payer, false, event_time, known_time FROM recent
"""
RECENT_LOGINS = """
SELECT identifier, applicant_id, event_time, known_time FROM shared_{column}
WHERE identifier IS NOT NULL AND applicant_id IS NOT NULL AND event_time IS NOT NULL
    AND known_time IS NOT NULL AND event_time >= $first::TIMESTAMP - to_days($days)
"""


def snapshot_of(
    con: Connection, sources: RawFiles, month: int
) -> Iterator[tuple[SnapshotTable, pa.Table]]:
    """Yield the tables of the snapshot of a calendar month (`clock.month_index`).

    What a raw table is absent for is left out.
    """
    first = np.datetime64(month, "M").astype("datetime64[us]").item()
    if sources.get(CONTACTS.name):
        yield from _of_graph(con, sources, month)
    if sources.get(PAYMENTS.name):
        yield from _of_transfers(con, sources, first)
    if sources.get(LOGINS.name):
        yield from _of_logins(con, sources, month, first)
    if sources.get(IDENTITY_CHECKS.name):
        make_begun(con, sources)
        applicant, begun = fetch(con, "SELECT applicant_id, begun FROM begun WHERE begun NOT NULL")
        yield st.BEGUN, ordered(st.BEGUN, {"applicant_id": applicant, "begun": begun})


def _of_graph(
    con: Connection, sources: RawFiles, month: int
) -> Iterator[tuple[SnapshotTable, pa.Table]]:
    history = graph_history(con, sources)
    refused = statements(con, sources, str(CONTACTS.consent)).refused(month)
    is_hidden = np.isin(history.nodes, refused)
    everyone = np.arange(len(history.nodes))
    graph = MonthGraph(history.without(is_hidden, refused), month, everyone)
    values = {spec.name: np.where(is_hidden, np.nan, graph.values(spec)) for spec in SNAPSHOT}
    # table: columns of the graph
    people = {
        "person": history.nodes,
        "is_hidden": is_hidden,
        "has_loan": history.loan_month < month,
        "has_late": history.late_month < month,
        "has_default": history.bad_month < month,
        **values,
    }
    yield st.GRAPH, ordered(st.GRAPH, people)
    yield st.REFUSED, ordered(st.REFUSED, {"person": refused})
    yield st.LINKS, ordered(st.LINKS, _links(history, month))
    yield st.MESSAGES, ordered(st.MESSAGES, _messages(history, month))


def _links(history: GraphHistory, month: int) -> dict[str, object]:
    """Return the links known before the month, those of hidden people among them."""
    links = history.links
    lists = links.out_month < month
    is_listed = links.in_month < month
    known = lists | is_listed
    person = np.repeat(history.nodes, np.diff(links.start))
    # table: columns of the links
    return {
        "person": person[known],
        "other": history.nodes[links.other[known]],
        "lists": lists[known],
        "is_listed": is_listed[known],
    }


def _messages(history: GraphHistory, month: int) -> dict[str, object]:
    """Return the messages of the year before the month, summed by tie and direction.

    Numbers of messages are whole, so their sums are exact in any order.
    """
    messages = history.messages
    recent = (messages.month < month) & (messages.month >= month - clock.N_MONTHS)
    person = np.repeat(history.nodes, np.diff(messages.start))[recent]
    key = (messages.tie[recent].astype(np.int64) - 1) * 2 + messages.is_sent[recent]
    keys, first, place = np.unique(key, return_index=True, return_inverse=True)
    # table: columns of the messages
    return {
        "person": person[first],
        "other": messages.other[keys // 2],
        "is_sent": keys % 2 == 1,
        "n_messages": np.bincount(place, messages.count[recent], len(keys)),
    }


def _of_transfers(
    con: Connection, sources: RawFiles, first: object
) -> Iterator[tuple[SnapshotTable, pa.Table]]:
    view(con, sources, PAYMENTS.name)
    con.execute(MOVED)
    recent = fetch(con, RECENT_TRANSFERS, first=first, days=clock.YEAR_DAYS)
    names = st.TRANSFER_ROWS.schema.names
    yield st.TRANSFER_ROWS, ordered(st.TRANSFER_ROWS, dict(zip(names, recent, strict=True)))
    people, links = transfer_links(con)
    con.execute("DROP TABLE moved")
    payer = np.repeat(people, np.diff(links.start))
    since = links.known.astype("datetime64[us]")
    paid = {"person": payer, "other": people[links.target], "since": since}
    yield st.PAID, ordered(st.PAID, paid)
    circles = links.circles()
    corner = np.repeat(people, np.diff(circles.start))
    moments = {"person": corner, "since": circles.moment.astype("datetime64[us]")}
    yield st.CIRCLES, ordered(st.CIRCLES, moments)


def _of_logins(
    con: Connection, sources: RawFiles, month: int, first: object
) -> Iterator[tuple[SnapshotTable, pa.Table]]:
    for table, column in ((st.DEVICES, "device_id"), (st.ADDRESSES, "ip_id")):
        make_shared(con, sources, column)
        query = RECENT_LOGINS.format(column=column)
        rows = fetch(con, query, first=first, days=CO_USE_DAYS)
        yield table, ordered(table, dict(zip(table.schema.names, rows, strict=True)))
    links = DeviceLinks(con)
    linked = {"person": links.people, "others": links.linked(month)}
    yield st.LINKED, ordered(st.LINKED, linked)
