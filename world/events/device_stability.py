"""Events of the device-stability family: logins (domain 7.4).

device_constancy shows in logins from other devices and in how often one must log in anew,
location_constancy in weeks spent in other regions, device_integrity in fingerprint mismatches.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy.special import expit

from creditloom.world.calendar import DAY_US
from creditloom.world.events.events import Chunk, Draws, Stamps, flip, in_order, scatter, table
from creditloom.world.events.session import draw_session
from creditloom.world.events.spending import night_share
from creditloom.world.people.people import DIG
from creditloom.world.people.sharing import NEVER_US

SECOND_US = 1_000_000
# Pseudonymous ids of devices, and of addresses, that each person has to itself. Of the addresses
# the first two are at home, then comes one per region.
IDS_PER_PERSON = 64
HOME_ADDRESSES = 2
# Ids per ring; a ring has at most four devices.
IDS_PER_RING = 8
# Ids that a fraud ring shares start here. Rings are counted from the first applicant of their
# community: there are fewer rings than people, so no two communities meet.
FIRST_SHARED_ID = 10**12
# Ids of the addresses of promotion desks, and of carriers, which all communities share.
FIRST_DESK_ID = 2 * 10**12
FIRST_CARRIER_ID = 3 * 10**12
# Number, among the devices of a person, of the phone that was given away.
FORMER_PHONE = IDS_PER_PERSON - 1
# Tags of logins, and codes of their networks.
USUAL, IN_SESSION, FROM_ABROAD = range(3)
WIFI, MOBILE = range(2)
# Weeks of a window of 382 days, rounded up, and one to spare.
N_WEEKS = 56
# Index of the segment `blue_collar` in world.yaml.
BLUE_COLLAR = 1
# Logins at night come from midnight to this hour (domain 7.4: the night ends at 5).
NIGHT_END_HOUR = 5


def emit(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """Return the logins, those of the session of the application among them.

    Address and region are null without location consent, the device where its identifier changed
    (domain 7.8).
    """
    # All columns share one stream. Draw order: moments, nights, region, mismatch, device, lost
    # devices, network, address, who has an emulator, which logins come from it. The session has
    # a stream of its own.
    digital = chunk.nature.rate_slopes.logins_digital * chunk.of("traits")[:, DIG]
    rate = np.exp(chunk.linear("login", "device_constancy") + digital)
    usual = _at_night(chunk, scatter(chunk, rate, chunk.days.even, rng), rng)
    session = draw_session(chunk, chunk.rng("session"))
    stamps, tag = in_order(
        np.concatenate([usual.person, session.person]),
        np.concatenate([usual.time, session.time]),
        np.concatenate([np.full(usual.size, USUAL), IN_SESSION + session.is_foreign]),
    )
    is_session = tag != USUAL
    region = _region(chunk, stamps, tag == FROM_ABROAD, rng)
    is_hidden = ~chunk.of("consent_location")[stamps.person]
    mismatch_share = expit(chunk.linear("fingerprint", "device_integrity"))
    is_mismatch = flip(mismatch_share[stamps.person], rng)
    is_mismatch = np.where(is_session, session.is_mismatch[stamps.person], is_mismatch)
    device = _device(chunk, stamps, rng)
    is_lost = _is_lost(chunk, stamps, rng)
    is_mobile = flip(np.full(stamps.size, chunk.nature.sharing.mobile_share), rng)
    # A ring and a desk have one address, on no carrier's network.
    desk = np.where(is_session, chunk.world.sharing.desk[chunk.rows][stamps.person], -1)
    is_mobile &= (_ring(chunk)[stamps.person] < 0) & (desk < 0)
    address = _address(chunk, stamps, region, is_mobile, desk, rng)
    columns: dict[str, Draws] = {
        "device_id": (device, is_lost),
        "ip_id": (address, is_hidden),
        "ip_region": (region, is_hidden),
        "network": (np.where(is_mobile, MOBILE, WIFI), is_hidden),
        "is_fingerprint_match": ~is_mismatch,
        "is_emulator": _is_emulator(chunk, stamps, rng),
    }
    return {"logins": table(chunk, "logins", stamps, **columns)}


def _at_night(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> Stamps:
    """Move some logins to between midnight and five, as many as payments lie there.

    Frauds have more of them until their pattern changes.
    """
    # float32, because `flip` compares float32 draws.
    is_moved = flip(night_share(chunk).astype(np.float32)[stamps.person], rng)
    midnight = stamps.time // DAY_US * DAY_US
    second = rng.integers(0, NIGHT_END_HOUR * 3600, stamps.size)
    time = np.where(is_moved, midnight + second * SECOND_US, stamps.time)
    return in_order(stamps.person, time)[0]


def _ring(chunk: Chunk) -> np.ndarray:
    return chunk.world.rings.ring[chunk.rows]


def _device(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> np.ndarray:
    """Return the device id: the main device, or one of a pool of others.

    Ring members use the devices of the ring. Who gave a phone away has used it until then, and who
    bought it uses it as the main device.
    """
    mean_pool = np.exp(chunk.linear("device_pool", "device_constancy"))
    # Number 0 is the main device and the last one a former phone: the pool ends below it.
    pool = np.minimum(1 + rng.poisson(mean_pool), FORMER_PHONE - 1)
    other_share = expit(chunk.linear("device_other", "device_constancy"))
    is_other = flip(other_share[stamps.person], rng)
    nth_other = (rng.random(stamps.size) * pool[stamps.person]).astype(np.int64)
    sharing = chunk.world.sharing
    is_former = stamps.time < sharing.phone_us[chunk.rows][stamps.person]
    is_former &= (sharing.phone_us[chunk.rows] < NEVER_US)[stamps.person]
    main = np.where(is_former, FORMER_PHONE, 0)
    which = np.where(is_other, 1 + nth_other, main)
    own = (chunk.first_id + stamps.person) * IDS_PER_PERSON + which
    seller = sharing.phone[chunk.rows]
    has_used = (seller != np.arange(chunk.first, chunk.last))[stamps.person] & ~is_other
    used = (chunk.world.first + seller[stamps.person]) * IDS_PER_PERSON + FORMER_PHONE
    own = np.where(has_used, used, own)
    ring = _ring(chunk)[stamps.person]
    # Who has no ring (-1) gets a number too, which is not used.
    nth_shared = rng.integers(0, IDS_PER_RING, stamps.size) % chunk.world.rings.n_devices[ring]
    shared = FIRST_SHARED_ID + (chunk.world.first + ring) * IDS_PER_RING + nth_shared
    return np.where(ring >= 0, shared, own)


def _region(
    chunk: Chunk, stamps: Stamps, is_foreign: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the region of each login: home, or elsewhere for whole weeks.

    So changes come in bursts. Part of the blue collar are home in the Spring Festival. A foreign
    session comes from one more region, next to nowhere that the person has been.
    """
    n_regions = len(chunk.nature.places.tier_of_region)
    home = chunk.of("region")
    weeks = (chunk.size, N_WEEKS)
    away_share = expit(chunk.linear("region_away", "location_constancy"))
    is_away = rng.random(weeks) < away_share[:, None]
    # Adding 1 to n - 1 and wrapping round gives any region but home.
    elsewhere = (home[:, None] + rng.integers(1, n_regions, weeks)) % n_regions
    by_week = np.where(is_away, elsewhere, home[:, None])
    week = (stamps.time - chunk.window[0][stamps.person]) // (7 * DAY_US)
    # A login that moved to midnight may lie before the window: it counts to the first week.
    week = np.clip(week, 0, N_WEEKS - 1)
    village = (home + rng.integers(1, n_regions, chunk.size)) % n_regions
    is_home = _is_festival_stay(chunk, stamps, rng)
    region = np.where(is_home, village[stamps.person], by_week[stamps.person, week])
    foreign = (home + rng.integers(1, n_regions, chunk.size)) % n_regions
    return np.where(is_foreign, foreign[stamps.person], region)


