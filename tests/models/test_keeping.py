"""How many features to keep.

Enough are no worse than all, too few are, and nothing after the training months is read.
"""

from __future__ import annotations

import numpy as np
import pytest

from creditloom.decision.base.catalogue import Catalogue, Concept, Feature
from creditloom.models.learners.booster import BoosterParams
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.split import SplitParams
from creditloom.models.selection.feature_choice import SelectionParams, SelectParams
from creditloom.models.selection.feature_count import sizes

N = 9_000
P = 20
TELLING = 6
NAMES = tuple(f"f{i}" for i in range(P))
CATALOGUE = Catalogue(
    (Concept("spending", "payment_flow", "spending", "消费"),),
    tuple(Feature(n, "payment_flow", "spending") for n in NAMES),
)
BOOSTER = BoosterParams(
    max_trees=100, feature_fraction=0.5, min_data_in_leaf=20, is_extra_trees=False, threads=1
)
SELECT = SelectParams(keep=6, per_concept=1, seeds=2, limits=SelectionParams(), booster=BOOSTER)
SPLIT = SplitParams(
    start="2024-01-01",  # type: ignore[arg-type]
    train_months=15,
    calibration_months=3,
    oot_months=6,
)


@pytest.fixture(scope="module")
def loans() -> Dataset:
    """Six features tell of default alike, the others do not."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(N, P)).astype(np.float32)
    bad = (rng.random(N) < 1 / (1 + np.exp(2.0 - 0.7 * x[:, :TELLING].sum(axis=1)))).astype(float)
    return Dataset(
        np.arange(N), x, NAMES, bad, bad, np.ones(N), np.arange(N) % 15, np.full(N, "train")
    )


@pytest.mark.slow
def test_too_few_features_are_behind_by_more_than_chance_and_enough_are_not(loans: Dataset) -> None:
    said: list[str] = []
    few, enough, every = sizes(loans, CATALOGUE, SPLIT, SELECT, BOOSTER, (2, 6, 20), said.append)
    assert (few.features, enough.features, every.features) == (2, 6, 20)
    assert few.behind > 4 * few.behind_se > 0 and few.auc < enough.auc
    assert enough.behind < 2 * max(enough.behind_se, every.behind_se)
    assert min(few.behind, enough.behind, every.behind) == 0.0 and len(said) == 3 + 3


def test_loans_of_later_months_change_nothing(loans: Dataset) -> None:
    """The last origin ends with the training months: rows beyond them belong to nobody."""
    later = Dataset(
        loans.application_id,
        loans.features,
        NAMES,
        1 - loans.label,
        1 - loans.label,
        np.ones(N),
        loans.month + 15,
        loans.role,
    )
    rows = (
        np.concatenate([getattr(loans, k), getattr(later, k)])
        for k in ("application_id", "features")
    )
    rest = (
        np.concatenate([getattr(loans, k), getattr(later, k)])
        for k in ("label", "outcome", "weight", "month", "role")
    )
    both = Dataset(*rows, NAMES, *rest)
    alone, beside = (
        sizes(one, CATALOGUE, SPLIT, SELECT, BOOSTER, (6,), lambda _: None)[0].logloss
        for one in (loans, both)
    )
    assert alone == beside
