"""Runs the simulated world after booking: what follows from the lines and prices of a policy.

Only this module and the stage `simulate` run the world. `switched` turns single parts of it off, so
that the effect of each can be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document, section
from creditloom.storage.files.source_params import SourceParams
from creditloom.world.book.book_config import BookConfig
from creditloom.world.book.month_step import Changes
from creditloom.world.book.run import (
    Course,
    CourseResult,
    Review,
    course_result,
    loans_as_booked,
    mean_balance_fen,
    recovered_cash,
    run_forward,
)
from creditloom.world.book.state import Grant
from creditloom.world.book.switched import truth as switch_truth
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.switches import Switches
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.loans.lending import FIRST_APPLICATION
from creditloom.world.merge_communities import everyone
from creditloom.world.world import Setting, World, solve_coefficients

# What other commands use of the room `world`. They import it from here.
__all__ = [
    "BookConfig",
    "Changes",
    "Course",
    "CourseResult",
    "Grant",
    "Review",
    "Switches",
    "World",
    "course_result",
    "mean_balance_fen",
    "recovered_cash",
    "run_forward",
    "switch_truth",
]
# Seed of the simulated lives on which the behaviour score is trained. Reviewed books run on seed 0,
# so that a score is not judged on the lives that it was trained on.
PAST_SEED = 1
INSTALMENTS = 12  # equal ones, of every drawdown and loan that is run forward
FEN_PER_CNY = 100.0


class ForwardError(ValueError):
    """A policy cannot be run forward; the message says what, expected, got and next step."""


def world_of_params() -> tuple[World, BookConfig]:
    """Return the world of params.yaml without its events, and the parameters of life after booking.

    It has the same people as the world that `simulate` wrote, because the seed is the same. Raises
    ForwardError for the user's own data.
    """
    kind = section("source", SourceParams).kind
    if kind != "world":
        raise ForwardError(
            f"source.kind: expected world, got {kind}: only the simulated world runs forward. "
            "`creditloom review` takes a panel."
        )
    setting = Setting.of(
        section("world", WorldParams),
        document(WorldConfig, paths.WORLD),
        section("calendar", Calendar),
        section("seed", int),
    )
    return everyone(setting, solve_coefficients(setting)), document(BookConfig, paths.BOOK)


def past_lines(world: World, numbers: BookConfig, months: int) -> Course:
    """Return what happens to the lines of the incumbent policy, which are never reviewed.

    The behaviour score is trained on this course.
    """
    lines = replace(loans_as_booked(world), is_revolving=True)
    return run_forward(world, numbers, lines, months, seed=PAST_SEED)


def house_lines(world: World, decisions: pd.DataFrame, chosen: np.ndarray) -> Grant:
    """Return the lines that `decisions` approve among the `chosen` rows.

    Each drawdown of a line is repaid in twelve equal instalments. Raises ForwardError where
    decisions and world have different applications.
    """
    expected = FIRST_APPLICATION + np.arange(world.people.size)
    if not np.array_equal(decisions["application_id"].to_numpy(), expected):
        raise ForwardError(
            f"decisions: {len(decisions)} applications are not the world's {len(expected)}, "
            "in order. Run `dvc repro` for these params."
        )
    is_booked = chosen & (decisions["decision"] == "approve").to_numpy()
    limits_fen = decisions["limit_cny"].fillna(0.0) * FEN_PER_CNY
    limits = np.where(is_booked, limits_fen, 0.0).astype(np.int64)
    rates = decisions["daily_rate"].fillna(0.0).to_numpy()
    return Grant(limits, rates, INSTALMENTS, "equal_instalment", is_revolving=True)


def granted(
    world: World,
    applications: np.ndarray,
    limit_cny: np.ndarray,
    daily_rate: np.ndarray,
    *,
    is_redrawn: bool,
) -> Grant:
    """Return a line per application, or a loan as large as its limit, under any policy.

    Each drawing is repaid in twelve equal instalments; of a loan nothing more is drawn. Raises
    ForwardError for applications that the world does not have.
    """
    row = applications - FIRST_APPLICATION
    if len(row) and not 0 <= row.min() <= row.max() < world.people.size:
        raise ForwardError(
            f"applications: expected those of the world, got {applications.min()} to "
            f"{applications.max()}. Run `dvc repro`."
        )
    limits = np.zeros(world.people.size, dtype=np.int64)
    rates = np.zeros(world.people.size)
    limits[row] = np.round(limit_cny * FEN_PER_CNY)
    rates[row] = daily_rate
    return Grant(limits, rates, INSTALMENTS, "equal_instalment", is_revolving=is_redrawn)


def switches_of(world: World) -> Switches:
    """Return which extra parts of a world are on."""
    return world.setting.params.switches


def switched(world: World, switches: Switches) -> World:
    """Return the same world with other switches: the same people and the same luck."""
    params = replace(world.setting.params, switches=switches)
    return replace(world, setting=replace(world.setting, params=params))


def recent(months: Sequence[pa.Table], window: int) -> pa.Table:
    """Return the last `window` months of a panel in one table, without the month of booking."""
    # In the month of booking (0) nothing is due yet, so there is no behaviour to see.
    behaved = [rows for rows in months[-window:] if rows["month_on_book"][0].as_py() > 0]
    return pa.concat_tables(behaved)
