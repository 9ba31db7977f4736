"""Each rule on a line, on both sides of its threshold."""

from __future__ import annotations

import numpy as np
import pytest

from creditloom.portfolio.book import limits
from tests.book.books import RULES, book

NULL = np.nan


@pytest.mark.parametrize(("dpd", "frozen"), [(0, False), (1, True), (400, True)])
def test_one_day_overdue_freezes(dpd: int, frozen: bool) -> None:
    """S3-R44."""
    assert limits.is_overdue(book(dpd_days=[dpd]), RULES.freeze)[0] == frozen


# table: a case a row
@pytest.mark.parametrize(
    ("days_late", "frozen"),
    [
        ([3], False),
        ([4], True),
        ([0, 0, 4], True),
        ([0, 0, 0, 4], False),
        ([NULL, NULL, NULL], False),
    ],
)
def test_what_was_repaid_after_72_hours_stays_frozen_for_three_good_months(
    days_late: list[float], frozen: bool
) -> None:
    """S3-R47."""
    assert limits.is_not_yet_cured(book(days_late=days_late), RULES.freeze)[0] == frozen


def test_an_account_overdue_now_is_not_called_repaid() -> None:
    assert not limits.is_not_yet_cured(book(dpd_days=[5], days_late=[NULL, 9]), RULES.freeze)[0]


@pytest.mark.parametrize(
    ("payments", "suspended"),
    [([2, 2], True), ([2, 3], False), ([3, 2], False), ([0, NULL], False)],
)
def test_two_months_under_three_payments_suspend(payments: list[float], suspended: bool) -> None:
    """S3-R46; a month that is not known counts for the customer."""
    assert limits.is_inactive(book(n_payments=payments), RULES.suspend)[0] == suspended


@pytest.mark.parametrize(("score", "suspended"), [(499, True), (500, False), (NULL, False)])
def test_a_payment_score_under_500_suspends(score: float, suspended: bool) -> None:
    """S4-R36."""
    assert limits.has_low_pay_score(book(pay_score=[score]), RULES.suspend)[0] == suspended


# table: a case a row
@pytest.mark.parametrize(
    ("enquiries", "cut"),
    [
        ([2, 2, 0], False),
        ([2, 2, 1], True),
        ([5], True),
        ([0, 0, 0, 5], False),
        ([NULL, NULL, NULL], False),
    ],
)
def test_more_than_four_hard_enquiries_in_ninety_days(enquiries: list[float], cut: bool) -> None:
    """S1-R59: strictly more, three months back and not four."""
    assert limits.asks_everywhere(book(n_hard_enquiries=enquiries), RULES.decrease)[0] == cut


@pytest.mark.parametrize(("before", "now", "cut"), [(2, 3, False), (2, 4, True), (4, 2, False)])
def test_two_tiers_down(before: int, now: int, cut: bool) -> None:
    assert limits.has_fallen(np.array([now]), np.array([before]), RULES.decrease)[0] == cut


@pytest.mark.parametrize(("elsewhere", "over"), [(405_000, False), (405_100, True)])
def test_debt_service_over_half_of_the_inflow(elsewhere: int, over: bool) -> None:
    """S3-R45: (45,000 + 405,000) / 900,000 is exactly half, which is allowed."""
    assert (
        limits.is_over_indebted(book(other_debt_service_fen=elsewhere), RULES.decrease)[0] == over
    )


def test_debt_to_income_without_inflow_is_not_known() -> None:
    assert np.isnan(limits.debt_to_income(book(inflow_fen=0), 3)[0])


def test_an_increase_is_repaid_in_twelve_months() -> None:
    assert limits.debt_to_income(book(), 3, 120_000.0)[0] == pytest.approx(
        (45_000 + 100_000 + 10_000) / 900_000
    )


