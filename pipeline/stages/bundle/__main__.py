"""Stage `bundle`: tiers, rule book and reference join model and calibration in data/model, under a manifest of hashes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from creditloom.decision.base.strict_json import plain
from creditloom.decision.bundle import load_scorer, write_manifest
from creditloom.decision.rulebook.law import Law
from creditloom.decision.rulebook.policy import (
    DataSources,
    Filters,
    Policy,
    compile_policy,
    tiers_only_policy,
)
from creditloom.decision.rulebook.product import Product
from creditloom.decision.score.tiers import Tiers
from creditloom.models.policy.bundle_policy import PolicyParams, reference
from creditloom.models.sample.split import TRAIN, SplitParams, roles
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document, section
from creditloom.pipeline.base.stage import run
from creditloom.storage.files.store import iter_tables, read_frame, write_json

ROWS = 20_000


def main() -> dict[str, int]:
    """Write tiers.json, policy.json, reference.json and manifest.json; return the rows behind the reference."""
    params = section("policy", PolicyParams)
    tiers, rules = Tiers.from_edges(params.tier_edges), _rules(params)
    scorer = load_scorer(paths.MODEL)
    training = _training(scorer.catalogue.names, section("split", SplitParams))
    compared = reference(
        scorer,
        tiers,
        Policy.from_json(json.dumps(rules)),
        training,
        params.reference_rows,
        params.psi_stop,
    )
    write_json(plain(tiers), paths.TIERS)
    write_json(rules, paths.POLICY)
    write_json(plain(compared), paths.REFERENCE)
    _show(write_manifest(paths.MODEL), params, compared.n)
    return {"reference applicants": compared.n}


def _rules(params: PolicyParams) -> dict[str, Any]:
    """The rule book: the default product under its laws, beside every other product and law; without a product that of the tiers alone."""
    if params.product is None:
        return tiers_only_policy()
    default = document(Product, paths.PRODUCTS / f"{params.product}.yaml")
    names = tuple(sorted(file.stem for file in paths.LAW.glob("*.yaml")))
    return compile_policy(
        default,
        _laws(params.law_profiles),
        products=tuple(product for product in every_product() if product.id != default.id),
        other_laws=_laws(name for name in names if name not in params.law_profiles),
        filters=document(Filters, paths.FILTERS),
        sources=document(DataSources, paths.SOURCES),
        validation=params.validation,
        horizon_days=params.horizon_days,
    )


def every_product() -> tuple[Product, ...]:
    """The committed products by file name."""
    return tuple(document(Product, file) for file in sorted(paths.PRODUCTS.glob("*_[vS]*.yaml")))


def _laws(names: Iterable[str]) -> tuple[Law, ...]:
    return tuple(document(Law, paths.LAW / f"{name}.yaml") for name in names)


def _training(names: tuple[str, ...], split: SplitParams) -> Iterator[np.ndarray]:
    """Feature rows of the training applicants, block by block."""
    is_training = roles(read_frame(paths.MATRIX, ["as_of"])["as_of"].to_numpy(), split) == TRAIN
    start = 0
    for block in iter_tables(paths.MATRIX, names, ROWS):
        x = block.to_pandas(ignore_metadata=True).to_numpy(np.float64)
        yield x[is_training[start : start + len(x)]]
        start += len(x)


def _show(version: str, params: PolicyParams, n_reference: int) -> None:
    table = Table("bundle", version[:16], title="bundle")
    table.add_row("product", params.product or "none: the tier alone decides")
    table.add_row("law", ", ".join(params.law_profiles) if params.product else "")
    table.add_row("reference", f"{n_reference:,} approved training applicants")
    Console().print(table)


if __name__ == "__main__":
    run("bundle", main)
