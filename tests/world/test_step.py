"""Claims about life after booking (domain 7.5, 0.15).

The stepped book is the one-shot world in motion.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.world.book.book_config import BookConfig
from creditloom.world.book.month_step import Changes, step
from creditloom.world.book.panel import counts
from creditloom.world.book.run import Course, Review, course_result, loans_as_booked, run_forward
from creditloom.world.book.state import Grant, drawn_schedule, open_book
from creditloom.world.config.config_types import WorldError
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.risk.arrears import deep_chance, paid_up_spells
from creditloom.world.risk.default import exposure, onset_weights, pd_of
from creditloom.world.world import World

YEAR = 12


@pytest.fixture(scope="module")
def numbers() -> BookConfig:
    return document(BookConfig, paths.BOOK)


@pytest.fixture(scope="module")
def everyone(state: World) -> Grant:
    """The old policy's terms for everyone, so that there are bads enough."""
    return replace(loans_as_booked(state), limit_fen=state.terms.principal_fen)


@pytest.fixture(scope="module")
def year(state: World, numbers: BookConfig, everyone: Grant) -> Course:
    return run_forward(state, numbers, everyone, YEAR)


def _line(state: World, factor: float = 1.0, rate: float = 0.0004) -> Grant:
    limit = (state.terms.principal_fen * factor).astype(np.int64)
    return Grant(limit, np.full(limit.size, rate), 12, "equal_instalment", is_revolving=True)


def _few(grant: Grant, every: int) -> Grant:
    """The grant for one applicant in `every` only."""
    return replace(
        grant, limit_fen=np.where(np.arange(grant.limit_fen.size) % every == 0, grant.limit_fen, 0)
    )


def _column(course: Course, name: str) -> np.ndarray:
    """Months x accounts of the panel from month 1 on."""
    return np.stack([rows[name].to_numpy(zero_copy_only=False) for rows in course.months[1:]])


def test_twelve_months_of_steps_default_like_the_outcomes(state: World, year: Course) -> None:
    """The same people on the same terms.

    Bads are within three standard errors of the sum of their true PDs.
    """
    expected = state.outcome.pd_true.sum()
    assert (year.book.defaulted > 0).sum() == pytest.approx(expected, abs=3 * np.sqrt(expected))


def test_defaults_come_in_the_months_the_outcomes_have(state: World, year: Course) -> None:
    stepped, once = (
        np.bincount(month[month > 0], minlength=13)[4:]
        for month in (year.book.defaulted, state.outcome.default_month)
    )
    assert year.book.defaulted[year.book.defaulted > 0].min() == 4
    share = once / once.sum()
    spread = np.sqrt(share * (1 - share) * (1 / stepped.sum() + 1 / once.sum()))
    assert np.abs(stepped / stepped.sum() - share) == pytest.approx(0, abs=4 * spread.max())


def test_riskier_people_default_in_proportion(state: World, year: Course) -> None:
    order = np.argsort(state.outcome.pd_true)
    for tenth in np.array_split(order, 10)[5:]:
        expected = state.outcome.pd_true[tenth].sum()
        assert (year.book.defaulted[tenth] > 0).sum() == pytest.approx(
            expected, abs=3.5 * np.sqrt(expected)
        )


def test_arrears_roll_as_the_sources_say(state: World, numbers: BookConfig) -> None:
    """1.2 %, 18 %, 52 %, 80 % in a book of PD 1.08 %; the incumbent's book is riskier."""
    booked = run_forward(state, numbers, loans_as_booked(state), YEAR)
    bucket = np.digitize(_column(booked, "dpd_days"), [1, 30, 60, 90])
    rolls = [(bucket[1:][bucket[:-1] == k] == k + 1).mean() for k in range(4)]
    assert rolls == [
        pytest.approx(0.018, abs=0.007),
        pytest.approx(0.18, abs=0.05),
        pytest.approx(0.52, abs=0.08),
        pytest.approx(0.80, abs=0.08),
    ]


def test_paid_up_spells_are_what_defaults_leave_of_the_roll_rates(nature: WorldConfig) -> None:
    cured = paid_up_spells(nature.arrears)
    roll = nature.arrears.roll
    bad = roll.current_to_m1 * roll.m1_to_m2 * roll.m2_to_m3 * roll.m3_to_bad
    assert bad == pytest.approx(0.0008, abs=1e-4)  # 0.090 % a month in domain 7.5
    assert cured.enter + bad == pytest.approx(roll.current_to_m1)
    assert cured.enter * cured.reach_m2 + bad == pytest.approx(roll.current_to_m1 * roll.m1_to_m2)


def test_deep_arrears_come_to_the_risky_up_to_a_bound(nature: WorldConfig) -> None:
    numbers = nature.arrears
    pd = np.array([0.5, 1.0, 2.0, 100.0]) * numbers.depth_reference_pd
    chance = deep_chance(numbers, pd)
    assert chance[1] == pytest.approx(paid_up_spells(numbers).reach_m2)
    assert chance[2] / chance[0] == pytest.approx(4.0**numbers.depth_elasticity)
    assert chance[3] == numbers.max_depth_chance


