"""The panel of a book: what a lender sees of each account at a month's end.

There is one row per account. It comes from the same latent states as the events of the world.
Payment counts are not thinned by `activity_scale` (domain 0.2), so the thresholds of the sources
(three payments a month) apply as printed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.special import expit, ndtri

from creditloom.world.book.book_config import BookConfig
from creditloom.world.book.state import Book, luck
from creditloom.world.calendar import month_starts
from creditloom.world.events.events import YEAR_DAYS, Chunk, fen
from creditloom.world.loans.lending import FIRST_APPLICATION
from creditloom.world.people.people import LEV
from creditloom.world.world import World

# First of the spawn keys of this module's months. Behaviour is drawn apart from what decides about
# default, whose keys are the months themselves (`month_step.MONTH_LUCK`).
PANEL_LUCK = 500_000
# Key of the draws that stay with a person for all months.
LASTING = PANEL_LUCK - 1
# Rate up to which Poisson counts are summed, and the largest count that is then looked at: beyond
# it lies less than 1e-12 of the distribution.
MAX_SUMMED_RATE = 10.0
MAX_SUMMED_COUNT = 40
# Shares are shown with four decimals.
SHARE_DECIMALS = 4
MONTHS_PER_YEAR = 12.0

# A column of the panel: its values, or (values, is_null).
Column = np.ndarray | tuple[np.ndarray, np.ndarray]


def rows(
    world: World, numbers: BookConfig, book: Book, flows: dict[str, Column], month: int
) -> pa.Table:
    """Return the rows of `month`: account and money at its end, behaviour during it.

    `flows` are the month's own columns per account: drawn_fen, due_fen, interest_due_fen, paid_fen,
    days_late. A value is null where there is no consent or no file.
    """
    vintage = world.people.vintage[book.rows]
    month_end = _month_ends(world, month)[vintage]
    # The order of the groups is the order of the panel's columns.
    columns: dict[str, Column] = {
        "application_id": FIRST_APPLICATION + book.rows,
        "vintage": vintage,
        "month_on_book": np.full(book.size, month, np.int16),
        "month_end": month_end,
        **_standing(book),
        **flows,
        **_behaviour(world, numbers, book, month),
    }
    return pa.table({name: _array(column) for name, column in columns.items()})


def _standing(book: Book) -> dict[str, Column]:
    """Return what an account may draw, costs and owes; a written-off account shows no balance."""
    owed = book.schedule.balance_fen + book.arrears_fen
    return {
        "limit_fen": book.grant.limit_fen,
        "daily_rate": book.grant.daily_rate,
        "balance_fen": np.where(book.written_off, 0, owed),
        "arrears_fen": book.arrears_fen,
        "dpd_days": book.dpd_days,
        "is_written_off": book.written_off,
    }


def _month_ends(world: World, month: int) -> np.ndarray:
    """Return the last day of the month that lies `month` months after each vintage."""
    calendar = world.setting.calendar
    # One microsecond before the next month lies on the last day of this one.
    ends = month_starts(calendar.applications_start, calendar.n_vintages + month) - 1
    return ends[month + 1 :].astype("datetime64[us]").astype("datetime64[D]")


def _array(column: Column) -> pa.Array:
    return pa.array(column[0], mask=column[1]) if isinstance(column, tuple) else pa.array(column)


def _behaviour(world: World, numbers: BookConfig, book: Book, month: int) -> dict[str, Column]:
    """Return the columns of what the owners of the accounts do in `month`."""
    draws = _Draws.of(world, book, month)
    streams = _Streams(Chunk(world, 0, 0, world.people.size), book.rows)
    is_shocked = book.is_shocked(month)
    return {
        **_cash_flow(numbers, streams, draws, is_shocked),
        **_assets(numbers, streams, draws, is_shocked, month),
        "n_hard_enquiries": _enquiries(numbers, streams, draws, is_shocked),
        "pay_score": _pay_score(numbers, streams, draws, book.dpd_days),
    }


@dataclass(frozen=True)
class _Draws:
    """The random numbers of a month, one row per use and one column per account.

    They are drawn for everyone in the world and then cut to the accounts, so that the luck of a
    person does not depend on who else is booked.
    """

    normal: np.ndarray
    uniform: np.ndarray
    # These two come from the lasting stream: one value per account, the same in all months.
    score: np.ndarray
    proofs: np.ndarray

    @classmethod
    def of(cls, world: World, book: Book, month: int) -> _Draws:
        """Return the draws of `month`."""
        n = world.people.size
        monthly = luck(world, book.seed, PANEL_LUCK + month)
        lasting = luck(world, book.seed, LASTING)
        # Draw order within each stream: normals before uniforms.
        normal = monthly.standard_normal((5, n))[:, book.rows]
        uniform = monthly.random((2, n))[:, book.rows]
        score = lasting.standard_normal(n)[book.rows]
        proofs = lasting.random(n)[book.rows]
        return cls(normal, uniform, score, proofs)


@dataclass(frozen=True)
class _Streams:
    """The streams of world.yaml and the arrays of `People`, read for the owners of the accounts."""

    everyone: Chunk
    rows: np.ndarray

    def of(self, name: str) -> np.ndarray:
        """Return one array of `People`."""
        return self.everyone.of(name)[self.rows]

    def linear(self, stream: str, concept: str) -> np.ndarray:
        """Return level + slope x state."""
        return self.everyone.linear(stream, concept)[self.rows]

    def noise(self, stream: str) -> float:
        """Return the standard deviation of the noise of a stream."""
        return self.everyone.nature.stream(stream).noise

    def balance(
        self, account: str, concept: str, normal: np.ndarray, moved: np.ndarray
    ) -> np.ndarray:
        """Return the balance of an account, fen, as world/events/assets.py draws it.

        Its log is moved by `moved`. It is 0 where the latent is not above zero.
        """
        latent = self.linear(account, concept) + self.noise(account) * normal
        amount = self.everyone.nature.stream(f"{account}_amount")
        # The maximum keeps exp from overflowing where the result is not used.
        log_cny = amount.level + amount.slope * np.maximum(latent, 0.0) + moved
        return np.where(latent > 0, fen(np.exp(log_cny)), 0)


def _cash_flow(
    numbers: BookConfig, streams: _Streams, draws: _Draws, is_shocked: np.ndarray
) -> dict[str, Column]:
    """Return payments, inflow, debt service elsewhere and what stays of an inflow."""
    behaviour = numbers.behaviour
    volume_noise = np.exp(behaviour.volume_noise * draws.normal[0])
    volume = volume_noise * np.where(is_shocked, numbers.shock.payments_factor, 1.0)
    payments_rate = _payments(streams.everyone)[streams.rows] * volume
    income = streams.of("income_cny")
    month_income = income * np.exp(behaviour.income_noise * draws.normal[1])
    inflow = month_income * np.where(is_shocked, numbers.shock.inflow_factor, 1.0)
    leverage = np.exp(behaviour.debt_slope * streams.of("traits")[:, LEV])
    wallet_noise = streams.noise("wallet") * draws.normal[2]
    retained = expit(streams.linear("wallet", "fund_retention") + wallet_noise)
    return {
        "n_payments": counts(draws.uniform[0], payments_rate),
        "inflow_fen": fen(inflow),
        "other_debt_service_fen": fen(income * behaviour.debt_share * leverage),
        "retained_share": np.round(retained, SHARE_DECIMALS),
    }


def _assets(
    numbers: BookConfig, streams: _Streams, draws: _Draws, is_shocked: np.ndarray, month: int
) -> dict[str, Column]:
    """Return balances and the number of proofs filed so far; null without consent."""
    no_consent = ~streams.of("consent_assets")
    moved = numbers.shock.balance_log * is_shocked
    lqt = streams.balance("lqt", "cash_balance", draws.normal[3], moved)
    lct = streams.balance("lct", "wealth_and_proofs", draws.normal[4], moved)
    years = numbers.behaviour.proofs_first + month / MONTHS_PER_YEAR
    # One lasting draw and a rate that grows: the count of a person can only rise.
    n_proofs = counts(draws.proofs, np.exp(streams.linear("proof", "wealth_and_proofs")) * years)
    return {
        "lqt_balance_fen": (lqt, no_consent),
        "lct_balance_fen": (lct, no_consent),
        "n_asset_proofs": (n_proofs, no_consent),
    }


def _enquiries(
    numbers: BookConfig, streams: _Streams, draws: _Draws, is_shocked: np.ndarray
) -> Column:
    """Return the hard enquiries of the month; null where the bureau may not be read."""
    is_hidden = ~(streams.of("has_bureau") & streams.of("consent_bureau"))
    a_month = np.exp(streams.linear("enquiry_hard", "credit_enquiries")) / MONTHS_PER_YEAR
    rate = a_month * np.where(is_shocked, numbers.shock.enquiries_factor, 1.0)
    return counts(draws.uniform[1], rate), is_hidden


def _pay_score(
    numbers: BookConfig, streams: _Streams, draws: _Draws, dpd_days: np.ndarray
) -> np.ndarray:
    """Return the payment score, points: it follows the payment-flow state and falls in arrears."""
    behaviour = numbers.behaviour
    level = behaviour.pay_score_level + behaviour.pay_score_slope * streams.of("families")[:, 0]
    score = level + behaviour.pay_score_noise * draws.score
    points = np.rint(
        score + behaviour.pay_score_frozen * (dpd_days > behaviour.pay_score_frozen_dpd)
    )
    # The score has a fixed range, whatever noise is added.
    return np.clip(points, *behaviour.pay_score_range).astype(np.int16)


def _payments(everyone: Chunk) -> np.ndarray:
    """Return the payments a month at full rate, one value per person (domain 7.4).

    It is the rate of the segment, moved by activity; a thin file has few.
    """
    slope = everyone.nature.stream("payment_rate").slope
    shifts = np.array([segment.shift[0] for segment in everyone.nature.segments])
    shift = shifts[everyone.of("segment")]
    of_shift = everyone.nature.rate_slopes.activity_of_shift
    activity = everyone.world.concept("payment_activity") - of_shift * shift
    # The last term keeps the mean of a lognormal factor at 1.
    moved = slope * activity - 0.5 * slope**2
    thin = np.where(everyone.of("is_thin"), everyone.nature.presence.thin_activity, 1.0)
    per_day = everyone.segment("payments_per_day") * np.exp(moved)
    return per_day * YEAR_DAYS / MONTHS_PER_YEAR * thin


def counts(uniform: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Return Poisson counts as a function of one uniform draw each.

    So the luck stays with the person whatever the rate is. Probabilities are summed up to a rate of
    MAX_SUMMED_RATE. Above it the count is the normal quantile with the Cornish-Fisher term, off by
    one at most.

    >>> counts(np.array([0.5, 0.5]), np.array([0.3, 100.0])).tolist()
    [0, 100]
    """
    out = np.zeros(uniform.size, np.int64)
    is_small = rate < MAX_SUMMED_RATE
    out[is_small] = _summed(uniform[is_small], rate[is_small])
    z = ndtri(uniform[~is_small])
    mean = rate[~is_small]
    quantile = mean + np.sqrt(mean) * z + (z**2 - 1.0) / 6.0
    out[~is_small] = np.maximum(np.rint(quantile), 0.0)
    return out


def _summed(uniform: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Return how many of the cumulative probabilities lie below each uniform draw."""
    probability = np.exp(-rate)
    total = probability.copy()
    count = np.zeros(uniform.size, np.int64)
    for k in range(1, MAX_SUMMED_COUNT):
        count += uniform > total
        probability = probability * rate / k
        total = total + probability
    return count
