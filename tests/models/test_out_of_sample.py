"""PDs that a later score or a drift check starts from are of models that never saw the row.

A model that memorises its rows shows what the others hide: it knows their outcomes.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from creditloom.decision.bundle import load_scorer
from creditloom.decision.rulebook.policy import Policy
from creditloom.decision.score.drift import shares, smoothed_psi
from creditloom.decision.score.scorer import Calibration
from creditloom.decision.score.tiers import Tiers
from creditloom.models.learners.booster import BoosterParams
from creditloom.models.policy.bundle_policy import reference
from creditloom.models.sample.dataset import ChosenFeatures, Dataset
from creditloom.models.sample.metrics import auc
from creditloom.models.sample.split import TRAIN, SplitParams
from creditloom.models.stacking.boosted import BoostedLearner
from creditloom.models.stacking.learner import NamedLearner
from creditloom.models.stacking.procedure import HeldOutPaths, held_out_paths
from creditloom.models.training.held_out import applicant_masks, origin_folds
from creditloom.pipeline.commands.portfolio.behaviour import booking_decisions
from tests.decision import small

SPLIT = SplitParams(datetime.date(2024, 1, 1), 24, 3, 6, origins=2)
FIRST = 18  # the first judged month
LAST = 21  # the first month of the last origin
NAMES = tuple(f"f{k}" for k in range(12))
# Deep trees without any brake: they know their rows by heart.
BY_HEART = BoosterParams(
    learning_rate=0.3,
    max_depth=-1,
    num_leaves=63,
    min_data_in_leaf=1,
    min_sum_hessian=0.0,
    lambda_l2=0.0,
    feature_fraction=1.0,
    bagging_fraction=1.0,
    is_extra_trees=False,
    threads=1,
)
LEARNER = BoostedLearner(BY_HEART, (60,), least_columns=1)
N = 2_700


def rows() -> Dataset:
    """Loans of 27 months whose outcome hangs on nothing, so that only memory could tell it."""
    rng = np.random.default_rng(2)
    label = (rng.random(N) < 0.2).astype(float)
    x = rng.normal(size=(N, len(NAMES)))
    month = np.arange(N) % 27
    return Dataset(np.arange(N), x, NAMES, label, label, np.ones(N), month, np.full(N, TRAIN))


def paths(sample: Dataset) -> HeldOutPaths:
    """Margins of all rows from the first judged month on, taken as applicants."""
    applicants = sample.where(sample.month >= FIRST)
    features = ChosenFeatures.the_same(NAMES, SPLIT)
    folds = origin_folds(sample, dict.fromkeys(NAMES, 0), SPLIT, features, applicants)
    n = len(sample.label)
    learners = [NamedLearner("booster", LEARNER)]
    return held_out_paths(folds, learners, n + len(applicants.label)).part(n)


def margins(sample: Dataset) -> np.ndarray:
    return paths(sample).paths["booster"][:, 0]


def test_every_applicant_of_the_judged_months_and_later_is_scored_once() -> None:
    sample = rows()
    masks = applicant_masks(sample.where(sample.month >= FIRST), SPLIT)
    assert (np.sum(masks, axis=0) == 1).all() and paths(sample).is_judged.all()
    assert not np.isnan(margins(sample)).any()


def test_a_model_that_knows_its_rows_by_heart_knows_nothing_of_the_held_out_ones() -> None:
    sample = rows()
    own = LEARNER.fit(sample, (0,) * len(NAMES), 0).margin(sample.features)
    later = sample.month >= FIRST
    # What the stages wrote before: the PD of a loan by the model that had learnt from it.
    assert auc(sample.label[later], own[later]) > 0.99
    assert abs(auc(sample.label[later], margins(sample)) - 0.5) < 0.1


def test_labels_of_the_own_month_and_later_cannot_move_a_margin() -> None:
    sample = rows()
    last = sample.month >= LAST
    turned = dataclasses.replace(sample, label=np.where(last, 1 - sample.label, sample.label))
    assert np.array_equal(margins(sample), margins(turned))
    early = dataclasses.replace(sample, label=np.where(last, sample.label, 1 - sample.label))
    assert not np.array_equal(margins(sample), margins(early))


def test_the_reference_of_drift_is_that_of_new_applicants(tmp_path: Path) -> None:
    """In-sample scores are spread wider, so a batch of the same people would seem to drift."""
    scorer = load_scorer(small.write_bundle(tmp_path / "bundle"), 1)
    tiers = Tiers.from_edges(small.EDGES)
    policy = Policy.from_json(json.dumps(small.rules()))
    x = small.matrix(np.random.default_rng(2), 1500)
    sample = rows()
    own = LEARNER.fit(sample, (0,) * len(NAMES), 0).margin(sample.features)
    fresh = np.random.default_rng(3).normal(size=(3000, len(NAMES)))
    batch = scorer.calibration.score_raw(LEARNER.fit(sample, (0,) * len(NAMES), 0).margin(fresh))
    drift = {}
    for name, of in (("in sample", own), ("held out", margins(sample))):
        made = reference(scorer, tiers, policy, [x], most=100, held_out=of)
        counts = len(batch) * shares(batch, made.score_edges)
        drift[name] = smoothed_psi(np.array(made.score_shares), counts)
    # Not 0: what knows its rows by heart hangs on how many they are, and an origin has fewer.
    assert 5 * drift["held out"] < drift["in sample"]


def test_booking_pds_are_held_out_or_null_and_new_ones_as_decided() -> None:
    split = SplitParams(datetime.date(2024, 1, 1), 2, 1, 1)
    months = ["2024-01-05", "2024-02-05", "2024-03-05", "2024-04-05"]
    as_of = pd.to_datetime(months).astype("datetime64[us]")
    decisions = pd.DataFrame({"application_id": [1, 2, 3, 4], "as_of": as_of, "pd": 0.9})
    held_out = pd.DataFrame({"application_id": [3, 2], "margin": [1.0, -1.0]})
    line = Calibration(a=0.5, b=-2.0)
    pds = booking_decisions(decisions, held_out, line, split)["pd"].to_numpy()
    assert np.isnan(pds[0]) and pds[3] == 0.9
    assert pds[1:3] == pytest.approx(line.pd(np.array([-1.0, 1.0])))