@pytest.mark.slow
def test_a_life_shock_trebles_the_onset_of_default_for_six_months(
    state: World, numbers: BookConfig, everyone: Grant, year: Course
) -> None:
    """Onsets per person-month inside and outside a shock, at equal risk.

    Frauds and the months' timing are left out. One course has some twenty onsets inside a shock,
    so further courses of the same lives are added.
    """
    more = (run_forward(state, numbers, everyone, YEAR, seed=seed) for seed in range(1, 6))
    honest = ~state.people.is_fraud
    timing = onset_weights(state.setting.nature.hazard)
    begun = np.zeros(2)
    expected = np.zeros(2)
    for course in (year, *more):
        onset = course.book.defaulted - 3
        for month in range(1, 10):
            inside = course.book.is_shocked(month).astype(int)
            alive = honest & ((onset < 0) | (onset >= month))
            hazard = state.outcome.pd_true * timing[month - 1]
            for k in (0, 1):
                is_begun = (onset == month) & (course.book.defaulted > 0) & honest
                begun[k] += (is_begun & (inside == k)).sum()
                expected[k] += hazard[alive & (inside == k)].sum()
    ratio = (begun[1] / expected[1]) / (begun[0] / expected[0])
    assert ratio == pytest.approx(3.0, abs=1.0), begun


def test_behaviour_changes_from_the_month_of_the_shock_and_not_before(year: Course) -> None:
    inflow = _column(year, "inflow_fen").astype(float)
    inside = np.stack([year.book.is_shocked(month) for month in range(1, YEAR + 1)])
    usual = np.nanmedian(np.where(inside, np.nan, inflow)[:, :20_000], axis=0)
    change = inflow[:, :20_000] / usual
    assert np.nanmean(change[inside[:, :20_000]]) == pytest.approx(0.5, abs=0.06)
    before = np.stack([year.book.shock_month[:, 0] == month + 1 for month in range(1, YEAR + 1)])[
        :, :20_000
    ]
    assert np.nanmean(change[before]) == pytest.approx(1.0, abs=0.08)


def test_a_larger_line_and_a_higher_price_raise_default(
    state: World, numbers: BookConfig, everyone: Grant, year: Course
) -> None:
    """delta_L 0.4 and delta_r 1.0 have their sign and size, both moved at once.

    The same luck, so a rise is no accident.
    """
    third = np.arange(state.people.size) % 3 == 0
    limits = everyone.limit_fen * 2
    rates = everyone.daily_rate + 0.002
    bads = (
        run_forward(
            state,
            numbers,
            replace(everyone, limit_fen=np.where(third, limits, 0), daily_rate=rates),
            YEAR,
        ).book.defaulted
        > 0
    ).sum()
    moved = 0.4 * np.maximum(limits / 100.0 / state.people.income_cny - 0.5, 0.0) + 1.0 * (
        rates * 360.0 - 0.144
    )
    log_odds = (year.book.base - state.coefficients.terms_mean + moved)[third]
    expected = pd_of(
        state.setting.nature.hazard,
        log_odds,
        exposure(state.setting.nature.hazard, state.life.month(state.people.as_of))[third],
    )
    assert bads > 1.5 * (year.book.defaulted[third] > 0).sum()
    assert bads == pytest.approx(expected.sum(), abs=3 * np.sqrt(expected.sum()))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_course(
    state: World, numbers: BookConfig
) -> None:
    few = replace(
        loans_as_booked(state), limit_fen=np.where(np.arange(state.people.size) < 500, 100_000, 0)
    )
    once, twice, other = (run_forward(state, numbers, few, 6, seed=seed) for seed in (0, 0, 1))
    assert all(one.equals(two) for one, two in zip(once.months, twice.months, strict=True))
    assert not once.months[-1].equals(other.months[-1])


def test_luck_belongs_to_the_person(state: World, numbers: BookConfig) -> None:
    """Who else is booked changes nothing for anyone."""
    grant = loans_as_booked(state)
    alone, among = (run_forward(state, numbers, _few(grant, every), 4) for every in (60, 6))
    mine = np.isin(among.book.rows, alone.book.rows)
    assert np.array_equal(
        alone.months[4]["dpd_days"].to_numpy(), among.months[4]["dpd_days"].to_numpy()[mine]
    )
    assert np.array_equal(
        alone.months[4]["n_payments"].to_numpy(), among.months[4]["n_payments"].to_numpy()[mine]
    )


