"""The teacher: a booster on labelled loans that says what refused applicants would have done.

Loans are scored by a teacher that has not seen them. The factor compares the control band with what
the teacher says of it: it tells how much riskier the refused are than their score.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from creditloom.models.learners.booster import BoosterParams, boost
from creditloom.models.rejects.known_applicants import KnownApplicants, weighted
from creditloom.models.rejects.reject_params import FactorParams, RejectParams
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.dataset import Dataset

# Log-odds within which a shift of the level is looked for. Beyond it a PD is 0 or 1.
WIDEST_SHIFT = 20.0


@dataclass(frozen=True)
class Teaching:
    """What the teacher says.

    loans: log-odds of the loans, each by a teacher that has not seen it; at the level of the loans
    that the incumbent approved. refused: log-odds of the refused at the same level, factor not
    applied. log_factor: logarithm of the factor.
    """

    loans: Floats
    refused: Floats
    log_factor: float

    @property
    def factor(self) -> float:
        """Return the factor: odds of the refused over those of approved loans of their score."""
        return float(np.exp(self.log_factor))

    @property
    def refused_pd(self) -> Floats:
        """Return the PD of each refused applicant, factor applied."""
        return np.asarray(expit(self.refused + self.log_factor))


@dataclass(frozen=True)
class Teacher:
    """Settings of the booster, and of what is done with it."""

    booster: BoosterParams
    params: RejectParams

    def teach(self, known: KnownApplicants) -> Teaching:
        """Return what a teacher says of loans and refused applicants."""
        loans = unweighted(known.loans)
        fold = np.arange(len(loans.label)) % self.params.folds
        of_loans = np.empty(len(loans.label))
        of_refused = np.zeros(len(known.refused.label))
        for k in range(self.params.folds):
            is_held_out = fold == k
            rest = loans.where(~is_held_out)
            features = np.concatenate([loans.features[is_held_out], known.refused.features])
            margin = self.margin(rest, known.signs, features)
            of_loans[is_held_out] = margin[: is_held_out.sum()]
            # The refused are seen by no teacher: the mean of all is steadier than one.
            of_refused += margin[is_held_out.sum() :] / self.params.folds
        is_approved = ~known.is_control
        level = shift(of_loans[is_approved], loans.label[is_approved])
        of_loans += level
        factor = log_factor(of_loans, loans.label, known.is_control, self.params.factor)
        return Teaching(of_loans, of_refused + level, factor)

    def margin(self, loans: Dataset, signs: tuple[int, ...], features: Floats) -> Floats:
        """Return the log-odds of rows with these features, by a booster on the loans."""
        # LightGBM refuses some names of a user's columns.
        plain = replace(loans, names=tuple(f"f{k}" for k in range(len(loans.names))))
        booster = boost(plain, signs, self.booster, self.params.trees)
        return np.asarray(booster.predict(features, raw_score=True, num_threads=1))


def unweighted(loans: Dataset) -> Dataset:
    """Return the loans, each counted once."""
    return weighted(loans, loans.label, np.ones(len(loans.label)))


def shift(margin: Floats, label: Floats) -> float:
    """Return what is added to the margins so that the mean PD is the bad rate.

    >>> round(shift(np.zeros(4), np.array([1.0, 0.0, 0.0, 0.0])), 6)
    -1.098612
    """
    if not 0 < label.sum() < len(label):
        return 0.0

    def missing_bads(by: float) -> float:
        return float(np.sum(label - expit(margin + by)))

    return float(brentq(missing_bads, -WIDEST_SHIFT, WIDEST_SHIFT))


def log_factor(margin: Floats, label: Floats, is_control: Mask, params: FactorParams) -> float:
    """Return the logarithm of the factor; that of `fixed` where there is no control band.

    margin: of loans, at the level of those approved. Few bads of the control band move it little:
    it is the most likely value under a normal distribution around log(fixed) with `sd`.

    >>> from creditloom.models.rejects.reject_params import FactorParams
    >>> log_factor(np.zeros(2), np.array([1.0, 0.0]), np.array([False, False]), FactorParams())
    0.0
    """
    start = float(np.log(params.fixed))
    if params.source == "fixed" or not is_control.any():
        return start
    of_control = margin[is_control]
    bads = label[is_control]

    def slope(by: float) -> float:
        return float(np.sum(bads - expit(of_control + by)) - (by - start) / params.sd**2)

    return float(brentq(slope, start - WIDEST_SHIFT, start + WIDEST_SHIFT))
