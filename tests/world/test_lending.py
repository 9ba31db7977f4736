"""Claims about the incumbent policy, its control band and what loans do after booking.

See domain 7.8, 0.6, 6.
"""

from __future__ import annotations

import numpy as np
import pytest

from creditloom.world.world import World
from tests.world.written import Written


def test_the_old_policy_approves_the_best_68_per_cent_of_each_vintage(state: World) -> None:
    for vintage in range(24):
        approved = state.booking.is_approved[state.people.vintage == vintage]
        assert approved.mean() == pytest.approx(0.68, abs=0.001)


def test_the_control_band_is_five_per_cent_and_fifteen_in_calibration(state: World) -> None:
    vintage = state.people.vintage
    declined = ~state.booking.is_approved
    control = state.booking.is_control
    calibration = (vintage >= 15) & (vintage < 18)
    assert control[declined & calibration].mean() == pytest.approx(0.15, abs=0.02)
    assert control[declined & ~calibration].mean() == pytest.approx(0.05, abs=0.01)
    assert not (control & state.booking.is_approved).any()
    assert set(np.unique(state.booking.propensity)) == {0.05, 0.15, 1.0}


def test_the_approved_are_better_than_all_and_within_the_target(state: World) -> None:
    pd = state.outcome.pd_neutral
    assert (
        pd[state.booking.is_approved].mean() <= 0.0145
    )  # the old score is noisy; the new one must reach 1.3 %
    assert pd[~state.booking.is_approved].mean() > 2 * pd[state.booking.is_approved].mean()


def test_an_invitation_is_not_an_approval(written: Written) -> None:
    """C29, S2-R06: the whitelist follows the old policy without being it."""
    invited = (
        written.table("applications")
        .set_index("applicant_id")["is_invited"]
        .reindex(written.people.index)
    )
    approved = written.people.is_approved
    assert 1 > invited[approved].mean() > invited[~approved].mean() + 0.1 > 0.1


def test_only_booked_loans_have_performance(written: Written) -> None:
    people = written.people
    loans = written.table("loans")
    performance = written.table("loan_performance")
    booked = people.is_approved | people.is_control
    assert set(loans.applicant_id) == set(people.index[booked])
    assert (performance.groupby("application_id").size() == 12).all()
    assert set(performance.application_id) == set(loans.application_id)


def test_a_bad_loan_reaches_90_days_in_its_month_and_no_good_one_ever_does(
    written: Written,
) -> None:
    truth = written.people.set_index("application_id").default_month
    performance = written.table("loan_performance")
    late = performance[performance.dpd_days >= 90].groupby("application_id").month_on_book.min()
    expected = truth.reindex(performance.application_id.unique()).dropna()
    assert late.sort_index().equals(
        expected.astype(late.dtype).sort_index().rename("month_on_book")
    )


def test_one_or_two_loans_in_a_hundred_are_indeterminate(written: Written) -> None:
    worst = written.table("loan_performance").groupby("application_id").dpd_days.max()
    assert 0.01 < worst.between(30, 89).mean() < 0.08  # at base rate 12 %; the slope is on the PD
    assert (worst < 30).mean() > 0.75


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
