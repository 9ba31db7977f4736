"""What is owed and when: schedules of principal and interest per account and month from now (domain 4, F5-F9, without the cents).

A drawdown keeps the rate of its day (S5-R30), so each adds its own principal and interest to the months in which they fall due.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from creditloom.world.config.config_types import WorldError
from creditloom.world.loans.incumbent_policy import LoanTerms
from creditloom.world.people.life import MONTHS_AFTER
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
        """Principal not yet due."""
        return self.principal_fen.sum(axis=1)

    def passed(self) -> DueMonths:
        """The schedule a month later, the first column gone."""
        return DueMonths(_shifted(self.principal_fen), _shifted(self.interest_fen))

    def plus(self, other: DueMonths) -> DueMonths:
        """Both together."""
        return DueMonths(
            self.principal_fen + other.principal_fen, self.interest_fen + other.interest_fen
        )


def empty(accounts: int, tenor: int) -> DueMonths:
    """Nothing owed."""
    return DueMonths(np.zeros((accounts, tenor), np.int64), np.zeros((accounts, tenor), np.int64))


def drawn(
    amount_fen: np.ndarray, daily_rate: np.ndarray, tenor: int, method: str, days_a_month: float
) -> DueMonths:
    """The schedule of amounts drawn today, principal repaid to the fen: the last month takes the remainder.

    i = daily_rate x days_a_month; interest_k = i x principal outstanding before month k.
    """
    i = daily_rate[:, None] * days_a_month
    share = _principal_shares(i, tenor, method)
    principal = np.floor(amount_fen[:, None] * share).astype(np.int64)
    principal[:, -1] = amount_fen - principal[:, :-1].sum(axis=1)
    before = amount_fen[:, None] - np.cumsum(principal, axis=1) + principal
    return DueMonths(principal, np.rint(i * before).astype(np.int64))


def _principal_shares(i: np.ndarray, tenor: int, method: str) -> np.ndarray:
    """Share of the principal repaid in each month."""
    months = np.arange(tenor)[None, :]
    if method == "equal_principal":
        return np.full((i.size, tenor), 1.0 / tenor)
    if method == "equal_instalment":
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


# The state of a book of accounts at a month's end, and how it begins (domain 7.5, 0.15).

ONSET_TO_BAD = 3  # months from the first missed payment to 90 days past due
STREAM = 1_000  # spawn keys of the world's own modules lie below


@dataclass(frozen=True)
class Grant:
    """What a policy grants: one row per application of the world, in order; a line of 0 is a decline. Rates are a day, as fractions."""

    limit_fen: np.ndarray
    daily_rate: np.ndarray
    tenor_months: int
    method: str
    is_revolving: bool


@dataclass(frozen=True)
class Book:
    """Accounts at the end of month `month` on book; `rows` are their places among the world's people.

    `base` is the log-odds of default in twelve months without the effect of limit and rate, u and fraud included: truth, never observable.
    `missed` counts payments missed in a row (0 current, 1 M1, 4 and more: 90 days or more); `spell` is how many the running spell will
    count before it is paid up, 0 outside one and ONSET_TO_BAD + 1 where it will not be. `defaulted` is the month of 90 days past due,
    0 before it.
    """

    seed: int
    month: int
    grant: Grant
    rows: np.ndarray
    base: np.ndarray
    shock_month: np.ndarray
    rushes: np.ndarray
    offset_days: np.ndarray
    schedule: DueMonths
    arrears_fen: np.ndarray
    missed: np.ndarray
    spell: np.ndarray
    defaulted: np.ndarray
    written_off: np.ndarray
    frozen: np.ndarray

    @property
    def size(self) -> int:
        return int(self.rows.size)

    @property
    def dpd_days(self) -> np.ndarray:
        """Days past due at the month's end: none, 1-29, 30-59, 60-89, then 90 and more (domain 6)."""
        return np.where(self.missed > 0, 30 * (self.missed - 1) + self.offset_days, 0).astype(
            np.int16
        )

    def is_shocked(self, month: int) -> np.ndarray:
        """Whose life shock has come and has not yet passed in `month`, by the months given to `open_book`."""
        return (month >= self.shock_month[:, 0]) & (month < self.shock_month[:, 1])


def luck(world: World, seed: int, month: int) -> np.random.Generator:
    """The random numbers of one month for all people of the world."""
    return np.random.Generator(
        np.random.SFC64(np.random.SeedSequence(world.setting.seed, spawn_key=(STREAM, seed, month)))
    )


def open_book(world: World, grant: Grant, seed: int = 0) -> Book:
    """The accounts that `grant` books, before their first month; `seed` is another course of the same lives.

    Raises WorldError where the grant has another length than the world or books nobody.
    """
    people, hazard = world.people, world.setting.nature.hazard
    booked = (
        np.flatnonzero(grant.limit_fen > 0)
        if grant.limit_fen.size == people.size
        else np.empty(0, np.int64)
    )
    if booked.size == 0:
        raise WorldError.of("A grant that books nobody", where="open_book", expected=f"{people.size} limits, some above 0",
                            got=f"{grant.limit_fen.size} limits", next_step="grant one limit per application of the world")  # fmt: skip
    rng = luck(world, seed, 0)
    shock = _shock_month(world, rng)[booked]
    rushes = (people.is_fraud & (rng.random(people.size) < hazard.fraud_first_payment_share))[
        booked
    ]
    offset = rng.integers(1, 28, people.size)[booked]
    none, no = np.zeros(booked.size, np.int64), np.zeros(booked.size, bool)
    return Book(
        seed=seed,
        month=-1,
        grant=_of(grant, booked),
        rows=booked,
        base=log_odds_without_terms(world)[booked],
        shock_month=np.column_stack([shock, shock + hazard.life_shock_months]),
        rushes=rushes,
        offset_days=offset,
        schedule=empty(booked.size, grant.tenor_months),
        arrears_fen=none,
        missed=none,
        spell=none,
        defaulted=none,
        written_off=no,
        frozen=no,
    )


def effect_of(world: World, book: Book) -> np.ndarray:
    """What the line and the rate in force add to the log-odds, centred as the world's own terms are (domain 7.5, delta_L and delta_r)."""
    income = world.people.income_cny[book.rows]
    lent = LoanTerms(book.grant.limit_fen, book.grant.daily_rate)
    return terms_effect(world.setting.nature, income, lent) - world.coefficients.terms_mean


def _shock_month(world: World, rng: np.random.Generator) -> np.ndarray:
    """Month on book of everyone's life shock: the world's, or after its last month one still to be drawn."""
    later = MONTHS_AFTER + rng.geometric(
        world.setting.nature.hazard.life_shock_rate, world.people.size
    )
    known = world.life.month(world.people.as_of)
    return np.where(known <= MONTHS_AFTER, known, later)


def _of(grant: Grant, booked: np.ndarray) -> Grant:
    return Grant(
        grant.limit_fen[booked].astype(np.int64),
        grant.daily_rate[booked].astype(float),
        grant.tenor_months,
        grant.method,
        grant.is_revolving,
    )
