"""Features made of other people's rows: the graph, transfers, shared devices and addresses.

The graph is one snapshot of the network for each month in which somebody applies. A contact, a
message or a neighbour's record counts only if it happened and was known before the first day of
the application's month. One's own record never counts: loops are dropped, and the way back to
oneself is no second degree. Whoever had refused the social consent by then is nobody's neighbour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from scipy import sparse

from .. import clock
from ..aggregates.event_columns import divide
from ..contract.tables import CONTACTS
from ..declare.texts import NO_CONSENT
from ..engine.raw_reader import RawFiles
from ..policy_inputs.consents import statements
from ..policy_inputs.device_counts import applicants_per_identifier
from . import graph_measures
from .graph_history import GraphHistory, graph_history, positions_in
from .network_features import SNAPSHOT
from .shared_devices import meetings
from .transfers import transfers

if TYPE_CHECKING:
    from ..engine.raw_reader import Connection


def others(con: Connection, sources: RawFiles, applications: pa.Table) -> dict[str, np.ndarray]:
    """Return all that other people's rows say, by name of the feature or policy input.

    There is one value per application, in the order given. What needs an absent table is left out.
    """
    columns: dict[str, np.ndarray] = {}
    for columns_of in (snapshots, transfers, meetings, applicants_per_identifier):
        columns |= columns_of(con, sources, applications)
    return columns


def snapshots(con: Connection, sources: RawFiles, applications: pa.Table) -> dict[str, np.ndarray]:
    """Return every graph feature of every application, in the order given.

    There is nothing without a contacts table. People outside the network have counts of 0 and null
    shares and averages. The kernel nulls what lacks consent, later.
    """
    if not sources.get("contacts"):
        return {}
    history = graph_history(con, sources)
    stated = statements(con, sources, str(CONTACTS.consent))
    months = clock.month_index(applications.column("as_of").to_numpy())
    applicants = applications.column("applicant_id").to_numpy()
    columns = {spec.name: _of_nobody(spec.null_meaning, len(months)) for spec in SNAPSHOT}
    # One snapshot per month, for all who apply in it.
    for month in np.unique(months):
        at = np.flatnonzero(months == month)
        nodes, is_node = positions_in(history.nodes, applicants[at])
        refused = stated.refused(int(month))
        is_hidden = np.isin(history.nodes, refused)
        measures = _measures(history.without(is_hidden, refused), int(month), nodes)
        for spec, values in zip(SNAPSHOT, measures, strict=True):
            # The network of that moment does not hold whoever agreed after it only.
            columns[spec.name][at[is_node]] = np.where(is_hidden[nodes], np.nan, values)
    return columns


def _of_nobody(null_meaning: str, n: int) -> np.ndarray:
    """Return the values of people outside the network."""
    # What is null for want of consent alone is a count: it is 0 where there is nobody.
    return np.full(n, 0.0 if null_meaning == NO_CONSENT else np.nan)


def _measures(history: GraphHistory, month: int, nodes: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the values of the nodes in the order of SNAPSHOT."""
    both_ways = history.links.adjacency(month)
    record = _known_record(history, month)
    clustering, second_degree = graph_measures.neighbourhoods(both_ways, nodes, record)
    position = _position(history, month, both_ways, nodes)
    # The first column of a record counts the person.
    second_count = second_degree[:, 0]
    return (
        *position,
        clustering,
        second_count,
        *_strength(history, month, nodes),
        *_record_shares(both_ways[nodes] @ record),
        *_record_shares(second_degree),
    )


def _position(
    history: GraphHistory, month: int, both_ways: sparse.csr_matrix, nodes: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Return where the nodes stand in the network."""
    links = history.links
    degree = np.diff(both_ways.indptr).astype(float)
    mine = both_ways[nodes]
    lists = links.out_month < month
    is_listed = links.in_month < month
    in_degree = links.count(is_listed)[nodes]
    out_degree = links.count(lists)[nodes]
    mutual = links.count(lists & is_listed)[nodes]
    core = graph_measures.core_numbers(both_ways)[nodes]
    rank = graph_measures.pagerank(both_ways)[nodes]
    component = graph_measures.component_shares(both_ways)[nodes]
    return (
        in_degree,
        degree[nodes],
        divide(mutual, out_degree),
        divide(mine @ degree, degree[nodes]),
        graph_measures.neighbour_max(mine, degree),
        core,
        rank,
        component,
    )


def _known_record(history: GraphHistory, month: int) -> np.ndarray:
    """Return (nodes, 4): 1, and whether a loan, default and delay are known before the month."""
    columns = [np.ones(len(history.nodes))]
    for known in (history.loan_month, history.bad_month, history.late_month):
        columns.append((known < month).astype(float))
    return np.stack(columns, axis=1)


def _record_shares(people: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return loans, defaults, and the shares of defaults and delays among the loans.

    `people` has sums of `_known_record` over the people around each node.
    """
    _, loans, defaults, delays = people.T
    return loans, defaults, divide(defaults, loans), divide(delays, loans)


def _strength(history: GraphHistory, month: int, nodes: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return measures of the messages of the twelve months before the month.

    They are: messages received, messages in all, the share of the strongest tie, and the share of
    ties with messages both ways.
    """
    messages = history.messages
    n = len(nodes)
    at, row = graph_measures.rows_of(messages.start, nodes)
    is_recent = (messages.month[row] < month) & (messages.month[row] >= month - clock.N_MONTHS)
    at = at[is_recent]
    row = row[is_recent]
    # Messages of one tie follow one another, so a tie begins where node or tie changes.
    is_new_node = np.diff(at, prepend=-1) != 0
    is_new_tie = np.diff(messages.tie[row], prepend=-1) != 0
    first = np.flatnonzero(is_new_node | is_new_tie)
    count = messages.count[row]
    is_sent = messages.is_sent[row]
    sent = np.add.reduceat(np.where(is_sent, count, 0.0), first)
    received = np.add.reduceat(np.where(is_sent, 0.0, count), first)
    node_of_tie = at[first]
    of_tie = sent + received
    strongest = np.zeros(n)
    np.maximum.at(strongest, node_of_tie, of_tie)
    total = np.bincount(node_of_tie, of_tie, n)
    answered_ties = np.where((sent > 0) & (received > 0), of_tie, 0.0)
    answered = np.bincount(node_of_tie, answered_ties, n)
    return (
        np.bincount(node_of_tie, received, n),
        total,
        divide(strongest, total),
        divide(answered, total),
    )
