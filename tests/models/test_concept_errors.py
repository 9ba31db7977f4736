"""Claims about the error of a concept: it repeats, and falls with the number of loans."""

from __future__ import annotations

import numpy as np
import pytest

from creditloom.models.learners.booster import margins
from creditloom.models.sample.dataset import undated_dataset
from creditloom.models.stacking.additive import AdditiveLearner, AdditiveParams
from creditloom.models.stacking.concept_errors import concept_errors
from creditloom.models.stacking.learner import NamedLearner
from creditloom.models.stacking.refits import Recipe, RefitParams
from creditloom.models.stacking.stack import Stack

PARAMS = RefitParams(draws=3, rows=100, seed=2)


def taught(n_rows: int) -> Recipe:
    """A procedure on loans whose risk is told by the first of three columns."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(n_rows, 3))
    label = (rng.random(n_rows) < 1 / (1 + np.exp(2 - x[:, 0]))).astype(float)
    rows = undated_dataset(x, ("a", "b", "c"), label, "train")
    learner = NamedLearner("additive", AdditiveLearner(AdditiveParams(penalties=(10.0,))))
    stack = Stack(("additive",), (1.0,), 0.0)
    return Recipe(rows, (0, 0, 0), (learner,), {"additive": 0}, stack)


def errors(n_rows: int, params: RefitParams = PARAMS) -> dict[str, float]:
    """The errors of two concepts, of which the first carries the risk."""
    recipe = taught(n_rows)
    x = recipe.rows.features
    refits = recipe.refits(params)
    return concept_errors(refits, ("one", "one", "two"), x[:200], x[:200, 0], params.rows)


def test_each_concept_has_an_error_and_the_same_one_again() -> None:
    found = errors(400)
    assert list(found) == ["one", "two"] and all(error > 0 for error in found.values())
    assert errors(400) == found


def test_more_loans_make_it_smaller() -> None:
    assert errors(4_000)["one"] < errors(400)["one"]


def test_without_draws_nothing_is_measured() -> None:
    assert errors(400, RefitParams(draws=0)) == {}


def test_the_text_of_a_refit_is_the_refit() -> None:
    """Its margins are those of its members, and differ from those of another refit."""
    recipe = taught(400)
    x = recipe.rows.features
    first, second = recipe.refits(RefitParams(draws=2))
    told = margins(first.text(), x)
    assert told == pytest.approx(first.members[0].margin(x), abs=1e-9)
    assert not np.allclose(told, margins(second.text(), x))


def test_refits_on_fewer_loans_measure_the_error_of_all() -> None:
    """Without the scale the error of a quarter of the loans would be twice as large."""
    whole = errors(8_000, RefitParams(draws=12, rows=50))["one"]
    part = errors(8_000, RefitParams(draws=12, rows=50, most_loans=2_000))["one"]
    assert 0.6 < part / whole < 1.5
