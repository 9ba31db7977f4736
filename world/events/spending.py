"""Everyday payments of a person: when they come and of what kind (domain 7.4).

Counts per day are negative binomial: Poisson with the month's own volume and the day's gamma of shape k. A life shock moves what is bought.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincinv

from creditloom.features.contract.tables import PAYMENT_CATEGORIES
from creditloom.world.calendar import AFTER_DAYS, DAY_US, HISTORY_DAYS
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.events.event_loops import lookups, payment_kinds, payments_a_day
from creditloom.world.events.events import YEAR_DAYS, Chunk, Stamps
from creditloom.world.people.life import MONTH_US
from creditloom.world.people.people import DIG, INC, sigmoid

MONTHS = 15  # calendar months that a window of 383 days can touch
WINDOW_DAYS = HISTORY_DAYS + AFTER_DAYS + 1
MOVED = (
    "withdrawal",
    "health",
    "transfer",
)  # what payments become after a job loss, an illness, a divorce
QUANTILES = 1024
CODE = {name: code for code, name in enumerate(PAYMENT_CATEGORIES)}
OUT, IN = 1, 0
EXTRA = (  # kinds beside world.yaml's categories: name, direction, offline share, median in yuan, sigma
    ("games", OUT, 0.0, 35.0, 0.9), ("gambling_like", OUT, 0.0, 90.0, 1.0), ("merchant_receipt", IN, 0.7, 35.0, 0.9),
    ("salary", IN, 0.0, 1.0, 0.0), ("rent", OUT, 0.0, 1.0, 0.02),
)  # fmt: skip


@dataclass(frozen=True)
class Kinds:
    """What every kind of payment is: world.yaml's categories, then `EXTRA`; all arrays by kind."""

    direction: np.ndarray
    category: np.ndarray
    offline: np.ndarray
    log_median: np.ndarray
    sigma: np.ndarray

    @classmethod
    def of(cls, nature: WorldConfig) -> Kinds:
        rows = [
            (c.id, IN if c.direction == "in" else OUT, c.offline_share, c.median_cny, c.sigma)
            for c in nature.categories
        ]
        names, direction, offline, median, sigma = zip(*rows, *EXTRA, strict=True)
        numbers = (np.array(x, dtype=np.float32) for x in (offline, np.log(median), sigma))
        return cls(
            np.array(direction, np.int8),
            np.array([CODE[name] for name in names], np.int8),
            *numbers,
        )

    def find(self, name: str, direction: int) -> int:
        """The kind of this category and direction."""
        return int(np.flatnonzero((self.category == CODE[name]) & (self.direction == direction))[0])


def everyday(chunk: Chunk, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Payments of each person and day, n x `WINDOW_DAYS`, and the day number of each person's first day."""
    days, (start, _) = chunk.days, chunk.window
    first = chunk.of("as_of") // DAY_US - HISTORY_DAYS
    counts = payments_a_day(
        rng,
        first - days.origin,
        -(-start // DAY_US) - days.origin,
        _rates(chunk) / YEAR_DAYS,
        np.diff(days.shop),
        days.month_by_day,
        _volume(chunk, rng),
        _luck(chunk),
        -(-shock_span(chunk) // DAY_US) - days.origin,
        chunk.nature.life.spending_factor,
        WINDOW_DAYS,
    )
    return counts, first


def shock_span(chunk: Chunk) -> np.ndarray:
    """First moment and end of each person's life shock, 2 x n; far away where none comes."""
    time = chunk.world.life.time_us[chunk.rows]
    return np.stack([time, time + chunk.nature.hazard.life_shock_months * MONTH_US])


def _rates(chunk: Chunk) -> np.ndarray:
    """Payments a year: the segment's, moved by activity, digital intensity and income; a thin file has few."""
    slope = chunk.nature.stream("payment_rate").slope
    shift = np.array([segment.shift[0] for segment in chunk.nature.segments])[chunk.of("segment")]
    traits = chunk.of("traits")
    log_day = np.log(chunk.segment("payments_per_day")) - 0.6 * slope * shift - 0.5 * slope**2
    log_day = (
        log_day
        + slope * chunk.world.concept("payment_activity")[chunk.rows]
        + 0.08 * traits[:, DIG]
        + 0.04 * traits[:, INC]
    )
    thin = np.where(chunk.of("is_thin"), chunk.nature.presence.thin_activity, 1.0)
    return np.exp(log_day) * YEAR_DAYS * chunk.setting.params.activity_scale * thin


def _volume(chunk: Chunk, rng: np.random.Generator) -> np.ndarray:
    """Factor of each calendar month of the window, with the person's own volatility."""
    sd = np.exp(chunk.linear("payment_month", "spending_stability"))[:, None]
    volume: np.ndarray = np.exp(sd * rng.standard_normal((chunk.size, MONTHS)) - 0.5 * sd**2)
    return volume


def _luck(chunk: Chunk) -> np.ndarray:
    """Quantiles of the gamma of mean 1 and shape k that a person and day draw from."""
    k = chunk.nature.seasons.day_dispersion
    quantiles = gammaincinv(k, (np.arange(QUANTILES) + 0.5) / QUANTILES) / k
    table: np.ndarray = quantiles / quantiles.mean()
    return table


def night_share(chunk: Chunk) -> np.ndarray:
    """Share of payments between 23 and 5 h; frauds pay at night until their pattern changes (domain 7.8)."""
    fraud = chunk.nature.fraud
    burst = chunk.of("is_fraud") & (chunk.of("vintage") < fraud.late_pattern_vintage)
    return sigmoid(chunk.linear("payment_night", "spending_pattern") + fraud.night_log_odds * burst)


def kinds_of(
    chunk: Chunk, known: Kinds, stamps: Stamps, own: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Kind of each payment: `own` of pay, rent and what rings pass round (-1 elsewhere), else the person's mix, moved by a shock.

    Games and gambling come by spending_pattern, receipts by segment; in the months of a shock inflows stay away and savings are
    withdrawn, a hospital is paid, or money goes to another household.
    """
    games = sigmoid(chunk.linear("payment_games", "spending_pattern"))
    gambling = games + sigmoid(chunk.linear("payment_gambling", "spending_pattern"))
    special = np.column_stack([games, gambling, gambling + chunk.segment("merchant_share")])
    kinds = [
        known.find("games", OUT),
        known.find("gambling_like", OUT),
        known.find("merchant_receipt", IN),
    ]
    moved = [known.find(name, OUT) for name in MOVED]
    life = chunk.nature.life
    found: np.ndarray = payment_kinds(
        rng,
        stamps.person,
        stamps.time,
        own,
        special,
        np.array(kinds, np.int8),
        _mix(chunk, rng),
        np.vstack([chunk.life_kind.astype(np.int64), shock_span(chunk)]),
        known.direction == IN,
        np.array([life.spending_moved, life.inflow_lost]),
        np.array(moved, np.int8),
    )
    return found


def _mix(chunk: Chunk, rng: np.random.Generator) -> np.ndarray:
    """Each person's Dirichlet mix of categories as a table of kinds to draw from."""
    share = np.array([c.share for c in chunk.nature.categories])
    weight = rng.standard_gamma(
        chunk.nature.seasons.mix_concentration * share / share.sum(), (chunk.size, share.size)
    )
    table: np.ndarray = lookups(rng, np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True))
    return table
