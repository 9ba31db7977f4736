"""Features made of other people's rows: the graph, transfers, shared devices and addresses.

The graph is one snapshot of the network for each month in which somebody applies. A contact, a
message or a neighbour's record counts only if it happened and was known before the first day of
the application's month. One's own record never counts: loops are dropped, and the way back to
oneself is no second degree. Whoever had refused the social consent by then is nobody's neighbour.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from scipy import sparse

from .. import clock
from ..aggregates.event_columns import divide
from ..contract.tables import CONTACTS
from ..declare.declarations import FeatureSpec
from ..declare.texts import NO_CONSENT
from ..engine.raw_reader import RawFiles
from ..policy_inputs.consents import Statements, statements
from ..policy_inputs.device_counts import applicants_per_identifier
from . import graph_measures
from .graph_history import GraphHistory, graph_history, positions_in
from .network_features import OF_OTHERS, SNAPSHOT
from .shared_devices import meetings
from .transfers import transfers

if TYPE_CHECKING:
    from ..engine.raw_reader import Connection


# Gives what other people's rows say: arguments and result are those of `others`.
Network = Callable[["Connection", RawFiles, pa.Table, Collection[str]], dict[str, np.ndarray]]


def others(
    con: Connection,
    sources: RawFiles,
    applications: pa.Table,
    wanted: Collection[str] = OF_OTHERS,
) -> dict[str, np.ndarray]:
    """Return what other people's rows say, by name of the feature or policy input.

    There is one value per application, in the order given. Only names that are `wanted` are made.
    What needs an absent table is left out.
    """
    columns: dict[str, np.ndarray] = {}
    for columns_of in (snapshots, transfers, meetings, applicants_per_identifier):
        columns |= columns_of(con, sources, applications, wanted)
    return columns


def snapshots(
    con: Connection,
    sources: RawFiles,
    applications: pa.Table,
    wanted: Collection[str] = OF_OTHERS,
) -> dict[str, np.ndarray]:
    """Return every graph feature that is wanted of every application, in the order given.

    There is nothing without a contacts table. People outside the network have counts of 0 and null
    shares and averages. The kernel nulls what lacks consent, later.
    """
    specs = [spec for spec in SNAPSHOT if spec.name in wanted]
    if not sources.get("contacts") or not specs:
        return {}
    needed = {"contacts"}.union(*(spec.also for spec in specs))
    history = graph_history(con, {name: sources.get(name, ()) for name in needed})
    stated = statements(con, sources, str(CONTACTS.consent))
    applicants = applications.column("applicant_id").to_numpy()
    columns = {spec.name: of_nobody(spec.null_meaning, len(applicants)) for spec in specs}
    for at, month, refused in networks(stated, applications):
        nodes, is_node = positions_in(history.nodes, applicants[at])
        is_hidden = np.isin(history.nodes, refused)
        of_month = MonthGraph(history.without(is_hidden, refused), month, nodes)
        for spec in specs:
            values = of_month.values(spec)
            # The network of that moment does not hold whoever agreed after it only.
            columns[spec.name][at[is_node]] = np.where(is_hidden[nodes], np.nan, values)
    return columns


def networks(
    stated: Statements, applications: pa.Table
) -> Iterator[tuple[np.ndarray, int, np.ndarray]]:
    """Yield (places of applications, month, people who are left out) per network to be measured.

    There is one network per month, of which everybody is left out who had refused by its first day.
    Where everyone is decided as of one moment, a refusal counts that is stated before that moment,
    too. Where each application has a moment of its own, that would be a network per application: a
    refusal within the month counts from the next one on.
    """
    as_of = applications.column("as_of").to_numpy().astype("datetime64[us]")
    months = clock.month_index(as_of)
    keys = as_of if stated.is_moved else months
    for key in np.unique(keys):
        at = np.flatnonzero(keys == key)
        month = int(months[at[0]])
        refused = stated.refused(month)
        if stated.is_moved:
            # Whoever agreed since the first of the month stays out: that network holds nobody new.
            refused = np.union1d(refused, stated.refused_before(key))
        yield at, month, refused


def of_nobody(null_meaning: str, n: int) -> np.ndarray:
    """Return the values of people outside the network."""
    # What is null for want of consent alone is a count: it is 0 where there is nobody.
    return np.full(n, 0.0 if null_meaning == NO_CONSENT else np.nan)


class MonthGraph:
    """The network as it was known before a month, and the measures of some of its nodes.

    A measure is made when it is first asked for: a model asks for a few.
    """

    def __init__(self, history: GraphHistory, month: int, nodes: np.ndarray) -> None:
        self.history = history
        self.month = month
        self.nodes = nodes

    def values(self, spec: FeatureSpec) -> np.ndarray:
        """Return the values of one feature of SNAPSHOT, one per node."""
        return MEASURES[spec.measure](self)

    @cached_property
    def both_ways(self) -> sparse.csr_matrix:
        """The undirected 0/1 adjacency."""
        return self.history.links.adjacency(self.month)

    @cached_property
    def degree(self) -> np.ndarray:
        """Links of every node of the network, either way."""
        return np.diff(self.both_ways.indptr).astype(float)

    @cached_property
    def mine(self) -> sparse.csr_matrix:
        """The rows of the adjacency of the nodes that are asked for."""
        return self.both_ways[self.nodes]

    @cached_property
    def record(self) -> np.ndarray:
        """What is known of everybody's loans."""
        return _known_record(self.history, self.month)

    @cached_property
    def neighbourhoods(self) -> tuple[np.ndarray, np.ndarray]:
        """Clustering, and sums of the records over the second degree."""
        return graph_measures.neighbourhoods(self.both_ways, self.nodes, self.record)

    @cached_property
    def first_records(self) -> tuple[np.ndarray, ...]:
        """Loans, defaults and their shares among the neighbours."""
        return _record_shares(self.mine @ self.record)

    @cached_property
    def second_records(self) -> tuple[np.ndarray, ...]:
        """The same over the second degree."""
        return _record_shares(self.neighbourhoods[1])

    @cached_property
    def strength(self) -> tuple[np.ndarray, ...]:
        """Measures of the messages of the last twelve months."""
        return _strength(self.history, self.month, self.nodes)

    def links(self, *, is_out: bool, is_in: bool) -> np.ndarray:
        """Return the number of links that are known as outgoing, as incoming, or as both."""
        links = self.history.links
        known = np.ones(len(links.other), bool)
        if is_out:
            known &= links.out_month < self.month
        if is_in:
            known &= links.in_month < self.month
        return links.count(known)[self.nodes]


