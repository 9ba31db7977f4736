"""Life shocks - job loss, illness, divorce - and luck that friends share (domain 7.4, 7.5).

A job loss takes the jobs of some contacts along (the same employer), so shocks run along the
contact graph. A shock changes a person's payments from its month on, and for six months it
multiplies the hazard of default. It may come before or after the application.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from creditloom.world.calendar import DAY_US, DAYS_PER_MONTH
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.people.graph import Graph
from creditloom.world.people.people import People

KINDS = ("job_loss", "illness", "divorce")
JOB_LOSS, ILLNESS, DIVORCE = range(3)
# Code of a person whom nothing happens to.
NO_SHOCK = -1
# Months around the application in which shocks are drawn: what features see and labels count.
MONTHS_BEFORE = 12
MONTHS_AFTER = 12
MONTH_US = int(DAYS_PER_MONTH * DAY_US)
# Time of a shock that never comes. Half of the largest int64: adding months cannot overflow.
NEVER_US = np.iinfo(np.int64).max // 2


@dataclass(frozen=True)
class Life:
    """The first life shock of each applicant, from a year before `as_of` to a year after.

    `kind` is an index of `KINDS`, -1 where none comes; `time_us` is then `NEVER_US`.
    """

    kind: np.ndarray
    time_us: np.ndarray

    def month(self, as_of: np.ndarray) -> np.ndarray:
        """Return the month after the application in which the shock strikes.

        1 is the first month, 0 and less lie before; the number is far beyond 12 where none comes.
        """
        # The two minus signs round up.
        return -((as_of - self.time_us) // MONTH_US)

    def is_active(self, person: np.ndarray, time_us: np.ndarray, months: int) -> np.ndarray:
        """Return whether each event falls into the `months` after its person's shock."""
        since = time_us - self.time_us[person]
        return (since >= 0) & (since < months * MONTH_US)


def draw_life(nature: WorldConfig, people: People, graph: Graph, rng: np.random.Generator) -> Life:
    """Draw the first shock of everyone.

    The job loss of a contact is followed by one's own within a month, with probability `spread`.
    """
    shocks = nature.life
    # Part of the job losses comes along with a contact's; so many fewer come alone.
    rates = np.array(shocks.monthly_rates) * np.array([1.0 - shocks.shared_share, 1.0, 1.0])
    start = people.as_of - MONTHS_BEFORE * MONTH_US
    wait = rng.exponential(1.0 / rates.sum(), people.size)
    time = start + (wait * MONTH_US).astype(np.int64)
    kind = rng.choice(len(KINDS), people.size, p=rates / rates.sum()).astype(np.int8)
    shared = _shared_job_losses(graph, kind, time, start, shocks.spread, rng)
    kind = np.where(shared < time, JOB_LOSS, kind)
    time = np.minimum(time, shared)
    comes = time < people.as_of + MONTHS_AFTER * MONTH_US
    return Life(np.where(comes, kind, NO_SHOCK).astype(np.int8), np.where(comes, time, NEVER_US))


def _shared_job_losses(
    graph: Graph,
    kind: np.ndarray,
    time: np.ndarray,
    start: np.ndarray,
    spread: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return when each person loses the job after a contact, `NEVER_US` where nobody does.

    Only one step is followed: a shared job loss takes no further ones along.
    """
    is_followed = (kind[graph.contact] == JOB_LOSS) & (rng.random(graph.contact.size) < spread)
    owner = graph.owner[is_followed]
    after = time[graph.contact[is_followed]]
    after = after + (rng.random(after.size) * MONTH_US).astype(np.int64)
    is_inside = after >= start[owner]
    shared = np.full(start.size, NEVER_US)
    # Several contacts may take the same person's job along: the earliest counts.
    np.minimum.at(shared, owner[is_inside], after[is_inside])
    return shared


def shared_luck(graph: Graph, n: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return standard normal luck of `n` people.

    `share` of its variance is the luck of a person's contacts.
    """
    own = rng.standard_normal(n)
    # Who has no contact divides by 1; the sum of nothing is 0 anyway.
    n_contacts = np.maximum(np.bincount(graph.owner, minlength=n), 1)
    around = np.bincount(graph.owner, own[graph.contact], n) / np.sqrt(n_contacts)
    mixed = np.sqrt(1.0 - share) * own + np.sqrt(share) * around
    # Scaled within the community, so that u has exactly its declared spread.
    return mixed / mixed.std()
