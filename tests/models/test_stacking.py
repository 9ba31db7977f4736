"""The stack: one text of all members, weights that ask nothing of the judged rows, signs proved."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from creditloom.decision.score.tree_model import Margin
from creditloom.models.learners.booster import BoosterParams
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset, undated_dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import logloss
from creditloom.models.sample.split import TRAIN
from creditloom.models.stacking.additive import AdditiveLearner, AdditiveMember, AdditiveParams
from creditloom.models.stacking.boosted import BoostedLearner, BoostedMember, stand_ins
from creditloom.models.stacking.procedure import stacked_trees
from creditloom.models.stacking.sign_proof import broken_signs, refuse_broken
from creditloom.models.stacking.stack import Stack, StackParams, fit_stack
from creditloom.models.stacking.tree_text import ModelTree, feature_infos, model_text, trees_of

SMALL = BoosterParams(num_leaves=5, min_data_in_leaf=10, min_sum_hessian=0.0, threads=1)
BOOSTED = BoostedLearner(SMALL, (3, 6), least_columns=2)
ADDITIVE = AdditiveLearner(AdditiveParams(penalties=(30.0, 3.0), max_bins=8))
SEEDS = st.integers(0, 10_000)


def rows_of(seed: int, n: int = 240) -> Dataset:
    """Four columns: smooth, with ties, with nulls, and of one value beside null."""
    rng = np.random.default_rng(seed)
    x = np.stack(
        [rng.normal(size=n), rng.integers(-2, 3, n), rng.lognormal(size=n), np.ones(n)], axis=1
    )
    logit = -1 + x[:, 0] - 0.5 * x[:, 1] + 0.3 * np.log(x[:, 2])
    x[rng.random(n) < 0.2, 2] = np.nan
    x[rng.random(n) < 0.5, 3] = np.nan
    label = (rng.random(n) < expit(logit)).astype(float)
    return undated_dataset(x, ("a", "b", "c", "d"), label, TRAIN)


def asked_of(rows: Dataset, edges: Sequence[float]) -> Floats:
    """Rows of training, with nulls that it never had, and at, below and above every edge."""
    # LightGBM reads what is nearer to 0 than 1e-35 as 0, so next to 0 there is nothing to ask.
    near = [np.nextafter(e, way) for e in edges for way in (-np.inf, np.inf) if e]
    values = np.array([*edges, *near, 0.0, -1e9, 1e9, np.nan])
    swept = np.repeat(rows.features[:1], len(values) * 4, axis=0)
    for j in range(4):
        swept[j * len(values) : (j + 1) * len(values), j] = values
    return np.vstack([rows.features, swept, np.full((1, 4), np.nan)])


def text_of(
    members: Sequence[BoostedMember | AdditiveMember], stack: Stack, rows: Dataset
) -> tuple[str, list[ModelTree]]:
    trees = stacked_trees(members, stack, stand_ins(rows.features))
    names = [f"f{k}" for k in range(4)]
    return model_text(trees, names, feature_infos(rows.features), (0, 0, 0, 0)), trees


@settings(max_examples=6)
@given(SEEDS, st.lists(st.floats(0.01, 2), min_size=3, max_size=3), st.floats(-2, 2))
def test_text_of_a_stack_is_the_sum_of_weighted_margins(
    seed: int, weights: list[float], intercept: float
) -> None:
    """Catches a weight that does not reach a leaf, and a null that goes another way in the text."""
    rows = rows_of(seed)
    free = (0, 0, 0, 0)
    additive = ADDITIVE.fit(rows, free, 1)
    members = [BOOSTED.fit(rows, free, 0), BOOSTED.fit(rows, free, 1), additive]
    stack = Stack(("s", "m", "a"), tuple(weights), intercept)
    text, trees = text_of(members, stack, rows)
    x = asked_of(rows, [e for column in additive.columns for e in column.edges])
    booster = lgb.Booster(model_str=text)
    assert booster.num_trees() == len(trees)
    summed = stack.margin(np.stack([member.margin(x) for member in members], axis=1))
    assert np.abs(booster.predict(x, raw_score=True) - summed).max() < 1e-11


@settings(max_examples=10)
@given(SEEDS)
def test_table_trees_give_the_tables_of_the_additive_logit(seed: int) -> None:
    """Slow oracle: the value of the table at each row's bin, column by column."""
    rows = rows_of(seed)
    member = ADDITIVE.fit(rows, (0, 0, 0, 0), 1)
    x = asked_of(rows, [e for column in member.columns for e in column.edges])
    expected = np.full(len(x), member.intercept)
    for i, row in enumerate(x):
        for k, column in enumerate(member.columns):
            v = member.stand_in[k] if np.isnan(row[k]) else row[k]
            is_null = np.isnan(v)
            bin_ = next((b for b, e in enumerate(column.edges) if v <= e), len(column.edges))
            expected[i] += member.tables[k][-1 if is_null else bin_]
    text, _ = text_of([member], Stack(("a",), (1.0,), 0.0), rows)
    told = lgb.Booster(model_str=text).predict(x, raw_score=True)
    assert np.abs(told - expected).max() < 1e-12


