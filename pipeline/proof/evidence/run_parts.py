"""Parts of `creditloom evidence` that read a run, or run the procedure on it once more.

Each function takes the folder of a run whose stages have run, and returns what is kept of its part:
a JSON object.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.decision.base.catalogue import Catalogue
from creditloom.features.label import MONTHS_SCHEMA
from creditloom.models.evaluation.bars import figure
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.evaluation.rivals.paired import Scores, interval, paired_draws
from creditloom.models.learners.booster import margins
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.metrics import gini
from creditloom.models.sample.split import OPTIMISTIC, SplitParams
from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.matrix_reader import dataset, everyone
from creditloom.pipeline.base.params import section
from creditloom.pipeline.proof.claims.labelled_world import LabelledWorld
from creditloom.pipeline.proof.evidence.oot_rows import oot_rows
from creditloom.pipeline.stages.results.evaluate.truth_sample import truth_alone
from creditloom.storage.files.formats import RESULTS, read_document
from creditloom.storage.files.store import read_json, read_table, write_table

Content = dict[str, Any]
OPTIMISTIC_SPLIT = {"split.known_by": OPTIMISTIC}
# Where nobody is refused, no way of reject inference has anything to infer.
NOBODY_REFUSED = {**OPTIMISTIC_SPLIT, "reject.way": "none"}
# Refits tell errors of reasons and of groups; no ranking asks for them.
NO_REFITS = {"train.refits.draws": 0}
# The model of the run itself, the same procedure by the optimistic split, and with every label.
EMBARGO_MODEL = "embargo"
OPTIMISTIC_MODEL = "optimistic"
CEILING_MODEL = "ceiling"


class EvidenceRunError(ValueError):
    """A run of the evidence lacks a figure; the message says which, and why."""


def run(folder: Path) -> Content:
    """Return the metrics of the run, and the share of what is reachable with its interval.

    The interval is that of drawn applicants.
    """
    with chdir(folder):
        metrics: Content = read_document(paths.METRICS, RESULTS)
        rows = oot_rows()
        ones = {EMBARGO_MODEL: (rows.cohort.pd,)}
        share = shares_of(ones, rows.pd_true, _reachable(metrics), _luck())[EMBARGO_MODEL]
    return {"metrics": metrics, "share": share}


def large(folder: Path) -> Content:
    """Return the metrics of a large world."""
    with chdir(folder):
        return {"metrics": read_document(paths.METRICS, RESULTS)}


def backtest(folder: Path) -> Content:
    """Return what the inner estimate promised at earlier origins, and what followed."""
    stage_runner.run_command(folder, "backtest")
    found: Content = read_json(folder / paths.BACKTEST)
    return found


def information(folder: Path) -> Content:
    """Return the shares of the reachable Gini by what the same procedure was told.

    embargo: of the run. optimistic: all outcomes that the file says. ceiling: everyone booked, each
    true outcome known, weight 1. Intervals are of drawn applicants; `of_ceiling` is paired.
    """
    with chdir(folder):
        reachable = _reachable(read_document(paths.METRICS, RESULTS))
        scores = {EMBARGO_MODEL: (_oot_margin(paths.MODEL_TXT.resolve()),)}
        pd_true = _true_pd()
    for name, change_labels in ((OPTIMISTIC_MODEL, None), (CEILING_MODEL, all_told)):
        side = folder.parent / f"{folder.name}-{name}"
        changes = OPTIMISTIC_SPLIT if change_labels is None else NOBODY_REFUSED
        text = trained_again(folder, side, changes, change_labels)
        with chdir(folder):
            scores[name] = (_oot_margin(text),)
        shutil.rmtree(side)
    with chdir(folder):
        luck = _luck()
    shares = shares_of(scores, pd_true, reachable, luck)
    return {**shares, "of_ceiling": of_ceiling(scores, pd_true, luck)}


def trained_again(
    folder: Path,
    side: Path,
    changes: Mapping[str, Any],
    change_labels: Callable[[pa.Table, pd.DataFrame], pa.Table] | None,
) -> Path:
    """Select and train in `side` on the features of `folder`; return the text of the model.

    `side` is made anew: what an interrupted run left there may be torn.
    """
    shutil.rmtree(side, ignore_errors=True)
    stage_runner.prepare(side, {**changes, **NO_REFITS}, folder / paths.PARAMS)
    for file in sorted((folder / paths.FEATURES).rglob("*")):
        place = side / file.relative_to(folder)
        if file.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(file, place)
    if change_labels is not None:
        with chdir(folder):
            labels = read_table(paths.LABELS)
            truth = truth_alone(section("split", SplitParams)).applicants
        # A writer puts a new file in the place of the link: the run keeps its own.
        write_table(change_labels(labels, truth), side / paths.LABELS)
        write_table(all_months(folder, truth), side / paths.LOAN_MONTHS)
    stage_runner.run(side, ("select", "train"))
    return (side / paths.MODEL_TXT).resolve()


def all_told(labels: pa.Table, truth: pd.DataFrame) -> pa.Table:
    """Return labels in which nobody was refused and each true outcome is known, weight 1."""
    ids = labels["application_id"].to_numpy()
    outcomes = truth.set_index("application_id")["defaulted"].reindex(ids)
    yes = np.ones(len(ids), bool)
    told = {
        "is_booked": yes,
        "is_complete": yes,
        "is_indeterminate": ~yes,
        "label": outcomes.to_numpy(),
        "weight": yes.astype(np.float64),
    }
    for name, values in told.items():
        field = labels.schema.field(name)
        place = labels.schema.get_field_index(name)
        labels = labels.set_column(place, field, pa.array(values).cast(field.type))
    return labels


def all_months(folder: Path, truth: pd.DataFrame) -> pa.Table:
    """Return the months on book of everyone, had nobody been refused, as `loan_months` writes them.

    truth: application_id by applicant. All are known when the first of them applied.
    """
    is_late = LabelledWorld.of(folder).late_months()
    ids = truth.sort_values("applicant_id")["application_id"].to_numpy()
    n_months = is_late.shape[1]
    columns = {
        "application_id": np.repeat(ids, n_months),
        "month_on_book": np.tile(np.arange(1, n_months + 1), len(ids)),
        "known_time": pa.nulls(is_late.size, pa.timestamp("us")),
        "is_late": is_late.ravel(),
    }
    return pa.Table.from_pydict(columns, schema=MONTHS_SCHEMA)


def _oot_margin(text: Path) -> Floats:
    """Return the margins of the out-of-time applicants by the model whose text is at `text`."""
    catalogue = Catalogue.from_json((text.parent / paths.MODEL_CATALOGUE.name).read_bytes())
    rows = dataset(everyone(section("split", SplitParams)).out_of_time(), catalogue.names)
    return margins(text.read_text(encoding="utf-8"), rows.features)


def _true_pd() -> Floats:
    whole = truth_alone(section("split", SplitParams))
    truth = whole.applicants.set_index("application_id")["pd_true"]
    found = truth.reindex(whole.known.out_of_time().application_id)
    return np.asarray(found.to_numpy(float))


def _reachable(metrics: Mapping[str, Any]) -> float:
    found = figure(metrics, "discrimination.gini_reachable")
    if found is None:
        raise EvidenceRunError(
            f"{paths.METRICS}: expected discrimination.gini_reachable, got none; the evidence "
            "needs a simulated world. Leave source.kind at `world`."
        )
    return found


def _luck() -> tuple[int, int]:
    params = section("evaluate", EvaluateParams)
    return params.paired_draws, params.seed


def shares_of(
    scores: Mapping[str, Scores], pd_true: Floats, reachable: float, luck: tuple[int, int]
) -> dict[str, Content]:
    """Return by ranking its Gini on the true PD as a share of `reachable`, with its interval.

    luck: number of draws of applicants, and their seed.
    """
    drawn = paired_draws(pd_true, np.ones(len(pd_true)), scores, *luck)
    shares = {}
    for name, (score,) in scores.items():
        low, high = interval((2 * drawn[name] - 1) / reachable)
        shares[name] = {"value": gini(pd_true, score) / reachable, "low": low, "high": high}
    return shares


def of_ceiling(scores: Mapping[str, Scores], pd_true: Floats, luck: tuple[int, int]) -> Content:
    """Return the Gini of the run as a share of that of the ceiling, with its paired interval."""
    drawn = paired_draws(pd_true, np.ones(len(pd_true)), scores, *luck)
    own, top = (2 * drawn[name] - 1 for name in (EMBARGO_MODEL, CEILING_MODEL))
    low, high = interval(own / top)
    whole = gini(pd_true, scores[EMBARGO_MODEL][0]) / gini(pd_true, scores[CEILING_MODEL][0])
    return {"value": whole, "low": low, "high": high}
