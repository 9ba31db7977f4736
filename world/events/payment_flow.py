"""Events of the payment-flow family: payments, wallet snapshots and bills (domain 7.4).

`spending` decides when everyday payments come and of what kind. fund_retention shows in what stays
of an inflow, bill_punctuality in days late. Both sink after a life shock.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.special import expit

from creditloom.world.calendar import DAY_SECONDS, DAY_US
from creditloom.world.events.amounts import Held, amounts, stated_flow
from creditloom.world.events.event_loops import payment_times
from creditloom.world.events.events import Chunk, Stamps, fen, flip, in_order, rounds, table
from creditloom.world.events.spending import (
    IN,
    OUT,
    Everyday,
    Kinds,
    everyday,
    kinds_of,
    mixes,
    night_share,
)
from creditloom.world.people.life import JOB_LOSS

# The raw table of payments: everyday ones, salary, rent, and what a fraud ring passes round
# (domain 7.4).

# Tags: the stream that a payment comes from.
EVERYDAY, SALARY, RENT, RING_TRANSFER = range(4)
HOUR_US = 3_600_000_000


def payments(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    """Return one row per payment, in order of person and time.

    `counterparty_id` is null unless the other side is an applicant who is known.
    """
    # Draw order: moments of all streams, mixes, kinds, amounts, counterparties.
    known = Kinds.of(chunk.nature)
    passed = _passed(chunk)
    stamps, tag, usual = _merged(chunk, passed, rng)
    mix = mixes(chunk, rng)
    kind = kinds_of(chunk, known, stamps, _own_kinds(known, passed, tag), mix, rng)
    amount, is_offline = amounts(chunk, known, stamps, kind, rng)
    other, is_known = _counterparty(chunk, known, stamps, kind, rng)
    # Amount and both sides of a ring's transfers are given by the ring.
    is_passed = tag == RING_TRANSFER
    amount[is_passed] = passed.amount_fen
    other[is_passed] = passed.other
    is_known[is_passed] = True
    chunk.stated.update(stated_flow(chunk, known, Held(stamps, kind, amount, usual, mix)))
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
    """Ring transfers as the people of a chunk see them, in order of person and time.

    A transfer between two people of the chunk gives two rows. `other` is an applicant_id.
    """

    person: np.ndarray
    time: np.ndarray
    is_out: np.ndarray
    other: np.ndarray
    amount_fen: np.ndarray


def _passed(chunk: Chunk) -> _Passed:
    """Return the ring transfers of a chunk."""
    transfers = chunk.world.transfers
    n = transfers.payer.size
    # Each transfer twice: rows below n are seen by the payer, the others by the payee.
    person = np.concatenate([transfers.payer, transfers.payee])
    other = np.concatenate([transfers.payee, transfers.payer])
    rows = np.flatnonzero((person >= chunk.first) & (person < chunk.last))
    time = np.tile(transfers.time_us, 2)
    # By person, then by time: the order in which the loops merge them with everyday payments.
    rows = rows[np.lexsort((time[rows], person[rows]))]
    # Without transfers there are no rows, but also nothing to divide by.
    transfer = rows % n if n else rows
    return _Passed(
        person=person[rows] - chunk.first,
        time=transfers.time_us[transfer],
        is_out=rows < n,
        other=chunk.world.first + other[rows],
        amount_fen=transfers.amount_fen[transfer],
    )


def _own_kinds(known: Kinds, passed: _Passed, tag: np.ndarray) -> np.ndarray:
    """Return the kind of each payment that its stream decides, -1 for everyday payments."""
    salary = known.find("salary", IN)
    rent = known.find("rent", OUT)
    # The 0 of the last tag is overwritten.
    own = np.array([-1, salary, rent, 0], np.int8)[tag]
    transfer_out = known.find("transfer", OUT)
    transfer_in = known.find("transfer", IN)
    own[tag == RING_TRANSFER] = np.where(passed.is_out, transfer_out, transfer_in)
    return own


def _merged(
    chunk: Chunk, passed: _Passed, rng: np.random.Generator
) -> tuple[Stamps, np.ndarray, Everyday]:
    """Return all four streams in one order, the stream of each row, and the everyday payments."""
    numbers = chunk.nature.payments
    is_thick = ~chunk.of("is_thin")
    # Draw order: payday, who has a salary, who pays rent, day of the rent, everyday payments.
    payday = np.array(numbers.paydays)[rng.integers(0, len(numbers.paydays), chunk.size)]
    has_salary = is_thick & flip(chunk.segment("salary_share"), rng)
    pays_rent = is_thick & (rng.random(chunk.size) < numbers.rent_payer_share)
    first_day, last_day = numbers.rent_days
    rent_day = rng.integers(first_day, last_day + 1, chunk.size)
    streams = [
        _salaries(chunk, has_salary, payday),
        _monthly(chunk, pays_rent, rent_day),
        (passed.person, passed.time),
    ]
    sizes = [person.size for person, _ in streams]
    tags = np.repeat(np.array([SALARY, RENT, RING_TRANSFER]), sizes)
    person = np.concatenate([person for person, _ in streams])
    time = np.concatenate([time for _, time in streams])
    others, other_tag = in_order(person, time, tags)
    usual = everyday(chunk, rng)
    person, time, tag = payment_times(
        rng,
        usual.counts,
        usual.first_day,
        night_share(chunk),
        DAY_SECONDS,
        others.person,
        others.time,
        other_tag.astype(np.int8),
    )
    return Stamps(person, time), tag, usual


def _monthly(chunk: Chunk, payer: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return person and time of a payment on the same `day` of every month.

    `payer` says who has such a payment.
    """
    start, end = chunk.window
    starts = (chunk.days.months[:-1] * DAY_US).astype(np.int64)
    hour_us = chunk.nature.payments.monthly_hour * HOUR_US
    time = starts[None, :] + (day[:, None] - 1) * DAY_US + hour_us
    is_inside = payer[:, None] & (time >= start[:, None]) & (time < end[:, None])
    return np.nonzero(is_inside)[0], time[is_inside]


