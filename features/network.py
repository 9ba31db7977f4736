"""Measures of an undirected network in compressed rows: centrality, core, clustering, components. Same edges, same bits.

`adjacency` is symmetric, 0/1, without loops, with sorted indices. Nodes without an edge are not part of the network: they get 0.
Sources: S5-R17, domain 7.4.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from . import walks

DAMPING, ROUNDS = 0.85, 30


def pagerank(adjacency: sparse.csr_matrix) -> np.ndarray:
    """Rank times the number of nodes, so that 1 is average: r = (1 - d) + d A (r / degree), a fixed number of rounds."""
    degree = np.diff(adjacency.indptr).astype(float)
    member = degree > 0
    rank = member.astype(float)
    for _ in range(ROUNDS):
        rank = np.where(member, (1.0 - DAMPING) + DAMPING * (adjacency @ (rank / np.maximum(degree, 1.0))), 0.0)
    return rank


def core_numbers(adjacency: sparse.csr_matrix) -> np.ndarray:
    """Largest k such that the node survives peeling every node of degree below k."""
    degree = np.diff(adjacency.indptr).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(np.bincount(degree))])
    walks.cores(adjacency.indptr, adjacency.indices, degree, np.argsort(degree, kind="stable"), first)
    return degree.astype(float)


def neighbourhoods(adjacency: sparse.csr_matrix, nodes: np.ndarray, values: np.ndarray, rows: int = 2_000) -> tuple[np.ndarray, np.ndarray]:
    """Around each node asked for: the share of pairs of its neighbours who are linked, and sums of `values` over its second degree.

    The second degree is everyone at a distance of exactly two, each once whatever the number of paths: neither the node itself nor its
    neighbours. `values` has a row per node of the network, the sums one per node asked for. The share is null below two neighbours.
    """
    blocks = [_neighbourhood(adjacency, nodes[i : i + rows], values) for i in range(0, len(nodes), rows)]
    linked = np.concatenate([block[0] for block in blocks]) if blocks else np.zeros(0)
    second = np.concatenate([block[1] for block in blocks]) if blocks else np.zeros((0, values.shape[1]))
    degree = np.diff(adjacency.indptr)[nodes].astype(float)
    pairs = degree * (degree - 1.0)
    return np.divide(linked, pairs, out=np.full(len(nodes), np.nan), where=pairs > 0), second


def _neighbourhood(adjacency: sparse.csr_matrix, nodes: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both from one product: walks of two steps end in the second degree, at neighbours (they close a triangle) and back at the node."""
    mine = adjacency[nodes]
    walks = mine @ adjacency
    closed = walks.multiply(mine).tocsr()
    linked = np.asarray(closed.sum(axis=1)).ravel()
    walks.data[:], closed.data[:] = 1.0, 1.0
    has_neighbours = (np.diff(mine.indptr) > 0)[:, None]
    return linked, walks @ values - closed @ values - values[nodes] * has_neighbours


def starts_of(node: np.ndarray, n: int) -> np.ndarray:
    """Where the rows of each of n nodes begin once they are sorted by node, and where the last ones end."""
    return np.concatenate([[0], np.cumsum(np.bincount(node, minlength=n))])


def rows_of(start: np.ndarray, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the nodes asked for, where rows `start[k]` up to `start[k + 1]` are those of node k: (which node asked for, row)."""
    size = np.diff(start)[nodes]
    skipped = np.repeat(start[nodes] - (np.cumsum(size) - size), size)
    return np.repeat(np.arange(len(nodes)), size), np.arange(int(size.sum())) + skipped


def component_shares(adjacency: sparse.csr_matrix) -> np.ndarray:
    """Share of the network's nodes that can be reached from each node."""
    member = np.diff(adjacency.indptr) > 0
    size = walks.component_sizes(adjacency.indptr, adjacency.indices)
    return np.where(member, size / max(int(member.sum()), 1), 0.0)


def neighbour_max(adjacency: sparse.csr_matrix, value: np.ndarray) -> np.ndarray:
    """Largest value among a node's neighbours; null without one."""
    best, start = np.full(adjacency.shape[0], np.nan), adjacency.indptr[:-1]
    has = np.diff(adjacency.indptr) > 0
    if has.any():
        best[has] = np.maximum.reduceat(value[adjacency.indices], start[has])
    return best
