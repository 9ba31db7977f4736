"""The network over time: who lists whom, and what is known of each person's loans, by month.

Months are calendar months as `clock.month_index` counts them. The month of a tie
or record is the first one in which it has happened and is known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from ..engine.raw_reader import RawFiles, fetch, view
from .graph_measures import starts_of

if TYPE_CHECKING:
    from ..engine.raw_reader import Connection

# DPD from which the loan of a contact counts as a default, and as late.
BAD_DPD_DAYS = 90
LATE_DPD_DAYS = 30
# Month of what is never known: later than any month.
NEVER = np.iinfo(np.int32).max

CONTACTS = """
SELECT applicant_id, contact_id, month_index(known_from(event_time, known_time)) AS month
FROM contacts WHERE month IS NOT NULL
"""
# Of every borrower: the month from which a loan, a delay and a default are known.
REACHED = """
WITH performance AS (
    SELECT applicant_id, dpd_days, month_index(known_from(event_time, known_time)) AS month
    FROM loan_performance
)
SELECT
    applicant_id,
    coalesce(min(month) FILTER (dpd_days >= 0), $never),
    coalesce(min(month) FILTER (dpd_days >= $late), $never),
    coalesce(min(month) FILTER (dpd_days >= $bad), $never)
FROM performance GROUP BY applicant_id
"""
MESSAGES = """
SELECT
    applicant_id, contact_id, month_index(known_from(event_time, known_time)) AS month,
    n_messages::DOUBLE
FROM interactions
WHERE contact_id <> applicant_id AND month IS NOT NULL AND n_messages IS NOT NULL
"""


@dataclass(frozen=True)
class ContactLinks:
    """Pairs of linked nodes, both ways, sorted by (node, other).

    Rows `start[k]` up to `start[k + 1]` are those of node k. `out_month` is the month since which
    the node lists the other, `in_month` the month since which the other lists the node.
    """

    start: np.ndarray
    other: np.ndarray
    out_month: np.ndarray
    in_month: np.ndarray

    def adjacency(self, month: int) -> sparse.csr_matrix:
        """Return the undirected 0/1 adjacency of links known before the month; indices sorted."""
        known = np.minimum(self.out_month, self.in_month) < month
        start = self._starts(known)
        n = len(self.start) - 1
        ones = np.ones(int(start[-1]))
        return sparse.csr_matrix((ones, self.other[known], start), shape=(n, n))

    def count(self, known: np.ndarray) -> np.ndarray:
        """Return the number of each node's links among those marked."""
        return np.diff(self._starts(known)).astype(float)

    def without(self, is_hidden: np.ndarray) -> ContactLinks:
        """Return the links without those of hidden nodes, as if they were never known."""
        n_links = np.diff(self.start)
        is_shut = np.repeat(is_hidden, n_links) | is_hidden[self.other]
        return replace(
            self,
            out_month=np.where(is_shut, NEVER, self.out_month),
            in_month=np.where(is_shut, NEVER, self.in_month),
        )

    def _starts(self, known: np.ndarray) -> np.ndarray:
        """Return where the marked links of each node begin among all that are marked."""
        return np.concatenate([[0], np.cumsum(known)])[self.start]


@dataclass(frozen=True)
class Messages:
    """Messages of two people and the month they became known, listed from either side.

    They are sorted by node and by tie (node and other). Rows `start[k]` up to `start[k + 1]` are
    those of node k. `is_sent` marks those that the node wrote. Ties count from 1; `other[k - 1]` is
    the id of the other person of tie k.
    """

    start: np.ndarray
    tie: np.ndarray
    other: np.ndarray
    month: np.ndarray
    count: np.ndarray
    is_sent: np.ndarray

    def without(self, refused: np.ndarray) -> Messages:
        """Return the messages, those of ties with one of the `refused` people as never known."""
        is_shut = np.isin(self.other, refused)[self.tie - 1]
        # The largest month of the type: it lies after every other.
        never = np.iinfo(self.month.dtype).max
        return replace(self, month=np.where(is_shut, never, self.month))


@dataclass(frozen=True)
class GraphHistory:
    """Nodes (sorted applicant ids), their links, their known loans, and their messages.

    The months are those in which a node's loan, delay and default became known.
    """

    nodes: np.ndarray
    links: ContactLinks
    loan_month: np.ndarray
    late_month: np.ndarray
    bad_month: np.ndarray
    messages: Messages

    def without(self, is_hidden: np.ndarray, refused: np.ndarray) -> GraphHistory:
        """Return the network without hidden nodes and without messages of `refused` people."""
        if not len(refused):
            return self
        return replace(
            self, links=self.links.without(is_hidden), messages=self.messages.without(refused)
        )


