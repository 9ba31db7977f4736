"""Ginis of scores and the intervals of their differences, by drawing the applicants again.

All scores are judged on the same draws, so that a difference is paired. The models stay: an
interval tells the luck of who is judged, and the mean over training seeds some of the training's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.errors import ModelError

# The interval leaves out so much at each end: it is one of 95 %.
TAIL = 0.025


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

    def draws(self, draws: int, seed: int) -> Iterator[Floats]:
        """Yield the weights of the applicants in each draw."""
        rng = np.random.default_rng(seed)
        n = len(self.rows)
        for _ in range(draws):
            yield self.weight * np.bincount(rng.integers(0, n, n), minlength=n)


@dataclass(frozen=True)
class SortedScores:
    """Scores in ascending order, so that the Gini of each draw needs no sort.

    order: of the applicants. starts: the first place of each distinct score. y: in that order.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    y: Floats

    @classmethod
    def of(cls, judged: JudgedApplicants, score: Floats) -> SortedScores:
        """Return the scores of all rows, in the order of those that judge."""
        own = score[judged.rows]
        # Equal scores keep the order of the rows; they share one rank whatever their order.
        order = np.argsort(own, kind="stable")
        starts = np.flatnonzero(np.diff(own[order], prepend=-np.inf))
        return cls(order, starts, judged.y[order])

    def gini(self, weight: Floats) -> float:
        """Return the Gini with these weights; NaN without bads or goods."""
        w = weight[self.order]
        bad = np.add.reduceat(w * self.y, self.starts)
        good = np.add.reduceat(w * (1.0 - self.y), self.starts)
        pairs = bad.sum() * good.sum()
        if not pairs > 0:
            return float("nan")
        below = np.cumsum(good) - good / 2
        return float(2.0 * (bad @ below) / pairs - 1.0)


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
    ordered = {
        name: [SortedScores.of(judged, score) for score in of_seeds]
        for name, of_seeds in scores.items()
    }
    value = {name: _mean(seeds, judged.weight) for name, seeds in ordered.items()}
    drawn = np.array(
        [
            [_mean(seeds, weight) for seeds in ordered.values()]
            for weight in judged.draws(draws, seed)
        ]
    )
    reference, *others = scores
    out = {reference: GiniDifference(value[reference])}
    for k, name in enumerate(others, start=1):
        low, high = np.nanquantile(drawn[:, k] - drawn[:, 0], [TAIL, 1.0 - TAIL])
        difference = value[name] - value[reference]
        out[name] = GiniDifference(value[name], difference, float(low), float(high))
    return out


def _mean(seeds: list[SortedScores], weight: Floats) -> float:
    return float(np.mean([scores.gini(weight) for scores in seeds]))
