"""Drift of the population: PSI of a batch's scores against the training applicants (R12, domain 6).

The shares of the training applicants are frozen in the bundle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.stability import psi
from ..bundle import Bundle

SCORE = "score_raw"


@dataclass(frozen=True)
class Drift:
    """PSI by name, and the level `stop` above which nothing of the batch may be decided."""

    psi: dict[str, float]
    stop: float

    @property
    def worst(self) -> str:
        """The name with the largest PSI; empty where the bundle holds no reference shares."""
        return max(self.psi, key=lambda name: self.psi[name], default="")

    @property
    def psi_worst(self) -> float:
        """The largest PSI; 0 where there is none."""
        return self.psi.get(self.worst, 0.0)

    @property
    def is_breach(self) -> bool:
        """R12: the batch comes from another population than the training applicants.

        A person must look before anything is decided.
        """
        return self.psi_worst > self.stop


def check(bundle: Bundle, x: np.ndarray) -> Drift:
    """Compare the scores of `x` with the bundle's reference.

    `x` is rows x features in model order; a sample of a few thousand rows is enough.
    """
    reference = bundle.reference
    if not reference.score_shares or not len(x):
        return Drift({}, reference.psi_stop)
    scores = bundle.scorer.calibration.score_raw(bundle.scorer.margin.raw(x))
    score_psi = psi(reference.score_shares, shares(scores, reference.score_edges))
    return Drift({SCORE: score_psi}, reference.psi_stop)


def shares(scores: np.ndarray, edges: tuple[float, ...]) -> np.ndarray:
    """Return the share of the scores in each bin between the inner `edges`.

    >>> shares(np.array([400.0, 500.0, 650.0, 700.0]), (500.0, 600.0)).tolist()
    [0.25, 0.25, 0.5]
    """
    bins = np.searchsorted(edges, scores, side="right")
    return np.bincount(bins, minlength=len(edges) + 1) / len(scores)
