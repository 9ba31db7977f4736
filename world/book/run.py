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
from creditloom.world.world import World

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
    """

    accounts: int
    default_rate: float
    lent_cny: float
    interest_cny: float
    loss_cny: float
    funding_cny: float
    profit_cny: float

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
    course: Course, numbers: BookConfig, cost_of_funds: float, account_cost_cny: float
) -> CourseResult:
    """Return what a course earned and lost (domain N23, N24).

    `cost_of_funds` is a fraction a year on balances; `account_cost_cny` is paid once per account.
    """
    book = course.book
    owed = book.schedule.balance_fen + book.arrears_fen
    has_defaulted = book.defaulted > 0
    paid = _total_fen(course.months, "paid_fen")
    drawn = _total_fen(course.months, "drawn_fen")
    # The balance at the end of a month is funded during the next one, so the last is left out.
    balances = _total_fen(course.months[:-1], "balance_fen")
    loss = numbers.money.lgd * float(owed[has_defaulted].sum())
    funding = balances * cost_of_funds / 12.0
    # Sums are exact in whole fen; only then are they turned into floats of yuan.
    interest = paid - drawn + float(owed.sum())
    profit = interest - loss - funding
    profit_cny = profit / 100.0 - account_cost_cny * book.size
    return CourseResult(
        accounts=book.size,
        default_rate=float(has_defaulted.mean()),
        lent_cny=drawn / 100.0,
        interest_cny=interest / 100.0,
        loss_cny=loss / 100.0,
        funding_cny=funding / 100.0,
        profit_cny=profit_cny,
    )


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
