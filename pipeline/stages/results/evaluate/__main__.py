"""Stage `evaluate`: measures model and decisions, and writes metrics.json and the report's tables.

In the simulated world it also reads the truth. No other stage does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from rich.table import Table

from creditloom.decision.bundle import Bundle
from creditloom.decision.decide import Decider
from creditloom.decision.pricing.profit import ProfitTerms
from creditloom.decision.rulebook.economics import Economics
from creditloom.models.calibration.calibration import CalibrationParams
from creditloom.models.evaluation.bars import Bars, FamilySpread
from creditloom.models.evaluation.evaluate import Inputs, evaluate
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.evaluation.groups.fairness_audit import FairnessSetting
from creditloom.models.evaluation.groups.fairness_rules import FairnessRules
from creditloom.models.evaluation.groups.fairness_tests import LawTests
from creditloom.models.evaluation.groups.group_figures import PAYMENT_FAMILY
from creditloom.models.evaluation.groups.row_decisions import RowDecisions
from creditloom.models.evaluation.profit.profit_bridge import PricedOffers, ProfitBridge
from creditloom.models.evaluation.world_claims import claims
from creditloom.models.evaluation.world_claims.claims import Claims
from creditloom.models.learners.ridge import from_json
from creditloom.models.sample.dataset import Dataset, HeldOutMargins
from creditloom.models.sample.split import CALIBRATION, OOT, TRAIN, SplitParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.headline import measured
from creditloom.pipeline.base.matrix_reader import dataset, everyone, frame
from creditloom.pipeline.base.params import document, section
from creditloom.pipeline.base.stage import run
from creditloom.pipeline.book import book_world
from creditloom.pipeline.book.priced_book import bridge_of
from creditloom.pipeline.products.product_folder import ProductFolder
from creditloom.pipeline.stages.results.evaluate.audit_columns import audit_columns
from creditloom.pipeline.stages.results.evaluate.book_curves import book_curves
from creditloom.pipeline.stages.results.evaluate.curves import write_curves
from creditloom.pipeline.stages.results.evaluate.product_claims import product_claims
from creditloom.pipeline.stages.results.evaluate.refit_margins import refit_margins
from creditloom.pipeline.stages.results.evaluate.rival_scores import fitted_rivals, rival_scores
from creditloom.pipeline.stages.results.evaluate.truth_sample import (
    claims_view,
    truth_sample,
)
from creditloom.storage.files.formats import RESULTS, read_document, write_document
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.files.store import read_frame, write_json, write_table

DECIDED = (
    "application_id",
    "as_of",
    "law_profile",
    "pd",
    "tier",
    "decision",
    "limit_cny",
    "daily_rate",
    "apr_irr12",
    "apr_simple360",
    "reasons",
    "actions",
)


def main() -> dict[str, int]:
    """Write metrics.json, figures.json, curves and evaluation below data/reports.

    Returns the number of out-of-time applications.
    """
    split = section("split", SplitParams)
    params = section("evaluate", EvaluateParams)
    inputs = _inputs(split, params)
    metrics, tables = evaluate(inputs, split, section("calibration", CalibrationParams), params)
    metrics["profit_bridge"] = _bridge(inputs, params)
    tables |= book_curves()
    # Some claims about the world are about the portfolio. They use the figures above.
    if inputs.truth is not None:
        shown = {**metrics["portfolio"], "n": metrics["rows"]["oot"]}
        sample = claims_view(inputs.truth, params.claims_applicants, shown, inputs.decisions)
        others = product_claims(inputs.truth, split)
        stated = document(Claims, paths.CLAIMS)
        tables["claims"] = claims.table(stated, sample, others=others)
        metrics["claims"] = claims.summary(tables["claims"])
    for name, table in tables.items():
        rows = pa.Table.from_pandas(table, preserve_index=False)
        write_table(rows, paths.EVALUATION / f"{name}.parquet")
    write_curves(tables, paths.CURVES)
    write_document(metrics, paths.METRICS, RESULTS)
    # Without a number of a format, which DVC would show as a ninth figure.
    write_json(measured(metrics), paths.FIGURES)
    _show(metrics)
    return {"applications": metrics["rows"]["oot"]}


def _inputs(split: SplitParams, params: EvaluateParams) -> Inputs:
    """Return the inputs: bundle, challenger, samples, decisions, and the truth if there is one."""
    bundle = Decider.load(paths.MODEL).bundle
    names = bundle.scorer.catalogue.names
    truth = truth_sample(names, split, params.judged_features)
    applications = everyone(split)
    rivals = fitted_rivals(applications, split)
    # The predictors that are fitted on the truth also use features that the model left out, and the
    # rivals choose columns of their own.
    of_truth = () if truth is None else truth.known.names
    of_rivals = (name for rival in rivals for name in rival.columns)
    oot = dataset(applications.out_of_time(), tuple(dict.fromkeys((*names, *of_truth, *of_rivals))))
    training = read_document(paths.TRAINING, RESULTS)
    decisions = read_frame(paths.DECISIONS, DECIDED)
    audit = frame(audit_columns(), split, [OOT])
    door = dataset(applications.of(CALIBRATION), names)
    challenger = from_json(read_document(paths.RIDGE, RESULTS))
    held_out = _held_out()
    # table: input -> where it comes from
    return Inputs(
        bundle=bundle,
        ridge=challenger,
        oot=oot,
        calibrating=door,
        held_out=held_out,
        judged=_judged(applications, held_out, bundle),
        everyone=applications,
        decisions=decisions,
        audit=audit,
        training_bads=training["n_bads"],
        truth=truth,
        family_spread=document(FamilySpread, paths.FAMILY_SPREAD),
        fairness=_fairness(decisions, oot.application_id, params),
        profit_terms=_profit_terms(bundle, params),
        rivals=rival_scores(rivals, challenger, oot, split),
        refit_margins=refit_margins(oot, names),
        training=dataset(applications.of(TRAIN).at_most(params.training_rows), names),
    )


def _judged(applications: Dataset, held_out: HeldOutMargins, bundle: Bundle) -> Dataset:
    """Return the held-out loans with the features that tell a thin payment file."""
    catalogue = bundle.scorer.catalogue
    names = [one.name for one in catalogue.features if one.family == PAYMENT_FAMILY]
    rows = applications.where(np.isin(applications.application_id, held_out.application_id))
    # A table of one's own may have no such family.
    return dataset(rows, names) if names else rows


def _held_out() -> HeldOutMargins:
    """Return the margins that the stage `train` held out."""
    rows = read_frame(paths.HELD_OUT)
    return HeldOutMargins(
        application_id=rows["application_id"].to_numpy(),
        margin=rows["margin"].to_numpy(),
        ridge_margin=rows["ridge_margin"].to_numpy(),
    )


def _fairness(
    decisions: pd.DataFrame, judged: NDArray[np.int64], params: EvaluateParams
) -> FairnessSetting:
    """Return what the fairness audit is held against, on the day of the last judged decision."""
    folder = ProductFolder.of()
    late = decisions.loc[decisions["application_id"].isin(judged), "as_of"]
    return FairnessSetting(
        rules=document(FairnessRules, paths.FAIRNESS),
        tests=folder.only("fairness_tests", LawTests),
        decisions=folder.only("fairness_decisions", RowDecisions),
        day=pd.Timestamp(late.max()).date(),
        jurisdiction=params.fairness_law,
    )


def _profit_terms(bundle: Bundle, params: EvaluateParams) -> ProfitTerms | None:
    """Return the terms of the profit of the bundle's product; None where the tier alone decides."""
    product = bundle.policy.product
    if product is None:
        return None
    economics = ProductFolder.of().only("economics", Economics)
    return economics.terms_of(product, params.account_cost_cny)


