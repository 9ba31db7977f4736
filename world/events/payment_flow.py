"""Events of the payment-flow family: payments, wallet snapshots and bills (domain 7.4).

payments.py has the payments; fund_retention shows in what stays of an inflow, bill_punctuality in days late. Both sink after a life shock.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from creditloom.world.calendar import DAY_SECONDS, DAY_US, DAYS_PER_MONTH
from creditloom.world.events.event_loops import payment_amounts, payment_times
from creditloom.world.events.events import Chunk, Stamps, fen, flip, in_order, rounds, table
from creditloom.world.events.spending import IN, MONTHS, OUT, Kinds, everyday, kinds_of, night_share
from creditloom.world.people.life import JOB_LOSS
from creditloom.world.people.people import sigmoid

# The raw table of payments: everyday ones, salary, rent, and what a fraud ring passes round (domain 7.4).

EVERYDAY, SALARY, RENT, PASSED = range(4)  # tags
PAYDAYS = (10, 15, 25)
RENT_PAYERS = 0.35
RENT_SHARE = 0.25  # of income
SHOPS = 3  # the first so many of world.yaml's categories have shop prices
ACQUAINTED = 0.6  # share of transfers to or from someone of the contact list


def payments(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    """One row per payment in order of person and time; `counterparty_id` where the other side is another applicant."""
    known, passed = Kinds.of(chunk.nature), _passed(chunk)
    stamps, tag = _merged(chunk, passed, rng)
    own = np.array([-1, known.find("salary", IN), known.find("rent", OUT), 0], np.int8)[tag]
    own[tag == PASSED] = np.where(
        passed.is_out, known.find("transfer", OUT), known.find("transfer", IN)
    )
    kind = kinds_of(chunk, known, stamps, own, rng)
    amount, is_offline = _amounts(chunk, known, stamps, kind, rng)
    other, is_known = _counterparty(chunk, known, stamps, kind, rng)
    amount[tag == PASSED], other[tag == PASSED], is_known[tag == PASSED] = (
        passed.amount_fen,
        passed.other,
        True,
    )
    return table(
        chunk,
        "payments",
        stamps,
        direction=known.direction[kind],
        category=known.category[kind],
        amount_fen=amount,
        is_offline=is_offline,
        counterparty_id=(other, ~is_known),
    )


@dataclass(frozen=True)
class _Passed:
    """Ring transfers seen from this chunk's people, in order of person and time; a transfer between two of them gives two rows."""

    person: np.ndarray
    time: np.ndarray
    is_out: np.ndarray
    other: np.ndarray
    amount_fen: np.ndarray


def _passed(chunk: Chunk) -> _Passed:
    sent = chunk.world.transfers
    person, other = (
        np.concatenate([sent.payer, sent.payee]),
        np.concatenate([sent.payee, sent.payer]),
    )
    here = np.flatnonzero((person >= chunk.first) & (person < chunk.last))
    here = here[np.lexsort((np.tile(sent.time_us, 2)[here], person[here]))]
    row = here % sent.payer.size if sent.payer.size else here
    other_id = chunk.world.first + other[here]
    return _Passed(
        person[here] - chunk.first,
        sent.time_us[row],
        here < sent.payer.size,
        other_id,
        sent.amount_fen[row],
    )


def _merged(chunk: Chunk, passed: _Passed, rng: np.random.Generator) -> tuple[Stamps, np.ndarray]:
    """All four streams in one order, with the stream of each row."""
    thick = ~chunk.of("is_thin")
    payday = np.array(PAYDAYS)[rng.integers(0, len(PAYDAYS), chunk.size)]
    streams = [
        _salaries(chunk, thick & flip(chunk.segment("salary_share"), rng), payday),
        _monthly(
            chunk, thick & (rng.random(chunk.size) < RENT_PAYERS), rng.integers(1, 6, chunk.size)
        ),
        (passed.person, passed.time),
    ]
    tags = np.repeat(np.array([SALARY, RENT, PASSED]), [person.size for person, _ in streams])
    others, other_tag = in_order(
        np.concatenate([p for p, _ in streams]), np.concatenate([t for _, t in streams]), tags
    )
    counts, first_day = everyday(chunk, rng)
    drawn = (counts, first_day, night_share(chunk), DAY_SECONDS)
    person, time, tag = payment_times(
        rng, *drawn, others.person, others.time, other_tag.astype(np.int8)
    )
    return Stamps(person, time), tag


