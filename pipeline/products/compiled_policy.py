"""A policy as a person writes it, compiled to what decides: tiers and rule book.

A person writes the block `policy` of params.yaml and the files of `products/`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from creditloom.decision.rulebook.law import Law
from creditloom.decision.rulebook.policy import (
    DataSources,
    Filters,
    compile_policy,
    tiers_only_policy,
    with_beyond,
)
from creditloom.decision.score.tiers import Tiers
from creditloom.models.policy.bundle_policy import PolicyParams
from creditloom.pipeline.products.product_folder import ProductFolder


def tiers_of(params: PolicyParams) -> Tiers:
    """Return the PD bands of a policy."""
    return Tiers.from_edges(params.tier_edges)


def rules_of(params: PolicyParams, folder: ProductFolder | None = None) -> dict[str, Any]:
    """Return the content of policy.json: the default product with its laws first, then all others.

    `folder` holds products and laws, the shipped ones by default. Without a default product the
    tiers alone decide. Raises ParamsError for a product or a law that is not there.
    """
    if params.product is None:
        return tiers_only_policy(beyond_training=params.beyond_training)
    # The bundle holds every product and law, so that another one can be named when deciding. The
    # default comes first, with the laws that params.yaml lists.
    folder = ProductFolder.of() if folder is None else folder
    default = folder.product(params.product)
    others = tuple(product for product in folder.products() if product.id != default.id)
    other_laws = [name for name in folder.ids("law") if name not in params.law_profiles]
    rules = compile_policy(
        default,
        _laws(folder, params.law_profiles),
        products=others,
        other_laws=_laws(folder, other_laws),
        filters=folder.only("filters", Filters),
        sources=folder.only("sources", DataSources),
        validation=params.validation,
        horizon_days=params.horizon_days,
    )
    return with_beyond(rules, params.beyond_training)


def _laws(folder: ProductFolder, names: Iterable[str]) -> tuple[Law, ...]:
    return tuple(folder.law(name) for name in names)
