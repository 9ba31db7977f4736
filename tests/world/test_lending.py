"""Claims about the incumbent policy, its control band and what loans do after booking.

See domain 7.8, 0.6, 6.
"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from creditloom.world.loans.earlier_loans import FIRST_EARLIER
from creditloom.world.loans.incumbent_policy import Booking, book
from creditloom.world.world import World
from tests.world.written import Written


def test_the_incumbent_approves_about_68_per_cent(state: World) -> None:
    """A fixed cut on an ageing scorecard: near its share, and not the same in every vintage."""
    by_vintage = [
        state.booking.is_approved[state.people.vintage == vintage].mean() for vintage in range(24)
    ]
    assert np.mean(by_vintage) == pytest.approx(0.68, abs=0.04)
    assert np.std(by_vintage) > 0.002


def test_no_latent_state_reaches_the_incumbent(state: World) -> None:
    """Shuffled states and true log-odds change no decision once the file is drawn."""
    setting = state.setting
    decided = [
        book(
            setting.nature.old_policy,
            setting.calendar,
            world.file,
            world.people.vintage,
            world.coefficients.scorecard,
            np.random.default_rng(5),
        )
        for world in (state, _shuffled(state))
    ]
    for column in fields(Booking):
        first, second = (getattr(booking, column.name) for booking in decided)
        assert first.tobytes() == second.tobytes()


def _shuffled(state: World) -> World:
    """The same world with the states, traits and true log-odds of other people."""
    order = np.random.default_rng(6).permutation(state.people.size)
    people = replace(
        state.people,
        traits=state.people.traits[order],
        concepts=state.people.concepts[order],
        families=state.people.families[order],
    )
    outcome = replace(state.outcome, log_odds_systematic=state.outcome.log_odds_systematic[order])
    return replace(state, people=people, outcome=outcome, contributions=state.contributions[order])


def test_a_few_decisions_are_a_persons_own(state: World) -> None:
    booking = state.booking
    passes = booking.score >= state.coefficients.scorecard.cut
    assert np.array_equal(booking.is_override, passes != booking.is_approved)
    assert 0.015 < booking.is_override.mean() < 0.045


def test_the_recorded_chance_is_the_share_booked(state: World) -> None:
    """Among applications with the same recorded chance, so many were booked."""
    booking = state.booking
    for chance in np.unique(booking.propensity.round(6)):
        rows = np.isclose(booking.propensity, chance, atol=1e-6)
        n = rows.sum()
        error = 4 * np.sqrt(chance * (1 - chance) / n)
        assert booking.is_booked[rows].mean() == pytest.approx(chance, abs=error + 1e-9)


def test_repeat_customers_with_a_good_record_are_safer(state: World) -> None:
    history = state.file.history
    is_bad = state.outcome.default_month > 0
    good = history.on_time_share > state.setting.nature.old_policy.good_record
    assert history.is_repeat.mean() == pytest.approx(0.30, abs=0.03)
    assert is_bad[good].mean() < 0.7 * is_bad[~history.is_repeat].mean()
    assert is_bad[history.is_repeat & ~good].mean() > is_bad[good].mean()
    assert not (history.is_repeat & state.people.is_fraud).any()


def test_the_record_of_repeat_customers_stands_in_the_houses_tables(written: Written) -> None:
    """Every one of them has earlier loans and instalments there, and no new customer has any."""
    applications = written.table("applications").set_index("applicant_id")
    loans = written.table("loans")
    earlier = loans[loans.application_id >= FIRST_EARLIER]
    repeat = applications.index[applications.is_repeat]
    assert set(earlier.applicant_id) == set(repeat)
    performance = written.table("loan_performance")
    rows = performance[performance.application_id >= FIRST_EARLIER]
    n_rows = rows.groupby("applicant_id").size()
    assert (n_rows == applications.months_on_book[repeat] - 1).all()
    as_of = applications.as_of.reindex(rows.applicant_id).to_numpy()
    assert (rows.event_time.to_numpy() < as_of).all()
    assert rows.dpd_days.between(0, 29).all()


def test_the_control_band_is_five_per_cent_and_fifteen_in_calibration(state: World) -> None:
    vintage = state.people.vintage
    declined = ~state.booking.is_approved
    control = state.booking.is_control
    calibration = (vintage >= 15) & (vintage < 18)
    assert control[declined & calibration].mean() == pytest.approx(0.15, abs=0.02)
    assert control[declined & ~calibration].mean() == pytest.approx(0.05, abs=0.01)
    assert not (control & state.booking.is_approved).any()


def test_the_approved_are_better_than_all(state: World) -> None:
    risk = state.outcome.pd_neutral
    approved = state.booking.is_approved
    assert risk[approved].mean() < 0.8 * risk.mean()
    assert risk[~approved].mean() > 1.8 * risk[approved].mean()


def test_an_invitation_is_not_an_approval(written: Written) -> None:
    """C29, S2-R06: the whitelist follows the old policy without being it."""
    invited = (
        written.table("applications")
        .set_index("applicant_id")["is_invited"]
        .reindex(written.people.index)
    )
    approved = written.people.is_approved
    assert 1 > invited[approved].mean() > invited[~approved].mean() + 0.05 > 0.1


def _booked_now(written: Written, name: str) -> pd.DataFrame:
    """The rows of the loans that the incumbent booked, without the earlier ones."""
    rows = written.table(name)
    return rows[rows.application_id < FIRST_EARLIER]


def test_only_booked_loans_have_performance(written: Written) -> None:
    people = written.people
    loans = _booked_now(written, "loans")
    performance = _booked_now(written, "loan_performance")
    booked = people.is_approved | people.is_control
    assert set(loans.applicant_id) == set(people.index[booked])
    assert (performance.groupby("application_id").size() == 12).all()
    assert set(performance.application_id) == set(loans.application_id)


def test_a_bad_loan_reaches_90_days_in_its_month_and_no_good_one_ever_does(
    written: Written,
) -> None:
    truth = written.people.set_index("application_id").default_month
    performance = _booked_now(written, "loan_performance")
    is_bad = (performance.dpd_days >= 90) | performance.is_restructured
    late = performance[is_bad].groupby("application_id").month_on_book.min()
    expected = truth.reindex(performance.application_id.unique()).dropna()
    assert late.sort_index().equals(
        expected.astype(late.dtype).sort_index().rename("month_on_book")
    )


def test_one_or_two_loans_in_a_hundred_are_indeterminate(written: Written) -> None:
    worst = _booked_now(written, "loan_performance").groupby("application_id").dpd_days.max()
    # This world has a base rate of 12 %: slips and their depth both go with the PD, which is five
    # times that of the default world. There the claim `indeterminate` asks for 1 to 2 %.
    assert 0.01 < worst.between(30, 89).mean() < 0.18
    assert (worst < 30).mean() > 0.70


def test_month_ends_follow_the_booking(written: Written) -> None:
    joined = written.table("loan_performance").merge(written.table("loans"), on="application_id")
    assert (joined.event_time > joined.booked_time).all()
    months = (
        joined.event_time.dt.year * 12
        + joined.event_time.dt.month
        - joined.booked_time.dt.year * 12
        - joined.booked_time.dt.month
    )
    assert (months == joined.month_on_book).all()


def test_days_past_due_never_rise_by_more_than_the_days_that_passed(written: Written) -> None:
    rows = written.table("loan_performance").sort_values(["application_id", "month_on_book"])
    loan = rows.groupby("application_id")
    passed = loan.event_time.diff().dt.days
    assert (loan.dpd_days.diff() <= passed.fillna(0)).where(passed.notna(), True).all()
    first = rows[rows.month_on_book == 1]
    assert (first.dpd_days <= first.event_time.dt.day).all()
