"""All communities of a world side by side, for who needs everybody at once: a book is stepped as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from creditloom.world.people.communities import communities
from creditloom.world.people.fraud import Rings, Transfers
from creditloom.world.people.graph import Graph
from creditloom.world.risk.shares import Coefficients
from creditloom.world.world import Setting, World, build


def everyone(setting: Setting, coefficients: Coefficients) -> World:
    """The world with all its people, places and rings counted through; memory grows with their number."""
    parts = [build(setting, coefficients, community) for community in communities(setting.params)]
    return parts[0] if len(parts) == 1 else _joined(parts)


def _joined(parts: Sequence[World]) -> World:
    alike = ("people", "life", "terms", "booking", "outcome")
    return replace(
        parts[0],
        rings=_rings(parts),
        graph=_graph(parts),
        transfers=_transfers(parts),
        contributions=np.concatenate([part.contributions for part in parts]),
        **{name: _end_to_end([getattr(part, name) for part in parts]) for name in alike},
    )


def _end_to_end(parts: Sequence[Any]) -> Any:
    """One dataclass of arrays from several, each array end to end."""
    return replace(
        parts[0],
        **{
            f.name: np.concatenate([getattr(part, f.name) for part in parts])
            for f in fields(parts[0])
        },
    )


def _rings(parts: Sequence[World]) -> Rings:
    found, before = [], 0
    for part in parts:
        rings, n = part.rings, part.rings.leader.size
        ring = np.where(rings.ring >= 0, rings.ring + before, -1)
        found.append(Rings(ring, rings.leader + part.first, rings.n_devices[:n]))
        before += n
    rings = _end_to_end(found)
    return replace(rings, n_devices=np.append(rings.n_devices, 1))


def _graph(parts: Sequence[World]) -> Graph:
    found, before = [], 0
    for part in parts:
        graph = part.graph
        start = graph.start[:-1] + before
        found.append(
            replace(
                graph,
                owner=graph.owner + part.first,
                contact=graph.contact + part.first,
                start=start,
            )
        )
        before += graph.owner.size
    joined = _end_to_end(found)
    return replace(joined, start=np.append(joined.start, before))


def _transfers(parts: Sequence[World]) -> Transfers:
    sent = [
        replace(p.transfers, payer=p.transfers.payer + p.first, payee=p.transfers.payee + p.first)
        for p in parts
    ]
    joined: Transfers = _end_to_end(sent)
    return joined
