"""Judge PDs on loans that are too young for a whole window of performance.

A loan in default is known. A loan that is not is good so far: it counts by its exposure, the share
of the defaults that come by its age. So a PD of twelve months is held against the bads that are to
be expected by now: the PD times the exposure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from creditloom.models.calibration.calibration_tests import in_the_large
from creditloom.models.evaluation.rivals.duels import Luck, verdict
from creditloom.models.evaluation.rivals.paired import Scores, delong, interval, paired_draws
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import auc

# Bads and goods that a paired test needs of each to have a variance.
LEAST_OF_CLASS = 2


@dataclass(frozen=True)
class YoungLoans:
    """Booked loans as they are known on a day; arrays of shape (n,).

    y: 1 in default by then, 0 good so far. exposure: share of the defaults that come by the age of
    the loan, in [0, 1]. weight: 1 / propensity of having been booked, clipped.
    """

    y: Floats
    exposure: Floats
    weight: Floats

    @property
    def bads(self) -> int:
        """Return how many loans are in default."""
        return int(self.y.sum())

    @property
    def told(self) -> Floats:
        """Return how much of a whole outcome each loan tells: 1 of a bad, the exposure of a good.

        A good loan of a few days has told nothing, and must not count against a high PD.
        """
        return np.where(self.y == 1, 1.0, self.exposure)

    @property
    def mean_exposure(self) -> float:
        """Return the share of their defaults that these loans have shown."""
        return float(self.exposure.mean())

    def where(self, mask: Mask) -> YoungLoans:
        """Return the loans of `mask`."""
        return YoungLoans(self.y[mask], self.exposure[mask], self.weight[mask])


@dataclass(frozen=True)
class YoungFigures:
    """What one model's PDs are worth on the judged loans.

    auc: of booked loans, each once. weighted_auc: weighted to the door. observed: bads per loan by
    now, weighted to the door; expected: by the PDs and exposures. p: two-sided, of observed equal
    to expected, with the error of the level as forecast. mean_pd: of twelve months.
    """

    auc: float
    weighted_auc: float
    observed: float
    expected: float
    o_e: float
    p: float
    mean_pd: float


@dataclass(frozen=True)
class PairedFigures:
    """AUC of the new model less that of the other on the same booked loans.

    low, high: 95 % interval over drawn loans. p_delong: two-sided, of equal AUCs. verdict: ahead,
    level or behind, by the interval.
    """

    auc: float
    rival_auc: float
    delta: float
    low: float
    high: float
    p_delong: float
    verdict: str


def require_both_classes(loans: YoungLoans, where: str) -> None:
    """Raise ModelError where two of a class are not there: nothing can be compared."""
    goods = len(loans.y) - loans.bads
    if min(loans.bads, goods) < LEAST_OF_CLASS:
        raise ModelError(
            f"{where}: expected at least {LEAST_OF_CLASS} bads and {LEAST_OF_CLASS} goods that are "
            f"known by then, got {loans.bads} bads and {goods} goods. "
            "Give a later month: the loans are too young to judge a model."
        )


def young_figures(loans: YoungLoans, pd_: Floats, level_sd: float) -> YoungFigures:
    """Return the figures of PDs of twelve months on loans of which both classes are there.

    level_sd: relative standard deviation of the level of the PD, as forecast.
    """
    by_now = pd_ * loans.exposure
    test = in_the_large(loans.y, by_now, level_sd, loans.weight)
    total = float(loans.weight.sum())
    weighted_auc = auc(loans.y, pd_, loans.told * loans.weight)
    mean_pd = float(np.average(pd_, weights=loans.weight))
    return YoungFigures(
        auc=auc(loans.y, pd_, loans.told),
        weighted_auc=weighted_auc,
        observed=test.observed / total,
        expected=test.expected / total,
        o_e=test.observed / test.expected,
        p=test.p_value,
        mean_pd=mean_pd,
    )


def paired_figures(loans: YoungLoans, ours: Floats, theirs: Floats, luck: Luck) -> PairedFigures:
    """Compare two rankings of the same loans; scores rise with risk, and each loan counts once."""
    told = loans.told
    test = delong(loans.y, (ours,), (theirs,), told)
    rankings: dict[str, Scores] = {"ours": (ours,), "theirs": (theirs,)}
    drawn = paired_draws(loans.y, told, rankings, luck.draws, luck.seed)
    low, high = interval(drawn["ours"] - drawn["theirs"])
    return PairedFigures(
        auc=test.auc,
        rival_auc=test.rival_auc,
        delta=test.delta,
        low=low,
        high=high,
        p_delong=test.p_value,
        verdict=verdict(low, high),
    )
