"""Nested choices: labels without meaning teach nothing, and a choice that has seen is caught.

Each test permutes the labels of the months before the judged ones. Whatever is then found on the
judged months has come from them, so it is a leak.
"""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
import pytest

from creditloom.decision.base.catalogue import Catalogue, Concept, Feature
from creditloom.models.learners.booster import BoosterParams, signs_of, weights
from creditloom.models.sample.dataset import ChosenFeatures, Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import auc
from creditloom.models.sample.split import SplitParams
from creditloom.models.selection.feature_choice import (
    SelectionParams,
    SelectParams,
    rank,
    rank_with_origins,
)
from creditloom.models.stacking.additive import AdditiveLearner, AdditiveParams
from creditloom.models.stacking.boosted import BoostedLearner
from creditloom.models.stacking.learner import NamedLearner
from creditloom.models.stacking.procedure import held_out_paths
from creditloom.models.stacking.stack import StackParams
from creditloom.models.training.held_out import (
    inner_estimates,
    judged_origins,
    nested_margins,
    origin_folds,
)

SPLIT = SplitParams(datetime.date(2024, 1, 1), 15, 3, 6, origins=2)
N = 1_500
TOLD = 3
NAMES = tuple(f"f{i}" for i in range(80))
TRIALS = 20
SHAPE = BoosterParams(
    max_trees=15,
    num_leaves=4,
    learning_rate=0.1,
    feature_fraction=0.5,
    min_data_in_leaf=20,
    lambda_l2=1.0,
    is_extra_trees=False,
    threads=1,
)
SELECT = SelectParams(
    keep=6, per_concept=1, seeds=1, limits=SelectionParams(), booster=SHAPE, origin_seeds=1
)
LEARNERS = (
    NamedLearner("booster", BoostedLearner(SHAPE, (5, 15), least_columns=1)),
    NamedLearner("additive", AdditiveLearner(AdditiveParams((100.0, 10.0), total_steps=0))),
)


def catalogue(sign: int = 0) -> Catalogue:
    """All features of one concept; the first three have the sign."""
    features = tuple(
        Feature(name, "f", "c", direction=sign if i < TOLD else 0) for i, name in enumerate(NAMES)
    )
    return Catalogue((Concept("c", "f", "c", "c"),), features)


def table(seed: int) -> Dataset:
    """Loans of 15 months; the first three features tell of default, the others nothing."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, len(NAMES)))
    bad = rng.random(N) < 1 / (1 + np.exp(1.6 - x[:, :TOLD].sum(axis=1)))
    month = np.arange(N) % 15
    label = bad.astype(float)
    ids = np.arange(N)
    return Dataset(ids, x, NAMES, label, label, np.ones(N), month, np.full(N, "train"))


def shuffled(rows: Dataset, seed: int) -> Dataset:
    """Return the rows with the labels of all months before the judged ones permuted."""
    rng = np.random.default_rng(seed)
    label = rows.label.copy()
    before = np.flatnonzero(rows.month < LAST)
    label[before] = label[before][rng.permutation(len(before))]
    return dataclasses.replace(rows, label=label, outcome=label)


# The first of the months judged here: those of the last origin.
LAST = 12


def reached(rows: Dataset, words: Catalogue, features: ChosenFeatures | None = None) -> float:
    """Return the AUC of the nested procedure on the months of the last origin."""
    chosen = features or rank_with_origins(rows, rows, words, SPLIT, SELECT)[1]
    sign_of = dict(zip(NAMES, signs_of(words, NAMES), strict=True))
    paths = held_out_paths(origin_folds(rows, sign_of, SPLIT, chosen), LEARNERS, N)
    judged = judged_origins(rows, SPLIT)
    weight = weights(rows, 3.0)
    margin = nested_margins(paths, judged, rows.label, weight, StackParams())
    last = judged[-1]
    return auc(rows.label[last], margin[last])


def chosen_on_all_months(rows: Dataset, words: Catalogue) -> ChosenFeatures:
    """Return the leak of science.md A1: features ranked on all months, the judged ones among them.

    It is what `select` did before: origins judged features that their own labels had chosen.
    """
    _, names = rank(rows, words, SELECT)
    return ChosenFeatures.the_same(names, SPLIT)


def with_label(rows: Dataset) -> Dataset:
    """Return the rows with a column that holds the label, as what is recorded afterwards does."""
    x = rows.features.copy()
    x[:, -1] += 3 * rows.label
    return dataclasses.replace(rows, features=x)


def is_at_chance(found: list[float]) -> bool:
    """Return whether the mean AUC lies within two standard errors of one half."""
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    return bool(abs(np.mean(found) - 0.5) < 2 * error)


@pytest.fixture(scope="module")
def permuted() -> list[Dataset]:
    return [shuffled(table(seed), seed) for seed in range(TRIALS)]


def test_permuted_labels_teach_nothing(permuted: list[Dataset]) -> None:
    found = [reached(rows, catalogue()) for rows in permuted]
    assert is_at_chance(found), (np.mean(found), np.std(found))


def test_features_ranked_on_the_judged_months_fail_that_test(permuted: list[Dataset]) -> None:
    """The selection leak of science.md A1 put back, and nothing else: .60, eight errors off."""
    words = catalogue()
    found = [reached(rows, words, chosen_on_all_months(rows, words)) for rows in permuted]
    assert not is_at_chance(found) and np.mean(found) > 0.55


def test_a_column_that_holds_the_label_fails_that_test(permuted: list[Dataset]) -> None:
    found = [reached(with_label(rows), catalogue()) for rows in permuted[:5]]
    assert not is_at_chance(found) and min(found) > 0.9


def test_signs_that_hold_teach_without_labels_and_the_rest_is_what_labels_taught() -> None:
    """With signs, permuted labels still reach more than chance; labels teach the difference."""
    rows = table(1)
    words = catalogue(sign=1)
    delivered = reached(rows, words)
    without = float(np.mean([reached(shuffled(rows, k), words) for k in range(6)]))
    assert delivered - without > 0.05 and delivered > 0.7


def test_estimates_are_told_by_origin() -> None:
    rows = table(1)
    judged = judged_origins(rows, SPLIT)
    found = inner_estimates(rows.features[:, 0], judged, rows, np.ones(N))
    assert [one.first_month for one in found] == [9, 12]
    assert all(one.auc > 0.55 and one.n_bads > 20 for one in found)
    good = dataclasses.replace(rows, label=np.zeros(N))
    assert np.isnan(inner_estimates(rows.features[:, 0], judged, good, np.ones(N))[0].auc)


def test_other_origins_than_the_choices_are_refused() -> None:
    wrong = ChosenFeatures(NAMES, (NAMES,))
    sign_of = dict.fromkeys(NAMES, 0)
    with pytest.raises(ModelError, match="1 choices of columns for 2 rolling origins"):
        list(origin_folds(table(1), sign_of, SPLIT, wrong))
