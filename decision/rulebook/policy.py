"""The rule book of a bundle: products, law profiles, filters and price lists.

It is compiled to JSON, and the same types read it back.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

from ..base.errors import DecisionError
from ..base.strict_json import check_format, parse, plain
from ..frames.columns import CONSENTED_INPUTS, POLICY_INPUTS
from .condition import SourcedValue
from .law import Law, in_order
from .price import AnnualCost, price_list
from .product import VERDICTS, Product, Verdict

# The numbers of the twelve risk filters (domain 0.13); one set serves all products.


@dataclass(frozen=True)
class Filters:
    """Thresholds in products/filters.yaml; `over` means strictly more, `from` means inclusive."""

    effective_from: dt.date
    night_withdrawal_from: SourcedValue
    applications_per_hour_from: SourcedValue
    operations_per_hour_over: SourcedValue
    face_failures_over: SourcedValue
    active_lenders_over: SourcedValue
    hard_enquiries_over: SourcedValue
    applicants_per_device_from: SourcedValue
    young_account_below: SourcedValue
    burst_per_hour_over: SourcedValue
    transfer_alert_over: SourcedValue


# The sources of the data, and who validated the model: R8 and R11 ask for them.


@dataclass(frozen=True)
class DataSource:
    """The source of one family of features: holder of the data, licence and consent (R6, R8).

    A null licence or consent means that there is none.
    """

    family: str
    holder: str
    licence: str | None
    consent: str | None
    source: str
    note: str = ""


@dataclass(frozen=True)
class DataSources:
    """All sources. A family that none of them names counts as one without licence."""

    sources: tuple[DataSource, ...]

    def unlicensed(self, families: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of the families whose data nobody may use (R8)."""
        licensed = {s.family for s in self.sources if s.licence}
        return tuple(f for f in families if f not in licensed)


@dataclass(frozen=True)
class Validation:
    """Who validated this model independently of its training, and until which day that holds.

    R11 asks for it.
    """

    is_validated: bool
    validated_by: str
    revalidate_by: dt.date


# What becomes of a row that holds what training never saw.

Treatment = Literal["refuse", "refer", "typical"]


@dataclass(frozen=True)
class BeyondPolicy:
    """What becomes of a null where training had none, and of a level that training did not hold.

    `treatment`: `refuse` sets the row aside with its reason; `refer` leaves no better decision than
    refer, and says why; `typical` decides by the number that the catalogue names for such a value.
    A batch is stopped where more than the share `stop_share` of its rows have one column beyond
    training. Raises `DecisionError` for a share outside [0, 1].
    """

    treatment: Treatment = "refer"
    stop_share: float = 0.05

    def __post_init__(self) -> None:
        if not 0 <= self.stop_share <= 1:
            raise _refusal(
                "policy.json beyond_training.stop_share", "0 to 1", repr(self.stop_share)
            )


# Version of the format of `policy.json`, stored in it under the key `version`.
VERSION = 4
# The version of a rule book that says nothing of what lies beyond training.
PLAIN_VERSION = 3
# Grades of the house: they approve, refer, and (all others) decline where a user brings no product.
APPROVED = ("G1", "G2", "G3", "G4", "G5", "G6")
REFERRED = ("G7",)
NO_SOURCES = DataSources(())
GRADES = tuple(f"G{k}" for k in range(1, 11))
# Days of outcome of a PD of twelve months.
YEAR_DAYS = 365.0


@dataclass(frozen=True)
class Policy:
    """What decides beside the score.

    Without a product (`tiers_only`) the tier alone decides and nothing is priced. `product` and
    `laws` (each in force by its own dates) decide unless others of `products` and `other_laws` are
    chosen. `verdicts` maps a grade to the best decision it can get; a grade it does not name is
    declined. `annual` is the price list per product: one row per rate of its grid. `horizon_days`
    is the days of outcome that the model's PD covers. `consents` names the consent of each input
    and fact that needs one (R6): without it the value counts as not known. Null is a rule book of
    before format 3, which uses what it is sent. `beyond_training` is null in a rule book of before
    version 4: then such values are neither counted nor treated.
    """

    version: int
    product: Product | None
    products: tuple[Product, ...]
    laws: tuple[Law, ...]
    other_laws: tuple[Law, ...]
    filters: Filters | None
    sources: DataSources
    validation: Validation | None
    horizon_days: float
    verdicts: dict[str, Verdict]
    annual: dict[str, tuple[AnnualCost, ...]]
    inputs: tuple[str, ...]
    consents: dict[str, str] | None = None
    beyond_training: BeyondPolicy | None = None

    @classmethod
    def from_json(cls, text: str | bytes) -> Policy:
        """Read `policy.json`, strictly.

        Raises `DecisionError` for a later format, a wrong value and an unknown input.
        """
        content = json.loads(text)
        check_format(content, VERSION, "policy.json", "version")
        policy = parse(cls, content, "policy.json")
        unknown = sorted(set(policy.inputs) - set(POLICY_INPUTS))
        if unknown:
            raise _refusal("policy.json inputs", f"of {', '.join(POLICY_INPUTS)}", unknown[0])
        return policy

    @property
    def name(self) -> str:
        """Id of the product, or `tiers_only`."""
        return self.product.id if self.product else "tiers_only"

    @property
    def product_names(self) -> tuple[str, ...]:
        """Ids of the products to choose from."""
        return tuple(p.id for p in self.products) or (self.name,)

    @property
    def law_names(self) -> tuple[str, ...]:
        """Ids of the law profiles to choose from."""
        return tuple(law.id for law in self._every_law)

    def choose(self, product: str = "", law: str = "") -> Policy:
        """Return this rule book for one of its products and under one of its laws.

        Empty names take the default product, and the laws by their dates. Raises `DecisionError`
        for a name that the bundle does not hold.
        """
        if product and product not in self.product_names:
            raise _choice("product", self.product_names, product)
        if law and law not in self.law_names:
            raise _choice("law", self.law_names, law)
        chosen = next((p for p in self.products if p.id == product), self.product)
        laws = self.laws
        if law:
            laws = tuple(one for one in self._every_law if one.id == law)
        verdicts = _verdicts(chosen) if chosen else self.verdicts
        return replace(self, product=chosen, laws=laws, verdicts=verdicts)

    @property
    def _every_law(self) -> tuple[Law, ...]:
        return (*self.laws, *self.other_laws)

    @cached_property
    def banned_columns(self) -> tuple[str, ...]:
        """Names that no frame may hold under any of the laws (R7)."""
        return tuple(dict.fromkeys(name for law in self.laws for name in law.banned_columns))

    @cached_property
    def protected_attributes(self) -> tuple[str, ...]:
        """Names that no feature of the model may bear under any law of the bundle."""
        names = (name for law in self._every_law for name in law.protected_attributes)
        return tuple(dict.fromkeys(names))

    def cost(self, daily_rate: float) -> AnnualCost:
        """Return the row of the product's price list for `daily_rate`, a fraction.

        Raises `DecisionError` for a rate off the grid.
        """
        for row in self.annual.get(self.name, ()):
            if row.daily_rate == daily_rate:
                return row
        raise _refusal(
            "policy.json annual", f"a daily rate of the grid of {self.name}", repr(daily_rate)
        )


