"""Has the population moved: PSI of a batch's scores against the training applicants frozen in the bundle (R12, domain 6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.stability import psi
from ..bundle import Bundle

SCORE = "score_raw"


@dataclass(frozen=True)
class Drift:
    """PSI by name, the worst of them, and the level above which nothing of the batch may be decided."""

    psi: dict[str, float]
    stop: float

    @property
    def worst(self) -> str:
        """The name with the largest PSI; empty where the bundle holds no reference to compare with."""
        return max(self.psi, key=lambda name: self.psi[name], default="")

    @property
    def psi_worst(self) -> float:
        """The largest PSI; 0 where there is none."""
        return self.psi.get(self.worst, 0.0)

    @property
    def is_breach(self) -> bool:
        """R12: the batch comes from another population than the model; a person must look before anything is decided."""
        return self.psi_worst > self.stop


def check(bundle: Bundle, x: np.ndarray) -> Drift:
    """Compare the scores of `x` (rows x features in model order; a sample of a few thousand rows will do) with the bundle's reference."""
    reference = bundle.reference
    if not reference.score_shares or not len(x):
        return Drift({}, reference.psi_stop)
    scores = bundle.scorer.calibration.score_raw(bundle.scorer.margin.raw(x))
    return Drift(
        {SCORE: psi(reference.score_shares, shares(scores, reference.score_edges))},
        reference.psi_stop,
    )


def shares(scores: np.ndarray, edges: tuple[float, ...]) -> np.ndarray:
    """Share of the scores in each bin between the inner `edges`."""
    return np.bincount(
        np.searchsorted(edges, scores, side="right"), minlength=len(edges) + 1
    ) / len(scores)
