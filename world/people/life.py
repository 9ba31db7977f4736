"""Life shocks - job loss, illness, divorce - with their dates, and luck that friends share (domain 7.4, 7.5).

A job that is lost takes those of some contacts with it (the same employer), so shocks run along the contact graph. From its month on a
shock changes a person's payments and for six months it multiplies the hazard of default, whether it came before or after the application.
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
NONE = -1
MONTHS_BEFORE, MONTHS_AFTER = 12, 12
MONTH_US = int(DAYS_PER_MONTH * DAY_US)
NEVER_US = np.iinfo(np.int64).max // 2


@dataclass(frozen=True)
class Life:
    """Per applicant the first shock from a year before `as_of` to a year after: `kind` (-1 where none comes) and `time_us`."""

    kind: np.ndarray
    time_us: np.ndarray

    def month(self, as_of: np.ndarray) -> np.ndarray:
        """Month after the application in which the shock strikes: 1 is the first, 0 and less lie before; far beyond 12 where none."""
        return -((as_of - self.time_us) // MONTH_US)

    def is_active(self, person: np.ndarray, time_us: np.ndarray, months: int) -> np.ndarray:
        """Whether each event falls into the `months` after its person's shock."""
        since = time_us - self.time_us[person]
        return (since >= 0) & (since < months * MONTH_US)


def draw_life(nature: WorldConfig, people: People, graph: Graph, rng: np.random.Generator) -> Life:
    """First shock of everyone; a contact's job loss is followed by one's own within a month with probability `spread`."""
    numbers = nature.life
    rates = np.array(numbers.monthly_rates) * np.array([1.0 - numbers.shared_share, 1.0, 1.0])
    start = people.as_of - MONTHS_BEFORE * MONTH_US
    time = start + (rng.exponential(1.0 / rates.sum(), people.size) * MONTH_US).astype(np.int64)
    kind = rng.choice(len(KINDS), people.size, p=rates / rates.sum()).astype(np.int8)
    followed = (kind[graph.contact] == JOB_LOSS) & (rng.random(graph.contact.size) < numbers.spread)
    owner, after = graph.owner[followed], time[graph.contact[followed]]
    after = after + (rng.random(after.size) * MONTH_US).astype(np.int64)
    inside = after >= start[owner]
    shared = np.full(people.size, NEVER_US)
    np.minimum.at(shared, owner[inside], after[inside])
    kind = np.where(shared < time, JOB_LOSS, kind)
    time = np.minimum(time, shared)
    comes = time < people.as_of + MONTHS_AFTER * MONTH_US
    return Life(np.where(comes, kind, NONE).astype(np.int8), np.where(comes, time, NEVER_US))


def shared_luck(graph: Graph, n: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Standard normal luck of `n` people, of which `share` (in variance) is what their contacts live through."""
    own = rng.standard_normal(n)
    around = np.bincount(graph.owner, own[graph.contact], n) / np.sqrt(
        np.maximum(np.bincount(graph.owner, minlength=n), 1)
    )
    mixed = np.sqrt(1.0 - share) * own + np.sqrt(share) * around
    return mixed / mixed.std()
