"""Who shares an address or a phone with whom, without any bad intent (domain 7.4).

People of a household use one address at home, phones change hands, and at a promotion desk
strangers apply one after another from one address. So what is shared is no proof of a fraud ring.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from creditloom.world.calendar import DAY_US
from creditloom.world.config.event_types import SharingNumbers
from creditloom.world.people.people import People

# Microseconds of a minute.
MINUTE_US = 60_000_000


@dataclass(frozen=True)
class Sharing:
    """One value per applicant: places of applicants of the same community.

    - `home`: whose address at home one uses; the own place outside a household.
    - `phone`: whose former phone one uses; the own place where it was bought new.
    - `phone_us`: moment at which the former owner gave the own phone away, far away where never.
    - `desk`: who stood first at the promotion desk where one applied; -1 elsewhere.
    """

    home: np.ndarray
    phone: np.ndarray
    phone_us: np.ndarray
    desk: np.ndarray


# Moment of something that never happens: half of the largest int64, so that sums cannot overflow.
NEVER_US = np.iinfo(np.int64).max // 2


def draw_sharing(
    numbers: SharingNumbers, people: People, rng: np.random.Generator
) -> tuple[People, Sharing]:
    """Draw households, used phones and promotion desks; return the people with moved times.

    Frauds take no part. At a desk people apply within an hour of the first of them.
    """
    honest = np.flatnonzero(~people.is_fraud)
    # Draw order: households, phones, desks.
    home = _households(numbers, people, honest, rng)
    phone, phone_us = _phones(numbers, people, honest, rng)
    moved, desk = _desks(numbers, people, honest, rng)
    return moved, Sharing(home=home, phone=phone, phone_us=phone_us, desk=desk)


def _households(
    numbers: SharingNumbers, people: People, honest: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return whose address each person uses: people of one region in groups of two, three, four."""
    home = np.arange(people.size)
    shuffled = rng.permutation(honest)
    # Neighbours in this order live in one region; within a region the order stays random.
    by_region = shuffled[np.argsort(people.region[shuffled], kind="stable")]
    sizes = np.array(list(numbers.household_shares), dtype=np.int64)
    # Shares are of people, so a household of `size` comes with share / size.
    per_household = np.array(list(numbers.household_shares.values())) / sizes
    alone = 1.0 - sum(numbers.household_shares.values())
    weights = np.append(per_household, alone)
    drawn = rng.choice(np.append(sizes, 1), by_region.size, p=weights / weights.sum())
    start = 0
    for size in drawn:
        members = by_region[start : start + size]
        is_one_region = np.ptp(people.region[members]) == 0 if members.size else False
        if size > 1 and members.size == size and is_one_region:
            home[members] = members[0]
        start += size
        if start >= by_region.size:
            break
    return home


def _phones(
    numbers: SharingNumbers, people: People, honest: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return whose former phone each person uses, and when everybody gave the own phone away."""
    n = round(numbers.second_hand_share * honest.size)
    pairs = rng.permutation(honest)[: 2 * n].reshape(2, n)
    buyer, seller = pairs
    phone = np.arange(people.size)
    phone_us = np.full(people.size, NEVER_US)
    low, high = numbers.second_hand_days
    days = low + rng.random(n) * (high - low)
    phone[buyer] = seller
    phone_us[seller] = people.as_of[buyer] - (days * DAY_US).astype(np.int64)
    return phone, phone_us


def _desks(
    numbers: SharingNumbers, people: People, honest: np.ndarray, rng: np.random.Generator
) -> tuple[People, np.ndarray]:
    """Return the people with the times of those at a desk moved together, and their desks."""
    size = numbers.desk_size
    n_desks = round(numbers.desk_share * people.size / size)
    by_vintage = rng.permutation(honest)
    # Stable: within a vintage the random order stays.
    by_vintage = by_vintage[np.argsort(people.vintage[by_vintage], kind="stable")]
    desk = np.full(people.size, -1, dtype=np.int64)
    as_of = people.as_of.copy()
    starts = rng.permutation(by_vintage.size // size)[:n_desks] * size
    for start in starts:
        members = by_vintage[start : start + size]
        if np.ptp(people.vintage[members]):
            continue
        first = members[0]
        desk[members] = first
        minutes = rng.integers(0, numbers.desk_minutes, size)
        # The last hour of a month is free of applications, so nobody leaves the vintage.
        as_of[members] = as_of[first] + minutes * MINUTE_US
    return replace(people, as_of=as_of), desk
