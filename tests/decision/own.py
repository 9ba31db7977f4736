"""A small bundle of a user's own table: no product, categories with codes, a special code.

Its catalogue is of version 2: training had no null of `use` and `home`, some of `tenure`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from creditloom.decision.base.catalogue import Catalogue, Concept, Feature
from creditloom.decision.base.layout import Layout, LayoutColumn
from creditloom.decision.base.strict_json import canonical
from creditloom.decision.bundle import load_scorer, write_manifest
from creditloom.decision.decide import Decider
from creditloom.decision.rulebook.policy import BeyondPolicy, Policy, tiers_only_policy
from creditloom.decision.score.tiers import Tiers
from creditloom.models.policy.bundle_policy import reference
from tests.decision.small import EDGES

HOMES = ("own", "rent", "lodger")
CODES = (-0.8, 0.1, 0.9)
AVERAGE = 0.2
REFER = BeyondPolicy("refer", 0.05)
# table: the features of the model, in its order
FEATURES = (
    Feature("use", "own", "use", unit="share", text_en="share of limit used", text_zh="额度使用率",
            direction=1, null_share=0.0, typical=0.6),
    Feature("home", "own", "home", text_en="home", text_zh="住房", categories=HOMES, codes=CODES,
            unseen=0.5, null_share=0.0, typical=AVERAGE),
    Feature("tenure", "own", "tenure", unit="months", text_en="months as a customer",
            text_zh="客户月数", special_codes=(-9.0,), null_share=0.1),
    Feature("tenure=-9", "own", "tenure", column="tenure", code=-9.0, text_en="customer record",
            text_zh="客户记录"),
)  # fmt: skip
COLUMNS = {
    "loan": "string",
    "day": "timestamp[us]",
    "use": "double",
    "home": "string",
    "tenure": "int64",
    "bad": "int64",
}
LAYOUT = Layout(
    id="loan",
    time="day",
    label="bad",
    columns=tuple(LayoutColumn(name, kind) for name, kind in COLUMNS.items()),
)


def table(rows: int = 200, seed: int = 5) -> pd.DataFrame:
    """Rows of the user's own table, label and day included; nothing beyond training."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"loan": [f"L{k:05d}" for k in range(rows)]})
    frame["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows) % 600, "D")
    frame["use"] = rng.uniform(0.2, 1.0, rows)
    frame["home"] = rng.choice(HOMES, rows)
    frame["tenure"] = np.where(rng.random(rows) < 0.1, -9.0, rng.integers(1, 240, rows))
    frame["bad"] = (rng.random(rows) < 0.2).astype(int)
    return frame


def matrix(frame: pd.DataFrame, features: Sequence[Feature] = FEATURES) -> np.ndarray:
    """What the model reads of the table, the plain way: one cell after the other."""
    told = [(one.read_column, one.code) for one in features if one.code is not None]
    rows = (row for _, row in frame.iterrows())
    read = [[cell(one, row[one.read_column], told) for one in features] for row in rows]
    return np.array(read)


def cell(feature: Feature, value: Any, told: Sequence[tuple[str, float]] = ()) -> float:
    """The number that the model reads of one value: the slow and obvious way.

    told: the codes that have an indicator, by column. Such a code is a null that the model knows.
    """
    is_null = pd.isna(value) or value in feature.special_codes
    if feature.code is not None:
        return float(value == feature.code)
    if (feature.read_column, value) in told:
        return float("nan")
    if is_null:
        return feature.typical if feature.null_share == 0 else float("nan")
    if not feature.categories:
        return float(value)
    if value not in feature.categories:
        return float("nan") if feature.unseen is None else feature.unseen
    place = feature.categories.index(value)
    return feature.codes[place] if feature.codes else float(place)


def booster_text(x: np.ndarray, names: Sequence[str], seed: int = 1) -> str:
    """A booster on these columns, riskier with each of them."""
    rng = np.random.default_rng(seed)
    z = np.nan_to_num(x) @ np.r_[3.0, 1.5, [0.0] * (x.shape[1] - 2)] - 2.5
    y = rng.random(len(x)) < 1 / (1 + np.exp(-z))
    params = {
        "objective": "binary",
        "num_leaves": 8,
        "min_data_in_leaf": 10,
        "learning_rate": 0.2,
        "verbosity": -1,
        "num_threads": 1,
        "seed": 1,
    }
    data = lgb.Dataset(x, y, feature_name=list(names))
    return str(lgb.train(params, data, num_boost_round=25).model_to_string())


def write_bundle(
    folder: Path,
    beyond: BeyondPolicy | None = REFER,
    features: Sequence[Feature] = FEATURES,
    *,
    x: np.ndarray | None = None,
    layout: Layout | None = None,
) -> Path:
    """Write a bundle of these features; `x` is what it is trained on (the table's, by default)."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = matrix(table(1500, seed=2), features) if x is None else x
    book = tiers_only_policy(beyond_training=beyond)
    names = [feature.name for feature in features]
    concepts = dict.fromkeys(feature.concept for feature in features)
    catalogue = Catalogue(tuple(Concept(c, "own", c, c) for c in concepts), tuple(features))
    tiers = Tiers.from_edges(tuple(5 * edge for edge in EDGES))
    (folder / "model.txt").write_text(booster_text(rows, names))
    line = {"a": 1.0, "b": 0.0, "pd_decimals": 12}
    for name, content in (
        ("catalogue", catalogue),
        ("calibration", line),
        ("tiers", tiers),
        ("policy", book),
        *((("layout", layout),) if layout else ()),
    ):
        (folder / f"{name}.json").write_bytes(canonical(content))
    policy = Policy.from_json(json.dumps(book))
    scorer = load_scorer(folder, 1)
    compared = reference(scorer, tiers, policy, [rows], 1000)
    (folder / "reference.json").write_bytes(canonical(compared))
    write_manifest(folder)
    return folder


def decider(folder: Path, *args: Any, **named: Any) -> Decider:
    """The decider of a bundle written here."""
    return Decider.load(write_bundle(folder, *args, **named), 1)


def renamed(frame: pd.DataFrame) -> pd.DataFrame:
    """The table under the house's name of the id."""
    return frame.rename(columns={"loan": "application_id"})
