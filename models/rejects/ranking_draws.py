"""Ginis of scores and the intervals of their differences, by drawing the applicants again.

All scores are judged on the same draws, so that a difference is paired. The models stay: an
interval tells the luck of who is judged, and the mean over training seeds some of the training's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from creditloom.models.evaluation.rivals.paired import (
    Scores,
    SortedScore,
    interval,
    paired_draws,
)
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.errors import ModelError


@dataclass(frozen=True)
class JudgedApplicants:
    """Who judges: outcome or true PD, and weight, one per applicant; rows: their places."""

    rows: NDArray[np.intp]
    y: Floats
    weight: Floats

    @property
    def bads(self) -> float:
        """Return the sum of the outcomes, not weighted."""
        return float(self.y.sum())


@dataclass(frozen=True)
class GiniDifference:
    """A Gini, and how far it lies above that of the reference, with its 95 % interval.

    difference, low, high: null for the reference itself.
    """

    gini: float
    difference: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def is_above(self) -> bool:
        """Return whether the whole interval of the difference lies above 0."""
        return self.low is not None and self.low > 0.0


def differences(
    judged: JudgedApplicants, scores: dict[str, Floats], draws: int, seed: int
) -> dict[str, GiniDifference]:
    """Return the Gini of each name against the first one, which is the reference.

    scores: shape (training seeds, n) by name, of all rows; a Gini is the mean over the seeds.
    Raise ModelError where the judges hold no bads or no goods.
    """
    if not 0.0 < judged.bads < len(judged.y):
        raise ModelError(
            f"reject inference: {len(judged.y)} judging applicants with {judged.bads:g} bads; "
            "expected bads and goods. Judge on more applicants."
        )
    own = {
        name: tuple(score[judged.rows] for score in of_seeds) for name, of_seeds in scores.items()
    }
    value = {name: _gini(judged, of_seeds) for name, of_seeds in own.items()}
    aucs = paired_draws(judged.y, judged.weight, own, draws, seed)
    reference, *others = own
    out = {reference: GiniDifference(value[reference])}
    for name in others:
        # A Gini is twice the AUC less 1.
        low, high = interval(2.0 * (aucs[name] - aucs[reference]))
        out[name] = GiniDifference(value[name], value[name] - value[reference], low, high)
    return out


def _gini(judged: JudgedApplicants, of_seeds: Scores) -> float:
    bad = judged.weight * judged.y
    good = judged.weight - bad
    return float(np.mean([2.0 * SortedScore.of(one).auc(bad, good) - 1.0 for one in of_seeds]))
