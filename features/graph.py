"""Graph features: one snapshot of the network for each month in which somebody applies.

An edge, a contact or a neighbour's record counts only if it happened and was known before the first day of the application's month.
One's own record never counts: loops are dropped, and only direct neighbours are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from . import clock, network
from .cube import divide
from .reader import Sources, require
from .snapshot import SNAPSHOT

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

BAD_DPD_DAYS, LATE_DPD_DAYS = 90, 30
NEVER = np.iinfo(np.int32).max
"""Month index of what is never known."""


@dataclass(frozen=True)
class Timeline:
    """The network over time: nodes (sorted applicant ids), edges sorted by the month they became known, and what is known of each node."""

    nodes: np.ndarray
    source: np.ndarray
    target: np.ndarray
    month: np.ndarray
    loan_month: np.ndarray
    late_month: np.ndarray
    bad_month: np.ndarray
    received: tuple[np.ndarray, np.ndarray, np.ndarray]

    def edges(self, month: int) -> tuple[np.ndarray, np.ndarray]:
        """Edges known before the month."""
        end = np.searchsorted(self.month, month, side="left")
        return self.source[:end], self.target[:end]


def snapshots(con: Backend, sources: Sources, applications: pa.Table) -> dict[str, np.ndarray]:
    """Every graph feature of every application, in the order given; nothing without a contacts table."""
    if not sources.get("contacts"):
        return {}
    timeline = _timeline(con, sources)
    months = clock.month_index(applications.column("as_of").to_numpy())
    applicants = applications.column("applicant_id").to_numpy()
    columns = {spec.name: np.full(len(months), np.nan) for spec in SNAPSHOT}
    for month in np.unique(months):
        at = np.flatnonzero(months == month)
        for name, values in _snapshot(timeline, int(month), applicants[at]).items():
            columns[name][at] = values
    return columns


def _snapshot(timeline: Timeline, month: int, applicants: np.ndarray) -> dict[str, np.ndarray]:
    """Features of the applicants of one month; people outside the network count 0 and have null averages."""
    source, target = timeline.edges(month)
    place = np.minimum(np.searchsorted(timeline.nodes, applicants), len(timeline.nodes) - 1)
    inside = timeline.nodes[place] == applicants if len(timeline.nodes) else np.zeros(len(applicants), bool)
    values = _measures(timeline, month, source, target, place[inside])
    columns = {}
    for spec, value in zip(SNAPSHOT, values, strict=True):
        column = np.full(len(applicants), 0.0 if spec.unit == "count" and "mean" not in spec.name and "max" not in spec.name else np.nan)
        column[inside] = value
        columns[spec.name] = column
    return columns


def _measures(timeline: Timeline, month: int, source: np.ndarray, target: np.ndarray, nodes: np.ndarray) -> tuple[np.ndarray, ...]:
    """Values in the order of SNAPSHOT."""
    n = len(timeline.nodes)
    both, out = network.symmetric(source, target, n), network.directed(source, target, n)
    degree = np.diff(both.indptr).astype(float)
    mine = both[nodes]
    known = timeline.loan_month < month
    loans = mine @ known.astype(float)
    bads = mine @ (timeline.bad_month < month).astype(float)
    lates = mine @ (timeline.late_month < month).astype(float)
    mutual = np.asarray(out[nodes].multiply(out.T.tocsr()[nodes]).sum(axis=1)).ravel()
    outward = np.diff(out.indptr)[nodes].astype(float)
    return (
        np.bincount(out.indices, minlength=n)[nodes].astype(float),
        degree[nodes],
        divide(mutual, outward),
        divide(mine @ degree, degree[nodes]),
        network.neighbour_max(mine, degree),
        network.clustering(both, nodes),
        network.core_numbers(both)[nodes],
        network.pagerank(both)[nodes],
        network.component_shares(both)[nodes],
        _received(timeline, month)[nodes],
        loans,
        bads,
        divide(bads, loans),
        divide(lates, loans),
    )


def _received(timeline: Timeline, month: int) -> np.ndarray:
    """Contacts received per node in the twelve months before the month."""
    node, known, count = timeline.received
    recent = (known < month) & (known >= month - clock.N_MONTHS)
    return np.bincount(node[recent], count[recent], minlength=len(timeline.nodes))


def _timeline(con: Backend, sources: Sources) -> Timeline:
    contacts = _known(con, sources, "contacts", "contact_id").distinct().to_pyarrow()
    source, target = contacts.column("applicant_id").to_numpy(), contacts.column("contact_id").to_numpy()
    month = clock.month_index(contacts.column("known").to_numpy())
    nodes = np.unique(np.concatenate([source, target]))
    order = np.lexsort((target, source, month))
    source, target = np.searchsorted(nodes, source[order]), np.searchsorted(nodes, target[order])
    first = [_first_known(con, sources, nodes, dpd) for dpd in (0, LATE_DPD_DAYS, BAD_DPD_DAYS)]
    return Timeline(nodes, source, target, month[order], *first, _messages(con, sources, nodes))


def _known(con: Backend, sources: Sources, name: str, *columns: str) -> ir.Table:
    """A table's rows with `known`, the first moment at which both its times have passed."""
    import ibis

    table = con.read_parquet(require(sources, name), table_name=f"graph_{name}")
    return table.select("applicant_id", *columns, known=ibis.greatest(table.event_time, table.known_time))


def _first_known(con: Backend, sources: Sources, nodes: np.ndarray, dpd: int) -> np.ndarray:
    """Month in which a loan of each node was first known to have reached `dpd` days; NEVER where none did."""
    months = np.full(len(nodes), NEVER, np.int64)
    if not sources.get("loan_performance"):
        return months
    rows = _known(con, sources, "loan_performance", "dpd_days")
    first = rows.filter(rows.dpd_days >= dpd).group_by("applicant_id").agg(known=lambda t: t.known.min()).to_pyarrow()
    node, is_node = _place(nodes, first.column("applicant_id").to_numpy())
    months[node] = clock.month_index(first.column("known").to_numpy())[is_node]
    return months


def _messages(con: Backend, sources: Sources, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(node, month known, contacts received in it)."""
    if not sources.get("interactions"):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    rows = _known(con, sources, "interactions", "contact_id", "n_messages")
    rows = rows.filter(rows.contact_id.notnull() & (rows.contact_id != rows.applicant_id))
    table = rows.group_by("contact_id", month=rows.known.truncate("M")).agg(count=lambda t: t.n_messages.sum()).to_pyarrow()
    node, is_node = _place(nodes, table.column("contact_id").to_numpy())
    return node, clock.month_index(table.column("month").to_numpy())[is_node], table.column("count").to_numpy()[is_node].astype(float)


def _place(nodes: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(places of the ids that are nodes, which of the ids those are)."""
    if not len(nodes):
        return np.zeros(0, np.int64), np.zeros(len(ids), bool)
    place = np.minimum(np.searchsorted(nodes, ids), len(nodes) - 1)
    is_node = nodes[place] == ids
    return place[is_node], is_node
