"""Money that a fraud ring moves among its members in the weeks before it applies: star, cycle, fan-in, fan-out (domain 7.4, 7.8).

Every transfer is a payment of both members, out of one account and into the other, at the same time and amount.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.world.clock import DAY_US
from data.world.fraud import Rings
from data.world.nature import Nature
from data.world.people import People

STAR, FAN_IN, FAN_OUT, CYCLE = range(4)


@dataclass(frozen=True)
class Transfers:
    """One row per transfer, in order of payer: both applicants, moment and amount; `motif` per ring."""

    payer: np.ndarray
    payee: np.ndarray
    time_us: np.ndarray
    amount_fen: np.ndarray
    motif: np.ndarray


def ring_transfers(nature: Nature, people: People, rings: Rings, rng: np.random.Generator) -> Transfers:
    """All transfers inside rings. Motifs take turns; from the new pattern on every ring runs its money in a circle."""
    fraud = nature.fraud
    motif = np.arange(rings.leader.size) % 4
    motif = np.where(people.vintage[rings.leader] >= fraud.late_pattern_vintage, CYCLE, motif)
    pairs = [_pairs(np.flatnonzero(rings.ring == ring), int(rings.leader[ring]), int(motif[ring])) for ring in range(motif.size)]
    payer, payee = np.concatenate(pairs, axis=1) if pairs else np.empty((2, 0), np.int64)
    rounds = rng.poisson(fraud.transfer_rounds, payer.size)
    payer, payee = np.repeat(payer, rounds), np.repeat(payee, rounds)
    earliest = np.minimum(people.as_of[payer], people.as_of[payee])
    time = earliest - DAY_US - (rng.random(payer.size) * (fraud.account_days - 2.0) * DAY_US).astype(np.int64)
    amount = np.rint(fraud.transfer_cny * np.exp(0.4 * rng.standard_normal(payer.size))).astype(np.int64) * 100
    order = np.lexsort((time, payer))
    return Transfers(payer[order], payee[order], time[order] // 1000 * 1000, amount[order], motif)


def _pairs(members: np.ndarray, leader: int, motif: int) -> np.ndarray:
    """Payers and payees of one ring, 2 x pairs."""
    if motif == CYCLE:
        return np.stack([members, np.roll(members, -1)])
    others = members[members != leader]
    centre = np.full(others.size, leader)
    to_centre, from_centre = np.stack([others, centre]), np.stack([centre, others])
    return {FAN_IN: to_centre, FAN_OUT: from_centre, STAR: np.concatenate([to_centre, from_centre], axis=1)}[motif]