def _is_festival_stay(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> np.ndarray:
    """Return which logins a migrant makes from home round the Spring Festival (domain 7.4).

    The stay lasts one to two weeks. The device stays the same.
    """
    seasons = chunk.nature.seasons
    goes_home = rng.random(chunk.size) < seasons.festival_home_share
    is_migrant = (chunk.of("segment") == BLUE_COLLAR) & goes_home
    shortest, longest = seasons.festival_home_days
    stay = rng.integers(shortest, longest + 1, chunk.size)
    since = chunk.days.since_festival(stamps.time) + seasons.festival_leave_days
    return is_migrant[stamps.person] & (since >= 0) & (since < stay[stamps.person])


def _address(
    chunk: Chunk,
    stamps: Stamps,
    region: np.ndarray,
    is_mobile: np.ndarray,
    desk: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the address id: one of two at home, one per other region, a carrier's or a desk's.

    A household shares the first of its addresses at home; ring members share one of their own.
    """
    home = chunk.of("region")[stamps.person]
    at_home = rng.integers(0, HOME_ADDRESSES, stamps.size)
    is_home = region == home
    which = np.where(is_home, at_home, HOME_ADDRESSES + region)
    first = chunk.world.first
    head = chunk.world.sharing.home[chunk.rows][stamps.person]
    owner = np.where(is_home & (at_home == 0), first + head, chunk.first_id + stamps.person)
    own = owner * IDS_PER_PERSON + which
    n_carrier = chunk.nature.sharing.carrier_addresses
    of_carrier = FIRST_CARRIER_ID + region * n_carrier + rng.integers(0, n_carrier, stamps.size)
    address = np.where(is_mobile, of_carrier, own)
    address = np.where(desk >= 0, FIRST_DESK_ID + first + desk, address)
    ring = _ring(chunk)[stamps.person]
    return np.where(ring >= 0, FIRST_SHARED_ID + first + ring, address)


def _is_lost(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> np.ndarray:
    """Return which logins have lost their device id: some of those after the change of device."""
    drift = chunk.nature.drift
    vintages = chunk.days.vintages
    # A calendar shorter than the change: it comes with the end of the last vintage.
    change = vintages[min(drift.device_change_vintage, vintages.size - 1)]
    return (stamps.time >= change) & (rng.random(stamps.size) < drift.device_null_share)


def _is_emulator(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> np.ndarray:
    """Return which logins come from an emulator: most of those of the few who have one."""
    share = expit(chunk.linear("emulator", "device_integrity"))
    share = np.where(chunk.of("is_fraud"), chunk.nature.fraud.emulator_share, share)
    has_emulator = flip(share, rng)
    login_share = has_emulator * chunk.nature.fraud.emulator_login_share
    # float32, because `flip` compares float32 draws.
    return flip(login_share.astype(np.float32)[stamps.person], rng)
