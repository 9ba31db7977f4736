"""The state of a book of accounts: what is owed and when, and how a book begins.

Schedules hold principal and interest per account and month from now (domain 4, F5-F9, without the
cents). A drawdown keeps the rate of its day (S5-R30), so each drawdown adds its own principal and
interest to the months in which they fall due.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from creditloom.world.calendar import DAY_US, Days, month_starts
from creditloom.world.config.config_types import WorldError
from creditloom.world.loans.incumbent_policy import LoanTerms
from creditloom.world.people.life import MONTHS_AFTER
from creditloom.world.risk.arrears import Arrears, days_past_due, due_days
from creditloom.world.risk.default import terms_effect
from creditloom.world.world import World, log_odds_without_terms

METHODS = ("equal_principal", "equal_instalment", "interest_first")


@dataclass(frozen=True)
class DueMonths:
    """Fen due in each month from now, accounts x months; column 0 falls due next."""

    principal_fen: np.ndarray
    interest_fen: np.ndarray

    @property
    def balance_fen(self) -> np.ndarray:
        """Principal not yet due, per account."""
        return self.principal_fen.sum(axis=1)

    def passed(self) -> DueMonths:
        """Return the schedule a month later, without its first column."""
        return DueMonths(_shifted(self.principal_fen), _shifted(self.interest_fen))

    def plus(self, other: DueMonths) -> DueMonths:
        """Return the sum of two schedules."""
        return DueMonths(
            principal_fen=self.principal_fen + other.principal_fen,
            interest_fen=self.interest_fen + other.interest_fen,
        )


def empty(accounts: int, tenor: int) -> DueMonths:
    """Return the schedules of accounts that owe nothing."""
    return DueMonths(
        principal_fen=np.zeros((accounts, tenor), np.int64),
        interest_fen=np.zeros((accounts, tenor), np.int64),
    )


def drawn_schedule(
    amount_fen: np.ndarray, daily_rate: np.ndarray, tenor: int, method: str, days_a_month: float
) -> DueMonths:
    """Return the schedule of amounts drawn today.

    i = daily_rate x days_a_month; interest_k = i x principal outstanding before month k. Principal
    is repaid to the fen: the last month takes the remainder. Raises WorldError for an unknown
    method.

    >>> loan = drawn_schedule(np.array([10_000]), np.array([0.0004]), 3, "equal_principal", 30.0)
    >>> loan.principal_fen.tolist(), loan.interest_fen.tolist()
    ([[3333, 3333, 3334]], [[120, 80, 40]])
    """
    i = daily_rate[:, None] * days_a_month
    share = _principal_shares(i, tenor, method)
    principal = np.floor(amount_fen[:, None] * share).astype(np.int64)
    principal[:, -1] = amount_fen - principal[:, :-1].sum(axis=1)
    outstanding = amount_fen[:, None] - np.cumsum(principal, axis=1) + principal
    return DueMonths(principal, np.rint(i * outstanding).astype(np.int64))


def _principal_shares(i: np.ndarray, tenor: int, method: str) -> np.ndarray:
    """Return the share of the principal repaid in each month, accounts x months."""
    months = np.arange(tenor)[None, :]
    if method == "equal_principal":
        return np.full((i.size, tenor), 1.0 / tenor)
    if method == "equal_instalment":
        # The principal part of an annuity grows by 1 + i from month to month.
        growth = (1.0 + i) ** months
        return growth / growth.sum(axis=1, keepdims=True)
    if method == "interest_first":
        return np.broadcast_to(months == tenor - 1, (i.size, tenor)).astype(float)
    raise WorldError.of(
        "Unknown repayment method",
        where="Grant.method",
        expected=" | ".join(METHODS),
        got=method,
        next_step="choose one",
    )


def _shifted(due: np.ndarray) -> np.ndarray:
    return np.concatenate([due[:, 1:], np.zeros((len(due), 1), due.dtype)], axis=1)


# The state of a book at a month's end, and how it begins (domain 7.5, 0.15).

# Months on book up to which a book can be run forward (choice).
MAX_MONTHS = 120
# First number of the spawn keys of a book. Those of the modules of `world.MODULES` lie below, so
# the two can never be the same stream.
STREAM = 1_000


@dataclass(frozen=True)
class Grant:
    """What a policy grants: one value per application of the world, in order.

    A line of 0 is a decline. Rates are fractions a day. A grant that is not revolving is a loan,
    drawn in full at booking.
    """

    limit_fen: np.ndarray
    daily_rate: np.ndarray
    tenor_months: int
    method: str
    is_revolving: bool


@dataclass(frozen=True)
class Book:
    """Accounts at the end of month `month` on book; one value per account.

    - `rows` are the places of the accounts' owners among the people of the world.
    - `base` is the log-odds of default in twelve months without the effect of limit and rate, u
      and fraud included: truth, never observable.
    - `shock_month` is accounts x 2: first month of the life shock and first month after it.
    - `rushes`: a fraud whose first payment fails.
    - `arrears` are unpaid instalments and what became of them (`risk.arrears`).
    - `vintage` is the month of booking, `due_day` the day of the month on which an instalment falls
      due. `month_starts` are day numbers of the starts of all months from the first vintage on.
    """

    seed: int
    month: int
    grant: Grant
    rows: np.ndarray
    base: np.ndarray
    shock_month: np.ndarray
    rushes: np.ndarray
    vintage: np.ndarray
    due_day: np.ndarray
    month_starts: np.ndarray
    schedule: DueMonths
    arrears_fen: np.ndarray
    arrears: Arrears
    written_off: np.ndarray
    frozen: np.ndarray

    @property
    def size(self) -> int:
        """Number of accounts."""
        return int(self.rows.size)

    @property
    def missed(self) -> np.ndarray:
        """Instalments unpaid at the month's end; 0 is current."""
        return self.arrears.missed

    @property
    def defaulted(self) -> np.ndarray:
        """Month of the first default, 0 before it."""
        return self.arrears.defaulted

    @property
    def dpd_days(self) -> np.ndarray:
        """Days past due at the month's end: 0, 1-29, 30-59, 60-89, then 90 and more (domain 6)."""
        month = self.vintage + max(self.month, 0)
        days = days_past_due(self.month_starts, month, self.missed, self.due_day)
        return days.astype(np.int16)

    def is_shocked(self, month: int) -> np.ndarray:
        """Return whose life shock has come and not yet passed in `month`."""
        return (month >= self.shock_month[:, 0]) & (month < self.shock_month[:, 1])


