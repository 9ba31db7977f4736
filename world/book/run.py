"""A policy run forward: what it grants month after month, and what that earns and loses.

A policy is whatever makes a `Grant` of what a lender can see of the applicants, and a `Review` of
what the lender sees of the accounts. Two policies run on one world and one seed meet the same luck,
so that a small difference between them can be seen. Sources: domain 0.15, 6 profit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from creditloom.world.book.book_config import BookConfig
from creditloom.world.book.month_step import Changes, step
from creditloom.world.book.state import Book, Grant, open_book
from creditloom.world.book.switched import is_collected, recoveries
from creditloom.world.world import World

FEN_PER_CNY = 100.0

# From the months of the panel so far, the last one last, to the changes of the next month.
Review = Callable[[Sequence[pa.Table]], Changes | None]


@dataclass(frozen=True)
class Course:
    """How a book went: its state at the end, and one table of panel rows per month from 0 on."""

    book: Book
    months: tuple[pa.Table, ...]


@dataclass(frozen=True)
class CourseResult:
    """What a course earned and lost, money in yuan.

    profit = paid - drawn + value of what is still owed - cost of funds on balances - cost of
    keeping accounts. What is still owed has its full value, and 1 - LGD of it after a default.

    With the switch `recoveries` on, what is owed by accounts that are collected from has the value
    of what comes back, and who pays instalments again after a default owes like any other. Each
    part is rounded to whole fen, so that they sum to the cent.
    """

    accounts: int
    default_rate: float
    lent_cny: float
    interest_cny: float
    loss_cny: float
    funding_cny: float
    profit_cny: float

    @property
    def profit_fen(self) -> int:
        """Profit in whole fen."""
        return round(self.profit_cny * FEN_PER_CNY)

    @property
    def profit_per_account_cny(self) -> float:
        """Profit divided by the number of accounts, yuan."""
        return self.profit_cny / self.accounts


def run_forward(
    world: World,
    numbers: BookConfig,
    grant: Grant,
    months: int,
    review: Review | None = None,
    seed: int = 0,
) -> Course:
    """Return the course of the accounts that `grant` books, from month 0 (booking) to `months`.

    With a `review` the accounts are reviewed after each month from 1 on.
    """
    book = open_book(world, grant, seed)
    panel: list[pa.Table] = []
    for month in range(months + 1):
        # Nothing has fallen due before month 1, so the first review can only follow it.
        changes = review(tuple(panel)) if review is not None and month > 1 else None
        book, rows = step(world, numbers, book, changes)
        panel.append(rows)
    return Course(book, tuple(panel))


def course_result(
    course: Course,
    numbers: BookConfig,
    cost_of_funds: float,
    account_cost_cny: float,
    recovered: pa.Table | None = None,
) -> CourseResult:
    """Return what a course earned and lost (domain N23, N24).

    `cost_of_funds` is a fraction a year on balances; `account_cost_cny` is paid once per account.
    `recovered` is `recovered_cash`; None values what is owed after a default at 1 - LGD.
    """
    book = course.book
    paid = _total_fen(course.months, "paid_fen")
    drawn = _total_fen(course.months, "drawn_fen")
    # The balance at the end of a month is funded during the next one, so the last is left out.
    balances = _total_fen(course.months[:-1], "balance_fen")
    loss = _loss_fen(book, numbers, recovered)
    funding = round(balances * cost_of_funds / 12.0)
    owed = book.schedule.balance_fen + book.arrears_fen
    interest = paid - drawn + int(owed.sum())
    cost = round(account_cost_cny * FEN_PER_CNY) * book.size
    # Sums are exact in whole fen; only then are they turned into floats of yuan.
    profit = interest - loss - funding - cost
    # table: what a course earned
    return CourseResult(
        accounts=book.size,
        default_rate=float((book.defaulted > 0).mean()),
        lent_cny=drawn / FEN_PER_CNY,
        interest_cny=interest / FEN_PER_CNY,
        loss_cny=loss / FEN_PER_CNY,
        funding_cny=funding / FEN_PER_CNY,
        profit_cny=profit / FEN_PER_CNY,
    )


def _loss_fen(book: Book, numbers: BookConfig, recovered: pa.Table | None) -> int:
    """Return what is lost after defaults: LGD of what is owed, or all but what came back."""
    owed = book.schedule.balance_fen + book.arrears_fen
    if recovered is None:
        return round(numbers.money.lgd * float(owed[book.defaulted > 0].sum()))
    return int(owed[is_collected(book)].sum()) - int(recovered["recovered_fen"].to_numpy().sum())


def recovered_cash(world: World, numbers: BookConfig, course: Course) -> pa.Table | None:
    """Return the payments after default of a course (`switched.recoveries`).

    None where the switch `recoveries` is off.
    """
    if not world.setting.params.switches.recoveries:
        return None
    book = course.book
    ead = np.zeros(book.size, np.int64)
    for month, rows in enumerate(course.months):
        balance = rows["balance_fen"].to_numpy()
        ead = np.where(book.defaulted == month, balance, ead)
    return recoveries(world, numbers, book, np.where(book.defaulted > 0, ead, 0))


def mean_balance_fen(course: Course) -> np.ndarray:
    """Return the balance that each account had on average over the months of a course, fen.

    The balance at the end of a month stands during the next one, so the last is left out.
    """
    balances = [rows["balance_fen"].to_numpy() for rows in course.months[:-1]]
    return np.mean(balances, axis=0)


def _total_fen(months: Sequence[pa.Table], column: str) -> int:
    return sum(int(rows[column].to_numpy().sum()) for rows in months)


def loans_as_booked(world: World) -> Grant:
    """Return the loans of the incumbent policy as a grant: equal instalments, not revolving.

    Whom that policy did not book has a limit of 0.
    """
    return Grant(
        limit_fen=np.where(world.booking.is_booked, world.terms.principal_fen, 0),
        daily_rate=world.terms.daily_rate,
        tenor_months=world.setting.nature.old_policy.tenor_months,
        method="equal_instalment",
        is_revolving=False,
    )
