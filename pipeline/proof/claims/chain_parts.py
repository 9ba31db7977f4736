"""Parts of `creditloom claims` that need raw events, features, a model or decisions.

Each function takes the folders of the runs that it needs, in which the stages have run, and returns
the figures of its part, by claim.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.decide import Decider
from creditloom.models.evaluation.world_claims.claim_sample import ClaimFigure
from creditloom.models.evaluation.world_claims.measures import MEASURES, WITHOUT_EVENTS
from creditloom.models.evaluation.world_claims.other_runs import run_figures
from creditloom.models.evaluation.world_claims.other_runs.run_figures import FLOW_THAT_PASSES
from creditloom.models.learners import ridge
from creditloom.models.learners.ridge import RidgeParams
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.split import OOT, TRAIN, SplitParams
from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.matrix_reader import dataset, frame
from creditloom.pipeline.base.params import section
from creditloom.pipeline.proof.claims.labelled_parts import Figures
from creditloom.pipeline.stages.results.evaluate.truth_sample import loans_view, truth_alone
from creditloom.storage.files.formats import RESULTS, read_document
from creditloom.storage.files.store import open_parquet, read_json

# The products that the claims about flow name (claims.yaml).
FLOW_PRODUCTS = ("fenfu@S3", "weilidai@S5", "xiaoe@S3")
# No law refuses anyone: whom a law refuses anyway would hide that flow keeps him out.
NO_LAW = "off"
# Months that a book is run forward: the first reviews decide the claims about raised limits.
FORWARD_MONTHS = 6


class ClaimRunError(ValueError):
    """A run for the claims cannot be made or measured; the message says which, and why."""


def sample(folder: Path) -> Figures:
    """Return the claims on a run's own sample: those of `evaluate`, and of loans on more people.

    `evaluate` reads raw events of `evaluate.claims_applicants` people. Claims that need none of
    them are measured on all, up to 100,000.
    """
    with chdir(folder):
        figures = _evaluated()
        larger = loans_view(truth_alone(section("split", SplitParams)))
        for name in sorted(WITHOUT_EVENTS):
            figures[name] = MEASURES[name](larger)
    return figures


def _evaluated() -> Figures:
    """Return the figures by claim that the stage `evaluate` wrote, on its product's decisions."""
    found = read_document(paths.METRICS, RESULTS)["claims"]
    blocks = {name: block for name, block in found.items() if isinstance(block, dict)}
    return {
        name: None if block["found"] is None else ClaimFigure(block["found"], block["n"])
        for name, block in blocks.items()
    }


def incumbent(folder: Path) -> Figures:
    """Return what the ridge logit loses when the incumbent's decision is its only lesson.

    The ridge of the run learnt from labels. Its double has the same columns, and learns whether the
    incumbent declined, of all applications of the training months. Both rank everyone out of time
    by true PD, which is free of the luck of drawn outcomes.
    """
    with chdir(folder):
        split = section("split", SplitParams)
        by_labels = ridge.from_json(read_document(paths.RIDGE, RESULTS))
        names = by_labels.design.names
        whole = truth_alone(split)
        rows = whole.known
        truth = whole.applicants.set_index("application_id")
        lesson = _decided(dataset(rows.of(TRAIN), names), truth["is_approved"])
        by_decision = ridge.fit(lesson, split, section("ridge", RidgeParams))
        oot = dataset(rows.out_of_time(), names)
        reachable = read_document(paths.METRICS, RESULTS)["discrimination"]["gini_reachable"]
    pd_true = truth["pd_true"].reindex(oot.application_id).to_numpy()
    labels, decision = (one.margin(oot.features) for one in (by_labels, by_decision))
    gap = run_figures.incumbent_gap(pd_true, labels, decision, reachable)
    return {"incumbent_gap": gap}


def _decided(rows: Dataset, is_approved: pd.Series) -> Dataset:
    """Return the rows with the incumbent's refusal in place of the label, all of weight 1."""
    declined = 1.0 - is_approved.reindex(rows.application_id).to_numpy(float)
    return replace(rows, label=declined, outcome=declined, weight=np.ones(len(declined)))


def forward(folder: Path) -> Figures:
    """Return whose limits are raised, from `creditloom forward` in the folder."""
    stage_runner.run_command(folder, "forward", "--months", str(FORWARD_MONTHS))
    figures = read_json(folder / paths.FORWARD / "figures.json")
    accounts = figures["money"]["reviewed"]["accounts"]
    return {
        "cash_increase": run_figures.cash_increase(figures, accounts),
        "two_proofs": run_figures.two_proofs(figures, accounts),
    }


def flow(quarter: Path, full: Path) -> Figures:
    """Return how many out-of-time applications payment flow alone keeps out, and at which scale."""
    thinned = dict(_kept_out(quarter))
    whole = dict(_kept_out(full))
    every = {f"{name} thinned": flags for name, flags in thinned.items()} | whole
    return {
        "flow_refusals": run_figures.flow_refusals(every),
        "flow_scale": run_figures.flow_scale(thinned, whole),
    }


def _kept_out(folder: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each product with the applications that it refuses for payment flow alone."""
    with chdir(folder):
        decider = Decider.load(paths.MODEL)
        with open_parquet(paths.MATRIX) as matrix:
            columns = decider.columns(set(matrix.schema_arrow.names))
        absent = sorted(set(FLOW_THAT_PASSES) - set(columns))
        if absent:
            raise ClaimRunError(
                f"{folder / paths.MATRIX}: expected the policy inputs of flow, got none of "
                f"{', '.join(absent)}; run featurize again"
            )
        rows = frame(columns, section("split", SplitParams), [OOT])
    passing: dict[str, Any] = dict(FLOW_THAT_PASSES)
    for product in FLOW_PRODUCTS:
        decided, without_flow = (
            decider.decide(one, explain="none", product=product, law=NO_LAW)["decision"].to_numpy()
            for one in (rows, rows.assign(**passing))
        )
        yield product, run_figures.kept_out(decided, without_flow)
