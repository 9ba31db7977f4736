"""Events of the device-stability family: logins (domain 7.4).

device_constancy shows in logins from other devices, location_constancy in other regions, device_integrity in fingerprint mismatches.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from data.world.events import Chunk, Stamps, Values, flip, scatter, table
from data.world.traits import DIG, sigmoid

PER_PERSON = 64  # pseudonymous ids per person
SHARED = 10**12  # ids that a fraud ring shares start here


def emit(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """Logins; address and region are null without location consent, the device where its identifier changed (domain 7.8)."""
    rate = np.exp(chunk.linear("login", "device_constancy") + 0.1 * chunk.of("traits")[:, DIG])
    stamps = scatter(chunk, rate, chunk.days.even, rng)
    region, hidden = _region(chunk, stamps, rng), ~chunk.of("consent_location")[stamps.person]
    mismatch = flip(sigmoid(chunk.linear("fingerprint", "device_integrity"))[stamps.person], rng)
    columns: dict[str, Values] = {
        "device_id": (_device(chunk, stamps, rng), _lost(chunk, stamps, rng)),
        "ip_id": (_address(chunk, stamps, region, rng), hidden),
        "ip_region": (region, hidden),
        "is_fingerprint_match": ~mismatch,
        "is_emulator": flip(_emulator(chunk)[stamps.person], rng),
    }
    return {"logins": table(chunk, "logins", stamps, **columns)}


def _ring(chunk: Chunk) -> np.ndarray:
    return chunk.world.rings.ring[chunk.rows]


def _device(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> np.ndarray:
    """The main device, or one of a pool of others; ring members use the ring's devices."""
    pool = np.minimum(1 + rng.poisson(np.exp(chunk.linear("device_pool", "device_constancy"))), PER_PERSON - 1)
    other = flip(sigmoid(chunk.linear("device_other", "device_constancy"))[stamps.person], rng)
    which = np.where(other, 1 + (rng.random(stamps.size) * pool[stamps.person]).astype(np.int64), 0)
    own = (chunk.first + stamps.person) * PER_PERSON + which
    ring = _ring(chunk)[stamps.person]
    shared = SHARED + ring * 8 + rng.integers(0, 8, stamps.size) % chunk.world.rings.n_devices[ring]
    return np.where(ring >= 0, shared, own)


def _region(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> np.ndarray:
    """Home, or elsewhere; in the Spring Festival part of blue-collar workers are in their home province."""
    n_regions = len(chunk.nature.places.tier_of_region)
    home = chunk.of("region")[stamps.person]
    away = flip(sigmoid(chunk.linear("region_away", "location_constancy"))[stamps.person], rng)
    migrant = (chunk.of("segment") == 1) & (rng.random(chunk.size) < chunk.nature.seasons.festival_home_share)
    village = rng.integers(0, n_regions, chunk.size)
    at_home = migrant[stamps.person] & chunk.days.is_festival(stamps.time)
    elsewhere = (home + 1 + rng.integers(0, n_regions - 1, stamps.size)) % n_regions
    return np.where(at_home, village[stamps.person], np.where(away, elsewhere, home))


def _address(chunk: Chunk, stamps: Stamps, region: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One address at home, others per region; ring members share one."""
    home = region == chunk.of("region")[stamps.person]
    own = (chunk.first + stamps.person) * PER_PERSON + np.where(home, rng.integers(0, 2, stamps.size), 2 + region)
    ring = _ring(chunk)[stamps.person]
    return np.where(ring >= 0, SHARED + ring, own)


def _lost(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> np.ndarray:
    drift = chunk.nature.drift
    changed = stamps.time >= chunk.days.vintages[min(drift.device_change_vintage, chunk.days.vintages.size - 1)]
    return changed & (rng.random(stamps.size) < drift.device_null_share)


def _emulator(chunk: Chunk) -> np.ndarray:
    share = sigmoid(chunk.linear("emulator", "device_integrity"))
    return np.where(chunk.of("is_fraud"), chunk.nature.fraud.emulator_share, share)
