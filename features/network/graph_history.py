"""The network over time: who lists whom since when, and what has become known of each person's loans, by calendar month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from ..engine.raw_reader import RawFiles, fetch, view
from .graph_measures import starts_of

if TYPE_CHECKING:
    from ..engine.raw_reader import Connection

BAD_DPD_DAYS, LATE_DPD_DAYS = 90, 30
NEVER = np.iinfo(np.int32).max
"""Month index of what is never known."""

CONTACTS = """
SELECT applicant_id, contact_id, month_index(known_from(event_time, known_time)) AS month
FROM contacts WHERE month IS NOT NULL
"""
REACHED = """
WITH performance AS (SELECT applicant_id, dpd_days, month_index(known_from(event_time, known_time)) AS month FROM loan_performance)
SELECT
    applicant_id, coalesce(min(month) FILTER (dpd_days >= 0), $never),
    coalesce(min(month) FILTER (dpd_days >= $late), $never), coalesce(min(month) FILTER (dpd_days >= $bad), $never)
FROM performance GROUP BY applicant_id
"""
"""Of every borrower: the month from which a loan, a delay and a default are known."""
MESSAGES = """
SELECT applicant_id, contact_id, month_index(known_from(event_time, known_time)) AS month, n_messages::DOUBLE
FROM interactions WHERE contact_id <> applicant_id AND month IS NOT NULL AND n_messages IS NOT NULL
"""


@dataclass(frozen=True)
class ContactLinks:
    """Pairs of linked nodes, both ways, sorted by (node, other): since which month the node lists the other, and the other the node.

    Rows `start[k]` up to `start[k + 1]` are those of node k.
    """

    start: np.ndarray
    other: np.ndarray
    out_month: np.ndarray
    in_month: np.ndarray

    def adjacency(self, month: int) -> sparse.csr_matrix:
        """Undirected 0/1 adjacency of the links known before the month; indices stay sorted."""
        known = np.minimum(self.out_month, self.in_month) < month
        start, n = self._starts(known), len(self.start) - 1
        return sparse.csr_matrix((np.ones(int(start[-1])), self.other[known], start), shape=(n, n))

    def count(self, known: np.ndarray) -> np.ndarray:
        """Links of each node among those marked."""
        return np.diff(self._starts(known)).astype(float)

    def _starts(self, known: np.ndarray) -> np.ndarray:
        return np.concatenate([[0], np.cumsum(known)])[self.start]


@dataclass(frozen=True)
class Messages:
    """Messages of two people and the month they became known, told from either side, sorted by node and by tie (node and other).

    Rows `start[k]` up to `start[k + 1]` are those of node k; `is_sent` tells those that the node wrote from those it got.
    """

    start: np.ndarray
    tie: np.ndarray
    month: np.ndarray
    count: np.ndarray
    is_sent: np.ndarray


@dataclass(frozen=True)
class Timeline:
    """Nodes (sorted applicant ids), their links, the month each node's loan, delay and default became known, and their messages."""

    nodes: np.ndarray
    links: ContactLinks
    loan_month: np.ndarray
    late_month: np.ndarray
    bad_month: np.ndarray
    messages: Messages


def timeline(con: Connection, sources: RawFiles) -> Timeline:
    """Read contacts, interactions and loan performance once; tables that are absent leave their part empty."""
    view(con, sources, "contacts")
    source, target, month = fetch(con, CONTACTS)
    nodes = np.unique(np.concatenate([source, target]))
    links = _links(
        np.searchsorted(nodes, source), np.searchsorted(nodes, target), month, len(nodes)
    )
    loan, late, bad = _first_known(con, sources, nodes)
    return Timeline(nodes, links, loan, late, bad, _messages(con, sources, nodes))


def _links(source: np.ndarray, target: np.ndarray, month: np.ndarray, n: int) -> ContactLinks:
    """Links of directed edges, each pair once from either side; loops drop out and of repeats the first counts."""
    keep = source != target
    source, target, month = source[keep], target[keep], month[keep]
    never = np.full(len(month), NEVER, month.dtype)
    key = np.concatenate([source * n + target, target * n + source])
    order = np.argsort(key, kind="stable")
    key = key[order]
    start = np.flatnonzero(np.diff(key, prepend=-1))
    first = (
        np.minimum.reduceat(np.concatenate(m)[order], start) if len(start) else never
        for m in ((month, never), (never, month))
    )
    node, other = key[start] // max(n, 1), key[start] % max(n, 1)
    return ContactLinks(starts_of(node, n), other, *first)


def _first_known(con: Connection, sources: RawFiles, nodes: np.ndarray) -> np.ndarray:
    """(3, nodes): the month in which a loan of each node, its delay and its default were first known; NEVER where none was."""
    first = np.full((3, len(nodes)), NEVER, np.int64)
    if sources.get("loan_performance"):
        view(con, sources, "loan_performance")
        applicant, *months = fetch(con, REACHED, never=NEVER, late=LATE_DPD_DAYS, bad=BAD_DPD_DAYS)
        node, is_node = place(nodes, applicant)
        first[:, node] = np.stack(months)[:, is_node]
    return first


def _messages(con: Connection, sources: RawFiles, nodes: np.ndarray) -> Messages:
    sender, receiver, month, count = _sent(con, sources)
    by_sender, by_receiver = place(nodes, sender), place(nodes, receiver)
    node, other, month, count = (
        np.concatenate(sides)
        for sides in (
            (by_sender[0], by_receiver[0]),
            (receiver[by_sender[1]], sender[by_receiver[1]]),
            (month[by_sender[1]], month[by_receiver[1]]),
            (count[by_sender[1]], count[by_receiver[1]]),
        )
    )
    order = np.lexsort((other, node))
    is_new = (np.diff(node[order], prepend=-1) != 0) | (np.diff(other[order], prepend=-1) != 0)
    return Messages(
        starts_of(node, len(nodes)),
        np.cumsum(is_new, dtype=np.int32),
        month[order],
        count[order],
        order < len(by_sender[0]),
    )


def _sent(con: Connection, sources: RawFiles) -> tuple[np.ndarray, ...]:
    """Sender, receiver, month known and number of messages of every row."""
    if not sources.get("interactions"):
        return tuple(np.zeros(0, kind) for kind in (np.int64, np.int64, np.int16, np.float64))
    view(con, sources, "interactions")
    sender, receiver, month, count = fetch(con, MESSAGES)
    return sender, receiver, month.astype(np.int16), count


def place(nodes: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(places of the ids that are nodes, which of the ids those are)."""
    if not len(nodes):
        return np.zeros(0, np.int64), np.zeros(len(ids), bool)
    at = np.minimum(np.searchsorted(nodes, ids), len(nodes) - 1)
    is_node = nodes[at] == ids
    return at[is_node], is_node
