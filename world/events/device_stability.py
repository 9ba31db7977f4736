"""Events of the device-stability family: logins (domain 7.4).

device_constancy shows in logins from other devices and in how often one must log in anew, location_constancy in weeks spent in other
regions, device_integrity in fingerprint mismatches.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from creditloom.world.calendar import DAY_US
from creditloom.world.events.events import Chunk, Draws, Stamps, flip, in_order, scatter, table
from creditloom.world.events.spending import night_share
from creditloom.world.people.people import DIG, sigmoid

PER_PERSON = 64  # pseudonymous ids per person
WEEKS = 56  # of a window of 382 days
BLUE_COLLAR = 1
FESTIVAL_LEAVE_DAYS = 3  # migrants leave before New Year's Day
SHARED = (
    10**12
)  # ids that a fraud ring shares start here, rings counted from their community's first applicant: there are fewer rings than people


def emit(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """Logins; address and region are null without location consent, the device where its identifier changed (domain 7.8)."""
    rate = np.exp(chunk.linear("login", "device_constancy") + 0.1 * chunk.of("traits")[:, DIG])
    stamps = _at_night(chunk, scatter(chunk, rate, chunk.days.even, rng), rng)
    region, hidden = _region(chunk, stamps, rng), ~chunk.of("consent_location")[stamps.person]
    mismatch = flip(sigmoid(chunk.linear("fingerprint", "device_integrity"))[stamps.person], rng)
    columns: dict[str, Draws] = {
        "device_id": (_device(chunk, stamps, rng), _lost(chunk, stamps, rng)),
        "ip_id": (_address(chunk, stamps, region, rng), hidden),
        "ip_region": (region, hidden),
        "is_fingerprint_match": ~mismatch,
        "is_emulator": flip(_emulator(chunk)[stamps.person], rng),
    }
    return {"logins": table(chunk, "logins", stamps, **columns)}


def _at_night(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> Stamps:
    """Some logins come between midnight and five, as many as payments do: more with frauds until their pattern changes."""
    moved = flip(night_share(chunk).astype(np.float32)[stamps.person], rng)
    midnight = stamps.time // DAY_US * DAY_US
    return in_order(
        stamps.person,
        np.where(moved, midnight + rng.integers(0, 5 * 3600, stamps.size) * 1_000_000, stamps.time),
    )[0]


def _ring(chunk: Chunk) -> np.ndarray:
    return chunk.world.rings.ring[chunk.rows]


def _device(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> np.ndarray:
    """The main device, or one of a pool of others; ring members use the ring's devices."""
    pool = np.minimum(
        1 + rng.poisson(np.exp(chunk.linear("device_pool", "device_constancy"))), PER_PERSON - 1
    )
    other = flip(sigmoid(chunk.linear("device_other", "device_constancy"))[stamps.person], rng)
    which = np.where(other, 1 + (rng.random(stamps.size) * pool[stamps.person]).astype(np.int64), 0)
    own = (chunk.first_id + stamps.person) * PER_PERSON + which
    ring = _ring(chunk)[stamps.person]
    shared = (
        SHARED
        + (chunk.world.first + ring) * 8
        + rng.integers(0, 8, stamps.size) % chunk.world.rings.n_devices[ring]
    )
    return np.where(ring >= 0, shared, own)


def _region(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> np.ndarray:
    """Home, or elsewhere for whole weeks, so that changes come in bursts; part of the blue collar are home in the Spring Festival."""
    n_regions = len(chunk.nature.places.tier_of_region)
    home = chunk.of("region")
    away = (
        rng.random((chunk.size, WEEKS))
        < sigmoid(chunk.linear("region_away", "location_constancy"))[:, None]
    )
    where = np.where(
        away,
        (home[:, None] + rng.integers(1, n_regions, (chunk.size, WEEKS))) % n_regions,
        home[:, None],
    )
    week = (stamps.time - chunk.window[0][stamps.person]) // (7 * DAY_US)
    village = (home + rng.integers(1, n_regions, chunk.size)) % n_regions
    return np.where(
        _migrates(chunk, stamps, rng),
        village[stamps.person],
        where[stamps.person, np.clip(week, 0, WEEKS - 1)],
    )


def _migrates(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> np.ndarray:
    """Events of a migrant worker in the one to two weeks at home round the Spring Festival (domain 7.4), on the same device."""
    seasons = chunk.nature.seasons
    migrant = (chunk.of("segment") == BLUE_COLLAR) & (
        rng.random(chunk.size) < seasons.festival_home_share
    )
    stay = rng.integers(
        seasons.festival_home_days[0], seasons.festival_home_days[1] + 1, chunk.size
    )
    since = chunk.days.since_festival(stamps.time) + FESTIVAL_LEAVE_DAYS
    return migrant[stamps.person] & (since >= 0) & (since < stay[stamps.person])


def _address(
    chunk: Chunk, stamps: Stamps, region: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """One address at home, others per region; ring members share one."""
    home = region == chunk.of("region")[stamps.person]
    own = (chunk.first_id + stamps.person) * PER_PERSON + np.where(
        home, rng.integers(0, 2, stamps.size), 2 + region
    )
    ring = _ring(chunk)[stamps.person]
    return np.where(ring >= 0, SHARED + chunk.world.first + ring, own)


def _lost(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> np.ndarray:
    drift = chunk.nature.drift
    changed = (
        stamps.time
        >= chunk.days.vintages[min(drift.device_change_vintage, chunk.days.vintages.size - 1)]
    )
    return changed & (rng.random(stamps.size) < drift.device_null_share)


def _emulator(chunk: Chunk) -> np.ndarray:
    share = sigmoid(chunk.linear("emulator", "device_integrity"))
    return np.where(chunk.of("is_fraud"), chunk.nature.fraud.emulator_share, share)
