"""The choice of features by gain, and the table of what fell."""

from __future__ import annotations

import numpy as np
import pytest

from creditloom.decision.base.catalogue import Catalogue, Concept, Feature
from creditloom.models.learners.booster import BoosterParams
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.selection.feature_choice import (
    SelectionParams,
    SelectParams,
    binned_loans,
    choice_mask,
    gains,
    offered_features,
    rank,
    screen,
    table,
)

N = 1500
P = 12
NAMES = tuple(f"f{i}" for i in range(P))
CONCEPTS = (
    Concept("spending", "payment_flow", "spending", "消费"),
    Concept("devices", "device_stability", "devices", "设备"),
)
SPENDING = tuple(Feature(name, "payment_flow", "spending") for name in NAMES[:8])
DEVICES = tuple(Feature(name, "device_stability", "devices") for name in NAMES[8:])
CATALOGUE = Catalogue(CONCEPTS, SPENDING + DEVICES)
BOOSTER = BoosterParams(
    max_trees=40, feature_fraction=0.5, min_data_in_leaf=20, is_extra_trees=False, threads=1
)
PARAMS = SelectParams(keep=4, per_concept=1, seeds=2, limits=SelectionParams(), booster=BOOSTER)


@pytest.fixture(scope="module")
def loans() -> Dataset:
    """Only f1 and f2 tell of default; f5 is f1 again, f6 never changes."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(N, P)).astype(np.float32)
    x[:, 5] = 3 * x[:, 1]
    x[:, 6] = 7.0
    bad = (rng.random(N) < 1 / (1 + np.exp(1.5 - 1.5 * x[:, 1] - x[:, 2]))).astype(float)
    return Dataset(
        np.arange(N), x, NAMES, bad, bad, np.ones(N), np.arange(N) % 15, np.full(N, "train")
    )


def test_what_tells_of_default_has_the_gain_in_every_seed(loans: Dataset) -> None:
    signs = [0] * (P - 1)
    binned = binned_loans(loans.with_features([n for n in NAMES if n != "f5"]), signs, BOOSTER)
    found = gains(binned, signs, BOOSTER, 3)
    assert found.rank[[1, 2]].tolist() == [1, 2] and found.seeds_used[[1, 2]].tolist() == [3, 3]
    assert found.share.sum() == pytest.approx(1.0)


def test_each_concept_keeps_its_strongest_then_rank_decides() -> None:
    ranks = np.array([1, 2, 3, 4, 5])
    assert choice_mask(["a", "a", "a", "a", "b"], ranks, PARAMS) == [True, True, True, False, True]


def test_every_feature_has_one_outcome(loans: Dataset) -> None:
    left, fallen = screen(loans, PARAMS)
    rows = loans.with_features(left)
    found, kept = rank(rows, CATALOGUE, PARAMS)
    outcome = table(CATALOGUE, fallen, rows, found, kept).set_index("feature")
    assert outcome.index.tolist() == list(NAMES)
    assert (
        outcome.loc["f5", ["outcome", "of"]].tolist() == ["double", "f1"]
        and outcome.loc["f6", "outcome"] == "constant"
    )
    assert {"f1", "f2"} < set(kept) and len(kept) == 4 and (outcome["outcome"] == "kept").sum() == 4
    assert (
        outcome.loc[list(kept), "gain_rank"].notna().all()
        and outcome.loc[["f5", "f6"], "gain_rank"].isna().all()
    )


def test_the_same_loans_give_the_same_choice(loans: Dataset) -> None:
    assert rank(loans, CATALOGUE, PARAMS)[1] == rank(loans, CATALOGUE, PARAMS)[1]


def test_a_family_that_a_law_forbids_never_enters() -> None:
    names, out = offered_features(
        CATALOGUE, SelectParams(4, 1, 2, SelectionParams(), BOOSTER, ("device_stability",))
    )
    assert names == NAMES[:8] and {f.name: f.reason for f in out} == dict.fromkeys(
        NAMES[8:], "left out"
    )


def test_a_feature_that_may_not_be_chosen_never_enters() -> None:
    """A name of a table that a lender does not have is no fault."""
    params = SelectParams(4, 1, 2, SelectionParams(), BOOSTER, without_features=(NAMES[0], "none"))
    names, out = offered_features(CATALOGUE, params)
    assert names == NAMES[1:] and [f.name for f in out] == [NAMES[0]]


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(ModelError, match="without_families"):
        offered_features(CATALOGUE, SelectParams(4, 1, 2, SelectionParams(), BOOSTER, ("social",)))