def graph_history(con: Connection, sources: RawFiles) -> GraphHistory:
    """Read contacts, interactions and loan performance once.

    A table that is absent leaves its part empty; contacts must be there.
    """
    view(con, sources, "contacts")
    source, target, month = fetch(con, CONTACTS)
    nodes = np.unique(np.concatenate([source, target]))
    source_node = np.searchsorted(nodes, source)
    target_node = np.searchsorted(nodes, target)
    loan, late, bad = _first_known(con, sources, nodes)
    return GraphHistory(
        nodes=nodes,
        links=_links(source_node, target_node, month, len(nodes)),
        loan_month=loan,
        late_month=late,
        bad_month=bad,
        messages=_messages(con, sources, nodes),
    )


def _links(source: np.ndarray, target: np.ndarray, month: np.ndarray, n: int) -> ContactLinks:
    """Return the links of directed edges, each pair once from either side.

    Loops drop out; of repeated edges the first month counts.
    """
    is_pair = source != target
    source = source[is_pair]
    target = target[is_pair]
    month = month[is_pair]
    never = np.full(len(month), NEVER, month.dtype)
    # Each edge stands twice: as seen from its source and as seen from its target.
    key = np.concatenate([source * n + target, target * n + source])
    # Stable: of two rows of one pair the one read first stays first.
    order = np.argsort(key, kind="stable")
    key = key[order]
    start = np.flatnonzero(np.diff(key, prepend=-1))
    out_month = _first_of_pairs(np.concatenate([month, never])[order], start, never)
    in_month = _first_of_pairs(np.concatenate([never, month])[order], start, never)
    # A network without nodes has no keys; 1 only avoids a division by zero.
    node = key[start] // max(n, 1)
    other = key[start] % max(n, 1)
    return ContactLinks(
        start=starts_of(node, n), other=other, out_month=out_month, in_month=in_month
    )


def _first_of_pairs(month: np.ndarray, start: np.ndarray, never: np.ndarray) -> np.ndarray:
    """Return the first month of each pair, whose rows begin at `start`."""
    # `reduceat` refuses an empty `start`.
    return np.minimum.reduceat(month, start) if len(start) else never


def _first_known(con: Connection, sources: RawFiles, nodes: np.ndarray) -> np.ndarray:
    """Return (3, nodes): first known month of a loan, a delay and a default; NEVER without one."""
    first = np.full((3, len(nodes)), NEVER, np.int64)
    if sources.get("loan_performance"):
        view(con, sources, "loan_performance")
        applicant, *months = fetch(con, REACHED, never=NEVER, late=LATE_DPD_DAYS, bad=BAD_DPD_DAYS)
        node, is_node = positions_in(nodes, applicant)
        first[:, node] = np.stack(months)[:, is_node]
    return first


def _messages(con: Connection, sources: RawFiles, nodes: np.ndarray) -> Messages:
    """Return the messages of all nodes, those sent and those received."""
    sender, receiver, month, count = _sent(con, sources)
    sender_node, is_from_node = positions_in(nodes, sender)
    receiver_node, is_to_node = positions_in(nodes, receiver)
    # A message between two nodes stands twice: first as sent, then as received.
    node = np.concatenate([sender_node, receiver_node])
    other = np.concatenate([receiver[is_from_node], sender[is_to_node]])
    both_months = np.concatenate([month[is_from_node], month[is_to_node]])
    both_counts = np.concatenate([count[is_from_node], count[is_to_node]])
    # By node, then by the other: rows of one pair lie together, in the order they were read.
    order = np.lexsort((other, node))
    is_new_node = np.diff(node[order], prepend=-1) != 0
    is_new_other = np.diff(other[order], prepend=-1) != 0
    is_new_tie = is_new_node | is_new_other
    return Messages(
        start=starts_of(node, len(nodes)),
        tie=np.cumsum(is_new_tie, dtype=np.int32),
        other=other[order][is_new_tie],
        month=both_months[order],
        count=both_counts[order],
        is_sent=order < len(sender_node),
    )


def _sent(con: Connection, sources: RawFiles) -> tuple[np.ndarray, ...]:
    """Return sender, receiver, month known and number of messages of every row."""
    if not sources.get("interactions"):
        return tuple(np.zeros(0, kind) for kind in (np.int64, np.int64, np.int16, np.float64))
    view(con, sources, "interactions")
    sender, receiver, month, count = fetch(con, MESSAGES)
    # int16 holds months for 2,700 years; there are many messages.
    return sender, receiver, month.astype(np.int16), count


def positions_in(nodes: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (positions of the ids that are nodes, which of the ids those are).

    >>> position, is_node = positions_in(np.array([3, 5, 8]), np.array([8, 4, 3]))
    >>> position.tolist(), is_node.tolist()
    ([2, 0], [True, False, True])
    """
    if not len(nodes):
        return np.zeros(0, np.int64), np.zeros(len(ids), bool)
    # An id beyond the last node is compared with that one, and is not equal to it.
    at = np.minimum(np.searchsorted(nodes, ids), len(nodes) - 1)
    is_node = nodes[at] == ids
    return at[is_node], is_node
