"""The rivals are fitted fairly: nested columns, a wide grid, the committed shape, no late label."""

from __future__ import annotations

import datetime
from dataclasses import replace

import numpy as np
import pytest

from creditloom.decision.base.catalogue import Catalogue, Concept, Feature
from creditloom.models.evaluation.rivals.fitted import (
    RivalParams,
    Screening,
    complete_windows,
    fit_rivals,
)
from creditloom.models.sample.dataset import Dataset, join
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import auc
from creditloom.models.sample.split import OPTIMISTIC, SplitParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document

from .worlds import World, world

SPLIT = SplitParams(datetime.date(2024, 1, 1), 15, 3, 6)
COMMITTED = document(RivalParams, paths.RIVALS)
# table: parameter -> smaller value
SMALL = replace(
    COMMITTED,
    screening=replace(
        COMMITTED.screening,
        keep=20,
        per_concept=1,
        seeds=1,
        booster=replace(COMMITTED.screening.booster, max_trees=30, threads=1),
    ),
    plain=replace(
        COMMITTED.plain,
        seeds=(1, 2),
        patience=20,
        booster=replace(
            COMMITTED.plain.booster,
            feature_fraction=0.3,
            min_data_in_leaf=20,
            min_trees=20,
            max_trees=60,
            threads=1,
        ),
    ),
    defaults=replace(COMMITTED.defaults, trees=20, threads=1),
)


@pytest.fixture(scope="module")
def made() -> tuple[Dataset, Dataset, Catalogue]:
    """Training loans, out-of-time applications with their outcome, and the catalogue."""
    w: World = world(6_000, 4)
    rows = join(w.matrix, w.labels, w.names, SPLIT)
    concepts = dict.fromkeys((str(f["concept"]), str(f["family"])) for f in w.features)
    features = tuple(
        Feature(
            str(f["name"]), str(f["family"]), str(f["concept"]), direction=int(str(f["direction"]))
        )
        for f in w.features
    )
    catalogue = Catalogue(tuple(Concept(c, f, c, c) for c, f in concepts), features)
    late = rows.out_of_time()
    defaulted = w.truth["defaulted"].to_numpy(float)[late.application_id]
    return rows.training(), replace(late, outcome=defaulted), catalogue


def test_every_rival_ranks_and_says_what_it_chose(
    made: tuple[Dataset, Dataset, Catalogue],
) -> None:
    loans, late, catalogue = made
    rivals = {rival.name: rival for rival in fit_rivals(loans, catalogue, SPLIT, SMALL)}
    assert list(rivals) == ["plain", "lightgbm_defaults"]
    for rival in rivals.values():
        for score in rival.scores(late):
            assert auc(late.outcome, score) > 0.6
    assert len(rivals["plain"].scores(late)) == 2
    assert 20 <= rivals["plain"].record["trees"] <= 60


def test_a_label_of_the_judged_months_moves_no_column_of_its_fold(
    made: tuple[Dataset, Dataset, Catalogue],
) -> None:
    loans, _, catalogue = made
    is_early = loans.month < 12
    turned = replace(loans, label=np.where(is_early, loans.label, 1 - loans.label))
    found = [Screening(one, catalogue, SMALL.screening) for one in (loans, turned)]
    assert found[0].columns(is_early) == found[1].columns(is_early)
    everyone = np.ones(len(is_early), bool)
    assert found[0].columns(everyone) != found[1].columns(everyone)


def test_a_column_that_tells_late_labels_alone_is_not_chosen_before_them(
    made: tuple[Dataset, Dataset, Catalogue],
) -> None:
    """Selection that leaks: a column that knows only the labels of the judged months is kept."""
    loans, _, catalogue = made
    told = np.where(loans.month >= 12, 3.0 * loans.label, 0.0)
    noise = catalogue.names.index("noise_0")
    features = loans.features.copy()
    features[:, noise] = told + np.random.default_rng(1).normal(size=len(told))
    leaky = replace(loans, features=features)
    grown = replace(SMALL.screening.booster, max_trees=150)
    params = replace(SMALL.screening, keep=20, per_concept=0, booster=grown)
    ranking = Screening(leaky, catalogue, params)
    assert "noise_0" in ranking.columns(np.ones(len(told), bool))
    assert "noise_0" not in ranking.columns(loans.month < 12)


def test_the_plain_rival_learns_from_complete_windows_alone(
    made: tuple[Dataset, Dataset, Catalogue],
) -> None:
    loans, _, _ = made
    complete, split = complete_windows(loans, replace(SPLIT, performance_months=12))
    months_before = SPLIT.train_months + SPLIT.calibration_months
    assert 0 < split.train_months == months_before - 12
    assert complete.month.max() == split.train_months - 1
    whole, _ = complete_windows(loans, replace(SPLIT, known_by=OPTIMISTIC))
    assert whole.month.max() == SPLIT.train_months - 1


def test_the_plain_shape_is_that_of_613f9fa() -> None:
    """Its params.yaml said so; changed numbers would be another rival."""
    shape = COMMITTED.plain.booster
    found = (shape.num_leaves, shape.max_depth, shape.learning_rate, shape.feature_fraction)
    assert found == (15, 4, 0.03, 0.05)
    assert (shape.min_trees, shape.max_trees, COMMITTED.plain.patience) == (200, 800, 150)
    assert (shape.lambda_l2, shape.min_data_in_leaf, shape.is_extra_trees) == (30.0, 60, True)


def test_without_a_bad_in_any_fold_there_is_no_rival(
    made: tuple[Dataset, Dataset, Catalogue],
) -> None:
    loans, _, catalogue = made
    good = replace(loans, label=np.zeros(len(loans.label)))
    with pytest.raises(ModelError, match="forward fold with bads and goods"):
        fit_rivals(good, catalogue, SPLIT, SMALL)
