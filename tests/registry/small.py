"""A small bundle that decides with all policy inputs, and applications for it.

What a registry and a batch need to be tested.
"""

from __future__ import annotations

import json
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd

from creditloom.decision.base.catalogue import Catalogue, Concept, Feature
from creditloom.decision.base.strict_json import canonical, plain
from creditloom.decision.bundle import load_scorer, write_manifest
from creditloom.decision.frames.answer import REFUSED
from creditloom.decision.frames.columns import AMOUNTS, COUNTS, FLAGS, POLICY_INPUTS
from creditloom.decision.rulebook.policy import tiers_only_policy
from creditloom.decision.score.scorer import Reference
from creditloom.decision.score.tiers import Tiers

EDGES = (0.003, 0.005, 0.0075, 0.011, 0.016, 0.024, 0.038, 0.065, 0.12)
OWNERS = {"pay_a_3m": ("payment_flow", "activity"), "pay_b_3m": ("payment_flow", "stability"),
          "soc_c_3m": ("social_graph", "network"), "bur_d_3m": ("bureau", "enquiries")}  # fmt: skip


def catalogue() -> Catalogue:
    """Four features, four concepts, three families."""
    concepts = tuple(
        Concept(concept, family, f"{concept} of behaviour", f"{concept}行为")
        for family, concept in OWNERS.values()
    )
    features = tuple(
        Feature(n, f, c, text_en=f"measure {n}", text_zh=f"指标{n}") for n, (f, c) in OWNERS.items()
    )
    return Catalogue(concepts, features)


def applications(n: int, seed: int = 7) -> pd.DataFrame:
    """Return `n` applications in order of id, as `matrix.parquet` holds them.

    Amounts are int64, some values are null, every consent is given.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, len(OWNERS)))
    x[rng.random(x.shape) < 0.05] = np.nan
    frame = pd.DataFrame(
        {
            "application_id": np.arange(n),
            "as_of": pd.Timestamp("2025-11-03 10:00") + pd.to_timedelta(np.arange(n), unit="h"),
        }
    )
    amounts = {name: rng.integers(0, 2_000_000, n) for name in AMOUNTS}
    counts = {name: rng.integers(18, 60, n).astype("int16") for name in COUNTS}
    flags = {name: np.full(n, name.startswith("consent")) for name in FLAGS}
    return frame.assign(
        purpose="daily", **amounts, **counts, **flags, **dict(zip(OWNERS, x.T, strict=True))
    )


def decided(answers: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of a decision of answers of which none is a refusal."""
    assert answers[list(REFUSED)].isna().all(axis=None)
    return pd.DataFrame(answers.drop(columns=list(REFUSED)))


def write_bundle(
    folder: Path, seed: int = 7, *, is_shuffled: bool = False, level: float = -0.2
) -> Path:
    """A complete bundle: a booster of a few trees, the house's tiers, decisions by tier.

    With `is_shuffled` the labels that it learns are those of other rows. level: of its log-odds.
    """
    folder.mkdir(parents=True)
    frame = applications(600, seed)
    names = list(OWNERS)
    rng = np.random.default_rng(seed)
    margin = 4 - 1.5 * frame["pay_a_3m"].fillna(0) - frame["bur_d_3m"].fillna(0)
    y = rng.random(len(frame)) < 1 / (1 + np.exp(margin.to_numpy(float)))
    if is_shuffled:
        y = rng.permutation(y)
    settings = {
        "objective": "binary",
        "num_leaves": 7,
        "verbosity": -1,
        "num_threads": 1,
        "min_data_in_leaf": 10,
        "deterministic": True,
    }
    booster = lgb.train(settings, lgb.Dataset(frame[names].to_numpy(), y, feature_name=names), 25)
    (folder / "model.txt").write_text(booster.model_to_string())
    (folder / "catalogue.json").write_bytes(canonical(catalogue()))
    (folder / "calibration.json").write_text(json.dumps({"a": 0.9, "b": level}))
    (folder / "tiers.json").write_bytes(canonical(Tiers.from_edges(EDGES)))
    (folder / "policy.json").write_text(
        json.dumps({**tiers_only_policy(), "inputs": list(POLICY_INPUTS)})
    )
    (folder / "reference.json").write_bytes(
        canonical(plain(Reference.of(load_scorer(folder), frame[names].to_numpy()[:100])))
    )
    write_manifest(folder)
    return folder
