"""The rule book of a bundle: product, law profiles and annual costs, compiled to JSON and read back by the same types."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .errors import DecisionError
from .frame import POLICY_INPUTS
from .law import Law, in_order
from .price import AnnualCost, annual_cost, rate_grid
from .product import Product, Verdict
from .typed import parse, plain

APPROVED, REFERRED = ("G1", "G2", "G3", "G4", "G5", "G6"), ("G7",)


@dataclass(frozen=True)
class Policy:
    """What decides beside the score. Without a product (`tiers_only`) the tier alone decides and nothing is priced.

    `verdicts` maps a tier to its decision; a tier it does not name is declined. `annual` is the price list: one row per rate of the grid.
    """

    version: int
    product: Product | None
    laws: tuple[Law, ...]
    verdicts: dict[str, Verdict]
    annual: tuple[AnnualCost, ...]
    inputs: tuple[str, ...]

    @classmethod
    def from_json(cls, text: str | bytes) -> Policy:
        """Read `policy.json`, strictly."""
        policy = parse(cls, json.loads(text), "policy.json")
        unknown = sorted(set(policy.inputs) - set(POLICY_INPUTS))
        if unknown:
            raise _refusal("policy.json inputs", f"of {', '.join(POLICY_INPUTS)}", unknown[0])
        return policy

    @property
    def name(self) -> str:
        """Id of the product, or `tiers_only`."""
        return self.product.id if self.product else "tiers_only"

    @cached_property
    def banned_columns(self) -> tuple[str, ...]:
        """Names that no frame may hold under any of the laws (R7)."""
        return tuple(dict.fromkeys(name for law in self.laws for name in law.banned_columns))

    @cached_property
    def protected_attributes(self) -> tuple[str, ...]:
        """Names that no feature of the model may bear under any of the laws."""
        return tuple(dict.fromkeys(name for law in self.laws for name in law.protected_attributes))

    def cost(self, daily_rate: float) -> AnnualCost:
        """The price list's row of `daily_rate`. Raises `DecisionError` off the grid."""
        for row in self.annual:
            if row.daily_rate == daily_rate:
                return row
        raise _refusal("policy.json annual", "a daily rate of the product's grid", repr(daily_rate))


def compile_policy(product: Product, laws: tuple[Law, ...]) -> dict[str, Any]:
    """The content of `policy.json` for one product under law profiles chosen by date. Raises `DecisionError` for overlapping laws."""
    verdicts = {t.tier: t.decision for t in product.tiers}
    annual = tuple(annual_cost(product, rate) for rate in rate_grid(product.price))
    return plain(Policy(1, product, in_order(laws), verdicts, annual, POLICY_INPUTS))


def tiers_only_policy(approve: tuple[str, ...] = APPROVED, refer: tuple[str, ...] = REFERRED) -> dict[str, Any]:
    """The content of `policy.json` for a table of the user's own: the tier alone decides, limit and rate stay null."""
    verdicts: dict[str, Verdict] = {**dict.fromkeys(approve, "approve"), **dict.fromkeys(refer, "refer")}
    return plain(Policy(1, None, (), verdicts, (), ()))


def _refusal(where: str, expected: str, got: str) -> DecisionError:
    return DecisionError(
        "the rule book contradicts itself",
        where=where,
        expected=expected,
        got=got,
        next_step="run the bundle stage again with this version",
    )
