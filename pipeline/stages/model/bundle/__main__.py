"""Stage `bundle`: adds tiers, rule book and reference to model and calibration in data/model.

The last file is a manifest with the hashes of all files. The hash of the manifest is the version of
the model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.table import Table

from creditloom.decision.base.layout import Layout
from creditloom.decision.base.strict_json import plain
from creditloom.decision.bundle import load_scorer, write_manifest
from creditloom.decision.rulebook.policy import Policy
from creditloom.models.policy.bundle_policy import PolicyParams, reference
from creditloom.models.sample.split import TRAIN, SplitParams, roles
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import section
from creditloom.pipeline.base.stage import run
from creditloom.pipeline.products.written_policy import recorded_approvals, rules_of, tiers_of
from creditloom.storage.files.formats import RESULTS, read_document
from creditloom.storage.files.store import iter_tables, read_frame, read_json, write_json

# Rows scored at a time, so that memory does not grow with the number of training applicants.
ROWS = 20_000


def main() -> dict[str, int]:
    """Write tiers, policy, reference, layout, approval and manifest, each .json, into data/model.

    The record of approvals is that of products/. The layout is that of a finished table; of raw
    tables it is empty, and no part of the bundle. Returns the number of applicants behind the
    reference.
    """
    params = section("policy", PolicyParams)
    tiers = tiers_of(params)
    rules = rules_of(params)
    # Write and read the rules as text, as the runtime does. The reference is then made with exactly
    # the rules that will decide.
    policy = Policy.from_json(json.dumps(rules))
    scorer = load_scorer(paths.MODEL)
    rows = _training_rows(scorer.catalogue.names, section("split", SplitParams))
    held_out = read_frame(paths.HELD_OUT_APPLICANTS, ["margin"])["margin"].to_numpy()
    compared = reference(
        scorer,
        tiers,
        policy,
        rows,
        params.reference_rows,
        params.psi_stop,
        held_out=held_out,
        concept_errors=read_document(paths.TRAINING, RESULTS).get("concept_errors"),
        unexplained_share=params.unexplained_share,
    )
    write_json(plain(tiers), paths.TIERS)
    write_json(rules, paths.POLICY)
    write_json(plain(compared), paths.REFERENCE)
    write_json(plain(_layout()), paths.LAYOUT)
    write_json(_record(rules, params), paths.APPROVAL)
    _show(write_manifest(paths.MODEL), params, compared.n)
    return {"reference applicants": compared.n}


def _record(rules: dict[str, Any], params: PolicyParams) -> dict[str, Any]:
    """Return the record of approvals; an empty one of a trial and where nothing is offered.

    A policy that nobody approved makes a bundle too, which decides nothing.
    """
    is_recorded = params.needs_approval and rules["product"] is not None
    return plain(recorded_approvals()) if is_recorded else {}


def _layout() -> Layout:
    """Return the layout of the finished table that was trained on; an empty one of raw tables."""
    return Layout.from_json(json.dumps(read_json(paths.CATALOGUE).get("layout", {})))


def _training_rows(names: tuple[str, ...], split: SplitParams) -> Iterator[np.ndarray]:
    """Yield blocks of feature rows of the training applicants: rows x names, NaN = null."""
    as_of = read_frame(paths.MATRIX, ["as_of"])["as_of"].to_numpy()
    is_training = roles(as_of, split) == TRAIN
    start = 0
    for block in iter_tables(paths.MATRIX, names, ROWS):
        x = block.to_pandas(ignore_metadata=True).to_numpy(np.float64)
        yield x[is_training[start : start + len(x)]]
        start += len(x)


def _show(version: str, params: PolicyParams, reference_rows: int) -> None:
    table = Table("bundle", version[:16], title="bundle")
    table.add_row("product", params.product or "none: the tier alone decides")
    table.add_row("law", ", ".join(params.law_profiles) if params.product else "")
    table.add_row("reference", f"{reference_rows:,} approved training applicants")
    Console().print(table)


if __name__ == "__main__":
    run("bundle", main)