def test_money_is_neither_made_nor_lost(state: World, numbers: BookConfig) -> None:
    """Every month: balance = balance before + drawn + interest due - paid, account by account."""
    course = run_forward(state, numbers, _few(_line(state), 5), 8)
    for before, after in zip(course.months[:-1], course.months[1:], strict=True):
        moved = [after[name].to_numpy() for name in ("drawn_fen", "interest_due_fen", "paid_fen")]
        expected = before["balance_fen"].to_numpy() + moved[0] + moved[1] - moved[2]
        assert np.array_equal(after["balance_fen"].to_numpy(), expected)
        assert (before["balance_fen"].to_numpy() >= 0).all()


def test_a_closed_loan_is_paid_off_after_its_tenor(year: Course) -> None:
    good = _column(year, "dpd_days").max(axis=0) == 0
    assert not year.months[YEAR]["balance_fen"].to_numpy()[good].any()


@pytest.mark.parametrize("method", ["equal_principal", "equal_instalment", "interest_first"])
def test_a_schedule_repays_the_principal_to_the_fen(method: str) -> None:
    amounts = np.array([100_000, 33_333, 1])
    rates = np.array([0.0002, 0.0005, 0.0])
    schedule = drawn_schedule(amounts, rates, 12, method, 30.0)
    assert np.array_equal(schedule.balance_fen, amounts)
    assert (schedule.interest_fen[2] == 0).all() and (
        schedule.interest_fen[:2].sum(axis=1) > 0
    ).all()


def test_equal_instalments_are_equal() -> None:
    schedule = drawn_schedule(
        np.array([1_200_000]), np.array([0.0005]), 12, "equal_instalment", 30.0
    )
    payment = (schedule.principal_fen + schedule.interest_fen)[0]
    assert np.ptp(payment) <= 13  # fen: each month floors, the last takes what is left
    assert payment[0] == pytest.approx(1_200_000 * 0.015 / (1 - 1.015**-12), abs=2)


def test_frozen_accounts_draw_nothing_and_a_cut_line_stays_above_what_is_owed(
    state: World, numbers: BookConfig
) -> None:
    book, _ = step(state, numbers, open_book(state, _few(_line(state), 5)))
    size = book.size
    frozen, _ = step(
        state,
        numbers,
        book,
        Changes(book.grant.limit_fen, book.grant.daily_rate, np.ones(size, bool)),
    )
    _, rows = step(
        state,
        numbers,
        book,
        Changes(book.grant.limit_fen // 2, book.grant.daily_rate, np.zeros(size, bool)),
    )
    free, drawn_free = step(state, numbers, book)
    assert frozen.schedule.balance_fen.sum() < free.schedule.balance_fen.sum()
    above = book.schedule.balance_fen > book.grant.limit_fen // 2
    assert above.any() and not rows["drawn_fen"].to_numpy()[above].any()
    assert drawn_free["drawn_fen"].to_numpy().sum() > 0


def test_a_new_rate_holds_for_new_drawdowns_only(state: World, numbers: BookConfig) -> None:
    """S5-R30: what was drawn before costs what it cost."""
    book, _ = step(state, numbers, open_book(state, _few(_line(state), 20)))
    none = Changes(
        np.zeros(book.size, np.int64), book.grant.daily_rate * 10, np.ones(book.size, bool)
    )
    dear, _ = step(state, numbers, book, none)
    assert np.array_equal(dear.schedule.interest_fen, book.schedule.passed().interest_fen)


def test_a_review_is_heard_from_the_second_month_on(state: World, numbers: BookConfig) -> None:
    few = replace(_line(state), limit_fen=np.where(np.arange(state.people.size) < 300, 500_000, 0))
    heard: list[int] = []

    def review(seen: object) -> None:
        heard.append(len(list(seen)))  # type: ignore[call-overload]

    listening: Review = review
    run_forward(state, numbers, few, 4, listening)
    assert heard == [2, 3, 4]


def test_profit_is_what_came_in_less_what_went_out(
    state: World, numbers: BookConfig, year: Course
) -> None:
    figures = course_result(year, numbers, cost_of_funds=0.025, account_cost_cny=60.0)
    cost = figures.loss_cny + figures.funding_cny + 60.0 * figures.accounts
    assert figures.profit_cny == pytest.approx(figures.interest_cny - cost, rel=1e-9)
    assert figures.lent_cny == year.book.grant.limit_fen.sum() / 100.0
    assert figures.default_rate == (year.book.defaulted > 0).mean()


def test_counts_follow_poisson() -> None:
    uniform = (np.arange(20_000) + 0.5) / 20_000
    for rate in (0.3, 4.0, 9.9, 25.0, 200.0):
        drawn_counts = counts(uniform, np.full(uniform.size, rate))
        assert drawn_counts.mean() == pytest.approx(rate, rel=0.01)
        assert drawn_counts.var() == pytest.approx(rate, rel=0.03)


def test_a_grant_that_books_nobody_is_refused(state: World, nature: WorldConfig) -> None:
    with pytest.raises(WorldError, match="books nobody"):
        open_book(
            state, replace(loans_as_booked(state), limit_fen=np.zeros(state.people.size, np.int64))
        )
