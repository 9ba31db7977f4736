"""What a lender sees of an account at a month's end: one row per account, from the same latent states as the world's events.

Payment counts are not thinned by `activity_scale` (domain 0.2): the thresholds of the sources (three payments a month) apply as printed.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy.special import ndtri

from creditloom.world.book.book_config import BookConfig
from creditloom.world.book.state import Book, luck
from creditloom.world.calendar import month_starts
from creditloom.world.events.events import YEAR_DAYS, Chunk, fen
from creditloom.world.loans.lending import FIRST_APPLICATION
from creditloom.world.people.people import LEV, sigmoid
from creditloom.world.world import World

PANEL_LUCK = 500_000  # spawn keys of this module's months: behaviour is drawn apart from what decides about default
LASTING = PANEL_LUCK - 1
SMALL, MOST = 10.0, 40
FROZEN_DPD = 7  # S1-R40: the payment score is frozen beyond it


def rows(
    world: World, numbers: BookConfig, book: Book, flows: dict[str, np.ndarray], month: int
) -> pa.Table:
    """The panel's rows of `month`: account and money as they stand, behaviour of the month; null where there is no consent or no file.

    `flows` are the month's own amounts per account: drawn_fen, due_fen, paid_fen, interest_fen, days_late.
    """
    balance = np.where(book.written_off, 0, book.schedule.balance_fen + book.arrears_fen)
    columns = {
        "application_id": FIRST_APPLICATION + book.rows,
        "vintage": world.people.vintage[book.rows],
        "month_on_book": np.full(book.size, month, np.int16),
        "month_end": _month_ends(world, month)[world.people.vintage[book.rows]],
        "limit_fen": book.grant.limit_fen,
        "daily_rate": book.grant.daily_rate,
        "balance_fen": balance,
        "arrears_fen": book.arrears_fen,
        "dpd_days": book.dpd_days,
        "is_written_off": book.written_off,
        **flows,
        **_behaviour(world, numbers, book, month),
    }
    return pa.table({name: _array(values) for name, values in columns.items()})


def _month_ends(world: World, month: int) -> np.ndarray:
    """Last day of the month that lies `month` months after each vintage."""
    calendar = world.setting.calendar
    starts = month_starts(calendar.applications_start, calendar.n_vintages + month) - 1
    return starts[month + 1 :].astype("datetime64[us]").astype("datetime64[D]")


def _array(values: np.ndarray | tuple[np.ndarray, np.ndarray]) -> pa.Array:
    return pa.array(values[0], mask=values[1]) if isinstance(values, tuple) else pa.array(values)


def _behaviour(
    world: World, numbers: BookConfig, book: Book, month: int
) -> dict[str, np.ndarray | tuple[np.ndarray, np.ndarray]]:
    everyone, shape = Chunk(world, 0, 0, world.people.size), numbers.behaviour
    rng, lasting = luck(world, book.seed, PANEL_LUCK + month), luck(world, book.seed, LASTING)
    normal = rng.standard_normal((5, everyone.size))[:, book.rows]
    uniform = rng.random((2, everyone.size))[:, book.rows]
    stays = lasting.standard_normal(everyone.size)[book.rows]
    shocked = book.is_shocked(month)
    of = _Of(everyone, book.rows)
    volume = np.exp(shape.volume_noise * normal[0]) * np.where(
        shocked, numbers.shock.payments_factor, 1.0
    )
    income = everyone.of("income_cny")[book.rows] * np.exp(shape.income_noise * normal[1])
    unseen = ~(everyone.of("has_bureau") & everyone.of("consent_bureau"))[book.rows]
    closed = ~everyone.of("consent_assets")[book.rows]
    asks = (
        np.exp(of.linear("enquiry_hard", "credit_enquiries"))
        / 12.0
        * np.where(shocked, numbers.shock.enquiries_factor, 1.0)
    )
    score = (
        shape.pay_score_level
        + shape.pay_score_slope * everyone.of("families")[book.rows, 0]
        + shape.pay_score_noise * stays
    )
    proofs = np.exp(of.linear("proof", "wealth_and_proofs")) * (shape.proofs_first + month / 12.0)
    return {
        "n_payments": counts(uniform[0], _payments(everyone)[book.rows] * volume),
        "inflow_fen": fen(income * np.where(shocked, numbers.shock.inflow_factor, 1.0)),
        "other_debt_service_fen": fen(
            everyone.of("income_cny")[book.rows]
            * shape.debt_share
            * np.exp(shape.debt_slope * everyone.of("traits")[book.rows, LEV])
        ),
        "retained_share": np.round(
            sigmoid(of.linear("wallet", "fund_retention") + of.noise("wallet") * normal[2]), 4
        ),
        "lqt_balance_fen": (
            of.balance("lqt", "cash_balance", normal[3], numbers.shock.balance_log * shocked),
            closed,
        ),
        "lct_balance_fen": (
            of.balance("lct", "wealth_and_proofs", normal[4], numbers.shock.balance_log * shocked),
            closed,
        ),
        "n_asset_proofs": (counts(lasting.random(everyone.size)[book.rows], proofs), closed),
        "n_hard_enquiries": (counts(uniform[1], asks), unseen),
        "pay_score": np.clip(
            np.rint(score + shape.pay_score_frozen * (book.dpd_days > FROZEN_DPD)),
            *shape.pay_score_range,
        ).astype(np.int16),
    }


class _Of:
    """Streams of world.yaml read for the people of a book."""

    def __init__(self, everyone: Chunk, places: np.ndarray) -> None:
        self.everyone, self.places = everyone, places

    def linear(self, stream: str, concept: str) -> np.ndarray:
        """level + slope x state."""
        return self.everyone.linear(stream, concept)[self.places]

    def noise(self, stream: str) -> float:
        """Standard deviation of the stream's noise."""
        return self.everyone.nature.stream(stream).noise

    def balance(
        self, account: str, concept: str, normal: np.ndarray, moved: np.ndarray
    ) -> np.ndarray:
        """Balance of an account as world/events/assets.py draws it, its log moved; 0 where the latent is not above zero."""
        latent, amount = (
            self.linear(account, concept) + self.noise(account) * normal,
            self.everyone.nature.stream(f"{account}_amount"),
        )
        return np.where(
            latent > 0,
            fen(np.exp(amount.level + amount.slope * np.maximum(latent, 0.0) + moved)),
            0,
        )