def test_contributions_of_each_member_add_up_and_the_kernel_agrees() -> None:
    rows = rows_of(1)
    members = [BOOSTED.fit(rows, (0, 0, 0, 0), 1), ADDITIVE.fit(rows, (0, 0, 0, 0), 0)]
    x = rows.features
    for member in members:
        base, phi = member.contributions(x)
        assert np.abs(base + phi.sum(axis=1) - member.margin(x)).max() < 1e-12
    # The mean of an additive part over its training rows is in the base.
    assert np.abs(members[1].contributions(x)[1].mean(axis=0)).max() < 1e-12
    stack = Stack(("m", "a"), (0.7, 0.4), -0.1)
    text, _ = text_of(members, stack, rows)
    kernel = Margin(text, ("f0", "f1", "f2", "f3"), threads=1)
    base, phi = kernel.contributions(x)
    slow = np.asarray(lgb.Booster(model_str=text).predict(x, pred_contrib=True))
    assert np.abs(phi - slow[:, :-1]).max() < 1e-9
    assert np.abs(base + phi.sum(axis=1) - kernel.raw(x)).max() < 1e-9


def test_text_that_is_read_and_written_again_is_the_same() -> None:
    rows = rows_of(2)
    text, _ = text_of([BOOSTED.fit(rows, (0, 0, 0, 0), 1)], Stack(("m",), (0.3,), 0.2), rows)
    again = model_text(trees_of(text), ["f0", "f1", "f2", "f3"], feature_infos(rows.features), ())
    assert again == text


# --- The weights ---

NAMES = ("one", "two", "three")


def held_out(seed: int, n: int = 400) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(-1, 1, n)
    noise = rng.normal(size=(n, 3)) * (0.3, 0.6, 3.0)
    return truth[:, None] + noise, (rng.random(n) < expit(truth)).astype(float)


@settings(max_examples=15)
@given(SEEDS, st.lists(st.integers(1, 60), min_size=3, max_size=3))
def test_the_best_affordable_set_serves(seed: int, leaves: list[int]) -> None:
    """Slow oracle: the stack of every set that holds the bound; none has a smaller loss."""
    margins, label = held_out(seed)
    ones = np.ones(len(label))
    params = StackParams(max_leaves=60)
    stack = fit_stack(margins, label, ones, NAMES, leaves, params)
    own = [NAMES.index(name) for name in stack.names]
    assert sum(leaves[k] for k in own) <= 60
    assert min(stack.weights) > 0
    found = logloss(label, expit(stack.margin(margins[:, own])))
    for size in (1, 2, 3):
        for some in map(list, itertools.combinations(range(3), size)):
            if sum(leaves[k] for k in some) <= 60:
                free = StackParams(max_leaves=10**6)
                other = fit_stack(
                    margins[:, some], label, ones, [NAMES[k] for k in some], [1] * size, free
                )
                places = [NAMES.index(name) for name in other.names]
                # Weights are rounded, and the prior is weighed against the loss.
                assert found <= logloss(label, expit(other.margin(margins[:, places]))) + 2e-3