def _bridge(inputs: Inputs, params: EvaluateParams) -> dict[str, Any] | None:
    """Return the bridge of the out-of-time offers: from the price to the book run forward.

    It ends with the expected profit where the world is not simulated or nothing is to be run
    (`forward_months`); None where the tier alone decides. The world is run, not read: nothing of it
    goes back to a model.
    """
    terms = inputs.profit_terms
    if terms is None:
        return None
    is_oot = inputs.decisions["application_id"].isin(inputs.oot.application_id)
    offers = PricedOffers.approved(inputs.decisions[is_oot])
    is_world = section("source", SourceParams).kind == "world" and inputs.truth is not None
    if not is_world or not params.is_run_forward:
        return ProfitBridge.expected(offers.profit_fen(terms)).to_json()
    world, numbers = book_world.world_of_params()
    return bridge_of(world, numbers, offers, terms).to_json()


def _show(metrics: Mapping[str, Any]) -> None:
    title = f"evaluate: {metrics['rows']['oot']:,} applicants"
    table = Table("out-of-time", "model", "aim", "ridge logit", title=title)
    for bar in document(Bars, paths.BARS).bars:
        model = bar.shown(metrics, bar.figure)
        table.add_row(bar.name, model, bar.at(metrics).aim, bar.shown(metrics, bar.ridge))
    power = metrics["discrimination"]
    table.add_row("AUC", f"{power['auc_oot']:.4f}", "", f"{power['ridge_logit']['auc_oot']:.4f}")
    table.add_row("KS", f"{power['ks_oot']:.4f}", "", f"{power['ridge_logit']['ks_oot']:.4f}")
    Console().print(table)


if __name__ == "__main__":
    run("evaluate", main)