def _payments(everyone: Chunk) -> np.ndarray:
    """Payments a month at full rate: the segment's, moved by activity; a thin file has few (domain 7.4)."""
    slope = everyone.nature.stream("payment_rate").slope
    shift = np.array([segment.shift[0] for segment in everyone.nature.segments])[
        everyone.of("segment")
    ]
    moved = slope * (everyone.world.concept("payment_activity") - 0.6 * shift) - 0.5 * slope**2
    thin = np.where(everyone.of("is_thin"), everyone.nature.presence.thin_activity, 1.0)
    return everyone.segment("payments_per_day") * np.exp(moved) * YEAR_DAYS / 12.0 * thin


def counts(uniform: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Poisson counts as a function of one draw each, so that luck stays with the person whatever the rate.

    Summed up to a rate of SMALL; above it the normal quantile with the Cornish-Fisher term, off by one at most.
    """
    out = np.zeros(uniform.size, np.int64)
    small = rate < SMALL
    out[small] = _summed(uniform[small], rate[small])
    z, many = ndtri(uniform[~small]), rate[~small]
    out[~small] = np.maximum(np.rint(many + np.sqrt(many) * z + (z**2 - 1.0) / 6.0), 0.0)
    return out


def _summed(uniform: np.ndarray, rate: np.ndarray) -> np.ndarray:
    term, found = np.exp(-rate), np.zeros(uniform.size, np.int64)
    total = term.copy()
    for k in range(1, MOST):
        found += uniform > total
        term = term * rate / k
        total = total + term
    return found
