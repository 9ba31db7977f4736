"""Everyday payments of a person: when they come and of what kind (domain 7.4).

Counts per day are negative binomial: Poisson with the volume of the month and a gamma factor of the
day with shape k. A life shock moves what is bought.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, gammaincinv

from creditloom.features.contract.tables import PAYMENT_CATEGORIES
from creditloom.world.calendar import AFTER_DAYS, DAY_US, HISTORY_DAYS
from creditloom.world.config.config_types import Category
from creditloom.world.config.event_types import ExtraKind
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.events.event_loops import (
    lookups,
    payment_kinds,
    payments_a_day,
    payments_left_out,
)
from creditloom.world.events.events import YEAR_DAYS, Chunk, Stamps
from creditloom.world.people.life import MONTH_US
from creditloom.world.people.people import DIG, INC

# Calendar months that a window of 383 days can touch, with one to spare.
MONTHS = 15
# Days of a window: history, days after as_of and the day of as_of itself.
WINDOW_DAYS = HISTORY_DAYS + AFTER_DAYS + 1
# What a payment becomes after a job loss, an illness, a divorce: the order of `life.KINDS`.
SHOCK_CATEGORIES = ("withdrawal", "health", "transfer")
# Size of the quantile table of the gamma factor (choice).
N_QUANTILES = 1024
CATEGORY_CODE = {name: code for code, name in enumerate(PAYMENT_CATEGORIES)}
# Codes of the column `direction`.
OUT = 1
IN = 0


@dataclass(frozen=True)
class Kinds:
    """The kinds of payments: `categories` of world.yaml, then `extra_kinds`; all arrays by kind.

    `category` is an index of PAYMENT_CATEGORIES. `log_median` and `sigma` are of the log amount in
    yuan.
    """

    direction: np.ndarray
    category: np.ndarray
    offline: np.ndarray
    log_median: np.ndarray
    sigma: np.ndarray

    @classmethod
    def of(cls, nature: WorldConfig) -> Kinds:
        """Return the kinds of a world."""
        kinds: tuple[Category | ExtraKind, ...] = (*nature.categories, *nature.extra_kinds)
        declared = [_kind(kind) for kind in kinds]
        names, directions, offline, median, sigma = zip(*declared, strict=True)
        direction = np.array(directions, np.int8)
        category = np.array([CATEGORY_CODE[name] for name in names], np.int8)
        # float32 on purpose: the amounts drawn with wider numbers would differ in the last fen.
        return cls(
            direction=direction,
            category=category,
            offline=np.array(offline, dtype=np.float32),
            log_median=np.array(np.log(median), dtype=np.float32),
            sigma=np.array(sigma, dtype=np.float32),
        )

    def find(self, name: str, direction: int) -> int:
        """Return the kind of this category and direction."""
        is_kind = (self.category == CATEGORY_CODE[name]) & (self.direction == direction)
        return int(np.flatnonzero(is_kind)[0])


def _kind(kind: Category | ExtraKind) -> tuple[str, int, float, float, float]:
    """Return name, direction, offline share, median in yuan and sigma of a kind."""
    direction = IN if kind.direction == "in" else OUT
    return (
        kind.id,
        direction,
        kind.offline_share,
        kind.median_cny,
        kind.sigma,
    )


@dataclass(frozen=True)
class Everyday:
    """The everyday payments of each person and day, and what their number followed.

    `counts` are n x WINDOW_DAYS from `first_day`, days since 1970. `volume` is the factor of each
    month, n x MONTHS.
    """

    counts: np.ndarray
    first_day: np.ndarray
    volume: np.ndarray


def everyday(chunk: Chunk, rng: np.random.Generator) -> Everyday:
    """Return the payments of each person and day."""
    days = chunk.days
    start, _ = chunk.window
    first_day = chunk.of("as_of") // DAY_US - HISTORY_DAYS
    # A window begins and a shock changes things with the next whole day: -(-a // b) rounds up.
    start_day = -(-start // DAY_US)
    quiet_days = -(-shock_span(chunk) // DAY_US)
    # The monthly volumes are drawn before the counts.
    volume = _volume(chunk, rng)
    rate_a_day = _rates(chunk) / YEAR_DAYS
    day_weight = np.diff(days.shop)
    counts = payments_a_day(
        rng,
        first_day - days.origin,
        start_day - days.origin,
        rate_a_day,
        day_weight,
        days.month_by_day,
        volume,
        _day_factors(chunk),
        quiet_days - days.origin,
        chunk.nature.life.spending_factor,
        WINDOW_DAYS,
    )
    return Everyday(counts, first_day, volume)


def left_out(
    chunk: Chunk, held: Everyday, since_day: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the payments that `activity_scale` leaves out, in the form of `held.counts`.

    They lie between the days `since_day` and that of `as_of`. Together with those that are held
    they are as many as a world of scale 1 has.
    """
    days = chunk.days
    start, _ = chunk.window
    start_day = np.maximum(-(-start // DAY_US), since_day) - days.origin
    end_day = chunk.of("as_of") // DAY_US + 1 - days.origin
    rate_a_day = _rates(chunk) / YEAR_DAYS
    day_weight = np.diff(days.shop)
    quiet_days = -(-shock_span(chunk) // DAY_US) - days.origin
    times = 1.0 / chunk.setting.params.activity_scale - 1.0
    return payments_left_out(
        rng,
        held.first_day - days.origin,
        start_day,
        end_day,
        rate_a_day,
        day_weight,
        days.month_by_day,
        held.volume,
        chunk.nature.seasons.day_dispersion,
        quiet_days,
        chunk.nature.life.spending_factor,
        held.counts,
        times,
    )


def shock_span(chunk: Chunk) -> np.ndarray:
    """Return the first moment and the end of each person's life shock, 2 x n, microseconds.

    Both lie far away where none comes.
    """
    time = chunk.world.life.time_us[chunk.rows]
    return np.stack([time, time + chunk.nature.hazard.life_shock_months * MONTH_US])


def _rates(chunk: Chunk) -> np.ndarray:
    """Return the payments a year of each person.

    It is the rate of the segment, moved by activity, digital intensity and income; a thin file has
    few payments.
    """
    slope = chunk.nature.stream("payment_rate").slope
    slopes = chunk.nature.rate_slopes
    shifts = np.array([segment.shift[0] for segment in chunk.nature.segments])
    shift = shifts[chunk.of("segment")]
    traits = chunk.of("traits")
    # Half the variance is taken off so that the mean of a lognormal rate is the segment's.
    log_day = np.log(chunk.segment("payments_per_day"))
    log_day = log_day - slopes.activity_of_shift * slope * shift - 0.5 * slope**2
    log_day = log_day + slope * chunk.world.concept("payment_activity")[chunk.rows]
    log_day = log_day + slopes.payments_digital * traits[:, DIG]
    log_day = log_day + slopes.payments_income * traits[:, INC]
    thin = np.where(chunk.of("is_thin"), chunk.nature.presence.thin_activity, 1.0)
    return np.exp(log_day) * YEAR_DAYS * chunk.setting.params.activity_scale * thin


def _volume(chunk: Chunk, rng: np.random.Generator) -> np.ndarray:
    """Return the factor of each calendar month of the window, with the person's own volatility.

    It is n x MONTHS, lognormal with mean 1. Some people's months differ for reasons of their own,
    as school fees, that tell nothing of credit.
    """
    # Draw order: the person's own reasons, then each month.
    noise = chunk.nature.stream("payment_month").noise
    own = noise * rng.standard_normal(chunk.size)
    sd = np.exp(chunk.linear("payment_month", "spending_stability") + own)[:, None]
    volume: np.ndarray = np.exp(sd * rng.standard_normal((chunk.size, MONTHS)) - 0.5 * sd**2)
    return volume


def _day_factors(chunk: Chunk) -> np.ndarray:
    """Return quantiles of the gamma of mean 1 and shape k, from which each day draws its factor."""
    k = chunk.nature.seasons.day_dispersion
    quantiles = gammaincinv(k, (np.arange(N_QUANTILES) + 0.5) / N_QUANTILES) / k
    # A table cuts the tails; dividing by its mean makes that mean 1 again.
    table: np.ndarray = quantiles / quantiles.mean()
    return table


def night_share(chunk: Chunk) -> np.ndarray:
    """Return the share of each person's payments between 23 and 5 h (domain 7.8).

    Frauds pay at night until their pattern changes.
    """
    fraud = chunk.nature.fraud
    is_early_fraud = chunk.of("is_fraud") & (chunk.of("vintage") < fraud.late_pattern_vintage)
    log_odds = chunk.linear("payment_night", "spending_pattern")
    return expit(log_odds + fraud.night_log_odds * is_early_fraud)


def kinds_of(
    chunk: Chunk,
    known: Kinds,
    stamps: Stamps,
    own: np.ndarray,
    mix: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the kind of each payment.

    `own` is the kind of salary, rent and what rings pass round; where it is -1 the person's `mix`
    decides. Games and gambling follow spending_pattern, merchant receipts the segment. In the
    months of a shock inflows stay away, and savings are withdrawn, a hospital is paid, or money
    goes to another household.
    """
    special_kinds = [
        known.find("games", OUT),
        known.find("gambling_like", OUT),
        known.find("merchant_receipt", IN),
    ]
    moved_kinds = [known.find(name, OUT) for name in SHOCK_CATEGORIES]
    life = chunk.nature.life
    struck = np.vstack([chunk.life_kind.astype(np.int64), shock_span(chunk)])
    moved_share = np.array([life.spending_moved, life.inflow_lost])
    kinds: np.ndarray = payment_kinds(
        rng,
        stamps.person,
        stamps.time,
        own,
        _special_shares(chunk),
        np.array(special_kinds, np.int8),
        mix,
        struck,
        known.direction == IN,
        moved_share,
        np.array(moved_kinds, np.int8),
    )
    return kinds


def _special_shares(chunk: Chunk) -> np.ndarray:
    """Return the shares of games, gambling and merchant receipts, cumulative, people x 3.

    One uniform draw chooses among the three and the rest.
    """
    games = expit(chunk.linear("payment_games", "spending_pattern"))
    gambling = games + expit(chunk.linear("payment_gambling", "spending_pattern"))
    return np.column_stack([games, gambling, gambling + chunk.segment("merchant_share")])


def mixes(chunk: Chunk, rng: np.random.Generator) -> np.ndarray:
    """Return each person's Dirichlet mix of categories as a table of kinds to draw from."""
    share = np.array([c.share for c in chunk.nature.categories])
    concentration = chunk.nature.seasons.mix_concentration * share / share.sum()
    # Gammas divided by their sum are a Dirichlet.
    weight = rng.standard_gamma(concentration, (chunk.size, share.size))
    cumulative = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
    table: np.ndarray = lookups(rng, cumulative)
    return table