def _salaries(chunk: Chunk, payer: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return person and time of monthly pay; there is none while a lost job is not replaced."""
    person, time = _monthly(chunk, payer, day)
    is_jobless = chunk.is_shocked(person, time) & (chunk.life_kind[person] == JOB_LOSS)
    return person[~is_jobless], time[~is_jobless]


def _counterparty(
    chunk: Chunk, known: Kinds, stamps: Stamps, kind: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return who is on the other side of each payment, and whether that is known.

    It often is for the transfers of an honest person whose contact list may be read: someone of
    that list.
    """
    other = np.zeros(stamps.size, np.int64)
    is_known = np.zeros(stamps.size, bool)
    transfer = known.category[known.find("transfer", OUT)]
    rows = np.flatnonzero(known.category[kind] == transfer)
    is_readable = chunk.of("consent_social") & ~chunk.of("is_fraud")
    is_acquainted = rng.random(rows.size) < chunk.nature.payments.acquainted_share
    rows = rows[is_readable[stamps.person[rows]] & is_acquainted]
    contact, is_there = chunk.contact_of(stamps.where(rows), rng)
    other[rows] = contact
    is_known[rows] = is_there
    return other, is_known


def emit(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """Return all tables of the family for one chunk; a thin file leaves few rows."""
    # The tables share one stream: they are drawn in this order.
    return {
        "payments": payments(chunk, rng),
        "wallet_snapshots": _wallet(chunk, rng),
        "bills": _bills(chunk, rng),
    }


def _kept(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> Stamps:
    """Return the events that are left of thin files, and all of the others."""
    share = np.where(chunk.of("is_thin"), chunk.nature.presence.thin_activity, 1.0)
    return stamps.where(flip(share[stamps.person], rng))


def _wallet(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    """Return snapshots of an inflow and what is retained of it."""
    numbers = chunk.nature.payments
    life = chunk.nature.life
    stream = chunk.nature.stream("wallet")
    stamps = _kept(chunk, rounds(chunk, stream.rate, rng), rng)
    is_shocked = chunk.is_shocked(stamps.person, stamps.time)
    usual = chunk.of("income_cny")[stamps.person] / numbers.inflows_per_month
    inflow = usual * np.exp(numbers.inflow_sigma * rng.standard_normal(stamps.size))
    inflow = inflow * np.where(is_shocked, 1.0 - life.inflow_lost, 1.0)
    inflow = inflow * chunk.inflow_factor(stamps.time)
    latent = chunk.linear("wallet", "fund_retention")[stamps.person]
    latent = latent - life.retention_lost * is_shocked
    retained_share = expit(latent + stream.noise * rng.standard_normal(stamps.size))
    # Rounded down, so that never more is kept than came in.
    retained_fen = np.floor(inflow * retained_share * 100.0)
    return table(
        chunk, "wallet_snapshots", stamps, inflow_fen=fen(inflow), retained_fen=retained_fen
    )


def _bills(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    """Return bills; they are paid late where the latent lateness is above zero."""
    numbers = chunk.nature.payments
    stream = chunk.nature.stream("bill")
    stamps = _kept(chunk, rounds(chunk, stream.rate, rng), rng)
    is_shocked = chunk.is_shocked(stamps.person, stamps.time)
    latent = chunk.linear("bill", "bill_punctuality")[stamps.person]
    latent = latent + chunk.nature.life.lateness_added * is_shocked
    lateness = latent + stream.noise * rng.standard_normal(stamps.size)
    kinds = np.array(numbers.bill_kinds, dtype=np.int8)
    kind = kinds[rng.integers(0, kinds.size, stamps.size)]
    noise = np.exp(numbers.bill_sigma * rng.standard_normal(stamps.size))
    amount = np.array(numbers.bill_amounts_cny)[kind] * noise
    # Paid early counts as on time; the longest delay bounds the tail.
    days_late = np.clip(np.ceil(lateness * numbers.bill_days_per_latent), 0, numbers.max_bill_late)
    return table(chunk, "bills", stamps, kind=kind, amount_fen=fen(amount), days_late=days_late)
