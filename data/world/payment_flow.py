"""Events of the payment-flow family: payments, wallet snapshots and bills (domain 7.4).

payment_activity shows in the rate of payments, spending_stability in how much months and amounts vary, spending_pattern in the share of
the night and of games, fund_retention in what stays of an inflow, bill_punctuality in days late.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from data.world.clock import DAY_US, DAYS_PER_MONTH, clock_time
from data.world.events import YEAR_DAYS, Chunk, Stamps, fen, flip, in_order, rounds, table
from data.world.traits import DIG, INC, sigmoid
from features.tables import PAYMENT_CATEGORIES

LOOKUP = 1024
BULK, SALARY, RENT = 0, 1, 2
PAYDAYS = (10, 15, 25)
MONTHS = 15  # calendar months that a window of 420 days can touch
DIRECTION = {"in": 0, "out": 1}
CODE = {name: code for code, name in enumerate(PAYMENT_CATEGORIES)}


def emit(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """All tables of the family for one chunk; a thin file leaves few rows."""
    return {"payments": _payments(chunk, rng), "wallet_snapshots": _wallet(chunk, rng), "bills": _bills(chunk, rng)}


def _kept(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> Stamps:
    share = np.where(chunk.of("is_thin"), chunk.nature.presence.thin_activity, 1.0)
    return stamps.where(flip(share[stamps.person], rng))


def _rates(chunk: Chunk) -> np.ndarray:
    """Payments a year: the segment's, moved by activity, digital intensity and income; a thin file has few."""
    slope = chunk.nature.stream("payment_rate").slope
    shift = np.array([segment.shift[0] for segment in chunk.nature.segments])[chunk.of("segment")]
    traits = chunk.of("traits")
    log_day = np.log(chunk.segment("payments_per_day")) - 0.6 * slope * shift - 0.5 * slope**2
    log_day = log_day + slope * chunk.world.concept("payment_activity")[chunk.rows] + 0.08 * traits[:, DIG] + 0.04 * traits[:, INC]
    thin = np.where(chunk.of("is_thin"), chunk.nature.presence.thin_activity, 1.0)
    return np.exp(log_day) * YEAR_DAYS * chunk.setting.params.activity_scale * thin