def test_slope_is_free_and_a_learner_that_ranks_backwards_gets_nothing() -> None:
    margins, label = held_out(3)
    ones = np.ones(len(label))
    params = StackParams()
    plain = fit_stack(margins[:, :1], label, ones, ["one"], [1], params)
    # A learner that is twice too sure of itself gets half the weight.
    sure = fit_stack(2 * margins[:, :1], label, ones, ["one"], [1], params)
    assert sure.weights[0] == pytest.approx(plain.weights[0] / 2, rel=1e-3)
    margins[:, 1] *= -1
    assert "two" not in fit_stack(margins, label, ones, NAMES, [1, 1, 1], params).names
    with pytest.raises(ModelError, match="No column tells bads from goods"):
        fit_stack(-margins[:, :1], label, ones, ["one"], [1], params)


# --- The proof of the signs ---


def random_tree(rng: np.random.Generator, leaves: int) -> ModelTree:
    """A tree on two features, with a way of null at each split; half of them keep signs."""
    x = np.round(rng.normal(size=(80, 2)), 1)
    x[rng.random((80, 2)) < 0.2] = np.nan
    settings_ = {"objective": "regression", "num_leaves": leaves, "min_data_in_leaf": 1}
    quiet = {"verbosity": -1, "num_threads": 1, "min_sum_hessian_in_leaf": 0}
    signs = {"monotone_constraints": [1, 0]} if rng.random() < 0.5 else {}
    y = np.nan_to_num(x[:, 0]) + 0.7 * rng.normal(size=80)
    booster = lgb.train({**settings_, **quiet, **signs}, lgb.Dataset(x, y), 1)
    (tree,) = trees_of(booster.model_to_string())
    return tree.with_nulls_of(np.full(2, np.nan))


@settings(max_examples=40)
@given(SEEDS, st.integers(2, 7))
def test_the_proof_finds_what_a_full_sweep_finds(seed: int, leaves: int) -> None:
    """Slow oracle: every combination of values between and at the thresholds, and null."""
    tree = random_tree(np.random.default_rng(seed), leaves)
    text = model_text([tree], ["f0", "f1"], ["[-5:5]", "[-5:5]"], ())
    at = np.unique(tree.arrays["threshold"])
    values = np.concatenate([at, at + 1e-6, [-9.0]])
    values.sort()
    others = np.append(values, np.nan)
    grid = np.array(list(itertools.product(others, values)))
    margin = np.asarray(lgb.Booster(model_str=text).predict(grid[:, ::-1], raw_score=True))
    wrong = -np.diff(margin.reshape(len(others), len(values)), axis=1).min(initial=0)
    proof = broken_signs([tree], (1, 0))
    assert bool(proof) == (wrong > 0)
    # The largest pair of leaves may be further apart than two neighbours, never nearer.
    assert not proof or proof[0].wrong_step >= wrong - 1e-12


def test_a_model_that_breaks_a_sign_is_refused_by_name() -> None:
    rows = rows_of(4)
    signs = (1, -1, 0, 0)
    kept = [*BOOSTED.fit(rows, signs, 1).trees(), *ADDITIVE.fit(rows, signs, 1).trees()]
    refuse_broken(kept, rows.names, signs)
    assert broken_signs(kept, (-1, 0, 0, 0))[0].feature == 0
    with pytest.raises(ModelError, match="breaks the sign of 1 features, most `a`"):
        refuse_broken(kept, rows.names, (-1, 0, 0, 0))
