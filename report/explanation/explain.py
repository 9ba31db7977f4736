"""Global explanation by the shap library, in score points: what moves scores, by feature, concept and family.

The library works by its own TreeSHAP, not by the booster's, which the decision runtime asks; `largest_difference` holds the two
against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import by_family, covariance_shares

if TYPE_CHECKING:
    from creditloom.decision.base.catalogue import Catalogue
    from creditloom.decision.score.scorer import Scorer

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ExplainParams:
    """How much is explained and drawn: rows of out-of-time applications, features per picture, dependence pictures, example decisions."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    rows: int = 2000
    seed: int = 1
    features_shown: int = 14
    dependences: int = 4
    examples: int = 4
    dpi: int = 110


@dataclass(frozen=True)
class Explained:
    """Points of a sample: base + points summed over features = score_raw of each row.

    points: float64, rows x features in model order; data: the feature values (NaN = null); `largest_difference` is the largest absolute
    difference, in points, between the library's points and the runtime's.
    """

    base: float
    points: Floats
    data: Floats
    catalogue: Catalogue
    largest_difference: float

    def grouped(self, by: str) -> tuple[tuple[str, ...], Floats]:
        """(ids, points summed per id) for `by` = concept or family, in catalogue order."""
        owners = [getattr(feature, by) for feature in self.catalogue.features]
        ids = tuple(dict.fromkeys(owners))
        return ids, by_family(self.points, owners, ids)


def sample(n: int, rows: int, seed: int) -> NDArray[np.int64]:
    """Sorted positions of at most `rows` of `n` rows, without replacement, the same for the same seed."""
    if n == 0:
        raise ModelError(
            "Nothing to explain: expected out-of-time applications, got none. Check the months of `split`."
        )
    return np.sort(np.random.default_rng(seed).permutation(n)[:rows])


def explain(model_text: str, scorer: Scorer, x: Floats) -> Explained:
    """Points of every feature for the rows of `x` by shap.TreeExplainer: -factor a phi, as in design 5 and F17."""
    import lightgbm as lgb
    import shap

    explainer = shap.TreeExplainer(lgb.Booster(model_str=model_text))
    if (
        explainer.model.trees is not None
    ):  # None: categorical splits, which the library itself can only ask the booster for
        explainer.model.model_type = "internal"  # else it would ask the booster always, and agree with the runtime by construction
    phi = np.asarray(explainer.shap_values(x), float)
    points = -scorer.calibration.factor * scorer.calibration.a * phi
    difference = float(np.abs(points - scorer.points(x)).max())
    return Explained(scorer.base_points, points, x, scorer.catalogue, difference)


def concepts(explained: Explained) -> pd.DataFrame:
    """One row per concept, most points first: concept, family, text_en, text_zh, mean_abs_points."""
    ids, points = explained.grouped("concept")
    declared = {concept.id: concept for concept in explained.catalogue.concepts}
    rows = [(i, declared[i].family, declared[i].text_en, declared[i].text_zh) for i in ids]
    frame = pd.DataFrame(rows, columns=["concept", "family", "text_en", "text_zh"])
    frame["mean_abs_points"] = np.abs(points).mean(axis=0)
    return frame.sort_values(
        ["mean_abs_points", "concept"], ascending=[False, True], ignore_index=True
    )


def families(explained: Explained) -> pd.DataFrame:
    """One row per family: mean_abs_points and the covariance share Cov(Phi_f, F) / Var(F) on the sample (null when nothing varies)."""
    ids, points = explained.grouped("family")
    share = (
        covariance_shares(points) if np.ptp(points.sum(axis=1)) > 0 else np.full(len(ids), np.nan)
    )
    return pd.DataFrame(
        {"family": ids, "mean_abs_points": np.abs(points).mean(axis=0), "share": share}
    )


def strongest(explained: Explained, n: int) -> Sequence[int]:
    """Positions of the `n` features with most mean absolute points, strongest first."""
    return np.argsort(-np.abs(explained.points).mean(axis=0), kind="stable")[:n].tolist()
