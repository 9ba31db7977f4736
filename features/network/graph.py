"""Graph features: one snapshot of the network for each month in which somebody applies.

A contact, a message or a neighbour's record counts only if it happened and was known before the first day of the application's month.
One's own record never counts: loops are dropped, and the way back to oneself is no second degree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from scipy import sparse

from .. import clock
from ..aggregates.event_columns import divide
from ..declare.aggregates import NO_CONSENT
from ..engine.raw_reader import RawFiles
from ..policy_inputs.device_counts import applicants_per_identifier
from . import graph_measures
from .graph_history import Timeline, place, timeline
from .network_features import SNAPSHOT
from .shared_devices import meetings
from .transfers import transfers

if TYPE_CHECKING:
    from ..engine.raw_reader import Connection


def snapshots(con: Connection, sources: RawFiles, applications: pa.Table) -> dict[str, np.ndarray]:
    """Every graph feature of every application, in the order given; nothing without a contacts table.

    People outside the network have counts of 0 and null shares and averages. Null without consent comes later, in the kernel.
    """
    if not sources.get("contacts"):
        return {}
    over_time = timeline(con, sources)
    months = clock.month_index(applications.column("as_of").to_numpy())
    applicants = applications.column("applicant_id").to_numpy()
    columns = {
        spec.name: np.full(len(months), 0.0 if spec.null_meaning == NO_CONSENT else np.nan)
        for spec in SNAPSHOT
    }
    for month in np.unique(months):
        at = np.flatnonzero(months == month)
        nodes, is_node = place(over_time.nodes, applicants[at])
        for spec, values in zip(SNAPSHOT, _measures(over_time, int(month), nodes), strict=True):
            columns[spec.name][at[is_node]] = values
    return columns


def _measures(over_time: Timeline, month: int, nodes: np.ndarray) -> tuple[np.ndarray, ...]:
    """Values of the nodes in the order of SNAPSHOT."""
    both = over_time.links.adjacency(month)
    known = _known(over_time, month)
    clustering, second = graph_measures.neighbourhoods(both, nodes, known)
    position = _position(over_time, month, both, nodes)
    return (
        *position,
        clustering,
        second[:, 0],
        *_strength(over_time, month, nodes),
        *_record(both[nodes] @ known),
        *_record(second),
    )


def _position(
    over_time: Timeline, month: int, both: sparse.csr_matrix, nodes: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Where the nodes stand in the network."""
    links = over_time.links
    degree, mine = np.diff(both.indptr).astype(float), both[nodes]
    lists, is_listed = links.out_month < month, links.in_month < month
    return (
        links.count(is_listed)[nodes],
        degree[nodes],
        divide(links.count(lists & is_listed)[nodes], links.count(lists)[nodes]),
        divide(mine @ degree, degree[nodes]),
        graph_measures.neighbour_max(mine, degree),
        graph_measures.core_numbers(both)[nodes],
        graph_measures.pagerank(both)[nodes],
        graph_measures.component_shares(both)[nodes],
    )


def _known(over_time: Timeline, month: int) -> np.ndarray:
    """Per node: itself, and whether a loan, a default and a delay of it are known before the month."""
    events = (over_time.loan_month, over_time.bad_month, over_time.late_month)
    return np.stack(
        [np.ones(len(over_time.nodes)), *((known < month).astype(float) for known in events)],
        axis=1,
    )


def _record(people: np.ndarray) -> tuple[np.ndarray, ...]:
    """Loans, defaults, and the shares of defaults and delays among the loans, from sums of `_known`."""
    _, loans, bads, lates = people.T
    return loans, bads, divide(bads, loans), divide(lates, loans)


def _strength(over_time: Timeline, month: int, nodes: np.ndarray) -> tuple[np.ndarray, ...]:
    """Messages of the twelve months before the month: got, in all, share of the strongest tie, share of ties with messages both ways."""
    messages, n = over_time.messages, len(nodes)
    at, row = graph_measures.rows_of(messages.start, nodes)
    recent = (messages.month[row] < month) & (messages.month[row] >= month - clock.N_MONTHS)
    at, row = at[recent], row[recent]
    first = np.flatnonzero(
        (np.diff(at, prepend=-1) != 0) | (np.diff(messages.tie[row], prepend=-1) != 0)
    )
    sent, got = (
        np.add.reduceat(np.where(messages.is_sent[row] == way, messages.count[row], 0.0), first)
        for way in (True, False)
    )
    tie, all_of_tie, strongest = at[first], sent + got, np.zeros(n)
    np.maximum.at(strongest, tie, all_of_tie)
    total = np.bincount(tie, all_of_tie, n)
    answered = np.bincount(tie, np.where((sent > 0) & (got > 0), all_of_tie, 0.0), n)
    return np.bincount(tie, got, n), total, divide(strongest, total), divide(answered, total)


# What other people's rows say of each application: the graph, transfers, and shared devices and addresses.


def others(con: Connection, sources: RawFiles, applications: pa.Table) -> dict[str, np.ndarray]:
    """Values per application, in the order given, by name of the feature or fact; what its table is not there for is left out."""
    made = (snapshots, transfers, meetings, applicants_per_identifier)
    return {
        name: values for make in made for name, values in make(con, sources, applications).items()
    }
