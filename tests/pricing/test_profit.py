"""The one formula of the expected profit, and what is owed on average of a limit (N24)."""

from __future__ import annotations

import numpy as np
import pytest

from creditloom.decision.base.errors import DecisionError
from creditloom.decision.pricing.profit import (
    ProfitTerms,
    amortised_share,
    expected_profit,
    profit_margin,
)
from creditloom.decision.pricing.table import Loan, Method
from creditloom.decision.rulebook.condition import SourcedValue
from creditloom.decision.rulebook.economics import Economics, ProductEconomics
from creditloom.decision.rulebook.product import Product
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.pipeline.products.product_folder import ProductFolder

HOUSE = document(Product, paths.PRODUCTS / "house_v1.yaml")
BULLET = Loan("bullet", 12)


def terms(drawdown: float = 1.0, *, is_redrawn: bool = True, loan: Loan = BULLET) -> ProfitTerms:
    return ProfitTerms(drawdown, is_redrawn, loan, 0.75, 0.025, 60.0, 0.0005)


def one(value: float) -> np.ndarray:
    return np.array([value])


def test_a_limit_drawn_in_full_earns_what_n24_says() -> None:
    fen = terms().priced_profit_fen(one(8_000.0), one(0.0004), one(0.144), one(0.012))
    assert fen.dtype == np.int64 and fen.tolist() == [81_309]


def test_the_drawdown_scales_all_but_the_cost_of_the_account() -> None:
    full, part = (
        terms(share).priced_profit_fen(one(8_000.0), one(0.0004), one(0.144), one(0.012))
        for share in (1.0, 0.4)
    )
    assert part + 6_000 == pytest.approx(0.4 * (full + 6_000), abs=1)


def test_no_pd_lies_under_the_floor_of_the_price() -> None:
    low, floor = (
        terms().priced_profit_fen(one(8_000.0), one(0.0004), one(0.144), one(pd))
        for pd in (1e-6, 0.0005)
    )
    assert low.tolist() == floor.tolist()


def test_margin_and_profit_are_one_formula() -> None:
    margin = profit_margin(0.144, 0.012, 0.75, 0.025)
    profit = expected_profit(8_000.0, 0.144, 0.012, lgd=0.75, cost_of_funds=0.025, account_cost=60)
    assert profit == 8_000.0 * margin - 60


# table: method, months or days, share
@pytest.mark.parametrize(
    ("method", "tenor", "share"),
    [
        ("equal_principal", 12, 6.5 / 12),
        ("equal_principal", 24, (24 - 5.5) / 24),
        ("equal_instalment", 12, 0.5564),
        ("equal_instalment", 6, 0.5906),
        ("interest_first", 12, 1.0),
        ("bullet", 14, 1.0),
        ("revolving_daily", 12, 1.0),
    ],
)
def test_a_loan_owes_less_each_month(method: Method, tenor: int, share: float) -> None:
    """The mean of what is owed at the start of each month, at most of the first twelve."""
    found = amortised_share(Loan(method, tenor), one(0.0005))
    assert found == pytest.approx(one(share), abs=5e-5)


def test_instalments_are_followed_month_by_month() -> None:
    """The same as paying 1/12 annuities by hand, at 1.5 % a month."""
    payment = 0.015 / (1 - 1.015**-12)
    owed = [1.0]
    for _ in range(11):
        owed.append(owed[-1] * 1.015 - payment)
    assert amortised_share(Loan("equal_instalment", 12), one(0.0005))[0] == pytest.approx(
        np.mean(owed)
    )


def test_what_is_drawn_once_amortises_and_what_is_drawn_again_does_not() -> None:
    loan = Loan("equal_principal", 12)
    assert terms(0.8, is_redrawn=False, loan=loan).exposure_share(one(0.0004)) == pytest.approx(
        0.8 * 6.5 / 12
    )
    assert terms(0.8, loan=loan).exposure_share(one(0.0004)).tolist() == [0.8]


def test_a_product_without_economics_is_drawn_in_full_and_repaid_as_it_says() -> None:
    neutral = Economics(()).terms_of(HOUSE, 60.0)
    assert (neutral.drawdown, neutral.is_redrawn, neutral.loan.tenor) == (1.0, False, 12)
    committed = ProductFolder.of().only("economics", Economics)
    assert committed.terms_of(HOUSE, 60.0).is_redrawn
    products = set(ProductFolder.of().ids("product"))
    assert {each.product for each in committed.economics} <= products


@pytest.mark.parametrize("share", [0.0, 1.2])
def test_a_drawdown_is_a_share(share: float) -> None:
    value = SourcedValue(share, "share", "choice")
    with pytest.raises(DecisionError, match="no share of a limit"):
        ProductEconomics("house@v1", is_redrawn=True, drawdown=value)
