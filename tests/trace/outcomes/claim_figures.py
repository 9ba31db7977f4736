"""Shares that the sources state, judged on a product's own final decisions in the shared world.

The model has all features. `weilidai@S5` is the product that claims.yaml names; `house@v1` gives
the bad rate of what is approved and the audit of groups.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.feather as feather

from creditloom.decision.rulebook.economics import Economics
from creditloom.models.evaluation.cohort import Cohort
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.evaluation.groups.audit import fairness_table
from creditloom.models.evaluation.groups.audit_groups import audit_groups
from creditloom.models.evaluation.groups.fairness_rules import FairnessRules
from creditloom.models.evaluation.profit.portfolio_figures import portfolio
from creditloom.models.evaluation.world_claims import claims
from creditloom.models.evaluation.world_claims.claim_sample import ClaimSample
from creditloom.models.evaluation.world_claims.claims import Claims
from creditloom.models.evaluation.world_claims.risk_figures import bad_rate_approved, of_decisions
from creditloom.models.sample.dataset import undated_dataset
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document, section
from creditloom.pipeline.products.product_folder import ProductFolder
from tests.policy.test_situations import products
from tests.trace.outcomes import small_model, worlds

GUIDE = "weilidai@S5"
HOUSE = "house@v1"
BAD_RATE = "bad_rate_approved"
AUDIT = "audit of groups"
# What judges decisions and does not make them.
JUDGES = "models/evaluation/"
READ = (
    "application_id",
    "decision",
    "pd",
    "limit_cny",
    "daily_rate",
    "apr_irr12",
    "apr_simple360",
)
OF_GUIDE = ("approval", "merchant_uplift", "blue_collar_served", "contributions_uplift")


def names() -> set[str]:
    """Return the claims that are judged here, and the audit."""
    return {*OF_GUIDE, BAD_RATE, AUDIT}


def run(name: str) -> dict[str, Any]:
    """Return figure, people behind it, bound and verdict of a claim, or the table of the audit."""
    matrix = feather.read_table(worlds.kept() / "matrix.arrow").to_pandas()
    decided = _decided(GUIDE if name in OF_GUIDE else HOUSE, matrix)
    world = _sample(matrix)
    if name == AUDIT:
        approved = (decided["decision"] == "approve").to_numpy()
        groups = audit_groups(matrix, None, document(FairnessRules, paths.FAIRNESS))
        table = fairness_table(_cohort(matrix, decided, world), groups, approved, _params())
        return {f"{row.field} {row.group}": _rounded(row) for row in table.itertuples()}
    if name == BAD_RATE:
        figures = {BAD_RATE: bad_rate_approved(_with_portfolio(world, matrix, decided))}
    else:
        passed = pd.Series(decided["decision"].to_numpy(), index=decided["application_id"])
        figures = of_decisions(world, passed, _contributions())
    stated = document(Claims, paths.CLAIMS)
    chosen = Claims(1, (), tuple(claim for claim in stated.claims if claim.id == name))
    row = claims.table(chosen, ClaimSample(world.people, {}, {}), others=figures).iloc[0]
    return {key: row[key] for key in ("bound", "verdict", "found")} | {"n": int(row["n"])}


def _decided(product: str, matrix: pd.DataFrame) -> pd.DataFrame:
    """Return everyone's decision; that of the right reading where the wrong one cannot reach it."""
    file = worlds.kept() / f"{product}.arrow"
    broken = os.environ.get("TRACE_BROKEN", "")
    if broken.startswith(JUDGES) and file.exists():
        return feather.read_table(file).to_pandas()
    label = feather.read_table(worlds.kept() / "labels.arrow").to_pandas()
    found = small_model.decisions(matrix, label, product, small_model.EVERYTHING)[list(READ)]
    if not broken:
        feather.write_feather(found, file)
    return found


def _sample(matrix: pd.DataFrame) -> ClaimSample:
    people = pd.read_parquet(worlds.kept() / "truth" / "applicants.parquet")
    as_of = matrix.set_index("applicant_id")["as_of"]
    return ClaimSample(people.set_index("applicant_id").join(as_of), {}, {})


def _contributions() -> pd.DataFrame:
    files = sorted((worlds.kept() / "raw" / "contributions").glob("**/*.parquet"))
    return pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)


def _params() -> EvaluateParams:
    return section("evaluate", EvaluateParams, paths.DEFAULTS)


def _cohort(matrix: pd.DataFrame, decided: pd.DataFrame, world: ClaimSample) -> Cohort:
    outcome = world.people["defaulted"].to_numpy(np.float64)
    pd_ = decided["pd"].to_numpy(np.float64, na_value=np.nan)
    rows = undated_dataset(np.empty((len(matrix), 0)), (), outcome, "oot")
    truth = world.people.reset_index()
    return Cohort(rows, pd_, pd_, decided, matrix, truth, 0.0, 1.0)


def _with_portfolio(world: ClaimSample, matrix: pd.DataFrame, decided: pd.DataFrame) -> ClaimSample:
    product = products()[HOUSE]
    tiers, policy = small_model.house_rules(product)
    economics = ProductFolder.of().only("economics", Economics)
    terms = economics.terms_of(product, _params().account_cost_cny)
    shown = portfolio(_cohort(matrix, decided, world), tiers, policy, terms)
    return ClaimSample(world.people, {}, {}, portfolio={**shown, "n": len(decided)})


def _rounded(row: Any) -> list[float]:
    return [row.n, round(row.approval_rate, 9), round(row.approval_ratio, 9)]
