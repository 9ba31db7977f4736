"""Evaluation of a small world end to end, and each block by hand where a hand can follow."""

from __future__ import annotations

import dataclasses
import datetime
import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from creditloom.decision.base.catalogue import Catalogue, Concept, Feature
from creditloom.decision.bundle import Bundle
from creditloom.decision.rulebook.policy import Policy, tiers_only_policy
from creditloom.decision.score.scorer import Calibration, Reference, Scorer
from creditloom.decision.score.tiers import Tiers
from creditloom.decision.score.tree_model import Margin
from creditloom.models.calibration.calibration import CalibrationParams, fit
from creditloom.models.evaluation.bars import FamilySpread
from creditloom.models.evaluation.evaluate import Inputs, Truth, evaluate
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.evaluation.groups.fairness_audit import FairnessSetting
from creditloom.models.evaluation.groups.fairness_rules import FairnessRules
from creditloom.models.evaluation.groups.fairness_tests import LawTests
from creditloom.models.evaluation.groups.row_decisions import RowDecisions
from creditloom.models.evaluation.rivals import reachable_gini
from creditloom.models.learners import booster, ridge
from creditloom.models.learners.booster import BoosterParams
from creditloom.models.sample.dataset import Dataset, HeldOutMargins, join
from creditloom.models.sample.metrics import gini
from creditloom.models.sample.split import SplitParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.pipeline.products.product_folder import ProductFolder

from .worlds import FAMILIES, SHARES, World, world

SPLIT = SplitParams(datetime.date(2024, 1, 1), 15, 3, 6)
PARAMS = EvaluateParams(
    bootstrap=20,
    share_rows=500,
    bins=10,
    min_tier_bads=20.0,
    min_group=50,
    cost_of_funds=0.025,
    lgd=0.75,
    account_cost_cny=60.0,
    reachable_rounds=20,
    claims_applicants=1_000,
    judged_features=50,
    threads=1,
    seed=1,
    paired_draws=50,
    pd_draws=20,
)
SPREAD = FamilySpread(bads=400, draws=10, seeds=(11,), sd=dict.fromkeys(FAMILIES, 0.05))
FAIRNESS = FairnessSetting(
    rules=document(FairnessRules, paths.FAIRNESS),
    tests=ProductFolder.of().only("fairness_tests", LawTests),
    decisions=RowDecisions(()),
    day=dt.date(2026, 1, 1),
)
GROWN = BoosterParams(
    feature_fraction=0.2, min_trees=60, max_trees=60, min_data_in_leaf=20, threads=1
)


def catalogue(w: World) -> Catalogue:
    concepts = dict.fromkeys((str(f["concept"]), str(f["family"])) for f in w.features)
    features = tuple(
        Feature(str(f["name"]), str(f["family"]), str(f["concept"])) for f in w.features
    )
    return Catalogue(tuple(Concept(c, family, c, c) for c, family in concepts), features)


RIDGE = ridge.RidgeParams(penalties=(100.0,))
EDGES = (0.02, 0.05, 0.08, 0.12, 0.16, 0.22, 0.3)


def _bundle(scorer: Scorer) -> Bundle:
    return Bundle(
        scorer=scorer,
        tiers=Tiers.from_edges(EDGES),
        policy=Policy.from_json(json.dumps(tiers_only_policy())),
        reference=Reference(dict.fromkeys(scorer.catalogue.concept_ids, 0.0), 1),
        version="v",
        policy_version="p",
    )


