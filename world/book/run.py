"""A policy run forward: what it grants, month after month, and what that earned and lost (domain 0.15, 6 profit).

A policy is whatever makes a `Grant` of what a lender can see of the applicants, and a `Review` of what he sees of the accounts.
Two policies run on one world and one seed meet the same luck, so that a small difference between them can be seen.
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

Review = Callable[
    [Sequence[pa.Table]], Changes | None
]  # the panel's months so far, the last one last, to the changes of the next


@dataclass(frozen=True)
class Course:
    """How a book went: its state at the end and the panel's rows, one table per month from 0 on."""

    book: Book
    months: tuple[pa.Table, ...]


@dataclass(frozen=True)
class Earned:
    """What a course came to; money in yuan.

    profit = paid - drawn + worth of what is still owed - cost of funds on balances - cost of keeping accounts; of a defaulted balance
    1 - LGD is worth something, of any other all.
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
        return self.profit_cny / self.accounts


def run_forward(
    world: World,
    numbers: BookConfig,
    grant: Grant,
    months: int,
    review: Review | None = None,
    seed: int = 0,
) -> Course:
    """The course of the accounts that `grant` books over month 0 (booking) to `months`, reviewed after each month from 1 on if asked."""
    book, seen = open_book(world, grant, seed), list[pa.Table]()
    for month in range(months + 1):
        changes = review(tuple(seen)) if review is not None and month > 1 else None
        book, rows = step(world, numbers, book, changes)
        seen.append(rows)
    return Course(book, tuple(seen))


def earned(
    course: Course, numbers: BookConfig, cost_of_funds: float, account_cost_cny: float
) -> Earned:
    """Profit of a course; `cost_of_funds` a year on balances, `account_cost_cny` once per account (domain N23, N24)."""
    book, owed = course.book, course.book.schedule.balance_fen + course.book.arrears_fen
    paid, drawn = (
        sum(int(rows[name].to_numpy().sum()) for rows in course.months)
        for name in ("paid_fen", "drawn_fen")
    )
    balances = sum(int(rows["balance_fen"].to_numpy().sum()) for rows in course.months[:-1])
    loss = numbers.money.lgd * float(owed[book.defaulted > 0].sum())
    funding = balances * cost_of_funds / 12.0
    profit = paid - drawn + float(owed.sum()) - loss - funding
    return Earned(
        accounts=book.size,
        default_rate=float((book.defaulted > 0).mean()),
        lent_cny=drawn / 100.0,
        interest_cny=(paid - drawn + float(owed.sum())) / 100.0,
        loss_cny=loss / 100.0,
        funding_cny=funding / 100.0,
        profit_cny=profit / 100.0 - account_cost_cny * book.size,
    )


def loans_as_booked(world: World) -> Grant:
    """The old policy's loans as a grant: closed loans in equal instalments, those it did not book at 0."""
    limits = np.where(world.booking.is_booked, world.terms.principal_fen, 0)
    return Grant(
        limits,
        world.terms.daily_rate,
        world.setting.nature.old_policy.tenor_months,
        "equal_instalment",
        is_revolving=False,
    )
