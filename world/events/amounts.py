"""What payments amount to: each of them, and a person's flow at full activity.

`world.activity_scale` thins the table of payments. A rule on a sum in CNY or on its variation must
mean the same at any scale (domain 0.2). So the payments that the table leaves out are drawn too,
and added up with those that it holds. Only the sums are kept: they stand among the columns of the
applications, as the wallet's own ledger states them, and not the payments' own sums decide.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from creditloom.features.contract.tables import SPEND_CATEGORIES
from creditloom.world.calendar import DAY_SECONDS, DAY_US, DAYS_PER_MONTH
from creditloom.world.events.event_loops import payment_amounts, payment_times
from creditloom.world.events.events import Chunk, Draws, Stamps, fen
from creditloom.world.events.spending import (
    CATEGORY_CODE,
    IN,
    MONTHS,
    OUT,
    Everyday,
    Kinds,
    kinds_of,
    left_out,
    night_share,
)

# Days of a month as the features count them, and how many such bins are added up.
BIN_DAYS = 30
BINS = 6
# Bins of the last three months.
QUARTER = 3
# Money that leaves the wallet without a purchase, as the features count it.
NO_PURCHASE = ("transfer", "withdrawal")


@dataclass(frozen=True)
class Held:
    """The payments that the table holds, and what their number and kinds followed.

    `kind` and `fen` are of each payment; `usual` and `mix` are of the people (`spending`).
    """

    stamps: Stamps
    kind: np.ndarray
    fen: np.ndarray
    usual: Everyday
    mix: np.ndarray


def stated_flow(chunk: Chunk, known: Kinds, held: Held) -> dict[str, Draws]:
    """Return what the ledger states of each person's flow before `as_of`, by column.

    Nothing where the table is complete: the policy inputs are then taken from the payments.
    """
    if chunk.setting.params.activity_scale >= 1.0:
        return {}
    parts = (held.stamps, held.kind, held.fen), _left_out(chunk, known, held)
    flow = _monthly(chunk, parts, known.direction == OUT)
    spent = _monthly(chunk, parts, _is_purchase(known))
    mean = spent.mean(axis=1)
    variation = np.divide(spent.std(axis=1), mean, out=np.zeros_like(mean), where=mean > 0.0)
    least = flow[:, :QUARTER].min(axis=1)
    monthly = np.rint(spent[:, :QUARTER].mean(axis=1))
    return {
        "least_monthly_flow_fen": least.astype(np.int64),
        "monthly_spend_fen": monthly.astype(np.int64),
        "spend_cv_6m": (variation, mean <= 0.0),
    }


def _left_out(chunk: Chunk, known: Kinds, held: Held) -> tuple[Stamps, np.ndarray, np.ndarray]:
    """Return moment, kind and fen of the payments of six months that the table leaves out."""
    # A stream of its own: the tables of a world do not depend on what is drawn here.
    rng = chunk.rng("left_out")
    since_day = chunk.of("as_of") // DAY_US - BINS * BIN_DAYS - 1
    counts = left_out(chunk, held.usual, since_day, rng)
    nobody = np.empty(0, np.int64)
    person, time, _ = payment_times(
        rng,
        counts,
        held.usual.first_day,
        night_share(chunk),
        DAY_SECONDS,
        nobody,
        nobody,
        nobody.astype(np.int8),
    )
    stamps = Stamps(person, time)
    # -1: salary, rent and what rings pass round are never left out.
    kind = kinds_of(chunk, known, stamps, np.full(stamps.size, -1, np.int8), held.mix, rng)
    return stamps, kind, amounts(chunk, known, stamps, kind, rng)[0]


def _is_purchase(known: Kinds) -> np.ndarray:
    """Return which kinds are purchases: outflows that buy something."""
    codes = [CATEGORY_CODE[name] for name in SPEND_CATEGORIES if name not in NO_PURCHASE]
    return (known.direction == OUT) & np.isin(known.category, codes)


def _monthly(
    chunk: Chunk,
    parts: tuple[tuple[Stamps, np.ndarray, np.ndarray], ...],
    is_counted: np.ndarray,
) -> np.ndarray:
    """Return the fen of the counted kinds by person and 30-day bin back from `as_of`, n x BINS.

    `parts` are stamps, kind and fen of payments. Only what was known before `as_of` is added, as
    for the features.
    """
    lag = int(chunk.nature.lags_days["payments"] * DAY_US)
    totals = np.zeros(chunk.size * BINS)
    for stamps, kind, amount in parts:
        age = chunk.of("as_of")[stamps.person] - stamps.time
        # An age of exactly 30 days still belongs to the first bin: bins are closed at their old
        # end.
        month = (age - 1) // (BIN_DAYS * DAY_US)
        rows = (age > lag) & (month < BINS) & is_counted[kind]
        cell = stamps.person[rows] * BINS + month[rows]
        totals += np.bincount(cell, amount[rows], totals.size)
    return totals.reshape(chunk.size, BINS)


def amounts(
    chunk: Chunk, known: Kinds, stamps: Stamps, kind: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the fen of each payment, and whether it was at a counter.

    Amounts are lognormal. Prices drift; shop prices end in .00, .50 or .90. Salary and rent follow
    income.
    """
    numbers = chunk.nature.payments
    spread = np.exp(chunk.linear("payment_amount", "spending_stability"))
    relative_income = chunk.of("income_cny") / numbers.reference_income_cny
    own_level = numbers.amount_of_income * np.log(relative_income)
    # Log price change per microsecond since the first vintage.
    drift = np.log1p(chunk.nature.drift.amount_per_month) / (DAYS_PER_MONTH * DAY_US)
    began = chunk.days.vintages[0]
    amount, is_offline = payment_amounts(
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
        numbers.n_shop_categories,
    )
    # The loop has drawn these rows too. They are overwritten: salary first, then rent.
    for name, direction, share in (("salary", IN, 1.0), ("rent", OUT, numbers.rent_share)):
        which = known.find(name, direction)
        rows = np.flatnonzero(kind == which)
        paid = stamps.where(rows)
        log = _log_income(chunk, paid, rng)
        log = log + known.sigma[which] * rng.standard_normal(paid.size)
        log = log + drift * (paid.time - began)
        amount[rows] = fen(share * np.exp(log))
    _move_incomes(chunk, known, stamps, kind, amount)
    return amount, is_offline