def inputs_of(w: World) -> Inputs:
    rows = join(w.matrix, w.labels, w.names, SPLIT)
    text = booster.boost(rows.training(), w.signs, GROWN, 60).model_to_string()
    calibrating = rows.of("calibration")
    booked = calibrating.where(~np.isnan(calibrating.outcome))
    margins = booster.margins(text, booked.features)
    line = fit(margins, booked.outcome, booked.weight, CalibrationParams())
    scorer = Scorer(catalogue(w), Margin(text, w.names, 1), Calibration(a=line.a, b=line.b))
    bundle = _bundle(scorer)
    everyone_pd = line.pd(booster.margins(text, rows.features))
    oot = rows.out_of_time()
    known = rows.where(np.isin(rows.role, ["train", "calibration"]))
    audit = pd.DataFrame(
        {"application_id": oot.application_id, "age_years": 18 + oot.application_id % 50}
    )
    family_of = {f.name: f.family for f in catalogue(w).features}
    truth = Truth(
        w.truth, {"shares_target": dict(zip(FAMILIES, SHARES, strict=True))}, known, family_of
    )
    challenger = ridge.fit(rows.training(), SPLIT, RIDGE)
    held_out = held_out_of(rows, challenger)
    without_features = dataclasses.replace(rows, features=np.empty((len(rows.label), 0)), names=())
    # table: input -> content
    return Inputs(
        bundle=bundle,
        ridge=challenger,
        oot=oot,
        calibrating=calibrating,
        held_out=held_out,
        judged=rows.where(np.isin(rows.application_id, held_out.application_id)),
        everyone=without_features,
        decisions=decisions_of(bundle, rows.application_id, everyone_pd),
        audit=audit,
        training_bads=int(rows.training().label.sum()),
        truth=truth,
        family_spread=SPREAD,
        fairness=FAIRNESS,
        rivals=rivals_of(oot, challenger),
    )


def rivals_of(oot: Dataset, challenger: ridge.Ridge) -> dict[str, tuple[np.ndarray, ...]]:
    """Return the challenger, and an incumbent that does not know every ninth applicant."""
    score = np.where(oot.application_id % 9, oot.features[:, 3], np.nan)
    return {"ridge": (challenger.margin(oot.features),), "incumbent": (score,)}


def held_out_of(rows: Dataset, challenger: ridge.Ridge) -> HeldOutMargins:
    """Return the challenger's held-out margins, for the model too: it has no origins here."""
    judged = np.isfinite(challenger.held_out)
    margin = challenger.held_out[judged]
    return HeldOutMargins(rows.training().application_id[judged], margin, margin)


def decisions_of(bundle: Bundle, ids: np.ndarray, pd_: np.ndarray) -> pd.DataFrame:
    """Return decisions by tier alone: whoever is not approved has one reason, nobody a price."""
    tier = np.array(bundle.tiers.names)[bundle.tiers.index(pd_)]
    decision = [bundle.policy.verdicts.get(name, "decline") for name in tier]
    reason = {"concept": "bureau_0", "points": -3.0, "text": "x"}
    columns = {
        "application_id": ids,
        "pd": pd_,
        "tier": tier,
        "decision": decision,
        "reasons": [[] if name == "approve" else [reason] for name in decision],
    }
    nulls = dict.fromkeys(("limit_cny", "daily_rate", "apr_irr12"), np.nan)
    return pd.DataFrame({**columns, **nulls})


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return inputs_of(world(8000, 3))


@pytest.fixture(scope="module")
def found(inputs: Inputs) -> tuple[dict, dict[str, pd.DataFrame]]:
    return evaluate(inputs, SPLIT, CalibrationParams(), PARAMS)


def test_metrics_hold_every_block_and_are_json(found: tuple[dict, dict[str, pd.DataFrame]]) -> None:
    blocks = {
        "discrimination",
        "calibration",
        "family_share",
        "portfolio",
        "challenger",
        "reasons",
        "fairness",
        "observable",
        "duels",
        "leak",
        "group_calibration",
        "final",
    }
    assert blocks <= set(found[0])
    json.dumps(found[0], allow_nan=False)


def test_oracle_tops_reachable_tops_model(found: tuple[dict, dict[str, pd.DataFrame]]) -> None:
    power = found[0]["discrimination"]
    assert power["gini_oracle"] > power["gini_reachable"] > power["gini_oot_true"] > 0.25
    for one in (power, power["ridge_logit"]):
        assert one["share_of_reachable_gini"] == pytest.approx(
            one["gini_oot_true"] / power["gini_reachable"]
        )


