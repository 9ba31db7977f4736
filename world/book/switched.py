"""The switches of a book: how lines are used, loans repaid early, and money recovered.

Each is off by default (`world.switches` of params.yaml) and then changes no byte. Each draws from
random streams of its own, for everyone in the world, so that the luck of a person depends neither
on who else is booked nor on the other switches. What is drawn here is truth: a lender sees balances
and payments, never the chances behind them. The numbers stand in book.yaml.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy.special import expit

from creditloom.world.book.book_config import BookConfig, DrawdownCurve, Recoveries
from creditloom.world.book.state import Book, luck
from creditloom.world.loans.lending import FIRST_APPLICATION
from creditloom.world.people.people import LEV
from creditloom.world.risk.arrears import PERFORMING
from creditloom.world.world import World

# First spawn keys of the streams of each switch. A month adds its number, which stays below 1,000
# (`state.MAX_MONTHS`), and those of the panel lie below 501,000. The last key of each stream is
# that of what stays with a person for all months.
DRAWDOWN_LUCK = 600_000
PREPAYMENT_LUCK = 610_000
RECOVERY_LUCK = 620_000
LASTING = 9_999


# Drawdown: how much of a revolving line is used.


def wished_share(world: World, numbers: BookConfig, book: Book, month: int) -> np.ndarray:
    """Return the share of each line that its owner wishes to owe at the end of `month`.

    It rises along the curve of months on book to the person's own level, which goes with the
    appetite for leverage; a life shock raises it. One value per account, between 0 and 1.
    """
    curve = numbers.drawdown
    noise = curve.month_sd * _normal(world, book, DRAWDOWN_LUCK + month)
    shocked = numbers.shock.utilisation_logit * book.is_shocked(month)
    return curve_share(curve, month) * expit(_use_logit(world, curve, book) + noise + shocked)


def curve_share(curve: DrawdownCurve, month: int) -> float:
    """Return how far use has come by the end of `month`: 0 before booking, 1 in the long run."""
    return float(1.0 - np.exp(-(month + 1) / curve.ramp_months))


def _use_logit(world: World, curve: DrawdownCurve, book: Book) -> np.ndarray:
    """Return the lasting level of use of each person, logit."""
    leverage = world.people.traits[book.rows, LEV]
    lasting = curve.person_sd * _normal(world, book, DRAWDOWN_LUCK + LASTING)
    return curve.level + curve.leverage_slope * leverage + lasting


def drawn_to_wish(
    world: World, numbers: BookConfig, book: Book, month: int, falls_due_fen: np.ndarray
) -> np.ndarray:
    """Return the fen drawn in `month` so that the wished share is owed at its end.

    `falls_due_fen` is the principal that is repaid in the month. Nobody draws less than nothing.
    """
    owed = book.schedule.balance_fen + book.arrears_fen
    wished = wished_share(world, numbers, book, month) * book.grant.limit_fen
    return np.maximum(wished - (owed - falls_due_fen), 0.0)


# Prepayment: loans repaid in full before their time.


def prepays(world: World, numbers: BookConfig, book: Book, month: int) -> np.ndarray:
    """Return who repays the whole loan in `month` (bool), if the loan allows it.

    A line is not prepaid: its owner draws less instead. A loan in arrears or in default is not
    either. Richer people do so more often.
    """
    if book.grant.is_revolving or month == 0:
        return np.zeros(book.size, bool)
    rng = luck(world, book.seed, PREPAYMENT_LUCK + month)
    drawn = rng.random(world.people.size)[book.rows]
    may_prepay = (book.missed == 0) & (book.arrears.status == PERFORMING)
    return may_prepay & (drawn < prepayment_chance(world, numbers, book))


def prepayment_chance(world: World, numbers: BookConfig, book: Book) -> np.ndarray:
    """Return the chance a month that the owner of each account repays a loan in full."""
    prepayment = numbers.prepayment
    slope = prepayment.wealth_slope
    wealth = world.concept("wealth_and_proofs")[book.rows]
    # The mean of exp(slope z - slope^2 / 2) over a standard normal z is 1: the level stays.
    return prepayment.monthly_share * np.exp(slope * wealth - slope * slope / 2.0)


# Recoveries: money that comes back after a default.


def is_collected(book: Book) -> np.ndarray:
    """Return which accounts money is collected from (bool).

    They are in default and behind at the end of the book's course. The others that ever defaulted
    are restructured, in probation or cured: they pay their instalments again.
    """
    return (book.arrears.status != PERFORMING) & (book.missed > 0)


def recoveries(world: World, numbers: BookConfig, book: Book, ead_fen: np.ndarray) -> pa.Table:
    """Return the payments after default, by month since it; one row per account and payment.

    `ead_fen` is what each account owed at the end of the month of its default, in the order of the
    book. What is recovered never exceeds what is still owed (`is_collected`).

    Columns: application_id, default_month, ead_fen (repeated on each row), months_since_default
    (1 to `months`), recovered_fen. An account from which nothing comes has one row of 0 fen, so
    that every exposure at default is in the table.
    """
    plan = numbers.recoveries
    in_default = np.flatnonzero(is_collected(book))
    rng = luck(world, book.seed, RECOVERY_LUCK)
    # Draw order: the share that comes back, then the months of its payments.
    share = _recovered_share(world, plan, rng)[book.rows][in_default]
    uniform = rng.random((world.people.size, plan.payments))[book.rows][in_default]
    owed = (book.schedule.balance_fen + book.arrears_fen)[in_default]
    total = np.minimum(np.floor(share * ead_fen[in_default]).astype(np.int64), owed)
    paid = _in_payments(total, plan.payments)
    month = np.sort(_month_since(plan, uniform), axis=1)
    has_row = paid > 0
    # The first row of an account stays, be it 0, so that its exposure is seen.
    has_row[:, 0] = True
    account = np.nonzero(has_row)[0]
    return pa.table(
        {
            "application_id": (FIRST_APPLICATION + book.rows[in_default])[account],
            "default_month": book.defaulted[in_default][account],
            "ead_fen": ead_fen[in_default][account],
            "months_since_default": month[has_row],
            "recovered_fen": paid[has_row],
        }
    )


def _recovered_share(world: World, plan: Recoveries, rng: np.random.Generator) -> np.ndarray:
    """Return the share of the exposure that comes back from each person of the world.

    It is a beta distribution whose mean is `share`: most pay little, some pay nearly all.
    """
    return rng.beta(
        plan.share * plan.concentration,
        (1.0 - plan.share) * plan.concentration,
        world.people.size,
    )


def _in_payments(total_fen: np.ndarray, payments: int) -> np.ndarray:
    """Return amounts cut into equal payments of whole fen; the last takes the remainder.

    >>> _in_payments(np.array([10, 3]), 4).tolist()
    [[2, 2, 2, 4], [0, 0, 0, 3]]
    """
    paid = np.repeat((total_fen // payments)[:, None], payments, axis=1)
    paid[:, -1] += total_fen - paid.sum(axis=1)
    return paid


def _month_since(plan: Recoveries, uniform: np.ndarray) -> np.ndarray:
    """Return the month since default (1 to `months`) of payments, from uniform draws.

    Collections earn early: times are exponential, cut at the last month.
    """
    last = 1.0 - np.exp(-plan.months / plan.scale_months)
    time = -plan.scale_months * np.log1p(-uniform * last)
    return np.minimum(np.floor(time).astype(np.int64) + 1, plan.months)


def truth(world: World, numbers: BookConfig, book: Book) -> pa.Table:
    """Return what drives the switches: one row per account, for no learner and no lender to see.

    Columns: application_id, use_level (share of the line in the long run, no shock),
    prepayment_chance (a month), recovery_share (of the exposure at default).
    """
    share = _recovered_share(world, numbers.recoveries, luck(world, book.seed, RECOVERY_LUCK))
    return pa.table(
        {
            "application_id": FIRST_APPLICATION + book.rows,
            "use_level": expit(_use_logit(world, numbers.drawdown, book)),
            "prepayment_chance": prepayment_chance(world, numbers, book),
            "recovery_share": share[book.rows],
        }
    )


def _normal(world: World, book: Book, key: int) -> np.ndarray:
    """Return one standard normal draw per account, of the stream `key`."""
    return luck(world, book.seed, key).standard_normal(world.people.size)[book.rows]
