"""The reference of the bundle.

It is whoever is approved among the training applicants, in whatever order they arrive.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from creditloom.decision.bundle import load_scorer
from creditloom.decision.rulebook.policy import Policy
from creditloom.decision.score.tiers import Tiers
from creditloom.models.policy.bundle_policy import reference
from creditloom.models.sample.errors import ModelError
from tests.decision import small


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.write_bundle(tmp_path_factory.mktemp("bundle"))


def test_the_reference_is_the_mean_of_the_approved_in_any_blocks(made: Path) -> None:
    scorer = load_scorer(made, 1)
    tiers = Tiers.from_edges(small.EDGES)
    policy = Policy.from_json(json.dumps(small.rules()))
    x = small.matrix(np.random.default_rng(2), 1500)
    whole = reference(scorer, tiers, policy, [x], most=10_000)
    assert reference(scorer, tiers, policy, np.array_split(x, 7), most=10_000) == whole
    approved = scorer.calibration.pd(scorer.margin.raw(x)) < 0.024
    assert whole.n == approved.sum() > 50
    mean = scorer.concept_points(x[approved]).mean(axis=0)
    assert [whole.concept_points[c] for c in scorer.catalogue.concept_ids] == pytest.approx(
        mean.tolist(), abs=1e-6
    )
    assert sum(whole.feature_points.values()) == pytest.approx(
        sum(whole.concept_points.values()), abs=1e-6
    )
    assert reference(scorer, tiers, policy, [x], most=40).n == 40


def test_nobody_approved_is_refused(made: Path) -> None:
    tiers = Tiers.from_edges(tuple(1e-9 * k for k in range(1, 10)))
    policy = Policy.from_json(json.dumps(small.rules()))
    with pytest.raises(ModelError, match=r"policy\.tier_edges"):
        reference(
            load_scorer(made, 1),
            tiers,
            policy,
            [small.matrix(np.random.default_rng(2), 50)],
            most=10,
        )