def _bulk(chunk: Chunk, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Person and time of everyday payments: Poisson per calendar month, each month with the person's own volatility."""
    start, end = chunk.window
    months, days = chunk.days.months, chunk.days
    first = np.searchsorted(months, start / DAY_US, side="right") - 1
    edges = months[np.minimum(first[:, None] + np.arange(MONTHS + 1), months.size - 1)] * DAY_US
    bounds = days.weight_at(days.shop, np.clip(edges, start[:, None], end[:, None]))
    sd = np.exp(chunk.linear("payment_month", "spending_stability"))[:, None]
    volume = np.exp(sd * rng.standard_normal((chunk.size, MONTHS)) - 0.5 * sd**2)
    counts = rng.poisson(_rates(chunk)[:, None] / YEAR_DAYS * volume * np.diff(bounds, axis=1)).ravel()
    cell = np.repeat(np.arange(counts.size), counts)
    low, width = bounds[:, :-1].ravel(), np.diff(bounds, axis=1).ravel()
    day = days.day_of(days.shop, low[cell] + rng.random(cell.size) * width[cell])
    person = cell // MONTHS
    night = flip(_night_share(chunk).astype(np.float32)[person], rng)
    hour = np.where(night, (rng.integers(-3600, 5 * 3600, cell.size) % 86400) * 1_000_000, clock_time(cell.size, rng))
    return person, day * DAY_US + hour


def _night_share(chunk: Chunk) -> np.ndarray:
    """Share of payments between 23 and 5 h; frauds pay at night until their pattern changes (domain 7.8)."""
    fraud = chunk.nature.fraud
    burst = chunk.of("is_fraud") & (chunk.of("vintage") < fraud.late_pattern_vintage)
    return sigmoid(chunk.linear("payment_night", "spending_pattern") + fraud.night_log_odds * burst)


def _monthly(chunk: Chunk, payer: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Person and time of a payment on the same day of every month, for those who have one."""
    start, end = chunk.window
    starts = (chunk.days.months[:-1] * DAY_US).astype(np.int64)
    time = starts[None, :] + (day[:, None] - 1) * DAY_US + 10 * 3_600_000_000
    inside = payer[:, None] & (time >= start[:, None]) & (time < end[:, None])
    return np.nonzero(inside)[0], time[inside]


def _payments(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    thick = ~chunk.of("is_thin")
    payday = np.array(PAYDAYS)[rng.integers(0, len(PAYDAYS), chunk.size)]
    streams = [
        _bulk(chunk, rng),
        _monthly(chunk, thick & flip(chunk.segment("salary_share"), rng), payday),
        _monthly(chunk, thick & (rng.random(chunk.size) < 0.35), rng.integers(1, 6, chunk.size)),
    ]
    tags = np.repeat(np.arange(len(streams)), [person.size for person, _ in streams])
    stamps, tag = in_order(np.concatenate([p for p, _ in streams]), np.concatenate([t for _, t in streams]), tags)
    kind = _kinds(chunk, stamps, rng)
    known = chunk.nature.categories
    direction = np.array([DIRECTION[c.direction] for c in known] + [1, 1, 0, 1, 0], dtype=np.int8)
    category = np.array([CODE[c.id] for c in known] + [CODE[c] for c in EXTRA], dtype=np.int8)
    kind = np.where(tag == SALARY, len(known) + 2, np.where(tag == RENT, len(known) + 3, kind))
    offline = np.array([c.offline_share for c in known] + [0.0, 0.0, 0.0, 0.0, 0.7], dtype=np.float32)
    return table(
        chunk,
        "payments",
        stamps,
        direction=direction[kind],
        category=category[kind],
        amount_fen=_amounts(chunk, stamps, kind, rng),
        is_offline=flip(offline[kind], rng),
    )


EXTRA = ("games", "gambling_like", "salary", "rent", "merchant_receipt")  # kinds beside world.yaml's categories, in this order


def _kinds(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> np.ndarray:
    """Kind of each bulk payment: world.yaml's mix by lookup; games and gambling by spending_pattern, receipts by segment."""
    n = len(chunk.nature.categories)
    share = np.cumsum([c.share for c in chunk.nature.categories])
    lookup = np.searchsorted(share / share[-1], (np.arange(LOOKUP) + 0.5) / LOOKUP).astype(np.int8)
    kind = lookup[rng.integers(0, LOOKUP, stamps.size, dtype=np.int16)]
    games = sigmoid(chunk.linear("payment_games", "spending_pattern"))
    gambling = games + sigmoid(chunk.linear("payment_gambling", "spending_pattern"))
    receipts = gambling + chunk.segment("merchant_share")
    u = rng.random(stamps.size, dtype=np.float32)
    for edge, extra in ((receipts, n + 4), (gambling, n + 1), (games, n)):
        kind[u < edge.astype(np.float32)[stamps.person]] = extra
    return kind


def _amounts(chunk: Chunk, stamps: Stamps, kind: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lognormal amounts; prices drift, shop prices end in .00, .50 or .90; salary and rent follow income."""
    known = chunk.nature.categories
    log_median = np.log([c.median_cny for c in known] + [35.0, 90.0, 1.0, 1.0, 35.0]).astype(np.float32)
    sigma = np.array([c.sigma for c in known] + [0.9, 1.0, 0.06, 0.02, 0.9], dtype=np.float32)
    spread = np.exp(chunk.linear("payment_amount", "spending_stability")).astype(np.float32)
    income = np.log(chunk.of("income_cny") * rng.uniform(0.95, 1.05, chunk.size))
    level = (0.25 * (income - np.log(6000.0))).astype(np.float32)
    months = ((stamps.time - chunk.days.vintages[0]) / (DAYS_PER_MONTH * DAY_US)).astype(np.float32)
    log = rng.standard_normal(stamps.size, dtype=np.float32) * sigma[kind] * spread[stamps.person] + log_median[kind] + level[stamps.person]
    log += months * np.float32(np.log1p(chunk.nature.drift.amount_per_month))
    for extra, base in ((len(known) + 2, 0.0), (len(known) + 3, np.log(0.25))):
        rows = np.flatnonzero(kind == extra)
        log[rows] += ((income - level)[stamps.person[rows]] + base).astype(np.float32)
    amount = np.exp(log)
    ends = np.array([0.0, 0.5, 0.9, -1.0], dtype=np.float32)[rng.integers(0, 4, stamps.size, dtype=np.int8)]
    return fen(np.where((kind <= 2) & (ends >= 0), np.floor(amount) + ends, amount))


def _wallet(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    stream = chunk.nature.stream("wallet")
    stamps = _kept(chunk, rounds(chunk, stream.rate, rng), rng)
    inflow = chunk.of("income_cny")[stamps.person] / 2.0 * np.exp(0.6 * rng.standard_normal(stamps.size))
    kept = sigmoid(chunk.linear("wallet", "fund_retention")[stamps.person] + stream.noise * rng.standard_normal(stamps.size))
    return table(chunk, "wallet_snapshots", stamps, inflow_fen=fen(inflow), retained_fen=np.floor(inflow * kept * 100.0))


def _bills(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    stream = chunk.nature.stream("bill")
    stamps = _kept(chunk, rounds(chunk, stream.rate, rng), rng)
    lateness = chunk.linear("bill", "bill_punctuality")[stamps.person] + stream.noise * rng.standard_normal(stamps.size)
    kind = np.array([0, 3, 0, 3, 1, 3, 2], dtype=np.int8)[rng.integers(0, 7, stamps.size)]
    amount = np.array([120.0, 45.0, 60.0, 80.0])[kind] * np.exp(0.4 * rng.standard_normal(stamps.size))
    return table(chunk, "bills", stamps, kind=kind, amount_fen=fen(amount), days_late=np.clip(np.ceil(lateness * 4.0), 0, 365))