def _monthly(chunk: Chunk, payer: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Person and time of a payment on the same day of every month, for those who have one."""
    start, end = chunk.window
    starts = (chunk.days.months[:-1] * DAY_US).astype(np.int64)
    time = starts[None, :] + (day[:, None] - 1) * DAY_US + 10 * 3_600_000_000
    inside = payer[:, None] & (time >= start[:, None]) & (time < end[:, None])
    return np.nonzero(inside)[0], time[inside]


def _salaries(chunk: Chunk, payer: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Monthly pay; none while a lost job is not replaced."""
    person, time = _monthly(chunk, payer, day)
    paid = ~(chunk.is_shocked(person, time) & (chunk.life_kind[person] == JOB_LOSS))
    return person[paid], time[paid]


def _counterparty(
    chunk: Chunk, known: Kinds, stamps: Stamps, kind: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Who is on the other side of a transfer, if known: often someone of an honest person's contact list where that may be read."""
    other, is_known = np.zeros(stamps.size, np.int64), np.zeros(stamps.size, bool)
    rows = np.flatnonzero(known.category[kind] == known.category[known.find("transfer", OUT)])
    readable = chunk.of("consent_social") & ~chunk.of("is_fraud")
    rows = rows[readable[stamps.person[rows]] & (rng.random(rows.size) < ACQUAINTED)]
    contact, there = chunk.contact_of(stamps.where(rows), rng)
    other[rows], is_known[rows] = contact, there
    return other, is_known


def _amounts(
    chunk: Chunk, known: Kinds, stamps: Stamps, kind: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Fen, and whether at a counter. Lognormal; prices drift, shop prices end in .00, .50 or .90; salary and rent follow income."""
    spread = np.exp(chunk.linear("payment_amount", "spending_stability"))
    own_level = 0.25 * np.log(chunk.of("income_cny") / 6000.0)
    drift, began = (
        np.log1p(chunk.nature.drift.amount_per_month) / (DAYS_PER_MONTH * DAY_US),
        chunk.days.vintages[0],
    )
    amount, offline = payment_amounts(
        rng,
        stamps.person,
        stamps.time,
        kind,
        known.sigma,
        known.log_median,
        spread,
        own_level,
        drift,
        began,
        known.offline,
        SHOPS,
    )
    for name, direction, share in (("salary", IN, 1.0), ("rent", OUT, RENT_SHARE)):
        which = known.find(name, direction)
        rows = np.flatnonzero(kind == which)
        paid = stamps.where(rows)
        log = (
            _income(chunk, paid, rng)
            + known.sigma[which] * rng.standard_normal(paid.size)
            + drift * (paid.time - began)
        )
        amount[rows] = fen(share * np.exp(log))
    return amount, offline


def _income(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> np.ndarray:
    """Log of the month's income: autoregressive around the person's own."""
    seasons, path, days = (
        chunk.nature.seasons,
        rng.standard_normal((chunk.size, MONTHS)),
        chunk.days,
    )
    for month in range(1, MONTHS):
        path[:, month] = (
            seasons.salary_rho * path[:, month - 1]
            + np.sqrt(1.0 - seasons.salary_rho**2) * path[:, month]
        )
    first = days.month_by_day[chunk.window[0] // DAY_US - days.origin][stamps.person]
    nth = np.minimum(days.month_by_day[stamps.time // DAY_US - days.origin] - first, MONTHS - 1)
    log: np.ndarray = (
        np.log(chunk.of("income_cny"))[stamps.person] + seasons.salary_sd * path[stamps.person, nth]
    )
    return log


def emit(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """All tables of the family for one chunk; a thin file leaves few rows."""
    return {
        "payments": payments(chunk, rng),
        "wallet_snapshots": _wallet(chunk, rng),
        "bills": _bills(chunk, rng),
    }


def _kept(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> Stamps:
    share = np.where(chunk.of("is_thin"), chunk.nature.presence.thin_activity, 1.0)
    return stamps.where(flip(share[stamps.person], rng))


def _wallet(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    stream = chunk.nature.stream("wallet")
    stamps = _kept(chunk, rounds(chunk, stream.rate, rng), rng)
    struck, life = chunk.is_shocked(stamps.person, stamps.time), chunk.nature.life
    inflow = (
        chunk.of("income_cny")[stamps.person] / 2.0 * np.exp(0.6 * rng.standard_normal(stamps.size))
    )
    inflow = inflow * np.where(struck, 1.0 - life.inflow_lost, 1.0)
    latent = chunk.linear("wallet", "fund_retention")[stamps.person] - life.retention_lost * struck
    kept = sigmoid(latent + stream.noise * rng.standard_normal(stamps.size))
    return table(
        chunk,
        "wallet_snapshots",
        stamps,
        inflow_fen=fen(inflow),
        retained_fen=np.floor(inflow * kept * 100.0),
    )


def _bills(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    stream = chunk.nature.stream("bill")
    stamps = _kept(chunk, rounds(chunk, stream.rate, rng), rng)
    latent = chunk.linear("bill", "bill_punctuality")[stamps.person]
    latent = latent + chunk.nature.life.lateness_added * chunk.is_shocked(
        stamps.person, stamps.time
    )
    lateness = latent + stream.noise * rng.standard_normal(stamps.size)
    kind = np.array([0, 3, 0, 3, 1, 3, 2], dtype=np.int8)[rng.integers(0, 7, stamps.size)]
    amount = np.array([120.0, 45.0, 60.0, 80.0])[kind] * np.exp(
        0.4 * rng.standard_normal(stamps.size)
    )
    return table(
        chunk,
        "bills",
        stamps,
        kind=kind,
        amount_fen=fen(amount),
        days_late=np.clip(np.ceil(lateness * 4.0), 0, 365),
    )