# table: measures of the graph by the name that the declarations give them
MEASURES: dict[str, Callable[[MonthGraph], np.ndarray]] = {
    "in_degree": lambda g: g.links(is_out=False, is_in=True),
    "degree": lambda g: g.degree[g.nodes],
    "mutual_share": lambda g: divide(
        g.links(is_out=True, is_in=True), g.links(is_out=True, is_in=False)
    ),
    "neighbour_degree_mean": lambda g: divide(g.mine @ g.degree, g.degree[g.nodes]),
    "neighbour_degree_max": lambda g: graph_measures.neighbour_max(g.mine, g.degree),
    "core_number": lambda g: graph_measures.core_numbers(g.both_ways)[g.nodes],
    "pagerank_ratio": lambda g: graph_measures.pagerank(g.both_ways)[g.nodes],
    "component_share": lambda g: graph_measures.component_shares(g.both_ways)[g.nodes],
    "clustering_share": lambda g: g.neighbourhoods[0],
    # The first column of a record counts the person.
    "second_count": lambda g: g.neighbourhoods[1][:, 0],
    "in_messages_count": lambda g: g.strength[0],
    "strength_count": lambda g: g.strength[1],
    "strongest_tie_share": lambda g: g.strength[2],
    "answered_share": lambda g: g.strength[3],
    "neighbour_loan_count": lambda g: g.first_records[0],
    "neighbour_default_count": lambda g: g.first_records[1],
    "neighbour_default_share": lambda g: g.first_records[2],
    "neighbour_late_share": lambda g: g.first_records[3],
    "second_loan_count": lambda g: g.second_records[0],
    "second_default_count": lambda g: g.second_records[1],
    "second_default_share": lambda g: g.second_records[2],
    "second_late_share": lambda g: g.second_records[3],
}


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
