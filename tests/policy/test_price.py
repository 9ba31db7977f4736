"""What a product charges and grants by the pricing mathematics.

Its vectors are in tests/pricing.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from creditloom.decision.rulebook.condition import SourcedValue
from creditloom.decision.rulebook.price import minimum_daily, minimum_yearly, rate_grid, tier_rate
from creditloom.decision.rules.limit import affordability, formula
from tests.decision.small import house, laws
from tests.policy.officer import case_of


def test_n20_affordability() -> None:
    """F15: income 8,000, debt service 1,500, DTI 0.5, 1.5 % a month, 12 months."""
    rate = SourcedValue(0.05, "percent_per_day", "test")
    product = replace(
        house(),
        tiers=tuple(replace(t, daily_rate=rate) if t.daily_rate else t for t in house().tiers),
    )
    case = case_of("G3", product, laws(), verified_income=8_000, debt_service=1_500)
    assert round(float(affordability(case)[0]), 2) == 27_268.76


# table: a case a row
@pytest.mark.parametrize(
    ("vector", "volume", "wealth", "cards", "low", "high"),
    [
        ("T28", 36_000, 12_000, 50_000, 18_480, 20_460),
        ("T29", 120_000, 0, 0, 6_000, 12_000),
        ("T30", 200_000, 60_000, 100_000, 44_000, 55_000),
    ],
)
def test_f16_limit_formula(
    vector: str, volume: float, wealth: float, cards: float, low: float, high: float
) -> None:
    """k is 500 in G6 and 1,000 in G1."""
    found = [
        float(
            formula(
                case_of(t, house(), laws(), annual_volume=volume, wealth=wealth, card_limits=cards)
            )[0]
        )
        for t in ("G6", "G1")
    ]
    assert found == pytest.approx([low, high], abs=1e-9), vector


@pytest.mark.parametrize(
    ("pd", "yearly", "daily"),
    [
        (0.3, 6.234, 0.018),
        (1.2, 6.942, 0.020),
        (3.5, 8.779, 0.025),
        (10, 14.211, 0.040),
        (15, 18.649, 0.052),
    ],
)
def test_n23_minimum_price(pd: float, yearly: float, daily: float) -> None:
    price = house().price
    assert round(100 * minimum_yearly(pd / 100, price), 3) == yearly
    assert round(100 * minimum_daily(pd / 100, price), 6) == daily


def test_a_pd_under_the_floor_is_priced_at_the_floor() -> None:
    price = house().price
    assert (
        minimum_yearly(0.0, price) == minimum_yearly(0.0005, price) < minimum_yearly(0.0006, price)
    )


def test_the_grid_lies_within_the_band() -> None:
    """0.020 to 0.065 % a day: 0.0657 itself is not on the grid of 0.001."""
    grid = rate_grid(house().price)
    assert (grid[0], grid[-1], len(grid)) == (0.0002, 0.00065, 46)


def test_a_listed_rate_is_lifted_to_the_minimum_price_but_never_lowered() -> None:
    price = house().price
    assert tier_rate(0.02, 0.15, price) == 0.00052
    assert tier_rate(0.06, 0.15, price) == 0.0006
