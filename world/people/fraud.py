"""Fraud rings: who belongs together, when they apply and what they share (domain 7.4)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from creditloom.world.calendar import DAY_US
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.people.people import People

HOUR_US = DAY_US // 24
NIGHT_HOURS = 6
DEVICES = (2, 4)


@dataclass(frozen=True)
class Rings:
    """`ring` is -1 outside a ring, `leader` the applicant at its centre, `n_devices` how many devices the ring shares."""

    ring: np.ndarray
    leader: np.ndarray
    n_devices: np.ndarray


def arrange(
    nature: WorldConfig, people: People, vintages: np.ndarray, rng: np.random.Generator
) -> tuple[People, Rings]:
    """Group part of the frauds into rings of 3-12 (Zipf) that apply within 48 hours, at night; return the moved people and the rings."""
    members = rng.permutation(
        np.flatnonzero(people.is_fraud & (rng.random(people.size) < nature.fraud.ring_share))
    )
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
        as_of[group] = _night_times(
            as_of[group[0]], group.size, nature.fraud.ring_hours, month, rng
        )
        at += size
    n_devices = rng.integers(DEVICES[0], DEVICES[1] + 1, max(len(leader), 1))
    return replace(people, vintage=vintage, as_of=as_of), Rings(
        ring, np.array(leader, dtype=np.int64), n_devices
    )


def _night_times(
    first: int, n: int, hours: float, month: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """`n` moments between midnight and six on days within `hours` of `first`, kept inside the vintage's month."""
    days = first // DAY_US + rng.integers(0, max(int(hours // 24), 1), n)
    days = np.clip(days, month[0] // DAY_US, month[1] // DAY_US - 1)
    return days * DAY_US + rng.integers(0, NIGHT_HOURS * 3600, n) * 1_000_000


# Money that a fraud ring moves among its members in the weeks before it applies: star, cycle, fan-in, fan-out (domain 7.4, 7.8).

STAR, FAN_IN, FAN_OUT, CYCLE = range(4)


@dataclass(frozen=True)
class Transfers:
    """One row per transfer, in order of payer: both applicants, moment and amount; `motif` per ring."""

    payer: np.ndarray
    payee: np.ndarray
    time_us: np.ndarray
    amount_fen: np.ndarray
    motif: np.ndarray


def ring_transfers(
    nature: WorldConfig, people: People, rings: Rings, rng: np.random.Generator
) -> Transfers:
    """All transfers inside rings. Motifs take turns; from the new pattern on every ring runs its money in a circle."""
    fraud = nature.fraud
    motif = np.arange(rings.leader.size) % 4
    motif = np.where(people.vintage[rings.leader] >= fraud.late_pattern_vintage, CYCLE, motif)
    pairs = [
        _pairs(np.flatnonzero(rings.ring == ring), int(rings.leader[ring]), int(motif[ring]))
        for ring in range(motif.size)
    ]
    payer, payee = np.concatenate(pairs, axis=1) if pairs else np.empty((2, 0), np.int64)
    rounds = rng.poisson(fraud.transfer_rounds, payer.size)
    payer, payee = np.repeat(payer, rounds), np.repeat(payee, rounds)
    earliest = np.minimum(people.as_of[payer], people.as_of[payee])
    time = (
        earliest
        - DAY_US
        - (rng.random(payer.size) * (fraud.account_days - 2.0) * DAY_US).astype(np.int64)
    )
    amount = (
        np.rint(fraud.transfer_cny * np.exp(0.4 * rng.standard_normal(payer.size))).astype(np.int64)
        * 100
    )
    order = np.lexsort((time, payer))
    return Transfers(payer[order], payee[order], time[order] // 1000 * 1000, amount[order], motif)


def _pairs(members: np.ndarray, leader: int, motif: int) -> np.ndarray:
    """Payers and payees of one ring, 2 x pairs."""
    if motif == CYCLE:
        return np.stack([members, np.roll(members, -1)])
    others = members[members != leader]
    centre = np.full(others.size, leader)
    to_centre, from_centre = np.stack([others, centre]), np.stack([centre, others])
    return {
        FAN_IN: to_centre,
        FAN_OUT: from_centre,
        STAR: np.concatenate([to_centre, from_centre], axis=1),
    }[motif]
