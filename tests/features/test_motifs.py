"""Two steps and circles of three, against loops over sets of people on random networks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from creditloom.features.network import graph_measures, transfers

SEEDS = range(8)
PEOPLE = 14


def _friends(seed: int) -> tuple[sparse.csr_matrix, list[set[int]]]:
    rng = np.random.default_rng(seed)
    linked = np.triu(rng.random((PEOPLE, PEOPLE)) < 0.16, 1)
    both = linked | linked.T
    return sparse.csr_matrix(both.astype(float)), [
        set(np.flatnonzero(row).tolist()) for row in both
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_second_degree_is_everyone_at_a_distance_of_two_once(seed: int) -> None:
    adjacency, friends = _friends(seed)
    values = np.random.default_rng(seed).integers(0, 9, (PEOPLE, 2)).astype(float)
    asked = np.array([3, 0, 3, *range(PEOPLE)])
    _, found = graph_measures.neighbourhoods(adjacency, asked, values, rows=4)
    for node, sums in zip(asked, found, strict=True):
        second = (
            {two for one in friends[node] for two in friends[one]} - friends[node] - {int(node)}
        )
        assert sums.tolist() == values[sorted(second)].sum(axis=0).tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_share_of_linked_neighbours(seed: int) -> None:
    adjacency, friends = _friends(seed)
    found, _ = graph_measures.neighbourhoods(
        adjacency, np.arange(PEOPLE), np.zeros((PEOPLE, 0)), rows=5
    )
    for own, share in zip(friends, found, strict=True):
        pairs = [(a, b) for a in own for b in own if a < b]
        assert (
            share == sum(b in friends[a] for a, b in pairs) / len(pairs)
            if pairs
            else np.isnan(share)
        )


def _links(seed: int) -> tuple[transfers.TransferLinks, dict[tuple[int, int], int]]:
    rng = np.random.default_rng(seed)
    source, target = np.nonzero((rng.random((PEOPLE, PEOPLE)) < 0.25) & ~np.eye(PEOPLE, dtype=bool))
    known = rng.integers(0, 30, len(source))
    order = rng.permutation(len(source))
    first = {(int(a), int(b)): int(t) for a, b, t in zip(source, target, known, strict=True)}
    return transfers.TransferLinks(source[order], target[order], known[order], PEOPLE), first


def _circles(first: dict[tuple[int, int], int], node: int, moment: int) -> int:
    """Circles a -> b -> c -> a through the node, each once, of links known before the moment."""
    early = {pair for pair, known in first.items() if known < moment}
    return sum(
        (node, b) in early and (b, c) in early and (c, node) in early
        for b in range(PEOPLE)
        for c in range(PEOPLE)
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_circles_of_three_known_before_any_moment(seed: int) -> None:
    links, first = _links(seed)
    node = np.repeat(np.arange(PEOPLE), 7)
    moment = np.tile(np.arange(0, 35, 5), PEOPLE)
    expected = [_circles(first, n, t) for n, t in zip(node.tolist(), moment.tolist(), strict=True)]
    assert links.circles().before(node, moment).tolist() == expected
    assert max(expected) >= 2


@pytest.mark.parametrize("seed", SEEDS)
def test_the_busiest_target_at_any_moment(seed: int) -> None:
    links, first = _links(seed)
    node = np.repeat(np.arange(PEOPLE), 7)
    moment = np.tile(np.arange(0, 35, 5), PEOPLE)
    found = links.busiest_target(node, moment)
    for who, when, most in zip(node.tolist(), moment.tolist(), found, strict=True):
        targets = {b for (a, b), known in first.items() if a == who and known < when}
        assert most == max(
            (sum(b == t and known < when for (_, b), known in first.items()) for t in targets),
            default=0,
        )


def test_a_network_without_links() -> None:
    nothing = np.zeros(0, np.int64)
    links = transfers.TransferLinks(nothing, nothing, nothing, 2)
    assert links.circles().before(np.array([0, 1]), np.array([5, 5])).tolist() == [0, 0]
    assert links.busiest_target(np.array([0, 1]), np.array([5, 5])).tolist() == [0, 0]
