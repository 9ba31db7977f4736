"""The contact graph: who knows whom (domain 7.4).

It is a degree-corrected block model over region x segment, with homophily on discipline. Edges
are undirected and drawn once for a whole community. The contact list of a person keeps the 30
strongest. Rows are sorted by the owner of the list.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from creditloom.world.calendar import AFTER_DAYS, DAY_US
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.people.fraud import Rings
from creditloom.world.people.people import DISC, People

# Second keys of a sort stay below this, so that owner and second key fit into one int64.
SECOND_KEY_LIMIT = 2**32
# Regions and segments share one block number: more than the number of segments.
BLOCK_WIDTH = 16


@dataclass(frozen=True)
class Graph:
    """Directed rows of the contact lists: `owner[k]` lists `contact[k]` since `made_us[k]`.

    `start` has one value more than there are people: the rows of person p are `start[p]` to
    `start[p + 1]`. `degree` counts all contacts of a person, before the list is cut.
    """

    owner: np.ndarray
    contact: np.ndarray
    made_us: np.ndarray
    start: np.ndarray
    degree: np.ndarray


def draw_graph(
    nature: WorldConfig, people: People, network: np.ndarray, rings: Rings, rng: np.random.Generator
) -> Graph:
    """Draw all contact lists; `network` is the state of the concept contact_network."""
    starter, partner = _pairs(nature, people, network, rng)
    starter, partner = _with_rings(starter, partner, rings)
    # One integer per undirected edge: sorting it removes edges that were drawn twice.
    keys = np.sort(np.minimum(starter, partner) * people.size + np.maximum(starter, partner))
    keys = keys[np.diff(keys, prepend=-1) > 0]
    one, two = np.divmod(keys, people.size)
    is_edge = one != two
    one = one[is_edge]
    two = two[is_edge]
    made = _made(nature, people, network, one, two, rng)
    owner = np.concatenate([one, two])
    contact = np.concatenate([two, one])
    return _strongest(nature, owner, contact, np.concatenate([made, made]), people.size, rng)


def _pairs(
    nature: WorldConfig, people: People, network: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return starter and partner of each edge.

    Each person starts a Poisson number of edges. Of two candidates the better connected is
    likelier.
    """
    reach = nature.stream("contact")
    kin = nature.stream("contact_homophily")
    thin_reach = nature.contacts.thin_reach
    # Who talks much makes many contacts and is sought, whatever the contacts say of credit.
    drive = reach.slope * network + reach.habit * people.talk
    mean = np.exp(reach.level + drive) * np.where(people.is_thin, thin_reach, 1.0)
    starter = np.repeat(np.arange(people.size), rng.poisson(mean))
    # Draw order: both candidates of all edges, then the choice between them.
    first = _candidate(people, starter, kin.level, kin.slope, rng)
    second = _candidate(people, starter, kin.level, kin.slope, rng)
    pull = np.exp((drive[first] - drive[second]) * nature.contacts.pull_factor)
    takes_first = rng.random(starter.size) < pull / (1.0 + pull)
    return starter, np.where(takes_first, first, second)


def _candidate(
    people: People,
    starter: np.ndarray,
    kin_share: float,
    homophily: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return one candidate per edge.

    It is someone of the same block whose discipline correlates with the starter's, else anybody.
    """
    block = people.region.astype(np.int64) * BLOCK_WIDTH + people.segment
    # A block is a stretch of this order, and within it people stand by discipline.
    order = np.lexsort((people.traits[:, DISC], block))
    first = np.searchsorted(block[order], block[starter])
    size = np.searchsorted(block[order], block[starter], side="right") - first
    own_part = homophily * people.traits[starter, DISC]
    alike = own_part + np.sqrt(1.0 - homophily**2) * rng.standard_normal(starter.size)
    # The normal quantile of the wanted discipline is the rank to take within the block.
    rank = np.minimum((ndtr(alike) * size).astype(np.int64), size - 1)
    kin = order[first + rank]
    is_kin = rng.random(starter.size) < kin_share
    return np.where(is_kin, kin, rng.integers(0, people.size, starter.size))


def _with_rings(
    starter: np.ndarray, partner: np.ndarray, rings: Rings
) -> tuple[np.ndarray, np.ndarray]:
    """Add edges between ring members and their leader: a star."""
    members = np.flatnonzero(rings.ring >= 0)
    leaders = rings.leader[rings.ring[members]]
    return np.concatenate([starter, members]), np.concatenate([partner, leaders])


def _made(
    nature: WorldConfig,
    people: People,
    network: np.ndarray,
    one: np.ndarray,
    two: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return when each edge was made, microseconds.

    It was long before the earlier of the two applications where both are well connected.
    """
    numbers = nature.contacts
    age = nature.stream("contact_age")
    log_days = age.level + age.slope * (network[one] + network[two])
    log_days = log_days + age.noise * rng.standard_normal(one.size)
    # Ages of contacts are bounded on both sides, so that no draw of the tail stands out.
    days = np.clip(np.exp(log_days), numbers.youngest_days, numbers.oldest_days)
    is_late = rng.random(one.size) < numbers.late_share
    days = np.where(is_late, -rng.random(one.size) * AFTER_DAYS, days)
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
    degree = np.bincount(owner, minlength=n)
    is_kept = rng.random(owner.size) < nature.stream("contact").rate
    owner = owner[is_kept]
    contact = contact[is_kept]
    made = made[is_kept]
    # Which contacts are the strongest is random: strength has no state of its own.
    order = _by_owner(owner, rng.integers(0, SECOND_KEY_LIMIT, owner.size))
    start = np.searchsorted(owner[order], np.arange(n + 1))
    rank = np.arange(owner.size) - start[owner[order]]
    top = order[rank < nature.contacts.longest_list]
    # Seconds since the first edge stay below the limit of a second key for 136 years.
    top = top[_by_owner(owner[top], (made[top] - made.min()) // 1_000_000)]
    return Graph(
        owner=owner[top],
        contact=contact[top],
        made_us=made[top],
        start=np.searchsorted(owner[top], np.arange(n + 1)),
        degree=degree,
    )


def _by_owner(owner: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the order by owner, then by a number below 2^32.

    One integer key sorts several times faster than two.
    """
    # Stable: equal pairs keep the order in which they were drawn.
    return np.argsort(owner * SECOND_KEY_LIMIT + second, kind="stable")
