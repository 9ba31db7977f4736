"""Fraud rings: their members, when they apply and the money they pass round (domain 7.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from creditloom.world.calendar import DAY_US
from creditloom.world.config.config_types import Fraud
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.people.people import People

SECOND_US = 1_000_000
HOUR_US = DAY_US // 24


@dataclass(frozen=True)
class Rings:
    """The fraud rings of a community.

    `ring` is one number per applicant, -1 outside a ring. `leader` (the place of the applicant at
    the centre) and `n_devices` (how many devices the ring shares) have one value per ring. Without
    any ring `n_devices` still has one value, which nobody uses.
    """

    ring: np.ndarray
    leader: np.ndarray
    n_devices: np.ndarray


def arrange(
    nature: WorldConfig, people: People, vintages: np.ndarray, rng: np.random.Generator
) -> tuple[People, Rings]:
    """Group part of the frauds into rings; return the people with moved times, and the rings.

    A ring has 3-12 members (Zipf) who apply within 48 hours, at night. `vintages` are the starts
    of the vintages and the end of the last, in microseconds.
    """
    is_member = people.is_fraud & (rng.random(people.size) < nature.fraud.ring_share)
    # Members of a ring are not neighbours by id: the order of applicants must not betray a ring.
    members = rng.permutation(np.flatnonzero(is_member))
    groups = _groups(members, nature.fraud, rng)
    ring = np.full(people.size, -1, dtype=np.int64)
    vintage = people.vintage.copy()
    as_of = people.as_of.copy()
    leader: list[int] = []
    for group in groups:
        head = group[0]
        ring[group] = len(leader)
        leader.append(int(head))
        vintage[group] = vintage[head]
        month = vintages[vintage[head] : vintage[head] + 2]
        as_of[group] = _night_times(as_of[head], group.size, nature.fraud, month, rng)
    # At least one draw even without a ring, so that a lookup with ring -1 finds a value.
    fewest, most = nature.fraud.ring_devices
    n_devices = rng.integers(fewest, most + 1, max(len(leader), 1))
    moved = replace(people, vintage=vintage, as_of=as_of)
    return moved, Rings(ring, np.array(leader, dtype=np.int64), n_devices)


def _groups(members: np.ndarray, fraud: Fraud, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield the members of one ring after another; too few are left over and stay alone.

    A generator on purpose: the size of the next ring is drawn after the times of this one, and
    another order of draws would give another world.
    """
    low, high = fraud.ring_size
    start = 0
    while members.size - start >= low:
        size = int(min(low - 1 + rng.zipf(fraud.ring_size_exponent), high, members.size - start))
        yield members[start : start + size]
        start += size


def _night_times(
    first: int, n: int, fraud: Fraud, month: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return `n` moments of the night, on days within `ring_hours` of `first`.

    Some rings apply in one go: all within minutes of each other (FR03).
    """
    days = first // DAY_US + rng.integers(0, max(int(fraud.ring_hours // 24), 1), n)
    # A ring that reaches into the next month would change its vintage: keep it in this one.
    days = np.clip(days, month[0] // DAY_US, month[1] // DAY_US - 1)
    second = rng.integers(0, fraud.ring_night_hours * 3600, n)
    minutes = rng.integers(0, fraud.ring_burst_minutes, n)
    if rng.random() < fraud.ring_burst_share:
        days = np.full(n, days[0])
        # All of them still fall into the night.
        latest = fraud.ring_night_hours * 3600 - 60 * fraud.ring_burst_minutes
        second = np.minimum(second[0], latest) + 60 * minutes
    return days * DAY_US + second * SECOND_US


# Money that a ring moves among its members in the weeks before it applies: star, cycle, fan-in or
# fan-out (domain 7.4, 7.8).

STAR, FAN_IN, FAN_OUT, CYCLE = range(4)


@dataclass(frozen=True)
class Transfers:
    """Transfers inside rings: one value per transfer, in order of payer and time.

    `payer` and `payee` are places of applicants. `motif` has one value per ring.
    """

    payer: np.ndarray
    payee: np.ndarray
    time_us: np.ndarray
    amount_fen: np.ndarray
    motif: np.ndarray


def ring_transfers(
    nature: WorldConfig, people: People, rings: Rings, rng: np.random.Generator
) -> Transfers:
    """Return all transfers inside rings.

    Motifs take turns. From the vintage of the late pattern on, every ring runs a cycle.
    """
    fraud = nature.fraud
    motif = np.arange(rings.leader.size) % 4
    motif = np.where(people.vintage[rings.leader] >= fraud.late_pattern_vintage, CYCLE, motif)
    payer, payee = _all_pairs(rings, motif)
    n_transfers = rng.poisson(fraud.transfer_rounds, payer.size)
    payer = np.repeat(payer, n_transfers)
    payee = np.repeat(payee, n_transfers)
    latest = np.minimum(people.as_of[payer], people.as_of[payee])
    latest = latest - fraud.transfer_days_before * DAY_US
    back_days = rng.random(payer.size) * (fraud.account_days - fraud.transfer_free_days)
    time = latest - (back_days * DAY_US).astype(np.int64)
    amount_cny = fraud.transfer_cny * np.exp(fraud.transfer_sigma * rng.standard_normal(payer.size))
    amount_fen = np.rint(amount_cny).astype(np.int64) * 100  # people send whole yuan
    # By payer, then by time; moments are drawn apart, so no tie is left.
    order = np.lexsort((time, payer))
    return Transfers(
        payer=payer[order],
        payee=payee[order],
        # Raw tables hold whole milliseconds.
        time_us=time[order] // 1000 * 1000,
        amount_fen=amount_fen[order],
        motif=motif,
    )


def _all_pairs(rings: Rings, motif: np.ndarray) -> np.ndarray:
    """Return payers and payees of all rings, 2 x pairs."""
    pairs = [
        _pairs(np.flatnonzero(rings.ring == ring), int(rings.leader[ring]), int(motif[ring]))
        for ring in range(motif.size)
    ]
    return np.concatenate(pairs, axis=1) if pairs else np.empty((2, 0), np.int64)


def _pairs(members: np.ndarray, leader: int, motif: int) -> np.ndarray:
    """Return payers and payees of one ring, 2 x pairs.

    >>> _pairs(np.array([3, 5, 8]), 5, FAN_IN).tolist()
    [[3, 8], [5, 5]]
    >>> _pairs(np.array([3, 5, 8]), 5, CYCLE).tolist()
    [[3, 5, 8], [5, 8, 3]]
    """
    if motif == CYCLE:
        return np.stack([members, np.roll(members, -1)])
    others = members[members != leader]
    centre = np.full(others.size, leader)
    to_centre = np.stack([others, centre])
    from_centre = np.stack([centre, others])
    return {
        FAN_IN: to_centre,
        FAN_OUT: from_centre,
        STAR: np.concatenate([to_centre, from_centre], axis=1),
    }[motif]