def test_figures_are_of_everyone_who_applied_out_of_time(
    inputs: Inputs, found: tuple[dict, dict[str, pd.DataFrame]]
) -> None:
    assert inputs.truth is not None
    both = inputs.decisions.merge(inputs.truth.applicants, on="application_id")
    late = both[np.isin(both["application_id"], inputs.oot.application_id)]
    assert found[0]["discrimination"]["gini_oot"] == pytest.approx(
        gini(late["defaulted"], late["pd"])
    )
    assert found[0]["calibration"]["bad_rate"] == pytest.approx(late["defaulted"].mean())
    approved = late[late["decision"] == "approve"]
    assert found[0]["portfolio"]["approval_rate"] == pytest.approx(len(approved) / len(late))
    assert found[0]["portfolio"]["bad_rate_approved_true"] == pytest.approx(
        approved["pd_neutral"].mean()
    )


def test_without_truth_what_needs_it_is_null_and_the_rest_is_observed(
    inputs: Inputs, found: tuple[dict, dict[str, pd.DataFrame]]
) -> None:
    blind, tables = evaluate(
        dataclasses.replace(inputs, truth=None), SPLIT, CalibrationParams(), PARAMS
    )
    power = blind["discrimination"]
    assert [
        power[k]
        for k in (
            "gini_oracle",
            "gini_reachable",
            "share_of_oracle_gini",
            "share_of_reachable_gini",
            "gini_oot_true",
        )
    ] == [None] * 5
    assert (
        power["auc_oot"] == blind["observable"]["weighted"]["auc_oot"]
        and blind["portfolio"]["bad_rate_approved_true"] is None
    )
    assert blind["observable"] == found[0]["observable"] and len(tables["states"]) == 0
    assert {row["target"] for row in blind["family_share"].values()} == {None}


def test_each_rival_is_met_at_the_door_and_on_booked_loans(
    inputs: Inputs, found: tuple[dict, dict[str, pd.DataFrame]]
) -> None:
    entries = {entry["id"]: entry for entry in found[0]["duels"]}
    assert list(entries) == ["ridge_door", "ridge_booked", "incumbent_door", "incumbent_booked"]
    door = entries["ridge_door"]
    power = found[0]["discrimination"]
    assert door["auc_delta"] == pytest.approx(power["auc_oot"] - power["ridge_logit"]["auc_oot"])
    shares = power["share_of_reachable_gini"] - power["ridge_logit"]["share_of_reachable_gini"]
    assert door["share_delta"] == pytest.approx(shares)
    assert door["low"] < door["auc_delta"] < door["high"]
    assert door["share_low"] < door["share_delta"] < door["share_high"]
    # One applicant in nine has no score of the incumbent: that duel is without them.
    assert entries["incumbent_door"]["n"] < door["n"] == len(inputs.oot.role)
    assert entries["incumbent_door"]["verdict"] == "ahead"


def test_without_truth_a_rival_is_met_on_observed_outcomes(inputs: Inputs) -> None:
    blind, tables = evaluate(
        dataclasses.replace(inputs, truth=None), SPLIT, CalibrationParams(), PARAMS
    )
    assert {entry["share_delta"] for entry in blind["duels"]} == {None}
    assert blind["leak"] is None and blind["has_truth"] is False
    assert blind["final"]["bad_rate_true"] is None and blind["final"]["approve_rate"] > 0
    json.dumps(blind, allow_nan=False)
    assert set(tables["groups"]["sample"]) == {"door", "booked"}


def test_groups_are_tested_at_the_door_and_on_booked_loans(
    inputs: Inputs, found: tuple[dict, dict[str, pd.DataFrame]]
) -> None:
    groups = found[1]["groups"]
    door = groups[groups["sample"] == "door"]
    assert set(door["field"]) >= {"tier", "vintage", "payment file", "bureau file", "segment"}
    # The incumbent's answer to who was not booked is not known in this miniature.
    for _, part in door[door["field"] != "incumbent"].groupby("field"):
        assert part["n"].sum() == len(inputs.oot.role)
    # An interval holds its own figure, and a group's mean PD has one.
    known = door[door["bads"] > 5]
    assert ((known["low"] < known["o_e"]) & (known["o_e"] < known["high"])).all()
    assert (known["mean_pd_low"] < known["mean_pd_high"]).all()
    assert door[door["field"] == "vintage"]["shape_p"].isna().all()


