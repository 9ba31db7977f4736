"""Fraud rings: who belongs together, when they apply and what they share (domain 7.4)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from data.world.clock import DAY_US
from data.world.nature import Nature
from data.world.people import People

HOUR_US = DAY_US // 24
NIGHT_HOURS = 6
DEVICES = (2, 4)


@dataclass(frozen=True)
class Rings:
    """`ring` is -1 outside a ring, `leader` the applicant at its centre, `n_devices` how many devices the ring shares."""

    ring: np.ndarray
    leader: np.ndarray
    n_devices: np.ndarray


def arrange(nature: Nature, people: People, vintages: np.ndarray, rng: np.random.Generator) -> tuple[People, Rings]:
    """Group part of the frauds into rings of 3-12 (Zipf) that apply within 48 hours, at night; return the moved people and the rings."""
    members = rng.permutation(np.flatnonzero(people.is_fraud & (rng.random(people.size) < nature.fraud.ring_share)))
    ring = np.full(people.size, -1, dtype=np.int64)
    vintage, as_of, at = people.vintage.copy(), people.as_of.copy(), 0
    leader: list[int] = []
    low, high = nature.fraud.ring_size
    while members.size - at >= low:
        size = int(min(low - 1 + rng.zipf(2.0), high, members.size - at))
        group = members[at : at + size]
        ring[group] = len(leader)
        leader.append(int(group[0]))
        vintage[group] = vintage[group[0]]
        month = vintages[vintage[group[0]] : vintage[group[0]] + 2]
        as_of[group] = _night_times(as_of[group[0]], group.size, nature.fraud.ring_hours, month, rng)
        at += size
    n_devices = rng.integers(DEVICES[0], DEVICES[1] + 1, max(len(leader), 1))
    return replace(people, vintage=vintage, as_of=as_of), Rings(ring, np.array(leader, dtype=np.int64), n_devices)


def _night_times(first: int, n: int, hours: float, month: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`n` moments between midnight and six on days within `hours` of `first`, kept inside the vintage's month."""
    days = first // DAY_US + rng.integers(0, max(int(hours // 24), 1), n)
    days = np.clip(days, month[0] // DAY_US, month[1] // DAY_US - 1)
    return days * DAY_US + rng.integers(0, NIGHT_HOURS * 3600, n) * 1_000_000
