"""Graph features: one snapshot of the network for each month in which somebody applies.

A contact, a message or a neighbour's record counts only if it happened and was known before the first day of the application's month.
One's own record never counts: loops are dropped, and only direct neighbours are looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from scipy import sparse

from . import clock, network
from .cube import divide
from .reader import Sources
from .snapshot import SNAPSHOT
from .timeline import Timeline, place, timeline
from .words import NO_CONSENT

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend


def snapshots(con: Backend, sources: Sources, applications: pa.Table) -> dict[str, np.ndarray]:
    """Every graph feature of every application, in the order given; nothing without a contacts table.

    People outside the network have counts of 0 and null shares and averages. Null without consent comes later, in the kernel.
    """
    if not sources.get("contacts"):
        return {}
    over_time = timeline(con, sources)
    months = clock.month_index(applications.column("as_of").to_numpy())
    applicants = applications.column("applicant_id").to_numpy()
    columns = {spec.name: np.full(len(months), 0.0 if spec.null_meaning == NO_CONSENT else np.nan) for spec in SNAPSHOT}
    for month in np.unique(months):
        at = np.flatnonzero(months == month)
        nodes, is_node = place(over_time.nodes, applicants[at])
        for spec, values in zip(SNAPSHOT, _measures(over_time, int(month), nodes), strict=True):
            columns[spec.name][at[is_node]] = values
    return columns


def _measures(over_time: Timeline, month: int, nodes: np.ndarray) -> tuple[np.ndarray, ...]:
    """Values of the nodes in the order of SNAPSHOT."""
    both = over_time.links.adjacency(month, len(over_time.nodes))
    return (*_position(over_time, month, both, nodes), _received(over_time, month)[nodes], *_record(over_time, month, both[nodes]))


def _position(over_time: Timeline, month: int, both: sparse.csr_matrix, nodes: np.ndarray) -> tuple[np.ndarray, ...]:
    """Where the nodes stand in the network."""
    links, n = over_time.links, len(over_time.nodes)
    degree, mine = np.diff(both.indptr).astype(float), both[nodes]
    lists, is_listed = links.out_month < month, links.in_month < month
    return (
        links.count(is_listed, n)[nodes],
        degree[nodes],
        divide(links.count(lists & is_listed, n)[nodes], links.count(lists, n)[nodes]),
        divide(mine @ degree, degree[nodes]),
        network.neighbour_max(mine, degree),
        network.clustering(both, nodes),
        network.core_numbers(both)[nodes],
        network.pagerank(both)[nodes],
        network.component_shares(both)[nodes],
    )


def _record(over_time: Timeline, month: int, mine: sparse.csr_matrix) -> tuple[np.ndarray, ...]:
    """What is known of the neighbours' loans; `mine` holds the neighbours of each node asked for."""
    loans, lates, bads = (mine @ (m < month).astype(float) for m in (over_time.loan_month, over_time.late_month, over_time.bad_month))
    return loans, bads, divide(bads, loans), divide(lates, loans)


def _received(over_time: Timeline, month: int) -> np.ndarray:
    """Contacts received per node in the twelve months before the month."""
    node, known, count = over_time.received
    recent = (known < month) & (known >= month - clock.N_MONTHS)
    return np.bincount(node[recent], count[recent], minlength=len(over_time.nodes))
