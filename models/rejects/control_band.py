"""A control band made smaller: what a lender would have seen had it booked fewer at random."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from creditloom.models.rejects.known_applicants import RefusedApplicants
from creditloom.models.sample.arrays import Mask
from creditloom.models.sample.dataset import Dataset, stacked
from creditloom.models.sample.errors import ModelError

# Decimals to which a share of the band is the same share: it is 1 / weight, a rounded number.
SHARE_DECIMALS = 9


@dataclass(frozen=True)
class BookedSample:
    """Labelled loans, and the applicants who have none."""

    loans: Dataset
    applicants: RefusedApplicants

    @property
    def is_control(self) -> Mask:
        """Return which of the loans the control band booked."""
        return np.isin(self.loans.application_id, self.applicants.control_ids)

    @property
    def band_share(self) -> float:
        """Return the share of the refused that were booked at random.

        Nobody is booked with a smaller chance, and who is surely refused with exactly this one.
        """
        return round(float(1.0 / self.loans.weight.max()), SHARE_DECIMALS)


def thinned(sample: BookedSample, share: float, seed: int) -> BookedSample:
    """Return the sample as a control band of `share` would have left it.

    Loans of the band are dropped at random, and their applicants join the refused without a label.
    The propensity a + (1 - a) b of who stays, with b the share of the band, becomes the one with
    `share` in its place. Raise ModelError where the band is smaller than `share`.
    """
    band = sample.band_share
    if share > band:
        raise ModelError(
            f"control band: {share:g} asked, but the incumbent booked {band:g} of the refused "
            f"at random; expected at most {band:g}. Name a smaller share."
        )
    rng = np.random.default_rng(seed)
    is_dropped = sample.is_control & (rng.random(len(sample.loans.label)) >= share / band)
    loans = sample.loans.where(~is_dropped)
    # The chance of the scorecard and of a person; a rounding error may bring it below 0.
    approval = np.maximum(0.0, (1.0 / loans.weight - band) / (1.0 - band))
    propensity = approval + (1.0 - approval) * share
    dropped = sample.loans.where(is_dropped)
    unknown = np.full(len(dropped.label), np.nan)
    dropped = replace(dropped, label=unknown, outcome=unknown, weight=np.zeros(len(unknown)))
    refused = stacked([sample.applicants.rows, dropped])
    return BookedSample(
        loans=replace(loans, weight=1.0 / propensity),
        applicants=RefusedApplicants(refused, sample.applicants.control_ids),
    )
