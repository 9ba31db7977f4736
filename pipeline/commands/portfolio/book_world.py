"""The world behind a book: beside `simulate` the only module that runs it; here a policy meets what its lines and prices cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document, section
from creditloom.portfolio.book.review import Standing
from creditloom.storage.files.source_params import SourceParams
from creditloom.world.book.book_config import BookConfig
from creditloom.world.book.month_step import Changes
from creditloom.world.book.run import Course, Earned, Review, earned, loans_as_booked, run_forward
from creditloom.world.book.state import Grant
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.loans.lending import FIRST_APPLICATION
from creditloom.world.merge_communities import everyone
from creditloom.world.world import Setting, World, solve_coefficients

__all__ = ["Course", "Earned", "Grant", "Review", "World", "earned", "run_forward"]
PAST = 1  # the course of lives behind the behaviour score; reviewed books run on course 0


class ForwardError(ValueError):
    """A policy cannot be run forward; the message says what, expected, got and next step."""


def world_of_params() -> tuple[World, BookConfig]:
    """The world that params.yaml names, as `simulate` wrote it, without its events; and the numbers of life after booking."""
    kind = section("source", SourceParams).kind
    if kind != "world":
        raise ForwardError(
            f"source.kind: expected world, got {kind}: only the simulated world runs forward. `creditloom review` takes a panel."
        )
    setting = Setting.of(
        section("world", WorldParams),
        document(WorldConfig, paths.WORLD),
        section("calendar", Calendar),
        section("seed", int),
    )
    return everyone(setting, solve_coefficients(setting)), document(BookConfig, paths.BOOK)


def past_lines(world: World, numbers: BookConfig, months: int) -> Course:
    """The old policy's lines, drawn and repaid without any review: what a behaviour score can be trained on."""
    return run_forward(
        world, numbers, replace(loans_as_booked(world), is_revolving=True), months, seed=PAST
    )


def house_lines(world: World, decisions: pd.DataFrame, chosen: np.ndarray) -> Grant:
    """The lines that `decisions` approve among the `chosen` rows, each of twelve equal instalments per drawdown.

    Raises ForwardError where decisions and world are not of the same applications, or none is approved.
    """
    expected = FIRST_APPLICATION + np.arange(world.people.size)
    if not np.array_equal(decisions["application_id"].to_numpy(), expected):
        raise ForwardError(
            f"decisions: {len(decisions)} applications are not the world's {len(expected)}, in order. Run `dvc repro` for these params."
        )
    booked = chosen & (decisions["decision"] == "approve").to_numpy()
    limits = np.where(booked, decisions["limit_cny"].fillna(0.0) * 100.0, 0.0).astype(np.int64)
    return Grant(
        limits,
        decisions["daily_rate"].fillna(0.0).to_numpy(),
        12,
        "equal_instalment",
        is_revolving=True,
    )


def closed_loans(
    world: World, applications: pd.Series, limit_cny: np.ndarray, daily_rate: np.ndarray
) -> Grant:
    """The loans of any policy: the limit of each of the `applications` lent in full, twelve equal instalments, no more after."""
    row = applications.to_numpy() - FIRST_APPLICATION
    if len(row) and not 0 <= row.min() <= row.max() < world.people.size:
        raise ForwardError(
            f"applications: expected those of the world, got {applications.min()} to {applications.max()}. Run `dvc repro`."
        )
    limits, rates = np.zeros(world.people.size, dtype=np.int64), np.zeros(world.people.size)
    limits[row], rates[row] = np.round(limit_cny * 100.0), daily_rate
    return Grant(limits, rates, 12, "equal_instalment", is_revolving=False)


def changes_of(standing: Standing) -> Changes:
    """What a review's standing means for the next month."""
    return Changes(standing.granted_fen, standing.daily_rate, standing.state > 0)


def recent(months: Sequence[pa.Table], window: int) -> pa.Table:
    """The last `window` months of a panel in one table; the month of booking is no month of behaviour."""
    return pa.concat_tables(
        [rows for rows in months[-window:] if rows["month_on_book"][0].as_py() > 0]
    )