Laws: TypeAlias = tuple[Law, ...]


def compile_policy(
    product: Product,
    laws: Laws,
    *,
    products: tuple[Product, ...] = (),
    other_laws: Laws = (),
    filters: Filters | None = None,
    sources: DataSources = NO_SOURCES,
    validation: Validation | None = None,
    horizon_days: float = YEAR_DAYS,
) -> dict[str, Any]:
    """Return the content of `policy.json`.

    `product` is the default, `products` are the others. `laws` are chosen by date, `other_laws` by
    name. Raises `DecisionError` for laws that overlap and for two products of one id.
    """
    every = (product, *(p for p in products if p != product))
    if len({p.id for p in every}) < len(every):
        raise _refusal("products", "one product per id", ", ".join(p.id for p in every))
    annual = {p.id: price_list(p) for p in every}
    policy = Policy(
        version=VERSION,
        product=product,
        products=every,
        laws=in_order(laws),
        other_laws=other_laws,
        filters=filters,
        sources=sources,
        validation=validation,
        horizon_days=horizon_days,
        verdicts=_verdicts(product),
        annual=annual,
        inputs=POLICY_INPUTS,
        consents=CONSENTED_INPUTS,
    )
    return with_beyond(plain(policy), None)


def tiers_only_policy(
    approve: tuple[str, ...] = APPROVED,
    refer: tuple[str, ...] = REFERRED,
    *,
    beyond_training: BeyondPolicy | None = None,
) -> dict[str, Any]:
    """Return the content of `policy.json` for a table of the user's own.

    The tier alone decides; limit and rate stay null.
    """
    verdicts: dict[str, Verdict] = {
        **dict.fromkeys(approve, "approve"),
        **dict.fromkeys(refer, "refer"),
    }
    policy = Policy(
        version=VERSION,
        product=None,
        products=(),
        laws=(),
        other_laws=(),
        filters=None,
        sources=NO_SOURCES,
        validation=None,
        horizon_days=YEAR_DAYS,
        verdicts=verdicts,
        annual={},
        inputs=(),
        consents={},
    )
    return with_beyond(plain(policy), beyond_training)


def with_beyond(rules: Mapping[str, Any], beyond: BeyondPolicy | None) -> dict[str, Any]:
    """Return the content of `policy.json` with what becomes of what training never saw.

    With None it says nothing of it, in the version that earlier releases read.
    """
    bare = {name: content for name, content in rules.items() if name != "beyond_training"}
    if beyond is None:
        return {**bare, "version": PLAIN_VERSION}
    return {**bare, "version": VERSION, "beyond_training": plain(beyond)}


def _verdicts(product: Product) -> dict[str, Verdict]:
    """Return, per grade, the best decision of the tiers that take it."""
    best: dict[str, Verdict] = {}
    for rank, grade in enumerate(GRADES):
        open_tiers = [
            terms.decision for terms in product.tiers if rank <= GRADES.index(terms.worst_grade)
        ]
        if open_tiers:
            best[grade] = min(open_tiers, key=VERDICTS.index)
    return best


def _choice(what: str, offered: tuple[str, ...], got: str) -> DecisionError:
    return DecisionError(
        f"the bundle holds no such {what}",
        where=what,
        expected=f"one of {', '.join(offered)}",
        got=got,
        next_step="choose one of them",
    )


def _refusal(where: str, expected: str, got: str) -> DecisionError:
    return DecisionError(
        "the rule book contradicts itself",
        where=where,
        expected=expected,
        got=got,
        next_step="run the bundle stage again with this version",
    )