def test_final_decisions_count_the_referred_and_the_incomplete_apart(inputs: Inputs) -> None:
    rule = [{"concept": "M2", "points": None, "text": "income not verified"}]
    late = np.isin(inputs.decisions["application_id"], inputs.oot.application_id)
    some = late & (inputs.decisions["application_id"] % 5 == 0).to_numpy()
    decided = inputs.decisions.copy()
    decided.loc[some, "decision"] = "refer"
    decided["reasons"] = [rule if is_m2 else [] for is_m2 in some]
    final, _ = evaluate(
        dataclasses.replace(inputs, decisions=decided), SPLIT, CalibrationParams(), PARAMS
    )
    shown = final["final"]
    assert shown["incomplete"] == some.sum()
    assert shown["asked"] == late.sum() - some.sum()
    assert shown["approve_rate"] + shown["refer_rate"] + shown["decline_rate"] == pytest.approx(1)


def test_tables_add_up(inputs: Inputs, found: tuple[dict, dict[str, pd.DataFrame]]) -> None:
    """S4-R04, S4-R53: groups the model never saw are compared."""
    tables = found[1]
    assert (
        tables["tiers"]["n"].sum() == len(inputs.oot.label)
        and tables["tiers"]["mean_pd"].dropna().is_monotonic_increasing
    )
    # Weighted counts are no whole numbers, and have both p-values all the same.
    tiers = tables["tiers"].dropna(subset=["jeffreys_p"])
    assert len(tiers) > 3
    assert ((tiers["jeffreys_p"] < tiers["binomial_p"]) & (tiers["binomial_p"] <= 1)).all()
    assert tables["vintages"]["role"].value_counts().to_dict() == {
        "train": 15,
        "oot": 6,
        "calibration": 3,
    }
    assert tables["families"]["share"].sum() == pytest.approx(1)
    assert tables["fairness"].groupby("field")["approval_ratio"].max().eq(1).all()
    assert set(tables["fairness"]["group"]) >= {"under 25", "25-34"}
    rows = tables["fairness_rows"]
    assert set(rows["outcome"]) >= {"decision", "tier", "refusal"}
    assert set(rows["basis"]) == {"plain", "given_pd", "truly_good", "seen_good"}
    assert (rows["n"] >= PARAMS.min_group).all()
    assert set(tables["fairness_proxies"]["by"]) >= {"score", "concept", "feature", "all features"}
    for name in ("roc", "ks"):
        assert set(tables[name]["series"]) == {"model", "ridge_logit"}
    assert tables["states"]["r2"].between(0.3, 1).all()


def test_every_adverse_decision_has_a_reason_and_points_add_up(
    found: tuple[dict, dict[str, pd.DataFrame]],
) -> None:
    told = found[0]["reasons"]
    assert told["share_with_reason"] == 1.0 and told["largest_sum_error_points"] < 1e-9


def test_an_adverse_decision_without_reason_is_seen(inputs: Inputs) -> None:
    silent = inputs.decisions.assign(reasons=[[] for _ in range(len(inputs.decisions))])
    found, _ = evaluate(
        dataclasses.replace(inputs, decisions=silent, truth=None),
        SPLIT,
        CalibrationParams(),
        PARAMS,
    )
    assert found["reasons"]["share_with_reason"] == 0.0


def test_reachable_counts_what_the_matrix_tells_of_fraud() -> None:
    """Frauds are not part of the systematic log-odds, but a model can find them.

    So the reachable Gini must include them.
    """
    w = world(4000, 5)
    rng = np.random.default_rng(1)
    fraud = rng.random(4000) < 0.05
    pd_true = np.where(fraud, 0.8, w.truth["pd_neutral"])
    seen = w.matrix.assign(device_shared=fraud + rng.normal(size=4000) * 0.1)
    rows = join(seen, w.labels, (*w.names, "device_shared"), SPLIT)
    late = rows.role == "oot"
    early = rows.role != "oot"
    logodds = w.truth["logodds_systematic"].to_numpy()
    found = reachable_gini.reachable_logodds(
        rows.where(early),
        logodds[early],
        pd_true[early],
        rows.out_of_time(),
        reachable_gini.TreeParams(rounds=30, threads=1),
    )
    assert gini(pd_true[late], found) > 1.1 * gini(pd_true[late], logodds[late])
