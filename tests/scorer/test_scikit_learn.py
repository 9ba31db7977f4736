"""What people do with a classifier: pipelines, searches, weights, labels of their own."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from creditloom.pipeline.scorer.fitting import CreditWarning
from tests.scorer.light import LightScorer, rows

X, Y = rows()


@pytest.fixture(scope="module")
def fitted() -> LightScorer:
    return LightScorer().fit(X, Y)


def test_it_follows_a_preprocessing() -> None:
    encode = OneHotEncoder(sparse_output=False)
    prepared = make_column_transformer((encode, ["home"]), (StandardScaler(), ["income", "debt"]))
    # The first columns out of it are the three levels of home.
    pipeline = make_pipeline(prepared, LightScorer(monotone={"x3": "-"}))
    pds = pipeline.fit(X, Y).predict_proba(X)
    assert pds.shape == (len(X), 2)
    assert np.allclose(pds.sum(axis=1), 1)


@pytest.mark.slow
def test_a_search_over_parameters_and_folds() -> None:
    grid = {"seed": [11, 12]}
    search = GridSearchCV(LightScorer(), grid, cv=2, scoring="neg_log_loss").fit(X, Y)
    assert search.best_params_["seed"] in (11, 12)
    assert search.best_estimator_.predict(X).shape == (len(X),)
    time = pd.date_range("2023-01-01", periods=len(X)).to_numpy()
    scores = cross_val_score(
        LightScorer(), X, Y, cv=2, scoring="roc_auc", params={"time": time, "groups": time}
    )
    assert (scores > 0.6).all()


def test_a_copy_decides_alike(fitted: LightScorer) -> None:
    copied = copy.deepcopy(fitted)
    assert "decider" not in copied.bundle_.__dict__
    assert (copied.predict_proba(X) == fitted.predict_proba(X)).all()


def test_weights_of_one_and_of_none(fitted: LightScorer) -> None:
    """Exactly: a weight of 1 is no weight, a weight of 0 no row."""
    ones = LightScorer().fit(X, Y, sample_weight=np.ones(len(X)))
    assert (ones.predict_proba(X) == fitted.predict_proba(X)).all()
    kept = np.arange(len(X)) % 5 > 0
    weighted = LightScorer().fit(X, Y, sample_weight=kept.astype(float))
    without = LightScorer().fit(X[kept], Y[kept])
    assert (weighted.predict_proba(X) == without.predict_proba(X)).all()
    assert np.isnan(weighted.held_out_pd_[~kept]).all()


def test_a_weight_of_two_is_nearly_two_rows() -> None:
    """Nearly: folds, the least rows of a leaf and the rates of levels count rows."""
    times = np.arange(len(X)) % 2 + 1
    weighted = LightScorer().fit(X, Y, sample_weight=times)
    repeated = np.repeat(np.arange(len(X)), times)
    copies = LightScorer().fit(X.iloc[repeated], Y.iloc[repeated], groups=repeated)
    gap = np.abs(weighted.predict_proba(X) - copies.predict_proba(X))
    assert gap.mean() < 0.05


@pytest.mark.filterwarnings("ignore:'good'")
def test_labels_of_ones_own(fitted: LightScorer) -> None:
    words = np.where(Y == 1, "bad", "good")
    with pytest.raises(ValueError, match="which class is bad"):
        LightScorer().fit(X, words)
    said = LightScorer(bad="bad").fit(X, words)
    assert said.classes_.tolist() == ["bad", "good"]
    assert (said.predict_proba(X)[:, 0] == fitted.predict_proba(X)[:, 1]).all()
    assert (said.decision_function(X) == -fitted.decision_function(X)).all()


def test_codes_and_categories_are_those_of_the_command() -> None:
    coded = X.assign(debt=np.where(np.arange(len(X)) % 4 == 0, -9.0, X["debt"]))
    scorer = LightScorer(
        special_codes={"debt": [-9]}, categorical=["branch"], concepts={"debt": "owed"}
    ).fit(coded, Y)
    catalogue = scorer.bundle_.decider.bundle.scorer.catalogue
    read = {feature.name: feature for feature in catalogue.features}
    assert read["debt"].special_codes == (-9.0,)
    assert read["branch"].categories
    assert read["debt"].concept == "owed"


def test_held_out_pds_come_with_the_fit(fitted: LightScorer) -> None:
    """They are of rows that a model did not learn from, so they are less sure than the model."""
    held_out = fitted.held_out_pd_
    assert held_out.shape == (len(X),)
    assert not np.isnan(held_out).any()
    own = fitted.predict_proba(X)[:, 1]
    bads = (Y == 1).to_numpy()
    assert held_out[bads].mean() < own[bads].mean()


def test_columns_that_tell_nothing_give_the_base_rate_and_a_warning() -> None:
    # Twice every row, once of each class: nothing can be told.
    twice = pd.concat([X.iloc[:60], X.iloc[:60]])
    label = np.repeat([0, 1], 60)
    with pytest.warns(CreditWarning, match="base rate"):
        scorer = LightScorer().fit(twice, label, groups=np.tile(np.arange(60), 2))
    assert np.ptp(scorer.predict_proba(twice)) < 1e-6


def test_a_leak_and_few_bads_are_told() -> None:
    leaking = X.assign(after=Y + np.random.default_rng(11).normal(0, 0.2, len(X)))
    with pytest.warns(CreditWarning, match=r"grave: `after`"):
        LightScorer().fit(leaking, Y)
    label = np.zeros(20, int)
    label[3] = 1
    with pytest.raises(ValueError, match="Too few outcomes"):
        LightScorer().fit(X.iloc[:20], label)


def test_a_row_with_an_infinite_number_is_set_aside_aloud() -> None:
    infinite = X.copy()
    infinite.loc[7, "income"] = np.inf
    with pytest.warns(CreditWarning, match="1 rows set aside"):
        scorer = LightScorer().fit(infinite, Y)
    assert np.isnan(scorer.held_out_pd_).nonzero()[0].tolist() == [7]
