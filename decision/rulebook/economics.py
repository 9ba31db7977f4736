"""What a lender expects of a product's use: products/economics.yaml, which no decision reads."""

from __future__ import annotations

from dataclasses import dataclass

from ..base.errors import DecisionError
from ..pricing.profit import ProfitTerms
from .condition import SourcedValue
from .price import loan_of
from .product import Product


@dataclass(frozen=True)
class ProductEconomics:
    """How much of a product's limits is expected to be owed.

    `is_redrawn`: what is repaid is drawn again, so that `drawdown` is the share of a limit that is
    owed on average over the first year. Else `drawdown` is the share that is drawn at booking.
    Raises `DecisionError` for a share outside 0 to 1.
    """

    product: str
    is_redrawn: bool
    drawdown: SourcedValue

    def __post_init__(self) -> None:
        if not 0.0 < self.drawdown.value <= 1.0:
            raise DecisionError(
                "a drawdown is no share of a limit",
                where=f"economics of {self.product}",
                expected="above 0, at most 1",
                got=str(self.drawdown.value),
                next_step="correct it in products/economics.yaml",
            )


@dataclass(frozen=True)
class Economics:
    """The whole of products/economics.yaml.

    A product that it does not name is drawn in full at booking and repaid along its schedule.
    """

    economics: tuple[ProductEconomics, ...]

    def terms_of(self, product: Product, account_cost: float) -> ProfitTerms:
        """Return what the expected profit of a product's accounts depends on.

        `account_cost` is CNY a year.
        """
        named = {each.product: each for each in self.economics}
        expected = named.get(product.id)
        # table: the terms
        return ProfitTerms(
            drawdown=1.0 if expected is None else expected.drawdown.value,
            is_redrawn=expected is not None and expected.is_redrawn,
            loan=loan_of(product),
            lgd=product.price.lgd.value,
            cost_of_funds=product.price.cost_of_funds.value,
            account_cost=account_cost,
            pd_floor=product.price.pd_floor.value,
        )
