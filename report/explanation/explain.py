"""Explains a sample of applications with the shap library, in score points.

The points are per feature and can be summed per concept or family. The shap library computes them
with its own TreeSHAP. The decision runtime has another implementation, and `largest_difference`
says how far the two differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    """How much is explained and drawn.

    `rows`: out-of-time applications in the sample; `features_shown`: features per picture;
    `dependences`: number of pictures that show one feature each; `examples`: number of decisions
    drawn as pictures; `applicants`: decisions that the page can be searched for (0 = none);
    `recourses`: declines among them whose letter says what would have changed the decision;
    `dpi`: dots per inch of a picture.
    """

    rows: int = 2000
    seed: int = 1
    features_shown: int = 14
    dependences: int = 4
    examples: int = 4
    applicants: int = 200
    recourses: int = 20
    dpi: int = 110


@dataclass(frozen=True)
class SamplePoints:
    """Points of a sample: base + points summed over features = score_raw of each row.

    `points`: float64, rows x features in model order; `data`: the feature values (NaN = null);
    `largest_difference`: the largest absolute difference, in points, between the library's points
    and the runtime's.
    """

    base: float
    points: Floats
    data: Floats
    catalogue: Catalogue
    largest_difference: float

    def grouped(self, by: str) -> tuple[tuple[str, ...], Floats]:
        """Return (ids, points summed per id) for `by` = concept or family, in catalogue order."""
        owners = [getattr(feature, by) for feature in self.catalogue.features]
        ids = tuple(dict.fromkeys(owners))
        return ids, by_family(self.points, owners, ids)


def sample(n: int, rows: int, seed: int) -> NDArray[np.int64]:
    """Return sorted positions of at most `rows` of `n` rows, drawn without replacement.

    The same seed gives the same rows. Raises ModelError for no rows.
    """
    if n == 0:
        raise ModelError(
            "Nothing to explain: expected out-of-time applications, got none. "
            "Check the months of `split`."
        )
    return np.sort(np.random.default_rng(seed).permutation(n)[:rows])


def explain(model_text: str, scorer: Scorer, x: Floats) -> SamplePoints:
    """Return points of every feature for the rows of `x`: -factor a phi (design 5, F17).

    phi are the values of shap.TreeExplainer.
    """
    import lightgbm as lgb
    import shap

    explainer = shap.TreeExplainer(lgb.Booster(model_str=model_text))
    # With "internal" shap uses its own TreeSHAP. Without it shap would call LightGBM, and the
    # comparison would not be independent. `trees` is None for a model with categorical splits,
    # where shap can only call LightGBM.
    if explainer.model.trees is not None:
        explainer.model.model_type = "internal"
    phi = np.asarray(explainer.shap_values(x), float)
    points = -scorer.calibration.factor * scorer.calibration.a * phi
    difference = float(np.abs(points - scorer.points(x)).max())
    return SamplePoints(scorer.base_points, points, x, scorer.catalogue, difference)


def concepts(explained: SamplePoints) -> pd.DataFrame:
    """Return one row per concept, the largest mean absolute points first.

    Columns: concept, family, text_en, text_zh, mean_abs_points.
    """
    ids, points = explained.grouped("concept")
    declared = {concept.id: concept for concept in explained.catalogue.concepts}
    rows = [(i, declared[i].family, declared[i].text_en, declared[i].text_zh) for i in ids]
    frame = pd.DataFrame(rows, columns=["concept", "family", "text_en", "text_zh"])
    frame["mean_abs_points"] = np.abs(points).mean(axis=0)
    # Concepts with equal points are sorted by id.
    order = ["mean_abs_points", "concept"]
    return frame.sort_values(order, ascending=[False, True], ignore_index=True)


def families(explained: SamplePoints) -> pd.DataFrame:
    """Return family, mean_abs_points and share: one row per family.

    The share is Cov(Phi_f, F) / Var(F) on the sample. It is null when all scores are equal.
    """
    ids, points = explained.grouped("family")
    has_spread = np.ptp(points.sum(axis=1)) > 0
    share = covariance_shares(points) if has_spread else np.full(len(ids), np.nan)
    mean = np.abs(points).mean(axis=0)
    return pd.DataFrame({"family": ids, "mean_abs_points": mean, "share": share})


def strongest_features(explained: SamplePoints, n: int) -> Sequence[int]:
    """Return the positions of the `n` features with most mean absolute points, strongest first."""
    # Stable: features of equal points stay in model order.
    order = np.argsort(-np.abs(explained.points).mean(axis=0), kind="stable")
    return order[:n].tolist()
