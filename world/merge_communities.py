"""All communities of a world as one: a book is stepped with everybody at once.

Places in arrays (contacts, payers, ring numbers) are local to a community, so each is shifted by
what lies before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from creditloom.world.people.communities import communities
from creditloom.world.people.fraud import Rings, Transfers
from creditloom.world.people.graph import Graph
from creditloom.world.people.sharing import Sharing
from creditloom.world.risk.shares import Coefficients
from creditloom.world.world import Setting, World, build


def everyone(setting: Setting, coefficients: Coefficients) -> World:
    """Return the world with all its people, places and rings numbered through.

    Memory grows with the number of applicants.
    """
    parts = [build(setting, coefficients, community) for community in communities(setting.params)]
    return parts[0] if len(parts) == 1 else _joined(parts)


def _joined(parts: Sequence[World]) -> World:
    # These hold values per applicant and no places: concatenation is all they need.
    without_places = ("people", "life", "terms", "booking", "drift", "outcome")
    joined = {name: _end_to_end([getattr(part, name) for part in parts]) for name in without_places}
    history = _end_to_end([part.file.history for part in parts])
    joined["file"] = _end_to_end([part.file for part in parts], history=history)
    return replace(
        parts[0],
        rings=_rings(parts),
        sharing=_sharing(parts),
        graph=_graph(parts),
        transfers=_transfers(parts),
        contributions=np.concatenate([part.contributions for part in parts]),
        **joined,
    )


def _end_to_end(parts: Sequence[Any], **joined: Any) -> Any:
    """Return one dataclass of arrays from several: each array end to end.

    `joined` are its fields that are no arrays, put together already.
    """
    arrays = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(parts[0])
        if field.name not in joined
    }
    return replace(parts[0], **arrays, **joined)


def _rings(parts: Sequence[World]) -> Rings:
    shifted = []
    n_before = 0
    for part in parts:
        rings = part.rings
        n_rings = rings.leader.size
        shifted.append(
            Rings(
                ring=np.where(rings.ring >= 0, rings.ring + n_before, -1),
                leader=rings.leader + part.first,
                # A community without rings has one device count that no ring uses.
                n_devices=rings.n_devices[:n_rings],
            )
        )
        n_before += n_rings
    rings = _end_to_end(shifted)
    # Who has no ring looks up entry -1: the last one must exist even where no ring does.
    return replace(rings, n_devices=np.append(rings.n_devices, 1))


def _sharing(parts: Sequence[World]) -> Sharing:
    # table: the columns that name a place
    shifted = [
        replace(
            part.sharing,
            home=part.sharing.home + part.first,
            phone=part.sharing.phone + part.first,
            desk=np.where(part.sharing.desk >= 0, part.sharing.desk + part.first, -1),
        )
        for part in parts
    ]
    joined: Sharing = _end_to_end(shifted)
    return joined


def _graph(parts: Sequence[World]) -> Graph:
    shifted = []
    n_before = 0
    for part in parts:
        graph = part.graph
        shifted.append(
            replace(
                graph,
                owner=graph.owner + part.first,
                contact=graph.contact + part.first,
                # The end of a community's rows is the start of the next one's.
                start=graph.start[:-1] + n_before,
            )
        )
        n_before += graph.owner.size
    joined = _end_to_end(shifted)
    return replace(joined, start=np.append(joined.start, n_before))


def _transfers(parts: Sequence[World]) -> Transfers:
    shifted = [
        replace(
            part.transfers,
            payer=part.transfers.payer + part.first,
            payee=part.transfers.payee + part.first,
        )
        for part in parts
    ]
    joined: Transfers = _end_to_end(shifted)
    return joined
