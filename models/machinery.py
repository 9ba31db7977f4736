"""Does the way from a model to its family shares find the shares that a world was made with (domain 7.6)?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .metrics import auc
from .shares import Floats, by_family

if TYPE_CHECKING:
    from lightgbm import Booster

TREES = 1_500
EXPLAINED = 60_000  # rows whose contributions are taken
SETTINGS = {
    "objective": "binary", "learning_rate": 0.03, "max_depth": 2, "num_leaves": 4, "min_data_in_leaf": 200, "lambda_l2": 30.0,
    "bagging_fraction": 0.8, "bagging_freq": 1, "feature_fraction": 0.3, "extra_trees": True, "max_bin": 63,
    "seed": 1, "deterministic": True, "force_col_wise": True, "verbosity": -1,
}  # fmt: skip


def found_shares(
    x: NDArray[np.float32], bad: NDArray[np.int8], family_of: Sequence[str], families: Sequence[str], threads: int
) -> tuple[Floats, float]:
    """Shares per family that two boosters, each trained on half of the labels, agree on; their mean AUC on each other's half.

    Every label counts once, as a share moves with the luck of the bads. Trees are of depth two, and about as many as have the least
    log-loss on the other half. What an absence tells is shared by those absent.
    """
    odd = np.arange(len(x)) % 2 == 1
    halves = [(_trained(x[half], bad[half], threads), ~half) for half in (odd, ~odd)]
    shown = x[:EXPLAINED]
    absent = absent_families(shown, family_of, families)
    phi = [evened(by_family(_explained(booster, shown, threads), family_of, families), absent) for booster, _ in halves]
    ranked = [auc(bad[out].astype(float), np.asarray(booster.predict(x[out], num_threads=threads))) for booster, out in halves]
    return agreed_shares(*phi), float(np.mean(ranked))


def agreed_shares(one: Floats, other: Floats) -> Floats:
    """Cov(Phi_f, F') + Cov(Phi'_f, F) over its sum, with F the sum of the families of one model and F' of another.

    `covariance_shares` for two models: what one alone has taken from the noise of its labels is no part of any share.
    """
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    shared = other.sum(axis=1) @ one + one.sum(axis=1) @ other
    return np.asarray(shared / shared.sum())


def absent_families(x: NDArray[np.float32], family_of: Sequence[str], families: Sequence[str]) -> NDArray[np.bool_]:
    """n x f: the families of which a row shows nothing."""
    owner = np.array(family_of)
    return np.column_stack([np.isnan(x[:, owner == family]).all(axis=1) for family in families])


def evened(phi: Floats, absent: NDArray[np.bool_]) -> Floats:
    """Contributions per family, of a row's absent families the mean of theirs.

    Families that go missing together do so in columns that cannot be told apart: which of them a tree asks is chance, their sum is not.
    """
    count = absent.sum(axis=1, keepdims=True)
    mean = (phi * absent).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    return np.where(absent, mean, phi)


def _trained(x: NDArray[np.float32], bad: NDArray[np.int8], threads: int) -> Booster:
    import lightgbm as lgb

    return lgb.train({**SETTINGS, "num_threads": threads}, lgb.Dataset(x, bad), TREES)


def _explained(booster: Booster, x: NDArray[np.float32], threads: int) -> Floats:
    return np.asarray(booster.predict(x, pred_contrib=True, num_threads=threads))[:, :-1]
