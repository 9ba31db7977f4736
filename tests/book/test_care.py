"""Price, collections, IFRS 9 and asset classes, on both sides of each threshold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from creditloom.portfolio.book import servicing
from tests.book.books import RULES, book

NEVER = np.array([-1_000])
PROVISION = RULES.provision


# table: a case a row
@pytest.mark.parametrize(
    ("month", "repriced_month", "days_late", "due"),
    [(6, -1_000, [0], True), (7, -1_000, [0], False), (9, -1_000, [0], True), (9, 3, [0], True),
     (9, 4, [0], False), (9, -1_000, [0, 0, 0, 0, 0, 1], False),
     (9, -1_000, [0, 0, 0, 0, 0, 0, 1], True)],
)  # fmt: skip
def test_a_quarterly_step_down_after_six_months_on_time(
    month: int, repriced_month: int, days_late: list[float], due: bool
) -> None:
    """S5-R30, S5-R31."""
    seen = book(month_on_book=month, days_late=days_late)
    assert (
        servicing.is_due_for_repricing(seen, np.array([repriced_month]), RULES.repricing)[0] == due
    )


# table: a case a row
@pytest.mark.parametrize(
    ("rate", "floor", "expected"),
    [(0.0004, 0.0002, 0.00035), (0.00022, 0.0002, 0.0002), (0.0002, 0.0002, 0.0002),
     (0.0004, 0.00038, 0.00038), (0.00015, 0.0002, 0.00015)],
)  # fmt: skip
def test_one_grid_step_never_under_the_floor_never_up(
    rate: float, floor: float, expected: float
) -> None:
    assert servicing.lowered_rates(np.array([rate]), floor, RULES.repricing)[0] == pytest.approx(
        expected, abs=1e-12
    )


@pytest.mark.parametrize(
    ("dpd", "step"),
    [
        (0, "none"),
        (1, "sms"),
        (30, "sms"),
        (31, "robot_call"),
        (90, "robot_call"),
        (91, "agency"),
        (400, "agency"),
    ],
)
def test_the_collections_ladder(dpd: int, step: str) -> None:
    """S4-R33..R35."""
    assert (
        servicing.LADDER[servicing.collection_stage(np.array([dpd]), RULES.collections)[0]] == step
    )


@pytest.mark.parametrize(
    ("hour", "allowed"), [(7.99, False), (8.0, True), (21.99, True), (22.0, False), (0.0, False)]
)
def test_nobody_is_called_between_22_and_8(hour: float, allowed: bool) -> None:
    assert servicing.may_contact(np.array([hour]), RULES.collections)[0] == allowed


# table: a case a row
@pytest.mark.parametrize(
    ("opens", "closes", "hours"),
    [(8.0, 22.0, "08:00-22:00"), (8.5, 21.25, "08:30-21:15"), (22.0, 8.0, "")],
)
def test_the_hours_are_written_for_whoever_calls(opens: float, closes: float, hours: str) -> None:
    """No minute is named in which nobody may call: 8:30 is not cut to 8."""
    rules = replace(
        RULES.collections,
        opens=replace(RULES.collections.opens, value=opens),
        closes=replace(RULES.collections.closes, value=closes),
    )
    assert servicing.contact_hours(rules) == hours


@pytest.mark.parametrize(
    ("arrears", "balance", "material"),
    [
        (10_000, 500_000, False),
        (10_001, 500_000, True),
        (20_000, 2_000_000, False),
        (20_001, 2_000_000, True),
    ],
)
def test_arrears_are_material_over_100_yuan_and_over_one_per_cent(
    arrears: int, balance: int, material: bool
) -> None:
    assert servicing.is_material(np.array([arrears]), np.array([balance]), PROVISION)[0] == material


# table: a case a row
@pytest.mark.parametrize(
    ("dpd", "arrears", "default"),
    [([89], 50_000, False), ([90], 50_000, True), ([90], 10_000, False), ([0, 0, 95], 50_000, True),
     ([0, 0, 0, 95], 50_000, False), ([1, 0, 0, 95], 50_000, True)],
)  # fmt: skip
def test_default_at_90_days_ends_after_three_clean_months(
    dpd: list[float], arrears: int, default: bool
) -> None:
    assert servicing.is_in_default(book(dpd_days=dpd, arrears_fen=arrears), PROVISION)[0] == default


# table: a case a row
@pytest.mark.parametrize(
    ("dpd", "pd", "forborne", "expected"),
    [([0], 0.004, False, 1), ([30], 0.004, False, 1), ([31], 0.004, False, 2),
     ([0, 0, 31], 0.004, False, 2), ([0, 0, 0, 31], 0.004, False, 1), ([0], 0.03, False, 1),
     ([0], 0.031, False, 2), ([0], 0.004, True, 2), ([90], 0.004, False, 3)],
)  # fmt: skip
def test_stages(dpd: list[float], pd: float, forborne: bool, expected: int) -> None:
    """Stage 2 is over 30 days, a threefold PD over 3 %, or an extension; stage 3 is 90 days.

    IFRS 9 5.5.9-5.5.11, S1-R37.
    """
    seen = book(dpd_days=dpd, arrears_fen=50_000, is_extended=[0, 0, int(forborne)])
    assert servicing.stage(seen, np.array([pd]), np.array([0.004]), PROVISION)[0] == expected


def test_a_pd_that_was_high_at_booking_has_not_risen() -> None:
    assert servicing.stage(book(), np.array([0.05]), np.array([0.02]), PROVISION)[0] == 1


def test_what_is_written_off_is_stage_3() -> None:
    assert (
        servicing.stage(book(is_written_off=True), np.array([0.01]), np.array([0.01]), PROVISION)[0]
        == 3
    )


def test_expected_loss_by_stage() -> None:
    stages = np.array([1, 2, 3, 2])
    pd = np.array([0.02, 0.02, 0.02, 0.9])
    loss = servicing.expected_loss(
        stages, pd, np.full(4, 100_000.0), np.full(4, 50_000.0), PROVISION
    )
    exposure = 100_000 + 0.3 * 50_000
    assert loss == pytest.approx(
        [
            0.02 * 0.75 * exposure,
            0.03 * 0.75 * exposure,
            1.0 * 0.75 * 100_000,
            1.0 * 0.75 * exposure,
        ]
    )


# table: a case a row
@pytest.mark.parametrize(
    ("dpd", "name"),
    [(0, "normal"), (1, "special_mention"), (90, "special_mention"), (91, "substandard"),
     (270, "substandard"), (271, "doubtful"), (360, "doubtful"), (361, "loss")],
)  # fmt: skip
def test_asset_classes_of_2023(dpd: int, name: str) -> None:
    assert servicing.CLASSES[servicing.asset_class(np.array([dpd]), PROVISION)[0]] == name
