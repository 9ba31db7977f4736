"""Into which communities a world's applicants fall: a process holds one of them at a time, so that memory does not grow with the world.

Nobody knows anyone of another community: contacts, rings and shared luck stay within it. A community is whole chunks; all are of about
the same size, at most `community_applicants` (one chunk, where a chunk is larger).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from creditloom.world.config.config_types import WorldParams


@dataclass(frozen=True)
class Community:
    """Applicants `first` to `last` (exclusive) of the world; `chunks` are the numbers of its chunks among the world's."""

    index: int
    first: int
    last: int
    chunks: range

    @property
    def size(self) -> int:
        return self.last - self.first


def communities(params: WorldParams) -> tuple[Community, ...]:
    """All communities of a world, in order of applicant."""
    size = params.chunk_applicants
    n_chunks = -(-params.applicants // size)
    n = -(-n_chunks // max(params.community_applicants // size, 1))
    edges = [n_chunks * k // n for k in range(n + 1)]
    return tuple(
        Community(index, low * size, min(high * size, params.applicants), range(low, high))
        for index, (low, high) in enumerate(pairwise(edges))
    )
