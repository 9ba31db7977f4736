"""Compare two rankings of the same applicants: paired bootstrap and DeLong's test.

Both rankings meet the same people, so most of the luck of the labels is common to both and drops
out of the difference. In all functions `y` is 1 bad and 0 good, or the true PD; `weight` is one per
row; a score rises with risk. A ranking is one or more scores of equal standing (one per training
seed): its AUC is the mean of theirs. All arrays are of shape (n,).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.errors import ModelError

Scores = tuple[Floats, ...]

# The intervals hold 95 %: 2.5 % of the draws lie outside at each end.
INTERVAL = (0.025, 0.975)


class Placements(NamedTuple):
    """How each row lies among the rows of the other class, in [0, 1]; ties count half.

    auc: the AUC. of_bad: share of goods below each bad. of_good: share of bads above each good.
    """

    auc: float
    of_bad: Floats
    of_good: Floats


class DeLong(NamedTuple):
    """DeLong's test of two AUCs on the same rows: the difference, its standard error, two-sided p.

    p is 1 where the rankings do not differ at all.
    """

    auc: float
    rival_auc: float
    delta: float
    se: float
    p_value: float


@dataclass(frozen=True)
class SortedScore:
    """A score that is sorted once, so that its AUC on any weights is a few sums.

    order: rows by score, ascending. starts: positions in `order` where a new score begins.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]

    @classmethod
    def of(cls, score: Floats) -> SortedScore:
        """Sort a score. Raise ModelError for nulls."""
        if not len(score) or np.isnan(score).any():
            raise ModelError(
                f"A ranking got {int(np.isnan(score).sum())} nulls among {len(score)} scores; "
                "expected a score of every row. Leave out rows without one."
            )
        # A stable sort: the sums below are then added in one order on every machine.
        order = np.argsort(score, kind="stable")
        ranked = score[order]
        return cls(order, np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]))

    def sums(self, weight: Floats) -> Floats:
        """Return the sum of the weights per distinct score, ascending."""
        return np.asarray(np.add.reduceat(weight[self.order], self.starts))

    def auc(self, bad: Floats, good: Floats) -> float:
        """Return P(bad above good); ties count half. bad, good: weights of each row as such.

        NaN where one class has no weight, as a draw of very few bads may have.
        """
        bads = self.sums(bad)
        goods = self.sums(good)
        pairs = bads.sum() * goods.sum()
        if not pairs > 0:
            return float("nan")
        return float(bads @ (np.cumsum(goods) - goods / 2) / pairs)


def placements(y: Floats, score: Floats, weight: Floats) -> Placements:
    """Return AUC and placements by midranks: exact, with ties, in the time of one sort.

    >>> y, ones = np.array([0.0, 0.0, 1.0]), np.ones(3)
    >>> placements(y, np.array([0.1, 0.5, 0.5]), ones).auc
    0.75
    """
    ranked = SortedScore.of(score)
    goods = ranked.sums(weight * (1 - y))
    bads = ranked.sums(weight * y)
    group = np.empty(len(y), np.intp)
    sizes = np.diff(np.r_[ranked.starts, len(y)])
    group[ranked.order] = np.repeat(np.arange(len(ranked.starts)), sizes)
    below = (np.cumsum(goods) - goods / 2) / goods.sum()
    above = 1 - (np.cumsum(bads) - bads / 2) / bads.sum()
    is_bad = y == 1
    auc = float(bads @ below / bads.sum())
    return Placements(auc, below[group[is_bad]], above[group[~is_bad]])


def delong(y: Floats, model: Scores, rival: Scores, weight: Floats) -> DeLong:
    """Return DeLong's test of the AUC of `model` less that of `rival`; y holds 0 and 1 only.

    With weights it is the test of the weighted AUCs. Raise ModelError without two of each class.
    """
    from scipy.stats import norm

    is_bad = y == 1
    if min(is_bad.sum(), (~is_bad).sum()) < 2:
        raise ModelError(
            f"DeLong's test needs two bads and two goods; got {int(is_bad.sum())} bads "
            f"among {len(y)} rows. Use more rows or months."
        )
    ours = [placements(y, score, weight) for score in model]
    theirs = [placements(y, score, weight) for score in rival]
    auc = float(np.mean([one.auc for one in ours]))
    rival_auc = float(np.mean([one.auc for one in theirs]))
    delta = auc - rival_auc
    bad = _mean([one.of_bad for one in ours]) - _mean([one.of_bad for one in theirs])
    good = _mean([one.of_good for one in ours]) - _mean([one.of_good for one in theirs])
    variance = _variance(bad, weight[is_bad]) + _variance(good, weight[~is_bad])
    se = float(np.sqrt(variance))
    # Equal rankings have no variance, and nothing says that they differ.
    p_value = float(2 * norm.sf(abs(delta) / se)) if se > 0 else 1.0
    return DeLong(auc, rival_auc, delta, se, p_value)


def _mean(parts: Sequence[Floats]) -> Floats:
    return np.mean(np.stack(parts), axis=0)


def _variance(values: Floats, weight: Floats) -> float:
    """Return the variance of the weighted mean of the values."""
    share = weight / weight.sum()
    centred = values - share @ values
    n = len(values)
    return float(share**2 @ centred**2 * n / (n - 1))


def paired_draws(
    y: Floats, weight: Floats, rankings: Mapping[str, Scores], draws: int, seed: int
) -> dict[str, Floats]:
    """Return per ranking its AUC in each draw of applicants, shape (draws,).

    Applicants are drawn with replacement; one draw serves all rankings, so that differences are
    paired. NaN for a draw without bads or goods.
    """
    ranked = {
        name: [SortedScore.of(score) for score in scores] for name, scores in rankings.items()
    }
    out = {name: np.empty(draws) for name in ranked}
    rng = np.random.default_rng(seed)
    n = len(y)
    for k in range(draws):
        counts = weight * np.bincount(rng.integers(0, n, n), minlength=n)
        bad = counts * y
        good = counts - bad
        for name, scores in ranked.items():
            out[name][k] = np.mean([score.auc(bad, good) for score in scores])
    return out


def interval(values: Floats) -> tuple[float, float]:
    """Return the 95 % interval of the draws, leaving out draws that are NaN."""
    low, high = np.nanquantile(values, INTERVAL)
    return float(low), float(high)