def luck(world: World, seed: int, month: int) -> np.random.Generator:
    """Return the stream of random numbers of one month, for all people of the world.

    It is keyed by the course `seed` and the month and not by the accounts. Two policies on one
    world therefore meet the same luck.
    """
    # A key of its own beyond the modules' places: two policies on one world meet the same luck.
    sequence = np.random.SeedSequence(world.setting.seed, spawn_key=(STREAM, seed, month))
    return np.random.Generator(np.random.SFC64(sequence))


def open_book(world: World, grant: Grant, seed: int = 0) -> Book:
    """Return the accounts that `grant` books, before their first month.

    `seed` is another course of the same lives. Raises WorldError where the grant has another
    length than the world or books nobody.
    """
    booked = _booked(grant, world.people.size)
    hazard = world.setting.nature.hazard
    # Draws are made for everyone and then cut to the booked, so that the luck of a person does not
    # depend on who else is booked. Draw order: shock, rush.
    rng = luck(world, seed, 0)
    shock = _shock_month(world, rng)[booked]
    draws_rush = rng.random(world.people.size) < hazard.fraud_first_payment_share
    rushes = (world.people.is_fraud & draws_rush)[booked]
    shock_month = np.column_stack([shock, shock + hazard.life_shock_months])
    base = log_odds_without_terms(world)[booked]
    # Nothing is owed and nobody is in arrears before the first month.
    schedule = empty(booked.size, grant.tenor_months)
    zeros = np.zeros(booked.size, np.int64)
    falses = np.zeros(booked.size, bool)
    # table: the parts of a book before its first month
    return Book(
        seed=seed,
        month=-1,
        grant=_cut(grant, booked),
        rows=booked,
        base=base,
        shock_month=shock_month,
        rushes=rushes,
        vintage=world.people.vintage[booked].astype(np.int64),
        due_day=due_days(Days.day_of_month(world.people.as_of[booked])),
        month_starts=_month_starts(world),
        schedule=schedule,
        arrears_fen=zeros,
        arrears=Arrears.none(booked.size),
        written_off=falses,
        frozen=falses,
    )


def _month_starts(world: World) -> np.ndarray:
    """Return day numbers of the starts of the months in which a book of this world may run."""
    calendar = world.setting.calendar
    starts = month_starts(calendar.applications_start, calendar.n_vintages + MAX_MONTHS)
    return starts // DAY_US


def _booked(grant: Grant, n_people: int) -> np.ndarray:
    """Return the places of the booked; raise WorldError where the grant books nobody."""
    fits = grant.limit_fen.size == n_people
    booked = np.flatnonzero(grant.limit_fen > 0) if fits else np.empty(0, np.int64)
    if booked.size == 0:
        raise WorldError.of(
            "A grant that books nobody",
            where="open_book",
            expected=f"{n_people} limits, some above 0",
            got=f"{grant.limit_fen.size} limits",
            next_step="grant one limit per application of the world",
        )
    return booked


def effect_of(world: World, book: Book) -> np.ndarray:
    """Return what the line and the rate in force add to the log-odds (domain 7.5).

    These are delta_L and delta_r, centred as those of the world's own terms are.
    """
    income = world.people.income_cny[book.rows]
    terms = LoanTerms(book.grant.limit_fen, book.grant.daily_rate)
    return terms_effect(world.setting.nature, income, terms) - world.coefficients.terms_mean


def _shock_month(world: World, rng: np.random.Generator) -> np.ndarray:
    """Return the month on book of everyone's life shock.

    It is the world's own, or one drawn here for the time after the world's last month.
    """
    rate = world.setting.nature.hazard.life_shock_rate
    later = MONTHS_AFTER + rng.geometric(rate, world.people.size)
    of_world = world.life.month(world.people.as_of)
    return np.where(of_world <= MONTHS_AFTER, of_world, later)


def _cut(grant: Grant, booked: np.ndarray) -> Grant:
    return Grant(
        limit_fen=grant.limit_fen[booked].astype(np.int64),
        daily_rate=grant.daily_rate[booked].astype(float),
        tenor_months=grant.tenor_months,
        method=grant.method,
        is_revolving=grant.is_revolving,
    )
