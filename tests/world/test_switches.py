"""The switches of the book: off changes no byte, on changes its own tables alone, claims hold."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from creditloom.models.evaluation.world_claims import run_figures
from creditloom.models.evaluation.world_claims.claims import Claims, by_id
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.world.book.book_config import BookConfig
from creditloom.world.book.run import (
    Course,
    course_result,
    loans_as_booked,
    recovered_cash,
    run_forward,
)
from creditloom.world.book.state import Grant
from creditloom.world.book.switched import is_collected, truth
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.switches import Switches
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.merge_communities import everyone
from creditloom.world.simulate import simulate
from creditloom.world.world import Setting, World, solve_coefficients

SEED = 11
YEAR = 12
ALL_ON = Switches(drawdown=True, prepayment=True, recoveries=True)
# Columns of the panel that follow from what is owed; all others are behaviour.
MONEY = (
    "balance_fen", "arrears_fen", "dpd_days", "is_written_off", "drawn_fen", "due_fen",
    "interest_due_fen", "paid_fen", "days_late", "pay_score",
)  # fmt: skip


@pytest.fixture(scope="module")
def numbers() -> BookConfig:
    return document(BookConfig, paths.BOOK)


@pytest.fixture(scope="module")
def people(params: WorldParams, nature: WorldConfig, calendar: Calendar) -> World:
    """12,000 people; a small probe will do, as the level of the PD is not looked at."""
    quick = replace(nature, effects=replace(nature.effects, probe_applicants=20_000))
    sized = replace(params, applicants=12_000, base_rate=0.06)
    setting = Setting.of(sized, quick, calendar, SEED)
    return everyone(setting, solve_coefficients(setting))


@pytest.fixture(scope="module")
def loans(people: World) -> Grant:
    """A loan for everyone, so that there are bads enough."""
    return replace(loans_as_booked(people), limit_fen=people.terms.principal_fen)


@pytest.fixture(scope="module")
def lines(loans: Grant) -> Grant:
    return replace(loans, is_revolving=True)


def on(world: World, switches: Switches) -> World:
    params = replace(world.setting.params, switches=switches)
    return replace(world, setting=replace(world.setting, params=params))


def panel(course: Course) -> pd.DataFrame:
    return pa.concat_tables(course.months).to_pandas()


def is_met(name: str, figure: run_figures.ClaimFigure | None) -> bool:
    assert figure is not None
    return by_id(document(Claims, paths.CLAIMS))[name].holds(figure.value)


def test_every_switch_is_off_by_default(params: WorldParams) -> None:
    assert params.switches == Switches()


def test_no_raw_table_and_no_truth_knows_these_switches(
    params: WorldParams, nature: WorldConfig, calendar: Calendar, tmp_path: Path
) -> None:
    """They begin after booking, and the book is stepped outside of the raw tables."""
    quick = replace(nature, effects=replace(nature.effects, probe_applicants=5_000))
    tiny = replace(params, applicants=300, chunk_applicants=110)
    for name, switches in (("off", Switches()), ("on", ALL_ON)):
        world = replace(tiny, switches=switches)
        folder = tmp_path / name
        simulate(world, quick, calendar, folder / "raw", folder / "truth", seed=SEED)
    hashes = [
        {
            file.relative_to(tmp_path / name): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted((tmp_path / name).rglob("*.*"))
        }
        for name in ("off", "on")
    ]
    assert hashes[0] and hashes[0] == hashes[1]


# --- drawdown ---


@pytest.fixture(scope="module")
def drawn(people: World, numbers: BookConfig, lines: Grant) -> tuple[Course, Course]:
    """The same lines with the switch off and on."""
    with_curve = on(people, Switches(drawdown=True))
    return (
        run_forward(people, numbers, lines, YEAR),
        run_forward(with_curve, numbers, lines, YEAR),
    )


def test_lines_are_half_used(drawn: tuple[Course, Course]) -> None:
    assert is_met("drawdown", run_figures.drawdown(panel(drawn[1])))


def test_use_rises_along_the_curve(drawn: tuple[Course, Course]) -> None:
    rows = panel(drawn[1])
    use = (rows["balance_fen"] / rows["limit_fen"]).groupby(rows["month_on_book"]).mean()
    assert use.is_monotonic_increasing
    # Three months reach 63 % of the long-run use, and there is less to gain later.
    assert use[2] / use[YEAR] == pytest.approx(0.63, abs=0.04)
    assert np.diff(use)[1] > 4 * np.diff(use)[-1]


def test_drawdown_changes_what_is_owed_and_nothing_else(drawn: tuple[Course, Course]) -> None:
    off, with_curve = (panel(course) for course in drawn)
    same = [name for name in off.columns if name not in MONEY]
    assert len(same) > 10
    pd.testing.assert_frame_equal(off[same], with_curve[same])
    assert not off["balance_fen"].equals(with_curve["balance_fen"])


def test_nobody_owes_more_principal_than_the_line(drawn: tuple[Course, Course]) -> None:
    rows = panel(drawn[1])
    principal = rows["balance_fen"] - rows["arrears_fen"]
    assert (principal <= rows["limit_fen"]).all() and (rows["drawn_fen"] >= 0).all()


def test_loans_do_not_know_the_drawdown(people: World, numbers: BookConfig, loans: Grant) -> None:
    worlds = (people, on(people, Switches(drawdown=True)))
    off, with_curve = (run_forward(world, numbers, loans, 3) for world in worlds)
    assert all(a.equals(b) for a, b in zip(off.months, with_curve.months, strict=True))


# --- prepayment ---


@pytest.fixture(scope="module")
def repaid(people: World, numbers: BookConfig, loans: Grant) -> tuple[Course, Course]:
    """The same loans with the switch off and on."""
    early = on(people, Switches(prepayment=True))
    return run_forward(people, numbers, loans, YEAR), run_forward(early, numbers, loans, YEAR)


def test_loans_are_repaid_early(repaid: tuple[Course, Course]) -> None:
    assert is_met("prepayment", run_figures.prepayment(panel(repaid[1])))
    assert run_figures.prepayment(panel(repaid[0])).value == 0.0


def test_whoever_does_not_prepay_has_the_same_rows(repaid: tuple[Course, Course]) -> None:
    """Before the prepayment, a loan that is repaid early has the same rows too."""
    off, early = (panel(course) for course in repaid)
    is_other = (off["balance_fen"] != early["balance_fen"]).to_numpy()
    first = early[is_other].groupby("application_id")["month_on_book"].min()
    from_then = early["application_id"].map(first).fillna(99) <= early["month_on_book"]
    untouched = ~from_then.to_numpy()
    pd.testing.assert_frame_equal(off[untouched], early[untouched])
    after = early[from_then.to_numpy()]
    assert (after["balance_fen"] == 0).all() and (after["dpd_days"] == 0).all()


def test_a_prepaid_loan_pays_back_what_it_drew(repaid: tuple[Course, Course]) -> None:
    """Its principal and the interest that fell due until then, to the fen."""
    off, early = (panel(course) for course in repaid)
    gone = early[(early["month_on_book"] == 6) & (early["balance_fen"] == 0)]["application_id"]
    mine = early[early["application_id"].isin(gone)].groupby("application_id")
    sums = mine[["paid_fen", "drawn_fen", "interest_due_fen"]].sum()
    assert (sums["paid_fen"] == sums["drawn_fen"] + sums["interest_due_fen"]).all()
    late = off[off["application_id"].isin(gone)].groupby("application_id")["interest_due_fen"].sum()
    assert (sums["interest_due_fen"] < late).all()


def test_lines_are_not_prepaid(people: World, numbers: BookConfig, lines: Grant) -> None:
    worlds = (people, on(people, Switches(prepayment=True)))
    off, early = (run_forward(world, numbers, lines, 3) for world in worlds)
    assert all(a.equals(b) for a, b in zip(off.months, early.months, strict=True))


# --- recoveries ---


@pytest.fixture(scope="module")
def recovering(people: World) -> World:
    return on(people, Switches(recoveries=True))


@pytest.fixture(scope="module")
def cash(recovering: World, numbers: BookConfig, repaid: tuple[Course, Course]) -> pd.DataFrame:
    table = recovered_cash(recovering, numbers, repaid[0])
    assert table is not None
    return table.to_pandas()


def test_a_quarter_comes_back_and_early(
    recovering: World, numbers: BookConfig, loans: Grant
) -> None:
    """Three courses of the same lives: on few defaults the share is wide."""
    tables = []
    for seed in range(3):
        course = run_forward(recovering, numbers, loans, YEAR, seed=seed)
        table = recovered_cash(recovering, numbers, course)
        assert table is not None
        rows = table.to_pandas()
        tables.append(rows.assign(application_id=rows["application_id"] * 10 + seed))
    rows = pd.concat(tables)
    assert is_met("recoveries", run_figures.recoveries(rows))
    assert is_met("recoveries_half", run_figures.recoveries_half(rows))


def test_the_panel_does_not_know_the_recoveries(
    recovering: World, numbers: BookConfig, loans: Grant, repaid: tuple[Course, Course]
) -> None:
    course = run_forward(recovering, numbers, loans, YEAR)
    assert all(a.equals(b) for a, b in zip(repaid[0].months, course.months, strict=True))


def test_no_account_gives_back_more_than_it_owes(
    cash: pd.DataFrame, repaid: tuple[Course, Course]
) -> None:
    book = repaid[0].book
    by_account = cash.groupby("application_id")
    assert len(by_account) == is_collected(book).sum() > 100
    owed = (book.schedule.balance_fen + book.arrears_fen)[is_collected(book)]
    assert (by_account["recovered_fen"].sum().to_numpy() <= owed).all()
    assert (cash["recovered_fen"] >= 0).all()
    assert cash["months_since_default"].between(1, 24).all()


def test_exposure_at_default_is_what_was_owed_in_that_month(
    cash: pd.DataFrame, repaid: tuple[Course, Course]
) -> None:
    rows = panel(repaid[0])
    first = cash.drop_duplicates("application_id")
    owed = first.merge(
        rows,
        left_on=["application_id", "default_month"],
        right_on=["application_id", "month_on_book"],
    )
    assert len(owed) == len(first) and (owed["ead_fen"] == owed["balance_fen"]).all()


def test_the_loss_is_what_did_not_come_back(
    recovering: World, numbers: BookConfig, cash: pd.DataFrame, repaid: tuple[Course, Course]
) -> None:
    course = repaid[0]
    table = recovered_cash(recovering, numbers, course)
    book = course.book
    owed = (book.schedule.balance_fen + book.arrears_fen)[is_collected(book)].sum()
    lost = course_result(course, numbers, 0.025, 60.0, table).loss_cny
    assert round(lost * 100) == owed - cash["recovered_fen"].sum()


def test_the_truth_of_the_switches_lies_apart(
    people: World, numbers: BookConfig, repaid: tuple[Course, Course]
) -> None:
    """What drives them is in no column that a lender sees."""
    table = truth(people, numbers, repaid[0].book)
    assert table.num_rows == repaid[0].book.size
    hidden = set(table.column_names) - {"application_id"}
    assert not hidden & set(repaid[0].months[0].column_names)
