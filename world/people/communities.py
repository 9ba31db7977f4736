"""The communities of a world: groups of applicants that know nothing of each other.

A process holds one community at a time, so memory does not grow with the world. Contacts, rings
and shared luck stay within a community. A community consists of whole chunks. All are of about
the same size, at most `community_applicants` (or one chunk, where a chunk is larger).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from creditloom.world.config.config_types import WorldParams


@dataclass(frozen=True)
class Community:
    """Applicants `first` to `last` (exclusive) of the world.

    `chunks` are the numbers of its chunks, counted over all communities.
    """

    index: int
    first: int
    last: int
    chunks: range

    @property
    def size(self) -> int:
        """Number of applicants."""
        return self.last - self.first


def communities(params: WorldParams) -> tuple[Community, ...]:
    """Return all communities of a world, in order of applicant."""
    size = params.chunk_applicants
    # -(-a // b) is a / b rounded up, in whole numbers.
    n_chunks = -(-params.applicants // size)
    chunks_per_community = max(params.community_applicants // size, 1)
    n_communities = -(-n_chunks // chunks_per_community)
    # Even edges, so that no community is a small rest: its states are standardised within it.
    edges = [n_chunks * k // n_communities for k in range(n_communities + 1)]
    return tuple(
        Community(
            index=index,
            first=low * size,
            last=min(high * size, params.applicants),
            chunks=range(low, high),
        )
        for index, (low, high) in enumerate(pairwise(edges))
    )