def _move_incomes(
    chunk: Chunk, known: Kinds, stamps: Stamps, kind: np.ndarray, amount: np.ndarray
) -> None:
    """Let incomes feel the economy, in place. Rent does not: it was agreed before."""
    for name in ("salary", "merchant_receipt"):
        rows = np.flatnonzero(kind == known.find(name, IN))
        amount[rows] = fen(amount[rows] / 100.0 * chunk.inflow_factor(stamps.time[rows]))


def _log_income(chunk: Chunk, stamps: Stamps, rng: np.random.Generator) -> np.ndarray:
    """Return the log of the month's income: autoregressive around the person's own."""
    seasons = chunk.nature.seasons
    days = chunk.days
    rho = seasons.salary_rho
    path = rng.standard_normal((chunk.size, MONTHS))
    # Month by month in place: the new part keeps the variance at 1.
    for month in range(1, MONTHS):
        path[:, month] = rho * path[:, month - 1] + np.sqrt(1.0 - rho**2) * path[:, month]
    first_day = chunk.window[0] // DAY_US - days.origin
    first_month = days.month_by_day[first_day][stamps.person]
    month_of = days.month_by_day[stamps.time // DAY_US - days.origin]
    nth = np.minimum(month_of - first_month, MONTHS - 1)
    own = np.log(chunk.of("income_cny"))[stamps.person]
    log: np.ndarray = own + seasons.salary_sd * path[stamps.person, nth]
    return log
