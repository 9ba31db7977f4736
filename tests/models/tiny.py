"""A booster of a few trees with its catalogue and calibration: enough to explain."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np

from creditloom.decision.base.catalogue import Catalogue, Concept, Feature
from creditloom.decision.score.scorer import Calibration, Scorer
from creditloom.decision.score.tree_model import Margin

OWNERS = (("pay_a_3m", "payment_flow", "activity"), ("pay_b_3m", "payment_flow", "activity"),
          ("pay_c_3m", "payment_flow", "stability"), ("bur_d_3m", "bureau", "enquiries"),
          ("dev_e_3m", "device_stability", "constancy"))  # fmt: skip


def catalogue() -> Catalogue:
    """Five features, four concepts, three families, with texts in both languages."""
    concepts = {c: Concept(c, f, f"{c} of behaviour", f"{c}行为") for _, f, c in OWNERS}
    features = tuple(
        Feature(
            n, f, c, text_en=f"measure {n} over the last three months", text_zh=f"近三个月指标{n}"
        )
        for n, f, c in OWNERS
    )
    return Catalogue(tuple(concepts.values()), features)


def world(n: int = 400) -> tuple[str, Scorer, np.ndarray]:
    """(model text, scorer, matrix with nulls); risk rises with the first and fourth feature."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(n, len(OWNERS)))
    y = rng.random(n) < 1 / (1 + np.exp(2 - 1.2 * x[:, 0] - 0.8 * x[:, 3]))
    x[rng.random(x.shape) < 0.05] = np.nan
    names = list(catalogue().names)
    settings = {
        "objective": "binary",
        "num_leaves": 7,
        "verbosity": -1,
        "num_threads": 1,
        "min_data_in_leaf": 10,
        "deterministic": True,
    }
    text = lgb.train(settings, lgb.Dataset(x, y, feature_name=names), 25).model_to_string()
    scorer = Scorer(
        catalogue(), Margin(text, catalogue().names, threads=1), Calibration(a=0.9, b=-0.2)
    )
    return text, scorer, x
