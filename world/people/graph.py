"""Who knows whom: a degree-corrected block model over region x segment with homophily on discipline (domain 7.4).

Edges are drawn once for the whole world, undirected; each person's list keeps its 30 strongest. Rows are sorted by the owner of the list.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from creditloom.world.calendar import AFTER_DAYS, DAY_US
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.people.fraud import Rings
from creditloom.world.people.people import DISC, People

STRONGEST = 30
SHUFFLE = 2**32
YOUNGEST_DAYS, OLDEST_DAYS = 3.0, 3_650.0
THIN_REACH = 0.2  # edges that a thin file starts, against others
LATE_SHARE = 0.02  # edges made in the days after the application, so that blindness to the future can be proved


@dataclass(frozen=True)
class Graph:
    """Directed rows: `owner[k]` lists `contact[k]`, edge made at `made_us[k]`; `start` delimits owners; `degree` counts all contacts."""

    owner: np.ndarray
    contact: np.ndarray
    made_us: np.ndarray
    start: np.ndarray
    degree: np.ndarray


def draw_graph(
    nature: WorldConfig, people: People, network: np.ndarray, rings: Rings, rng: np.random.Generator
) -> Graph:
    """Draw all contact lists; `network` is the state of concept contact_network."""
    starter, partner = _pairs(nature, people, network, rng)
    starter, partner = _with_rings(starter, partner, rings)
    keys = np.sort(np.minimum(starter, partner) * people.size + np.maximum(starter, partner))
    keys = keys[np.diff(keys, prepend=-1) > 0]
    one, two = np.divmod(keys, people.size)
    one, two = one[one != two], two[one != two]
    made = _made(nature, people, network, one, two, rng)
    both = np.concatenate([one, two]), np.concatenate([two, one]), np.concatenate([made, made])
    return _strongest(nature, *both, people.size, rng)


def _pairs(
    nature: WorldConfig, people: People, network: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Each person starts a Poisson number of edges; of two candidates the better connected is likelier."""
    reach, kin = nature.stream("contact"), nature.stream("contact_homophily")
    mean = np.exp(reach.level + reach.slope * network) * np.where(people.is_thin, THIN_REACH, 1.0)
    starter = np.repeat(np.arange(people.size), rng.poisson(mean))
    candidates = [_candidate(people, starter, kin.level, kin.slope, rng) for _ in range(2)]
    pull = np.exp(reach.slope * (network[candidates[0]] - network[candidates[1]]) * 2.0)
    return starter, np.where(
        rng.random(starter.size) < pull / (1.0 + pull), candidates[0], candidates[1]
    )


def _candidate(
    people: People,
    starter: np.ndarray,
    kin_share: float,
    homophily: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Someone of the same block whose discipline correlates with the starter's, else anybody."""
    block = people.region.astype(np.int64) * 16 + people.segment
    order = np.lexsort((people.traits[:, DISC], block))
    first = np.searchsorted(block[order], block[starter])
    size = np.searchsorted(block[order], block[starter], side="right") - first
    like = homophily * people.traits[starter, DISC] + np.sqrt(
        1.0 - homophily**2
    ) * rng.standard_normal(starter.size)
    kin = order[first + np.minimum((ndtr(like) * size).astype(np.int64), size - 1)]
    return np.where(
        rng.random(starter.size) < kin_share, kin, rng.integers(0, people.size, starter.size)
    )


def _with_rings(
    starter: np.ndarray, partner: np.ndarray, rings: Rings
) -> tuple[np.ndarray, np.ndarray]:
    """Ring members know their leader: a star."""
    members = np.flatnonzero(rings.ring >= 0)
    return np.concatenate([starter, members]), np.concatenate(
        [partner, rings.leader[rings.ring[members]]]
    )


def _made(
    nature: WorldConfig,
    people: People,
    network: np.ndarray,
    one: np.ndarray,
    two: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """When the edge was made: long before the earlier of the two applications where both are well connected."""
    age = nature.stream("contact_age")
    log_days = (
        age.level
        + age.slope * (network[one] + network[two])
        + age.noise * rng.standard_normal(one.size)
    )
    days = np.clip(np.exp(log_days), YOUNGEST_DAYS, OLDEST_DAYS)
    days = np.where(rng.random(one.size) < LATE_SHARE, -rng.random(one.size) * AFTER_DAYS, days)
    return np.minimum(people.as_of[one], people.as_of[two]) - (days * DAY_US).astype(np.int64)


def _strongest(
    nature: WorldConfig,
    owner: np.ndarray,
    contact: np.ndarray,
    made: np.ndarray,
    n: int,
    rng: np.random.Generator,
) -> Graph:
    """Keep most edges from either side, at most 30 per owner, sorted by owner and time."""
    kept = rng.random(owner.size) < nature.stream("contact").rate
    degree = np.bincount(owner, minlength=n)
    owner, contact, made = owner[kept], contact[kept], made[kept]
    order = _by_owner(owner, rng.integers(0, SHUFFLE, owner.size))
    start = np.searchsorted(owner[order], np.arange(n + 1))
    rank = np.arange(owner.size) - start[owner[order]]
    top = order[rank < STRONGEST]
    top = top[_by_owner(owner[top], (made[top] - made.min()) // 1_000_000)]
    return Graph(
        owner[top], contact[top], made[top], np.searchsorted(owner[top], np.arange(n + 1)), degree
    )


def _by_owner(owner: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Order by owner, then by a number below 2^32: one integer key sorts several times faster than two."""
    return np.argsort(owner * SHUFFLE + second, kind="stable")