# table: a case a row
@pytest.mark.parametrize(
    ("days_late", "dpd", "on_time"),
    [
        ([0, 0, 0], 0, True),
        ([0, 0, 1], 0, False),
        ([0, 0, 0, 9], 0, True),
        ([0, 0, 0], 1, False),
        ([NULL, 0, 0], 0, True),
    ],
)
def test_three_months_on_time(days_late: list[float], dpd: int, on_time: bool) -> None:
    """S2-R31; a month in which nothing fell due is on time."""
    assert (
        limits.is_on_time(
            book(days_late=days_late, dpd_days=[dpd]), int(RULES.increase.on_time_months.value)
        )[0]
        == on_time
    )


def test_months_before_the_first_are_not_on_time() -> None:
    assert not limits.is_on_time(book(dpd_days=[0, 0, NULL]), 3)[0]


@pytest.mark.parametrize(("changed", "cooled"), [(9, True), (10, False)])
def test_ninety_days_between_changes(changed: int, cooled: bool) -> None:
    assert limits.is_cooled(np.array([12]), np.array([changed]), RULES.increase)[0] == cooled


# table: a case a row
@pytest.mark.parametrize(
    ("limit_cny", "month", "up"),
    [(5_000, 3, True), (5_000, 4, False), (5_001, 3, False), (5_001, 6, True), (50_000, 6, True),
     (50_001, 6, False), (50_001, 12, True), (200_000, 12, True), (5_000, 0, False)],
)  # fmt: skip
def test_bands_come_up_every_3_6_and_12_months(limit_cny: int, month: int, up: bool) -> None:
    """S3-R30..R32."""
    assert limits.comes_up(np.array([month]), np.array([limit_cny * 100]), RULES.bands)[0] == up


@pytest.mark.parametrize(
    ("balance", "used"), [(299_900, False), (300_000, True), (900_000, True), (900_100, False)]
)
def test_a_line_is_used_between_30_and_90_per_cent(balance: int, used: bool) -> None:
    assert limits.is_used(book(balance_fen=balance), RULES.increase)[0] == used


@pytest.mark.parametrize(
    ("lqt", "lct", "fires"),
    [(1_000_000, 100, True), (999_900, 100, False), (1_000_000, 99, False), (NULL, NULL, False)],
)
def test_ten_thousand_of_lqt_with_lct_held(lqt: float, lct: float, fires: bool) -> None:
    """S5-R29."""
    assert (
        limits.has_assets(book(lqt_balance_fen=lqt, lct_balance_fen=lct), RULES.increase)[0]
        == fires
    )


@pytest.mark.parametrize(("proofs", "fires"), [(1, False), (2, True), (NULL, False)])
def test_two_asset_proofs(proofs: float, fires: bool) -> None:
    """S5-R43."""
    assert limits.has_proofs(book(n_asset_proofs=[proofs]), RULES.increase)[0] == fires


@pytest.mark.parametrize(("payments", "fires"), [(149, False), (150, True)])
def test_five_payments_a_day_are_active(payments: int, fires: bool) -> None:
    """S2-R26."""
    assert limits.is_active(book(n_payments=[payments]), RULES.temporary)[0] == fires


@pytest.mark.parametrize(
    ("limit_cny", "ceiling_cny", "expected_cny"),
    [
        (10_000, 50_000, 12_500),
        (5_300, 50_000, 6_600),
        (45_000, 50_000, 50_000),
        (190_000, 900_000, 200_000),
        (60_000, 50_000, 60_000),
    ],
)
def test_a_quarter_more_in_hundreds_up_to_the_ceiling(
    limit_cny: int, ceiling_cny: int, expected_cny: int
) -> None:
    higher = limits.increased_limits(
        np.array([limit_cny * 100]), np.array([ceiling_cny * 100]), RULES.increase
    )
    assert higher[0] == expected_cny * 100


@pytest.mark.parametrize(
    ("limit_cny", "factor", "expected_cny"),
    [(10_000, 0.5, 5_000), (5_300, 0.5, 2_600), (1_000, 0.5, 500), (900, 0.5, 0)],
)
def test_a_cut_line_under_500_is_closed(limit_cny: int, factor: float, expected_cny: int) -> None:
    assert (
        limits.cut(np.array([limit_cny * 100]), factor, RULES.increase, RULES.decrease)[0]
        == expected_cny * 100
    )
