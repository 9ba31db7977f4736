"""An unseen level of a column of flags reads a level at which no row looks safer than average."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest

from creditloom.decision.base.catalogue import Catalogue, Concept, Feature
from creditloom.models.training.unseen_levels import with_unseen

LEVELS = ("car", "home", "loan", "phone")
N = 600


def flags(rows: np.ndarray, chosen: tuple[str, ...]) -> np.ndarray:
    return np.column_stack([rows == level for level in chosen]).astype(float)


def sample(risks: tuple[float, ...], shares: tuple[float, ...]) -> tuple[np.ndarray, lgb.Booster]:
    """Rows of a number and the flags of four levels of these risks, and a booster on them."""
    rng = np.random.default_rng(11)
    kind = rng.choice(LEVELS, N, p=shares)
    x = np.column_stack([rng.normal(size=N), flags(kind, LEVELS)])
    z = x[:, 0] + np.select([kind == level for level in LEVELS], risks)
    label = (rng.random(N) < 1 / (1 + np.exp(1 - z))).astype(int)
    params = {"objective": "binary", "num_leaves": 6, "verbosity": -1, "num_threads": 1}
    return x, lgb.train(params, lgb.Dataset(x, label), 40)


def catalogue() -> Catalogue:
    """A number, and a flag per level of `kind`."""
    features = [Feature("x", "own", "x")]
    for level in LEVELS:
        codes = tuple(float(one == level) for one in LEVELS)
        read = {"column": "kind", "categories": LEVELS, "codes": codes, "unseen": 0.0}
        features.append(Feature(f"kind={level}", "own", "kind", **read))
    concepts = (Concept("x", "own", "x", "x"), Concept("kind", "own", "k", "k"))
    return Catalogue(concepts, tuple(features))


# table: risks of the levels, their shares, the level that an unseen one is read as
CASES = {
    "one is far riskier": ((0.0, 0.0, 0.1, 3.0), (0.3, 0.3, 0.3, 0.1), "phone"),
    "most are risky": ((-3.0, 1.0, 1.0, 1.2), (0.2, 0.4, 0.2, 0.2), None),
}


@pytest.mark.parametrize("case", CASES)
def test_no_row_is_safer_than_over_the_levels_on_average(case: str) -> None:
    risks, shares, expected = CASES[case]
    rows, booster = sample(risks, shares)
    found = with_unseen(catalogue(), booster, rows)
    read = [feature.unseen for feature in found.features[1:]]
    assert sorted(read)[:3] == [0.0] * 3, "a level, or none of the flags"
    if expected is not None:
        assert dict(zip(LEVELS, read, strict=True))[expected] == 1.0
    x = rows.copy()
    x[:, 1:] = read
    unseen = booster.predict(x, raw_score=True)
    average = np.zeros(N)
    for k in range(len(LEVELS)):
        x[:, 1:] = np.eye(4)[k]
        average += rows[:, 1 + k].mean() * booster.predict(x, raw_score=True)
    assert (unseen >= average - 1e-9).all()
    assert found.features[0] == catalogue().features[0]


def test_a_catalogue_without_flags_asks_no_model() -> None:
    plain = Catalogue((Concept("x", "own", "x", "x"),), (Feature("x", "own", "x"),))
    rows, _ = sample(*CASES["most are risky"][:2])
    assert with_unseen(plain, None, rows[:, :1]) == plain  # type: ignore[arg-type]
