"""Everyday payments of a person: when they come and of what kind (domain 7.4).

Counts per day are negative binomial: Poisson with the month's own volume and the day's gamma of shape k. A life shock moves what is bought.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincinv

from data.world.clock import AFTER_DAYS, DAY_US, HISTORY_DAYS, clock_time
from data.world.events import YEAR_DAYS, Chunk, Stamps, flip
from data.world.life import DIVORCE, ILLNESS, JOB_LOSS
from data.world.nature import Nature
from data.world.traits import DIG, INC, sigmoid
from features.tables import PAYMENT_CATEGORIES

MONTHS = 15  # calendar months that a window of 382 days can touch
LOOKUP = 256
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
    def of(cls, nature: Nature) -> Kinds:
        rows = [(c.id, IN if c.direction == "in" else OUT, c.offline_share, c.median_cny, c.sigma) for c in nature.categories]
        names, direction, offline, median, sigma = zip(*rows, *EXTRA, strict=True)
        numbers = (np.array(x, dtype=np.float32) for x in (offline, np.log(median), sigma))
        return cls(np.array(direction, np.int8), np.array([CODE[name] for name in names], np.int8), *numbers)

    def find(self, name: str, direction: int) -> int:
        """The kind of this category and direction."""
        return int(np.flatnonzero((self.category == CODE[name]) & (self.direction == direction))[0])


def everyday(chunk: Chunk, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Person and time of everyday payments, in order of person and day."""
    start, _ = chunk.window
    days = chunk.of("as_of")[:, None] // DAY_US + np.arange(-HISTORY_DAYS + 1, AFTER_DAYS + 1)
    expected = _rates(chunk)[:, None] / YEAR_DAYS * chunk.days.shop_weight(days) * _volume(chunk, days, rng) * _luck(chunk, days.shape, rng)
    counts = rng.poisson(expected * (days * DAY_US >= start[:, None]))
    person = np.repeat(np.arange(chunk.size), counts.sum(axis=1))
    night = flip(night_share(chunk).astype(np.float32)[person], rng)
    hour = np.where(night, (rng.integers(-3600, 5 * 3600, person.size) % 86400) * 1_000_000, clock_time(person.size, rng))
    return person, np.repeat(days.ravel(), counts.ravel()) * DAY_US + hour


def _rates(chunk: Chunk) -> np.ndarray:
    """Payments a year: the segment's, moved by activity, digital intensity and income; a thin file has few."""
    slope = chunk.nature.stream("payment_rate").slope
    shift = np.array([segment.shift[0] for segment in chunk.nature.segments])[chunk.of("segment")]
    traits = chunk.of("traits")
    log_day = np.log(chunk.segment("payments_per_day")) - 0.6 * slope * shift - 0.5 * slope**2
    log_day = log_day + slope * chunk.world.concept("payment_activity")[chunk.rows] + 0.08 * traits[:, DIG] + 0.04 * traits[:, INC]
    thin = np.where(chunk.of("is_thin"), chunk.nature.presence.thin_activity, 1.0)
    return np.exp(log_day) * YEAR_DAYS * chunk.setting.params.activity_scale * thin


def _volume(chunk: Chunk, days: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Factor of each day's calendar month, with the person's own volatility; less is spent while a life shock lasts."""
    sd = np.exp(chunk.linear("payment_month", "spending_stability"))[:, None]
    volume = np.exp(sd * rng.standard_normal((chunk.size, MONTHS)) - 0.5 * sd**2)
    month = chunk.days.month_of(days)
    factor = np.take_along_axis(volume, month - month[:, :1], axis=1)
    struck = np.flatnonzero(chunk.life_kind >= 0)
    active = chunk.is_shocked(np.repeat(struck, days.shape[1]), (days[struck] * DAY_US).ravel()).reshape(-1, days.shape[1])
    factor[struck] *= np.where(active, chunk.nature.life.spending_factor, 1.0)
    return factor


def _luck(chunk: Chunk, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Gamma of mean 1 and shape k per person and day, by a table of its quantiles."""
    k = chunk.nature.seasons.day_dispersion
    quantiles = gammaincinv(k, (np.arange(QUANTILES) + 0.5) / QUANTILES) / k
    drawn: np.ndarray = (quantiles / quantiles.mean())[rng.integers(0, QUANTILES, shape, dtype=np.int16)]
    return drawn


def night_share(chunk: Chunk) -> np.ndarray:
    """Share of payments between 23 and 5 h; frauds pay at night until their pattern changes (domain 7.8)."""
    fraud = chunk.nature.fraud
    burst = chunk.of("is_fraud") & (chunk.of("vintage") < fraud.late_pattern_vintage)
    return sigmoid(chunk.linear("payment_night", "spending_pattern") + fraud.night_log_odds * burst)


def kinds_of(chunk: Chunk, known: Kinds, stamps: Stamps, rng: np.random.Generator) -> np.ndarray:
    """Kind of each everyday payment: the person's own mix, games and gambling by spending_pattern, receipts by segment, then shocks."""
    kind = _mix(chunk, rng)[stamps.person, rng.integers(0, LOOKUP, stamps.size, dtype=np.int16)]
    games = sigmoid(chunk.linear("payment_games", "spending_pattern"))
    gambling = games + sigmoid(chunk.linear("payment_gambling", "spending_pattern"))
    receipts = gambling + chunk.segment("merchant_share")
    u = rng.random(stamps.size, dtype=np.float32)
    for edge, name in ((receipts, "merchant_receipt"), (gambling, "gambling_like"), (games, "games")):
        kind[u < edge.astype(np.float32)[stamps.person]] = known.find(name, IN if name == "merchant_receipt" else OUT)
    return _moved(chunk, known, stamps, kind, rng)


def _mix(chunk: Chunk, rng: np.random.Generator) -> np.ndarray:
    """Each person's Dirichlet mix of categories as a table of kinds to draw from, n x LOOKUP."""
    share = np.array([c.share for c in chunk.nature.categories])
    weight = rng.standard_gamma(chunk.nature.seasons.mix_concentration * share / share.sum(), (chunk.size, share.size))
    edges = np.cumsum(weight, axis=1, dtype=np.float32) / weight.sum(axis=1, keepdims=True)
    grid = (np.arange(LOOKUP, dtype=np.float32) + rng.random((chunk.size, 1), dtype=np.float32)) / LOOKUP
    return sum((grid >= edges[:, k : k + 1]).astype(np.int8) for k in range(share.size - 1))


def _moved(chunk: Chunk, known: Kinds, stamps: Stamps, kind: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """In the months of a shock: inflows stay away and savings are withdrawn, a hospital is paid, or money goes to another household."""
    rows = np.flatnonzero(chunk.life_kind[stamps.person] >= 0)
    rows = rows[chunk.is_shocked(stamps.person[rows], stamps.time[rows])]
    struck, inflow = chunk.life_kind[stamps.person[rows]], known.direction[kind[rows]] == IN
    life, u = chunk.nature.life, rng.random(rows.size)
    for event, name in ((JOB_LOSS, "withdrawal"), (ILLNESS, "health"), (DIVORCE, "transfer")):
        moves = (struck == event) & (u < np.where(inflow, life.inflow_lost, life.spending_moved))
        kind[rows[moves]] = known.find(name, OUT)
    return kind
